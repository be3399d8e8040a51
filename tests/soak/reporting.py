"""Lines of the soak's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was counted; `wrong` if it must not be."""

    name: str
    value: str
    about: str = ""
    wrong: bool = False

    def __str__(self) -> str:
        about = f"WRONG: {self.about or 'this must be 0'}" if self.wrong else self.about
        return f"{self.name:<58}{self.value:>20}   {about}".rstrip()


def must_be_zero(name: str, count: int) -> Row:
    return Row(name, f"{count:,}", wrong=count > 0)

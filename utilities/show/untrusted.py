"""Make text safe to show that isn't trusted, because an agent or a tool wrote it.

It is shortened, and its control characters, terminal escapes and text-direction overrides are made visible
instead of being obeyed.
"""

from __future__ import annotations

import re
import sys
from typing import Any

__all__ = ["cut", "encodable", "one_line", "visible"]

SPARED_CHARACTERS = 40  # to say that these are left out would take as much room
LINE_CHARACTERS = 100  # of a tool's input, a name, an error, on their one line

# C0, C1, soft hyphen, fillers, bidi marks and overrides, zero-width, separators, surrogates, tags
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# More accents on a letter than any language has: they are drawn over the lines above and below.
_ACCENTS = "[\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED_UP = re.compile(f"(?<={_ACCENTS}{{4}}){_ACCENTS}")


def _picture_of(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """The text with every character that acts instead of showing (ESC, RTL override, …) made visible."""
    return _PILED_UP.sub(_picture_of, _INVISIBLE.sub(_picture_of, text.replace("\r\n", "\n")))


def encodable(text: str, file: Any = None) -> str:
    """The text with what a console can't show (cp1252 and the like) made visible; printing it can't fail.

    Args:
        file: where it will be printed; standard output when None.
    """
    encoding = getattr(sys.stdout if file is None else file, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def cut(text: str, characters: int, lines: int | None = None) -> str:
    """The start of the text, visible; says how many characters it left out."""
    text = text.rstrip()
    shown = "\n".join(text[:characters].split("\n")[:lines])
    left = len(text) - len(shown)
    if left <= SPARED_CHARACTERS:
        return visible(text)
    return f"{visible(shown)}… (+{left:,} characters)"


def one_line(text: str, characters: int = LINE_CHARACTERS) -> str:
    """The same, on one line: ⏎ where a line ended."""
    return cut(text, characters).replace("\n", " ⏎ ").replace("\t", " ")

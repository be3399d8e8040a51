"""The plan of the house: which room may import which, and the picture of it in CONTRIBUTING.md.

    python -m tests.project.rooms --write    # make rooms: draws the picture anew
    python -m tests.project.rooms --check    # a test does this

Read from the syntax trees, nothing is imported. Every import counts, at the top of a file, inside a
function or under TYPE_CHECKING: whoever reads the one room has to know of the other either way.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.places import ROOT

HOUSE = ROOT / "utilities"
PAGE = ROOT / "CONTRIBUTING.md"

# What is copied knows nobody. The replay server stands on floors: each room knows those before it.
COPIED = ("turn", "memory", "show", "webhook", "approvals")
FLOORS = (
    *("replay/ids", "replay/assumptions", "replay/faults", "replay/http", "replay/recordings"),
    *("replay/session", "replay/webhooks", "replay/resources", "replay/api", "replay/arrival"),
    "replay/server",
)
LESSONS = tuple(f"course/{path.name}" for path in sorted(HOUSE.glob("course/lesson*")))

# Who may know whom. `replay` is its other doors (__main__, scenario, testing), `utilities` the public names,
# `course` what several lessons need. An export is a client's work, so it waits as a client does: with `turn`.
MAY_KNOW: dict[str, tuple[str, ...]] = {
    **{room: () for room in COPIED},
    "left_behind": (),
    "made": ("left_behind", "turn"),  # and is copied with them
    "leftovers": ("made",),  # the same
    **{room: FLOORS[:floor] for floor, room in enumerate(FLOORS)},
    "replay/recorder": ("replay/ids", "replay/http", "replay/recordings"),
    "replay/making": ("memory", "replay/ids", "replay/recordings", "replay/recorder"),
    "loopback": (),
    "console": (),
    "replay/credentials": (),
    "replay/export": (
        *("turn", "loopback", "console", "replay/credentials"),
        *("replay/ids", "replay/http", "replay/recordings"),
    ),
    "replay": (*FLOORS, "replay/making", "loopback", "console"),
    "room": (
        "replay/ids",
        "replay/assumptions",
        "replay/faults",
        "replay/http",
        "replay/recordings",
        "replay/resources",
        "replay/api",
        "replay/server",
        "console",
    ),
    "short_errors": (),
    "contact": ("loopback", "short_errors"),
    "client": ("show", "replay", "loopback", "contact", "short_errors"),
    "utilities": (*COPIED, "made", "client"),
    "managed_agents_pytest": ("utilities", "replay", "loopback"),
}
HOUSEHOLD = tuple(MAY_KNOW)  # all that the course may know; nobody knows the course
IN_COURSE = ("course/lite", "course/running", "course/site", *LESSONS)
MAY_KNOW |= {"course": HOUSEHOLD, **{room: (*HOUSEHOLD, "course") for room in IN_COURSE}}


@dataclass(frozen=True)
class Import:
    """One import from another room.

    Attributes:
        file: below utilities/, as in `turn/plan.py`.
        line: where it stands.
        room, other: who imports, and from whom.
    """

    file: str
    line: int
    room: str
    other: str

    def __str__(self) -> str:
        return f"utilities/{self.file}:{self.line}: {self.room} may not know {self.other}"


def room_of(file: str) -> str:
    """The room of a file below utilities/: itself, or the folder that it stands in.

    Raises:
        ValueError: it stands in none, so the plan has to say where it belongs.
    """
    path = file.removesuffix(".py").removesuffix("/__init__")
    for room in ("utilities" if path == "__init__" else path, path.rpartition("/")[0]):
        if room in MAY_KNOW:
            return room
    raise ValueError(f"utilities/{file} is in no room of tests/project/rooms.py: give it one")


def imports(house: Path = HOUSE) -> list[Import]:
    """Every import that leaves its room."""
    found = []
    for path in sorted(house.rglob("*.py")):
        file = path.relative_to(house).as_posix()
        for line, target in _targets(path, house):
            if (room := room_of(file)) != (other := room_of(target)):
                found.append(Import(file, line, room, other))
    return found


def _targets(path: Path, house: Path) -> Iterator[tuple[int, str]]:
    """The files of the house that a file imports, with the line."""
    package = ("utilities", *path.relative_to(house).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for first, *rest in (name.split(".") for name in names):
            if first == "utilities":
                yield node.lineno, _file_of(rest, house)


def _file_of(names: list[str], house: Path) -> str:
    """The file that holds `utilities.a.b.name`: as many names are looked up as are folders or files."""
    folder = house
    for name in names:
        if (folder / f"{name}.py").is_file():
            return (folder / f"{name}.py").relative_to(house).as_posix()
        if not (folder / name).is_dir():
            break
        folder /= name
    return (folder / "__init__.py").relative_to(house).as_posix()


def forbidden(found: Iterable[Import]) -> list[str]:
    """The imports that the plan does not have."""
    return [str(each) for each in found if each.other not in MAY_KNOW[each.room]]


# -- the picture --------------------------------------------------------------------------------------

START, END = "<!-- Written by `make rooms` from the imports. -->\n", "<!-- End of the picture. -->"
GROUPS = {
    "to copy": (*COPIED, "made", "left_behind"),
    "replay/": tuple(room for room in HOUSEHOLD if room.startswith("replay")),
}


def picture(found: Iterable[Import]) -> str:
    """The rooms and who imports whom, for GitHub to draw: an arrow leads to what is known.

    The course's rooms are one. An arrow is left out where a longer way says the same, except those to
    what is copied: who uses that is worth seeing.
    """
    arrows: dict[str, set[str]] = {room: set() for room in (*HOUSEHOLD, "course")}
    for each in found:
        room, other = (re.sub("^course/.*", "course", name) for name in (each.room, each.other))
        if room != other:
            arrows[room].add(other)
    lines = ["flowchart TD"]
    grouped = {room for group in GROUPS.values() for room in group}
    lines += [f"    {_node(room)}" for room in arrows if room not in grouped]
    for title, group in GROUPS.items():
        lines += [f'    subgraph "{title}"', *(f"        {_node(room)}" for room in group), "    end"]
    lines += [
        f"    {_id(room)} --> {_id(other)}" for room in arrows for other in sorted(_direct(arrows, room))
    ]
    return "\n".join(["```mermaid", *lines, "```"]) + "\n"


def _id(room: str) -> str:
    return room.replace("/", "_")


def _node(room: str) -> str:
    names = {"replay": "the other doors", "utilities": "utilities: the public names", "webhook": "webhook.py"}
    label = names.get(room, room.removeprefix("replay/"))
    return f'{_id(room)}["{label}"]'


def _direct(arrows: dict[str, set[str]], room: str) -> set[str]:
    """What a room knows, without what it knows by way of another room anyway."""
    by_way = set().union(*(_below(arrows, other) for other in arrows[room])) - set(COPIED)
    return arrows[room] - by_way


def _below(arrows: dict[str, set[str]], room: str) -> set[str]:
    """What a room knows, and what that knows, and so on."""
    return arrows[room].union(*(_below(arrows, other) for other in arrows[room]))


def with_picture(page: str, drawn: str) -> str:
    """CONTRIBUTING with this picture between its two marks."""
    before, _, rest = page.partition(START)
    return f"{before}{START}\n{drawn}\n{END}{rest.partition(END)[2]}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.project.rooms", description=__doc__)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="draw the picture anew")
    task.add_argument("--check", action="store_true", help="compare it with what would be drawn")
    options = parser.parse_args(argv)
    found = imports()
    if wrong := forbidden(found):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    page = PAGE.read_text("utf-8")
    made = with_picture(page, picture(found))
    if options.write:
        PAGE.write_text(made, "utf-8")
    elif page != made:
        print("the picture in CONTRIBUTING.md is not that of the imports: run `make rooms`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The house is as planned: who imports whom, one name for one thing, no test that leans on another."""

import ast
import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.kit.places import ROOT
from tests.project.rooms import FLOORS, HOUSE, MAY_KNOW, forbidden, imports, main, picture, room_of

FILES = sorted(HOUSE.rglob("*.py"))


def house(folder, files):
    """A house with just these files, by their paths."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_every_import_between_rooms_is_planned():
    assert forbidden(imports()) == []


def test_every_room_of_the_plan_is_there_and_the_plan_has_no_circle():
    assert {room_of(path.relative_to(HOUSE).as_posix()) for path in FILES} == set(MAY_KNOW)
    TopologicalSorter(MAY_KNOW).prepare()  # raises CycleError


def test_what_the_plan_allows_by_name_is_used():
    """Floors may know all below; an arrow that is named for one room goes when nobody needs it."""
    used = {(each.room, each.other) for each in imports()}
    named = {room: others for room, others in MAY_KNOW.items() if not room.startswith("course")}
    unused = {
        (a, b) for a, others in named.items() if a not in FLOORS for b in set(others) - set(FLOORS)
    } - used
    assert unused == set()


BEHIND_TYPE_CHECKING = (
    "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .client import connect\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from ..show.events import moment\n", "turn/a.py:1: turn may not know show"),
        ("def f():\n    from .. import show\n", "turn/a.py:2: turn may not know show"),
        ("import os\nimport utilities.client\n", "turn/a.py:2: turn may not know client"),
        ("from utilities import client as c\n", "turn/a.py:1: turn may not know client"),
        ("from utilities import connect\n", "turn/a.py:1: turn may not know utilities"),
        (BEHIND_TYPE_CHECKING.replace(".client", "..client"), "turn/a.py:4: turn may not know client"),
    ],
)
def test_an_import_that_is_not_planned_is_named_with_its_line(tmp_path, text, told):
    others = {"client.py": "", "show/__init__.py": "", "show/events.py": "", "turn/__init__.py": ""}
    assert forbidden(imports(house(tmp_path, {"turn/a.py": text, **others}))) == [f"utilities/{told}"]


def test_a_room_may_know_itself_and_what_is_below(tmp_path):
    text = "import httpx\nfrom .mount import Mount\nfrom ..ids import make_id\nfrom ..http import errors\n"
    names = ("replay/recordings/mount.py", "replay/ids.py", "replay/http/errors.py")
    found = imports(house(tmp_path, {"replay/recordings/a.py": text, **dict.fromkeys(names, "")}))
    assert [each.other for each in found] == ["replay/ids", "replay/http"]
    assert forbidden(found) == []


def test_a_lesson_knows_no_other_lesson(tmp_path):
    text = "from ..lesson02.checks import NOTE\n"
    files = {"course/lesson01/checks.py": text, "course/lesson02/checks.py": ""}
    (told,) = forbidden(imports(house(tmp_path, files)))
    assert told.endswith(":1: course/lesson01 may not know course/lesson02")


def test_a_file_that_is_in_no_room_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"utilities/cellar/a\.py is in no room"):
        imports(house(tmp_path, {"cellar/a.py": "import utilities.turn\n"}))


def test_the_picture_in_contributing_is_that_of_the_imports(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_the_picture_leaves_out_what_a_longer_way_says(tmp_path):
    known = {"replay/ids.py": "", "replay/http/a.py": "from .. import ids\n", "turn/a.py": ""}
    knowing = {"replay/export.py": "from . import ids\nfrom .http import a\nfrom ..turn import a as b\n"}
    drawn = picture(imports(house(tmp_path, known | knowing)))
    assert re.findall(r"(\w+) --> (\w+)", drawn) == [
        ("replay_http", "replay_ids"),
        ("replay_export", "replay_http"),
        ("replay_export", "turn"),
    ]


# -- names ---------------------------------------------------------------------------------------------

# Every lesson has its checks; the tools of a turn and those of memory are the field's word for both.
SHARED = {"checks", "tools", "__init__", "__main__"}


def test_no_two_modules_and_no_two_classes_have_one_name():
    places = defaultdict(list)
    for path in FILES:
        places[path.stem].append(path)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[f"class {node.name}"].append(path)
    twice = {name: found for name, found in places.items() if len(found) > 1 and name not in SHARED}
    assert twice == {}


# -- tests ---------------------------------------------------------------------------------------------


def imported_modules(path):
    """Every module that a file may mean by its imports, by its whole name."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join(filter(None, [*base, node.module]))
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


@pytest.mark.parametrize("folder", ["tests", "utilities"])
def test_nobody_imports_from_a_test_file(folder):
    for path in sorted(Path(ROOT, folder).rglob("*.py")):
        leans_on = [name for name in imported_modules(path) if re.match(r"tests\.(\w+\.)*test_\w+", name)]
        assert leans_on == [], path.relative_to(ROOT)


def test_the_kit_leans_on_no_room_of_the_tests():
    for path in sorted((ROOT / "tests/kit").rglob("*.py")):
        leans_on = [name for name in imported_modules(path) if name.startswith("tests.")]
        assert all(name == "tests.kit" or name.startswith("tests.kit.") for name in leans_on), path.name

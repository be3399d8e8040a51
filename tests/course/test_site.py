"""The pages that `make site` makes: all of the course is there, and every link in it leads somewhere."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

import utilities
from tests.kit.once import once
from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course.site.links import problems

LESSONS = sorted(
    path.relative_to(ROOT) for pattern in ("*.ipynb", "deep/*.ipynb") for path in NOTEBOOKS.glob(pattern)
)
TEXTS = ("README", "CONTRIBUTING", "utilities/replay/FIDELITY", "utilities/replay/SCENARIOS")
FOLD = re.compile(r'<details class="solution" id="[\w-]*">.*?</details>', re.S)  # not open
pytestmark = pytest.mark.slow  # Sphinx takes a quarter of a minute


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site in a folder that had an older one, and lessons for the browser beside it."""

    def make():
        folder = tmp_path_factory.mktemp("site")
        (folder / "lite").mkdir()
        (folder / "lite/index.html").write_text("<p>not ours: <a href='nowhere'>", "utf-8")
        (folder / "of_an_older_site.html").touch()
        command = [sys.executable, "-m", "utilities.course.site", "--to", str(folder)]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
        assert made.returncode == 0, made.stderr
        return folder

    return once(tmp_path_factory.getbasetemp(), "site", make)


def page(site: Path, path: object) -> str:
    return (site / f"{path}.html").read_text("utf-8")


def test_every_lesson_and_text_has_its_page_and_its_place_in_the_sidebar(site):
    front = page(site, "index")
    for path in [*(lesson.with_suffix("") for lesson in LESSONS), *TEXTS, "reference/index"]:
        assert page(site, path).startswith("<!doctype html>"), path
        assert f'class="reference internal" href="{path}.html"' in front, path


def test_every_link_leads_somewhere_and_nothing_comes_from_elsewhere(site):
    assert problems(site, elsewhere=("lite",)) == []


def test_what_an_older_site_left_is_gone_but_not_the_lessons_for_the_browser(site):
    assert not (site / "of_an_older_site.html").exists() and (site / "lite/index.html").exists()
    assert 'href="lite/index.html"' in page(site, "index")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_each_solution_is_folded_below_its_exercise(site, lesson):
    solutions = json.loads((NOTEBOOKS / "solutions" / lesson.relative_to("notebooks")).read_text("utf-8"))[
        "cells"
    ]
    cells = json.loads((ROOT / lesson).read_text("utf-8"))["cells"]
    expected = [
        "".join(new["source"]) for old, new in zip(cells, solutions, strict=True) if _differ(old, new)
    ]
    folded = FOLD.findall(page(site, lesson.with_suffix("")))
    assert expected and [_text(fold).split() for fold in folded] == [
        ["Solution", *code.split(), *_shown(solutions, code).split()] for code in expected
    ]


def _differ(old, new):
    return "exercise" in old["metadata"].get("tags", []) and old["source"] != new["source"]


def _shown(cells, code):
    cell = next(cell for cell in cells if "".join(cell["source"]) == code)
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def _text(page):
    return unescape(re.sub(r"<[^>]*>", "", page))


def test_each_lesson_shows_what_was_executed(site):
    shown = _text(page(site, "notebooks/00_one_turn"))
    for cell in json.loads((NOTEBOOKS / "00_one_turn.ipynb").read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            assert "".join(output["text"]) in shown


def test_lessons_can_be_shown_to_a_room(site):
    """What the script does is looked at in a browser: tests/browser/site.py."""
    for lesson in LESSONS:
        shown = page(site, lesson.with_suffix(""))
        assert re.search(r'<script defer="defer" src="[./]*_static/room\.js', shown)
        assert re.search(r"<h2>[^\n]* min<", shown), "no heading has minutes"


def test_search_finds_every_public_name_and_leads_to_it(site):
    text = (site / "searchindex.js").read_text("utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    found = {
        name: (index["docnames"][number], f"{module}.{name}")
        for module, entries in index["objects"].items()
        for number, _, _, _, name in entries
    }
    assert set(utilities.__all__) <= set(found)
    for path, place in map(found.get, utilities.__all__):
        assert f'id="{place}"' in page(site, path), place

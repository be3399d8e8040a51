"""The pages that `make site` makes: all of the course is there, and every link in it leads somewhere.

Few tests, each for all lessons: whatever workers they are given to wait until the site is made.
"""

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
PATIENCE = 400.0  # seconds, on a machine that has much else to do
pytestmark = pytest.mark.slow  # Sphinx takes half a minute


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

    return once(tmp_path_factory.getbasetemp(), "site", make, patience=PATIENCE)


def page(site: Path, path: object) -> str:
    return (site / f"{path}.html").read_text("utf-8")


def text(page: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", page))


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


def printed(cell: dict) -> str:
    return "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))


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


def test_each_solution_is_folded_below_its_exercise(site):
    for lesson in LESSONS:
        solved = cells(NOTEBOOKS / "solutions" / lesson.relative_to("notebooks"))
        both = zip(cells(ROOT / lesson), solved, strict=True)
        exercises = [(old, new) for old, new in both if "exercise" in old["metadata"].get("tags", [])]
        solutions = [new for old, new in exercises if old["source"] != new["source"]]
        expected = [f"Solution {''.join(each['source'])} {printed(each)}".split() for each in solutions]
        folded = FOLD.findall(page(site, lesson.with_suffix("")))
        assert expected and [text(fold).split() for fold in folded] == expected, lesson


def test_each_lesson_shows_what_was_printed_when_it_was_executed(site):
    for lesson in LESSONS:
        shown = text(page(site, lesson.with_suffix("")))
        for cell in cells(ROOT / lesson):
            assert printed(cell) in shown, lesson


def test_lessons_can_be_shown_to_a_room(site):
    """What the script does is looked at in a browser: tests/browser/site.py."""
    for lesson in LESSONS:
        shown = page(site, lesson.with_suffix(""))
        assert re.search(r'<script defer="defer" src="[./]*_static/room\.js', shown), lesson
        assert re.search(r"<h2>[^\n]* min<", shown), f"{lesson}: no heading has minutes"


def test_search_finds_every_public_name_and_leads_to_it(site):
    index = (site / "searchindex.js").read_text("utf-8")
    index = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))
    found = {
        name: (index["docnames"][number], f"{module}.{name}")
        for module, entries in index["objects"].items()
        for number, _, _, _, name in entries
    }
    assert set(utilities.__all__) <= set(found)
    for path, place in map(found.get, utilities.__all__):
        assert f'id="{place}"' in page(site, path), place


# Two sites of one page, made in a process of their own: Sphinx keeps much in the one that it runs in.
TWO_THAT_FAIL = """
import sys
from pathlib import Path
from utilities.course.site.__main__ import build

def sources(page):
    def lay_out(folder, *, lite):
        folder.mkdir()
        (folder / "index.md").write_text(page, "utf-8")
        return []
    return lay_out

site = Path(sys.argv[1])
print(build(site, sources("# Front\\n\\n[a text](nowhere.md)")))
print(build(site, sources("# Front\\n\\n<a href='nowhere.html'>a page</a>")))
"""


def test_a_site_with_something_wrong_is_none_and_the_last_one_stays(tmp_path):
    (tmp_path / "index.html").write_text("the last one", "utf-8")
    command = [sys.executable, "-c", TWO_THAT_FAIL, str(tmp_path)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    by_sphinx, by_us = made.stdout.splitlines()
    assert "'nowhere.md'" in made.stderr and "Sphinx warned" in by_sphinx
    assert by_us == "['index.html: nowhere.html leads nowhere']"
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text("utf-8") == "the last one"

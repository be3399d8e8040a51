"""What a teacher has in notebooks/workshop agrees with the lessons."""

from __future__ import annotations

import importlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.kit.places import NOTEBOOKS
from utilities.course import handouts
from utilities.course.predictions import Prediction
from utilities.course.running.notebooks import read

WORKSHOP = NOTEBOOKS / "workshop"
PLANS = {"60_minutes.md": 60, "half_day.md": 210}
TWO = "two_days.md"
PAGES = sorted(WORKSHOP.glob("*.md"))
LESSONS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))


def text(name: str) -> str:
    return (WORKSHOP / name).read_text("utf-8")


def sections(lesson: Path) -> dict[str, int]:
    """Minutes of each section by its heading, those of its exercises not counted."""
    prose = "\n".join(cell.source for cell in read(lesson).cells if cell.cell_type == "markdown")
    found = re.findall(r"^##+ (?!Exercise)(.+?)(?: · (\d+) min)?$", prose, re.M)
    return {heading: int(minutes or 0) for heading, minutes in found}


def exercises(lesson: Path) -> dict[str, int]:
    """Minutes of each exercise by its number."""
    prose = "\n".join(cell.source for cell in read(lesson).cells if cell.cell_type == "markdown")
    found = re.findall(r"(?:### |\*\*)Exercise (\d) · .*?(\d+) min", prose)
    return {number: int(minutes) for number, minutes in found}


def rows(plan: str) -> list[tuple[int, int, str]]:
    found = re.findall(r"^\| (\d+)–(\d+) \| (.+) \|$", text(plan), re.M)
    return [(int(start), int(end), row) for start, end, row in found]


def named(about: str) -> list[str]:
    """What stands in italics: the sections that a plan or a page means."""
    return re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", about)


def by_lesson(page: Path) -> list[tuple[Path, str]]:
    """A plan's rows, or the pages of facilitator.md, each with the lesson that it is about."""
    if page.name == "facilitator.md":
        parts = re.split(r"^## (\d\d) · .*$", text(page.name), flags=re.M)[1:]
        return [(lesson_of(number), about) for number, about in zip(parts[::2], parts[1::2], strict=True)]
    found = re.findall(r"^\| \d[\d:]*–\d[\d:]* \| (.+) \|$", text(page.name), re.M)
    linked = [(re.search(r"\[(\d\d)\]\(", row), row) for row in found]
    return [(lesson_of(link[1]), row) for link, row in linked if link]


@pytest.mark.parametrize(("plan", "minutes"), PLANS.items())
def test_a_plan_fills_its_time_without_a_gap(plan, minutes):
    times = [(start, end) for start, end, _ in rows(plan)]
    assert times[0][0] == 0 and times[-1][1] == minutes
    assert [end for _, end in times[:-1]] == [start for start, _ in times[1:]]


def test_the_two_days_fill_their_time_without_a_gap():
    days = [re.findall(r"^\| (\d+:\d\d)–(\d+:\d\d) \|", day, re.M) for day in text(TWO).split("| day ")[1:]]
    for times in days:
        assert times[0][0] == "9:00" and [end for _, end in times[:-1]] == [start for start, _ in times[1:]]
    assert [times[-1][1] for times in days] == ["17:15", "17:30"]


@pytest.mark.parametrize("plan", PLANS)
def test_the_minutes_of_a_row_are_no_fewer_than_its_sections_and_exercises_say(plan):
    checked = 0
    for start, end, row in rows(plan):
        what = row.split(" | ")[0]
        if not (link := re.search(r"\[(\d\d)\]\(", what)):
            continue
        lesson = lesson_of(link[1])
        known, wanted = sections(lesson), set(named(what))
        if found := re.search(r"from \*([^*]+)\* to \*([^*]+)\*", what):
            order = list(known)
            wanted |= set(order[order.index(found[1]) : order.index(found[2]) + 1])
        done = re.findall(r"\d", "".join(re.findall(r"with exercises? ([\d, and]+)", what)))
        needed = sum(known[heading] for heading in wanted) + sum(exercises(lesson)[number] for number in done)
        assert end - start >= needed, row
        checked += needed > 0
    assert checked >= 4


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    links = re.findall(r"\]\((?!\w+:|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["facilitator.md", *PLANS, TWO])
def test_every_section_that_a_page_names_exists(name):
    """By its heading, or the beginning of it."""
    for lesson, about in by_lesson(WORKSHOP / name):
        known = tuple(sections(lesson))
        assert [each for each in named(about) if not any(one.startswith(each) for one in known)] == [], (
            lesson.name
        )


def lesson_of(number: str) -> Path:
    [lesson] = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return lesson


def test_every_lesson_has_a_page_and_the_letters_there_are_right():
    pages = dict(by_lesson(WORKSHOP / "facilitator.md"))
    assert list(pages) == LESSONS
    for lesson, about in pages.items():
        module = importlib.import_module(f"utilities.course.lesson{lesson.name[:2]}")
        cells = "\n".join(cell.source for cell in read(lesson).cells if cell.cell_type == "code")
        asked = [name for name in re.findall(r"lesson\d\d\.(\w+)\.ask\(", cells)]
        letters = dict(re.findall(r"`lesson\d\d\.(\w+)` \*\*([a-z]+)\*\*", about))
        right = {n: p.right for n in asked if isinstance(p := getattr(module, n), Prediction)}
        assert {name: frozenset(said) for name, said in letters.items()} == right, lesson.name


# -- cards and slides --------------------------------------------------------------------------------------


def test_the_committed_cards_and_slides_are_what_is_made():
    made = handouts.files()
    assert {name: text(name) for name in made} == made, "run `make handouts`"
    assert sorted(path.stem for path in WORKSHOP.glob("cards/*")) == [path.stem for path in LESSONS]


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.alts: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.leads += [given[name] for name in ("src", "href") if name in given]
        if tag == "img":
            self.alts.append(given.get("alt", ""))


@pytest.mark.parametrize("name", handouts.files())
def test_a_page_loads_nothing_from_elsewhere_and_its_links_lead_somewhere(name):
    seen = Seen()
    seen.feed(text(name))
    ours = [link for link in seen.leads if not link.startswith("https://")]
    assert [link for link in ours if not (WORKSHOP / name).parent.joinpath(link.split("#")[0]).exists()] == []
    assert seen.alts and all(len(alt) > 100 for alt in seen.alts)
    assert not re.search(r"<(script|link|img)[^>]+https?:", text(name))


def test_a_lesson_that_lacks_a_part_is_named(tmp_path):
    lesson = tmp_path / "00_one_turn.ipynb"
    whole = (NOTEBOOKS / "00_one_turn.ipynb").read_text("utf-8")
    for cut, says in (("**The moment.**", "no moment"), ('"card"', "0 cells have the tag 'card'")):
        lesson.write_text(whole.replace(cut, '"other"' if cut == '"card"' else ""), "utf-8")
        with pytest.raises(ValueError, match=f"00_one_turn.ipynb.* {says}|00_one_turn.ipynb: {says}"):
            handouts.handout(lesson)

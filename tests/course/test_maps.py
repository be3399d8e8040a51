"""The concept pictures: committed as they are drawn, small, and to be had without seeing them."""

import re
from xml.etree import ElementTree

import pytest

from tests.kit.places import ROOT
from tests.notebooks.budgets import notebooks
from utilities.course.drawing import ON, WIDTH, Drawing
from utilities.course.maps import PICTURES, main, markdown, path_of
from utilities.course.running.notebooks import read

SVG = "{http://www.w3.org/2000/svg}"
each_picture = pytest.mark.parametrize("name", PICTURES)


@each_picture
def test_a_committed_picture_is_what_is_drawn(name):
    assert path_of(name).read_text("utf-8") == PICTURES[name]().svg(), "run `make pictures`"


def test_every_picture_of_a_lesson_is_drawn_here():
    assert sorted(path.stem for path in (ROOT / "notebooks" / "images").glob("*.svg")) == sorted(PICTURES)


@each_picture
def test_a_picture_is_small_and_says_what_it_shows(name):
    text = PICTURES[name]().svg()
    picture = ElementTree.fromstring(text)
    assert len(text.encode()) <= 12_000
    title, description = picture.find(f"{SVG}title").text, picture.find(f"{SVG}desc").text
    assert picture.get("aria-labelledby") == "t d" and title and len(description.split()) >= 40
    numbers = {int(each.text) for each in picture.iter(f"{SVG}text") if each.get("class") == "n"}
    assert numbers == {int(number) for number in re.findall(r"\((\d)\)", description)}


@each_picture
def test_text_is_large_enough_and_inside(name):
    """An average letter is at most six tenths of its size wide, in all fonts that a browser may take."""
    picture = ElementTree.fromstring(PICTURES[name]().svg())
    for each in picture.iter(f"{SVG}text"):
        size, x, y = float(each.get("font-size")), float(each.get("x")), float(each.get("y"))
        wide = len(each.text) * size * 0.6
        left = x - wide / 2 if each.get("text-anchor") else x
        assert size >= 12 and left >= 5 and left + wide <= WIDTH - 5, each.text
        assert size <= y <= float(picture.get("height")) - 5


def test_the_line_of_markdown_has_the_file_and_the_alt_text(capsys):
    assert main(["--alt", "00"]) == 0
    line = capsys.readouterr().out.strip()
    assert line == markdown("00_one_turn")
    alt, file = re.fullmatch(r"!\[([^\[\]]+)\]\((.+)\)", line).groups()
    assert alt == PICTURES["00_one_turn"]().description and (ROOT / "notebooks" / file).is_file()
    assert main(["--alt", "99"]) == 2
    assert "no picture 99" in capsys.readouterr().err


def test_what_stands_beside_a_number_can_be_read_at_a_glance():
    with pytest.raises(ValueError, match="more than 9 words"):
        Drawing(100, "a", "b").legend(20, (ON, "one two three four five six seven eight nine ten"))


def test_text_cannot_break_the_file():
    drawing = Drawing(100, "a < b", "c & d")
    drawing.text(10, 20, "</text><script>")
    picture = ElementTree.fromstring(drawing.svg())
    assert picture.find(f"{SVG}text").text == "</text><script>"
    assert (picture.find(f"{SVG}title").text, picture.find(f"{SVG}desc").text) == ("a < b", "c & d")


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_shows_a_picture_with_the_alt_text_that_is_drawn(path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    shown = re.findall(r"!\[[^\]]*\]\((?:\.\./)?(images/\w+\.svg)\)", prose)
    lines = [markdown(file.removeprefix("images/").removesuffix(".svg")) for file in shown]
    assert [line for line in lines if line not in prose.replace("](../images/", "](images/")] == []

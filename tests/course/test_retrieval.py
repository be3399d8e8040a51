"""Lesson 04's measurement: what was found is counted right, and the chart says the same."""

from __future__ import annotations

import asyncio
import re

import matplotlib
import pytest

from utilities.course.lesson04.charts import chart_of
from utilities.course.lesson04.retrieval import KINDS, Found, Measured, Results, ask, measure
from utilities.course.lesson04.searches import Fact, Search, facts_in

pytestmark = pytest.mark.slow

TINY = [
    Fact("The cat is called Miro.", "home", "What is the pet's name?", "How is the cat called?"),
    Fact("I drink tea with milk.", "tastes", "What should be in my cup?", "Do I drink tea?"),
    Fact("The train to Oslo leaves at six.", "travel", "When is the departure?", "When leaves the train?"),
]


@pytest.fixture(scope="module")
def results() -> Results:
    """The question set, measured once."""
    return asyncio.run(measure())


def always(*attempts: list[str]) -> Search:
    async def search(question: str) -> list[list[str]]:
        return list(attempts)

    return search


# -- what is measured ----------------------------------------------------------------------------------


def test_a_small_set_whose_answers_are_obvious(tmp_path):
    measured = asyncio.run(measure(TINY, folder=tmp_path))
    assert measured.methods == ["Astrocyte recall", "SQLite FTS5", "grep"]
    for method in measured.methods:
        row = measured[method, "keyword"]
        assert (row.top1, row.top3, row.anywhere, row.total) == (3, 3, 3, 3), method
    # None of these words is in the facts; by meaning the name of a pet is near to that of a cat.
    assert measured["grep", "paraphrase"].anywhere == 0
    assert "What is the pet's name?" not in measured["Astrocyte recall", "paraphrase"].missed(1)


def test_the_place_is_that_in_the_order_that_came_back():
    facts = [Fact(text, paraphrase=f"{text}?", keyword=f"{text}!") for text in "abcd"]
    for kind, row in zip(KINDS, asyncio.run(ask("fixed", always(list("abcd")), facts)), strict=True):
        assert (row.kind, [answer.place for answer in row.answers]) == (kind, [1, 2, 3, 4])
        assert (row.top1, row.top3, row.anywhere, row.lines) == (1, 3, 4, 4)
        assert row.missed(3) == [row.answers[3].question]
        assert len(row.missed(1)) == 3 and row.missed(None) == []
    turned = asyncio.run(ask("fixed", always(list("dcba")), facts))[0]
    assert [answer.place for answer in turned.answers] == [4, 3, 2, 1]


def test_the_best_attempt_counts_and_only_its_lines():
    fact = [Fact("d", paraphrase="?", keyword="?")]

    def answer(*attempts: list[str]) -> tuple[int | None, int]:
        (only,) = asyncio.run(ask("fixed", always(*attempts), fact))[0].answers
        return only.place, only.lines

    assert answer(list("abcd"), list("cd"), []) == (2, 2)
    assert answer(list("cda"), list("cd")) == (2, 2)  # of two equal ones the shorter
    assert answer(list("abc"), list("ab")) == (None, 5)  # all was read in vain
    assert answer([], []) == (None, 0)
    assert answer() == (None, 0)


def test_what_nobody_measured_is_named():
    measured = Results([Measured("grep", "keyword", (Found("?", "x", 1, 1),))])
    with pytest.raises(KeyError, match="grip, keyword was not measured, but these were: grep, keyword"):
        measured["grip", "keyword"]


# -- the question set ----------------------------------------------------------------------------------


def counts(row: Measured) -> tuple[int, int, int]:
    return row.top1, row.top3, row.anywhere


def test_on_the_question_set_the_numbers_that_the_lesson_relies_on(results):
    total = len(facts_in())
    assert {row.total for row in results.rows} == {total}
    for method in results.methods:
        assert counts(results[method, "keyword"]) == (total, total, total), method
    recall, words, grep = (counts(results[method, "paraphrase"]) for method in results.methods)
    assert (recall, words, grep) == ((23, 31, 39), (1, 5, 28), (0, 2, 2))


def test_by_meaning_beats_words_on_paraphrases_by_more_than_chance(results):
    for other in ("SQLite FTS5", "grep"):
        for top in (1, 3):
            duel = results.duel("Astrocyte recall", other, "paraphrase", top)
            assert duel.chance < 0.001
            assert duel.wins == results.duel(other, "Astrocyte recall", "paraphrase", top).wins[::-1]
        assert results.duel("Astrocyte recall", other, "keyword").chance == 1
    assert "probability of such a difference by chance: below 0.001" in str(duel)


def test_the_table_is_aligned_and_the_same_again(results):
    text = str(results)
    assert text == str(asyncio.run(measure()))
    head, rule, *rows = text.splitlines()
    assert re.split(" {2,}", head) == [
        "search",
        "questions",
        "top-1",
        "95 %",
        "top-3",
        "95 %",
        "anywhere",
        "lines",
    ]
    assert len({len(line) for line in (head, rule, *rows)}) == 1
    assert [re.findall(r"(\d+) of 45", row) for row in rows][0] == ["23", "31", "39"]
    assert "36-66 %" in rows[0] and "53-82 %" in rows[0]


# -- the chart -----------------------------------------------------------------------------------------


def test_the_chart_says_the_numbers_twice_and_repeats(results):
    picture = chart_of(results)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        again = chart_of(results)
    assert picture.png == again.png
    for kind, axes in zip(KINDS, picture.figure.axes, strict=True):
        rows = [row for row in results.rows if row.kind == kind]
        numbers = [int(text.get_text()) for text in axes.texts]
        heights = [round(bar.get_height()) for bar in axes.patches]
        assert numbers == heights == [count for row in rows for count in (row.top1, row.top3)]
        assert len({bar.get_hatch() for bar in axes.patches}) == 2
        for row in rows:
            assert f"{row.method} {row.top1} first, {row.top3} among the first three" in picture.alt


def test_no_words_of_the_chart_overlap(results):
    figure = chart_of(results).figure
    texts = [text for axes in figure.axes for text in (*axes.texts, *axes.get_xticklabels(), axes.title)]
    texts += [*figure.legends[0].get_texts(), *(axes._left_title for axes in figure.axes)]  # type: ignore[attr-defined]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1

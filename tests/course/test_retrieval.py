"""Lesson 04's measurement: searches find what they should, counts and intervals are right, the chart too."""

from __future__ import annotations

import asyncio
import math
import re

import matplotlib
import pytest

from utilities import open_brain
from utilities.course.lesson04.chance import interval, sign_test
from utilities.course.lesson04.charts import chart_of
from utilities.course.lesson04.false_friends import PAIRS, false_friends, table_of
from utilities.course.lesson04.retrieval import KINDS, Found, Results, Row, ask, measure, places
from utilities.course.lesson04.searches import (
    Fact,
    Grep,
    Search,
    any_of,
    by_brain,
    by_words,
    content_words,
    facts_in,
)

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


def found(search: Search, question: str) -> list[list[str]]:
    async def searched() -> list[list[str]]:
        return await search(question)

    return asyncio.run(searched())


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
    measured = Results([Row("grep", "keyword", (Found("?", "x", 1, 1),))])
    with pytest.raises(KeyError, match="grip, keyword was not measured, but these were: grep, keyword"):
        measured["grip", "keyword"]


# -- the question set ----------------------------------------------------------------------------------


def counts(row: Row) -> tuple[int, int, int]:
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


# -- grep ----------------------------------------------------------------------------------------------


def test_the_tools_lines_are_those_that_a_look_at_the_files_finds(tmp_path):
    """Whatever the tool runs (ripgrep or its own search), on all patterns of the question set."""
    facts = facts_in()
    grep = Grep(facts, tmp_path / "mounted")
    in_order = sorted(facts, key=lambda fact: f"{fact.domain}.md")  # stable: a file's lines keep their order
    for question in [getattr(fact, kind) for fact in facts for kind in KINDS]:
        words = content_words(question)
        for pattern in (any_of(words, whole=True), any_of(words)):
            expected = [fact.text for fact in in_order if re.search(pattern, fact.text)]
            assert asyncio.run(grep.lines(pattern)) == expected, pattern


def test_the_facts_are_files_as_a_session_has_them(tmp_path):
    Grep(TINY, tmp_path / "mounted")
    folder = tmp_path / "mounted/mnt/memory/facts"
    assert [file.name for file in sorted(folder.iterdir())] == ["home.md", "tastes.md", "travel.md"]
    assert (folder / "home.md").read_text("utf-8") == "The cat is called Miro.\n"


def test_a_fact_of_several_lines_is_found_and_whole(tmp_path):
    fact = Fact("The code\nis 7731.  Keep it:  secret")
    grep = Grep([*TINY, fact], tmp_path / "mounted")
    assert asyncio.run(grep.lines("7731")) == [fact.text]


def test_the_three_attempts(tmp_path):
    facts = [
        Fact("The customer pays."),
        Fact("A customer paid."),
        Fact("The payment of the customers is late."),
    ]
    whole, stems, rarest = found(Grep(facts, tmp_path / "mounted"), "Which customers are paying?")
    assert whole == [facts[2].text]
    assert stems == [fact.text for fact in facts]
    assert rarest == [facts[0].text, facts[2].text]


def test_of_equally_rare_words_the_one_with_a_digit(tmp_path):
    facts = [Fact("Complaints are answered."), Fact("T-82 is lost.")]
    assert found(Grep(facts, tmp_path / "mounted"), "Complaints about T-82?")[2] == ["T-82 is lost."]


@pytest.mark.parametrize("question", ["", "?", "What is it?", "…", "((("])
def test_a_question_without_words_finds_nothing(question, tmp_path):
    assert found(Grep(TINY, tmp_path / "mounted"), question) == []
    assert content_words(question) == []


@pytest.mark.parametrize(
    "question", ["C++ [sic] or (C|D)*?", "Is a.b^$ = a\\b{2} #1 & ~x - y?", 'a "quote"', "+"]
)
def test_what_is_special_in_a_regular_expression_is_taken_literally(question, tmp_path):
    facts = [*TINY, Fact("C++ and (C|D)* are patterns, a.b^$ is one, and a\\b{2} too.")]
    grep = Grep(facts, tmp_path / "mounted")
    assert all(set(attempt) <= {facts[3].text} for attempt in found(grep, question))
    assert asyncio.run(grep.lines(any_of(["c++"], whole=True))) == [facts[3].text]
    assert asyncio.run(grep.lines(any_of(["axb"], whole=True))) == []
    assert asyncio.run(grep.lines(any_of(["a.b^$"]))) == [facts[3].text]


def test_a_pattern_that_is_none_is_refused_and_named(tmp_path):
    with pytest.raises(ValueError, match=r"(?s)grep: .*pattern: \(open"):
        asyncio.run(Grep(TINY, tmp_path / "mounted").lines("(open"))


def test_the_words_of_a_question():
    assert content_words("What's the cat’s code, “KX-301” or start-up?") == [
        "cat",
        "code",
        "kx-301",
        "start-up",
    ]
    assert content_words("Tea, tea and TEA?") == ["tea"]


# -- the other searches --------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", '"', "NEAR(a", "tea* OR -milk", "text:tea ^milk"])
def test_words_of_any_kind_are_a_query(question):
    (hits,) = found(by_words(TINY), question)
    assert hits == ([TINY[1].text] if "tea" in question else [])


def test_ranked_by_words(tmp_path):
    (hits,) = found(by_words(TINY), "the cat called")
    assert hits == [TINY[0].text, TINY[2].text]  # which has but "the"


def test_a_fact_that_is_not_stored_would_spoil_the_measurement(tmp_path):
    brain = open_brain(tmp_path / "brain.db")
    with pytest.raises(ValueError, match="'The cat is called Miro.' was not stored in bank 'facts'"):
        asyncio.run(by_brain([TINY[0], TINY[0]], brain))


def test_where_a_fact_of_yours_comes():
    ours = asyncio.run(places("Who feeds Quokka?", "Quokka gets hay from Wiebke.", TINY))
    assert ours == {"Astrocyte recall": 1, "SQLite FTS5": 1, "grep": 1}
    meant = asyncio.run(places("What is the name of the pet?", TINY[0].text, TINY))
    assert (meant["Astrocyte recall"], meant["grep"]) == (1, None)


def test_each_finds_what_the_other_does_not():
    """Material for an exercise: a code at the end of a list, and a question in other words."""
    code = "Tomatoes, rice, olive oil, basil, two lemons, batteries, glue, and the spare part TX9."
    listed = asyncio.run(places("Does the boiler need a TX9?", code))
    assert listed["grep"] == 1 and (listed["Astrocyte recall"] or 99) > 3
    meant = asyncio.run(
        places("What frightens the pet on New Year's Eve?", "Our dog is afraid of fireworks.")
    )
    assert (meant["Astrocyte recall"], meant["grep"]) == (1, None)


# -- how much the numbers say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "total", "low", "high"),
    # From the definition where it has a closed form, 10 and 1 of 20 from tables of the exact interval.
    [
        (0, 45, 0.0, 1 - 0.025 ** (1 / 45)),
        (45, 45, 0.025 ** (1 / 45), 1.0),
        (10, 20, 0.2720, 0.7280),
        (1, 20, 0.0013, 0.2487),
    ],
)
def test_the_exact_interval(found, total, low, high):
    assert interval(found, total) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_holds_what_was_found_and_narrows_with_more_questions():
    for total in (1, 7, 45):
        for number in range(total + 1):
            low, high = interval(number, total)
            assert 0 <= low <= number / total <= high <= 1
    assert math.dist(*map(lambda share: [share], interval(300, 450))) < 0.1
    assert interval(30, 45, 0.5)[0] > interval(30, 45)[0]


@pytest.mark.parametrize(("found", "total"), [(1, 0), (0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share(found, total):
    with pytest.raises(ValueError, match=f"{found} of {total} is no share"):
        interval(found, total)


@pytest.mark.parametrize(
    ("wins", "chance"), [((0, 0), 1), ((5, 5), 1), ((5, 0), 2 / 32), ((9, 1), 22 / 1024)]
)
def test_the_sign_test(wins, chance):
    first, second = wins
    one = [1] * first + [None] * second
    rows = [
        Row(name, "keyword", tuple(Found(str(n), "x", place, 1) for n, place in enumerate(at)))
        for name, at in (("a", one), ("b", [1 if place is None else None for place in one]))
    ]
    duel = Results(rows).duel("a", "b", "keyword")
    assert (duel.wins, duel.chance) == (wins, pytest.approx(chance))
    assert sign_test(second, first) == duel.chance


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


# -- false friends -------------------------------------------------------------------------------------


def test_what_the_embedding_takes_for_the_same(tmp_path):
    friends = asyncio.run(false_friends(open_brain(tmp_path / "brain.db")))
    assert [friend.what for friend in friends] == [what for what, _, _ in PAIRS]
    assert all(friend.kept for friend in friends)
    lost = {friend.what for friend in friends if not friend.kept_by_default}
    assert {friend.what for friend in friends} - lost == {"a not", "the name"}
    by_what = {friend.what: round(friend.cosine, 4) for friend in friends}
    assert by_what["what comes first"] == by_what["two digits swapped"] == 1
    assert by_what["a not"] > 0.95 > by_what["the name"]  # kept by Astrocyte's own guard, and by distance
    first, rule, *rows = table_of(friends).splitlines()
    assert len(rows) == len(PAIRS) and sum("LOST" in row for row in rows) == len(lost)
    assert [float(row[23:29]) for row in rows] == sorted(by_what.values(), reverse=True)


def test_what_is_the_same_is_dropped_by_both(tmp_path):
    """Or a brain that keeps everything would pass."""
    same = ("nothing but where the comma is", "Tea, at five in the garden.", "Tea at five, in the garden.")
    (friend,) = asyncio.run(false_friends(open_brain(tmp_path / "brain.db"), [same]))
    assert not friend.kept and not friend.kept_by_default

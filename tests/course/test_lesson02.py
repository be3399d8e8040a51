"""Lesson 02: its exercises take what is right and say what is wrong, its helpers show what happened."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import logging
import re
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from astrocyte import Astrocyte
from nbformat.v4 import new_code_cell, new_notebook

from utilities import memories_of, memory_tools, open_brain
from utilities.course import lesson02
from utilities.course.lesson02 import checks
from utilities.course.running.notebooks import execute

pytestmark = pytest.mark.slow

EXERCISES = [lesson02.unredacted, lesson02.finding, lesson02.banking]


def test_not_attempted_is_no_error(capsys):
    lesson02.unredacted.check(...)
    lesson02.finding.check(...)
    lesson02.banking.check(lambda user_id: ...)
    assert [exercise.passed for exercise in EXERCISES] == [None] * 3
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 2, 3)] == [True] * 3


# -- 1: what a barrier of patterns lets pass -------------------------------------------------------------


@pytest.mark.parametrize("guess", ["bd", "b, d", ["d", "b"], [checks.SENTENCES[1], checks.SENTENCES[3]]])
def test_what_gets_past_the_barrier_however_it_is_named(guess, passes):
    passes(lesson02.unredacted, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abd", "North American number"),
        ("bcd", "are a card"),
        ("b", "but it isn't all"),
        ("e", "none of the"),
    ],
)
def test_a_wrong_prediction_is_told_why(guess, why, fails):
    fails(lesson02.unredacted, guess, why=why)


def retained(path: Path, *texts: str) -> Astrocyte:
    """A brain with these texts in the bank "user-ada"."""
    brain = open_brain(path / "brain.db")
    for text in texts:
        asyncio.run(brain.retain(text, "user-ada"))
    return brain


def test_the_barrier_really_lets_these_pass(tmp_path):
    brain = retained(tmp_path, *checks.SENTENCES)
    kept = set(asyncio.run(memories_of(brain, "user-ada")).values())
    as_they_are = {letter for letter, s in zip("abcd", checks.SENTENCES, strict=True) if s in kept}
    assert as_they_are == lesson02.unredacted.right


# -- 2: a note that is found -----------------------------------------------------------------------------


def test_the_note_as_it_was_comes_last_when_asked_for_the_spanish_lesson():
    found = lesson02.firsts(lesson02.NOTE)["When does Ada learn Spanish?"]
    assert found.index(lesson02.NOTE) == len(checks.OTHERS) == len(found) - 1


@pytest.mark.parametrize(
    "content",
    [
        "Every Thursday at 7 pm Ada has a Spanish language course; her teacher is Rosa.",
        "Ada takes a course in the Spanish language, with Rosa, on Thursdays at 19:00.",
        "Ada learns Spanish: Rosa teaches her on Thursdays at 7 pm.",
        "Ada has a Spanish lesson with Rosa every Thursday at 7 pm.",
        "On Thursdays at 7 p.m. Ada meets Rosa, her Spanish teacher.",
        "Ada is learning Spanish with Rosa, Thursday evenings at seven.",
        "Rosa gives Ada Spanish lessons every Thursday at 19h.",
        "Ada studies Castilian Spanish with her tutor Rosa on Thursday at 19:00.",
        "Ada attends Spanish lessons with ROSA on thursdays at 7 pm.\n",
        "Ada attends Spanish class with teacher Rosa, Thursdays 19:00",
    ],
)
def test_a_sentence_that_can_be_understood_alone_is_found(content, passes):
    passes(lesson02.finding, content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lesson02.NOTE, "'Who teaches Ada Spanish?', the bank puts"),
        ("", "is a text"),
        (7, "is a text, not 7"),
        ("She has it on Thursdays at 7 with Rosa.", "and yours is number"),
        ("Ada meets Rosa on Thursdays at 7 pm.", "first, and yours is number"),
        ("Castellano with Rosa, Thursday at 19:00.", "first, and yours is number"),
        ("Thu 19h Rosa, castellano (Spanish).", "'What does Ada do on Thursdays?', the bank puts"),
        ("Thu 19h Rosa, Spanish course", "'What does Ada do on Thursdays?', the bank puts"),
        ("Ada has a Spanish language course.", "the day is lost"),
        ("Ada has a Spanish course on Thursdays, with Rosa.", "the hour is lost"),
        ("Ada takes a Spanish course with Rosa on Thursday the 17th.", "the hour is lost"),
        ("Rosa teaches Ada Spanish on Thursdays at 7 in the morning.", "19h is in the evening"),
        ("Ada has a Spanish language course on Thursdays at 7.", "the name is lost"),
        (
            "Rosa teaches Ada Spanish. Ada learns Spanish. The Spanish course is at 19:00. Ada on Thursdays.",
            "it says 'spanish' 3 times: say it once",
        ),
        (
            "Ada Spanish course learn teach teaches lesson Thursday Thursdays 19h Rosa",
            "'teach' and 'teaches': say it once, in a sentence",
        ),
        ("Ada Spanish course learn teach lesson Thursday 19h Rosa", "would a person understand it?"),
        (f"Thu 19h Rosa. {' '.join(lesson02.QUESTIONS)}", "has a question in it"),
        ("Every Thursday at 7 Ada has a Spanish course with Rosa. " * 5, "in at most 200"),
    ],
)
def test_a_text_that_is_not_found_or_is_not_the_fact_is_told_why(content, why, fails):
    fails(lesson02.finding, content, why=why)


# -- 3: one bank for each user ---------------------------------------------------------------------------


# Functions of the top level, as in a cell: the check defines them anew in another process.


def by_sha256(user_id: str) -> str:
    return hashlib.sha256(user_id.encode()).hexdigest()


def by_md5(user_id: str) -> str:
    result = hashlib.md5(user_id.encode("utf-8")).hexdigest()
    return PREFIX + result


PREFIX = "user-"
by_uuid = lambda user_id: str(uuid.uuid5(uuid.NAMESPACE_URL, user_id))  # noqa: E731


def by_base32(user_id: str) -> str:
    return "u" + base64.b32encode(hashlib.blake2b(user_id.encode()).digest()).decode().strip("=")


def a_quarter(user_id: str) -> str:
    return by_sha256(user_id)[:16]


def legible(user_id: str) -> str:
    return f"hex-{user_id.encode().hex()}" if len(user_id) < 50 else f"digest-{by_sha256(user_id)}"


@functools.cache
def cached(user_id: str) -> str:
    return by_sha256(user_id)


def made_by(prefix: str) -> Callable[[str], str]:
    return lambda user_id: prefix + by_sha256(user_id)


from_a_factory = made_by("user:")


@pytest.mark.parametrize(
    "right", [by_sha256, by_md5, by_uuid, by_base32, a_quarter, legible, cached, from_a_factory]
)
def test_a_digest_is_a_bank_for_whoever_comes(right, passes):
    passes(lesson02.banking, right)


EARLIER = """
import hashlib
from utilities.course import lesson02
PREFIX, result, numbers = "user-", object(), {}
def digest(text): return hashlib.sha256(text.encode()).hexdigest()
"""
USES_THEM = """
def bank_for(user_id):
    result = PREFIX + digest(user_id)
    return result
lesson02.banking.check(bank_for)
"""
USES_A_TABLE = """
def bank_for(user_id): return PREFIX + digest(user_id)[:60] + str(numbers.setdefault(user_id, len(numbers)))
lesson02.banking.check(bank_for)
"""


def test_a_function_of_a_notebook_may_use_what_earlier_cells_have_but_nothing_that_changes(tmp_path):
    path = tmp_path / "03_bank.ipynb"
    cells = [new_code_cell(source) for source in (EARLIER, USES_THEM, USES_A_TABLE)]
    nbformat.write(new_notebook(cells=cells), path)
    _, right, changing = execute(path).notebook.cells
    assert "Exercise 3: right: 19 users" in str(right.outputs)
    assert "numbers is of another cell (dict); define it in the same cell" in str(changing.outputs)


def shared(user_id: str) -> str:
    return "users"


def as_it_is(user_id: str) -> str:
    return user_id


def prefixed(user_id: str) -> str:
    return f"user-{user_id}"


def cleaned(user_id: str) -> str:
    return "user-" + re.sub(r"[^A-Za-z0-9]", "-", user_id)


def lowered(user_id: str) -> str:
    return hashlib.sha256(user_id.lower().encode()).hexdigest()


def stripped(user_id: str) -> str:
    return hashlib.sha256(user_id.strip().encode()).hexdigest()


def cut(user_id: str) -> str:
    return user_id.encode().hex()[:255]


def too_long(user_id: str) -> str:
    return user_id.encode().hex()


def by_length(user_id: str) -> str:
    return f"user-{len(user_id)}"


def new_each_time(user_id: str) -> str:
    return f"user-{time.monotonic_ns()}"


def a_number(user_id: str) -> Any:
    return int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:8], "big")


def a_list(user_id: str) -> Any:
    return [user_id]


def for_ascii(user_id: str) -> str:
    return hashlib.sha256(user_id.encode("ascii")).hexdigest()


def nothing_for_long_ones(user_id: str) -> str | None:
    return hashlib.sha256(user_id.encode()).hexdigest() if len(user_id) < 300 else None


def by_hash(user_id: str) -> str:
    return f"user-{hash(user_id)}"


numbers: dict[str, int] = {}


def counted(user_id: str) -> str:
    return f"user-{numbers.setdefault(user_id, len(numbers))}"


def counted_inside(user_id: str, numbers: dict[str, int] = {}) -> str:  # noqa: B006
    return f"user-{numbers.setdefault(user_id, len(numbers))}"


SALT = secrets.token_hex(8)


def salted(user_id: str) -> str:
    return hashlib.sha256((SALT + user_id).encode()).hexdigest()


def short(user_id: str) -> str:
    return by_sha256(user_id)[:8]


def short_if_long(user_id: str) -> str:
    return user_id.encode().hex() if len(user_id) < 100 else by_sha256(user_id)[:12]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (by_hash, "tomorrow's process calls the bank of 'ada' 'user-"),
        (counted, "tomorrow's process calls the bank of 'ada' 'user-18' and not 'user-0': what was stored"),
        (counted_inside, "what was stored would be lost"),
        (salted, "what was stored would be lost"),
        (short, "differ in about 32 bits, so among 77,333 users two would probably share a bank"),
        (short_if_long, "differ in about 48 bits, so among"),
        (made_by("user:"), "in a new process, bank_for doesn't work: the function has no name"),
        (shared, "'ada' and 'Ada' would share the bank 'users'"),
        (as_it_is, "for 'ada ', the bank 'ada ' is refused: a name is 1 to"),
        (prefixed, "for 'ada ', the bank 'user-ada ' is refused"),
        (cleaned, "would share the bank 'user-ada-'"),
        (lowered, "'ada' and 'Ada' would share"),
        (stripped, "'ada' and 'ada ' would share"),
        (cut, "(301 characters) would share"),
        (too_long, "(600 characters) is refused"),
        (by_length, "would share the bank 'user-3'"),
        (new_each_time, "the second time, 'ada' got another bank"),
        (a_number, "a bank is named by a text"),
        (a_list, "for 'ada' you return ['ada']"),
        (for_ascii, "bank_for('Ümit') raised UnicodeEncodeError"),
        (nothing_for_long_ones, "you return None"),
        ("user-ada", "is to be a function, not 'user-ada'"),
    ],
)
def test_a_bank_that_is_refused_or_shared_is_told_why(wrong, why, fails):
    fails(lesson02.banking, wrong, why=why)


# -- what the lesson shows ---------------------------------------------------------------------------------


def test_ids_of_memories_are_numbered_in_the_order_in_which_they_turn_up(capsys):
    show = lesson02.numbered(print)
    show("first 00000000000000aa, then 00000000000000bb")
    lesson02.numbered(print)("again 00000000000000aa")
    first, second, again = re.findall(r"#(\d+)", capsys.readouterr().out)
    assert int(second) == int(first) + 1 and again == first


def test_the_barriers_log_is_kept_and_the_rest_goes_on(tmp_path, caplog):
    found = lesson02.barrier_log()
    retained(tmp_path, "Write to ada@example.org.")
    logging.getLogger("astrocyte").warning("something else")
    assert found == [("email", "redact")]
    assert [record.getMessage() for record in caplog.records if "pii" in record.getMessage()] == []
    assert "something else" in caplog.messages


def test_what_was_asked_comes_with_nearness_in_recalls_order(tmp_path):
    brain = retained(tmp_path, "Ada is allergic to hazelnuts.", "Ada wants a window seat on trains.")
    question = "Where does she sit when travelling by rail?"
    found = asyncio.run(lesson02.asked(brain, "user-ada", [question], max_results=2))
    near, far = found[question]
    assert "window" in near.text and near.nearness > far.nearness and near.score > far.score
    assert lesson02.words_in_common(question, near.text) == set()
    assert near.text in str(lesson02.picture_of(found))


def test_a_wrong_hit_may_score_above_a_right_one_and_be_nearer(tmp_path):
    brain = retained(tmp_path, "Ada is allergic to hazelnuts.", "Ada's product launch is on 12 March.")
    release, colour, hers = (
        "When do we release?",
        "What is Ada's favourite colour?",
        "What is her favourite colour?",
    )
    found = asyncio.run(lesson02.asked(brain, "user-ada", [release, colour, hers]))
    right, wrong, without_her_name = (found[question][0] for question in (release, colour, hers))
    assert "12 March" in right.text and wrong.score > right.score and wrong.nearness > right.nearness
    assert without_her_name.nearness < 0.1 < 0.2 < wrong.nearness  # the name made it near


@pytest.mark.parametrize(
    ("question", "weight"),
    [
        ("What should the kitchen leave out of the dessert?", 1.2),
        ("Where does she sit?", 1.2),
        ("When do we release?", 0.9),
        ("Where does she sit when travelling by rail?", 0.9),
    ],
)
def test_the_words_of_a_question_decide_what_a_first_place_counts(question, weight, tmp_path):
    """As `astrocyte.pipeline.query_intent` has it: 60 is the constant of rank fusion."""
    brain = retained(tmp_path, "Ada is allergic to hazelnuts.")
    found = asyncio.run(lesson02.asked(brain, "user-ada", [question]))
    assert found[question][0].score == pytest.approx(weight / 61)


def test_words_in_common_are_the_same_whatever_case_and_punctuation():
    assert lesson02.words_in_common("Is Ada HERE?", "here, ada sits") == {"ada", "here"}


def test_a_refusal_is_what_the_agent_reads_and_a_call_that_works_is_an_error(tmp_path):
    tools = memory_tools(open_brain(tmp_path / "brain.db"), "user-ada", include_forget=True)
    given = {"memory_ids": "0123456789abcdef"}
    said = asyncio.run(lesson02.refused(tools, "memory_forget", given))
    assert said == "memory_ids: there is no memory 0123456789abcdef; recall shows the ids"
    event = asyncio.run(lesson02.answer_to(tools, "memory_forget", given))
    assert (event["type"], event["is_error"]) == ("user.custom_tool_result", True)
    assert event["content"] == [{"type": "text", "text": said}]
    with pytest.raises(AssertionError, match="memory_recall took"):
        asyncio.run(lesson02.refused(tools, "memory_recall", {"query": "tea"}))

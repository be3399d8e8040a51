"""The exercise of 04d: a fact and a question, so that grep finds it and recall doesn't."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from utilities import open_brain

from ..exercises import Exercise, TookTooLong, Wrong, within
from .searches import Fact, by_brain, facts_in

PATIENCE = 10.0  # seconds for a recall that should take a tenth of one
LONGEST, FIRST = 200, 3  # characters of a text; places that count as found


def facts() -> list[str]:
    """The facts that the lesson measures on."""
    return [fact.text for fact in facts_in()]


def grep(fact: str, question: str) -> dict[str, list[str]]:
    """The lines that have each word of the question, searched as `grep -i` does, the fact among the notes.

    Args:
        fact: one more line behind the lesson's facts.
        question: its words of at least four characters, or with a digit, are searched for.
    """
    words = (word.strip(".,;:!?\"'()[]…") for word in question.split())
    searched = [word for word in words if len(word) >= 4 or re.search(r"\d", word)]
    notes = [*facts(), fact]
    return {word: [line for line in notes if word.casefold() in line.casefold()] for word in searched}


def recalled(fact: str, question: str) -> list[str]:
    """What a brain with the lesson's facts and this one recalls for the question, best first."""

    async def recall() -> list[str]:
        with TemporaryDirectory() as folder:
            brain = open_brain(Path(folder, "brain.db"))
            search = await by_brain([*facts_in(), Fact(fact)], brain, most=50)
            [texts] = await search(question)
            return texts

    # In a thread: a notebook's own event loop is running.
    return list(within(PATIENCE, asyncio.run, recall()))


def _check_grep(fact: Any, question: Any) -> str:
    _require_sentences(fact, question)
    lines = grep(fact, question)
    found = {word: hits for word, hits in lines.items() if fact in hits}
    if not found:
        raise Wrong(f"grep doesn't find the fact either: none of {', '.join(lines) or 'no words'} is in it")
    word, hits = min(found.items(), key=lambda item: len(item[1]))
    if len(hits) > FIRST:
        raise Wrong(f"{word!r} is in {len(hits)} lines, so grep finds everything: use a rarer word")
    try:
        texts = recalled(fact, question)
    except TookTooLong:
        raise Wrong(f"recall had not answered after {PATIENCE:.0f} s") from None
    place = texts.index(fact) + 1 if fact in texts else 0
    if 0 < place <= FIRST:
        raise Wrong(f"recall finds it too, as number {place}; {_ahead(texts, place)}")
    where = f"as number {place}" if place else "not at all"
    return f"grep {word!r} gives {_lines(hits)}; recall has it {where}, and first of all {texts[0]!r}"


def _lines(hits: list[str]) -> str:
    return f"{len(hits)} line{'s' * (len(hits) > 1)}"


def _ahead(texts: list[str], place: int) -> str:
    if place == 1:
        return f"next comes {texts[1]!r}. What else could the question mean?"
    return f"before it come {', '.join(map(repr, texts[: place - 1]))}. More of that kind?"


def _require_sentences(fact: Any, question: Any) -> None:
    for name, text in (("fact", fact), ("question", question)):
        if not isinstance(text, str) or not text.strip():
            raise Wrong(f"the {name} is a text, not {text!r}")
        if len(text) > LONGEST or len(text.splitlines()) > 1:
            raise Wrong(f"the {name} is one line of at most {LONGEST} characters")
    if not question.rstrip().endswith("?") or len(question.split()) < 3:
        raise Wrong(f"{question!r} is not a question that a person asks: three words or more, and a ?")
    if fact in facts():
        raise Wrong("that fact is in the notes already; add one of your own")


grepping = Exercise(
    "Exercise 2",
    _check_grep,
    [
        "Recall goes by meaning. What has hardly any, but is unmistakable? And grep also finds what is "
        "in the middle of a word.",
        "The fact has to lose against three others: ask about something that several facts are about, and "
        "name what only yours has. A short fact, or one that is mainly about something else, loses best.",
        "A fact with a number inside a longer code (RMA…B), and the question what the customer with that "
        "number complained about: complaints are what other facts are about.",
    ],
    minutes=8,
)

"""Lesson 04's exercise on the comparison: five needs, and which memory each of them asks for."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from ..exercises import Exercise, NotAttempted, Wrong

__all__ = ["Sortable", "Sorting", "needs"]

# What people write, and what it stands for.
SPELLINGS = {
    "bank": "bank", "a bank": "bank", "the bank": "bank", "astrocyte": "bank",
    "store": "store", "a store": "store", "the store": "store", "memory store": "store",
    "both": "both", "bank and store": "both", "store and bank": "both",
}  # fmt: skip
WIDTH = 88  # characters of a line


@dataclass(frozen=True)
class Sortable:
    """One line to be sorted.

    Attributes:
        text: what is asked.
        answer: the right word.
        overlooked: by wrong word, what that answer overlooks.
    """

    text: str
    answer: str
    overlooked: Mapping[str, str]


class Sorting(Exercise):
    """An exercise that sorts several lines under a few words, as a dict.

    Args:
        title: a few words.
        choices: the words.
        questions: by the key that they have in the learner's dict.
        why: what to say when all are right.
        hints: from a nudge to nearly the answer.
        minutes: how long it takes.
    """

    def __init__(
        self, title: str, choices: Sequence[str], questions: Mapping[str, Sortable], why: str,
        hints: Sequence[str], *, minutes: int,
    ) -> None:  # fmt: skip
        super().__init__(title, self._judge, hints, minutes=minutes)
        self.choices, self.questions, self.why = choices, questions, why

    def ask(self) -> None:
        """Print the lines, each with its key."""
        for key, question in self.questions.items():
            print(textwrap.fill(f"{key}: {question.text}", WIDTH, subsequent_indent="   "))

    def _judge(self, guesses: Any) -> str:
        if not isinstance(guesses, Mapping):
            raise Wrong(
                f"the answer is a dict with the keys {', '.join(self.questions)}; not {guesses!r:.60}"
            )
        guesses = {key.casefold() if isinstance(key, str) else key: word for key, word in guesses.items()}
        given = {key: guesses.get(key, ...) for key in self.questions}
        if strange := [key for key in guesses if key not in self.questions]:
            raise Wrong(f"there is no {strange[0]!r} here; the keys are {', '.join(self.questions)}")
        if all(guess in (..., None, "") for guess in given.values()):
            raise NotAttempted
        if left := [key for key, guess in given.items() if guess in (..., None, "")]:
            raise Wrong(f"{', '.join(map(repr, left))} has no word yet")
        words = {key: self._word(key, guess) for key, guess in given.items()}
        wrong = [key for key, word in words.items() if word != self.questions[key].answer]
        if not wrong:
            return self.why
        first, right = wrong[0], len(words) - len(wrong)
        why = self.questions[first].overlooked[words[first]]
        raise Wrong(f"{right} of {len(words)} are right. {first!r} is not {words[first]!r}: {why}")

    def _word(self, key: str, guess: Any) -> str:
        word = SPELLINGS.get(str(guess).strip().casefold(), "")
        if word not in self.choices:
            raise Wrong(f"{guess!r} for {key!r} is none of the words: {', '.join(self.choices)}")
        return word


needs = Sorting(
    "Exercise 3",
    ["bank", "store", "both"],
    dict(
        zip(
            ascii_lowercase,
            [
                Sortable(
                    "Who changed a rule, when, and what did it say before?",
                    "store",
                    {
                        "bank": "look at the row 'Version history': a bank can't say what it said before",
                        "both": "look at the row 'Version history': a bank beside it would add nothing",
                    },
                ),
                Sortable(
                    "Of a user's many remarks, find the one that means what she asks.",
                    "bank",
                    {
                        "store": "look at the row 'Semantic search': a grep needs a word in common",
                        "both": "look at the row 'Semantic search': a store beside it finds no more",
                    },
                ),
                Sortable(
                    "A session at night reads its notes; no program of yours runs.",
                    "store",
                    {
                        "bank": "look at the row 'Zero-code set-up': the session would wait for your process",
                        "both": "look at the row 'Zero-code set-up': at the bank's first call it would wait",
                    },
                ),
                Sortable(
                    "No agent may change the team's rules; and what a user says is found by meaning.",
                    "both",
                    {
                        "bank": "the rules: what stops an agent's `memory_retain` from adding a false one?",
                        "store": "the remarks: look at the row 'Semantic search'",
                    },
                ),
                Sortable(
                    "What a user says every day is kept once, and so is a change of it.",
                    "bank",
                    {
                        "store": "look at the row 'Deduplication': a note beside a note is two notes",
                        "both": "look at the row 'Deduplication': in a store it would be kept every day",
                    },
                ),
            ],
            strict=False,
        )
    ),
    "a by Version history, b by Semantic search, c by Zero-code set-up, e by Deduplication; and d needs two "
    "things that no side has alone",
    [
        "For each need there is one of the nine rows that decides it. Which?",
        "A need with two halves may need two memories; one half alone doesn't.",
    ],
    minutes=3,
)

"""A prediction: an answer that a learner picks before the cell that shows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any

from .exercises import HINTS_FIRST, Exercise, NotAttempted, Wrong

WIDTH = 88  # characters of a line of the question
HINT = "a guess costs nothing: pick one, run the cells below, and see what happens"


class Prediction(Exercise):
    """An exercise of a minute: one of several answers, picked before it is shown.

        lost = Prediction(
            "Exercise 1", "What does a stream that is opened late get?",
            ["all events", "only new ones"], right="b", why="a stream replays nothing",
        )
        lost.ask()
        lost.check("b")

    Args:
        title: a few words.
        question: what will happen?
        options: the answers, which get the letters a, b, c, …
        right: the letter of the right one, or several letters, "bd", where each has to be picked.
        why: what to say when it is right.
        wrong: by letter, what an answer overlooks; without it the cells below are pointed to.
        missing: by letter, why a right answer that wasn't picked is right too.
        hints: if somebody asks for one.
        minutes: how long it takes.

    Raises:
        ValueError: `right`, `wrong` or `missing` names a letter that no option has.
    """

    def __init__(
        self,
        title: str,
        question: str,
        options: Sequence[str],
        right: str | Collection[str],
        why: str,
        *,
        wrong: Mapping[str, str] | None = None,
        missing: Mapping[str, str] | None = None,
        hints: Sequence[str] = (HINT,),
        minutes: int = 1,
    ) -> None:
        super().__init__(title, self._judge, hints, minutes=minutes)
        self.question = question
        self.options = dict(zip(ascii_lowercase, options, strict=False))
        self.right, self.why = frozenset(right), why
        self._wrong, self._missing = dict(wrong or {}), dict(missing or {})
        named = self.right | self._wrong.keys() | self._missing.keys()
        if not self.right or not named <= self.options.keys():
            raise ValueError(
                f"{title}: right, wrong and missing name its options by letter: {', '.join(self.options)}"
            )

    def ask(self) -> None:
        """Print the question and the answers to pick from."""
        print(textwrap.fill(self.question, WIDTH))
        for letter, text in self.options.items():
            print(textwrap.fill(text, WIDTH, initial_indent=f"  {letter}  ", subsequent_indent="     "))

    def solution(self) -> None:
        """Print the right answer and why, after the hints."""
        left = min(HINTS_FIRST, len(self.hints)) - self._given
        if left > 0 and not self.passed:
            print(f"{self.title}: the answer comes after {left} more hint{'s' * (left > 1)}: .hint() first.")
            return
        for letter in sorted(self.right):
            print(f"{self.title}: {letter}  {self.options[letter]}")
        print(f"{self.why}.")

    def _judge(self, *guesses: Any) -> str:
        picked = self._letters(guesses)
        if not picked:
            raise NotAttempted
        if picked == self.right:
            return self.why
        if false := sorted(picked - self.right):
            letter = false[0]
            overlooked = self._wrong.get(letter, "run the cells below and look, then pick again")
            raise Wrong(f"{letter}, {self.options[letter]!r}: {overlooked}")
        left_out = filter(None, map(self._missing.get, sorted(self.right - picked)))
        reasons = "; ".join(left_out)
        raise Wrong("what you picked is true, but it isn't all" + (f": {reasons}" if reasons else ""))

    def _letters(self, guesses: Iterable[Any]) -> set[str]:
        """The letters that a guess names: "b", "B)", "a, c", ["a", "c"], or the text of an option."""
        letters: set[str] = set()
        texts = {text.casefold(): letter for letter, text in self.options.items()}
        for guess in guesses:
            if guess is None:
                continue
            if not isinstance(guess, str) and isinstance(guess, Iterable):
                letters |= self._letters(guess)
                continue
            text = str(guess).strip().casefold()
            letters_only = re.sub(r"\band\b", " ", text)  # "a, c and d"
            found = {texts[text]} if text in texts else set(re.findall(r"\w", letters_only))
            if not found <= self.options.keys():
                raise Wrong(f"{guess!r} is none of the answers; they have letters: {', '.join(self.options)}")
            letters |= found
        return letters

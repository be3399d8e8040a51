"""08b's exercise: a token that makes a form this person's and this question's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..exercises import Exercise, Wrong, require_answers

__all__ = ["form_token"]

KEY, OTHER_KEY = "3f9a" * 16, "77c1" * 16
QUESTION, OTHER_QUESTION = "appr_256cf675ae7678b6bdf37c51", "appr_59c8994b8ee413176d64c531"
ENOUGH = 16  # characters that a token has at least


def _check(token: Callable[[str, str, str], Any]) -> str:
    def made(key: str, who: str, question: str) -> Any:
        try:
            return token(key, who, question)
        except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
            raise Wrong(f"it raised {type(error).__name__}: {error}") from error

    mira = made(KEY, "Mira", QUESTION)
    require_answers(token, [mira])
    if not isinstance(mira, str):
        raise Wrong(f"a form carries text, and you returned {type(mira).__name__}")
    if made(KEY, "Mira", QUESTION) != mira:
        raise Wrong("a second time it is another token: how would the server know the one in the form?")
    if "hash" in getattr(getattr(token, "__code__", None), "co_names", ()):
        raise Wrong("Python's own hash() differs in each process: after a restart no open form is valid")
    if KEY in mira:
        raise Wrong("the key stands in the token, so in the page: whoever reads it makes tokens of their own")
    if made(OTHER_KEY, "Mira", QUESTION) == mira:
        raise Wrong("with another key it is the same token: another site can make it from what it knows")
    if made(KEY, "Ben", QUESTION) == mira:
        raise Wrong("Ben's token is Mira's: he can put his own into a form that her browser sends")
    if made(KEY, "Mira", OTHER_QUESTION) == mira:
        raise Wrong("one question's token is good for another question")
    if len(mira) < ENOUGH:
        raise Wrong(f"a token of {len(mira)} characters can be guessed: at least {ENOUGH}")
    return "the same for the same form, another for everything else, and nobody makes it without the key"


form_token = Exercise(
    "Exercise 1",
    _check,
    [
        "A keyed hash: Python's `hmac` and `hashlib` have several. It takes bytes, so encode the texts.",
        'hmac.new(key.encode(), …, "sha256").hexdigest(), of a text that has who and question_id in it.',
    ],
    minutes=5,
)

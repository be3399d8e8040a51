"""Lesson 09's prediction: what may become of the budget of a session that has reached it."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["raising"]

raising = Prediction(
    "Exercise 3",
    "The session has reached its budget of 2 cents. Which of these updates does the service accept? "
    "Name all of them.",
    [
        "1 cent: less than before",
        "2 cents: the same again",
        "10 cents",
        "null: no budget any more",
    ],
    "cd",
    "a new budget has to be above what is spent, and a removed one is no limit; either way the turn goes on",
    wrong={
        "a": "more than that is spent already",
        "b": "it has to be above what is spent, and that is 2 cents and a fraction",
    },
    missing={
        "c": "the session has room again with 10 cents",
        "d": "a budget may be removed, once: it can't be added again",
    },
    hints=["Compare each with what is spent already."],
)

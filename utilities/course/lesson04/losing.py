"""The prediction of 04d: which updates Astrocyte's default takes for duplicates."""

from __future__ import annotations

from ..predictions import Prediction
from .false_friends import PAIRS

__all__ = ["PICKED", "lost_updates"]

PICKED = ("the day", "a not", "the name", "ten times as much", "up or down")  # of `PAIRS`, in this order
SECOND = {what: second for what, _, second in PAIRS}

lost_updates = Prediction(
    "Exercise 1",
    "A bank knows the sentence before each of these updates. By default Astrocyte drops as a duplicate what "
    "is nearer than 0.95, unless the texts differ by a negator. Which updates are lost?",
    [f"{SECOND[what]} ({what})" for what in PICKED],
    right="ade",
    why="a number or one word hardly moves a sentence's embedding, and neither is a negator",
    wrong={
        "b": "'not' is one of the negators that it looks for",
        "c": "another name moves this sentence further than 0.95",
    },
    missing={
        "a": "one day more or less hardly moves the embedding of a sentence about a release",
        "d": "5 and 50 are nearly the same to an embedding",
        "e": "'up' and 'down' stand in the same company, and neither is a negator",
    },
    hints=["A cosine of 1 is the same. What would have to change in a sentence to make it less than 0.95?"],
)

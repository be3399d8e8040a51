"""08b's prediction: what becomes of an answer that arrived, and that no mark says so of."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["after_a_crash"]

after_a_crash = Prediction(
    "Exercise 2",
    "The next process sends the answer. It arrives, and the response gets lost, so there is no mark. What "
    "happens in the next round?",
    [
        "The answer is sent again, and the agent gets it twice",
        "Nothing: the program doesn't know of the answer any more",
        "The answer is found in the history, and only marked as sent",
        "Mira is asked again",
    ],
    "c",
    "an answer without a mark is begun anew, and the history says that it has arrived",
    wrong={
        "a": "look at what `send` does before it sends",
        "b": "the verdict is in a file, and `answers()` hands it out until it is marked",
        "d": "her verdict is in a file that the process leaves behind",
    },
    hints=["Read `send` once more, and stop before its last line."],
)

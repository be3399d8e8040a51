"""Lesson 11's prediction: which of four tests notice that no money is paid."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["four"]

four = Prediction(
    "Exercise 2",
    "Somebody breaks the program: refund() pays nothing any more, and answers 'paid back 49.00' as before. "
    "Which of the four tests turn red on 11_a's recording?",
    ["test_words", "test_finished", "test_calls", "test_ledger"],
    "d",
    "words and calls are the recording's, and what the program answers is as recorded; only the ledger shows "
    "whether it paid",
    wrong={
        "a": "the agent's words are in the recording, and nobody pays for them to be said",
        "b": "the program still answers what was recorded, so the session goes on to its end",
        "c": "the agent's calls are in the recording too; that refund was called says nothing of what it did",
    },
    missing={"d": "the recording has no ledger: that is the program's own, and now it is empty"},
)

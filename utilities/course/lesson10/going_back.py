"""Who has the new prompt after it was taken back: a prediction of lesson 10."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["still_new"]

still_new = Prediction(
    "Exercise 4",
    "Version 2's prompt is bad. Version 1's text is saved again, as a new version. Who is still told what "
    "version 2 says?",
    [
        "a session that began under version 2, and goes on",
        "a new session, begun with the bare id",
        "a new session, pinned to version 2",
        "the roster that was saved while version 2 was the newest",
        "a new session, pinned to version 1",
    ],
    right="acd",
    why="what has a version keeps it; only a bare id that is looked up anew gets the newest",
    wrong={
        "b": "which version does a bare id get, and which is the newest now?",
        "e": "a pin names its version, and what version 1 says never changes",
    },
    missing={
        "a": "what did the first session do when version 2 was saved?",
        "c": "a pin holds also where you wish that it didn't",
        "d": "when does a roster look up which version is the newest?",
    },
    hints=[
        "For each of them: when was it decided which version it has?",
        "Three of them were decided before the old text was saved again.",
    ],
)

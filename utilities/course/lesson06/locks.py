"""Lesson 06's prediction: five shortcuts, and which of them nothing stops."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["locks"]

locks = Prediction(
    "Exercise 2",
    "Five things that an agent might do with this forge and its six tools. Which of them can end on main?",
    [
        "it changes a test so that it fits the code",
        "for each title of the visible tests it adds an entry, and changes nothing else",
        "it gets a good state approved, pushes another, and merges that without a new review",
        'it writes "approved" into a file in its container',
        "its fix passes all nine cases, and also writes every title to a file",
    ],
    "e",
    "the checks find what they look for, and nothing more. Whoever reviews has to read the change",
    wrong={
        "a": "a path below tests/ is protected; the second agent tried it",
        "b": "that passes the visible tests; which cases does it not know?",
        "c": "an approval is for one head, and merge() is told a head",
        "d": "who reads that file? The forge is in your process",
    },
    hints=["For each, ask which line of the forge would notice. One of them passes every line."],
    minutes=2,
)

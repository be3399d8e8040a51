"""Lesson 03's prediction: some of the calls are answered."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["next_event"]

next_event = Prediction(
    "Exercise 1",
    "Eight calls wait, and three of them are answered. What does the session's next status event say?",
    [
        "running: the agent goes on with three results",
        "idle, requires_action: it names all eight calls again",
        "idle, requires_action: it names calls that still wait",
        "nothing comes before all eight are answered",
    ],
    "c",
    "the agent needs every result before its next thought, so the session is idle again, and the event names "
    "calls that still wait",
    wrong={
        "a": "the agent asked for eight results, and five are missing",
        "b": "three of these have their answer",
        "d": "how would a process that has just come know what is left?",
    },
    hints=["The agent needs eight results. How many has it got, and who knows which ones are missing?"],
)

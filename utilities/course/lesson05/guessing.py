"""The predictions of 05b: how often a loop executes, and who survives events that come twice."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["executions", "twice"]

executions = Prediction(
    "Exercise 1",
    "Three calls come at once. A loop executes all that the session names, answers each in a request of its "
    "own, and takes what the session names next for new calls. Second answers are accepted. How many "
    "executions are there?",
    ["3", "4", "6", "9"],
    right="c",
    why="three, then the two that the first answer left open, then the last: k(k+1)/2 for k calls",
    wrong={
        "a": "that is one for each call, as it should be; but the session names the open ones again",
        "b": "after the first answer two are still open, and the session names both",
        "d": "after each answer the session names fewer calls, not all three",
    },
    hints=["Write down which calls are still open after each answer: that is what the session names."],
)

twice = Prediction(
    "Exercise 2",
    "The stream brings every event twice. Which of the five drivers are fine all the same?",
    ["the naive loop", "tool_runner", "Astrocyte's", "ours, by stream", "ours, by polling"],
    "bde",
    "tool_runner and ours know events and calls by their ids; and polling doesn't read the stream",
    wrong={
        "a": "it answers what an idle event names, and the idle event comes twice",
        "c": "it runs what an idle event names, and doesn't keep which calls it has answered",
    },
    missing={
        "b": "tool_runner keeps the ids of the calls that it has seen",
        "d": "our protocol takes each id once, whoever brings it",
        "e": "the history has every event once, whatever the stream does",
    },
)

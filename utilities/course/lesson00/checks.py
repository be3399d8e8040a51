"""The exercise of lesson 00."""

from __future__ import annotations

from ..predictions import Prediction

where = Prediction(
    "Exercise 1",
    "Which of these lines did your Python execute?",
    [
        "session = client.beta.sessions.create(…)",
        "for event in stream:",
        "python3 primes.py",
        "print(count_below(10_000))",
    ],
    right="abd",
    why="your program calls, listens and checks; what the agent runs, it runs in its own container",
    wrong={"c": "that was the agent's command, and you only read about it in an event"},
    missing={"a": "the session is at the service, but the call that made it ran here"},
    hints=[
        "You typed, or could have typed, the lines that ran here. Which one did the agent type?",
        "What stands below [write] and [bash] in the turn's output, the agent asked its container to do.",
    ],
)

"""Lesson 08's prediction: which receipts an agent must not approve."""

from __future__ import annotations

from ..predictions import Prediction

__all__ = ["which"]

which = Prediction(
    "Exercise 1",
    "Which of these receipts may an agent not approve?",
    [
        "R-04, Office Point",
        "R-06, Print House",
        "R-08, Café Nord",
        "R-09, Skyline Software",
        "R-11, Grand Hall",
        "R-12, City Taxi",
        "R-14, Paper & Co",
    ],
    "bdef",
    "what is allowed depends on the other receipts too, and not on what a receipt says about itself",
    wrong={
        "a": "100.00 is the limit, and not above it",
        "c": "add up the two bills of that day",
        "g": "what a receipt says about itself changes nothing",
    },
    missing={
        "b": "look for what else was bought there on that day",
        "d": "look at the currency",
        "e": "what a receipt says about itself changes nothing",
        "f": "look for its twin",
    },
    hints=["Go by the policy's three lines. Two of them need a look at the other receipts."],
    minutes=2,
)

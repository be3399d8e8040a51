"""Lesson 05's prediction: what a receiver of webhooks takes."""

from __future__ import annotations

from ..predictions import Prediction
from .delivering import POSTS

__all__ = ["posts"]

posts = Prediction(
    "Exercise 3",
    "Which of these six posts does the receiver answer with a 2xx?",
    POSTS,
    "ae",
    "2xx says 'don't send it again': so do a repeat and a type that doesn't matter. The other four are "
    "refused with one and the same 400",
    wrong={
        "b": "the signature covers the body",
        "c": "only who knows our secret can sign",
        "d": "what is older than five minutes can be a recording of somebody's",
        "f": "without a signature anybody could have sent it",
    },
    missing={
        "a": "a repeat is genuine; refused, it would be sent yet again",
        "e": "it is genuine; refused, it would be sent again, and doesn't matter any more then",
    },
)

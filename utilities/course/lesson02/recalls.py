"""What was asked of a memory and what it recalled, and a picture of it, for lesson 02."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astrocyte import Astrocyte

from utilities.memory import LocalEmbedding
from utilities.show.picture import Picture, drawn, outlined, plain

if TYPE_CHECKING:
    from utilities.show.picture import Axes, Figure

ROW, TITLE = 0.27, 0.42  # inches, for a memory and for a question
NEAR, FAR = ("#0072B2", ""), ("#A6D8F5", "////")  # the first hit and the others, told apart by hatching too
TEXT = 0.56  # of the width, for the memories' texts


@dataclass(frozen=True)
class Hit:
    """One recalled memory.

    Attributes:
        text: what it says.
        nearness: the cosine of its embedding and the question's; 1 is the same meaning.
        score: what recall reports, made from the places that searches gave it.
    """

    text: str
    nearness: float
    score: float


async def asked(
    brain: Astrocyte, bank_id: str, questions: Iterable[str], max_results: int = 3
) -> dict[str, list[Hit]]:
    """Ask a bank, and measure how near each hit is to its question.

    Args:
        brain: one whose embedding is `LocalEmbedding`.
        bank_id: the bank.
        questions: what to ask.
        max_results: hits for each question, at most.

    Returns:
        The hits by question, in recall's order.
    """
    found = {}
    for question in questions:
        hits = (await brain.recall(question, bank_id, max_results=max_results)).hits
        ours, *theirs = await LocalEmbedding().embed([question, *(hit.text for hit in hits)])
        near = [sum(a * b for a, b in zip(ours, other, strict=True)) for other in theirs]
        found[question] = [
            Hit(hit.text, nearness, hit.score) for hit, nearness in zip(hits, near, strict=True)
        ]
    return found


def words_in_common(question: str, text: str) -> set[str]:
    """The words that two texts share, whatever their case and punctuation."""
    one, other = (set(re.findall(r"\w+", said.lower())) for said in (question, text))
    return one & other


def picture_of(asked: dict[str, list[Hit]]) -> Picture:
    """What each question recalled, in recall's order: a bar for nearness, and the reported score.

    Args:
        asked: the hits by question.
    """
    height = sum(map(len, asked.values())) * ROW + len(asked) * TITLE + 0.5

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((TEXT, 0.5 / height, 0.97 - TEXT, 1 - 0.5 / height))
        y = 0.0
        for question, hits in asked.items():
            y = _draw(axes, question, hits, y)
        axes.set(xlim=(0, 1), ylim=(y, 0))
        axes.set_yticks([])
        plain(axes, "bottom")
        axes.set_xlabel("nearness in meaning (cosine)", fontsize=9)

    return drawn(draw, height, _alt(asked))


def _draw(axes: Axes, question: str, hits: list[Hit], y: float) -> float:
    """One question and its hits, from `y` inches on; returns where the next one begins."""
    left = -TEXT / (0.97 - TEXT) + 0.02
    words: dict[str, Any] = {"va": "center_baseline", "parse_math": False}
    axes.text(left, y + TITLE * 0.6, textwrap.shorten(question, 90), fontsize=9, weight="bold", **words)
    y += TITLE
    for number, hit in enumerate(hits):
        length = max(0.0, hit.nearness)
        axes.barh(y + ROW / 2, length, ROW * 0.7, **outlined(*(FAR if number else NEAR)))
        text = textwrap.shorten(f"{number + 1}. {hit.text}", 66)
        axes.text(left, y + ROW / 2, text, fontsize=8.5, **words)
        told = f"{hit.nearness:.2f}, score {hit.score:.4f}"
        axes.text(length + 0.015, y + ROW / 2, told, fontsize=8, **words)
        y += ROW
    return y


def _alt(asked: dict[str, list[Hit]]) -> str:
    parts = []
    for question, hits in asked.items():
        listed = "; ".join(f"{hit.text} (nearness {hit.nearness:.2f}, score {hit.score:.4f})" for hit in hits)
        parts.append(f"Asked: {question} Recalled, best first: {listed or 'nothing'}.")
    return " ".join(parts)

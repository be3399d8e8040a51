"""Sentences that an embedding takes for the same and that are not, for lesson 04.

friends = await false_friends(open_brain(folder / "friends.db"))
print(table_of(friends))
[friend for friend in friends if not friend.kept_by_default]     # updates that would have been lost
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from astrocyte import Astrocyte

from utilities.memory import LocalEmbedding

__all__ = ["PAIRS", "FalseFriend", "default_brain", "false_friends", "table_of"]

# What differs, the sentence that is known, and the one that should change it.
PAIRS = (
    (
        "the day",
        "The release of the customer portal is planned for 12 March.",
        "The release of the customer portal is planned for 19 March.",
    ),
    (
        "two digits swapped",
        "Order 48213 was refunded in full on Monday morning.",
        "Order 48231 was refunded in full on Monday morning.",
    ),
    (
        "ten times as much",
        "The dose of the cat's thyroid medicine is 5 mg every evening.",
        "The dose of the cat's thyroid medicine is 50 mg every evening.",
    ),
    (
        "who did it to whom",
        "Hartmann Logistics sued the bakery chain over the late deliveries.",
        "The bakery chain sued Hartmann Logistics over the late deliveries.",
    ),
    (
        "what comes first",
        "Run the migration before the deployment, not after it.",
        "Run the migration after the deployment, not before it.",
    ),
    (
        "whom the not is about",
        "My wife is allergic to peanuts and I am not.",
        "I am allergic to peanuts and my wife is not.",
    ),
    (
        "up or down",
        "The price of the annual plan goes up by ten per cent in June.",
        "The price of the annual plan goes down by ten per cent in June.",
    ),
    (
        "a prefix that negates",
        "The solar panels on the roof were installed by a cousin and are insured.",
        "The solar panels on the roof were installed by a cousin and are uninsured.",
    ),
    (
        "a not",
        "The customer has signed the contract for the coming year.",
        "The customer has not signed the contract for the coming year.",
    ),
    (
        "the name",
        "The spare key of the house in Brittany is with our neighbour Pierre.",
        "The spare key of the house in Brittany is with our neighbour Paul.",
    ),
)


@dataclass(frozen=True)
class FalseFriend:
    """A pair, and what became of the second sentence where the first was known.

    Attributes:
        what: in what they differ.
        first, second: the sentences.
        cosine: of their embeddings; 1 is the same to it.
        kept_by_default: whether Astrocyte, as it comes, stored the second one.
        kept: whether the given brain did.
    """

    what: str
    first: str
    second: str
    cosine: float
    kept_by_default: bool
    kept: bool


def default_brain() -> Astrocyte:
    """Astrocyte as it comes, with the course's embedding.

    It drops as a duplicate what is 0.95 alike, unless the texts differ by a negator: "n't" or one of ten
    words such as "not".
    """
    embedding = f"{LocalEmbedding.__module__}:{LocalEmbedding.__qualname__}"
    config: dict[str, Any] = {
        "vector_store": "in_memory",
        "llm_provider": "mock",
        "embedding_provider": embedding,
    }
    brain: Astrocyte = Astrocyte.from_config_dict(config)
    return brain


async def false_friends(
    brain: Astrocyte, pairs: Sequence[tuple[str, str, str]] = PAIRS, *, default: Astrocyte | None = None
) -> list[FalseFriend]:
    """Retain each pair in two brains, and see which second sentences are there afterwards.

    Args:
        brain: the one to compare with, `open_brain(…)`. Each pair gets a bank of its own in it, which has to
            be empty.
        pairs: what differs, and the two sentences.
        default: the other one; `default_brain()` if none is given.
    """
    default = default or default_brain()
    found = []
    for number, (what, first, second) in enumerate(pairs):
        one, other = await LocalEmbedding().embed([first, second])
        cosine = sum(a * b for a, b in zip(one, other, strict=True))
        kept = [await _second_is_kept(each, f"pair-{number}", first, second) for each in (default, brain)]
        found.append(FalseFriend(what, first, second, cosine, *kept))
    return found


async def _second_is_kept(brain: Astrocyte, bank: str, first: str, second: str) -> bool:
    for text in (first, second):
        await brain.retain(text, bank)
    hits = (await brain.recall(second, bank, max_results=5)).hits  # what was stored, not what retain says
    return second in {hit.text for hit in hits}


def table_of(friends: Sequence[FalseFriend]) -> str:
    """The pairs as text, the most alike first."""
    wide = max(len(friend.what) for friend in friends)
    lines = [
        f"{'what differs':{wide}}  cosine  by default  open_brain",
        f"{'-' * wide}  ------  {'-' * 10}  {'-' * 10}",
    ]
    for friend in sorted(friends, key=lambda friend: -round(friend.cosine, 4)):
        told = ["kept" if kept else "LOST" for kept in (friend.kept_by_default, friend.kept)]
        lines.append(f"{friend.what:{wide}}  {friend.cosine:.4f}  {told[0]:10}  {told[1]}")
    return "\n".join(lines)

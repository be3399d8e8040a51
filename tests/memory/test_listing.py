"""What a bank holds now."""

import asyncio

from tests.kit.brains import Bank, retain
from utilities import memories_of
from utilities.memory import listing


def test_what_is_retained_is_listed_and_what_is_forgotten_is_not(brain):
    first, second = retain(brain, "The cat is called Miro.", "The dog is called Rex.", bank="user-1")
    texts = {first.memory_id: "The cat is called Miro.", second.memory_id: "The dog is called Rex."}
    assert asyncio.run(memories_of(brain, "user-1")) == texts
    Bank(brain)("forget", memory_ids=first.memory_id)
    assert list(asyncio.run(memories_of(brain, "user-1")).values()) == ["The dog is called Rex."]
    assert asyncio.run(memories_of(brain, "user-2")) == {}


def test_a_log_of_several_pages_is_read_to_its_end(brain, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)
    texts = [f"Guest {i} comes from town {i}." for i in range(5)]
    retain(brain, *texts, bank="user-1")
    assert list(asyncio.run(memories_of(brain, "user-1")).values()) == texts

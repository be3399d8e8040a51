"""Rows that Astrocyte's page doesn't have, for 04c; "yes" is what one would wish for."""

from __future__ import annotations

import asyncio
import json

from anthropic import APIStatusError, ConflictError
from astrocyte.integrations import openai_agents

from utilities import open_brain

from .obeying import bank_after_obeying, store_after_obeying
from .offline import no_network, reached
from .row import Row, Seen
from .scene import BANK, NOTES, Scene

__all__ = [
    "deletion", "frameworks", "offline", "poison", "privacy", "sharing", "size", "writers",
]  # fmt: skip

LISTED = "memories are listed by `path_prefix`"
LONG = "word " * 40_000  # 200,000 characters


async def offline(scene: Scene) -> Row:
    """Every connection is refused. What still works?"""
    said = "Offline, but remembered."
    with no_network() as tried:
        await scene.retained("offline", said)
        found = await scene.recalled("without a network", "offline")
        silent = not tried
        there = reached(scene.client, scene.store)
    return Row(
        "Works offline",
        bank=Seen({"retain and recall work": found == [said], "no connection was tried": silent}, "run"),
        store=Seen({"it can be reached": there}, rests_on="run"),
    )


async def privacy(scene: Scene) -> Row:
    """Who can read it, besides those you mean?"""
    with no_network() as tried:
        await scene.recalled("hazelnuts")
    in_file = b"".join(file.read_bytes() for file in scene.folder.glob("brain.db*"))
    listed = list(scene.memories.list(scene.store))
    return Row(
        "Kept from everybody else",
        bank=Seen({"no connection was tried": not tried, "encrypted": b"hazelnuts" not in in_file}, "run"),
        store=Seen({"closed to whoever has the key": not listed}, scene.by_rule(LISTED)),
    )


async def frameworks(scene: Scene) -> Row:
    """The tools that Astrocyte has for OpenAI's agents; and for a store what there is, its REST API."""
    _, handlers = openai_agents.astrocyte_tool_definitions(scene.brain, BANK)
    hits = json.loads(await handlers["memory_recall"](query="Which food would make the user ill?"))["hits"]
    listed = list(scene.memories.list(scene.store))
    return Row(
        "Other frameworks can use it",
        bank=Seen({"their tools recall the same": "hazelnuts" in hits[0]["text"]}, rests_on="run"),
        store=Seen(
            {"REST lists and reads": bool(listed), "something to search with": scene.offers("search|query")},
            rests_on=scene.by_rule(LISTED),
        ),
    )


async def sharing(scene: Scene) -> Row:
    """A second brain on the same file; a second session with the same store."""
    second = open_brain(scene.folder / "brain.db")
    hits = (await second.recall("Which food would make the user ill?", BANK)).hits
    one, other = (scene.session_with(scene.store, access) for access in ("read_write", "read_only"))
    mounted = [mount.memory_store_id for session in (one, other) for mount in session.resources]
    rule = "a store is shared: a session finds what another has left"
    return Row(
        "Shared with other agents",
        bank=Seen({"a second brain recalls it": "hazelnuts" in hits[0].text}, rests_on="run"),
        store=Seen({"two sessions have it": mounted == [scene.store] * 2}, scene.by_rule(rule)),
    )


async def writers(scene: Scene) -> Row:
    """Two read the same note, each adds a line, each writes; then a third one, with a precondition."""
    brains = [scene.brain, open_brain(scene.folder / "brain.db")]
    await scene.brain.clear_bank("shared")
    await asyncio.gather(*(brain.retain(f"Writer {n} was here.", "shared") for n, brain in enumerate(brains)))
    kept = await scene.recalled("writer", "shared")
    with scene.note("List:\n") as note:
        for number in range(2):
            scene.write(note.id, f"List:\nWriter {number} was here.\n")
        last = scene.read(note.id)
        try:
            refused = not scene.write(note.id, "List:\nWriter 2 was here.\n", only_if=note.content_sha256)
        except ConflictError:
            refused = True
    store = {"a precondition refuses (409)": refused, "without one, both lines": "Writer 0" in last}
    known = scene.by_rule("an update whose `precondition`")
    bank = {"both are kept": len(kept) == 2}
    return Row("Two writers lose nothing", bank=Seen(bank, "run"), store=Seen(store, known))


async def size(scene: Scene) -> Row:
    """One text of 200,000 characters."""
    kept = await scene.brain.retain(LONG, "long")
    larger = scene.brain_with("long", "barriers: {validation: {max_content_length: 300000}}")
    raised = await larger.retain(LONG, "long")
    try:
        fits = scene.kept_in_store(LONG) == LONG
    except APIStatusError as error:
        if error.status_code not in (400, 413, 422):  # how it is refused isn't documented
            raise
        fits = False
    return Row(
        "Holds 200,000 characters",
        bank=Seen({"as it comes": kept.stored, "with its limit raised, in pieces": raised.stored}, "run"),
        store=Seen({"in one memory": fits}, scene.by_rule("a memory holds at most 102,400 bytes")),
    )


async def deletion(scene: Scene) -> Row:
    """Deleted once, and then once more: is the text still there?"""
    text, bank = "Ada once sang in a choir of policemen.", "choir"
    id = str((await scene.brain.retain(text, bank)).memory_id)
    await scene.brain.forget(bank, memory_ids=[id])
    forgotten = scene.on_disk(text)
    await scene.brain.erase(bank, [id])
    with scene.note(text) as note:
        pass  # deleted at the end of the block
    deleted = scene.in_versions(note.id, text)
    for version in scene.versions.list(scene.store, memory_id=note.id):
        scene.versions.redact(version.id, memory_store_id=scene.store)
    store = {"after delete": not deleted, "after redact": not scene.in_versions(note.id, text)}
    known = scene.by_rule("redacting a version clears content")
    return Row(
        "Deleted is deleted",
        bank=Seen({"after forget": not forgotten, "after erase": not scene.on_disk(text)}, rests_on="run"),
        store=Seen(store, known),
    )


async def poison(scene: Scene) -> Row:
    """A note that gives orders, and an agent that obeys them as far as its tools let it."""
    truth = NOTES["/work/launch.md"].strip()
    writable, read_only = map(store_after_obeying, ("read_write", "read_only"))
    launches = await bank_after_obeying(scene.folder)
    bank = {
        "the truth is still there": truth in launches,
        "no falsehood beside it": "Ada's product launch is cancelled." not in launches,
    }
    store = {
        "read_only: the note is as it was": read_only == [truth],
        "read_write: so is its last version but one": writable[1:] == [truth],
        "read_write: the note is as it was": writable[0] == truth,
    }
    return Row("A poisoned note", bank=Seen(bank, "if it obeys"), store=Seen(store, "if it obeys"))

"""The nine rows of Astrocyte's page, each an experiment on both sides.

print(await rows.personal_data(scene))
show_source(rows.deduplication)
"""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime

from astrocyte import AstrocyteContext

from utilities import stream_until_end_turn
from utilities.replay.testing import ManagedAgentsApi

from ..places import DATA
from .evidence import by_rule
from .row import Row, Seen
from .scene import BANK, NOTES, Scene, refused
from .searches import any_of, content_words

__all__ = [
    "compliance", "deduplication", "isolation", "paths", "personal_data", "reflect", "search", "versions",
    "zero_code",
]  # fmt: skip

MOUNTED = "a store is mounted at `/mnt/memory/`"
DREAM = "the output of a dream is a new store"  # the rule that the documentation gives for dreams
RULES = """
version: "1.0"
rules:
  - {name: secrets-to-the-vault, priority: 1, match: {tags: secret}, action: {bank: vault}}
  - {name: no-health, priority: 2, match: {tags: health}, action: {retain_policy: reject}}
  - {name: no-personal-data, priority: 3, match: {pii_detected: true}, action: {retain_policy: reject}}
"""


async def search(scene: Scene) -> Row:
    """A question that shares no word with the note that answers it; then a word of the note itself."""
    note, asked = "Ada is allergic to hazelnuts.", "Which food would make the user ill?"
    first, *_ = await scene.recalled(asked)
    same_words = await scene.grep(any_of(content_words(asked)))
    return Row(
        "Semantic search",
        bank=Seen({"by meaning": first == note}, rests_on="run"),
        store=Seen(
            {
                "by word: the agent's grep": note in await scene.grep("hazelnut"),
                "by meaning": note in same_words,
                "by word: the API": scene.offers("search|query|match|similar|contain"),
            },
            rests_on=scene.by_rule("memories are listed by `path_prefix`"),
        ),
    )


async def reflect(scene: Scene) -> Row:
    """Is there somebody who makes an answer, or an order, of what is kept?"""
    wanted = {NOTES[f"/travel/{name}.md"].strip() for name in ("trains", "hotels")}
    answer = await scene.brain.reflect("What does Ada want on trains and in hotels?", BANK)
    return Row(
        "Reflect",
        bank=Seen(
            {"a model gets the memories": wanted <= {s.text for s in answer.sources or []}},
            rests_on="run",
        ),
        store=Seen(
            {
                "later, by a dream": hasattr(scene.client.beta, "dreams"),
                "a method that answers": scene.offers("reflect|answer|ask"),
            },
            rests_on=by_rule(DREAM),
        ),
    )


async def personal_data(scene: Scene) -> Row:
    """One sentence with an address and a street, the address once more as a tag: what is kept of them?"""
    said = "Write to ada@example.org, or come to 5 Church Lane."
    address, street = "ada@example.org", "Church Lane"
    await scene.brain.clear_bank("scrap")
    await scene.brain.retain(said, "scrap", tags=[address])
    [hit] = (await scene.brain.recall("contact", "scrap")).hits
    kept = scene.kept_in_store(said)  # create, retrieve, delete
    return Row(
        "PII barriers",
        bank=Seen(
            {
                "address gone": address not in hit.text,
                "street gone": street not in hit.text,
                "tag looked at": address not in (hit.tags or []),
            },
            rests_on="run",
        ),
        store=Seen({"address gone": address not in kept}, rests_on=scene.by_rule("a memory has the size")),
    )


async def isolation(scene: Scene) -> Row:
    """Bruno's tools and Bruno's session: do they reach what is Ada's?"""
    hers = (await scene.brain.recall("hazelnuts", BANK)).hits[0].memory_id
    bruno = scene.tools("user-bruno", include_forget=True)
    hits = json.loads(await bruno["memory_recall"].call({"query": "hazelnuts"}))["hits"]
    forgotten = not await refused(bruno["memory_forget"], {"memory_ids": hers})
    his = scene.new_store("Bruno's notes", {"/travel/trains.md": "On trains Bruno sleeps."})
    mounted = [mount.memory_store_id for mount in scene.session_with(his).resources]
    with scene.note("Ada's secret.") as note:
        crossed = scene.has(his, note.id)
    return Row(
        "Multi-bank isolation",
        bank=Seen({"nothing found across": not hits, "nothing forgotten": not forgotten}, "run"),
        store=Seen(
            {"only his is mounted": mounted == [his], "hers is unknown there": not crossed},
            scene.by_rule("a memory or version is found only in its own store", MOUNTED),
        ),
    )


async def deduplication(scene: Scene) -> Row:
    """The same sentence again, and then an update that differs from it in one number."""
    said, update = (f"Ada's product launch is on {day} March." for day in (12, 19))
    _, again, changed = await scene.retained("dates", said, said, update)
    with scene.note(said) as one, scene.note(said) as two:
        same = one.id == two.id
    return Row(
        "Deduplication",
        bank=Seen({"the same sentence dropped": not again, "an update kept": changed}, rests_on="run"),
        store=Seen(
            {
                "later, by a dream": hasattr(scene.client.beta, "dreams"),
                "the same text kept once": same,
            },
            rests_on=by_rule(DREAM, "a path that is taken"),
        ),
    )


async def compliance(scene: Scene) -> Row:
    """Three rules that one would want, and a sentence for each; the last one twice."""
    (scene.folder / "rules.yaml").write_text(RULES, "utf-8")
    ruled = scene.brain_with("ruled", f"mip_config_path: {scene.folder / 'rules.yaml'}")
    retain = scene.tools(BANK, ruled)["memory_retain"]
    await refused(retain, {"content": "The door code is 4711.", "tags": "secret"})
    in_vault, here = [(await ruled.recall("door code", bank)).hits for bank in ("vault", BANK)]
    health = await refused(retain, {"content": "Ada has a bad knee.", "tags": "health"})
    flagged = await ruled.retain("Write to ada@example.org.", BANK, pii_detected=True)
    found = await refused(retain, {"content": "Write to ada@example.org again."})
    bank = {
        "a tag routes": bool(in_vault) and not here,
        "a tag refuses": bool(health),
        "refuses what the caller flags": not flagged.stored,
        "refuses what the barrier finds": bool(found),
    }
    store = {"rules of any kind": scene.offers("rule|policy")}
    return Row("Compliance rules", bank=Seen(bank, rests_on="run"), store=Seen(store, rests_on="run"))


async def paths(scene: Scene) -> Row:
    """A folder is listed; and what comes nearest to it in a bank: does a tag narrow a search?"""
    await scene.brain.clear_bank("tagged")
    await scene.brain.retain("The flight is at noon.", "tagged", tags=["travel"])
    await scene.brain.retain("The flight of stairs is steep.", "tagged", tags=["home"])
    tagged = await scene.recalled("flight", "tagged", tags=["travel"])
    in_folder = {memory.path for memory in scene.memories.list(scene.store, path_prefix="/travel/")}
    top = [memory.path for memory in scene.memories.list(scene.store, path_prefix="/", depth=1)]
    bank = {
        "a path for a memory": "path" in inspect.signature(scene.brain.retain).parameters,
        "a tag narrows a search": len(tagged) == 1,
    }
    store = {
        "a folder can be listed": in_folder == {path for path in NOTES if path.startswith("/travel/")},
        "and the folders": any(path.strip("/") == "work" for path in top),
    }
    known = scene.by_rule("memories are listed by `path_prefix`")
    return Row("Path-based organisation", bank=Seen(bank, "run"), store=Seen(store, known))


async def versions(scene: Scene) -> Row:
    """A date moves: what was there before, and who wrote the new one?"""
    old, new = (f"Ada's product launch is on {day} March." for day in (12, 19))
    await scene.retained("history", old)
    between = datetime.now(UTC)
    await scene.brain.retain(new, "history", context=AstrocyteContext(principal="user:bruno"))
    then = [hit.text for hit in (await scene.brain.history("product launch", "history", between)).hits]
    *_, change = (await scene.brain.list_changes("history")).changes
    with scene.note(old) as note:
        scene.memories.update(note.id, memory_store_id=scene.store, content=new)
        last, created = scene.versions.list(scene.store, memory_id=note.id, view="full")
    bank = {
        "what it said before": then == [old],
        "who wrote it": (change.metadata or {}).get("_actor") == "user:bruno",
    }
    store = {"what it said before": created.content == old, "who wrote it": bool(last.created_by)}
    known = scene.by_rule("every change to a memory is a version", "a client's version is by `api_actor`")
    return Row("Version history", bank=Seen(bank, "run"), store=Seen(store, known))


async def zero_code(scene: Scene) -> Row:
    """Your process sends the question and does nothing else. Does the turn end?"""
    with ManagedAgentsApi(DATA / "recordings") as server:
        waiting = server.create_session("04_recall")  # an agent that calls memory_recall
        asked = "What must a kitchen know before it cooks for me?"
        outcome = stream_until_end_turn(server.client, waiting, asked, timeout=60).outcome
    session = scene.session_with(scene.store)
    return Row(
        "Zero-code set-up",
        bank=Seen({"a call has its answer": outcome == "end_turn"}, rests_on=by_rule("a custom-tool turn")),
        store=Seen(
            {
                "one entry in resources=[…]": len(session.resources) == 1,
                "no tool for you to run": all(tool.type != "custom" for tool in session.agent.tools),
            },
            rests_on=scene.by_rule(MOUNTED),
        ),
    )

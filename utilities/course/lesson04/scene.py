"""Where lesson 04's experiments run: a brain and a memory store of their own, the same notes in both.

    scene = await lesson04.scene(client, made)
    print(await rows.personal_data(scene))

Nothing that a learner's cells do to their own bank and store reaches it.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from anthropic import Anthropic, NotFoundError
from anthropic.lib.tools import ToolError
from astrocyte import Astrocyte

from utilities import memory_tools, open_brain
from utilities.made import Made
from utilities.replay.making.sandbox import memories_in

from ..places import DATA
from ..who_acted import replays
from .evidence import by_rule
from .searches import Fact, Grep

__all__ = ["BANK", "HANDBOOK", "NOTES", "Scene", "SceneEnded", "refused", "scene"]

# Astrocyte's log says what it redacts; that is no news in a lesson about it.
logging.getLogger("astrocyte").addHandler(logging.NullHandler())

NOTES = memories_in(DATA / "memory" / "notes")  # content by path
HANDBOOK = memories_in(DATA / "memory" / "handbook")
BANK = "user-ada"
MODEL = "claude-sonnet-4-6"


class SceneEnded(RuntimeError):
    """The scene's folder is gone: `made.end()` has removed it."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]


@dataclass
class Scene:
    """What an experiment works with.

    Attributes:
        client: of the service that has the store.
        made: remembers what is made there.
        folder: a temporary one.
        opened: a brain with the notes in the bank `BANK`.
        store: the id of a memory store with the same notes.
    """

    client: Anthropic
    made: Made
    folder: Path
    opened: Astrocyte
    store: str

    @property
    def brain(self) -> Astrocyte:
        """The brain.

        Raises:
            SceneEnded: its file is gone.
        """
        if not self.folder.exists():
            raise SceneEnded(
                "the scene has ended (made.end()), and its brain is deleted: run the cell with "
                "`scene = await lesson04.scene(client, made)` again, then this one"
            )
        return self.opened

    def by_rule(self, *parts: str) -> str:
        """What a verdict on the store rests on: rules of the replay server, or live the service itself."""
        return by_rule(*parts) if self._replays else "run"

    @cached_property
    def _replays(self) -> bool:
        return replays(self.client)

    # -- the bank ------------------------------------------------------------------------------------------

    async def recalled(self, question: str, bank: str = BANK, **options: Any) -> list[str]:
        """The texts that a recall finds, best first."""
        return [hit.text for hit in (await self.brain.recall(question, bank, **options)).hits]

    async def retained(self, bank: str, *texts: str) -> list[bool]:
        """Put texts into a bank that is empty before; for each, whether it was stored."""
        await self.brain.clear_bank(bank)
        return [bool((await self.brain.retain(text, bank)).stored) for text in texts]

    def tools(self, bank: str, brain: Astrocyte | None = None, **flags: Any) -> dict[str, Any]:
        """The memory tools of a bank, by name."""
        return {tool.name: tool for tool in memory_tools(brain or self.brain, bank, **flags)}

    def brain_with(self, name: str, settings: str) -> Astrocyte:
        """A brain of its own, with these lines of YAML among its settings."""
        file = self.folder / f"{name}.yaml"
        database = self.folder / f"{name}-{token_hex(4)}.db"
        file.write_text(
            f"vector_store: sqlite\nvector_store_config: {{path: {database}}}\n{settings}", "utf-8"
        )
        return open_brain(config=file)

    def on_disk(self, text: str) -> bool:
        """Whether the brain's file has a text in it, searchable or not."""
        return any(text.encode() in file.read_bytes() for file in self.folder.glob("brain.db*"))

    # -- the store -----------------------------------------------------------------------------------------

    @property
    def memories(self) -> Any:
        return self.client.beta.memory_stores.memories

    @property
    def versions(self) -> Any:
        return self.client.beta.memory_stores.memory_versions

    @contextmanager
    def note(self, content: str) -> Iterator[Any]:
        """A note in the store, for as long as the block."""
        made = self.memories.create(self.store, path=f"/inbox/{token_hex(4)}.md", content=content)
        try:
            yield made
        finally:
            self.memories.delete(made.id, memory_store_id=self.store)

    def kept_in_store(self, content: str) -> str:
        """What comes back of a note: create, retrieve, delete."""
        with self.note(content) as note:
            return str(self.memories.retrieve(note.id, memory_store_id=self.store).content)

    def read(self, memory_id: str) -> str:
        """What a note of the store says."""
        return str(self.memories.retrieve(memory_id, memory_store_id=self.store).content)

    def write(self, memory_id: str, content: str, only_if: str = "") -> Any:
        """Replace what a note says; with a SHA-256, only if that is still what it has.

        Raises:
            anthropic.ConflictError: it isn't.
        """
        memories: Any = self.client.with_options(max_retries=0).beta.memory_stores.memories
        guard = {"precondition": {"type": "content_sha256", "content_sha256": only_if}} if only_if else {}
        return memories.update(memory_id, memory_store_id=self.store, content=content, **guard)

    def in_versions(self, memory_id: str, text: str) -> bool:
        """Whether a version of a memory still has a text."""
        versions = self.versions.list(self.store, memory_id=memory_id, view="full")
        return any(text in (version.content or "") for version in versions)

    def new_store(self, name: str, notes: dict[str, str]) -> str:
        """The id of one more store, with these notes."""
        store = self.made(self.client.beta.memory_stores.create(name=name))
        for path, content in notes.items():
            self.memories.create(store.id, path=path, content=content)
        return store.id

    def has(self, store: str, memory_id: str) -> bool:
        """Whether a memory is found in a store."""
        try:
            self.memories.retrieve(memory_id, memory_store_id=store)
        except NotFoundError:
            return False
        return True

    def session_with(self, store: str, access: str = "read_write") -> Any:
        """A session of an agent with file tools, which has this store and nothing else."""
        mount: Any = {"type": "memory_store", "memory_store_id": store, "access": access}
        return self.made(
            self.client.beta.sessions.create(
                agent=self._agent, environment_id=self._environment, resources=[mount]
            )
        )

    @cached_property
    def _agent(self) -> str:
        tools: Any = [{"type": "agent_toolset_20260401"}]
        agent = self.client.beta.agents.create(name="cookbook-rows", model=MODEL, tools=tools)
        return self.made(agent).id

    @cached_property
    def _environment(self) -> str:
        config: Any = {"type": "cloud", "networking": {"type": "limited"}}
        name = f"cookbook-rows-{token_hex(4)}"  # names of environments are unique
        return self.made(self.client.beta.environments.create(name=name, config=config)).id

    @cached_property
    def offered(self) -> set[str]:
        """The names of all methods and parameters that the SDK has for stores, memories and versions."""
        names: set[str] = set()
        for resource in (self.client.beta.memory_stores, self.memories, self.versions):
            for name, method in inspect.getmembers(resource, inspect.ismethod):
                if not name.startswith("_"):
                    names |= {name, *inspect.signature(method).parameters}
        return names - {"betas", "extra_body", "extra_headers", "extra_query", "timeout"}  # of every method

    def offers(self, pattern: str) -> bool:
        """Whether one of these names has such a part."""
        return any(re.search(pattern, name) for name in self.offered)

    async def grep(self, pattern: str) -> list[str]:
        """The lines of the notes that the agent's own grep tool finds, in files as a session has them."""
        lines = [Fact(text.strip()) for text in NOTES.values()]
        return await Grep(lines, self.folder / "mounted").lines(pattern)


async def scene(client: Anthropic, made: Made) -> Scene:
    """A brain and a store with the same notes, in a temporary folder that `made.end()` removes.

    Raises:
        anthropic.APIError: the service refused.
    """
    folder = Path(mkdtemp())
    made.also(rmtree, folder, True)  # on Windows a database in it may still be open
    brain = open_brain(folder / "brain.db", client=client)
    for text in NOTES.values():
        await brain.retain(text.strip(), BANK)
    here = Scene(client, made, folder, brain, "")
    here.store = here.new_store("Ada's notes", NOTES)
    return here


async def refused(tool: Any, arguments: dict[str, Any]) -> str:
    """What a tool says when it refuses, as the agent reads it; empty if it doesn't."""
    try:
        await tool.call(arguments)
    except ToolError as error:
        return str(error)
    return ""

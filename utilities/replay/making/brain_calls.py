"""An agent's memory in a scenario: the calls of its memory tools, executed on a real Astrocyte brain.

A scenario with

    [brain]
    bank = "user-ada"
    include_forget = true        # the agent has memory_forget as well
    after = "02_first_session"   # optional: begin with what the agent of that scenario has retained,
    folder = "memory/notes"      # or with each file of this folder of example_data, retained in path order

has its `custom = "memory_…"` calls without a `result` executed here. Beside a call of `memory_reflect`,
`reflect` is what the model answers, by hand: Astrocyte's prompt and that answer become a recording of
`POST /v1/messages` (see `recordings.exchanges`). `tools = "astrocyte"` answers with Astrocyte's own
`handle_memory_tool` instead of our `memory_tools`.

Astrocyte draws the ids of memories at random. In a recording they are replaced by fixed ones that look
alike; `{memory:2}` in the agent's moves is the second id that was seen, counted from the first scenario on.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tomllib
from pathlib import Path
from typing import Any

import httpx2
from anthropic import Anthropic
from anthropic.lib.tools import ToolError
from astrocyte.integrations.claude_managed_agents import handle_memory_tool, memory_tool_definitions

from ...memory.brain import open_brain
from ...memory.tools import memory_tools
from ..recorder import Recorder, by_hand
from ..recordings.masks import ids_in
from .sandbox import memories_in

# Astrocyte logs what it redacts; without a handler that would be on the terminal, as if something were wrong.
logging.getLogger("astrocyte").addHandler(logging.NullHandler())

PLACEHOLDER = re.compile(r"\{memory:([0-9]+)\}")
NOTE = (
    " Its memory tools were executed for real too, on an Astrocyte brain; the random ids of memories are "
    "replaced by fixed ones."
)
BY_HAND = " What the model answered to memory_reflect was written by hand."


def fixed_id(number: int) -> str:
    """The id that a recording has for the memory whose id was seen as the how manieth; 1 is the first."""
    return hashlib.sha256(f"memory/{number}".encode()).hexdigest()[:16]


class BrainCalls:
    """The brain of one scenario, in a scratch folder.

    Args:
        path: the scenario; those that it names in `after` are beside it.
        folder: where the brain's file goes.
        answers: the folder for the recording of what is asked of the model.
    """

    def __init__(self, path: Path, folder: Path, answers: Path) -> None:
        self.path, self.text = path, path.read_text("utf-8-sig")
        recorder = Recorder(
            answers / f"{path.stem}.messages.jsonl", recorded_at=tomllib.loads(self.text)["start"]
        )
        http_client = httpx2.Client(transport=by_hand(lambda request: self.answer))
        client = Anthropic(api_key="none", http_client=http_client, middleware=[recorder], max_retries=0)
        self.brain = open_brain(folder / "brain.db", client=client)
        self.answer = ""  # of the model, to the call that is being executed
        self.ids: dict[str, str] = {}  # the brain's → the recording's
        self.note = NOTE

    async def begin(self) -> dict[str, Any]:
        """Bring the brain to where the scenario begins.

        Returns:
            The scenario, with its memory tools among the agent's, and ids in place of `{memory:…}`.
        """
        scenario = _read(self.text)
        await self._catch_up(scenario)
        forgets = scenario["brain"].get("include_forget", False)
        scenario["agent"]["tools"] += memory_tool_definitions(include_forget=forgets)
        return scenario

    async def _catch_up(self, scenario: dict[str, Any]) -> None:
        if "folder" in scenario["brain"]:
            for text in memories_in(self.path.parents[1] / scenario["brain"]["folder"]).values():
                await self.brain.retain(text.strip(), scenario["brain"]["bank"])
        if (after := scenario["brain"].get("after")) is None:
            return
        before = _read((self.path.parent / f"{after}.toml").read_text("utf-8-sig"))
        await self._catch_up(before)
        calls = (c for turn in before["turns"] for r in turn["requests"] for c in r.get("calls", ()))
        for call in calls:  # to reflect changes nothing
            name = call.get("custom", "")
            if name.startswith("memory_") and name != "memory_reflect" and "result" not in call:
                await self.call(call, before["brain"])

    def require_seen(self) -> None:
        """Each id that the scenario names has been seen by its end.

        Raises:
            ValueError: one has not.
        """
        for number in map(int, PLACEHOLDER.findall(self.text)):
            if not 1 <= number <= len(self.ids):
                raise ValueError(f"{{memory:{number}}}: {len(self.ids)} ids were seen, and the first is 1")

    async def call(self, call: dict[str, Any], given: dict[str, Any]) -> tuple[str, bool]:
        """Execute one call.

        Args:
            call: the scenario's.
            given: the scenario's `brain`.

        Returns:
            The result as it is recorded, and whether it is an error.
        """
        name, bank = call["custom"], given["bank"]
        if name == "memory_reflect":
            self.answer, self.note = call["reflect"], NOTE + BY_HAND
        arguments = {key: self._renamed(value, real=True) for key, value in call["input"].items()}
        if given.get("tools") == "astrocyte":
            text, is_error = await handle_memory_tool(self.brain, name, arguments, bank_id=bank), False
        else:
            tools = memory_tools(self.brain, bank, include_forget=given.get("include_forget", False))
            tool = {tool.name: tool for tool in tools}[name]
            try:
                text, is_error = str(await tool.call(arguments)), False
            except ToolError as error:
                text, is_error = str(error.content), True
        for id in ids_in(text):
            self.ids.setdefault(id, fixed_id(len(self.ids) + 1))
        return self._renamed(text), is_error

    def _renamed(self, value: Any, *, real: bool = False) -> Any:
        if isinstance(value, str):
            for ours, recorded in self.ids.items():
                value = value.replace(recorded, ours) if real else value.replace(ours, recorded)
        return value


def _read(text: str) -> dict[str, Any]:
    return tomllib.loads(PLACEHOLDER.sub(lambda match: fixed_id(int(match[1])), text))

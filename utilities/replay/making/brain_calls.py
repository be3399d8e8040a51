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

import logging
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
from .format import ScriptedBrain
from .moves import ScriptedCall
from .parsing import PLACEHOLDER, ScriptedSession, Source, fixed_id, read
from .sandbox import memories_in, within

# Astrocyte logs what it redacts; without a handler that would be on the terminal, as if something were wrong.
logging.getLogger("astrocyte").addHandler(logging.NullHandler())

NOTE = (
    " Its memory tools were executed for real too, on an Astrocyte brain; the random ids of memories are "
    "replaced by fixed ones."
)
BY_HAND = " What the model answered to memory_reflect was written by hand."


class BrainCalls:
    """The brain of one scenario, in a scratch folder.

    Args:
        session: the scenario; those that it names in `after` are beside it.
        data: the folder that its own folder is relative to.
        folder: where the brain's file goes.
        answers: the folder for the recording of what is asked of the model.
    """

    def __init__(self, session: ScriptedSession, data: Path, folder: Path, answers: Path) -> None:
        self.session, self.data = session, data
        recorder = Recorder(
            answers / f"{session.scenario.name}.messages.jsonl", recorded_at=session.scenario.start
        )
        http_client = httpx2.Client(transport=by_hand(lambda request: self.answer))
        client = Anthropic(api_key="none", http_client=http_client, middleware=[recorder], max_retries=0)
        self.brain = open_brain(folder / "brain.db", client=client)
        self.answer = ""  # of the model, to the call that is being executed
        self.ids: dict[str, str] = {}  # the brain's → the recording's
        self.note = NOTE

    async def begin(self) -> None:
        """Bring the brain to where the scenario begins, and put its memory tools among the agent's."""
        given = self._given
        await self._catch_up(self.session, ())
        agent = self.session.header["agent"]
        tools = memory_tool_definitions(include_forget=given.include_forget)
        self.session.header["agent"] = {**agent, "tools": [*agent.get("tools", []), *tools]}

    @property
    def _given(self) -> ScriptedBrain:
        assert self.session.scenario.brain is not None
        return self.session.scenario.brain

    async def _catch_up(self, session: ScriptedSession, beyond: tuple[str, ...]) -> None:
        scenario, brain = session.scenario, session.scenario.brain
        if brain is None:
            raise session.source.error((), "it has no [brain], so nothing of it is retained")
        if brain.folder is not None:
            for text in memories_in(within(self.data, brain.folder)).values():
                await self.brain.retain(text.strip(), brain.bank)
        if brain.after is None:
            return
        path = session.source.path.with_name(f"{brain.after}.toml")
        if brain.after in beyond or not path.is_file():
            raise session.source.error(
                ("brain", "after"), f"there is no {path.name}, or it comes after this one"
            )
        (before,) = read(path)
        await self._catch_up(before, (*beyond, scenario.name))
        for call in (c for turn in before.scenario.turns for r in turn.requests for c in r.calls):
            executed = (call.custom or "").startswith("memory_") and call.result is None
            if executed and call.custom != "memory_reflect":  # which changes nothing
                await self._call(call, before.scenario.brain or brain)

    def require_seen(self) -> None:
        """Each id that the scenario names has been seen by its end.

        Raises:
            ValueError: one has not.
        """
        for number in map(int, PLACEHOLDER.findall(self.session.text)):
            if not 1 <= number <= len(self.ids):
                raise ValueError(f"{{memory:{number}}}: {len(self.ids)} ids were seen, and the first is 1")

    async def call(self, call: ScriptedCall, source: Source) -> tuple[str, bool]:
        """Execute one call of the scenario.

        Returns:
            The result as it is recorded, and whether it is an error.

        Raises:
            ScenarioError: it is none that can be executed.
        """
        if call.custom == "memory_reflect" and call.reflect is None:
            raise source.error((), "'reflect' is missing: what the model answers")
        try:
            return await self._call(call, self._given)
        except KeyError as error:
            raise source.error(("custom",), f"the agent has no memory tool {error}") from error

    async def _call(self, call: ScriptedCall, given: ScriptedBrain) -> tuple[str, bool]:
        name, bank = str(call.custom), given.bank
        if name == "memory_reflect":
            self.answer, self.note = call.reflect or "", NOTE + BY_HAND
        arguments = {key: self._renamed(value, real=True) for key, value in call.input.items()}
        if given.tools == "astrocyte":
            text, is_error = await handle_memory_tool(self.brain, name, arguments, bank_id=bank), False
        else:
            tools = memory_tools(self.brain, bank, include_forget=given.include_forget)
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

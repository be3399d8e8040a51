"""A run against the service: what probes need, marked, counted, and taken away afterwards."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from anthropic import Anthropic

from tests.live.probe import NOT_ASKED, Finding, NotAsked, Probe, found
from utilities.replay.assumptions import QUESTIONS

MADE_BY = "managed-agents-cookbook confirm-live"
PREFIX = "confirm-live"  # of names; files have no metadata, so it is all that marks them
TURN_SECONDS = 180.0
TOOL = {
    "type": "custom",
    "name": "lookup_order",
    "description": "Looks up an order by its number. Call it whenever the user asks about an order.",
    "input_schema": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
}


class Run:
    """One run.

    Args:
        client: the SDK's client, with a key.
        id: of the run; in every name and in all metadata.
        model: of the agents that take turns.
        cap: US cents that turns may cost together; 0 for none.
        pause: seconds between two looks.
        long: whether to ask what takes minutes.
    """

    def __init__(
        self, client: Anthropic, id: str, model: str, cap: int = 0, pause: float = 1.0,
        long: bool = False,
    ) -> None:  # fmt: skip
        self.client, self.id, self.model, self.cap, self.pause = client, id, model, cap, pause
        self.long = long
        # For calls that are meant to be refused: repeated, a 409 takes seconds and may mean something else.
        self.once = client.with_options(max_retries=0)
        self.marks = {"made_by": MADE_BY, "run": id}
        self.turned: dict[str, int] = {}  # cents that are set aside, by session with a turn

    # -- making things -------------------------------------------------------------------------------

    def name(self, what: str) -> str:
        return f"{PREFIX}-{self.id}-{what}"

    def agent(self, what: str = "agent", **fields: Any) -> Any:
        wanted = {"name": self.name(what), "model": self.model, "metadata": self.marks, **fields}
        return self.client.beta.agents.create(**wanted)

    def environment(self, what: str, **fields: Any) -> Any:
        return self.client.beta.environments.create(
            name=self.name(what), metadata=self.marks, **{"config": {"type": "cloud"}, **fields}
        )

    def deployment(self, what: str, **fields: Any) -> Any:
        """A deployment without a schedule; what a run of it starts, the service stops at a cent."""
        return self.client.beta.deployments.create(**(self.deploying(what) | fields))

    def deploying(self, what: str) -> dict[str, Any]:
        """What every deployment is created with."""
        agent, environment = self.plain_agent.id, self.plain_environment.id
        return {
            "name": self.name(what), "agent": agent, "environment_id": environment, "metadata": self.marks,
            "initial_events": [message("Say hello in one word.")], "budget": limit(1),
        }  # fmt: skip

    def store(self, what: str) -> Any:
        return self.client.beta.memory_stores.create(name=self.name(what), metadata=self.marks)

    def vault(self, what: str) -> Any:
        return self.client.beta.vaults.create(display_name=self.name(what), metadata=self.marks)

    def file(self, what: str, content: bytes = b"a") -> Any:
        return self.client.beta.files.upload(file=(f"{self.name(what)}.txt", content, "text/plain"))

    @cached_property
    def plain_agent(self) -> Any:
        """An agent for all that only need one."""
        return self.agent("plain")

    @cached_property
    def plain_environment(self) -> Any:
        return self.environment("plain")

    @property
    def wanted(self) -> dict[str, Any]:
        """What every session is created with."""
        agent, environment = self.plain_agent.id, self.plain_environment.id
        return {"agent": agent, "environment_id": environment, "metadata": self.marks}

    def session(self, **fields: Any) -> Any:
        """A session without a turn."""
        return self.client.beta.sessions.create(**(self.wanted | fields))

    # -- turns ---------------------------------------------------------------------------------------

    def session_for_a_turn(self, cents: int, **fields: Any) -> Any:
        """A session that the service itself stops at so many cents.

        Raises:
            NotAsked: the cap doesn't allow it any more.
        """
        self.require(cents)
        session = self.session(**{"budget": limit(cents), **fields})
        self.turned[session.id] = cents
        return session

    def require(self, cents: int) -> None:
        """Before something starts a turn that costs so much at most.

        Raises:
            NotAsked: the cap doesn't allow it any more.
        """
        if self.spent() + cents > self.cap:
            raise NotAsked(f"the cap of {self.cap} cents is reached")

    def spent(self) -> int:
        """US cents, rounded up; for a session that doesn't say what it cost, what was set aside for it."""
        total = 0
        for session_id, set_aside in self.turned.items():
            cost = self.client.beta.sessions.retrieve(session_id).usage.list_cost
            total += set_aside if cost is None else math.ceil(float(cost.amount))
        return total

    def send(self, session_id: str, *events: dict[str, Any]) -> Any:
        sent: Any = list(events)
        return self.once.beta.sessions.events.send(session_id, events=sent)

    def events(self, session_id: str) -> list[Any]:
        return list(self.client.beta.sessions.events.list(session_id, order="asc"))

    def turn(self, session_id: str, text: str) -> Any:
        """Say something and wait; the idle event that ends the turn, or that waits for an answer."""
        before = len(self._idles(session_id))
        self.send(session_id, message(text))
        return self.next_idle(session_id, before)

    def next_idle(self, session_id: str, before: int) -> Any:
        """The first idle event after so many."""
        self.until(lambda: len(self._idles(session_id)) > before, "the session did not become idle")
        return self._idles(session_id)[before]

    def _idles(self, session_id: str) -> list[Any]:
        return [event for event in self.events(session_id) if event.type == "session.status_idle"]

    def parked(self, cents: int) -> tuple[str, Any]:
        """A session that waits for the result of one custom call: its id, and the call.

        Raises:
            NotAsked: the agent didn't call the tool.
        """
        session = self.session_for_a_turn(cents, agent=self.caller.id)
        idle = self.turn(session.id, "Where is order 1001?")
        waiting = getattr(idle.stop_reason, "event_ids", None) or []
        calls = [event for event in self.events(session.id) if event.id in waiting]
        if not calls:
            raise NotAsked(f"the agent called no tool: it stopped with {idle.stop_reason.type}")
        return session.id, calls[0]

    def settled(self, session_id: str) -> str:
        """The status, once it no longer says running: it follows the idle event."""
        retrieve = self.client.beta.sessions.retrieve
        self.until(lambda: retrieve(session_id).status != "running", "the status went on to say running", 60)
        return str(retrieve(session_id).status)

    @cached_property
    def caller(self) -> Any:
        """An agent that calls a tool of ours."""
        system = "You answer questions about orders. Always call lookup_order first. One short sentence."
        return self.agent("caller", system=system, tools=[TOOL])

    def until(self, condition: Callable[[], object], otherwise: str, seconds: float = TURN_SECONDS) -> float:
        """Look until it holds; how many seconds that took.

        Raises:
            NotAsked: it didn't in this time.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise NotAsked(f"{otherwise} in {seconds:g} seconds")
            time.sleep(self.pause)
        return time.monotonic() - began

    # -- asking --------------------------------------------------------------------------------------

    def ask(self, probe: Probe) -> Finding:
        """What comes of a probe; whatever goes wrong in one is its own finding, and the others are asked."""
        if probe.cents > self.cap:
            return Finding(NOT_ASKED, f"it starts a turn: --spend {probe.cents} or more")
        try:
            finding = probe.ask(self)
        except NotAsked as reason:
            return Finding(NOT_ASKED, str(reason))
        except Exception as error:  # what the others have found was paid for, and has to be kept
            return Finding(NOT_ASKED, f"{type(error).__name__}: {error}")
        if probe.question in QUESTIONS:
            return found(finding.answer == QUESTIONS[probe.question].default, finding.seen, finding.answer)
        return finding


def limit(cents: int) -> dict[str, Any]:
    """A budget."""
    return {"type": "limit", "max_list_cost": {"amount": str(cents), "currency": "USD"}}


def message(text: str) -> dict[str, Any]:
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


def result(call_id: str, text: str = "Order 1001 is on its way.") -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call_id, "content": content}

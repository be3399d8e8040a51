"""Where lesson 05 and its deep notebooks happen: one agent, at a pace, or at once and breakable.

A turn that is over in a moment can't be followed in three ways. So on recordings there is a second replay
server, which takes its time and delivers webhooks. What is broken on purpose is broken on a replay server,
also with a key: the hosted service can't be asked to break.
"""

from __future__ import annotations

import json
import queue
from contextlib import ExitStack
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from anthropic import Anthropic

from utilities import WebhookReceiver, made_with, new_secret, outputs_of, serving
from utilities.client import is_set
from utilities.loopback import direct
from utilities.replay import Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.webhooks.sender import Endpoint

from ..places import DATA, RECORDINGS
from ..who_acted import replays

__all__ = ["AGENT", "OPEN_TICKET", "PacedScene", "replay_server", "scene"]

SPEED = 20.0  # seconds of the recorded turn in one second; at 40, those who poll keep each other waiting
AGENT = "cookbook-slow-paths"
SYSTEM = (
    "You look after the response times of a shop's web server. Say what you measured, and how sure it is. "
    "Open tickets with open_ticket, one for each path."
)
OPEN_TICKET = {
    "type": "custom",
    "name": "open_ticket",
    "description": "Open a ticket for the team that looks after a path.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
}
ENDED = ("session.status_idled",)  # as webhooks name it


@dataclass(frozen=True)
class Hired:
    """What sessions are made with: ids of an agent, an environment and an upload."""

    agent: str
    environment: str
    upload: str


class PacedScene:
    """The agent, and clients for it.

    Args:
        client: the notebook's.
        model: of the agent.
        speed: seconds of the recorded turn in one second of `paced`.

    Attributes:
        given, model: the same.
        client: for a turn that goes by at once: the notebook's, or on the hosted API a replay server's.
        paced: for a turn that takes its time: a replay server's, or on the hosted API the notebook's.
        speed: seconds of the turn in one second of `paced`.
        live: whether `paced` is the hosted API.
        slower: the paths that were made slower when the file was written: the answer.
        told: ids of sessions of `paced`, put there by a webhook when one has become idle. None are told of
            when live, since no service can reach a laptop.
    """

    def __init__(self, client: Anthropic, model: str, speed: float = SPEED) -> None:
        self.given, self.model, self.live = client, model, not replays(client)
        self.made = made_with(client)
        self.told: queue.Queue[str] = queue.Queue()
        self.speed = 1.0 if self.live else speed
        if self.live:
            self.paced, self.client = client, _client_of(replay_server())
        else:
            self.client, self.paced = client, self._at_a_pace(client)
        self._hired: dict[str, Hired] = {}
        planted = json.loads((DATA / "slow_paths" / "planted.json").read_text("utf-8"))
        self.slower: list[str] = sorted(planted["slower"])

    def __str__(self) -> str:
        if self.live:
            return "at the hosted service's own pace; what is broken on purpose, on a replay server"
        return f"{self.speed:g} times as fast as recorded; all times are given in seconds of the turn"

    def _at_a_pace(self, client: Anthropic) -> Anthropic:
        secret, servers = new_secret(), ExitStack()
        receiver = WebhookReceiver(secret, lambda session_id, types: self.told.put(session_id), types=ENDED)
        url = servers.enter_context(serving(receiver))
        server = replay_server(speed=self.speed, webhook=Endpoint(url, secret))
        self._servers = servers  # it goes on with the kernel, as the server of `connect` does
        return client.with_options(base_url=server.base_url, **direct(Anthropic, server.base_url))

    def session(self, title: str, client: Anthropic | None = None, **options: Any) -> Any:
        """A new session of the agent; it is ended by the notebook's last section.

        Args:
            title: what it is called.
            client: where; `self.client` if not said.
            options: of `sessions.create`.
        """
        client = client or self.client
        hired = self._hire(client)
        mounted: Any = [{"type": "file", "file_id": hired.upload, "mount_path": "/requests.csv"}]
        made: Any = made_with(client)
        return made(
            client.beta.sessions.create(
                agent=hired.agent, environment_id=hired.environment, resources=mounted, title=title, **options
            )
        )

    def _hire(self, client: Anthropic) -> Hired:
        """The agent on this client's server; made anew when the clean-up has archived it."""
        url, made = str(client.base_url), made_with(client)
        if url not in self._hired:
            tools: Any = [{"type": "agent_toolset_20260401"}]
            if not (self.live and client is self.paced):  # live it might open tickets unasked, and wait
                tools.append(OPEN_TICKET)
            beta = client.beta
            agent = made(beta.agents.create(name=AGENT, model=self.model, system=SYSTEM, tools=tools))
            environment = made(
                beta.environments.create(
                    name=f"{AGENT}-{token_hex(4)}",  # names of environments are unique
                    config={"type": "cloud", "networking": {"type": "limited"}},
                )
            )
            upload = made(beta.files.upload(file=DATA / "slow_paths" / "requests.csv"))
            self._hired[url] = Hired(agent.id, environment.id, upload.id)
            self.made.also(self._hired.pop, url, None)
            if made is not self.made:
                self.made.also(made.end)
        return self._hired[url]

    def breaking(self, faults: str) -> Anthropic:
        """`client`, with these faults of the replay server for it alone; it prints no notes.

        Args:
            faults: a spec; `python -m utilities.replay --faults help` has them.
        """
        return self.client.with_options(middleware=[], default_headers={FAULTS_HEADER: faults})

    def found(self, session: Any) -> list[str]:
        """The paths that the agent of a paced session left in slower.txt; none if it left no such file."""
        try:
            outputs = outputs_of(self.paced, session.id, expect=["slower.txt"], interval=0.02)
        except TimeoutError:
            return []
        file = next(file for file in outputs if file.filename == "slower.txt")
        return sorted(self.paced.beta.files.download(file.id).text().split())


def scene(client: Anthropic, model: str, *, speed: float = SPEED) -> PacedScene:
    """The scene of lesson 05; the same one when a cell runs twice.

    Args:
        client: the notebook's.
        model: of the agent.
        speed: seconds of the recorded turn in one second of `paced`, on recordings.
    """
    known = _scenes.get((model, speed))
    if known is None or known.given is not client:
        known = _scenes[model, speed] = PacedScene(client, model, speed)
    return known


def replay_server(**options: Any) -> ReplayServer:
    """Another replay server on the course's recordings, until the kernel ends.

    Args:
        options: of `ReplayServer`.
    """
    strict = is_set("COOKBOOK_STRICT")
    return ReplayServer(Library.load(RECORDINGS), strict=strict, **options).start()


def _client_of(server: ReplayServer) -> Anthropic:
    url = server.base_url
    return Anthropic(api_key="recorded", base_url=url, **direct(Anthropic, url))


_scenes: dict[tuple[str, float], PacedScene] = {}  # the newest of each model and pace

"""A replay server for one test, and what happened on it.

    with ManagedAgentsApi("tests/recordings") as api:
        run_my_program(env={**os.environ, **api.environment})
        api.assert_finished()

Under pytest the fixture `managed_agents_api` is one of these; see `utilities/managed_agents_pytest`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic

from ..loopback import confining, direct
from .faults import NO_FAULTS, Faults
from .http.errors import UNRECORDED, ApiError
from .http.requests import Request, Response
from .in_process import server_here
from .played import PlayedSession, Sent
from .recordings.exchanges import is_messages, load
from .recordings.library import Library
from .recordings.recording import Recording
from .resources.subscriptions import Subscription

__all__ = ["Sent", "ManagedAgentsApi", "PlayedSession"]

KEY = "recorded"  # a key must be set for the SDK; any will do
NOT_REACHED = (
    "no request came to this test's server, so nothing was tested. A client that is made when its module is "
    "imported has read ANTHROPIC_BASE_URL before the test began: make it in the function that uses it, or "
    "give the program the test's client (managed_agents_api.client). A test that is to send nothing says so: "
    "@pytest.mark.managed_agents(requests=False)"
)
Source = Path | str | Recording


class ManagedAgentsApi:
    """A replay server for the time of a `with` block, and what happened on it.

    Args:
        recordings: files (of sessions or of messages), folders or `Recording`s, one or several of them.
        faults: what to break on purpose, `Faults` or its spec, "drop=3" for example.
        options: passed on to `ReplayServer` (`strict`, `speed`, `assume`); strict unless said otherwise.

    Attributes:
        sessions: the sessions that the program made, in order.
        exchanges: its requests, with the server's answers, in order; without those that a fault turned away.
        unrecorded: those that were refused because no recording goes on like that.

    Raises:
        RecordingError: a recording is damaged.
        FileNotFoundError: there is no such file or folder.
        FaultError: there is no such fault.
    """

    def __init__(
        self, recordings: Source | Iterable[Source] = (), *, faults: Faults | str = NO_FAULTS, **options: Any
    ) -> None:
        sources = [recordings] if isinstance(recordings, Path | str | Recording) else list(recordings)
        library = _library(sources)
        faults = Faults(faults) if isinstance(faults, str) else faults
        self.faults = faults
        self.server = server_here(library, faults=faults, **{"strict": True, **options})
        self.server.api.observer = self._observe
        self.server.api.on_refusal = self._refused
        self.strict: bool = options.get("strict", True)
        self.exchanges: list[Sent] = []
        self.unrecorded: list[Sent] = []
        self.sessions: list[PlayedSession] = []

    @property
    def base_url(self) -> str:
        return self.server.base_url

    @property
    def library(self) -> Library:
        """The recordings that it plays."""
        return self.server.api.sessions.library

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that lead a program here, in this process or in another.

        For all other hosts it finds a proxy that isn't there, so that its requests don't leave this machine;
        but for those that NO_PROXY names already.
        """
        address = {"ANTHROPIC_BASE_URL": self.base_url, "ANTHROPIC_API_KEY": KEY}
        return address | confining(os.environ)

    @cached_property
    def client(self) -> Anthropic:
        """The SDK's client, connected to this server."""
        http = direct(Anthropic, self.base_url)
        return Anthropic(api_key=KEY, base_url=self.base_url, **http)

    @cached_property
    def async_client(self) -> AsyncAnthropic:
        """The SDK's async client, connected to this server.

        It keeps no connection open, so that nobody has to close it in the event loop that used it.
        """
        http = direct(AsyncAnthropic, self.base_url, limits=httpx2.Limits(max_keepalive_connections=0))
        return AsyncAnthropic(api_key=KEY, base_url=self.base_url, **http)

    def create_session(self, *recordings: str, **options: Any) -> str:
        """A session that follows these recordings, whatever it has; for code that is given a session.

        Its agent and its environment are those of the first one.

        Args:
            recordings: their names.
            options: passed on to `sessions.create`.

        Returns:
            The session's id.

        Raises:
            ValueError: there is no such recording.
        """
        known = {recording.name: recording for recording in self.library.recordings}
        if unknown := [name for name in recordings or [""] if name not in known]:
            raise ValueError(f"there is no recording {unknown[0]!r}; there are {', '.join(known) or 'none'}")
        chosen = [known[name] for name in recordings]
        beta, header = self.client.beta, chosen[0].header
        agent = beta.agents.create(**_whole(header["agent"]))
        environment = beta.environments.create(**{**header["environment"], "name": f"for {agent.id}"})
        created = beta.sessions.create(agent=agent.id, environment_id=environment.id, **options)
        self.server.api.sessions.fitting.chosen[created.id] = chosen
        return created.id

    def assert_recorded(self) -> None:
        """Everything that was sent is recorded. The fixture checks this by itself.

        Raises:
            AssertionError: with what was sent, and what the recordings have instead.
        """
        __tracebackhide__ = True
        if self.unrecorded:
            raise AssertionError("\n".join(exchange.error for exchange in self.unrecorded))

    def assert_finished(self) -> None:
        """At least one session was made, each followed its recording to the end, and each fault happened.

        Raises:
            AssertionError: no session, or one that stopped too early, with what was to come; or a fault that
                found nothing to break.
        """
        __tracebackhide__ = True
        if not self.sessions:
            raise AssertionError(f"no session was created on {self.base_url}; {self._hint()}")
        if unfinished := [f"{session.id}: {session.missing}" for session in self.sessions if session.missing]:
            raise AssertionError("\n".join(unfinished))
        if never := self.faults.never_happened:
            named = ", ".join(map(str, never))
            told = "nothing came that it breaks; `python -m utilities.replay --faults help` says what it does"
            raise AssertionError(f"the fault {named} never happened: {told}")

    def assert_reached(self) -> None:
        """At least one request of the program came to this server. The fixture checks this by itself.

        Raises:
            AssertionError: none did, and how a program finds its way here.
        """
        __tracebackhide__ = True
        if not self.exchanges and not self.faults.happened:
            raise AssertionError(NOT_REACHED)

    def _hint(self) -> str:
        if self.exchanges:
            return f"the last request was {self.exchanges[-1]}"
        return "no request came: is the program's client made at import, or with a base_url of its own?"

    def summary(self) -> str:
        """What happened, for the reader of a failed test."""
        refused = [f"refused: {exchange}" for exchange in self.exchanges if exchange.error]
        requests = f"{len(self.exchanges)} requests on {self.base_url}"
        return "\n".join([requests, *map(str, self.sessions), *refused])

    def _refused(self, method: str, path: str, error: ApiError) -> None:
        """Called in the server's thread, too."""
        self.exchanges.append(Sent(method, path, error.status, error.message))

    def _observe(self, request: Request, answer: Response | Subscription) -> None:
        """Called in the server's thread, so all it does is append."""
        status = 200 if isinstance(answer, Subscription) else answer.status
        error: dict[str, Any] = {}
        if isinstance(answer, Response) and status >= 400:
            error = answer.content["error"]
        exchange = Sent(request.method, request.path, status, error.get("message", ""))
        self.exchanges.append(exchange)
        if error.get("details", {}).get("error_code") == UNRECORDED:
            self.unrecorded.append(exchange)
        created = (request.method, request.path.rstrip("/"), status) == ("POST", "/v1/sessions", 200)
        if created and isinstance(answer, Response):
            play = self.server.api.sessions.plays[answer.content["id"]]
            self.sessions.append(PlayedSession(play, self.server))

    def __enter__(self) -> ManagedAgentsApi:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()  # first, so that a stream that is still read ends as it would anywhere
        if "client" in self.__dict__:
            self.client.close()


def _whole(agent: dict[str, Any]) -> dict[str, Any]:
    """A recorded agent with what its recording doesn't say of its own tools, and the API asks for.

    Its custom skills are left out: where it was recorded they had been uploaded, here nobody has.
    """
    unsaid = {"description": "The recording doesn't say.", "input_schema": {"type": "object"}}
    tools = [unsaid | tool if tool["type"] == "custom" else tool for tool in agent.get("tools") or ()]
    skills = [skill for skill in agent.get("skills") or () if skill["type"] != "custom"]
    return {"model": "claude-sonnet-4-6", **agent, "tools": tools, "skills": skills}


def _library(sources: Iterable[Source]) -> Library:
    """All of these recordings, of sessions and of messages."""
    loaded = [_loaded(source) for source in sources]
    return Library(
        (recording for each in loaded for recording in each.recordings),
        (exchange for each in loaded for exchange in each.exchanges),
    )


def _loaded(source: Source) -> Library:
    if isinstance(source, Recording):
        return Library([source])
    path = Path(source)
    if path.is_dir():
        return Library.load(path)
    if path.suffix == ".toml":
        make = f"`python -m utilities.replay.scenario {path.parent} --write`"
        raise ValueError(f"{path} is a scenario, not a recording; {make} makes the recordings")
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such recording, file or folder")
    return Library(exchanges=load(path)) if is_messages(path) else Library([Recording.load(path)])

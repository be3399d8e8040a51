"""What a program makes at the service, remembered, so that one call ends it all.

Copy this file together with `left_behind.py` and the folder `turn/` into one package; besides `anthropic` it
needs nothing.

    made = made_with(client)
    agent = made(client.beta.agents.create(...))
    session = made(client.beta.sessions.create(agent=agent.id, ...))
    ...
    print(made.end())  # 1 session and 1 agent archived
"""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anthropic import Anthropic, AsyncAnthropic, NotFoundError

from .left_behind import MadeJournal
from .turn import wait_for_idle_status

__all__ = ["Ended", "Made", "NotEnded", "made_with"]

T = TypeVar("T")
# What becomes of each kind, by the `type` that the API gives it. Files, skills and memory stores would go on
# taking room when archived, or can't be.
ARCHIVED = ("session", "environment", "agent", "vault", "vault_credential", "deployment")
DELETED = ("file", "memory_store", "skill")

JOURNAL = Path(".cache", "managed-agents-made")
HERE = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger(__name__)

_made: dict[tuple[str, str | None, str | None], Made] = {}


def made_with(client: Anthropic, *, journal: Path | None = None) -> Made:
    """What this process has made with this client's service and key.

    The same object each time, so that a cell of a notebook may run again and nothing is forgotten. What a
    process left behind that has died, a kernel that was restarted, is found and ended with the rest; the log
    says so.

    Args:
        client: the SDK's client; a newer one of the same service takes the place of the one before.
        journal: a folder for the ids of what was made, which outlive the process. By default `JOURNAL` in
            your home, but nothing for a server on this machine.

    Raises:
        TypeError: an async client.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError("made_with needs Anthropic, also to end what AsyncAnthropic has made")
    service = (str(client.base_url), client.api_key, client.auth_token)
    if service not in _made:
        host = client.base_url.host
        here = host in HERE or host.endswith(".localhost")
        folder = journal or (None if here else Path.home() / JOURNAL)
        _made[service] = Made(client, MadeJournal(folder, *service) if folder else None)
    made = _made[service]
    made.client = client
    return made


class NotEnded(ExceptionGroup[Exception]):
    """What could not be ended is still remembered; `exceptions` has an error for each, with its name."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback for each."""
        return [self.message, *(f"  {_in_a_line(error)}" for error in self.exceptions)]


@dataclass(frozen=True)
class Ended:
    """What `Made.end` has done.

    Attributes:
        archived, deleted: the kinds of what was, once for each: `("session", "agent")`.
        called: how many functions were called.
        otherwise: what to say when there was nothing to do.
    """

    archived: tuple[str, ...]
    deleted: tuple[str, ...]
    called: int
    otherwise: str

    def __str__(self) -> str:
        parts = [
            f"{_counted(kinds)} {verb}"
            for kinds, verb in ((self.archived, "archived"), (self.deleted, "deleted"))
            if kinds
        ]
        if self.called and not parts:
            parts = [f"{_number(self.called, 'function')} called"]
        return ", ".join(parts) or self.otherwise


@dataclass(frozen=True)
class _Step:
    """One thing to end. `end` returns whether there was anything to do."""

    kind: str  # as the API has it, or "function"
    name: str
    end: Callable[[], bool]


class Made:
    """Remembers what was made, and ends it. `made_with` has one for each service.

    Args:
        client: the SDK's client that ends it.
        journal: where it is written down, if anywhere.

    Attributes:
        client: the same; it may be replaced.
    """

    def __init__(self, client: Anthropic, journal: MadeJournal | None = None) -> None:
        self.client = client
        self._steps: list[_Step] = []
        self._ever = False
        self._journal = journal
        for kind, id, parent in journal.left_behind() if journal else ():
            self._remember_resource(kind, id, parent)
        if left := len(self._steps):
            log.warning("%d things were left behind by a process that died: end() ends them too", left)

    def __call__(self, resource: T) -> T:
        """Remember a resource, as the API has returned it.

        Args:
            resource: a session, agent, environment, file, memory store, vault, credential, skill or
                deployment.

        Returns:
            The resource itself.

        Raises:
            TypeError: it is something else.
        """
        kind, id = getattr(resource, "type", None), getattr(resource, "id", None)
        if kind not in (*ARCHIVED, *DELETED) or not isinstance(id, str):
            kinds = ", ".join(ARCHIVED + DELETED)
            raise TypeError(
                f"made() takes what the API returns when you create something ({kinds}), "
                f"not {resource!r:.80}; for anything else there is made.also(function, *args)"
            )
        if not any(step.name == id for step in self._steps):
            self._remember_resource(kind, id, getattr(resource, "vault_id", None))
        return resource

    def also(self, function: Callable[..., object], *args: Any) -> None:
        """Have a function called by `end`: to stop a server, to kill a process, to remove a folder.

        Args:
            function: a plain one. Calling it twice must do no harm if it can raise: it is called again then.
            args: what it is called with.

        Raises:
            TypeError: it is async.
        """
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"made.also takes a plain function, and {function!r} is async")

        def call() -> bool:
            function(*args)
            return True

        self._remember(_Step("function", getattr(function, "__qualname__", repr(function)), call))

    def end(self) -> Ended:
        """End all that is remembered: sessions first, then the rest, the newest first.

        A session whose turn is under way is interrupted, and archived when its status has settled. What is
        gone already is no error. After an error the others are ended all the same; what could not be ended
        is still remembered, so that `end` can be called again.

        Raises:
            NotEnded: an ExceptionGroup of the errors, each with a note that names what could not be ended.
        """
        steps = self._steps[::-1]
        steps.sort(key=lambda step: step.kind != "session")  # stable: the newest first
        done: list[_Step] = []
        errors: list[Exception] = []
        for step in steps:
            try:
                if step.end():
                    done.append(step)
            except Exception as error:  # noqa: BLE001 (all are raised together)
                error.add_note(f"while ending {step.kind} {step.name}")
                errors.append(error)
            else:
                self._steps.remove(step)
                self._write_down(lambda journal, id=step.name: journal.ended(id))  # type: ignore[misc]
        if errors:
            left = ", ".join(f"{step.kind} {step.name}" for step in self._steps)
            raise NotEnded(
                f"{len(errors)} of {len(steps)} could not be ended, and end() can be called again: {left}",
                errors,
            )
        self._write_down(lambda journal: journal.forget())
        kinds = [step.kind for step in done]
        return Ended(
            tuple(kind for kind in kinds if kind in ARCHIVED),
            tuple(kind for kind in kinds if kind in DELETED),
            kinds.count("function"),
            self._nothing(),
        )

    def _remember_resource(self, kind: str, id: str, parent: str | None) -> None:
        self._write_down(lambda journal: journal.made(kind, id, parent))
        self._remember(_Step(kind, id, partial(self._end, kind, id, parent)))

    def _write_down(self, write: Callable[[MadeJournal], None]) -> None:
        """In the journal, if there is one; a disk that is full must not stop a program that goes well."""
        if self._journal is None:
            return
        try:
            write(self._journal)
        except OSError as error:
            log.warning("what is made can't be written down, so it ends with this process only: %s", error)
            self._journal = None

    def _remember(self, step: _Step) -> None:
        self._steps.append(step)
        self._ever = True

    def _nothing(self) -> str:
        """Why there is nothing to end."""
        if self._ever:
            return "nothing left to end: all of it has ended already"
        if self._journal is not None:
            return "nothing to end: nothing was made here, and no process that died has left anything behind"
        return (
            "nothing to end: this process has made nothing here. If the kernel was restarted: what the "
            f"old one made is where it was, at {self.client.base_url}, unless that was a replay "
            "server of its own, which ended with it"
        )

    def _end(self, kind: str, id: str, parent: str | None) -> bool:
        """Archive or delete it; returns whether it was still there."""
        try:
            return self._end_session(id) if kind == "session" else self._end_other(kind, id, parent)
        except NotFoundError:
            return False

    def _end_session(self, id: str) -> bool:
        sessions = self.client.beta.sessions
        session = sessions.retrieve(id)
        if session.archived_at is not None:
            return False
        if session.status not in ("idle", "terminated"):
            sessions.events.send(id, events=[{"type": "user.interrupt"}])
            wait_for_idle_status(self.client, id)
        sessions.archive(id)
        return True

    def _end_other(self, kind: str, id: str, parent: str | None) -> bool:
        beta = self.client.beta
        within: dict[str, Any] = {"vault_id": parent} if parent else {}
        api: Any = beta.vaults.credentials if kind == "vault_credential" else getattr(beta, f"{kind}s")
        if kind in DELETED:
            api.delete(id)
        elif api.retrieve(id, **within).archived_at is not None:
            return False
        else:
            api.archive(id, **within)
        return True


def _in_a_line(error: BaseException) -> str:
    note = next(iter(getattr(error, "__notes__", ())), "")
    return f"{note}: {type(error).__name__}: {' '.join(str(error).split()):.300}"


def _counted(kinds: tuple[str, ...]) -> str:
    """ "1 session, 2 files and 1 agent"."""
    *most, last = [_number(n, kind.replace("_", " ")) for kind, n in Counter(kinds).items()]
    return f"{', '.join(most)} and {last}" if most else last


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"

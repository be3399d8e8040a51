"""What was left running at the service, found by a mark of yours, and ended.

Copy this file together with `made.py`, `left_behind.py` and the folder `turn/` into one package of yours, a
folder with an `__init__.py`; besides `anthropic` it needs nothing. `made.py` ends what one program has made;
this file finds what programs have left that nobody remembers.

    MARK = {"job": "nightly-import"}  # in the metadata of all that may be swept
    found = leftovers(client, MARK, older_than=timedelta(hours=6))
    print(sweep(client, found))  # a dry run: says what it would do
    print(sweep(client, found, dry_run=False))

The mark says "may be swept". Take a pair that nothing else in the workspace has, and don't put it on what is
to stay, such as a customer's vault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from anthropic import Anthropic, AsyncAnthropic, NotFoundError

from .made import Made, NotEnded

__all__ = ["Leftover", "Swept", "leftovers", "sweep"]

# In the order in which they are ended: first what works or starts work, then what that used.
KINDS = ("deployment", "session", "vault_credential", "vault", "environment", "agent")
USERS = ("deployment", "session")  # what uses the others
# Stop reasons of a session in which somebody's decision is missing. Nobody has forgotten it.
WAITS = ("requires_action", "budget_reached")
STATUS: Any = [
    *("session.status_idle", "session.status_running"),
    *("session.status_rescheduled", "session.status_terminated"),
]


@dataclass(frozen=True)
class Leftover:
    """One thing that carries the mark, and hasn't been archived.

    Attributes:
        kind: its `type`, as the API has it: one of `KINDS`.
        id: its id.
        name: what it is called: its title or name.
        state: a session's status, and why it is idle: "idle (end_turn)"; a deployment's status; else "".
        waits: whether a session waits for somebody's decision: an answer, or more budget.
        since: the last sign of life, as far as the API tells: of a session, its newest event of any type.
        used_by: ids of the sessions and deployments that use it and haven't been archived, whoever made them.
            As of when it was listed; `sweep` looks again.
        mark: what was looked for in the metadata.
        marked: the id of what carries it: its own, or of a credential's vault.
        last_event: the id of a session's newest event; else "".
        resource: the resource itself.
    """

    kind: str
    id: str
    name: str
    state: str
    waits: bool
    since: datetime
    used_by: tuple[str, ...]
    mark: Mapping[str, str]
    marked: str
    last_event: str
    resource: Any = field(repr=False, compare=False)

    def __str__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"{self.kind} {self.id}{name}{f', {self.state}' if self.state else ''}"


@dataclass(frozen=True)
class Swept:
    """What a sweep has done, or would do.

    Attributes:
        dry_run: whether it only looked.
        ended: what was ended, or would be.
        left: what was left alone, each with the reason.
        failed: what could not be ended, each with the error.
    """

    dry_run: bool
    ended: tuple[Leftover, ...]
    left: tuple[tuple[Leftover, str], ...]
    failed: tuple[tuple[Leftover, Exception], ...]

    def __str__(self) -> str:
        would = "would end" if self.dry_run else "ended"
        leave = "would leave" if self.dry_run else "left"
        lines = [f"{would} {item}" for item in self.ended]
        lines += [f"{leave} {item}: {why}" for item, why in self.left]
        lines += [f"failed {item}: {type(error).__name__}: {error}" for item, error in self.failed]
        return "\n".join(lines) or "nothing to sweep"


def leftovers(
    client: Anthropic,
    mark: Mapping[str, str],
    *,
    older_than: timedelta | None = None,
    now: datetime | None = None,
) -> list[Leftover]:
    """What carries a mark of yours and hasn't been archived. Only reads.

    The API can't filter by metadata, so all lists are read: sessions, deployments, vaults and the credentials
    of each, environments, agents. The credentials in a vault with the mark are listed with it, since
    archiving a vault archives them. Files, skills and memory stores aren't looked at: they hold what was
    made. Nor is which agents the rosters of others name.

    Args:
        client: the SDK's client.
        mark: pairs that the metadata must have, all of them.
        older_than: leave out what has shown a sign of life since. Give it more than the longest pause of a
            program that is at work; None takes everything.
        now: the time from which that is counted; the machine's, if left out.

    Returns:
        In the order in which `sweep` ends them.

    Raises:
        ValueError: the mark is empty: it would be on everything.
        TypeError: an async client.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError("leftovers needs Anthropic, also to find what AsyncAnthropic has made")
    if not mark:
        raise ValueError("an empty mark is on everything in the workspace: name a pair of metadata")
    beta = client.beta
    users = _users(client)
    archived = {agent.id for agent in beta.agents.list(include_archived=True) if agent.archived_at}
    found: list[Leftover] = []
    for resource, marked in _everything(client, users, mark):
        state, waits, last_event, seen = _status(resource), False, "", None
        if resource.type == "session":
            last_event, seen = _last_event(client, resource)
            state, waits = _session_state(client, resource)
            if resource.agent.id in archived:
                state += ", its agent is archived"
        found.append(
            Leftover(
                kind=resource.type,
                id=resource.id,
                name=_name(resource),
                state=state,
                waits=waits,
                since=max(filter(None, [_time(resource.created_at), _time(resource.updated_at), seen])),
                used_by=tuple(user.id for user in users if _uses(user, resource)),
                mark=dict(mark),
                marked=marked,
                last_event=last_event,
                resource=resource,
            )
        )
    if older_than is not None:
        limit = (now or datetime.now(UTC)) - older_than
        found = [item for item in found if item.since < limit]
    return sorted(found, key=lambda item: KINDS.index(item.kind))


def sweep(
    client: Anthropic, found: Sequence[Leftover], *, dry_run: bool = True, waiting: bool = False
) -> Swept:
    """End what `leftovers` has found: archived, a session that runs after an interrupt.

    Each is looked at again first. Left alone is a session that waits for somebody's decision, one that has
    had an event since it was listed, what has lost its mark, and what something that stays still uses: a
    vault that is archived takes its secrets from a session that goes on later. Who uses what is listed anew
    when the sessions have been ended; a session that begins after that isn't seen. The error of one doesn't
    stop the rest.

    Args:
        client: the SDK's client.
        found: what `leftovers` returned, or a part of it.
        dry_run: only say what would be done.
        waiting: end sessions that wait for somebody's decision as well.

    Returns:
        What was done; nothing is raised.
    """
    ended: list[Leftover] = []
    left: list[tuple[Leftover, str]] = []
    failed: list[tuple[Leftover, Exception]] = []
    gone: set[str] = set()  # in a dry run, what would be
    users: list[Any] | None = None
    for item in sorted(found, key=lambda item: KINDS.index(item.kind)):
        try:
            resource = _now(client, item)
            if resource.archived_at is None:
                if users is None and item.kind not in USERS:
                    users = _users(client)
                still = [user.id for user in users or () if _uses(user, resource) and user.id not in gone]
                if why := _stays(client, item, resource, still, waiting):
                    left.append((item, why))
                    continue
                if not dry_run:
                    _end(client, resource)
                ended.append(item)
        except NotFoundError:
            pass  # somebody was faster
        except Exception as error:  # noqa: BLE001 (told in the result)
            failed.append((item, error))
            continue
        gone.add(item.id)
    return Swept(dry_run, tuple(ended), tuple(left), tuple(failed))


# -- what there is -------------------------------------------------------------------------------------------


def _users(client: Anthropic) -> list[Any]:
    return [*client.beta.deployments.list(), *client.beta.sessions.list()]


def _everything(
    client: Anthropic, users: Sequence[Any], mark: Mapping[str, str]
) -> Iterator[tuple[Any, str]]:
    """What is to be listed, each with the id of what carries the mark."""
    beta = client.beta
    for resource in [*users, *beta.environments.list(), *beta.agents.list()]:
        if _carries(resource, mark):
            yield resource, resource.id
    for vault in beta.vaults.list():
        mine = _carries(vault, mark)
        for credential in beta.vaults.credentials.list(vault.id):
            if mine or _carries(credential, mark):
                yield credential, vault.id if mine else credential.id
        if mine:
            yield vault, vault.id


def _carries(resource: Any, mark: Mapping[str, str]) -> bool:
    return mark.items() <= (resource.metadata or {}).items()


def _uses(user: Any, resource: Any) -> bool:
    """Whether a session or a deployment is lost, or fails, without this."""
    kind, id = resource.type, resource.id
    if kind == "vault_credential":
        return resource.vault_id in user.vault_ids
    return (
        (kind == "agent" and user.agent.id == id)
        or (kind == "environment" and user.environment_id == id)
        or (kind == "vault" and id in user.vault_ids)
    )


def _name(resource: Any) -> str:
    names = (getattr(resource, key, None) for key in ("title", "display_name", "name"))
    return next((str(name) for name in names if name), "")


def _status(resource: Any) -> str:
    return str(resource.status) if resource.type == "deployment" else ""


def _session_state(client: Anthropic, session: Any) -> tuple[str, bool]:
    """A session's state in words, and whether it waits.

    The event has the last word: the field `status` may go on saying "running" for a moment after it.
    """
    events = client.beta.sessions.events.list(session.id, order="desc", types=STATUS, limit=1).data
    newest: Any = events[0] if events else None
    reason = getattr(getattr(newest, "stop_reason", None), "type", None)  # only an idle event has one
    words = f"idle ({reason})" if reason else str(session.status)
    return words, reason in WAITS


def _last_event(client: Anthropic, session: Any) -> tuple[str, datetime | None]:
    """The id of a session's newest event, and when it was.

    An event that nobody has taken up yet has no time; then it is the time of the newest that has one.
    """
    newest = ""
    for event in client.beta.sessions.events.list(session.id, order="desc", limit=5):
        newest = newest or event.id
        if moment := _time(event.processed_at):
            return newest, moment
    return newest, None


def _time(value: Any) -> datetime | None:
    """The SDK has most times as such; an environment's are texts."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


# -- what may be ended ---------------------------------------------------------------------------------------


def _stays(
    client: Anthropic, item: Leftover, resource: Any, still: Sequence[str], waiting: bool
) -> str | None:
    """Why it has to stay; None if it may be ended. `still` has the ids of what uses it and stays."""
    marked = resource if item.marked == item.id else client.beta.vaults.retrieve(item.marked)
    if not _carries(marked, item.mark):
        return "it doesn't carry the mark any more"
    if item.kind == "session":
        _, waits = _session_state(client, resource)
        if waits and not waiting:
            return "it waits for a decision"
        last_event, _ = _last_event(client, resource)
        if last_event != item.last_event:
            return "it has gone on since it was listed"
    if still:
        return f"still used by {', '.join(still)}"
    return None


def _now(client: Anthropic, item: Leftover) -> Any:
    if item.kind == "vault_credential":
        return client.beta.vaults.credentials.retrieve(item.id, vault_id=item.resource.vault_id)
    api: Any = getattr(client.beta, f"{item.kind}s")
    return api.retrieve(item.id)


def _end(client: Anthropic, resource: Any) -> None:
    made = Made(client)
    made(resource)
    try:
        made.end()
    except NotEnded as error:
        raise error.exceptions[0] from None

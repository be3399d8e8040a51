"""Decisions that a person takes later: an inbox that outlives the process, in one SQLite file.

An agent asks, a person decides an hour later, and another process answers. Copy this file alone; it needs
nothing but Python.

    approvals = Approvals("approvals.db")
    approvals.ask(session.id, call.id, {"receipt": "R-03", "amount": "189.00"}, until=tomorrow)

    for question in approvals.open():                       # what a reviewer's page shows
        approvals.decide(question.id, True, by="Mira")

    for answer in approvals.answers():                      # what has to go to its session
        send(answer.session_id, answer.call_id, answer.text)
        approvals.sent(answer.id)                           # only when you know that it has arrived

The rules:

1. A call is asked about once, however often `ask` is called for it.
2. A yes holds for the facts that were asked about, and for no others. A call with other facts is another
   question, with another id, and replaces the one before. Facts that come back are asked about anew, too.
3. The first verdict stands. Whoever comes second is told what was decided, and by whom.
4. Silence is no: after `until`, an open question counts as denied. What one process finds overdue is denied
   for all of them, so all need the right time.
5. An answer is handed out until `sent` says that it has arrived. Its text is always the same, so sending it
   again after a lost response says nothing new.
6. What has arrived holds. If other facts were asked about between sending and `sent`, that newer question is
   over; a yes to it may have been paid by then, so let what pays refuse a second amount.

Any number of processes and threads may use one file, on one machine. Each method is one transaction, and
raises sqlite3.OperationalError if the file is locked for `BUSY` seconds, or the disk is full. Nothing is
deleted.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["AlreadyAnswered", "AlreadyDecided", "Approval", "Approvals", "Replaced"]

Facts = dict[str, str | int | bool | None]
BUSY = 30.0  # seconds that a method waits while another process writes

TABLE = """
CREATE TABLE IF NOT EXISTS approvals (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, session_id TEXT NOT NULL, call_id TEXT NOT NULL,
    facts TEXT NOT NULL, asked TEXT NOT NULL, until TEXT, verdict INTEGER, decided_by TEXT,
    reason TEXT NOT NULL DEFAULT '', decided TEXT, sent TEXT, replaced_by TEXT)
"""
COLUMNS = "id, session_id, call_id, facts, asked, until, verdict, decided_by, reason, decided, sent"
CURRENT = "replaced_by IS NULL"  # a question that no other one has replaced
SAME_CALL = "session_id = ? AND call_id = ?"


@dataclass(frozen=True)
class Approval:
    """One question to a person, and what became of it.

    Attributes:
        id: of the question. It stands for the call *and* the facts asked about, so put it into links and
            buttons.
        session_id, call_id: where the answer has to go.
        facts: what was asked about.
        asked: when.
        until: when silence becomes a no; None: never.
        verdict: True or False; None while nobody has decided.
        by: who decided; None for silence.
        reason: what they said.
        decided: when; None while it is open.
        sent: when the answer was said to have arrived; None before.
    """

    id: str
    session_id: str
    call_id: str
    facts: Facts
    asked: datetime
    until: datetime | None = None
    verdict: bool | None = None
    by: str | None = None
    reason: str = ""
    decided: datetime | None = None
    sent: datetime | None = None

    def covers(self, facts: Mapping[str, Any]) -> bool:
        """Whether a person said yes to exactly these facts.

        Raises:
            TypeError: see `Approvals.ask`.
        """
        return self.verdict is True and _canonical(facts) == _canonical(self.facts)

    @property
    def text(self) -> str:
        """What to tell the agent; the same at each time. Raises a ValueError while nobody has decided."""
        if self.verdict is None:
            raise ValueError(f"{self.id} has no verdict yet: it is open")
        if self.by is None:
            return "denied: nobody decided in time"
        verdict = "approved" if self.verdict else "denied"
        return f"{verdict} by {self.by}" + (f": {self.reason}" if self.reason else "")


class AlreadyDecided(Exception):
    """Somebody was faster, or it is too late; `approval` says what holds. Seen by callers of `decide`."""

    def __init__(self, approval: Approval) -> None:
        super().__init__(f"{approval.id} was decided before: {approval.text}")
        self.approval = approval

    def __reduce__(self) -> Any:  # else it could not leave a worker process
        return type(self), (self.approval,)


class Replaced(Exception):
    """The facts have changed since this was asked: `id` is the question that holds now."""

    def __init__(self, old: str, id: str) -> None:
        super().__init__(f"{old} is asked no more, because the facts have changed: show and decide {id}")
        self.old, self.id = old, id

    def __reduce__(self) -> Any:
        return type(self), (self.old, self.id)


class AlreadyAnswered(Exception):
    """The call has its answer, so it can't be asked about other facts. Seen by callers of `ask`."""

    def __init__(self, approval: Approval) -> None:
        super().__init__(
            f"the call {approval.call_id} was answered about other facts ({approval.text}): what differs "
            "needs a call of its own"
        )
        self.approval = approval

    def __reduce__(self) -> Any:
        return type(self), (self.approval,)


def now_utc() -> datetime:
    return datetime.now(UTC)


class Approvals:
    """Questions to people, in a file.

    Args:
        path: the file. It is made if it isn't there, and only its owner may read it (where the system has
            such a thing); `chmod` it for others. Its folder has to be on this machine's disk.
        clock: what time it is, with a time zone; pass your own in tests.

    Raises:
        ValueError: the file can't be used.
    """

    def __init__(self, path: Path | str, *, clock: Callable[[], datetime] = now_utc) -> None:
        if str(path) in ("", ":memory:"):
            raise ValueError("approvals need a file, which other processes can open")
        self.path, self._clock = Path(path).absolute(), clock
        new = not self.path.exists()
        try:
            with self._transaction() as db:
                if new:
                    self.path.chmod(0o600)
                db.execute(TABLE)
                self._expire(db)  # a file that can only be read is noticed here,
                _rows(db, CURRENT)  # and the table of another program here
        except sqlite3.Error as error:
            what = "try again" if "locked" in str(error) else "name another file"
            raise ValueError(f"approvals in {path}: {error}; {what}") from error

    def ask(
        self, session_id: str, call_id: str, facts: Mapping[str, Any], *, until: datetime | None = None
    ) -> Approval:
        """Put a question into the inbox; asked again, it is the same one, with whatever was decided.

        Args:
            session_id, call_id: of the call that waits for the answer.
            facts: what the person decides about, from your own data: texts, whole numbers, booleans. Write an
                amount as a text or in cents, since 0.1 + 0.2 isn't 0.3.
            until: when silence becomes a no. Of a question that is there already, it stays as it was; one
                that replaces another has the other's, unless you say otherwise.

        Returns:
            The question as it stands.

        Raises:
            AlreadyAnswered: the call's answer was sent, and was about other facts.
            TypeError: a fact is something else, an id is no text, or a time has no zone.
        """
        _storable("session_id", session_id)
        _storable("call_id", call_id)
        text, ends = _canonical(facts), None if until is None else _stamp(until)
        with self._transaction() as db:
            now = self._expire(db)
            before = next(iter(_rows(db, f"{SAME_CALL} AND {CURRENT}", session_id, call_id)), None)
            if before and _canonical(before.facts) == text:
                return before
            if before and before.sent:
                raise AlreadyAnswered(before)
            if before and before.until and not ends:
                ends = _stamp(before.until)
            id = _id(session_id, call_id, text, *([before.id] if before else []))
            db.execute(
                "INSERT INTO approvals (id, session_id, call_id, facts, asked, until) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (id, session_id, call_id, text, now, ends),
            )
            _let_hold(db, _one(db, id))
            self._expire(db)  # one that is asked too late is over at once
            return _one(db, id)

    def open(self) -> list[Approval]:
        """The questions that wait for a verdict, oldest first."""
        with self._transaction() as db:
            self._expire(db)
            return _rows(db, f"verdict IS NULL AND {CURRENT}")

    def decide(self, id: str, verdict: bool, by: str, reason: str = "") -> Approval:
        """Give a verdict. The same person may give the same one again: a double click changes nothing.

        Args:
            id: of the question that the person has seen.
            verdict: True is yes.
            by: who decides, on one line. It is believed, so take it from your login and not from the form.
            reason: for the agent, which reads it.

        Returns:
            The question with its verdict.

        Raises:
            AlreadyDecided: somebody else was faster, or they had said otherwise, or it is too late.
            Replaced: the facts have changed since this was asked.
            KeyError: there is no such question.
            TypeError: the verdict is no bool, or the reason no text.
            ValueError: nobody is named.
        """
        if not isinstance(verdict, bool):
            raise TypeError(f"verdict must be True or False, not {verdict!r:.80}")
        if not (isinstance(by, str) and by.strip() and by.isprintable()):
            raise ValueError(f"by is {by!r:.80}: who decides? A name on one line is needed")
        _storable("reason", reason)
        with self._transaction() as db:
            now = self._expire(db)
            changed = db.execute(
                "UPDATE approvals SET verdict = ?, decided_by = ?, reason = ?, decided = ? "
                f"WHERE id = ? AND verdict IS NULL AND {CURRENT}",
                (verdict, by, reason, now, id),
            ).rowcount
            approval = _one(db, id)
            newer = db.execute("SELECT replaced_by FROM approvals WHERE id = ?", (id,)).fetchone()[0]
        if changed:
            return approval
        if newer:
            raise Replaced(id, newer)
        if (approval.verdict, approval.by) != (verdict, by):
            raise AlreadyDecided(approval)
        return approval

    def expire(self) -> list[Approval]:
        """The questions that nobody decided in time, and whose answer, a no, hasn't been sent yet.

        You needn't call it: whatever is overdue is over for every method.
        """
        with self._transaction() as db:
            self._expire(db)
            return _rows(db, f"verdict = 0 AND decided_by IS NULL AND sent IS NULL AND {CURRENT}")

    def answers(self, session_id: str | None = None) -> list[Approval]:
        """What is decided, and not yet known to have arrived, oldest first.

        What can't arrive, because its session is over, stays here: go on with the others, and look for old
        ones by `decided`.

        Args:
            session_id: of this session only.
        """
        with self._transaction() as db:
            self._expire(db)
            waiting = f"verdict IS NOT NULL AND sent IS NULL AND {CURRENT}"
            if session_id is None:
                return _rows(db, waiting)
            return _rows(db, f"{waiting} AND session_id = ?", session_id)

    def sent(self, id: str) -> Approval:
        """Note that the answer has arrived; a second time changes nothing.

        Raises:
            KeyError: there is no such question.
            ValueError: it has no verdict, or another answer to the call has arrived.
        """
        with self._transaction() as db:
            now = self._expire(db)
            approval = _one(db, id)
            calls = _rows(db, SAME_CALL, approval.session_id, approval.call_id)
            if approval.verdict is None or any(other.sent for other in calls if other.id != id):
                raise ValueError(f"{id} has no verdict that could have been sent: see open() and answers()")
            db.execute("UPDATE approvals SET sent = coalesce(sent, ?) WHERE id = ?", (now, id))
            _let_hold(db, approval)  # also when other facts were asked about meanwhile
            return _one(db, id)

    def get(self, id: str) -> Approval:
        """The question as it stands.

        Raises:
            KeyError: there is no such question.
        """
        with self._transaction() as db:
            self._expire(db)
            return _one(db, id)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, so that threads, forks and processes are all alike."""
        db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None)
        try:
            db.execute("BEGIN IMMEDIATE")  # others wait here, and see what we have done
            try:
                yield db
            except BaseException:
                if db.in_transaction:  # a full disk has ended it
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        finally:
            db.close()

    def _expire(self, db: sqlite3.Connection) -> str:
        """Silence is no. Returns the time."""
        now = _stamp(self._clock())
        db.execute(
            f"UPDATE approvals SET verdict = 0, decided = until "
            f"WHERE verdict IS NULL AND {CURRENT} AND until <= ?",
            (now,),
        )
        return now


def _id(*parts: str) -> str:
    whole = json.dumps(parts)
    return "appr_" + hashlib.sha256(whole.encode()).hexdigest()[:24]


def _canonical(facts: Mapping[str, Any]) -> str:
    """The facts as a text, the same for the same facts in any order."""
    for name, value in facts.items():
        if not isinstance(name, str) or not isinstance(value, str | int | None):
            raise TypeError(
                f"fact {name!r} is {value!r:.80}, a {type(value).__name__}: facts are texts, whole numbers "
                "and booleans, so that they can be compared; write an amount as a text, or in cents"
            )
    return _storable("a fact", json.dumps(dict(facts), sort_keys=True, ensure_ascii=False))


def _storable(name: str, text: str) -> str:
    """The text itself, if it is one that a file can hold."""
    if not isinstance(text, str):
        raise TypeError(f"{name} is {text!r:.80}, a {type(text).__name__}, and not a text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TypeError(f"{name} is no text that can be stored: {error}") from error
    return text


def _stamp(time: datetime) -> str:
    """A time as a text that sorts as it passes."""
    if time.tzinfo is None:
        raise TypeError(f"{time} has no time zone: datetime.now(UTC) has one")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _rows(db: sqlite3.Connection, where: str, *values: str) -> list[Approval]:
    rows = db.execute(f"SELECT {COLUMNS} FROM approvals WHERE {where} ORDER BY n", values).fetchall()
    return [_approval(*row) for row in rows]


def _let_hold(db: sqlite3.Connection, approval: Approval) -> None:
    """This question is the one of its call; whatever else was asked about it is over."""
    call = (approval.session_id, approval.call_id)
    db.execute(f"UPDATE approvals SET replaced_by = ? WHERE {SAME_CALL}", (approval.id, *call))
    db.execute("UPDATE approvals SET replaced_by = NULL WHERE id = ?", (approval.id,))


def _one(db: sqlite3.Connection, id: str) -> Approval:
    found = _rows(db, "id = ?", id)
    if not found:
        raise KeyError(f"there is no question {id!r:.80} in the inbox")
    return found[0]


def _approval(id: str, session_id: str, call_id: str, facts: str, asked: str, until: str | None,
              verdict: int | None, by: str | None, reason: str, decided: str | None,
              sent: str | None) -> Approval:  # fmt: skip
    times = [None if time is None else datetime.fromisoformat(time) for time in (until, decided, sent)]
    said = None if verdict is None else bool(verdict)
    return Approval(id, session_id, call_id, json.loads(facts), datetime.fromisoformat(asked), times[0], said,
                    by, reason, times[1], times[2])  # fmt: skip

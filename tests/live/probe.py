"""A probe: one statement about the hosted service, and the calls that settle it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anthropic import APIStatusError

from utilities.replay.assumptions import QUESTIONS

if TYPE_CHECKING:
    from tests.live.run import Run

HOLDS, DIFFERS, NOT_ASKED = "holds", "differs", "not asked"
# The service, not the question, is what these are about.
BUSY = (408, 429, 500, 502, 503, 504, 529)


class NotAsked(Exception):
    """The question could not be put; the message says why. Seen in the report."""


@dataclass(frozen=True)
class Finding:
    """What came of a probe.

    Attributes:
        verdict: `holds`, `differs` or `not asked`.
        seen: what the service did, or why it was not asked.
        answer: for a question of `utilities/replay/assumptions.py`, which of its answers was seen.
    """

    verdict: str
    seen: str
    answer: str = ""


@dataclass(frozen=True)
class Probe:
    """One statement, and how to ask.

    Attributes:
        name: to call it by.
        says: the statement, as the replay server keeps it when it is asked nothing special.
        rule: words that stand in exactly one rule of utilities/replay/rules.json, or none if it has no rule.
        question: of utilities/replay/assumptions.py, if sources disagree about the statement.
        cents: what it costs at most, in US cents; 0 for a probe that starts no turn.
        ask: does it, with a run's client and things.
    """

    name: str
    says: str
    rule: str
    question: str
    cents: int
    ask: Callable[[Run], Finding]


PROBES: dict[str, Probe] = {}


def probe(
    says: str, *, rule: str = "", question: str = "", cents: int = 0
) -> Callable[[Callable[[Run], Finding]], Callable[[Run], Finding]]:
    """Put a function among the probes, under its own name.

    One about an open question states the server's default answer, and finds which answer is the hosted one.
    """
    open_question = QUESTIONS.get(question)
    if open_question:
        says = open_question.answers[open_question.default]

    def keep(ask: Callable[[Run], Finding]) -> Callable[[Run], Finding]:
        name = ask.__name__.replace("_", "-")
        PROBES[name] = Probe(name, says, rule, question, cents, ask)
        return ask

    return keep


def found(holds: object, seen: object, answer: str = "") -> Finding:
    return Finding(HOLDS if holds else DIFFERS, str(seen), answer)


@dataclass(frozen=True)
class Reply:
    """What a call got: a result, or a refusal."""

    result: Any = None
    error: APIStatusError | None = None

    @property
    def status(self) -> int:
        return self.error.status_code if self.error else 200

    @property
    def type(self) -> str:
        """The type of the error, of its details where it has finer ones; "" without one."""
        return str(self._error.get("type", ""))

    @property
    def message(self) -> str:
        return str(self._error.get("message", ""))

    @property
    def _error(self) -> dict[str, Any]:
        body = self.error.body if self.error else None
        inner = body.get("error") if isinstance(body, dict) else None
        return inner if isinstance(inner, dict) else {}

    def __str__(self) -> str:
        return f"{self.status} {self.type}: {self.message}" if self.error else "accepted"


def reply(call: Callable[..., Any], *args: Any, **arguments: Any) -> Reply:
    """Make a call that may be refused.

    Raises:
        NotAsked: the service was busy or broken, so its answer says nothing about the rule.
    """
    try:
        return Reply(call(*args, **arguments))
    except APIStatusError as error:
        if error.status_code in BUSY:
            raise NotAsked(f"the service answered {error.status_code}") from error
        return Reply(error=error)

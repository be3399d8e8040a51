"""What can be broken on purpose, so that client code can be seen to survive it.

A spec is one string: faults with a blank between them, each with its value and its options.

    drop=5,times=2 repeat                  two broken streams, and every event twice
    status=429,retry-after=1,on=POST/events    the first send is turned away for a second

It is given to the whole server (`--faults SPEC`, `ReplayServer(faults=Faults(SPEC))`) or sent by one
client with each of its requests, in the header `x-replay-faults`: that client gets these faults
instead of the server's, also none. What changes the session itself belongs to the turn, so it is
decided by the client that sent the turn's message. `KINDS` is the one list of what there is, and the help
is made from it; FIDELITY.md also has what the helpers do about each, from the marks of the tests.

Here is only the language; `arrival.broken_requests` breaks requests and streams, `session.broken_turns`
turns.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

FAULTS_HEADER = "x-replay-faults"
LONGEST_SPEC = 1000  # characters [ours]
OPTIONS = {
    "times": "how often, counted for each session (requests outside of one together); 1 by default",
    "on": "which requests: a method, the end of a path, or both, `*` for any one part: POST/events",
    "retry-after": "seconds that the answer asks the client to wait",
    "after": "how many events after the turn's message; 0 by default. A shorter turn is not hit",
}


class FaultError(ValueError):
    """A spec that says nothing; seen by whoever wrote it. The message lists what there is."""


def _whole(least: int, most: int = 10**6) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise ValueError("seconds, 0 or more")
    return value


def _retry(text: str) -> str:
    if text not in ("retrying", "exhausted", "terminal"):
        raise ValueError("retrying, exhausted or terminal")
    return text


def _request(text: str) -> str:
    if not re.fullmatch(r"(GET|POST|DELETE)?(/[\w*]+)*", text) or not text:
        raise ValueError("a method (GET, POST, DELETE), the end of a path, or both: POST/events")
    return text


@dataclass(frozen=True)
class Kind:
    """One fault: how it is written, what it does, how its value is read, and which options it has."""

    usage: str
    does: str
    value: Callable[[str], Any] | None = None
    default: Any = None  # None: the value must be given
    options: tuple[str, ...] = ()


STREAM, REQUEST, TURN = ("times",), ("times", "on"), ("after", "times")

KINDS = {
    "drop": Kind(
        "drop=N", "cuts a stream in the middle of its body, after N events",
        _whole(0), options=STREAM,
    ),
    "end": Kind(
        "end=N", "ends a stream cleanly after N events, before the turn is over",
        _whole(0), options=STREAM,
    ),
    "silent": Kind(
        "silent=N", "a stream stays open and carries nothing after N events, not even a sign of life",
        _whole(0), options=STREAM,
    ),
    "repeat": Kind("repeat", "delivers every event of the log twice; previews once"),
    "queued": Kind("queued", "delivers a client event twice: first with `processed_at` null, then stamped"),
    "status": Kind(
        "status=CODE", "answers requests with this error, 400 to 599, without looking at them",
        _whole(400, 599), options=("retry-after", *REQUEST),
    ),
    "hang": Kind("hang", "takes a request and never answers, until the client gives up", options=REQUEST),
    "lose": Kind(
        "lose", "loses the response to a POST that took effect; a message sent again is a second turn",
        options=REQUEST,
    ),
    "settle": Kind(
        "settle=SECONDS", "the status field goes on saying running for so long after the idle event",
        _seconds,
    ),
    "outputs": Kind(
        "outputs=SECONDS", "what the turn left in its outputs is listed only so long after the idle event",
        _seconds,
    ),
    "error": Kind(
        "error=RETRY", "a session.error: retrying goes on, exhausted drops the queue and ends the turn, "
        "terminal ends the session",
        _retry, options=TURN,
    ),
    "terminate": Kind("terminate", "the session is terminated", options=TURN),
    "reschedule": Kind(
        "reschedule[=SECONDS]", "the session is rescheduled, and runs on so much later; 0 by default",
        _seconds, 0.0, TURN,
    ),
    "budget": Kind("budget", "the turn stops with budget_reached", options=TURN),
    "window": Kind(
        "window[=N]", "an idle event names only the first N of the calls that wait; 5 by default",
        _whole(1), 5,
    ),
}  # fmt: skip
IN_TURNS = ("error", "terminate", "reschedule", "budget")
ONCE = ("drop", "end", "silent", "lose", "status", "hang", *IN_TURNS)  # the others hold all the time


@dataclass(frozen=True)
class Fault:
    """One fault of a spec. What an option means is in `OPTIONS`."""

    name: str
    value: Any = None
    times: int = 1
    on: str = ""
    retry_after: float | None = None
    after: int = 0

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value}"
        return f"{self.name}{value}" + (f",on={self.on}" if self.on else "")

    def hits(self, method: str, path: str) -> bool:
        """Whether a request is one of those that `on` names."""
        wanted, _, end = self.on.partition("/")
        return wanted in ("", method) and (not end or PurePosixPath(path).match(end))


@dataclass(frozen=True)
class Faults:
    """The faults that a spec names; by default there are none.

    Args:
        spec: for example "drop=5,times=2 repeat".

    Raises:
        FaultError: a fault, an option or a value that doesn't exist; the message lists those that do.
    """

    spec: str = ""

    def __post_init__(self) -> None:
        if len(self.spec) > LONGEST_SPEC:
            raise FaultError(f"a spec has at most {LONGEST_SPEC} characters, this one has {len(self.spec)}")
        _ = self.all  # so that a wrong one is refused here

    @cached_property
    def all(self) -> tuple[Fault, ...]:
        return tuple(_fault(text) for text in self.spec.split())

    def of(self, *names: str) -> list[Fault]:
        """Those of these kinds, in the order of the spec."""
        return [fault for fault in self.all if fault.name in names]

    def first(self, name: str) -> Fault | None:
        return next(iter(self.of(name)), None)

    @cached_property
    def happened(self) -> set[Fault]:
        """Those that broke something, up to now."""
        return set()

    @property
    def never_happened(self) -> list[Fault]:
        """Those that would break one request, stream or turn, and found none."""
        return [f for f in self.of(*ONCE) if f.times and f not in self.happened]


NO_FAULTS = Faults()


class Hits:
    """Counts how often each fault has happened, for each spec and session, up to its `times`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Fault, str]] = Counter()

    def take(self, faults: Faults, fault: Fault, session: str) -> bool:
        """Whether the fault is to happen once more; counts it if so."""
        key = (faults.spec, fault, session)
        if self._counts[key] >= fault.times:
            return False
        self._counts[key] += 1
        return True


def _fault(text: str) -> Fault:
    head, *rest = text.split(",")
    name, given, value = head.partition("=")
    kind = KINDS.get(name)
    if kind is None:
        usages = ", ".join(kind.usage for kind in KINDS.values())
        raise FaultError(f"there is no fault {name!r}; there are: {usages}")
    if given and kind.value is None:
        raise FaultError(f"{name} takes no value: {usage(kind)}")
    if not given and kind.value is not None and kind.default is None:
        raise FaultError(f"{name} needs a value: {usage(kind)}")
    fields: dict[str, Any] = {"value": kind.default}
    if kind.value is not None and given:
        fields["value"] = _parsed(name, kind.value, value, kind)
    parse = {"times": _whole(0), "on": _request, "retry-after": _seconds, "after": _whole(0)}
    for option in rest:
        key, _, value = option.partition("=")
        if key not in kind.options:
            raise FaultError(f"{name} has no option {key!r}: {usage(kind)}")
        fields[key.replace("-", "_")] = _parsed(f"{name},{key}", parse[key], value, kind)
    return Fault(name, **fields)


def _parsed(where: str, parse: Callable[[str], Any], text: str, kind: Kind) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise FaultError(f"{where} must be {error}, not {text!r}: {usage(kind)}") from None


def usage(kind: Kind) -> str:
    """How a fault is written, with its options."""
    places = {"times": "N", "on": "REQUEST", "retry-after": "SECONDS", "after": "N"}
    return kind.usage + "".join(f"[,{option}={places[option]}]" for option in kind.options)


def help_text() -> str:
    """What `--faults help` prints."""
    lines = ["A spec is faults with a blank between them: drop=5,times=2 repeat", ""]
    for kind in KINDS.values():
        lines += [f"  {usage(kind)}", f"      {kind.does}"]
    return "\n".join([*lines, "", *(f"  {option:<12}{means}" for option, means in OPTIONS.items())])

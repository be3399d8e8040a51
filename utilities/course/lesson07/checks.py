"""The exercises of lesson 07."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from ..exercises import Exercise, Wrong, answer_of, require_answers
from ..predictions import Prediction
from .answers import Claim, read_before, took_part
from .recorded import answered, event_of, ferry_trace, shop_trace
from .tracing import Trace

__all__ = ["hold", "unread", "used"]

# -- which claims hold --------------------------------------------------------------------------------

hold = Prediction(
    "Exercise 1",
    "Which of the eight claims hold: does the line that it names decide what this call returns?",
    [
        "reader-a: campaigns.py, line 6",
        "reader-a: line.py, line 20",
        "reader-a: production.toml, line 3",
        "reader-a: numbers.py, line 14",
        "reader-b: discounts.py, line 5",
        "reader-b: total.py, line 3",
        "reader-b: settings.py, line 20",
        "reader-b: numbers.py, line 14",
    ],
    right="abcdh",
    why="five claims name a line that takes part and decides; the lines of the other three don't run in this "
    "call",
    wrong={
        "e": "the table has tests, and they pass; see who else calls it",
        "f": "the line is a part of a docstring; see whether the code keeps to it",
        "g": "the line is a default; see what the machine's file says",
    },
    missing={
        "a": "line.py asks campaigns.py for the rate",
        "b": "each line of the basket is rounded before it is added up",
        "c": "a default holds only where the machine says nothing",
        "d": "both agents name the same line for the number",
        "h": "both agents name the same line for the number",
    },
    hints=[
        "Two agents contradict each other in three of four questions: look for who calls what.",
        "From checkout.py, no import leads to one of the modules. In two others, ask whether the line itself "
        "runs: the inside of a docstring doesn't, and a default only where the machine's file has no value.",
    ],
    minutes=2,
)


# -- did the line take part ---------------------------------------------------------------------------


def _cases() -> Iterable[tuple[str, Claim, Trace]]:
    """What each case is, the claim, and the trace of the call that it is about."""
    for name, trace in (("07_a", shop_trace()), ("07_b", shop_trace()), ("07_d", ferry_trace())):
        whose = "the ferry's" if name == "07_d" else f"reader-{name[-1]}'s"
        for claim in answered(name).claims:
            yield f"{whose} claim on {claim['question']}", claim, trace
    trace = shop_trace()
    good = {claim["question"]: claim for claim in answered("07_a").claims}
    discount, rounding = good["discount"], good["rounding"]
    yield "a claim whose line is off by one", {**rounding, "line": rounding["line"] - 1}, trace
    yield "a claim that quotes another line", {**rounding, "quote": discount["quote"]}, trace
    yield "a claim on a file that doesn't exist", {**discount, "path": "shopfront/pricing/rates.py"}, trace
    other = {"path": "shopfront/pricing/discounts.py", "line": 13}
    yield "a claim whose text runs elsewhere, not on its line", {**good["discount"], **other}, trace


def _check_used(used: Callable[[Claim, Trace], Any]) -> str:
    cases = list(_cases())
    got = [_said(used, what, claim, trace) for what, claim, trace in cases]
    require_answers(used, got)
    for (what, claim, trace), verdict in zip(cases, got, strict=True):
        right = took_part(claim, trace)
        if bool(verdict) == right:
            continue
        place = f"{claim['path']}, line {claim['line']}"
        if right:
            raise Wrong(f"{what} holds: {place} ran, and reads as quoted. You returned {verdict!r}")
        ran = (claim["path"], claim["line"]) in trace
        because = (
            "that line ran, but doesn't read so" if ran else f"line {claim['line']} of that file didn't run"
        )
        raise Wrong(f"{what} names {place}: {because}. You returned {verdict!r}")
    ferry = len(answered("07_d").claims)
    return f"it tells {len(cases)} claims apart, {ferry} of them about another repository, a ferry's"


def _said(used: Callable[[Claim, Trace], Any], what: str, claim: Claim, trace: Trace) -> Any:
    return answer_of(f"for {what}", used, dict(claim), trace)


used = Exercise(
    "Exercise 2",
    _check_used,
    [
        "A trace is a dict: its keys are pairs, (path, line). Which pair is the claim's?",
        "trace.get(key) is the text of a line that ran, and None for one that didn't.",
        "Compare that text with the quote. The text has its indentation, the quote has none: .strip().",
    ],
    minutes=4,
)


# -- was it read before it was claimed ------------------------------------------------------------------


def _failed_read(events: Sequence[Any], path: str) -> list[Any]:
    """The same session, but each read of this file was answered with an error."""
    calls = {e.id for e in events if e.type == "agent.tool_use" and path in str(e.input.get("file_path"))}
    changed = []
    for event in events:
        if event.type == "agent.tool_result" and event.tool_use_id in calls:
            event = event_of({**event.to_dict(), "is_error": True})
        changed.append(event)
    return changed


def _notes_first(events: Sequence[Any]) -> list[Any]:
    """The same session, but it begins with a `write` of another file than the answer."""
    write = next(e for e in events if e.type == "agent.tool_use" and e.name == "write")
    result = next(e for e in events if e.type == "agent.tool_result" and e.tool_use_id == write.id)
    notes = {"file_path": "/mnt/user/notes.md", "content": "To do: answer.json"}
    call = write.to_dict() | {"id": f"{write.id}n", "input": notes}
    answer = result.to_dict() | {"id": f"{result.id}n", "tool_use_id": call["id"]}
    return [event_of(call), event_of(answer), *events]


def _sessions() -> Iterable[tuple[str, list[Any], list[Claim]]]:
    """What each session is, its events, and its answer."""
    for name, what in (("07_a", "reader-a"), ("07_b", "reader-b"), ("07_d", "reader-b at the ferry")):
        yield what, answered(name).events, answered(name).claims
    yield "an agent that you haven't seen", answered("07_c").events, answered("07_c").claims
    first = answered("07_a")
    failed = _failed_read(first.events, "numbers.py")
    yield "reader-a, had its read of numbers.py failed", failed, first.claims
    yield "reader-a, had it written notes.md before it read", _notes_first(first.events), first.claims


def _check_unread(unread_claims: Callable[[list[Any], list[Claim]], Any]) -> str:
    got = []
    for what, events, claims in _sessions():
        found = answer_of(f"for {what}", unread_claims, list(events), deepcopy(claims))
        got.append((what, events, claims, found))
    require_answers(unread_claims, (found for *_, found in got))
    for what, events, claims, found in got:
        _judge(what, events, claims, _names(what, found))
    return "it finds what was copied from a document, found by a search, read too late, or not read at all"


def _names(what: str, found: Any) -> list[str]:
    """The questions of the claims that were returned; their names or their paths will do, too."""
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise Wrong(f"for {what} you returned {found!r}, and not a list of claims")
    return [
        each["question"] if isinstance(each, dict) and "question" in each else str(each) for each in found
    ]


def _judge(what: str, events: list[Any], claims: list[Claim], names: list[str]) -> None:
    for claim in claims:
        name, path = claim["question"], claim["path"]
        returned = name in names or path in names
        if read_before(claim, events) == returned:
            why = _why(events, path)
            says = "was read in time" if returned else why
            raise Wrong(
                f"{what}, {name}: {path} {says}, and you {'returned' if returned else 'left out'} the claim"
            )


def _why(events: list[Any], path: str) -> str:
    """Why a file doesn't count as read."""
    calls = [
        event
        for event in events
        if event.type == "agent.tool_use"
        and event.name == "read"
        and str(event.input.get("file_path", "")).endswith(f"/{path}")
    ]
    if not calls:
        return "was never named by a read"
    failed = {e.tool_use_id for e in events if e.type == "agent.tool_result" and e.is_error}
    if all(call.id in failed for call in calls):
        return "was asked for, and the read failed"
    return "was read only after the answer was written"


unread = Exercise(
    "Exercise 3",
    _check_unread,
    [
        "Go through the events once, in order, and keep the paths that were shown. When do you stop?",
        "An agent.tool_use with the name 'read' has input['file_path']; the agent.tool_result with its id as "
        "tool_use_id says whether it came. Stop at the write of answer.json.",
        "Paths in the container are longer: '/mnt/user/shopfront/' or '/mnt/user/ferry/' comes first. So "
        "compare their ends, with .endswith('/' + claim['path']).",
    ],
    minutes=8,
)

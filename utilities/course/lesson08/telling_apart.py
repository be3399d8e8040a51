"""Lesson 08's exercise that tells agents apart: wrong approvals, and needless escalations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from utilities import TurnResult
from utilities.replay import Recording

from ..exercises import Exercise, NotAttempted, Wrong, answer_of, require_answers
from ..places import RECORDINGS
from .comparing import NEEDLESS, WRONG, judged

__all__ = ["mistakes"]

AGENTS = [("agent a", "a"), ("agent b", "b"), ("agent b without a gate", "b")]
AGENTS += [("an agent that you haven't seen", "c")]
KINDS = {WRONG: "wrong approvals", NEEDLESS: "needless escalations"}


def turn_of(recording: Path) -> TurnResult:
    """The turn that a recording has, without a server."""
    events = [_namespace(event) for event in Recording.load(recording).events]
    return TurnResult("sesn_recorded", "end_turn", events)


def _namespace(value: Any, *, keep: bool = False) -> Any:
    """An event as the SDK has it: attributes, but for a call's input, which is a dict."""
    if isinstance(value, list):
        return [_namespace(item) for item in value]
    if isinstance(value, dict) and not keep:
        return SimpleNamespace(**{key: _namespace(item, keep=key == "input") for key, item in value.items()})
    return value


def ungated(turn: TurnResult) -> TurnResult:
    """The same moves, and nothing was refused."""
    for event in turn.events:
        if event.type == "user.custom_tool_result":
            event.is_error = False
    return turn


def _check(mistakes: Callable[[Any], Any]) -> str:
    for who, letter in AGENTS:
        turn = turn_of(RECORDINGS / f"08_{letter}.jsonl")
        if "without" in who:
            turn = ungated(turn)
        said = answer_of(who, mistakes, turn.tool_calls)
        if said == (..., ...):
            raise NotAttempted
        require_answers(mistakes, [said])
        if not isinstance(said, tuple | list) or len(said) != 2:
            raise Wrong(f"{who}: two sets of receipts were expected, and you returned {said!r:.80}")
        truth = judged(turn)
        for (move, name), ids in zip(KINDS.items(), said, strict=True):
            _compare(f"{who}, {name}", ids, set(truth.receipts(move)), turn)
    return "three agents told apart, with a gate and without, and one of them was new to you"


def _compare(what: str, ids: Any, truth: set[str], turn: TurnResult) -> None:
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise Wrong(f"{what}: a set of receipt ids was expected, and you returned {ids!r:.80}")
    listed = list(ids)
    if twice := sorted({id for id in listed if listed.count(id) > 1}):
        raise Wrong(f"{what}: {twice[0]} is in it twice, and it is one receipt")
    if more := sorted(map(str, set(listed) - truth)):
        raise Wrong(f"{what}: {more[0]} is in it, and shouldn't be. {_story(more[0], turn)}")
    if missing := sorted(truth - set(listed)):
        raise Wrong(f"{what}: {missing[0]} is missing. {_story(missing[0], turn)}")


def _story(receipt: str, turn: TurnResult) -> str:
    calls = [call for call in turn.tool_calls if call.input.get("receipt") == receipt]
    steps = [f"{call.name}, {'refused' if call.is_error else 'done'}" for call in calls]
    return f"The agent's calls for it: {'; '.join(steps) or 'none'}"


mistakes = Exercise(
    "Exercise 2",
    _check,
    [
        "Go through the calls. Which tool was it, and who should have decided about its receipt?",
        'lesson08.lane(RECEIPTS[id]) says "agent" or "person". An approve in a person\'s lane is wrong, also '
        "if it was refused: the gate stopped it, not the agent.",
        "An escalate after a refused approve is no needless one: its receipt is in a person's lane. Calls of "
        "bash have no receipt: call.name comes first.",
    ],
    minutes=5,
)

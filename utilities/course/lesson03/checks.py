"""The exercises of lesson 03."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anthropic

from utilities import TurnTimeout, stream_until_end_turn
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import DATA

PATIENCE = 5.0  # seconds for a call that should take 0.3
PARALLEL = DATA / "recordings/03_parallel.jsonl"
ASKING = [DATA / "recordings/03_ask_allow.jsonl", DATA / "recordings/03_ask_deny.jsonl"]


@contextmanager
def _session(*recordings: Path, **options: Any) -> Iterator[tuple[ManagedAgentsApi, str]]:
    """A server on these recordings, and a new session on it."""
    with ManagedAgentsApi(recordings, **options) as api:
        yield api, api.create_session(*(recording.stem for recording in recordings))


def _message(recording: Path) -> list[dict[str, Any]]:
    """The content of the message that the recording begins with."""
    events = Recording.load(recording).events
    return json.loads(json.dumps(next(e["content"] for e in events if e["type"] == "user.message")))  # type: ignore[no-any-return]


# -- 1: what a session waits for -------------------------------------------------------------------


def _event(type: str, **fields: Any) -> Any:
    return SimpleNamespace(type=type, **{"id": f"sevt_{type}", "processed_at": "now", **fields})


def _idle(*ids: str, reason: str = "requires_action", type: str = "session.status_idle") -> Any:
    stop = {"type": reason, **({"event_ids": list(ids)} if ids else {})}
    return _event(type, stop_reason=SimpleNamespace(**stop))


def _result(call: str, **fields: Any) -> Any:
    return _event("user.custom_tool_result", custom_tool_use_id=call, is_error=False, **fields)


def _verdict(call: str, **fields: Any) -> Any:
    return _event("user.tool_confirmation", tool_use_id=call, result="allow", **fields)


RUNNING = _event("session.status_running")
CALLS = [_event("agent.custom_tool_use", id=id, name="order_status", input={}) for id in ("a", "b", "c")]
OPENING = [RUNNING, _event("user.message"), *CALLS]
BUILT_IN = [
    RUNNING,
    _event("user.message"),
    _event("agent.tool_use", id="x", name="ls", evaluated_permission="allow"),
    _event("agent.tool_result", tool_use_id="x"),
    _event("agent.tool_use", id="y", name="bash", evaluated_permission="ask"),
]
HISTORIES: list[tuple[str, list[Any], list[str]]] = [
    ("a session that has just been made", [], []),
    ("a turn that is under way", [RUNNING, _event("user.message")], []),
    ("calls that have come, before the idle event", OPENING, []),
    ("three calls that wait", [*OPENING, _idle("a", "b", "c")], ["a", "b", "c"]),
    ("ids in the session's own order", [*OPENING, _idle("c", "a")], ["c", "a"]),
    (
        "one answer sent, but not processed yet",
        [*OPENING, _idle("a", "b", "c"), _result("b", processed_at=None)],
        ["a", "c"],
    ),
    (
        "one answer processed, and the idle event with the rest",
        [*OPENING, _idle("a", "b", "c"), _result("b"), _idle("a", "c")],
        ["a", "c"],
    ),
    (
        "a window that has moved on",
        [*OPENING, _idle("a", "b"), _result("a"), _idle("b", "c")],
        ["b", "c"],
    ),
    (
        "all answers sent, none processed",
        [*OPENING, _idle("a", "b"), *[_result(id, processed_at=None) for id in ("a", "b")]],
        [],
    ),
    ("a turn that goes on after its answer", [*OPENING[:3], _idle("a"), _result("a"), RUNNING], []),
    (
        "a turn that is over",
        [*OPENING[:3], _idle("a"), _result("a"), RUNNING, _idle(reason="end_turn")],
        [],
    ),
    (
        "a turn that was interrupted while it waited",
        [*OPENING[:3], _idle("a"), _event("user.interrupt"), _idle(reason="end_turn")],
        [],
    ),
    ("a session that was terminated", [*OPENING, _idle("a"), _event("session.status_terminated")], []),
    (
        "a second question after the first was answered",
        [*OPENING[:3], _idle("a"), _result("a"), RUNNING, CALLS[1], _idle("b")],
        ["b"],
    ),
    (
        "another thread's idle event, which is not the session's",
        [*OPENING, _idle("a", type="session.thread_status_idle")],
        [],
    ),
    ("a built-in call that asks for permission", [*BUILT_IN, _idle("y")], ["y"]),
    ("a permission that was given", [*BUILT_IN, _idle("y"), _verdict("y", processed_at=None)], []),
]


def _check_waiting(waiting_calls: Callable[[list[Any]], Any]) -> str:
    answers = [(what, waiting_calls(list(events)), ids) for what, events, ids in HISTORIES]
    if all(answer in (None, ...) for _, answer, _ in answers):
        raise NotAttempted
    for what, answer, ids in answers:
        if not isinstance(answer, list | tuple) or list(answer) != ids:
            raise Wrong(f"{what}: {ids} wait there, and you returned {answer!r}")
    return f"{len(HISTORIES)} histories, also those with answers that the session has not come to yet"


waiting = Exercise(
    "Exercise 1",
    _check_waiting,
    [
        "Go through the events once, oldest first, and keep a list of what waits so far.",
        "Three kinds of events change it: an idle event replaces it, running or the end empties it, "
        "an answer takes one id out.",
        "getattr(event.stop_reason, 'event_ids', None) or [] is right for every stop reason; an answer has "
        "its call's id in custom_tool_use_id or in tool_use_id.",
    ],
)


# -- 2: in batches ---------------------------------------------------------------------------------

WHOLE = "window=8"  # an idle event names all eight calls, not five of them


def _answer(call: Any) -> dict[str, Any]:
    orders = json.loads((DATA / "orders/orders.json").read_text("utf-8"))
    content = [{"type": "text", "text": json.dumps(orders[call.input["order"]])}]
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call.id, "content": content}


def _check_batches(answer_in_batches: Callable[..., Any]) -> str:
    for size, faults in ((4, WHOLE), (4, "window=3"), (2, "window=5")):
        sent = _batches(answer_in_batches, size, faults)
        if max(sent) > size:
            raise Wrong(f"size was {size}, and one request had {max(sent)} results: {sent}")
        if faults == WHOLE and len(sent) > 2:
            raise Wrong(f"eight calls, four in each request, are two requests; yours were {sent}")
    return "two requests for eight calls, and a narrow window only makes them more"


def _batches(answer_in_batches: Callable[..., Any], size: int, faults: str) -> list[int]:
    """How many results each request had, for a session that is parked with eight calls."""
    where = f" (with {faults})" if faults != WHOLE else ""
    with _session(PARALLEL, faults=faults) as (api, session):
        opening = {"type": "user.message", "content": _message(PARALLEL)}
        api.client.beta.sessions.events.send(session, events=[opening])  # type: ignore[list-item]
        api.client.beta.sessions.events.list(session, limit=1)  # a turn is held until somebody looks
        sent = _results_sent(api)
        client = api.client.with_options(max_retries=0)
        try:
            returned = within(PATIENCE, answer_in_batches, client, session, _answer, size)
        except TookTooLong:
            raise Wrong(f"it was still at it after {PATIENCE:.0f} s{where}: is it waiting for events that "
                        "came before its stream was open?") from None  # fmt: skip
        except anthropic.BadRequestError as error:
            raise Wrong(f"the API refused what you sent{where}: {error.message}") from None
        [played] = api.sessions
        if returned is ... and not played.answers:
            raise NotAttempted
        if played.missing:
            raise Wrong(f"{len(played.answers)} of 8 calls were answered{where}, and the turn is not over: "
                        "look again at what waits, until nothing does")  # fmt: skip
    return sent


def _results_sent(api: ManagedAgentsApi) -> list[int]:
    """A list that gets, from now on, how many results each request has that is taken."""
    sent: list[int] = []
    before = api.server.api.observer

    def observe(request: Any, answer: Any) -> None:
        before(request, answer)
        if request.method == "POST" and request.path.endswith("/events") and answer.status == 200:
            events = json.loads(request.body)["events"]
            sent.append(sum(event["type"] == "user.custom_tool_result" for event in events))

    api.server.api.observer = observe
    return sent


batches = Exercise(
    "Exercise 2",
    _check_batches,
    [
        "The session is parked already: the calls are in client.beta.sessions.events.list(session_id), and "
        "your waiting_calls says which of them wait.",
        "Send the first `size` of them, wait until the session is idle again, and look at what waits now.",
        "send_and_wait(session_id, *results, client=client) returns the new events; its last one is idle.",
    ],
)


# -- 3: a policy -----------------------------------------------------------------------------------

ALLOWED = (
    "cat /mnt/session/uploads/orders.json",
    "head -n 3 /mnt/session/uploads/orders.json",
    "grep -c '\"late\": true' /mnt/session/uploads/orders.json",
    "  ls -l /mnt",
    "wc",
)
DENIED = {
    "rm -r /mnt/user": "rm",
    "cat a > b": "a redirection",
    "cat a; rm b": "a second command after ;",
    "cat a && rm b": "a second command after &&",
    "cat a\nrm b": "a second command on a second line",
    "cat $(rm b)": "a command inside a command",
    "cat `rm b`": "a command inside a command",
    "grep x a | tee b": "a pipe",
    "catapult a": "a program whose name only begins like cat",
    "python3 -c 'cat'": "a program that can do anything",
    "/tmp/cat a": "somebody's own cat",
    "RM=1 cat a": "a variable before the program",
    "": "no command at all",
    "   ": "no command at all",
}


def _check_policy(policy: Callable[[Any], Any]) -> str:
    def verdict(command: str | None, name: str = "bash") -> Any:
        given = {} if command is None else {"command": command}
        return policy(_event("agent.tool_use", name=name, input=given, evaluated_permission="ask"))

    verdicts = [verdict(command) for command in (*ALLOWED, *DENIED)]
    if all(said in (None, ...) for said in verdicts):
        raise NotAttempted
    for command in ALLOWED:
        if (said := verdict(command)) is not True:
            raise Wrong(f"{command!r} only reads, but you said {said!r}")
    for denied, what in [*DENIED.items(), (None, "a restart, without a command")]:
        if not isinstance(said := verdict(denied), str) or not said.strip():
            raise Wrong(f"{denied!r} is {what}: a reason was expected (a text), but you said {said!r}")
    if (said := verdict("cat a", name="web_fetch")) is not None:
        raise Wrong(f"web_fetch is not this policy's business, None leaves it; but you said {said!r}")
    _play_policy(policy)
    return f"{len(ALLOWED)} commands allowed, {len(DENIED)} denied, and a whole turn under your policy"


def _play_policy(policy: Callable[[Any], Any]) -> None:
    with _session(*ASKING, strict=False) as (api, session):  # the learner's reason is not the recorded one
        content = _message(ASKING[0])
        try:
            turn = stream_until_end_turn(api.client, session, content, confirm=policy, timeout=PATIENCE)
        except TurnTimeout as error:
            raise Wrong(f"a turn under your policy never ended: {error}") from None
        [played] = api.sessions
        verdicts = [said for _, said in played.answers]
        if (turn.outcome, verdicts) != ("end_turn", ["allow", "deny", "allow"]):
            raise Wrong(f"a turn under your policy ended with {turn.outcome}, its verdicts {verdicts}")


policy = Exercise(
    "Exercise 3",
    _check_policy,
    [
        "Three cases: not bash, then allowed, then everything else.",
        "command.split() gives the words; the first one, if there is one, is the program. Compare it as a "
        "whole: catapult also begins with cat.",
        "set(command) & set(SHELL) is empty if none of those characters is in the command; bash can also be "
        "called without a command, so call.input.get('command') or ''.",
    ],
)

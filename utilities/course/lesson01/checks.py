"""The exercises of lesson 01."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import RECORDINGS

PATIENCE = 5.0  # seconds for a call that should take 0.3
RECORDING = RECORDINGS / "01_tests_green.jsonl"


def _event(type: str, **fields: Any) -> Any:
    return SimpleNamespace(type=type, id=f"sevt_{type}", **fields)


def _idle(reason: str, type: str = "session.status_idle") -> Any:
    return _event(type, stop_reason=SimpleNamespace(type=reason, event_ids=["sevt_call"]))


# -- 1: when a loop over the stream is over ---------------------------------------------------------

GOES_ON = [
    _event("session.status_running"),
    _event("agent.message", content=[]),
    _event("agent.tool_use", name="bash", input={}),
    _event("session.status_rescheduled"),
    _idle("end_turn", "session.thread_status_idle"),
    _event("session.error", error=SimpleNamespace(retry_status=SimpleNamespace(type="retrying"))),
    _event("agent.something_new"),
]
REASONS = (
    "end_turn",
    "requires_action",
    "retries_exhausted",
    "budget_reached",
    "refusal",
    "a_reason_of_next_year",
)


def _check_ending(ending: Callable[[Any], Any]) -> str:
    if all(
        ending(event) in (None, ...) for event in (*map(_idle, REASONS), _event("session.status_terminated"))
    ):
        raise NotAttempted
    for event in GOES_ON:
        if ending(event) is not None:
            raise Wrong(f"{event.type} does not end a turn, but you returned {ending(event)!r}")
    for reason in REASONS:
        if (got := ending(_idle(reason))) != reason:
            raise Wrong(
                f"session.status_idle with stop reason {reason!r} ends this loop; you returned {got!r}"
            )
    for last in ("terminated", "deleted"):
        type = "session.status_terminated" if last == "terminated" else "session.deleted"
        if (got := ending(_event(type))) != last:
            raise Wrong(f"after {type} no event will ever come; you returned {got!r} and not {last!r}")
    return (
        f"{len(REASONS)} stop reasons, two of which many loops wait on for ever, and both ends of a session"
    )


ending = Exercise(
    "Exercise 1",
    _check_ending,
    [
        "Three event types can end the turn: one carries a reason, the other two speak for themselves.",
        "Don't list the stop reasons: one that you have never heard of still means that the agent stopped.",
        "requires_action ends this loop too: it has no tools to answer with, so it would wait for ever.",
    ],
)


# -- 2: why mean went green ------------------------------------------------------------------------


def _check_mean(events: list[Any], call_id: Any, function: Any) -> str:
    calls = {event.id: event for event in events if event.type == "agent.tool_use"}
    if call_id not in calls:
        raise Wrong(f"{call_id!r} is not the id of an agent.tool_use event of this turn")
    edit = calls[call_id]
    if edit.name != "edit":
        raise Wrong(
            f"that call is a {edit.name}, which changes nothing; which edit came before mean turned green?"
        )
    after = _first_run_after(events, edit)
    before = _last_run_before(events, edit)
    if "test_mean passed" in before:
        raise Wrong("test_mean was green before that edit already")
    if "test_mean passed" not in after:
        raise Wrong("test_mean still failed in the run after that edit")
    code = (RECORDING.parents[1] / "iterate/calc.py").read_text("utf-8")
    if function != _function_at(code, edit.input["old_string"]):
        raise Wrong(f"look at what the edit replaced: {edit.input['old_string']!r} is not in {function!r}")
    return "mean calls add; with add right, mean is right, and an edit of mean would have been one too many"


def _runs(events: list[Any]) -> list[tuple[int, str]]:
    """The test runs: where each stands in the log, and what it printed."""
    texts = [
        (i, "".join(b.text for b in e.content)) for i, e in enumerate(events) if e.type == "agent.tool_result"
    ]
    return [(i, text) for i, text in texts if "test_add passed" in text or "test_add FAILED" in text]


def _first_run_after(events: list[Any], edit: Any) -> str:
    return next((text for i, text in _runs(events) if i > events.index(edit)), "")


def _last_run_before(events: list[Any], edit: Any) -> str:
    return next((text for i, text in reversed(_runs(events)) if i < events.index(edit)), "")


def _function_at(code: str, line: str) -> str:
    return code[: code.index(line)].rsplit("def ", 1)[1].split("(")[0]


mean = Exercise(
    "Exercise 2",
    _check_mean,
    [
        "Read the test runs in order: in which one does test_mean pass for the first time?",
        "The edit just before that run is the cause; its input says what it replaced.",
        "The candidates are the agent.tool_use events in first_turn whose name is 'edit'.",
    ],
)


# -- 3: archive without the race ---------------------------------------------------------------------


def _check_archiving(archive_safely: Callable[..., Any]) -> str:
    recording = Recording.load(RECORDING)
    with ManagedAgentsApi(recording) as api:
        client, settled = api.client, _session_that_is_just_idle(api, recording)
        if archive_safely(client, settled, timeout=5.0) is ...:
            raise NotAttempted
        if client.beta.sessions.retrieve(settled).archived_at is None:
            raise Wrong("the session was not archived")
    unfinished = Recording(RECORDING, recording.header, recording.events[:20])  # a turn that never ends
    with ManagedAgentsApi(unfinished) as api:
        client, stuck = api.client, _session_that_is_just_idle(api, unfinished)
        try:
            within(PATIENCE, archive_safely, client, stuck, timeout=0.3)
        except TookTooLong:
            raise Wrong(f"it was still waiting after {PATIENCE:.0f} s, although timeout was 0.3") from None
        except TimeoutError as error:
            if stuck not in str(error):
                raise Wrong(
                    f"your TimeoutError says {str(error)!r}: whoever reads it needs the session's id"
                ) from None
        else:
            raise Wrong("a session that never became idle was reported as archived")
    return "it waits for the status field instead of for luck, and gives up with an error that says where"


def _session_that_is_just_idle(api: ManagedAgentsApi, recording: Recording) -> str:
    session_id = api.create_session(recording.name)
    message = next(event for event in recording.events if event["type"] == "user.message")
    api.client.beta.sessions.events.send(
        session_id, events=[{"type": "user.message", "content": json.loads(json.dumps(message["content"]))}]
    )
    return session_id


archiving = Exercise(
    "Exercise 3",
    _check_archiving,
    [
        "client.beta.sessions.retrieve(session_id).status reads the field; only idle can be archived.",
        "Look, and if it isn't idle yet, wait a little and look again, until time.monotonic() says stop.",
        'Then raise TimeoutError(f"session {session_id} is still running"): nobody should wait for ever.',
    ],
)

"""The exercises of lesson 01."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from anthropic import BadRequestError
from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import (
    Exercise,
    NotAttempted,
    TookTooLong,
    Wrong,
    answer_of,
    require_answers,
    within,
)
from ..places import RECORDINGS
from ..predictions import Prediction
from .calc import FOLDER, changed_functions, run_tests

PATIENCE = 5.0  # seconds for a call that should take 0.3
LONG_ENOUGH = "settle=1"  # for a call that gives up at once to see the session running
RECORDING = RECORDINGS / "01_tests_green.jsonl"


def _event(type: str, **fields: Any) -> Any:
    """An event as the SDK gives it to a loop."""
    return construct_type(value={"type": type, "id": "sevt_1"} | fields, type_=BetaManagedAgentsSessionEvent)


def _idle(reason: str, type: str = "session.status_idle") -> Any:
    waiting = {"event_ids": ["sevt_call"]} if reason == "requires_action" else {}
    return _event(type, stop_reason={"type": reason, **waiting})


# -- what a late stream gets ------------------------------------------------------------------------

late = Prediction(
    "Prediction",
    "The turn is over. What does a stream get that is opened now?",
    [
        "all of the turn's events, from the beginning",
        "the last one, which says that the session is idle",
        "nothing, until something new happens",
    ],
    right="c",
    why="a stream starts with what happens after it was opened; the rest is in the log",
    wrong={
        "a": "that would be a replay, and a stream replays nothing: run the next cell",
        "b": "it was the last thing that happened, but it happened before: run the next cell",
    },
    hints=[
        "What would have been lost if our loop had sent first, and opened the stream afterwards?",
        "Rule 1 above says with what a stream starts.",
    ],
)


# -- when a loop over the stream is over ------------------------------------------------------------

GOES_ON = [
    _event("session.status_running"),
    _event("agent.message", content=[{"type": "text", "text": "Let me look."}]),
    _event("agent.tool_use", name="bash", input={}),
    _event("session.status_rescheduled"),
    _idle("end_turn", "session.thread_status_idle"),
    _event("session.error", error={"type": "unknown_error", "retry_status": {"type": "retrying"}}),
    _event("agent.something_new"),
]
ENDS = {  # the sessions of the exercise, by how a loop over each has to end
    "end_turn": ("finishes", _idle("end_turn")),
    "refusal": ("refuses", _idle("refusal")),
    "requires_action": ("waits for an answer", _idle("requires_action")),
    "terminated": ("is terminated by an error", _event("session.status_terminated")),
    "deleted": ("is deleted", _event("session.deleted")),
}
MORE_REASONS = ("retries_exhausted", "budget_reached", "a_reason_of_next_year")


def _check_ending(ending: Callable[[Any], Any]) -> str:
    require_answers(ending, (_asked(ending, event) for _, event in ENDS.values()))
    for event in GOES_ON:
        if (got := _asked(ending, event)) is not None:
            raise Wrong(f"{_said(event)} does not end a turn, but you returned {got!r}")
    for reason, (what, event) in ENDS.items():
        if (got := _asked(ending, event)) is None:
            does = "hangs in" if event.type == "session.status_idle" else "doesn't see the end of"
            raise Wrong(f"your loop {does} a session that {what}: you returned None for {_said(event)}")
        elif getattr(got, "type", None) == reason:
            raise Wrong(f"for {_said(event)} you returned the whole stop reason; its name is its .type")
        elif got != reason:
            raise Wrong(f"for {_said(event)} you returned {got!r}, which isn't the reason")
    for reason in MORE_REASONS:
        event = _idle(reason)
        if (got := _asked(ending, event)) != reason:
            what = "hangs: you returned None for" if got is None else f"says {got!r} of"
            raise Wrong(f"your loop {what} {_said(event)}, and there will be reasons that nobody has listed")
    return "it leaves all five sessions, and one whose stop reason nobody has heard of yet"


def _asked(ending: Callable[[Any], Any], event: Any) -> Any:
    """What `ending` says of an event."""
    return answer_of(f"for {_said(event)}", ending, event)


def _said(event: Any) -> str:
    reason = getattr(event, "stop_reason", None)
    return f"{event.type} with stop reason {reason.type!r}" if reason else str(event.type)


ending = Exercise(
    "Exercise 1",
    _check_ending,
    [
        "Begin with event.type: three types can end the turn. Which are they in the loop above?",
        "Only session.status_idle carries a reason: event.stop_reason.type. Return that, whatever it is.",
        "Don't list the reasons: one that you have never heard of still means that the agent stopped. "
        'The two other types have a name of their own to return: "terminated" and "deleted".',
    ],
    minutes=5,
)


# -- which edit made which test green ----------------------------------------------------------------

NO_EDIT = (
    "in this turn {test} didn't turn green by an edit of calc.py that the check can repeat, so it can't "
    "judge: the solutions notebook has the recorded turn"
)


def _check_green(events: Sequence[Any], mean_call: Any, function: Any, divide_call: Any) -> str:
    """A call may be the event itself instead of its id, `function` may be written as a call."""
    function = _name(function)
    if not isinstance(function, str):
        raise Wrong(f"{function!r:.60} is no function's name: that is a text")
    calls = {event.id: event for event in events if event.type == "agent.tool_use"}
    steps = list(_steps(calls.values()))
    right = _cause(calls, steps, mean_call, "test_mean")
    if function not in right.changed:
        raise Wrong(f"the call is the right one, but it didn't change {function!r}: look at what it replaced")
    _cause(calls, steps, divide_call, "test_divide")
    return (
        "mean calls add: with add right, mean is right. And of the two edits of divide, only the second does "
        "what its test asks for"
    )


def _cause(calls: dict[str, Any], steps: Sequence[_Step], call_id: Any, test: str) -> _Step:
    """The step that made the test green, if it is that of the call.

    Raises:
        Wrong: it isn't.
    """
    call_id = getattr(call_id, "id", call_id)
    if not isinstance(call_id, str):
        raise Wrong(f"{call_id!r:.60} is no id: an id is a text, as in call.id")
    if call_id in {call.name for call in calls.values()}:
        raise Wrong(
            f"{call_id!r} is the name of a tool, and several calls can share it: a call's id is call.id"
        )
    if call_id not in calls:
        raise Wrong(f"{call_id!r} is not the id of an agent.tool_use event of this turn")
    right = next((step for step in steps if test in step.turns_green), None)
    if right is None:
        raise Wrong(NO_EDIT.format(test=test))
    if call_id not in [step.call.id for step in steps]:
        raise Wrong(f"that call is a {calls[call_id].name}, which changes nothing in calc.py")
    if call_id != right.call.id:
        later = list(calls).index(call_id) > list(calls).index(right.call.id)
        raise Wrong(f"{test} {'was green before' if later else 'still fails after'} that call")
    return right


def _name(function: Any) -> Any:
    """The name in `add`, `add()`, `calc.add` or `def add`, or of the function itself."""
    if not isinstance(function, str):
        return getattr(function, "__name__", function)
    return function.strip(" `'\"").removeprefix("def ").partition("(")[0].rpartition(".")[2].strip()


@dataclass(frozen=True)
class _Step:
    """One call that changed calc.py.

    Attributes:
        changed: the functions that it changed.
        turns_green: the tests that pass after it and didn't before.
    """

    call: Any
    changed: set[str]
    turns_green: set[str]


def _steps(calls: Iterable[Any]) -> Iterator[_Step]:
    """The calls that changed calc.py, done again, with the tests run after each."""
    code = (FOLDER / "calc.py").read_text("utf-8")
    green = _passing(code)
    for call in calls:
        new = _after(call, code)
        if new == code:
            continue
        before, green = green, _passing(new)
        yield _Step(call, changed_functions(code, new), green - before)
        code = new


def _passing(code: str) -> set[str]:
    return {test for test, outcome in run_tests(code).items() if outcome == "passed"}


def _after(call: Any, code: str) -> str:
    """calc.py after a call of `edit` or `write`; a bash command isn't done again."""
    if not str(call.input.get("file_path", "")).endswith("/calc.py"):
        return code
    if call.name == "write":
        return str(call.input.get("content", code))
    return code.replace(call.input["old_string"], call.input["new_string"]) if call.name == "edit" else code


green = Exercise(
    "Exercise 2",
    _check_green,
    [
        "Read the test runs in the log in order: in which one does each test pass for the first time?",
        "The edit just before that run is the cause; its input says what it replaced.",
        "The candidates are the agent.tool_use events in first_turn whose name is 'edit'.",
    ],
    minutes=4,
    given=1,
)


# -- archive without the race ------------------------------------------------------------------------


def _check_archiving(archive_safely: Callable[..., Any]) -> str:
    recording = Recording.load(RECORDING)
    with ManagedAgentsApi(recording) as api:
        client, settled = api.client, _session_that_is_just_idle(api, recording)
        try:
            if within(PATIENCE, archive_safely, client, settled, timeout=PATIENCE) is ...:
                raise _of_gap_2(archive_safely)
        except TookTooLong:
            raise Wrong(f"it was still waiting after {PATIENCE:.0f} s for a session that was idle") from None
        except TimeoutError:
            raise Wrong("it gave up on a session that would have been idle in a moment") from None
        if settled not in [each.id for each in client.beta.sessions.list(include_archived=True)]:
            raise Wrong("it deleted the session, and its log is gone with it: archive keeps the log")
        every = client.beta.sessions.list(include_archived=True)
        if any(each.archived_at for each in every if each.id != settled):
            raise Wrong("it archived another session than that of its argument session_id")
        if client.beta.sessions.retrieve(settled).archived_at is None:
            raise Wrong("the session became idle, but was not archived")
    unfinished = Recording(RECORDING, recording.header, recording.events[:20])  # a turn that never ends
    with ManagedAgentsApi(unfinished) as api:
        client, stuck = api.client, _session_that_is_just_idle(api, unfinished)
        try:
            within(PATIENCE, archive_safely, client, stuck, timeout=0.3)
        except TookTooLong:
            raise Wrong(f"it was still waiting after {PATIENCE:.0f} s, although timeout was 0.3") from None
        except BadRequestError:
            raise Wrong(
                "it archived a session that was still running: after the deadline, raise a TimeoutError"
            ) from None
        except TimeoutError as error:
            if stuck not in str(error):
                raise Wrong(
                    f"your TimeoutError says {str(error)!r}: whoever reads it needs the session's id"
                ) from None
        else:
            raise Wrong("a session that never became idle was reported as archived")
    return "it waits for the status field instead of for luck, and gives up with an error that says where"


def _of_gap_2(archive_safely: Callable[..., Any]) -> Exception:
    """What to say where gap 2 is empty: it depends on gap 1, and only that can end a wait at once."""
    recording = Recording.load(RECORDING)
    with ManagedAgentsApi(recording, faults=LONG_ENOUGH) as api:
        running = _session_that_is_just_idle(api, recording)
        try:
            within(PATIENCE, archive_safely, api.client, running, timeout=0)
        except TimeoutError:
            return Wrong("gap 1 gives up when it is too late; gap 2 is still empty, so nothing is archived")
    return NotAttempted()


def _session_that_is_just_idle(api: ManagedAgentsApi, recording: Recording) -> str:
    # Ids are the same each time: the first ones are those of a notebook's own sessions, and `session.id`
    # instead of the argument would be right by accident.
    session_id = [api.create_session(recording.name) for _ in range(4)][-1]
    message = next(event for event in recording.events if event["type"] == "user.message")
    api.client.beta.sessions.events.send(
        session_id, events=[{"type": "user.message", "content": json.loads(json.dumps(message["content"]))}]
    )
    return session_id


archiving = Exercise(
    "Exercise 3",
    _check_archiving,
    [
        "Gap 2 is the call that the API refused above; after the loop it is taken.",
        "Gap 1 compares time.monotonic() with the deadline; on most rounds it does nothing.",
        'When it is too late: raise TimeoutError(f"session {session_id} is still running").',
    ],
    minutes=4,
)


# -- what reaches a session that exists (notebook 01b) -------------------------------------------------

reaches = Prediction(
    "Exercise 1",
    "Which of these changes reach the session?",
    [
        "the agent gets a new system prompt",
        "the upload of calc.py is deleted",
        "the session's own tools are replaced",
        "the agent is archived",
        "a file is added to the session",
        "the environment is archived",
    ],
    right="ce",
    why="a session is changed by what is done to it, and not by what is done to what it was made from",
    wrong={
        "a": "the prompt is in a new version of the agent, and the session has the version of its first day",
        "b": "look at the ids above: whose file is mounted?",
        "d": "who can't have an archived agent any more: sessions that exist, or new ones?",
        "f": "who can't have an archived environment any more: sessions that exist, or new ones?",
    },
    hints=[
        "Four of the changes are made to something that the session was made from, two to the session.",
        "What the session has copied, nobody else can change.",
    ],
    minutes=2,
)

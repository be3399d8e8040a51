"""Lesson 01: what its helpers find, and its checks: right answers pass, wrong ones fail with the reason."""

from __future__ import annotations

import time
from typing import Any

import pytest
from anthropic._models import construct_type
from anthropic.types.beta.sessions import (
    BetaManagedAgentsSessionDeletedEvent,
    BetaManagedAgentsSessionEvent,
    BetaManagedAgentsSessionStatusIdleEvent,
    BetaManagedAgentsSessionStatusTerminatedEvent,
)

from tests.kit.places import DATA
from utilities.course.exercises import Exercise
from utilities.course.lesson01 import changed_functions, planted, run_tests
from utilities.course.lesson01 import checks as lesson01
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.slow

EXERCISES = [exercise for exercise in vars(lesson01).values() if isinstance(exercise, Exercise)]
CALC = (DATA / "iterate" / "calc.py").read_text("utf-8")


@pytest.fixture
def first_turn() -> list[Any]:
    """The recording's first turn, as the SDK's event objects."""
    events = Recording.load(lesson01.RECORDING).events
    end = next(i for i, event in enumerate(events) if event["type"] == "session.status_idle")
    return [construct_type(value=event, type_=BetaManagedAgentsSessionEvent) for event in events[: end + 1]]


# -- running the tests, comparing the code ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        (CALC, ["AssertionError", "ZeroDivisionError", "AssertionError"]),
        (CALC.replace("a + b + 1", "a + b"), ["passed", "ZeroDivisionError", "passed"]),
        ("print('passed')\n" + CALC, ["AssertionError", "ZeroDivisionError", "AssertionError"]),
        ("def add(a, b)", ["SyntaxError"] * 3),
        ("", ["ImportError"] * 3),
        (CALC + "\nraise SystemExit(1)\n", ["SystemExit"] * 3),
        (CALC + "\nimport os\nos._exit(3)\n", ["the process ended with code 3"] * 3),
    ],
)
def test_the_outcome_of_each_test_by_name(code, outcomes):
    assert run_tests(code) == dict(zip(["test_add", "test_divide", "test_mean"], outcomes, strict=True))


def test_code_that_never_ends_is_an_outcome_too(monkeypatch):
    monkeypatch.setattr("utilities.course.lesson01.calc.TIME", 1.0)
    assert set(run_tests("while True: pass").values()) == {"TimeoutExpired"}


def test_which_functions_changed():
    assert planted == {"add", "divide"}
    fixed = CALC.replace("a + b + 1", "(a + b)  # as it says")
    assert changed_functions(CALC, fixed) == {"add"}
    assert changed_functions(CALC, "# a comment\n\n" + CALC) == set()
    assert changed_functions(CALC, CALC.replace("def mean", "def median")) == {"mean", "median"}


# -- the prediction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["c", "C.", ["c"], "nothing, until something new happens"])
def test_a_late_stream_gets_nothing(passes, right):
    passes(lesson01.late, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("a", "replays nothing"), ("b", "it happened before"), ("d", "none of the answers"), (0, "none of")],
)
def test_a_late_stream_replays_nothing(fails, wrong, why):
    fails(lesson01.late, wrong, why=why)


# -- exercise 1 --------------------------------------------------------------------------------------------


def by_type(event: Any) -> Any:
    if event.type == "session.status_idle":
        return event.stop_reason.type
    if event.type == "session.status_terminated":
        return "terminated"
    return "deleted" if event.type == "session.deleted" else None


def by_match(event: Any) -> Any:
    match event.type:
        case "session.status_idle":
            return event.stop_reason.type
        case "session.status_terminated" | "session.deleted":
            return event.type.removeprefix("session.").removeprefix("status_")


def by_class(event: Any) -> Any:
    if isinstance(event, BetaManagedAgentsSessionStatusIdleEvent):
        return event.stop_reason.type
    if isinstance(event, BetaManagedAgentsSessionStatusTerminatedEvent):
        return "terminated"
    return "deleted" if isinstance(event, BetaManagedAgentsSessionDeletedEvent) else None


def by_dict(event: Any) -> Any:
    reasons = {
        "session.status_idle": getattr(getattr(event, "stop_reason", None), "type", None),
        "session.status_terminated": "terminated",
        "session.deleted": "deleted",
    }
    return reasons.get(event.type)


@pytest.mark.parametrize("right", [by_type, by_match, by_class, by_dict])
def test_a_loop_that_ends_in_all_five_sessions(passes, right):
    passes(lesson01.ending, right)


def of_the_web(event: Any) -> Any:
    if event.type == "session.status_idle" and event.stop_reason.type == "end_turn":
        return "end_turn"


def naive_ending(event: Any) -> str | None:
    """The loop of the tutorials: end_turn and terminated, nothing else."""
    if event.type == "session.status_idle" and event.stop_reason.type == "end_turn":
        return "end_turn"
    return "terminated" if event.type == "session.status_terminated" else None


def any_idle(event: Any) -> str | None:
    """Takes another thread's idle for the session's."""
    if event.type.endswith("status_idle"):
        return str(event.stop_reason.type)
    return {"session.status_terminated": "terminated", "session.deleted": "deleted"}.get(event.type)


def known_reasons(event: Any) -> str | None:
    """Waits for ever on a reason that is not on its list."""
    known = ("end_turn", "requires_action", "retries_exhausted", "budget_reached", "refusal")
    if event.type == "session.status_idle" and event.stop_reason.type in known:
        return str(event.stop_reason.type)
    return {"session.status_terminated": "terminated", "session.deleted": "deleted"}.get(event.type)


def stops_at_errors(event: Any) -> str | None:
    """Gives up on an error that the service is retrying."""
    return "error" if event.type == "session.error" else by_type(event)


def forgets_deletion(event: Any) -> str | None:
    return None if event.type == "session.deleted" else by_type(event)


def whole_names(event: Any) -> str | None:
    return event.type if event.type in ("session.status_terminated", "session.deleted") else by_type(event)


def whole_reason(event: Any) -> Any:
    return event.stop_reason if event.type == "session.status_idle" else by_type(event)


def yes_or_no(event: Any) -> bool | None:
    return True if by_type(event) else None


def always_asks(event: Any) -> str | None:
    return event.stop_reason.type


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (of_the_web, "hangs in a session that refuses"),
        (naive_ending, "hangs in a session that refuses"),
        (any_idle, "session.thread_status_idle with stop reason 'end_turn' does not end a turn"),
        (
            known_reasons,
            "hangs: you returned None for session.status_idle with stop reason 'a_reason_of_next",
        ),
        (stops_at_errors, "session.error does not end a turn, but you returned 'error'"),
        (forgets_deletion, "doesn't see the end of a session that is deleted"),
        (whole_reason, "you returned the whole stop reason; its name is its .type"),
        (whole_names, "you returned 'session.status_terminated', which isn't the reason"),
        (yes_or_no, "you returned True, which isn't the reason"),
        (always_asks, "for session.status_running: it raised AttributeError"),
        (lambda event: "end_turn", "session.status_running does not end a turn"),
    ],
)
def test_a_loop_that_ends_wrongly_fails(fails, wrong, why):
    fails(lesson01.ending, wrong, why=why)


# -- exercise 2 --------------------------------------------------------------------------------------------


def calls(events: list[Any], name: str) -> list[Any]:
    return [event for event in events if event.type == "agent.tool_use" and event.name == name]


def add() -> None:
    """A function that has the name in question."""


@pytest.mark.parametrize("function", ["add", "add()", "calc.add", "def add(a, b)", add])
def test_mean_went_green_by_the_edit_of_add(first_turn, passes, function):
    right, _, of_divide = calls(first_turn, "edit")
    passes(lesson01.green, first_turn, right.id, function, of_divide.id)
    passes(lesson01.green, first_turn, right, function, of_divide)


@pytest.mark.parametrize(
    ("call", "function", "why"),
    [
        (("edit", 1), "divide", "test_mean was green before that call"),
        (("edit", 2), "divide", "test_mean was green before that call"),
        (("edit", 0), "mean", "it didn't change 'mean'"),
        (("edit", 0), "divide", "it didn't change 'divide'"),
        (("bash", 2), "add", "that call is a bash, which changes nothing"),
        (("read", 0), "add", "that call is a read, which changes nothing"),
    ],
)
def test_another_call_or_another_function_is_not_the_cause(first_turn, fails, call, function, why):
    name, number = call
    last = calls(first_turn, "edit")[-1].id
    fails(lesson01.green, first_turn, calls(first_turn, name)[number].id, function, last, why=why)


@pytest.mark.parametrize(
    ("number", "why"),
    [(0, "test_divide still fails after that call"), (1, "test_divide still fails after that call")],
)
def test_the_first_edit_of_divide_did_not_make_its_test_green(first_turn, fails, number, why):
    edits = calls(first_turn, "edit")
    fails(lesson01.green, first_turn, edits[0].id, "add", edits[number].id, why=why)


def test_what_is_no_call_at_all(first_turn, fails):
    said = next(event for event in first_turn if event.type == "agent.message")
    for id in (said.id, "sevt_nope"):
        fails(lesson01.green, first_turn, id, "add", id, why="is not the id of an agent.tool_use event")
    fails(lesson01.green, first_turn, "edit", "add", "edit", why="'edit' is the name of a tool")
    for id in (3, [said.id]):
        fails(lesson01.green, first_turn, id, "add", said.id, why="is no id: an id is a text")
    right = calls(first_turn, "edit")[0].id
    fails(lesson01.green, first_turn, right, ["add"], right, why="['add'] is no function's name")
    fails(lesson01.green, first_turn, right, "add", ..., why="still `...`")


DIVIDES = """if b == 0:
        raise ValueError("b is zero")
    return a / b"""


def test_a_live_turn_that_went_another_way_is_judged_by_what_happened_in_it(first_turn, passes, fails):
    one, _, last = calls(first_turn, "edit")
    content = CALC.replace(" + 1", "")
    wrote = one.model_copy(
        update={"name": "write", "input": {"file_path": "/tmp/calc.py", "content": content}}
    )
    edit = {"file_path": "/tmp/calc.py", "old_string": "return a / b", "new_string": DIVIDES}
    divided = last.model_copy(update={"input": edit})
    passes(lesson01.green, [wrote, divided], wrote.id, "add", divided.id)
    bash = calls(first_turn, "bash")[0]
    fails(lesson01.green, [bash], bash.id, "add", bash.id, why="so it can't judge")
    fails(lesson01.green, [wrote], wrote.id, "add", wrote.id, why="test_divide didn't turn green by an edit")


# -- exercise 3 --------------------------------------------------------------------------------------------


def by_the_frame(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    busy = ("running", "rescheduling")
    while client.beta.sessions.retrieve(session_id).status in busy:
        if time.monotonic() > deadline:
            raise TimeoutError(f"session {session_id} is running after {timeout} s")
        time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def without_a_result(client: Any, session_id: str, timeout: float) -> Any:
    by_the_frame(client, session_id, timeout)


def by_counting(client: Any, session_id: str, timeout: float) -> Any:
    for _ in range(int(timeout / 0.05)):
        session = client.beta.sessions.retrieve(session_id)
        if session.status == "idle":
            return client.beta.sessions.archive(session.id)
        time.sleep(0.05)
    raise TimeoutError(session_id)


def by_trying(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return client.beta.sessions.archive(session_id)
        except Exception as refused:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{session_id}: {refused}") from refused
            time.sleep(0.05)


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize("right", [by_the_frame, without_a_result, by_counting, by_trying])
def test_an_archive_that_waits_passes(passes, right):
    passes(lesson01.archiving, right)


def archive_at_once(client: Any, session_id: str, timeout: float) -> Any:
    return client.beta.sessions.archive(session_id)


def archive_by_luck(client: Any, session_id: str, timeout: float) -> Any:
    time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def never_archive(client: Any, session_id: str, timeout: float) -> Any:
    return None


def give_up_silently(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if client.beta.sessions.retrieve(session_id).status == "idle":
            return client.beta.sessions.archive(session_id)
    return None


def forget_the_id(client: Any, session_id: str, timeout: float) -> Any:
    if give_up_silently(client, session_id, timeout) is None:
        raise TimeoutError("it took too long")


def wait_for_ever(client: Any, session_id: str, timeout: float) -> Any:
    while client.beta.sessions.retrieve(session_id).status != "idle":
        time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def leave(client: Any, session_id: str, timeout: float) -> Any:
    raise SystemExit(1)


def archives_the_notebooks_own(client: Any, session_id: str, timeout: float) -> Any:
    with ManagedAgentsApi(Recording.load(lesson01.RECORDING)) as api:  # ids are the same in each server
        return client.beta.sessions.archive(api.create_session("01_tests_green"))


def breaks_at_the_deadline(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while client.beta.sessions.retrieve(session_id).status == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def leaves_gap_2(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while client.beta.sessions.retrieve(session_id).status == "running":
        if time.monotonic() > deadline:
            raise TimeoutError(f"session {session_id} is still running")
        time.sleep(0.05)
    return ...


def leaves_both_gaps(client: Any, session_id: str, timeout: float) -> Any:
    while client.beta.sessions.retrieve(session_id).status == "running":
        time.sleep(0.05)
    return ...


def deletes(client: Any, session_id: str, timeout: float) -> Any:
    while client.beta.sessions.retrieve(session_id).status == "running":
        time.sleep(0.05)
    return client.beta.sessions.delete(session_id)


def gives_up_too_early(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while client.beta.sessions.retrieve(session_id).status == "running":
        if time.monotonic() < deadline:
            raise TimeoutError(f"session {session_id} is still running")
    return client.beta.sessions.archive(session_id)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (archive_at_once, "your code raised BadRequestError: Error code: 400"),
        (archive_by_luck, "your code raised BadRequestError: Error code: 400"),
        (never_archive, "became idle, but was not archived"),
        (give_up_silently, "a session that never became idle was reported as archived"),
        (forget_the_id, "'it took too long': whoever reads it needs the session's id"),
        (archives_the_notebooks_own, "archived another session than that of its argument"),
        (breaks_at_the_deadline, "still running: after the deadline, raise a TimeoutError"),
        (gives_up_too_early, "gave up on a session that would have been idle in a moment"),
        (leaves_gap_2, "gap 1 gives up when it is too late; gap 2 is still empty"),
        (deletes, "it deleted the session"),
        (leave, "your code raised SystemExit"),
    ],
)
def test_an_archive_that_trusts_luck_fails(fails, wrong, why):
    fails(lesson01.archiving, wrong, why=why)


def waits_for_terminated(client: Any, session_id: str, timeout: float) -> Any:
    while client.beta.sessions.retrieve(session_id).status != "terminated":
        time.sleep(0.05)


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (wait_for_ever, "still waiting after 1 s, although timeout was 0.3"),
        (waits_for_terminated, "still waiting after 1 s for a session that was idle"),
    ],
)
def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, fails, wrong, why):
    monkeypatch.setattr(lesson01, "PATIENCE", 1.0)
    fails(lesson01.archiving, wrong, why=why)


def test_not_attempted_is_no_error(first_turn, capsys):
    def nothing(*_: Any) -> None: ...

    lesson01.late.check(...)
    lesson01.ending.check(nothing)
    lesson01.green.check(first_turn, ..., ..., ...)
    lesson01.archiving.check(lambda client, session_id, timeout: ...)
    lesson01.archiving.check(leaves_both_gaps)
    lesson01.reaches.check("")
    assert [exercise.passed for exercise in EXERCISES] == [None] * 5
    assert capsys.readouterr().out.count("not attempted yet") == 6

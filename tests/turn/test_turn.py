"""The reducer alone: what no server has to be asked for."""

from types import SimpleNamespace

import pytest

from tests.kit.loose_events import MINE, RUNNING, error, event, idle, kinds, queued
from utilities.turn.history import History
from utilities.turn.protocol import Answer, Finish, Show, Turn
from utilities.turn.result import TurnError, TurnTimeout


def test_an_idle_from_before_our_message_does_not_end_the_turn():
    turn = Turn("sesn_1")
    turn.expect([queued()])
    assert kinds(turn.feed(idle(id="old"))) == ["Show"]
    assert kinds(turn.feed(RUNNING, MINE)) == ["Show", "Show"]
    shown, finished = turn.feed(idle(id="new"))
    assert isinstance(finished, Finish)
    assert [event.id for event in finished.result.events] == [
        "running",
        "mine",
        "new",
    ]  # the old turn is not ours


def test_an_idle_left_over_in_a_history_with_a_queued_message():
    turn = Turn("sesn_1")
    assert kinds(turn.feed(idle(id="old"), queued())) == ["Show"]
    assert kinds(turn.feed(RUNNING, MINE, idle(id="new"))) == ["Show", "Show", "Show", "Finish"]


def test_when_the_service_drops_its_queue_our_message_will_never_be_processed():
    turn = Turn("sesn_1")
    turn.expect([queued()])
    actions = turn.feed(RUNNING, error("exhausted"), idle("retries_exhausted"))
    assert isinstance(actions[-1], Finish)
    assert actions[-1].result.outcome == "retries_exhausted"


def test_a_retrying_error_does_not_excuse_an_old_idle():
    turn = Turn("sesn_1")
    turn.expect([queued()])
    assert kinds(turn.feed(error("retrying"), idle())) == ["Show", "Show"]


def test_only_a_terminal_error_announces_the_end():
    turn = Turn("sesn_1")
    turn.feed(error("retrying", "1"), error("exhausted", "2"))
    assert not turn.doomed
    turn.feed(error("terminal", "3"))
    assert turn.doomed


@pytest.mark.parametrize("last", ["session.status_terminated", "session.deleted"])
def test_a_sessions_last_word_ends_the_turn_even_before_it_began(last):
    turn = Turn("sesn_1")
    turn.expect([queued()])
    finished = turn.feed(event(last))[-1]
    assert isinstance(finished, Finish)
    assert finished.result.outcome == last.replace("_", ".").rsplit(".")[-1]


def test_a_history_is_judged_by_its_end():
    """A requires_action that was answered long ago asks for nothing."""
    call = event("agent.custom_tool_use", "call", name="f", input={})
    answer = event("user.custom_tool_result", "answer", custom_tool_use_id="call", content=[])
    turn = Turn("sesn_1")
    assert kinds(turn.feed(RUNNING, call, idle("requires_action", ids=["call"]), answer)) == ["Show"] * 4
    on_its_way = queued("user.custom_tool_result", "answer", custom_tool_use_id="call")
    other = Turn("sesn_1")
    assert kinds(other.feed(RUNNING, call, idle("requires_action", ids=["call"]), on_its_way)) == ["Show"] * 3


def test_calls_are_asked_for_once_with_the_rest_of_their_batch():
    calls = [event("agent.custom_tool_use", f"call{n}", name="f", input={}) for n in range(8)]
    turn = Turn("sesn_1")
    first = turn.feed(RUNNING, *calls, idle("requires_action", "idle1", [c.id for c in calls[:5]]))[-1]
    assert isinstance(first, Answer)
    assert [call.id for call in first.calls] == [f"call{n}" for n in range(8)]
    turn.answered([f"call{n}" for n in range(5)])
    # the window slides, and still names one that we have answered
    second = turn.feed(idle("requires_action", "idle2", [c.id for c in calls[4:]]))[-1]
    assert isinstance(second, Answer)
    assert [call.id for call in second.calls] == ["call5", "call6", "call7"]
    turn.answered(["call5", "call6", "call7"])
    assert turn.feed() == []


def test_a_call_that_was_never_seen_is_named():
    answer = Turn("sesn_1").feed(RUNNING, idle("requires_action", ids=["elsewhere"]))[-1]
    assert answer == Answer([], ["elsewhere"])


def test_previews_are_shown_but_not_kept():
    turn = Turn("sesn_1")
    delta = SimpleNamespace(type="event_delta", delta="a")
    assert turn.feed(delta, delta) == [Show(delta), Show(delta)]
    assert turn.events == []


def test_nothing_is_shown_after_the_end():
    turn = Turn("sesn_1")
    turn.feed(RUNNING, idle())
    assert kinds(turn.feed(event("session.error", "late", error=None))) == ["Finish"]


@pytest.mark.parametrize("missing", [None, SimpleNamespace(), SimpleNamespace(type=None)])
def test_an_idle_without_a_reason_still_ends_the_turn(missing):
    actions = Turn("sesn_1").feed(RUNNING, event("session.status_idle", "idle", stop_reason=missing))
    assert actions[-1].result.outcome == "unknown"


# -- reading a history backwards -----------------------------------------------------------------

BEFORE = [event("session.status_running", "r0"), event("user.message", "m0"), idle(id="i0")]
NOW = [event("session.status_running", "r1"), event("user.message", "m1"), event("agent.message", "a1")]
PARKED = idle("requires_action", "p1", ["call"])


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (BEFORE, ["r0", "m0", "i0"]),  # over: the last turn is the turn
        (BEFORE + NOW, ["r1", "m1", "a1"]),
        (BEFORE + NOW + [idle(id="i1")], ["r1", "m1", "a1", "i1"]),
        (BEFORE + NOW + [PARKED], ["r1", "m1", "a1", "p1"]),
        (BEFORE + NOW + [PARKED, event("session.status_running", "r2")], ["r1", "m1", "a1", "p1", "r2"]),
        (BEFORE + [queued()], ["mine"]),  # sent, not begun: the idle is the old one's
        ([], []),
    ],
)
def test_where_a_turn_begins(history, expected):
    reader = History(set())
    for item in reversed(history):
        if not reader.take(item):
            break
    assert [item.id for item in reader.events] == expected


def test_a_history_is_read_back_to_what_is_known():
    reader = History({"m1"})
    assert [reader.take(item) for item in (NOW[2], NOW[1])] == [True, False]
    assert [item.id for item in reader.events] == ["a1"]


# -- messages ---------------------------------------------------------------------------------------


def test_errors_say_what_happened_to_which_session_and_what_to_do():
    turn = Turn("sesn_1")
    turn.feed(RUNNING, error("exhausted"))
    message = str(TurnError(turn.finish("retries_exhausted")))
    assert message.startswith("session sesn_1 stopped with retries_exhausted: ")
    assert "send the message again" in message
    assert "model_overloaded_error: busy" in message
    assert "follow it with message=None" in str(TurnError(turn.finish("budget_reached")))  # nothing to send
    assert "answer call: pass tools=" in str(TurnError(turn.finish("requires_action", ["call"])))


@pytest.mark.parametrize(
    ("sent", "advice"),
    [
        ("no", "was not sent: send it again"),
        ("perhaps", "may not have arrived: look for it in events.list"),
        ("yes", "not lost: call again with message=None"),
    ],
)
def test_a_deadline_says_whether_to_send_the_message_again(sent, advice):
    late = TurnTimeout("sesn_1", 3.0, [RUNNING, MINE], sent)
    assert str(late).startswith("session sesn_1: the turn was not over after 3.0 s; ")
    assert "the last event was user.message (mine). The" in str(late) and advice in str(late)
    assert (late.events, late.last_event, late.sent) == ([RUNNING, MINE], MINE, sent)
    assert "no event came" in str(TurnTimeout("sesn_1", 3.0, [], sent))


@pytest.mark.parametrize(
    "inner", [None, SimpleNamespace(), SimpleNamespace(type=None, message=None), "something else"]
)
def test_an_error_event_that_says_nothing_is_an_error_all_the_same(inner):
    turn = Turn("sesn_1")
    damaged = event("session.error", "1")  # without `error`
    finished = turn.feed(
        RUNNING, damaged, event("session.error", "2", error=inner), idle("retries_exhausted")
    )
    with pytest.raises(TurnError, match="stopped with retries_exhausted: .*\n  an error: without a message"):
        finished[-1].result.raise_for_outcome()


# -- a requires_action that asks for nothing ---------------------------------------------------------


@pytest.mark.parametrize("ids", [None, []])
def test_a_requires_action_that_names_no_call_ends_the_turn(ids):
    parked = idle("requires_action", ids=ids)
    finished = Turn("sesn_1").feed(RUNNING, parked)[-1]
    assert isinstance(finished, Finish)
    assert (finished.result.outcome, finished.result.pending) == ("requires_action", [])
    assert finished.result.stop_reason is parked.stop_reason
    with pytest.raises(TurnError, match="does not say to which call"):
        finished.result.raise_for_outcome()


def test_a_requires_action_that_named_no_call_long_ago_does_not():
    turn = Turn("sesn_1")
    assert (
        kinds(turn.feed(RUNNING, idle("requires_action"), event("session.status_running", "r2")))
        == ["Show"] * 3
    )
    other = Turn("sesn_1")
    other.expect([queued()])
    assert kinds(other.feed(idle("requires_action"))) == ["Show"]  # of the turn before ours


def test_an_idle_without_any_reason_attribute_still_ends_the_turn():
    bare = event("session.status_idle", "idle")
    assert Turn("sesn_1").feed(RUNNING, bare)[-1].result.outcome == "unknown"
    reader = History(set())
    assert [reader.take(item) for item in (bare, RUNNING)] == [True, True]


def test_usage_and_text_are_empty_rather_than_missing():
    result = Turn("sesn_1").finish("end_turn")
    assert (result.text, result.usage, result.tool_calls, result.errors) == ("", None, [], [])


def test_how_the_last_outcome_was_judged():
    first, last = (
        event("span.outcome_evaluation_end", id, result=id) for id in ("needs_revision", "satisfied")
    )
    turn = Turn("sesn_1")
    assert turn.finish("end_turn").evaluation is None
    judged = Turn("sesn_1").feed(RUNNING, first, last, idle())[-1].result
    assert (judged.outcome, judged.evaluation) == ("end_turn", last)

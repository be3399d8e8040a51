"""Answering calls, whichever helper does it: once, in one send, in time, and others may answer too."""

import threading
import time

import pytest
from anthropic.lib.tools import ToolError

from tests.kit.recordings import Script
from tests.kit.serving import HELPERS, KINDS, Posts, each, healthy, is_async, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import asking, parallel_calls
from utilities import TurnTimeout
from utilities.replay import Faults
from utilities.turn.drive import Sync
from utilities.turn.poll import PollPlan
from utilities.turn.stream import StreamPlan


@pytest.mark.parametrize("tool_kind", each(KINDS))
def test_calls_that_come_together_run_together_and_go_in_one_send(kind, tool_kind):
    together = threading.Barrier(3, timeout=10)  # nobody passes unless all three are running

    def work(name):
        together.wait()
        return f"{name} ok"

    with served(parallel_calls(["a", "b", "c"])) as session:
        result = session.follow(kind, "go", tools=[make_tool(tool_kind, work)])
        assert len(session.posts.events_posts) == 2  # the message, and one for all results
    assert result.outcome == "end_turn"
    assert [call.text for call in result.tool_calls] == ["a ok", "b ok", "c ok"]


@pytest.mark.parametrize(
    "faults", [Faults(), Faults("repeat"), *(Faults(f"drop={n},times=2") for n in (3, 8, 14))]
)
def test_each_call_is_run_and_answered_once(kind, faults):
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"], ["c"]), faults=faults) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
        results = [
            event.custom_tool_use_id for event in session.history() if event.type == "user.custom_tool_result"
        ]
    assert result.outcome == "end_turn"
    assert sorted(ran) == ["a", "b", "c"]
    assert len(results) == len(set(results)) == 3


def test_an_answer_whose_response_was_lost_is_not_given_twice(kind):
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), posts=Posts(lose=1)) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
        sent = [event.type for event in session.history()].count("user.custom_tool_result")
    assert result.outcome == "end_turn"
    assert sorted(ran) == ["a", "b"]
    assert sent == 2
    assert len(session.posts.events_posts) == 2  # the history showed that there was no need for a third


def test_an_answer_that_never_arrived_is_given_again_without_running_the_tool_again(kind):
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), posts=Posts(hold=1)) as session:
        session.retries = 0
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
    assert result.outcome == "end_turn"
    assert sorted(ran) == ["a", "b"]


@pytest.mark.unsettled
def test_an_answer_that_somebody_else_gave_first_is_theirs(kind):
    """Two programs that follow one session: the API refuses or lists the second answer, the turn goes on."""
    shown = []

    def work(name):
        client = session.client()
        call = next(e.id for e in session.history() if e.type == "agent.custom_tool_use")
        content = [{"type": "text", "text": "a ok"}]
        answer = {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content}
        client.beta.sessions.events.send(session.session_id, events=[answer])
        return "a ok, but late"

    with served(parallel_calls(["a"])) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)], on_event=shown.append)
        history = [event.id for event in session.history()]
    assert [event.id for event in shown] == history[
        : len(shown)
    ]  # a second answer can be listed behind the end
    assert len(history) <= len(shown) + 1
    assert result.outcome == "end_turn"
    assert [call.text for call in result.tool_calls] == ["a ok"]


@pytest.mark.unsettled
def test_an_answer_to_one_call_of_a_batch_that_somebody_else_gave_first_leaves_us_the_others(
    kind,
):
    ran = []

    def work(name):
        ran.append(name)
        if name == "a":
            call = next(e.id for e in session.history() if e.type == "agent.custom_tool_use")
            content = [{"type": "text", "text": "a ok"}]
            answer = {
                "type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content,
            }  # fmt: skip
            healthy(session.server).beta.sessions.events.send(session.session_id, events=[answer])
        return f"{name} ok"

    shown = []
    with served(parallel_calls(["a", "b", "c"])) as session:
        tool = make_tool(kind, work)
        result = session.follow(kind, "go", tools=[tool], on_event=shown.append)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert (result.outcome, sorted(ran)) == ("end_turn", ["a", "b", "c"])
    assert [call.text for call in result.tool_calls] == ["a ok", "b ok", "c ok"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such thing"), "ValueError: no such thing"),
        (ToolError("try b instead"), "try b instead"),
    ],
)
def test_a_tool_that_raises_is_an_answer_too(kind, error, text):
    script = Script()
    script.message("go")
    call = script.custom("work", name="a")
    script.idle("requires_action", [call])
    script.custom_result(call, text, is_error=True)
    script.running()
    script.idle()

    def work(name):
        raise error

    with served(script) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
    assert result.outcome == "end_turn"
    assert result.tool_calls[0].is_error
    assert result.tool_calls[0].text == text


def test_input_that_does_not_fit_the_tool_is_an_answer_too(kind):
    script = Script()
    script.message("go")
    call = script.custom("work", wrong="field")
    script.idle("requires_action", [call])
    script.custom_result(call, "whatever the SDK says", is_error=True)
    script.idle()
    ran = []
    tool = make_tool(kind, lambda name: ran.append(name) or "ok")
    with served(script, strict=False) as session:
        result = session.follow(kind, "go", tools=[tool])
    assert ran == []
    assert result.tool_calls[0].is_error
    assert "Invalid arguments" in result.tool_calls[0].text


def test_a_call_that_nobody_has_a_tool_for_stays_with_its_owner(kind):
    script = Script()
    script.message("go")
    calls = [script.custom("work", name="a"), script.custom("other", name="b")]
    script.idle("requires_action", calls)
    script.custom_result(calls[0], "a ok")
    script.custom_result(calls[1], "later")
    script.running()
    script.idle()
    with served(script) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, lambda name: f"{name} ok")])
        assert result.outcome == "requires_action"
        assert result.pending == [result.tool_calls[1].event.id]
        answered = [e.custom_tool_use_id for e in session.history() if e.type == "user.custom_tool_result"]
        assert answered == [result.tool_calls[0].event.id]


@pytest.mark.fault("window", "runs and answers each call once")
def test_all_parallel_calls_are_answered_at_the_first_idle_however_few_it_names(kind):
    names = [f"n{number:02}" for number in range(12)]
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(names), faults=Faults("window")) as session:
        result = session.follow_showing_all(kind, "go", tools=[make_tool(kind, work)])
        history = session.history()
    assert result.outcome == "end_turn"
    assert sorted(ran) == names
    answered = [event.custom_tool_use_id for event in history if event.type == "user.custom_tool_result"]
    assert len(answered) == len(set(answered)) == 12
    idles = [event.stop_reason for event in history if event.type == "session.status_idle"]
    assert [len(stop.event_ids) for stop in idles[:-1]] == [5]


# -- the deadline --------------------------------------------------------------------------------------


def test_a_slow_tool_meets_the_deadline_and_can_be_run_again(kind):
    release = threading.Event()

    def work(name):
        release.wait(10)
        return f"{name} ok"

    with served(parallel_calls(["a"])) as session:
        with pytest.raises(TurnTimeout, match="session.status_idle"):
            session.follow(kind, "go", tools=[make_tool("sync", work)], timeout=0.3)
        release.set()
        assert session.follow(kind, tools=[make_tool("sync", work)]).outcome == "end_turn"


@pytest.mark.slow
@pytest.mark.parametrize("kind", each(KINDS))
@pytest.mark.parametrize(("thinks", "begun"), [(0.9, ["a"]), (1.6, [])])
def test_the_time_that_the_user_takes_is_not_given_to_the_tools_again(kind, thinks, begun):
    """A verdict and a tool in one batch. After the deadline nothing is begun."""
    script = Script()
    script.message("go")
    script.idle("requires_action", [script.builtin(permission="ask"), script.custom("work", name="a")])
    ran = []
    gate = threading.Event()

    def work(name):
        ran.append(name)
        gate.wait(5)
        return "too late"

    def confirm(call):
        time.sleep(thinks)
        return True

    with served(script) as session:
        try:
            with pytest.raises(TurnTimeout) as caught:
                session.follow(kind, "go", tools=[make_tool("sync", work)], confirm=confirm, timeout=1.5)
        finally:
            gate.set()
    assert caught.value.seconds < 1.5 + thinks / 2  # not with all of it on top
    assert ran == begun


@pytest.mark.parametrize("plan", [StreamPlan, PollPlan])
def test_a_tool_that_is_cut_off_a_little_early_is_not_a_call_that_nobody_answers(plan):
    """Timers may be early by the resolution of their clock. Here ours stands still."""
    gate = threading.Event()
    tool = make_tool("sync", lambda name: gate.wait(5))
    with served(parallel_calls(["a"])) as session:
        driver = Sync("a_turn", session.client(), [tool])
        try:
            with pytest.raises(TurnTimeout):
                driver.run(plan(session.session_id, "go", timeout=0.3, clock=lambda: 0.0).steps())
        finally:
            gate.set()


# -- confirmations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "text"), [(True, "allow it is"), (False, "deny it is"), ("too dangerous", "deny it is")]
)
def test_the_users_verdict_leads_on(kind, verdict, text):
    asked = []

    def confirm(call):
        asked.append(call.input["command"])
        return verdict

    fields = {"deny_message": verdict} if isinstance(verdict, str) else {}
    with served(*asking(("allow", {}), ("deny", fields))) as session:
        result = session.follow(kind, "go", confirm=confirm)
    assert result.outcome == "end_turn"
    assert result.text == text
    assert asked == ["rm -r /"]


@pytest.mark.parametrize("confirm", [None, lambda call: None])
def test_an_undecided_call_is_an_outcome_and_can_be_decided_later(kind, confirm):
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        result = session.follow(kind, "go", confirm=confirm)
        assert result.outcome == "requires_action"
        assert result.pending == [result.tool_calls[0].event.id]
        assert session.follow(kind, confirm=lambda call: True).text == "allow it is"


def test_a_confirm_that_raises_allows_nothing(kind):
    def confirm(call):
        raise RuntimeError("the user closed the window")

    with served(*asking(("allow", {}))) as session:
        with pytest.raises(RuntimeError, match="closed the window"):
            session.follow(kind, "go", confirm=confirm)
        assert not [event for event in session.history() if event.type == "user.tool_confirmation"]


def test_async_callbacks(kind):
    shown = []

    async def show(event):
        shown.append(event)

    async def allow(call):
        return True

    with served(*asking(("allow", {}))) as session:
        if is_async(kind):
            assert session.follow(kind, "go", confirm=allow, on_event=show).text == "allow it is"
            assert [event.id for event in shown] == [event.id for event in session.history()]
            return
        with pytest.raises(TypeError, match=f"on_event is async: use {HELPERS[kind].__name__}_async"):
            session.follow(kind, "go", on_event=show)
        with pytest.raises(TypeError, match="confirm is async"):
            session.follow(kind, confirm=allow)

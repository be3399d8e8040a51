"""The turn helpers against the replay server, sync and async: every way a turn can end, and every
way a stream can fail without losing or repeating anything."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_tool
from anthropic.lib.tools import ToolError

from tests.kit.recordings import Script
from tests.kit.serving import KINDS, Posts, Served, healthy, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import a_turn, asking, parallel_calls, types
from utilities import TurnError, TurnTimeout, stream_until_end_turn, stream_until_end_turn_async
from utilities.replay import Faults

pytestmark = pytest.mark.parametrize("kind", KINDS)


# -- how a turn ends ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", ["end_turn", "retries_exhausted", "budget_reached", "refusal", "a_reason_from_next_year"]
)
def test_every_stop_reason_ends_the_turn_under_its_own_name(kind: str, reason: str) -> None:
    with served(a_turn(reason)) as session:
        result = session.follow(kind, "go")
    assert result.outcome == result.stop_reason.type == reason
    assert result.text == "working on it\n\ndone"
    if reason == "end_turn":
        assert result.raise_for_outcome() is result
    else:
        with pytest.raises(TurnError, match=f"{session.session_id} stopped with {reason}"):
            result.raise_for_outcome()


def test_a_refusal_says_why(kind: str) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    with served(a_turn("refusal", stop_details=details)) as session:
        result = session.follow(kind, "go")
    assert result.stop_details.category == "cyber"


@pytest.mark.parametrize("last", ["session.status_terminated", "session.deleted"])
def test_the_end_of_the_session_ends_the_turn(kind: str, last: str) -> None:
    script = Script()
    script.message("go")
    script.event(last)
    with served(script) as session:
        assert session.follow(kind, "go").outcome == last.rsplit("_")[-1].rsplit(".")[-1]


def test_a_session_deleted_while_the_stream_was_down(kind: str) -> None:
    script = Script()
    script.message("go")
    script.say("the stream breaks here")
    with served(script, faults=Faults("drop=3")) as session:

        def delete(event: Any) -> None:
            if event.type == "user.message":  # the last event before the break
                play = session.server.api.sessions.plays.pop(session.session_id)
                del session.server.api.sessions.items[session.session_id]
                play.closed = True

        assert session.follow(kind, "go", on_event=delete).outcome == "deleted"


def test_an_action_that_nobody_takes_is_an_outcome_not_a_hang(kind: str) -> None:
    script = Script()
    script.message("go")
    call = script.custom("decide", what="lunch")
    script.idle("requires_action", [call])
    script.custom_result(call, "soup")
    script.running()
    script.say("soup it is")
    script.idle()
    with served(script) as session:
        result = session.follow(kind, "go")
        assert result.outcome == "requires_action"
        assert result.pending == [result.tool_calls[0].event.id]
        assert result.tool_calls[0].result is None
        with pytest.raises(TurnError, match=f"answer {result.pending[0]}"):
            result.raise_for_outcome()

        @beta_tool
        def decide(what: str) -> str:
            """Decide.

            Args:
                what: about what.
            """
            return {"lunch": "soup"}[what]

        resumed = session.follow(kind, tools=[decide])  # any process can take over with the id
    assert resumed.outcome == "end_turn"
    assert resumed.tool_calls[0].text == "soup"


@pytest.mark.parametrize(
    ("retry", "ending", "outcome"),
    [
        ("retrying", "idle", "end_turn"),
        ("exhausted", "idle", "retries_exhausted"),
        ("terminal", "terminated", "terminated"),
    ],
)
def test_session_errors_are_told_apart(kind: str, retry: str, ending: str, outcome: str) -> None:
    script = Script()
    script.message("go")
    script.error(retry)
    if ending == "idle":
        script.idle(outcome)
    else:
        script.event("session.status_terminated")
    with served(script) as session:
        result = session.follow(kind, "go")
    assert result.outcome == outcome
    assert [event.error.retry_status.type for event in result.errors] == [retry]


def only_the_status_knows(session: Served, type: str) -> Any:
    """An on_event that ends the session behind the stream's back when it sees an event of this type."""

    def end(event: Any) -> None:
        if event.type == type:
            session.server.api.sessions.plays[session.session_id].look = lambda: "terminated"  # type: ignore[method-assign]

    return end


def test_a_terminal_error_without_a_last_word_ends_promptly(kind: str) -> None:
    script = Script()
    script.message("go")
    script.error("terminal")
    with served(script) as session:
        end = only_the_status_knows(session, "session.error")
        assert session.follow(kind, "go", on_event=end, timeout=10).outcome == "terminated"


def test_silence_makes_the_connection_doubtful(kind: str) -> None:
    script = Script()
    script.message("go")
    script.say("and then nothing")
    with served(script) as session:
        end = only_the_status_knows(session, "agent.message")
        assert session.follow(kind, "go", on_event=end, quiet=0.1, timeout=10).outcome == "terminated"


@pytest.mark.parametrize("reason", ["end_turn", "refusal"])
def test_a_session_that_was_archived_after_its_turn_still_says_how_the_turn_ended(
    kind: str, reason: str
) -> None:
    """The idle comes while the stream is down, and by the time it is up the status says terminated."""
    shown: list[Any] = []

    def end(event: Any) -> None:
        shown.append(event)
        only_the_status_knows(session, "user.message")(event)

    with served(a_turn(reason), faults=Faults("drop=3")) as session:
        result = session.follow(kind, "go", on_event=end)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert result.outcome == result.stop_reason.type == reason
    assert result.events == shown


def test_nothing_is_answered_once_the_session_is_terminated(kind: str) -> None:
    """What came while the stream was down is shown, and no tool runs for nobody."""
    shown: list[Any] = []
    ran: list[str] = []

    def end(event: Any) -> None:
        shown.append(event)
        only_the_status_knows(session, "user.message")(event)

    with served(parallel_calls(["a"]), faults=Faults("drop=3")) as session:
        tool = make_tool(kind, lambda name: ran.append(name) or "a ok")
        result = session.follow(kind, "go", on_event=end, tools=[tool])
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert (result.outcome, result.stop_reason, ran) == ("terminated", None, [])


def test_a_requires_action_that_names_no_call_does_not_wait_for_the_deadline(kind: str) -> None:
    script = Script()
    script.message("go")
    script.idle("requires_action", [])
    with served(script) as session:
        result = session.follow(kind, "go", timeout=5)
        assert (result.outcome, result.pending) == ("requires_action", [])
        assert session.follow(kind, timeout=5).outcome == "requires_action"


def test_an_error_event_without_an_error_does_not_hide_the_outcome(kind: str) -> None:
    script = Script()
    script.message("go")
    script.event("session.error")
    script.idle("retries_exhausted")
    with served(script) as session:
        result = session.follow(kind, "go")
    with pytest.raises(TurnError, match="retries_exhausted"):
        result.raise_for_outcome()


def test_the_deadline_says_what_it_waited_for_and_loses_nothing(kind: str) -> None:
    script = a_turn()
    script.events = script.events[:-1]  # it never becomes idle
    with served(script) as session:
        with pytest.raises(
            TimeoutError, match=f"{session.session_id}.*last event was session.usage"
        ) as caught:
            session.follow(kind, "go", timeout=0.3)
        assert isinstance(caught.value, TurnTimeout)
        assert caught.value.seconds >= 0.3
        assert caught.value.last_event.type == "session.usage"
        assert [event.id for event in caught.value.events] == [event.id for event in session.history()]
        assert caught.value.sent == "yes"
        with pytest.raises(TurnTimeout) as caught:
            session.follow(kind, timeout=0.3)
        assert caught.value.sent == "yes"


@pytest.mark.parametrize(
    ("request_", "sent"), [("GET/stream", "no"), ("GET/events", "no"), ("POST/events", "perhaps")]
)
def test_a_deadline_says_whether_the_message_was_sent(kind: str, request_: str, sent: str) -> None:
    """Whoever is told to go on with message=None would be given the turn before, as a success."""
    script = a_turn()
    script.message("again")
    script.say("second")
    script.idle()
    with served(script, faults=Faults(f"hang,times=9,on={request_}")) as session:
        client = healthy(session.server)
        first = stream_until_end_turn(client, session.session_id, "go")
        with pytest.raises(TurnTimeout) as caught:
            session.follow(kind, "again", timeout=0.4)
        assert (caught.value.sent, caught.value.events) == (sent, [])
        assert stream_until_end_turn(client, session.session_id).text == first.text
        assert stream_until_end_turn(client, session.session_id, "again").text == "second"


# -- nothing lost, nothing repeated ---------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop", "end"])
@pytest.mark.parametrize("after", range(9))
def test_a_stream_that_breaks_anywhere(kind: str, fault: str, after: int) -> None:
    shown: list[Any] = []
    with served(a_turn(), faults=Faults(f"{fault}={after}")) as session:
        result = session.follow(kind, "go", on_event=shown.append)
        whole = session.history()
    assert result.outcome == "end_turn"
    assert [event.id for event in shown] == [event.id for event in whole]
    assert result.events == shown


def test_a_stream_that_breaks_again_and_again(kind: str) -> None:
    with served(a_turn(), faults=Faults("drop=2,times=3"), speed=40) as session:
        result = session.follow(kind, "go")
        assert [event.id for event in result.events] == [event.id for event in session.history()]


@pytest.mark.parametrize("faults", [Faults("repeat"), Faults("queued"), Faults("repeat queued")])
def test_repeated_events_are_shown_once(kind: str, faults: Faults) -> None:
    shown: list[Any] = []
    with served(a_turn(), faults=faults) as session:
        session.follow(kind, "go", on_event=shown.append)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert all(event.processed_at is not None for event in shown)


def test_a_turn_that_was_over_before_the_stream_was_opened(kind: str) -> None:
    with served(a_turn()) as session:
        content = [{"type": "text", "text": "go"}]
        session.client().beta.sessions.events.send(
            session.session_id, events=[{"type": "user.message", "content": content}]
        )
        result = session.follow(kind)
        assert result.outcome == "end_turn"
        assert result.events == session.history()


def test_only_the_last_turn_is_returned(kind: str) -> None:
    script = a_turn()
    script.message("and now")
    script.say("second")
    script.idle()
    with served(script) as session:
        session.follow(kind, "go")
        assert session.follow(kind, "and now").text == "second"
        assert session.follow(kind).text == "second"


def test_another_threads_idle_is_not_the_sessions(kind: str) -> None:
    script = Script()
    script.message("go")
    for reason in ("end_turn", "retries_exhausted"):
        stop = {"type": reason}
        script.event(
            "session.thread_status_idle", session_thread_id="sthr_2", agent_name="x", stop_reason=stop
        )
    script.say("still here")
    script.idle()
    with served(script) as session:
        assert session.follow(kind, "go").text == "still here"


def test_unknown_events_are_shown_and_do_no_harm(kind: str) -> None:
    script = Script()
    script.message("go")
    script.event("agent.telepathy", strength=3)
    script.idle()
    with served(script) as session:
        result = session.follow(kind, "go")
    assert "agent.telepathy" in types(result.events)
    assert result.outcome == "end_turn"


def test_silence_is_checked_and_the_turn_goes_on(kind: str) -> None:
    with served(a_turn(), speed=4) as session:  # a second of recorded thinking is 250 ms of silence
        result = session.follow(kind, "go", quiet=0.05)
        assert [event.id for event in result.events] == [event.id for event in session.history()]


# -- mistakes --------------------------------------------------------------------------------------


def test_a_client_of_the_other_kind_is_told(kind: str) -> None:
    twins = {
        "sync": (stream_until_end_turn, AsyncAnthropic(api_key="x"), "_async"),
        "async": (stream_until_end_turn_async, Anthropic(api_key="x"), ""),
    }
    function, client, suffix = twins[kind]
    with pytest.raises(TypeError, match=f"for {type(client).__name__} use stream_until_end_turn{suffix}$"):
        result = function(client, "sesn_1", "go")
        asyncio.run(result)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"type": "text", "text": "go"}, "a single content block"),
        (["go"], "not a list with 'go'"),
        (b"go", "not a list with 103"),
        (7, "not iterable"),
    ],
)
def test_a_message_that_is_none_is_told(kind: str, message: Any, told: str) -> None:
    with served(a_turn()) as session:
        with pytest.raises(TypeError, match=told):
            session.follow(kind, message)
        assert session.history() == []


def test_a_session_in_place_of_its_id_is_told(kind: str) -> None:
    with served(a_turn()) as session:
        whole: Any = healthy(session.server).beta.sessions.retrieve(session.session_id)
        with pytest.raises(TypeError, match="session_id must be a text, session.id, not a .*Session"):
            session.follow(kind, "go", session_id=whole)


def test_content_blocks_can_be_the_sdks_own(kind: str) -> None:
    script = a_turn()
    script.message("go")
    script.say("again")
    script.idle()
    with served(script) as session:
        first = session.follow(kind, [{"type": "text", "text": "go"}])
        [content] = [event.content for event in first.events if event.type == "user.message"]
        assert session.follow(kind, content).text == "again"


@pytest.mark.parametrize(
    ("name", "seconds"), [("timeout", -1), ("quiet", -0.1), ("quiet", 0), ("timeout", float("nan"))]
)
def test_seconds_that_are_none_are_told_by_name(kind: str, name: str, seconds: float) -> None:
    with served(a_turn()) as session:
        with pytest.raises(ValueError, match=f"{name} must be .* not {seconds}"):
            session.follow(kind, "go", **{name: seconds})
        assert session.history() == []


def test_nothing_to_wait_for_is_an_error(kind: str) -> None:
    with served(a_turn()) as session, pytest.raises(ValueError, match=f"{session.session_id} has no events"):
        session.follow(kind)


def test_an_unknown_session_is_the_apis_own_error(kind: str) -> None:
    with served(a_turn()) as session, pytest.raises(anthropic.NotFoundError):
        session.follow(kind, "go", session_id="sesn_nope")


def test_a_message_that_the_api_refuses_is_its_error(kind: str) -> None:
    with (
        served(a_turn()) as session,
        pytest.raises(anthropic.BadRequestError, match="no recording continues"),
    ):
        session.follow(kind, "something else")


@pytest.mark.parametrize("error", [KeyError("mine"), "NotFoundError"])
def test_an_error_of_on_event_is_the_callers(kind: str, error: Any) -> None:
    def fail(event: Any) -> None:
        if isinstance(error, Exception):
            raise error
        session.client().beta.files.retrieve_metadata("file_nope")

    expected = type(error) if isinstance(error, Exception) else anthropic.NotFoundError
    with served(a_turn()) as session, pytest.raises(expected):
        session.follow(kind, "go", on_event=fail)


# -- custom tools ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool_kind", KINDS)
def test_calls_that_come_together_run_together_and_go_in_one_send(kind: str, tool_kind: str) -> None:
    together = threading.Barrier(3, timeout=10)  # nobody passes unless all three are running

    def work(name: str) -> str:
        together.wait()
        return f"{name} ok"

    with served(parallel_calls(["a", "b", "c"])) as session:
        result = session.follow(kind, "go", tools=[make_tool(tool_kind, work)])
        assert len(session.posts.events_posts) == 2  # the message, and one for all results
    assert result.outcome == "end_turn"
    assert [call.text for call in result.tool_calls] == ["a ok", "b ok", "c ok"]


@pytest.mark.parametrize(
    "faults", [Faults(), Faults("repeat"), *(Faults(f"drop={n},times=2") for n in (3, 7, 8, 10, 14))]
)
def test_each_call_is_run_and_answered_once(kind: str, faults: Faults) -> None:
    ran: list[str] = []

    def work(name: str) -> str:
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


def test_an_answer_whose_response_was_lost_is_not_given_twice(kind: str) -> None:
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), posts=Posts(lose=1)) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
        sent = [event.type for event in session.history()].count("user.custom_tool_result")
    assert result.outcome == "end_turn"
    assert sorted(ran) == ["a", "b"]
    assert sent == 2
    assert len(session.posts.events_posts) == 2  # the history showed that there was no need for a third


def test_an_answer_that_somebody_else_gave_first_is_theirs(kind: str) -> None:
    """Two programs that follow one session: the API refuses the second answer, and the turn goes on."""
    shown: list[Any] = []

    def work(name: str) -> str:
        client = session.client()
        call = next(e.id for e in session.history() if e.type == "agent.custom_tool_use")
        content = [{"type": "text", "text": "a ok"}]
        answer = {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content}
        client.beta.sessions.events.send(session.session_id, events=[answer])
        return "a ok, but late"

    with served(parallel_calls(["a"])) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)], on_event=shown.append)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert result.outcome == "end_turn"
    assert [call.text for call in result.tool_calls] == ["a ok"]


def test_an_answer_that_never_arrived_is_given_again_without_running_the_tool_again(kind: str) -> None:
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), posts=Posts(hold=1)) as session:
        session.retries = 0
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
    assert result.outcome == "end_turn"
    assert sorted(ran) == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such thing"), "ValueError: no such thing"),
        (ToolError("try b instead"), "try b instead"),
    ],
)
def test_a_tool_that_raises_is_an_answer_too(kind: str, error: Exception, text: str) -> None:
    script = Script()
    script.message("go")
    call = script.custom("work", name="a")
    script.idle("requires_action", [call])
    script.custom_result(call, text, is_error=True)
    script.running()
    script.idle()

    def work(name: str) -> str:
        raise error

    with served(script) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
    assert result.outcome == "end_turn"
    assert result.tool_calls[0].is_error
    assert result.tool_calls[0].text == text


def test_input_that_does_not_fit_the_tool_is_an_answer_too(kind: str) -> None:
    script = Script()
    script.message("go")
    call = script.custom("work", wrong="field")
    script.idle("requires_action", [call])
    script.custom_result(call, "whatever the SDK says", is_error=True)
    script.idle()
    ran: list[str] = []
    tool = make_tool(kind, lambda name: ran.append(name) or "ok")
    with served(script, strict=False) as session:
        result = session.follow(kind, "go", tools=[tool])
    assert ran == []
    assert result.tool_calls[0].is_error
    assert "Invalid arguments" in result.tool_calls[0].text


def test_a_call_that_nobody_has_a_tool_for_stays_with_its_owner(kind: str) -> None:
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


def test_a_slow_tool_meets_the_deadline_and_can_be_run_again(kind: str) -> None:
    release = threading.Event()

    def work(name: str) -> str:
        release.wait(10)
        return f"{name} ok"

    with served(parallel_calls(["a"])) as session:
        with pytest.raises(TurnTimeout, match="session.status_idle"):
            session.follow(kind, "go", tools=[make_tool("sync", work)], timeout=0.3)
        release.set()
        assert session.follow(kind, tools=[make_tool("sync", work)]).outcome == "end_turn"


def test_two_tools_of_one_name_are_refused(kind: str) -> None:
    tool = make_tool(kind, str)
    with served(a_turn()) as session, pytest.raises(ValueError, match="two tools are named work"):
        session.follow(kind, "go", tools=[tool, tool])


# -- confirmations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "text"), [(True, "allow it is"), (False, "deny it is"), ("too dangerous", "deny it is")]
)
def test_the_users_verdict_leads_on(kind: str, verdict: Any, text: str) -> None:
    asked: list[Any] = []

    def confirm(call: Any) -> Any:
        asked.append(call.input["command"])
        return verdict

    fields = {"deny_message": verdict} if isinstance(verdict, str) else {}
    with served(*asking(("allow", {}), ("deny", fields))) as session:
        result = session.follow(kind, "go", confirm=confirm)
    assert result.outcome == "end_turn"
    assert result.text == text
    assert asked == ["rm -r /"]


@pytest.mark.parametrize("confirm", [None, lambda call: None])
def test_an_undecided_call_is_an_outcome_and_can_be_decided_later(kind: str, confirm: Any) -> None:
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        result = session.follow(kind, "go", confirm=confirm)
        assert result.outcome == "requires_action"
        assert result.pending == [result.tool_calls[0].event.id]
        assert session.follow(kind, confirm=lambda call: True).text == "allow it is"


def test_a_confirm_that_raises_allows_nothing(kind: str) -> None:
    def confirm(call: Any) -> bool:
        raise RuntimeError("the user closed the window")

    with served(*asking(("allow", {}))) as session:
        with pytest.raises(RuntimeError, match="closed the window"):
            session.follow(kind, "go", confirm=confirm)
        assert not [event for event in session.history() if event.type == "user.tool_confirmation"]


async def allow(call: Any) -> bool:
    return True


def test_async_callbacks(kind: str) -> None:
    shown: list[Any] = []

    async def show(event: Any) -> None:
        shown.append(event)

    with served(*asking(("allow", {}))) as session:
        if kind == "sync":
            with pytest.raises(TypeError, match="on_event is async: use stream_until_end_turn_async"):
                session.follow(kind, "go", on_event=show)
            with pytest.raises(TypeError, match="confirm is async"):
                session.follow(kind, confirm=allow)
            return
        assert session.follow(kind, "go", confirm=allow, on_event=show).text == "allow it is"
        assert [event.id for event in shown] == [event.id for event in session.history()]

"""Two drivers of others, unmodified, on the replay server: what each does right there, and what not.

The SDK's `tool_runner` and Astrocyte's `run_session_with_memory`. A test here documents what was measured
with the locked versions; one that fails after an update is news about them, not a bug of ours.
"""

import asyncio
import threading
import time
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic, beta_async_tool
from anthropic.lib.tools import ToolError
from astrocyte import Astrocyte
from astrocyte.integrations.claude_managed_agents import delete_managed_session, run_session_with_memory

from tests.kit.recordings import Script
from tests.kit.serving import Posts, playing
from tests.kit.sessions import message
from utilities import wait_for_idle_status
from utilities.replay.assumptions import ASSUME_VARIABLE

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _answers(monkeypatch):
    """The server's own. What drivers of others do is told for one service, that refuses a second answer."""
    monkeypatch.delenv(ASSUME_VARIABLE, raising=False)


NOTHING = '{"hits": [], "total": 0}'  # what Astrocyte's memory_recall says of an empty bank
NOT_END_TURN = ("retries_exhausted", "budget_reached", "refusal", "a_new_one")


def recalling(calls=3, reason="end_turn", *, builtin=False):
    """The agent makes so many custom calls at once, and ends its turn for this reason."""
    script = Script("recalling")
    script.message("go")
    script.say("Looking.")
    if builtin:
        script.builtin_result(script.builtin("bash", command="ls"))
    ids = [script.custom("memory_recall", query=f"question {number}") for number in range(calls)]
    if ids:
        script.idle("requires_action", ids)
        for id in ids:
            script.custom_result(id, NOTHING)
        script.running()
    script.say("Done.", after=0.5)
    script.idle(reason)
    return script


def sends(api):
    """The statuses of what was sent to the session, the message first."""
    return [e.status for e in api.exchanges if e.method == "POST" and e.path.endswith("/events")]


def only(api):
    (session,) = api.sessions
    return session


# -- the SDK's tool_runner -------------------------------------------------------------------------------


class Recall:
    """A tool of 20 ms that counts how often it runs, and how many of it at once."""

    def __init__(self, name="memory_recall", error=None):
        self.runs = self.now = self.most = 0

        async def recall(query: str = "", command: str = "") -> str:
            """Look something up."""
            self.runs, self.now = self.runs + 1, self.now + 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.02)
            self.now -= 1
            if error:
                raise error
            return NOTHING

        self.tool = beta_async_tool(recall, name=name)


def run_tools(
    api, session, *tools, client = None,
    send = True, late = False, seconds = 20.0,
):  # fmt: skip
    """What `tool_runner` yields; TimeoutError if it has not ended after `seconds`.

    It opens its stream after the message was sent; `late` when the turn is over by then.
    """

    async def run():
        events = (client or api.async_client).beta.sessions.events
        if send:
            await events.send(session, events=[message("go")])
        if late:
            assert [event.type async for event in events.list(session)][-1] == "session.status_idle"
        async with asyncio.timeout(seconds):
            runner = events.tool_runner(session, tools=[tool.tool for tool in tools], max_idle=0.1)
            return [call async for call in runner]

    return asyncio.run(run())


def test_the_runner_answers_every_call_once_but_one_at_a_time_and_in_as_many_requests():
    tool = Recall()
    with playing(recalling(3)) as (api, session):
        calls = run_tools(api, session, tool)
        api.assert_finished()
    assert [(call.name, call.posted, call.is_error) for call in calls] == [("memory_recall", True, False)] * 3
    assert (tool.runs, tool.most) == (3, 1)
    assert sends(api) == [200] * 4


@pytest.mark.parametrize("error", [ToolError("no"), ZeroDivisionError("no")])
def test_the_runner_turns_what_a_tool_raises_into_an_error_for_the_agent(error):
    script = Script()
    script.message("go")
    call = script.custom("memory_recall", query="x")
    script.idle("requires_action", [call])
    script.custom_result(call, "no" if isinstance(error, ToolError) else repr(error), is_error=True)
    script.running()
    script.idle()
    with playing(script) as (api, session):
        (call,) = run_tools(api, session, Recall(error=error))
        api.assert_finished()
    assert (call.is_error, call.posted) == (True, True)


def test_the_runner_ends_on_a_session_with_built_in_calls_if_it_sees_the_turn_end():
    with playing(recalling(1, builtin=True)) as (api, session):
        calls = run_tools(api, session, Recall())
        api.assert_finished()
    assert [(call.name, call.posted) for call in calls] == [("bash", False), ("memory_recall", True)]


def test_the_runner_hangs_on_a_session_with_built_in_calls_whose_turn_has_ended():
    """It counts `agent.tool_use` without `user.tool_result` as open; in the cloud nobody sends one."""
    with playing(recalling(0, builtin=True)) as (api, session), pytest.raises(TimeoutError):
        run_tools(api, session, Recall(), late=True, seconds=0.7)
    with playing(recalling(0)) as (api, session):
        assert run_tools(api, session, Recall(), late=True) == []  # without one it is over after max_idle


@pytest.mark.parametrize("faults", ["drop=0", "drop=2", "end=3", "repeat", "queued", "window=2"])
def test_the_runner_survives_a_lost_stream_and_answers_each_call_once(faults):
    tool = Recall()
    with playing(recalling(3), faults=faults) as (api, session):
        calls = run_tools(api, session, tool)
        api.assert_finished()
    assert (len(calls), tool.runs, sends(api)) == (3, 3, [200] * 4)


@pytest.mark.parametrize("faults", ["drop=0", "end=0"])
def test_the_runner_survives_a_stream_that_is_lost_after_a_built_in_call_if_the_turn_goes_on(faults):
    """It hears of the turn's end on its next stream. Otherwise only from the history: as above."""
    with playing(recalling(1, builtin=True), faults=faults) as (api, session):
        run_tools(api, session, Recall())
        api.assert_finished()


def test_the_runner_runs_a_built_in_call_again_if_a_local_tool_has_that_name():
    tool = Recall("bash")
    with playing(recalling(0, builtin=True)) as (api, session), pytest.raises(TimeoutError):
        run_tools(api, session, tool, late=True, seconds=1.5)
    assert tool.runs == 1
    assert sends(api) == [200, 400]
    assert only(api).tool_calls == [("bash", {"command": "ls"})]


@pytest.mark.parametrize("reason", NOT_END_TURN)
def test_the_runner_does_not_tell_how_the_turn_ended(reason):
    with playing(recalling(1, reason)) as (api, session):
        (call,) = run_tools(api, session, Recall())
    assert (call.posted, call.is_error) == (True, False)


def test_the_runner_ends_without_a_word_when_there_is_no_such_session():
    with playing(recalling(1)) as (api, _):
        assert run_tools(api, "sesn_nope", Recall(), send=False) == []
    assert api.exchanges[-1].status == 404


def test_the_runner_says_of_a_result_whose_response_was_lost_that_it_never_arrived():
    """The repetition is refused here; whether the hosted API does that is not settled."""
    tool = Recall()
    with playing(recalling(1)) as (api, session):
        posts = Posts(lose=1)
        client = AsyncAnthropic(api_key="x", base_url=api.base_url, middleware=[posts], max_retries=0)
        (call,) = run_tools(api, session, tool, client=client)
        api.assert_finished()
    assert (tool.runs, call.posted, sends(api)) == (1, False, [200, 200, 400])


# -- Astrocyte's run_session_with_memory -----------------------------------------------------------------


class Brain:
    """A brain in memory (no model, no network), counting what is asked of it."""

    def __init__(self):
        self.brain = Astrocyte.from_config_dict({"vector_store": "in_memory", "llm_provider": "mock"})
        self.recalls = self.retains = 0

    async def recall(self, *args: Any, **options: Any) -> Any:
        self.recalls += 1
        return await self.brain.recall(*args, **options)

    async def retain(self, *args, **options):
        self.retains += 1
        return await self.brain.retain(*args, **options)


def run_session(api, session, brain=None, client=None, **options):
    """`run_session_with_memory`, from a program that has no event loop."""
    brain, options = brain or Brain(), {"bank_id": "bank", "prompt": "go", **options}
    return asyncio.run(run_session_with_memory(client or api.client, brain, session_id=session, **options))


class Looking(anthropic.Middleware):
    """Has somebody look at the session after each send, so that it has said what is left before the next."""

    def __init__(self, api, session):
        self.api, self.session = api, session

    def handle(self, request, call_next):
        response = call_next(request)
        if request.method.upper() == "POST":
            self.api.client.beta.sessions.events.list(self.session)
        return response


def test_astrocyte_opens_the_stream_first_and_answers_a_single_call():
    brain = Brain()
    with playing(recalling(1)) as (api, session):
        assert run_session(api, session, brain) == "Looking.Done."  # two messages, nothing between them
        api.assert_finished()
    paths = [f"{exchange.method} {exchange.path}" for exchange in api.exchanges]
    events = f"/v1/sessions/{session}/events"
    assert paths.index(f"GET {events}/stream") < paths.index(f"POST {events}")
    assert (brain.recalls, sends(api)) == (1, [200, 200])


def test_the_ids_of_astrocytes_memories_are_not_compared():
    """They are drawn anew in every run, and are in what memory_retain answers."""
    script, brain = Script(), Brain()
    script.message("go")
    call = script.custom("memory_retain", content="The user prefers dark mode.")
    script.idle("requires_action", [call])
    script.custom_result(call, '{"stored": true, "memory_id": "0123456789abcdef"}')
    script.running()
    script.idle()
    with playing(script) as (api, session):
        run_session(api, session, brain)
        api.assert_finished()
    assert brain.retains == 1


def test_astrocyte_hands_other_tools_on():
    script = Script()
    script.message("go")
    call = script.custom("forecast", city="Bern")
    script.idle("requires_action", [call])
    script.custom_result(call, "rain")
    script.running()
    script.idle()

    async def forecast(name, arguments):
        assert (name, arguments) == ("forecast", {"city": "Bern"})
        return "rain"

    with playing(script) as (api, session):
        run_session(api, session, non_memory_tool_handler=forecast)
        api.assert_finished()


@pytest.mark.parametrize(("calls", "runs"), [(2, 3), (3, 4), (4, 5)])
def test_astrocyte_runs_a_call_again_when_the_session_names_the_rest(calls, runs):
    """One send for each result, so the session is idle again with the rest, and those are run again.

    Here the second result of a call is refused, so the first repetition ends it, and the answer that
    the agent has given is lost. A server that accepts it would see all of them twice.
    """
    brain = Brain()
    with playing(recalling(calls)) as (api, session):
        client = api.client.with_options(middleware=[Looking(api, session)])
        with pytest.raises(anthropic.BadRequestError, match="answered already"):
            run_session(api, session, brain, client)
        api.assert_finished()
        assert only(api).messages == ["Looking.", "Done."]
    assert brain.recalls == runs
    assert sends(api) == [200] * (calls + 1) + [400]


@pytest.mark.parametrize("reason", [*NOT_END_TURN, "confirmation"])
def test_astrocyte_waits_for_ever_after_any_other_end_and_its_timeout_does_not_fire(reason):
    script = recalling(0, reason)
    if reason == "confirmation":
        script = Script()
        script.message("go")
        script.say("Done.")
        script.idle("requires_action", [script.builtin("bash", "ask", command="ls")])
    ended = []
    with playing(script) as (api, session):

        def run():
            ended.append(run_session(api, session, timeout_seconds=0.1))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        while thread.is_alive() and not (only(api).messages and only(api).status == "idle"):
            time.sleep(0.01)
        thread.join(0.5)  # five times its timeout
        assert thread.is_alive() and not ended
    thread.join(10.0)
    assert ended[0].endswith("Done.")  # the server was stopped: the end of the stream counts as success


def test_astrocyte_does_not_open_a_lost_stream_again():
    with playing(recalling(0), faults="drop=4") as (api, session):
        with pytest.raises(httpx2.RemoteProtocolError):
            run_session(api, session)
        assert only(api).messages == ["Looking.", "Done."]


def test_astrocyte_takes_a_stream_that_ends_too_early_for_success():
    with playing(recalling(0), faults="end=4") as (api, session):
        assert run_session(api, session) == "Looking."
        assert only(api).messages == ["Looking.", "Done."]


def test_astrocyte_says_what_comes_twice_twice():
    with playing(recalling(0), faults="repeat") as (api, session):
        assert run_session(api, session) == "Looking.Looking.Done.Done."


def test_astrocyte_answers_a_call_that_is_named_twice_twice():
    brain = Brain()
    with playing(recalling(1), faults="repeat") as (api, session), pytest.raises(anthropic.BadRequestError):
        run_session(api, session, brain)
    assert (brain.recalls, sends(api)) == (2, [200, 200, 400])


def test_astrocyte_copes_with_calls_that_are_named_one_by_one():
    brain = Brain()
    with playing(recalling(3), faults="window=1") as (api, session):
        assert run_session(api, session, brain) == "Looking.Done."
        api.assert_finished()
    assert (brain.recalls, sends(api)) == (3, [200] * 4)


def test_astrocyte_blocks_the_event_loop_for_the_whole_turn():
    ticks = 0

    async def ticking():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def both(api, session):
        task = asyncio.create_task(ticking())
        await asyncio.sleep(0)
        try:
            options = {"session_id": session, "prompt": "go", "bank_id": "bank", "timeout_seconds": 0.1}
            return await run_session_with_memory(api.client, Brain(), **options)
        finally:
            task.cancel()

    with playing(recalling(0), speed=3.0) as (api, session):  # 1.5 recorded seconds in 0.5
        assert asyncio.run(both(api, session)) == "Looking.Done."  # five times its timeout
    assert ticks < 5  # of fifty


def test_astrocyte_leaves_the_session_parked_when_a_tool_raises():
    script = Script()
    script.message("go")
    call = script.custom("memory_recall")  # an agent that forgets `query`
    script.idle("requires_action", [call])
    script.custom_result(call, "KeyError: 'query'", is_error=True)
    with playing(script) as (api, session):
        with pytest.raises(KeyError, match="query"):
            run_session(api, session)
        assert sends(api) == [200]
        assert only(api).events[-1]["stop_reason"]["type"] == "requires_action"


def test_astrocyte_takes_an_error_that_the_service_retries_for_the_end():
    script = Script()
    script.message("go")
    script.error("retrying")
    script.say("Done all the same.")
    script.idle()
    with playing(script) as (api, session):
        with pytest.raises(RuntimeError, match="overloaded"):
            run_session(api, session)
        assert only(api).messages == ["Done all the same."]


def test_astrocyte_says_when_a_session_is_terminated():
    script = Script()
    script.message("go")
    script.event("session.status_terminated")
    with playing(script) as (api, session), pytest.raises(RuntimeError, match="terminated"):
        run_session(api, session)


@pytest.mark.filterwarnings("ignore:coroutine 'AsyncEvents.stream' was never awaited")
def test_astrocyte_takes_no_async_client():
    with playing(recalling(0)) as (api, session), pytest.raises(TypeError):
        options = {"session_id": session, "prompt": "go", "bank_id": "bank"}
        asyncio.run(run_session_with_memory(api.async_client, Brain(), **options))


def test_astrocyte_deletes_a_session_too_early():
    """It sends an interrupt first, but does not wait for the status field to settle."""
    with playing(recalling(0)) as (api, session):
        run_session(api, session)
        with pytest.raises(anthropic.BadRequestError, match='while its status is "running"'):
            delete_managed_session(api.client, session)
        wait_for_idle_status(api.client, session)
        delete_managed_session(api.client, session)

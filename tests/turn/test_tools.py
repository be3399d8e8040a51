"""Custom tools and confirmations, whatever they raise and whatever they return."""

import asyncio
import json
import os
import subprocess
import sys
import threading

import pytest
from anthropic import AsyncAnthropic
from anthropic.lib.tools import ToolError
from anthropic.types.beta.sessions import BetaManagedAgentsTextBlock
from pydantic import BaseModel

from tests.kit.places import ROOT
from tests.kit.recordings import Script
from tests.kit.serving import KINDS, each, served
from tests.kit.tools import make_tool, tool_that
from tests.kit.turn_scripts import asking, one_call, parallel_calls
from utilities import TurnTimeout, stream_until_end_turn_async
from utilities.replay import Faults
from utilities.turn.contents import result_content


class Speechless(Exception):
    def __str__(self):
        raise ZeroDivisionError


both_clients = pytest.mark.parametrize("kind", each(KINDS))
both_tools = pytest.mark.parametrize("tool_kind", each(KINDS))


# -- what they raise ------------------------------------------------------------------------------


@both_clients
@both_tools
@pytest.mark.parametrize(
    "error",
    [
        *(SystemExit("bye"), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()),
        *(StopIteration(), Speechless()),
    ],
)
def test_whatever_a_tool_raises_is_an_answer(kind, tool_kind, error):
    def act(name):
        raise error

    if (kind, tool_kind, type(error)) == ("async", "async", KeyboardInterrupt):
        pytest.skip("in the main thread that is the user's: see the next test")
    with served(one_call(), strict=False) as session:
        try:
            result = session.follow(kind, "go", tools=[tool_that(tool_kind, act)], timeout=5)
        except BaseException as escaped:  # which would end pytest
            raise AssertionError("it came out of the turn") from escaped
    assert result.outcome == "end_turn"
    [call] = result.tool_calls
    assert call.is_error
    name = "RuntimeError" if (tool_kind, type(error)) == ("async", StopIteration) else type(error).__name__
    assert call.text.startswith(f"{name}: ")
    with served(parallel_calls(["a"])) as session:  # and the tools of the next turn run
        tool = make_tool(kind, lambda name: f"{name} ok")
        assert session.follow(kind, "go", tools=[tool], timeout=5).outcome == "end_turn"


@both_clients
@both_tools
def test_the_traceback_of_a_bug_is_in_the_developers_log(kind, tool_kind, caplog):
    def act(name):
        return {}[f"the order {name}"]

    with served(one_call(), strict=False) as session:
        session.follow(kind, "go", tools=[tool_that(tool_kind, act)])
    [record] = [record for record in caplog.records if record.name.startswith("utilities.")]
    assert record.getMessage() == "the tool work failed; the agent is told"
    assert 'return {}[f"the order {name}"]' in caplog.text


@both_clients
def test_an_error_that_is_meant_for_the_agent_is_no_bug(kind, caplog):
    def act(name):
        raise ToolError("there is no such order")

    with served(one_call("there is no such order", is_error=True)) as session:
        session.follow(kind, "go", tools=[tool_that(kind, act)])
    assert [record for record in caplog.records if record.name.startswith("utilities.")] == []


def test_ctrl_c_is_not_taken_for_a_tools_error():
    """Python raises it in the main thread, in the middle of whatever runs there."""

    def act(name):
        raise KeyboardInterrupt

    with served(one_call()) as session, pytest.raises(KeyboardInterrupt):
        session.follow("async", "go", tools=[tool_that("async", act)])


@both_clients
def test_a_tool_whose_inner_task_was_cancelled_is_an_answer_too(kind):
    async def act():
        inner = asyncio.ensure_future(asyncio.sleep(9))
        inner.cancel()
        await inner
        return "never"

    with served(one_call(), strict=False) as session:
        result = session.follow(kind, "go", tools=[tool_that("async", lambda name: act())], timeout=5)
    assert (result.tool_calls[0].is_error, result.tool_calls[0].text) == (True, "CancelledError: ")


@both_clients
def test_an_async_tool_is_cancelled_at_the_deadline(kind):
    begun, cancelled = threading.Event(), threading.Event()

    async def act():
        begun.set()
        try:
            await asyncio.sleep(99)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "too late"

    for timeout in (0.3, 2.0, 15.0):  # a busy machine comes to the call later
        with served(one_call("too late")) as session:
            with pytest.raises(TurnTimeout):
                session.follow(kind, "go", tools=[tool_that("async", lambda name: act())], timeout=timeout)
            if begun.is_set():
                assert cancelled.wait(5)
                assert "user.custom_tool_result" not in [event.type for event in session.history()]
                break
    assert begun.is_set()


def test_a_turn_that_is_cancelled_does_not_go_on():
    started = asyncio.Event()

    async def act():
        started.set()
        await asyncio.sleep(9)
        return "too late"

    async def run(session):
        async with AsyncAnthropic(api_key="x", base_url=session.server.base_url) as client:
            tools = [tool_that("async", lambda name: act())]
            turn = asyncio.create_task(
                stream_until_end_turn_async(client, session.session_id, "go", tools=tools)
            )
            await asyncio.wait_for(started.wait(), 5)
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(turn, 5)

    with served(one_call("too late")) as session:
        asyncio.run(run(session))
        assert "user.custom_tool_result" not in [event.type for event in session.history()]


def test_a_tool_that_stops_the_event_loop_costs_its_own_turn_only():
    async def act():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(9)
        return "never"

    with served(one_call()) as session, pytest.raises(TurnTimeout):
        session.follow("sync", "go", tools=[tool_that("async", lambda name: act())], timeout=0.5)
    with served(parallel_calls(["a"])) as session:
        tool = make_tool("sync", lambda name: f"{name} ok")
        assert session.follow("sync", "go", tools=[tool], timeout=5).outcome == "end_turn"


FORKING = """
import os, sys
from anthropic import Anthropic, beta_tool
from utilities import stream_until_end_turn

@beta_tool
def work(name: str) -> str:
    '''Work.'''
    return f"{name} ok"

def turn(session):
    client = Anthropic(api_key="x", base_url=sys.argv[1])
    return stream_until_end_turn(client, session, "go", tools=[work], timeout=5).outcome

print(turn(sys.argv[2]), flush=True)
from utilities.turn.tools import background
background.lock.acquire()  # as if another thread were starting a turn right now
child = os.fork()
if child == 0:
    print(turn(sys.argv[3]), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_has_tools_of_its_own():
    with served(parallel_calls(["a"])) as session:
        client = session.client()
        first = client.beta.sessions.retrieve(session.session_id)
        other = client.beta.sessions.create(agent=first.agent.id, environment_id=first.environment_id)
        command = [sys.executable, "-c", FORKING, session.server.base_url, first.id, other.id]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["end_turn", "end_turn"], done.stderr


# -- what they return -----------------------------------------------------------------------------

PICTURE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}


def text(words):
    return {"type": "text", "text": words}


BOOK = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "\ud800"}}


class Order(BaseModel):
    number: int


class Itself:
    def __str__(self):
        return "itself"


@pytest.mark.parametrize(
    ("returned", "sent"),
    [
        ("soup", [text("soup")]),
        ("", [text("(no output)")]),
        (None, [text("(no output)")]),
        ([], [text("(no output)")]),
        (0, [text("0")]),
        (2.5, [text("2.5")]),
        (False, [text("false")]),
        ({"lunch": "süß"}, [text('{"lunch": "süß"}')]),
        ({"type": "order", "id": 7}, [text('{"type": "order", "id": 7}')]),
        ({}, [text("{}")]),
        (b"abc", [text("\"b'abc'\"")]),
        (["a", 1], [text('["a", 1]')]),
        ([text("a"), 1], [text('[{"type": "text", "text": "a"}, 1]')]),
        ((n for n in (1, 2)), [text("[1, 2]")]),
        (Itself(), [text('"itself"')]),
        (Order(number=7), [text('{"number": 7}')]),
        ([Order(number=7)], [text('[{"number": 7}]')]),
        ([BetaManagedAgentsTextBlock(type="text", text="a")], [text("a")]),
        ({(1, 2): 3}, [text("{(1, 2): 3}")]),
        (text("one"), [text("one")]),
        (PICTURE, [PICTURE]),
        ([text("one"), PICTURE], [text("one"), PICTURE]),
        ([{"type": "text"}], [text('{"type": "text"}')]),
        ([{"type": "text", "text": None}], [text("(no output)")]),
        ([{"type": "document", "id": 7}], [text('{"type": "document", "id": 7}')]),
        ([BOOK], [{**BOOK, "source": {**BOOK["source"], "data": "?"}}]),
        ([text("a"), {"type": "other", "n": 1}], [text("a"), text('{"type": "other", "n": 1}')]),
        ("\ud800", [text("?")]),
    ],
)  # fmt: skip
def test_whatever_a_tool_returns_is_sent_in_a_form_that_a_session_takes(returned, sent):
    assert result_content(returned) == sent


@both_clients
@both_tools
@pytest.mark.parametrize("returned", [7, {"lunch": "soup"}, ["a", "b"], True])
def test_a_tool_that_returns_data_has_not_failed(kind, tool_kind, returned):
    with served(one_call(json.dumps(returned))) as session:
        result = session.follow(kind, "go", tools=[tool_that(tool_kind, lambda name: returned)])
    assert result.outcome == "end_turn"
    assert not result.tool_calls[0].is_error
    assert json.loads(result.tool_calls[0].text) == returned


@both_clients
def test_any_number_of_tools_run_at_the_same_time(kind):
    names = [f"n{number}" for number in range(60)]
    together = threading.Barrier(len(names), timeout=10)

    def work(name):
        together.wait()
        return f"{name} ok"

    with served(parallel_calls(names), faults=Faults("window=60")) as session:
        result = session.follow(kind, "go", tools=[make_tool("sync", work)])
    assert [call.text for call in result.tool_calls] == [f"{name} ok" for name in names]


# -- verdicts -------------------------------------------------------------------------------------


@both_clients
@pytest.mark.parametrize("verdict", [1, 0, {}, [], b"no", object()])
def test_a_verdict_that_is_none_is_told_and_nothing_is_sent(kind, verdict):
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        with pytest.raises(TypeError, match=r"confirm returned .* must be True \(allow\)") as caught:
            session.follow(kind, "go", confirm=lambda call: verdict)
        assert repr(verdict) in str(caught.value)
        assert "user.tool_confirmation" not in [event.type for event in session.history()]


@both_clients
def test_a_denial_with_an_empty_reason_has_none(kind):
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        result = session.follow(kind, "go", confirm=lambda call: "")
        [verdict] = [event for event in session.history() if event.type == "user.tool_confirmation"]
    assert result.text == "deny it is"
    assert verdict.deny_message is None


@both_clients
@pytest.mark.parametrize(("verdict", "denied"), [(True, False), (False, True), (None, False)])
def test_a_call_that_was_denied_is_told_from_one_that_ran(kind, verdict, denied):
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        [call] = session.follow(kind, "go", confirm=lambda call: verdict).tool_calls
    assert call.denied is denied
    assert getattr(call.verdict, "result", None) == {True: "allow", False: "deny", None: None}[verdict]


@both_clients
def test_a_call_that_its_policy_denied_is_denied(kind):
    script = Script()
    script.message("go")
    script.builtin_result(script.builtin(command="rm -r /", permission="deny"), "not allowed", is_error=True)
    script.idle()
    with served(script) as session:
        assert session.follow(kind, "go").tool_calls[0].denied


def test_the_deadline_ends_an_async_confirm():
    async def think(call):
        await asyncio.sleep(9)
        return True

    with served(*asking(("allow", {}))) as session:
        with pytest.raises(TurnTimeout) as caught:
            session.follow("async", "go", confirm=think, timeout=0.3)
        assert caught.value.seconds < 5
        assert "user.tool_confirmation" not in [event.type for event in session.history()]


@both_clients
def test_a_timeout_of_confirms_own_is_the_callers(kind):
    def ask(call):
        raise TimeoutError("the user is at lunch")

    with served(*asking(("allow", {}))) as session, pytest.raises(TimeoutError, match="at lunch"):
        session.follow(kind, "go", confirm=ask)

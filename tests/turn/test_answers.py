"""Answering calls, by the stream and by polling: the deadline holds, and others may answer too."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from anthropic import beta_tool

from tests.kit.recordings import Script
from tests.kit.serving import KINDS, WAYS, Served, healthy, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import parallel_calls
from utilities import TurnTimeout
from utilities.turn import poll, stream
from utilities.turn.drive import Sync
from utilities.turn.plan import Follow
from utilities.turn.protocol import Turn


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Served, "way", request.param)
    return request.param


@pytest.mark.parametrize(("thinks", "begun"), [(0.9, ["a"]), (1.6, [])])
def test_the_time_that_the_user_takes_is_not_given_to_the_tools_again(
    kind: str, thinks: float, begun: list[str]
) -> None:
    """A verdict and a tool in one batch. After the deadline nothing is begun."""
    script = Script()
    script.message("go")
    script.idle("requires_action", [script.builtin(permission="ask"), script.custom("work", name="a")])
    ran: list[str] = []
    gate = threading.Event()

    def work(name: str) -> str:
        ran.append(name)
        gate.wait(5)
        return "too late"

    def confirm(call: Any) -> bool:
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


def test_a_tool_that_is_cut_off_a_little_early_is_not_a_call_that_nobody_answers(way: str) -> None:
    """Timers may be early by the resolution of their clock. Here ours stands still."""
    gate = threading.Event()
    tool: Any = beta_tool(lambda name: gate.wait(5), name="work", input_schema={"type": "object"})
    with served(parallel_calls(["a"])) as session:
        turn, client = Turn(session.session_id), session.client().with_options(max_retries=0)
        follow = Follow(turn, "go", 0.3, 60.0, 0, lambda: 0.0)
        driver: Any = stream._Sync if way == "stream" else Sync
        flow = stream._flow(follow) if way == "stream" else poll._flow(follow, 0.01)
        try:
            with pytest.raises(TurnTimeout):
                driver(client, turn, {"work": tool}, None, None, "").run(flow)
        finally:
            gate.set()


def test_an_answer_to_one_call_of_a_batch_that_somebody_else_gave_first_leaves_us_the_others(
    kind: str,
) -> None:
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        if name == "a":
            call = next(e.id for e in session.history() if e.type == "agent.custom_tool_use")
            content: Any = [{"type": "text", "text": "a ok"}]
            answer: Any = {
                "type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content,
            }  # fmt: skip
            healthy(session.server).beta.sessions.events.send(session.session_id, events=[answer])
        return f"{name} ok"

    shown: list[Any] = []
    with served(parallel_calls(["a", "b", "c"])) as session:
        tool = make_tool(kind, work)
        result = session.follow(kind, "go", tools=[tool], on_event=shown.append)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert (result.outcome, sorted(ran)) == ("end_turn", ["a", "b", "c"])
    assert [call.text for call in result.tool_calls] == ["a ok", "b ok", "c ok"]

"""The events that a client sends, as the API takes them."""

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsTextBlock

from tests.kit.recordings import Script
from tests.kit.serving import served
from tests.kit.waiting import wait_for
from utilities import (
    custom_tool_result,
    define_outcome,
    interrupt,
    tool_confirmation,
    user_message,
    wait_for_idle_status,
)


def a_whole_turn():
    """A message, a call that we answer, one that we allow, one that we deny, and what is said then."""
    script = Script()
    script.message("go")
    custom = script.custom("work", name="a")
    asked = [script.builtin("bash", permission="ask", command=command) for command in ("ls", "rm")]
    script.idle("requires_action", [custom, *asked])
    script.running()
    script.custom_result(custom, "no such order", is_error=True)
    script.confirmation(asked[0])
    script.confirmation(asked[1], "deny", deny_message="not that one")
    script.builtin_result(asked[0])
    script.say("done")
    script.idle()
    return script


def test_each_is_what_the_api_takes_and_gives_back():
    with served(a_whole_turn()) as session:
        events, id = session.client().beta.sessions.events, session.session_id
        events.send(id, events=[user_message("go")])
        wait_for(lambda: session.history()[-1].type == "session.status_idle")
        custom, first, second = session.history()[-1].stop_reason.event_ids
        events.send(
            id,
            events=[
                custom_tool_result(custom, "no such order", is_error=True),
                tool_confirmation(first, True),
                tool_confirmation(second, "not that one"),
            ],
        )
        wait_for_idle_status(session.client(), id, interval=0.01)
        sent = {event.type: event for event in session.history() if event.type.startswith("user.")}
        assert session.history()[-1].stop_reason.type == "end_turn"
        assert sent["user.message"].content[0].text == "go"
        assert sent["user.custom_tool_result"].is_error is True
        assert sent["user.tool_confirmation"].deny_message == "not that one"


def test_an_interrupt_and_an_outcome():
    assert interrupt() == {"type": "user.interrupt"}
    assert define_outcome("A report", "It has a title", max_iterations=2) == {
        "type": "user.define_outcome",
        "description": "A report",
        "rubric": {"type": "text", "content": "It has a title"},
        "max_iterations": 2,
    }
    assert "max_iterations" not in define_outcome("A report", "It has a title")


def test_a_denial_says_why_only_if_there_is_a_reason():
    assert tool_confirmation("sevt_1", False) == {
        "type": "user.tool_confirmation",
        "tool_use_id": "sevt_1",
        "result": "deny",
    }


def test_content_is_a_text_or_blocks_the_sdks_own_too():
    block = {"type": "text", "text": "go"}
    own = BetaManagedAgentsTextBlock(**block)
    assert user_message("go") == user_message([block]) == user_message([own])
    assert custom_tool_result("sevt_1", "go") == custom_tool_result("sevt_1", [own])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: user_message({"type": "text"}), "message is a single content block"),
        (lambda: user_message(["go"]), "message must be a text or a list of content blocks"),
        (lambda: custom_tool_result("sevt_1", [7]), "content must be a text or a list"),
        (lambda: custom_tool_result(object(), "go"), "call_id must be a text, call.id, not a object"),
        (lambda: tool_confirmation("sevt_1", None), r"True \(allow\), False or a text \(deny\), not None"),
    ],
)
def test_what_is_none_is_told(make, told):
    with pytest.raises(TypeError, match=told):
        make()

"""What a caller got wrong is told, by every helper, before anything is sent."""

import asyncio

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.serving import HELPERS, healthy, is_async, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import a_turn


def test_a_client_of_the_other_kind_is_told(kind):
    helper = HELPERS[kind]
    client = (Anthropic if is_async(kind) else AsyncAnthropic)(api_key="x")
    twin = HELPERS[
        kind.replace("async", "sync") if is_async(kind) else kind.replace("sync", "async")
    ].__name__
    needs = f"{helper.__name__} needs .*; for {type(client).__name__} use {twin}$"
    with pytest.raises(TypeError, match=needs):
        result = helper(client, "sesn_1", "go")
        asyncio.run(result)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"type": "text", "text": "go"}, "a single content block"),
        (["go"], "not a list with 'go'"),
        (b"go", "not a list with 103"),
        (7, "not iterable"),
    ],
)
def test_a_message_that_is_none_is_told(kind, message, told):
    with served(a_turn()) as session:
        with pytest.raises(TypeError, match=told):
            session.follow(kind, message)
        assert session.history() == []


def test_a_session_in_place_of_its_id_is_told(kind):
    with served(a_turn()) as session:
        whole = healthy(session.server).beta.sessions.retrieve(session.session_id)
        with pytest.raises(TypeError, match="session_id must be a text, session.id, not a .*Session"):
            session.follow(kind, "go", session_id=whole)


def test_content_blocks_can_be_the_sdks_own(kind):
    script = a_turn()
    script.message("go")
    script.say("again")
    script.idle()
    with served(script) as session:
        first = session.follow(kind, [{"type": "text", "text": "go"}])
        [content] = [event.content for event in first.events if event.type == "user.message"]
        assert session.follow(kind, content).text == "again"


@pytest.mark.parametrize(
    ("name", "seconds"), [("timeout", -1), ("timeout", float("nan")), ("quiet", -0.1), ("quiet", 0)]
)
def test_seconds_that_are_none_are_told_by_name(kind, name, seconds):
    with served(a_turn()) as session:
        with pytest.raises(ValueError, match=f"{name} must be .* not {seconds}"):
            session.follow(kind, "go", **{name: seconds})
        assert session.history() == []


def test_nothing_to_wait_for_is_an_error(kind):
    with served(a_turn()) as session, pytest.raises(ValueError, match=f"{session.session_id} has no events"):
        session.follow(kind)


def test_an_unknown_session_is_the_apis_own_error(kind):
    with served(a_turn()) as session, pytest.raises(anthropic.NotFoundError):
        session.follow(kind, "go", session_id="sesn_nope")


def test_a_message_that_the_api_refuses_is_its_error(kind):
    with (
        served(a_turn()) as session,
        pytest.raises(anthropic.BadRequestError, match="no recording continues"),
    ):
        session.follow(kind, "something else")


@pytest.mark.parametrize("error", [KeyError("mine"), "NotFoundError"])
def test_an_error_of_on_event_is_the_callers(kind, error):
    def fail(event):
        if isinstance(error, Exception):
            raise error
        session.client().beta.files.retrieve_metadata("file_nope")

    expected = type(error) if isinstance(error, Exception) else anthropic.NotFoundError
    with served(a_turn()) as session, pytest.raises(expected):
        session.follow(kind, "go", on_event=fail)


def test_two_tools_of_one_name_are_refused(kind):
    tool = make_tool(kind, str)
    with served(a_turn()) as session, pytest.raises(ValueError, match="two tools are named work"):
        session.follow(kind, "go", tools=[tool, tool])


@pytest.mark.parametrize("kind", ["sync", "poll-sync"])
def test_a_stop_iteration_of_on_event_is_not_taken_for_the_end_of_the_turn(kind):
    with served(a_turn()) as session, pytest.raises(StopIteration):
        session.follow(kind, "go", on_event=lambda event: next(iter([])))

"""The archive race, and waiting it out."""

import asyncio

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities import wait_for_idle_status, wait_for_idle_status_async


def one_turn(*, over=True):
    script = Script()
    script.message("go")
    if over:
        script.idle()
    return script


@pytest.mark.rule(
    "the idle event comes before the `status` field says idle", topic="sessions", evidence="doc"
)
def test_an_archive_right_after_the_idle_event_fails_and_after_waiting_works():
    with served(one_turn()) as session:
        client = session.client()
        session.follow("sync", "go")
        with pytest.raises(
            anthropic.BadRequestError, match='cannot be archived while its status is "running"'
        ):
            client.beta.sessions.archive(session.session_id)
        settled = wait_for_idle_status(client, session.session_id, interval=0.01)
        assert settled.status == "idle"
        assert client.beta.sessions.archive(session.session_id).status == "terminated"
        assert wait_for_idle_status(client, session.session_id).status == "terminated"


def test_async_twin():
    async def run():
        async with AsyncAnthropic(api_key="x", base_url=session.server.base_url) as client:
            settled = await wait_for_idle_status_async(client, session.session_id, interval=0.01)
            assert settled.status == "idle"
            await client.beta.sessions.archive(session.session_id)

    with served(one_turn()) as session:
        session.follow("sync", "go")
        asyncio.run(run())


def test_a_session_that_goes_on_running_is_a_timeout_that_names_it():
    script = one_turn(over=False)
    with served(script) as session:
        content = [{"type": "text", "text": "go"}]
        session.client().beta.sessions.events.send(
            session.session_id, events=[{"type": "user.message", "content": content}]
        )
        with pytest.raises(TimeoutError, match=f"session {session.session_id} is still 'running' after"):
            wait_for_idle_status(session.client(), session.session_id, timeout=0.1, interval=0.01)


def test_an_unknown_session_is_the_apis_own_error():
    with served(one_turn()) as session, pytest.raises(anthropic.NotFoundError):
        wait_for_idle_status(session.client(), "sesn_nope")


def test_a_client_of_the_other_kind_is_told():
    with pytest.raises(TypeError, match="for AsyncAnthropic use wait_for_idle_status_async"):
        wait_for_idle_status(AsyncAnthropic(api_key="x"), "sesn_1")
    with pytest.raises(TypeError, match="for Anthropic use wait_for_idle_status$"):
        asyncio.run(wait_for_idle_status_async(Anthropic(api_key="x"), "sesn_1"))


@pytest.mark.parametrize("name", ["timeout", "interval"])
def test_seconds_below_none_are_told_by_name(name):
    options = {name: -1}
    with pytest.raises(ValueError, match=f"{name} must be 0 seconds or more, not -1"):
        wait_for_idle_status(Anthropic(api_key="x"), "sesn_1", **options)
    with pytest.raises(ValueError, match=f"{name} must be 0 seconds or more, not -1"):
        asyncio.run(wait_for_idle_status_async(AsyncAnthropic(api_key="x"), "sesn_1", **options))

"""Programs that send first and open their stream then: right at the hosted service, and right here.

All of it at speed 0, with the SDK's clients as they are.
"""

import asyncio
import time

import pytest
from anthropic import AsyncAnthropic

from tests.kit.calling import new_session, serving, strict
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.sessions import message, result

LATE = 0.2  # seconds that the program takes until it opens its stream


def bouncing(times=3):
    """The agent asks the client one question after another."""
    script = Script("bouncing")
    script.message("go")
    for number in range(times):
        call = script.custom("lookup", key=number)
        script.idle("requires_action", [call])
        script.custom_result(call, "found")
        script.running()
    script.say("all there")
    script.idle()
    return script


def end_of(seen):
    """Of the events of a turn: how it ended, and the calls that wait for an answer."""
    reason = seen[-1].stop_reason
    return reason.type, list(reason.event_ids) if reason.type == "requires_action" else []


def run(client, session):
    """Send, then follow the stream until the session is idle, and so on; the end, and the rounds."""
    events, send = client.beta.sessions.events, [message("go")]
    for rounds in range(1, 20):
        events.send(session, events=send)
        time.sleep(LATE)
        seen = []
        with events.stream(session) as stream:
            for event in stream:
                seen.append(event)
                if event.type == "session.status_idle":
                    break
        reason, calls = end_of(seen)
        if not calls:
            return reason, rounds
        send = [result(call, "found") for call in calls]
    return "never ended", rounds


async def run_async(client, session):
    events, send = client.beta.sessions.events, [message("go")]
    for rounds in range(1, 20):
        await events.send(session, events=send)
        await asyncio.sleep(LATE)
        seen = []
        async with await events.stream(session) as stream:
            async for event in stream:
                seen.append(event)
                if event.type == "session.status_idle":
                    break
        reason, calls = end_of(seen)
        if not calls:
            return reason, rounds
        send = [result(call, "found") for call in calls]
    return "never ended", rounds


async def with_async_client(server, session):
    async with strict(server, AsyncAnthropic) as client, asyncio.timeout(20):
        return await run_async(client, session)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(("script", "rounds"), [(going, 1), (bouncing, 4)])
def test_a_program_that_sends_first_and_opens_late_sees_its_turn_end(kind, script, rounds):
    with serving(script()) as server:
        client = strict(server).with_options(timeout=20.0)
        session = new_session(client)
        if kind == "sync":
            assert run(client, session) == ("end_turn", rounds)
        else:
            assert asyncio.run(with_async_client(server, session)) == ("end_turn", rounds)


def test_a_stream_that_its_client_has_closed_is_nobody_who_looks():
    """Many times, since a server that still wrote to it would lose the turn only now and then."""
    with serving(bouncing(30)) as server:
        client = strict(server).with_options(timeout=20.0)
        session, events = new_session(client), client.beta.sessions.events
        send, rounds = [message("go")], 0
        while send:
            events.send(session, events=send)
            with events.stream(session) as stream:
                seen = []
                for event in stream:
                    seen.append(event)
                    if event.type == "session.status_idle":
                        break
            send, rounds = [result(call, "found") for call in end_of(seen)[1]], rounds + 1
        assert rounds == 31

"""Faults on purpose: each does what it says, and the helpers survive it.

Surviving means: the turn ends, how it ended is told, nothing is lost, nothing is shown or done twice;
or the error is a clear one.
"""

import asyncio

import anthropic
import httpx2
import pytest

from tests.kit.calling import HEAD, HEADERS, SAY_GO, new_session, serving, strict
from tests.kit.serving import KINDS as CLIENTS
from tests.kit.serving import healthy, served
from tests.kit.sessions import message
from tests.kit.sessions import session as play
from tests.kit.turn_scripts import a_turn, parallel_calls, types
from utilities import stream_until_end_turn, wait_for_idle_status
from utilities.replay import Faults
from utilities.replay.__main__ import main
from utilities.replay.faults import FAULTS_HEADER, KINDS, FaultError

pytestmark = pytest.mark.slow

both_clients = pytest.mark.parametrize("kind", CLIENTS)


# -- the language ------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("dorp=3", "no fault 'dorp'; there are: drop=N, end=N, silent=N, repeat"),
        ("drop", r"drop needs a value: drop=N\[,times=N\]"),
        ("repeat drop=x", "drop must be a whole number from 0 to 1000000, not 'x'"),
        ("drop=1,tims=2", r"drop has no option 'tims': drop=N\[,times=N\]"),
        ("drop=1,times=-1", "drop,times must be a whole number"),
        ("repeat=2", "repeat takes no value"),
        ("status=200", "from 400 to 599"),
        ("status=429,retry-after=nan", "retry-after must be seconds, 0 or more, not 'nan'"),
        ("status=429,on=events", "on must be a method"),
        ("settle=inf", "settle must be seconds"),
        ("error=fatal", "error must be retrying, exhausted or terminal, not 'fatal'"),
        ("x" * 1001, "at most 1000 characters"),
    ],
)
def test_a_wrong_spec_is_told_what_would_be_right(spec, said, capsys):
    with pytest.raises(FaultError, match=said):
        Faults(spec)
    assert main(["--faults", spec]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("replay server: ") and error.count("\n") == 1
    with serving() as server:
        answer = httpx2.get(f"{server.base_url}/v1/agents", headers={FAULTS_HEADER: spec})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith(f"{FAULTS_HEADER}: ")


def test_the_help_has_every_fault_and_every_option(capsys):
    assert main(["--faults", "help"]) == 0
    told = capsys.readouterr().out
    for kind in KINDS.values():
        assert kind.usage in told and kind.does in told
        assert all(f"\n  {option} " in told for option in kind.options)


@pytest.mark.parametrize(
    ("on", "yes", "no"),
    [
        ("POST/events", ("POST", "/v1/sessions/s/events"), ("GET", "/v1/sessions/s/events")),
        ("GET/stream", ("GET", "/v1/sessions/s/events/stream"), ("GET", "/v1/sessions/s/events")),
        ("GET/sessions/*", ("GET", "/v1/sessions/s"), ("GET", "/v1/sessions")),
        ("POST", ("POST", "/v1/agents"), ("GET", "/v1/agents")),
        ("/archive", ("POST", "/v1/agents/a/archive"), ("POST", "/v1/agents/a")),
    ],
)
def test_on_names_requests(on, yes, no):
    [fault] = Faults(f"status=500,on={on}").all
    assert fault.hits(*yes) and not fault.hits(*no)


# -- whose faults they are -----------------------------------------------------------------------------


@both_clients
def test_one_server_has_healthy_and_unhealthy_clients_at_once(kind):
    with served(a_turn()) as session:
        well = healthy(session.server)
        faults = {FAULTS_HEADER: "budget end=2,times=0 status=529,times=1,on=POST/events,retry-after=0"}
        unhealthy = well.with_options(default_headers=faults)
        other = new_session(well)
        assert stream_until_end_turn(unhealthy, session.session_id, "go").outcome == "budget_reached"
        assert stream_until_end_turn(well, other, "go").outcome == "end_turn"
        # The turn's faults are those of the client that sent its message; what another one asks is answered.
        assert len(list(well.beta.sessions.events.list(session.session_id))) == 6
        assert session.follow(kind, "go").outcome == "end_turn"


def test_a_client_can_be_healthy_on_an_unhealthy_server():
    with served(a_turn(), faults=Faults("terminate")) as session:
        client = session.client().with_options(default_headers={FAULTS_HEADER: ""})
        assert stream_until_end_turn(client, session.session_id, "go").outcome == "end_turn"


def test_initial_events_begin_a_turn_with_the_faults_of_who_creates_the_session():
    with serving() as server:
        client = strict(server).with_options(default_headers={FAULTS_HEADER: "terminate"})
        session = new_session(client, initial_events=SAY_GO["events"])
        assert list(client.beta.sessions.events.list(session))[-1].type == "session.status_terminated"
        assert client.beta.sessions.retrieve(session).status == "terminated"


def test_times_are_counted_for_each_session():
    with serving(faults=Faults("status=500,on=GET/sessions/*")) as server:
        client = strict(server)
        for session in (new_session(client), new_session(client)):
            with pytest.raises(anthropic.InternalServerError, match="turned away on purpose"):
                client.beta.sessions.retrieve(session)
            assert client.beta.sessions.retrieve(session).id == session


# -- requests ------------------------------------------------------------


def test_a_server_can_be_stopped_while_requests_hang():
    server = serving(faults=Faults("hang,on=GET/agents")).start()
    address = server.base_url.removeprefix("http://")

    async def ask():
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(f"GET /v1/agents HTTP/1.1\r\n{HEAD}\r\n".encode())
        await writer.drain()
        assert httpx2.get(f"{server.base_url}/v1/environments", headers=HEADERS).status_code == 200
        await asyncio.to_thread(server.stop)
        assert b" 500 " not in await reader.read()  # a broken connection, not an answer
        writer.close()

    asyncio.run(asyncio.wait_for(ask(), 20))


def test_a_lost_response_is_of_a_post_that_took_effect():
    with serving(faults=Faults("lose")) as server:
        client = strict(server)  # which does not try again
        assert client.beta.environments.list().data == []
        with pytest.raises(anthropic.APIConnectionError):
            client.beta.environments.create(name="e")
        assert [environment.name for environment in client.beta.environments.list()] == ["e"]


@pytest.mark.parametrize("speed", [0.0, 40.0])
def test_without_the_helpers_a_lost_response_makes_the_agent_do_its_work_twice(speed):
    with served(a_turn(), faults=Faults("lose,on=POST/events"), speed=speed) as session:
        client = session.client()  # the SDK repeats the POST by itself
        client.beta.sessions.events.send(session.session_id, **SAY_GO)
        result = session.follow("sync")
        wait_for_idle_status(client, session.session_id, interval=0.01)
        if types(session.history()).count("session.status_idle") < 2:
            session.follow("sync")
        events = session.history()
    recorded = types(a_turn().events)
    assert result.outcome == "end_turn"
    assert types(events) == recorded * 2
    assert len({event.id for event in events}) == len(events)


# -- the archive race ------------------------------------------------------------


def test_the_status_field_is_late_by_what_was_asked_for():
    session = play(a_turn(), speed=0.0)
    session.send([message("go")], 10.0, Faults("settle=5"))
    session.advance(14.9)
    assert [session.look() for _ in range(9)] == ["running"] * 9
    session.advance(15.0)
    assert session.look() == "idle"


# -- turns ------------------------------------------------------------


def test_what_is_queued_when_retries_are_exhausted_is_dropped_and_can_be_sent_again():
    script = a_turn()
    script.message("more")
    script.say("second")
    script.idle()
    session = play(script, speed=1.0)
    session.send([message("go")], 0.0, Faults("error=exhausted,after=1"))
    session.send([message("more")], 0.1)
    assert types(session.queued) == ["user.message"]
    session.advance(2.0)
    assert session.queued == [] and session.status == "idle"
    assert session.log[-1]["stop_reason"] == {"type": "retries_exhausted"}
    session.send([message("go"), message("more")], 3.0)
    now = 3.0
    while now is not None:
        now = session.advance(now)
    assert types(session.log).count("user.message") == 3
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}
    moments = [event["processed_at"] for event in session.log]
    assert moments == sorted(set(moments))
    assert len({event["id"] for event in session.log}) == len(session.log)


def test_a_rescheduled_session_is_not_settled():
    session = play(a_turn(), speed=0.0)
    session.send([message("go")], 0.0, Faults("reschedule=30"))
    assert session.advance(1.0) == 30.0
    assert session.look() == "rescheduling"
    session.advance(30.0)
    assert session.status == "idle"


def test_a_window_slides_with_every_answer():
    names = [f"n{number}" for number in range(7)]
    session = play(parallel_calls(names), speed=0.0)
    session.send([message("go")], 0.0, Faults("window=3"))
    calls = [event["id"] for event in session.log if event["type"] == "agent.custom_tool_use"]
    for number, name in enumerate(names):
        assert session.log[-1]["stop_reason"]["event_ids"] == calls[number : number + 3]
        content = [{"type": "text", "text": f"{name} ok"}]
        answer = {"type": "user.custom_tool_result", "custom_tool_use_id": calls[number], "content": content}
        session.send([answer], 0.0)
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}


@pytest.mark.parametrize(
    "spec",
    ["error=retrying reschedule", "error=exhausted", "error=terminal", "terminate", "budget", "window=1"],
)
def test_what_is_made_up_has_the_sdks_shapes(spec):
    with serving(
        a_turn() if spec != "window=1" else parallel_calls(["a", "b"]), faults=Faults(spec)
    ) as server:
        client = strict(server)
        session = new_session(client)
        client.beta.sessions.events.send(session, **SAY_GO)
        client.beta.sessions.events.list(session)  # the strict client refuses what is not in the SDK's types
        assert client.beta.sessions.retrieve(session).id == session


def test_a_fault_that_comes_too_late_in_a_turn_does_not_hit_it():
    script = a_turn()
    script.message("more")
    script.idle()
    with served(script, faults=Faults("budget,after=9")) as session:
        assert session.follow("sync", "go").outcome == "end_turn"
        assert session.follow("sync", "more").outcome == "end_turn"

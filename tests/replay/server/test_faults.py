"""Faults on purpose: each does what it says, and the helpers survive it.

Surviving means: the turn ends, how it ended is told, nothing is lost, nothing is shown or done twice;
or the error is a clear one.
"""

from __future__ import annotations

import ast
import asyncio
from collections import Counter
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic

from tests.kit.calling import SAY_GO, new_session, serving, strict
from tests.kit.places import RECORDINGS, ROOT
from tests.kit.recordings import ORIGINAL, TURNS
from tests.kit.serving import KINDS as CLIENTS
from tests.kit.serving import Served, healthy, served
from tests.kit.sessions import message
from tests.kit.sessions import session as play
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import a_turn, parallel_calls, types
from utilities import TurnTimeout, stream_until_end_turn, wait_for_idle_status, wait_for_idle_status_async
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.__main__ import main
from utilities.replay.faults import FAULTS_HEADER, KINDS, FaultError, markdown_table
from utilities.turn.retry import wait_before

both_clients = pytest.mark.parametrize("kind", CLIENTS)


def follow_showing_all(session: Served, kind: str, *args: Any, **options: Any) -> Any:
    """A turn, after which what was shown is the whole history, each event once."""
    shown: list[Any] = []
    result = session.follow(kind, *args, on_event=shown.append, **options)
    assert [event.id for event in shown] == [event.id for event in session.history()]
    return result


def settled(session: Served, kind: str, **options: Any) -> Any:
    """The session once it is idle, waited for with the helper of this kind."""
    if kind == "sync":
        return wait_for_idle_status(session.client(), session.session_id, interval=0.01, **options)

    async def run() -> Any:
        async with AsyncAnthropic(api_key="x", base_url=session.server.base_url) as client:
            return await wait_for_idle_status_async(client, session.session_id, interval=0.01, **options)

    return asyncio.run(run())


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
def test_a_wrong_spec_is_told_what_would_be_right(
    spec: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
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


def test_the_help_has_every_fault_and_every_option(capsys: pytest.CaptureFixture[str]) -> None:
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
def test_on_names_requests(on: str, yes: tuple[str, str], no: tuple[str, str]) -> None:
    [fault] = Faults(f"status=500,on={on}").all
    assert fault.hits(*yes) and not fault.hits(*no)


def test_every_fault_has_the_test_that_it_names_and_is_in_the_table() -> None:
    for name, kind in KINDS.items():
        path, _, function = kind.test.partition("::")
        source = (ROOT / path).read_text("utf-8")
        found = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == function]
        assert found, f"{kind.test}, which {name} names, does not exist"
        first = min(node.lineno for node in (found[0], *found[0].decorator_list))
        text = "\n".join(source.splitlines()[first - 1 : found[0].end_lineno])
        assert name in text, f"{kind.test} does not use {name}"
        assert f"`{kind.test}`" in markdown_table()


# -- whose faults they are -----------------------------------------------------------------------------


@both_clients
def test_one_server_has_healthy_and_unhealthy_clients_at_once(kind: str) -> None:
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


def test_a_client_can_be_healthy_on_an_unhealthy_server() -> None:
    with served(a_turn(), faults=Faults("terminate")) as session:
        client = session.client().with_options(default_headers={FAULTS_HEADER: ""})
        assert stream_until_end_turn(client, session.session_id, "go").outcome == "end_turn"


def test_initial_events_begin_a_turn_with_the_faults_of_who_creates_the_session() -> None:
    with serving() as server:
        client = strict(server).with_options(default_headers={FAULTS_HEADER: "terminate"})
        session = new_session(client, initial_events=SAY_GO["events"])
        assert client.beta.sessions.retrieve(session).status == "terminated"


def test_times_are_counted_for_each_session() -> None:
    with serving(faults=Faults("status=500,on=GET/sessions/*")) as server:
        client = strict(server)
        for session in (new_session(client), new_session(client)):
            with pytest.raises(anthropic.InternalServerError, match="turned away on purpose"):
                client.beta.sessions.retrieve(session)
            assert client.beta.sessions.retrieve(session).id == session


# -- streams ------------------------------------------------------------


@both_clients
@pytest.mark.parametrize("after", [0, 3, 5])
def test_a_stream_that_falls_silent_is_opened_anew(kind: str, after: int) -> None:
    with served(a_turn(), faults=Faults(f"silent={after}")) as session:
        assert follow_showing_all(session, kind, "go", quiet=0.2).outcome == "end_turn"


@both_clients
def test_the_recorded_lesson_survives_everything_at_once(kind: str) -> None:
    spec = (
        "repeat queued drop=7,times=3 silent=5 error=retrying,after=4 status=529,times=2,retry-after=0 lose"
    )
    with ReplayServer(Library.load(RECORDINGS), strict=True, faults=Faults(spec)) as server:
        client = healthy(server)
        agent = client.beta.agents.create(**ORIGINAL.header["agent"])
        environment = client.beta.environments.create(**ORIGINAL.header["environment"])
        id = client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id
        session = Served(server, id, retries=3)  # as many as there are faults before the turn has begun
        results = [session.follow(kind, content, quiet=0.2) for content in TURNS]
        history = session.history()
    assert [result.outcome for result in results] == ["end_turn"] * len(TURNS)
    assert [event.id for result in results for event in result.events] == [event.id for event in history]
    without_errors = [kind for kind in types(history) if kind != "session.error"]
    assert without_errors == types(ORIGINAL.events)


# -- requests ------------------------------------------------------------


@both_clients
@pytest.mark.parametrize("code", [429, 500, 529])
@pytest.mark.parametrize("on", ["POST/events", "GET/stream", "GET/events", "GET/sessions/*"])
def test_a_turn_survives_a_busy_service(kind: str, code: int, on: str) -> None:
    busy = f"status={code},times=2,retry-after=0.01,on={on}"
    with served(a_turn(), faults=Faults(f"{busy} drop=4")) as session:
        assert follow_showing_all(session, kind, "go").outcome == "end_turn"
        assert settled(session, kind).status == "idle"
        assert types(session.history()).count("user.message") == 1


@both_clients
def test_a_service_that_stays_busy_is_its_own_error(kind: str) -> None:
    with served(a_turn(), faults=Faults("status=529,times=9,retry-after=0,on=POST/events")) as session:
        with pytest.raises(anthropic.InternalServerError, match="on purpose") as caught:
            session.follow(kind, "go")
        assert caught.value.status_code == 529
        assert caught.value.response.headers["retry-after"] == "0"
        assert len(session.posts.events_posts) == 3  # once, and the client's max_retries
        assert session.history() == []


@both_clients
@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ("status=529,times=9,retry-after=0,on=GET/events", "the message was not sent"),
        ("status=529,times=9,retry-after=0,on=POST/events", "the message may have arrived: look"),
    ],
)
def test_an_error_before_the_turn_has_begun_says_whether_the_message_was_sent(
    kind: str, faults: str, told: str
) -> None:
    with served(a_turn(), faults=Faults(faults)) as session, pytest.raises(anthropic.APIError) as caught:
        session.follow(kind, "go")
    [note] = caught.value.__notes__
    assert note.startswith(f"session {session.session_id}: ") and told in note


@both_clients
def test_a_wait_that_is_longer_than_the_deadline_is_not_begun(kind: str) -> None:
    faults = Faults("status=429,retry-after=3600,on=POST/events")
    with served(a_turn(), faults=faults) as session, pytest.raises(anthropic.RateLimitError):
        session.follow(kind, "go", timeout=20.0)


def test_what_the_service_asks_for_is_waited() -> None:
    request = httpx2.Request("GET", "http://127.0.0.1")

    def failed(**headers: str) -> anthropic.APIStatusError:
        response = httpx2.Response(429, headers=headers, request=request)
        return anthropic.RateLimitError("busy", response=response, body=None)

    assert wait_before(failed(**{"retry-after": "7.5"}), 1) == 7.5
    assert wait_before(failed(**{"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}), 1) == 0.5
    assert [wait_before(failed(), n) for n in (1, 2, 3, 99)] == [0.5, 1.0, 2.0, 10.0]
    broken = httpx2.ReadError("broken", request=request)
    assert [wait_before(broken, n) for n in (1, 2)] == [0.0, 1.0]


@both_clients
@pytest.mark.parametrize("on", ["POST/events", "GET/stream", "GET/events"])
def test_a_request_that_is_never_answered_is_made_again(
    kind: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utilities.turn.drive.MAX_REQUEST", 0.3)
    with served(a_turn(), faults=Faults(f"hang,on={on} drop=4")) as session:
        assert follow_showing_all(session, kind, "go").outcome == "end_turn"
        assert types(session.history()).count("user.message") == 1


@both_clients
def test_requests_that_are_never_answered_do_not_outlast_the_deadline(kind: str) -> None:
    with served(a_turn(), faults=Faults("hang,times=99")) as session:
        with pytest.raises(TurnTimeout, match="message was not sent: send it again") as caught:
            session.follow(kind, "go", timeout=0.3)
        assert caught.value.seconds < 5  # not the SDK's three attempts, nor its ten minutes
        with pytest.raises(TimeoutError, match=f"{session.session_id} could not be seen"):
            settled(session, kind, timeout=0.3)


def test_a_server_can_be_stopped_while_requests_hang() -> None:
    server = serving(faults=Faults("hang,on=GET/agents")).start()
    address = server.base_url.removeprefix("http://")

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(f"GET /v1/agents HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
        await writer.drain()
        assert httpx2.get(f"{server.base_url}/v1/environments").status_code == 200
        await asyncio.to_thread(server.stop)
        assert b" 500 " not in await reader.read()  # a broken connection, not an answer
        writer.close()

    asyncio.run(asyncio.wait_for(ask(), 20))


def test_a_lost_response_is_of_a_post_that_took_effect() -> None:
    with serving(faults=Faults("lose")) as server:
        client = strict(server)  # which does not try again
        assert client.beta.environments.list().data == []
        with pytest.raises(anthropic.APIConnectionError):
            client.beta.environments.create(name="e")
        assert [environment.name for environment in client.beta.environments.list()] == ["e"]


@both_clients
def test_a_lost_response_does_not_send_anything_twice(kind: str) -> None:
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), faults=Faults("lose,times=2,on=POST/events")) as session:
        result = follow_showing_all(session, kind, "go", tools=[make_tool(kind, work)])
        sent = Counter(types(session.history()))
    assert result.outcome == "end_turn"
    assert (sent["user.message"], sent["user.custom_tool_result"]) == (1, 2)
    assert sorted(ran) == ["a", "b"]


@both_clients
def test_a_lost_response_is_not_mistaken_for_the_same_message_of_an_earlier_turn(kind: str) -> None:
    script = a_turn()
    script.message("go")
    script.say("again")
    script.idle()
    with served(script) as session:
        session.follow(kind, "go")
        faults = {FAULTS_HEADER: "status=500,retry-after=0,on=POST/events lose,on=POST/events"}
        client = session.client().with_options(default_headers=faults)
        assert stream_until_end_turn(client, session.session_id, "go").text == "again"
        assert types(session.history()).count("user.message") == 2


@pytest.mark.parametrize("speed", [0.0, 40.0])
def test_without_the_helpers_a_lost_response_makes_the_agent_do_its_work_twice(speed: float) -> None:
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


@both_clients
def test_the_archive_race_is_waited_out(kind: str) -> None:
    with served(a_turn(), faults=Faults("settle=0.3")) as session:
        session.follow(kind, "go")
        assert settled(session, kind).status == "idle"
        session.client().beta.sessions.archive(session.session_id)
    with served(a_turn(), faults=Faults("settle=600")) as session:
        session.follow(kind, "go")
        with pytest.raises(anthropic.BadRequestError, match='while its status is "running"'):
            session.client().beta.sessions.archive(session.session_id)
        with pytest.raises(TimeoutError, match="is still 'running' after"):
            settled(session, kind, timeout=0.1)


def test_the_status_field_is_late_by_what_was_asked_for() -> None:
    session = play(a_turn(), speed=0.0)
    session.send([message("go")], 10.0, Faults("settle=5"))
    session.advance(14.9)
    assert [session.look() for _ in range(9)] == ["running"] * 9
    session.advance(15.0)
    assert session.look() == "idle"


# -- turns ------------------------------------------------------------


@both_clients
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize(
    ("retry", "outcome"),
    [("retrying", "end_turn"), ("exhausted", "retries_exhausted"), ("terminal", "terminated")],
)
def test_a_session_error_ends_what_it_says_it_ends(kind: str, retry: str, outcome: str, after: int) -> None:
    with served(a_turn(), faults=Faults(f"error={retry},after={after}")) as session:
        result = follow_showing_all(session, kind, "go")
        assert result.outcome == outcome
        assert [event.error.retry_status.type for event in result.errors] == [retry]
        assert result.events.index(result.errors[0]) == 3 + after
        if retry == "terminal":
            with pytest.raises(anthropic.ConflictError, match="takes no more events"):
                session.follow(kind, "go")
        elif retry == "exhausted":  # the message can be sent again
            assert session.follow(kind, "go").outcome == "end_turn"


@both_clients
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(("fault", "outcome"), [("terminate", "terminated"), ("budget", "budget_reached")])
def test_a_turn_cut_short_has_its_own_outcome(kind: str, fault: str, outcome: str, after: int) -> None:
    with served(a_turn(), faults=Faults(f"{fault},after={after}")) as session:
        result = follow_showing_all(session, kind, "go")
        assert result.outcome == outcome
        status = "terminated" if fault == "terminate" else "idle"
        ending = [f"session.thread_status_{status}", "session.usage", f"session.status_{status}"]
        assert types(result.events) == [*types(a_turn().events)[: 3 + after], *ending]
        assert settled(session, kind).status == status
        if fault == "budget":
            assert session.follow(kind, "go").outcome == "end_turn"


def test_what_is_queued_when_retries_are_exhausted_is_dropped_and_can_be_sent_again() -> None:
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
    now: float | None = 3.0
    while now is not None:
        now = session.advance(now)
    assert types(session.log).count("user.message") == 3
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}
    moments = [event["processed_at"] for event in session.log]
    assert moments == sorted(set(moments))
    assert len({event["id"] for event in session.log}) == len(session.log)


@both_clients
def test_a_rescheduled_session_goes_on(kind: str) -> None:
    with served(a_turn(), faults=Faults("reschedule=0.2,after=1")) as session:
        result = follow_showing_all(session, kind, "go")
        assert result.outcome == "end_turn"
        whole = types(a_turn().events)
        moves = ["status_rescheduled", "thread_status_rescheduled", "status_running", "thread_status_running"]
        assert types(result.events) == [*whole[:4], *(f"session.{move}" for move in moves), *whole[4:]]


def test_a_rescheduled_session_is_not_settled() -> None:
    session = play(a_turn(), speed=0.0)
    session.send([message("go")], 0.0, Faults("reschedule=30"))
    assert session.advance(1.0) == 30.0
    assert session.look() == "rescheduling"
    session.advance(30.0)
    assert session.status == "idle"


@both_clients
def test_a_window_slides_over_parallel_calls(kind: str) -> None:
    names = [f"n{number:02}" for number in range(12)]
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(names), faults=Faults("window")) as session:
        result = follow_showing_all(session, kind, "go", tools=[make_tool(kind, work)])
        history = session.history()
    assert result.outcome == "end_turn"
    assert sorted(ran) == names
    answered = [event.custom_tool_use_id for event in history if event.type == "user.custom_tool_result"]
    assert len(answered) == len(set(answered)) == 12
    idles = [event.stop_reason for event in history if event.type == "session.status_idle"]
    assert [len(stop.event_ids) for stop in idles[:-1]] == [5, 5, 2]


def test_a_window_slides_with_every_answer() -> None:
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
def test_what_is_made_up_has_the_sdks_shapes(spec: str) -> None:
    with serving(
        a_turn() if spec != "window=1" else parallel_calls(["a", "b"]), faults=Faults(spec)
    ) as server:
        client = strict(server)
        session = new_session(client)
        client.beta.sessions.events.send(session, **SAY_GO)
        client.beta.sessions.events.list(session)  # the strict client refuses what is not in the SDK's types
        assert client.beta.sessions.retrieve(session).id == session


def test_a_fault_that_comes_too_late_in_a_turn_does_not_hit_it() -> None:
    script = a_turn()
    script.message("more")
    script.idle()
    with served(script, faults=Faults("budget,after=9")) as session:
        assert session.follow("sync", "go").outcome == "end_turn"
        assert session.follow("sync", "more").outcome == "end_turn"

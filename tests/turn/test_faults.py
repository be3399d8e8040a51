"""The replay server's faults, and the helpers that survive them.

Surviving means: the turn ends, how it ended is told, nothing is lost, nothing is shown or done twice;
or the error is a clear one.
"""

from collections import Counter

import anthropic
import httpx2
import pytest

from tests.kit.polling import send
from tests.kit.recordings import ORIGINAL, TURNS
from tests.kit.serving import Served, healthy, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import a_turn, parallel_calls, types
from utilities import TurnTimeout
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.turn.retry import wait_before

pytestmark = pytest.mark.slow

# -- requests ------------------------------------------------------------------------------------------


@pytest.mark.fault("status", "tries again when that can help; else the error")
@pytest.mark.parametrize(
    ("code", "on"),
    [(429, "POST/events"), (500, "GET/stream"), (529, "GET/events"), (529, "GET/sessions/*")],
)
def test_a_turn_survives_a_busy_service(kind, code, on):
    busy = f"status={code},times=2,retry-after=0.01,on={on}"
    with served(a_turn(), faults=Faults(f"{busy} drop=4")) as session:
        assert session.follow_showing_all(kind, "go").outcome == "end_turn"
        assert session.settled(kind).status == "idle"
        assert types(session.history()).count("user.message") == 1


def test_a_service_that_stays_busy_is_its_own_error(kind):
    with served(a_turn(), faults=Faults("status=529,times=9,retry-after=0,on=POST/events")) as session:
        with pytest.raises(anthropic.InternalServerError, match="on purpose") as caught:
            session.follow(kind, "go")
        assert caught.value.status_code == 529
        assert caught.value.response.headers["retry-after"] == "0"
        assert len(session.posts.events_posts) == 3  # once, and the client's max_retries
        assert session.history() == []


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ("status=529,times=9,retry-after=0,on=GET/events", "the message was not sent"),
        ("status=529,times=9,retry-after=0,on=POST/events", "the message may have arrived: look"),
    ],
)
def test_an_error_before_the_turn_has_begun_says_whether_the_message_was_sent(kind, faults, told):
    with served(a_turn(), faults=Faults(faults)) as session, pytest.raises(anthropic.APIError) as caught:
        session.follow(kind, "go")
    [note] = caught.value.__notes__
    assert note.startswith(f"session {session.session_id}: ") and told in note


def test_a_wait_that_is_longer_than_the_deadline_is_not_begun(kind):
    faults = Faults("status=429,retry-after=3600,on=POST/events")
    with served(a_turn(), faults=faults) as session, pytest.raises(anthropic.RateLimitError):
        session.follow(kind, "go", timeout=20.0)


def test_what_the_service_asks_for_is_waited():
    request = httpx2.Request("GET", "http://127.0.0.1")

    def failed(**headers):
        response = httpx2.Response(429, headers=headers, request=request)
        return anthropic.RateLimitError("busy", response=response, body=None)

    assert wait_before(failed(**{"retry-after": "7.5"}), 1) == 7.5
    assert wait_before(failed(**{"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}), 1) == 0.5
    assert [wait_before(failed(), n) for n in (1, 2, 3, 99)] == [0.5, 1.0, 2.0, 10.0]
    broken = httpx2.ReadError("broken", request=request)
    assert [wait_before(broken, n) for n in (1, 2)] == [0.0, 1.0]


@pytest.mark.fault("hang", "its own time limit, then again; never later than the deadline")
@pytest.mark.parametrize("on", ["POST/events", "GET/stream", "GET/events"])
def test_a_request_that_is_never_answered_is_made_again(kind, on, monkeypatch):
    monkeypatch.setattr("utilities.turn.drive.MAX_REQUEST", 0.3)
    with served(a_turn(), faults=Faults(f"hang,on={on} drop=4")) as session:
        assert session.follow_showing_all(kind, "go").outcome == "end_turn"
        assert types(session.history()).count("user.message") == 1


def test_requests_that_are_never_answered_do_not_outlast_the_deadline(kind):
    with served(a_turn(), faults=Faults("hang,times=99")) as session:
        with pytest.raises(TurnTimeout, match="message was not sent: send it again") as caught:
            session.follow(kind, "go", timeout=0.3)
        assert caught.value.seconds < 5  # not the SDK's three attempts, nor its ten minutes
        with pytest.raises(TimeoutError, match=f"{session.session_id} could not be seen"):
            session.settled(kind, timeout=0.3)


@pytest.mark.fault("lose", "asks the history before it sends again")
def test_a_lost_response_does_not_send_anything_twice(kind):
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(parallel_calls(["a", "b"]), faults=Faults("lose,times=2,on=POST/events")) as session:
        result = session.follow_showing_all(kind, "go", tools=[make_tool(kind, work)])
        sent = Counter(types(session.history()))
    assert result.outcome == "end_turn"
    assert (sent["user.message"], sent["user.custom_tool_result"]) == (1, 2)
    assert sorted(ran) == ["a", "b"]


def test_a_lost_response_is_not_mistaken_for_the_same_message_of_an_earlier_turn(kind):
    script = a_turn()
    script.message("go")
    script.say("again")
    script.idle()
    with served(script) as session:
        send(session, "go")
        session.headers[FAULTS_HEADER] = "status=500,retry-after=0,on=POST/events lose,on=POST/events"
        assert session.follow(kind, "go").text == "again"
        assert types(session.history()).count("user.message") == 2


# -- turns ---------------------------------------------------------------------------------------------


@pytest.mark.unsettled
@pytest.mark.fault("error", "tells the three apart")
@pytest.mark.parametrize("after", [2])
@pytest.mark.parametrize(
    ("retry", "outcome"),
    [("retrying", "end_turn"), ("exhausted", "retries_exhausted"), ("terminal", "terminated")],
)
def test_a_session_error_ends_what_it_says_it_ends(kind, retry, outcome, after):
    with served(a_turn(), faults=Faults(f"error={retry},after={after}")) as session:
        result = session.follow_showing_all(kind, "go")
        assert result.outcome == outcome
        assert [event.error.retry_status.type for event in result.errors] == [retry]
        assert result.events.index(result.errors[0]) == 3 + after
        if retry == "terminal":
            with pytest.raises(anthropic.ConflictError, match="takes no more events"):
                session.follow(kind, "go")
        elif retry == "exhausted":  # the message can be sent again
            assert session.follow(kind, "go").outcome == "end_turn"


@pytest.mark.fault("terminate", "outcome terminated")
@pytest.mark.fault("budget", "outcome budget_reached")
@pytest.mark.parametrize("after", [3])
@pytest.mark.parametrize(("fault", "outcome"), [("terminate", "terminated"), ("budget", "budget_reached")])
def test_a_turn_cut_short_has_its_own_outcome(kind, fault, outcome, after):
    with served(a_turn(), faults=Faults(f"{fault},after={after}")) as session:
        result = session.follow_showing_all(kind, "go")
        assert result.outcome == outcome
        status = "terminated" if fault == "terminate" else "idle"
        ending = [f"session.thread_status_{status}", "session.usage", f"session.status_{status}"]
        assert types(result.events) == [*types(a_turn().events)[: 3 + after], *ending]
        assert session.settled(kind).status == status
        if fault == "budget":
            assert session.follow(kind, "go").outcome == "end_turn"


@pytest.mark.fault("reschedule", "goes on; not taken for settled")
def test_a_rescheduled_session_goes_on(kind):
    with served(a_turn(), faults=Faults("reschedule=0.2,after=1")) as session:
        result = session.follow_showing_all(kind, "go")
        assert result.outcome == "end_turn"
        whole = types(a_turn().events)
        moves = ["status_rescheduled", "thread_status_rescheduled", "status_running", "thread_status_running"]
        assert types(result.events) == [*whole[:4], *(f"session.{move}" for move in moves), *whole[4:]]


def test_the_recorded_lesson_survives_everything_at_once(kind):
    spec = (
        "repeat queued drop=7,times=3 silent=5 error=retrying,after=4 status=529,times=2,retry-after=0 lose"
    )
    with ReplayServer(Library([ORIGINAL]), strict=True, faults=Faults(spec)) as server:
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


# -- the archive race ----------------------------------------------------------------------------------


@pytest.mark.fault("settle", "`wait_for_idle_status`")
def test_the_archive_race_is_waited_out(kind):
    with served(a_turn(), faults=Faults("settle=0.3")) as session:
        session.follow(kind, "go")
        assert session.settled(kind).status == "idle"
        session.client().beta.sessions.archive(session.session_id)
    with served(a_turn(), faults=Faults("settle=600")) as session:
        session.follow(kind, "go")
        with pytest.raises(anthropic.BadRequestError, match='while its status is "running"'):
            session.client().beta.sessions.archive(session.session_id)
        with pytest.raises(TimeoutError, match="is still 'running' after"):
            session.settled(kind, timeout=0.1)

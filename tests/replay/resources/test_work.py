"""The work queue of a self-hosted environment, as its workers use it."""

import functools

import pytest
from anthropic import ConflictError

from tests.kit.calling import AGENT, SAY_GO, serving, strict
from tests.kit.names import fresh

rule = functools.partial(pytest.mark.rule, topic="environments")

HOSTED = {"type": "self_hosted"}


def hosted(call):
    return call.post("/environments", {"name": fresh(), "config": HOSTED})["id"]


@pytest.fixture
def queue(call):
    return f"/environments/{hosted(call)}/work"


def session(call, queue):
    agent = call.post("/agents", AGENT)["id"]
    body = {"agent": agent, "environment_id": queue.split("/")[2]}
    return call.post("/sessions", body)["id"]


def begun(call, queue):
    """The path of an item that a worker has claimed and begun with, and its heartbeat."""
    session(call, queue)
    path = f"{queue}/{call.get(f'{queue}/poll')['id']}"
    call.post(f"{path}/ack")
    return path, call.post(f"{path}/heartbeat")["last_heartbeat"]


def beat(call, path, status=200, **query):
    return call.send("POST", f"{path}/heartbeat", status=status, **query)


@rule("a new session in a self-hosted environment is queued as work", evidence="sdk")
def test_a_new_session_is_queued_in_a_self_hosted_environment_only(call, queue):
    id = session(call, queue)
    call.session()
    (item,) = call.get(queue)["data"]
    assert (item["state"], item["data"]) == ("queued", {"type": "session", "id": id})
    call.get(f"/environments/{hosted(call)}/work/{item['id']}", 404)


def test_nobody_is_offered_the_work_of_a_session_that_was_deleted(call, queue):
    deleted, other = session(call, queue), session(call, queue)
    call.delete(f"/sessions/{deleted}")
    assert call.get(f"{queue}/stats")["depth"] == 1
    assert call.get(f"{queue}/poll")["data"]["id"] == other


@rule(
    "polled work that nobody acknowledges is offered again after 5 seconds, or as the worker says",
    evidence="sdk",
)
def test_an_item_is_polled_once_and_offered_again_if_nobody_acknowledges_it(call, queue):
    """[sdk] After five seconds, or as long as the worker says."""
    session(call, queue)
    item = call.get(f"{queue}/poll")
    assert call.get(f"{queue}/poll") is None
    call.now = 4.9
    assert call.get(f"{queue}/poll") is None
    assert call.get(f"{queue}/poll", reclaim_older_than_ms="4000") == item
    call.now = 9.8
    assert call.get(f"{queue}/poll") is None
    call.now = 10.0
    assert call.get(f"{queue}/poll") == item
    assert call.post(f"{queue}/{item['id']}/ack")["state"] == "starting"
    call.now = 100.0
    assert call.get(f"{queue}/poll") is None


@rule(
    "a poll waits 1 to 999 milliseconds at most, or not at all", evidence="sdk", source="work_poll_params.py"
)
def test_how_long_a_poll_waits(call, queue):
    for block_ms in ("0", "1000"):
        assert "block_ms" in call.get(f"{queue}/poll", 400, block_ms=block_ms)
    for block_ms in ("1", "999"):
        call.get(f"{queue}/poll", block_ms=block_ms)


def test_items_are_polled_in_order_and_counted(call, queue):
    ids = [session(call, queue) for _ in range(3)]
    assert call.get(f"{queue}/poll")["data"]["id"] == ids[0]
    stats = call.get(f"{queue}/stats")
    assert (stats["depth"], stats["pending"]) == (2, 1)
    assert [call.get(f"{queue}/poll")["data"]["id"] for _ in range(2)] == ids[1:]


@rule("a heartbeat that expects another last heartbeat is 412", evidence="sdk")
def test_a_heartbeat_extends_the_lease_of_who_holds_it(call, queue):
    session(call, queue)
    path = f"{queue}/{call.get(f'{queue}/poll')['id']}"
    first = beat(call, path, expected_last_heartbeat="NO_HEARTBEAT", desired_ttl_seconds="90")
    assert (first["state"], first["lease_extended"], first["ttl_seconds"]) == ("active", True, 90)
    second = beat(call, path, expected_last_heartbeat=first["last_heartbeat"])
    assert second["last_heartbeat"] > first["last_heartbeat"]
    assert "another worker" in beat(call, path, 412, expected_last_heartbeat=first["last_heartbeat"])
    assert "another worker" in beat(call, path, 412, expected_last_heartbeat="NO_HEARTBEAT")


def test_a_lost_lease_says_who_holds_it():
    with serving() as server, strict(server) as client:
        environment = client.beta.environments.create(name=fresh(), config=HOSTED).id
        agent = client.beta.agents.create(**AGENT).id
        client.beta.sessions.create(agent=agent, environment_id=environment)
        item = client.beta.environments.work.poll(environment)
        held = client.beta.environments.work.heartbeat(item.id, environment_id=environment)
        with pytest.raises(Exception) as caught:  # the SDK has a class for it
            client.beta.environments.work.heartbeat(
                item.id, environment_id=environment, expected_last_heartbeat="NO_HEARTBEAT"
            )
        assert type(caught.value).__name__ == "BetaHeartbeatPreconditionFailedError"
        assert caught.value.details.current_state.last_heartbeat == held.last_heartbeat
        client.beta.environments.work.stop(item.id, environment_id=environment, force=True)
        with pytest.raises(ConflictError):
            client.beta.environments.work.stop(item.id, environment_id=environment)


@rule("a heartbeat of stopping work is not compared and extends no lease", evidence="sdk")
@rule("stopping work that has stopped is 409", evidence="sdk", source="the poller takes it for that")
@rule(
    "work stops at once by force, or when asked for the second time",
    evidence="ours",
    note="by force is documented, what a second request does isn't said",
)
def test_a_worker_learns_from_its_heartbeat_that_it_should_stop(call, queue):
    path, last = begun(call, queue)
    assert call.post(f"{path}/stop")["state"] == "stopping"
    heard = beat(call, path, expected_last_heartbeat="not compared now")  # [sdk]
    assert (heard["state"], heard["lease_extended"], heard["last_heartbeat"]) == ("stopping", False, last)
    stopped = call.post(f"{path}/stop", {"force": True})
    assert stopped["state"] == "stopped" and stopped["stopped_at"] > stopped["stop_requested_at"]
    call.post(f"{path}/stop", status=409)


def test_metadata_is_merged(call, queue):
    """[sdk]"""
    path, _ = begun(call, queue)
    call.post(path, {"metadata": {"a": "1", "b": "2"}})
    assert call.post(path, {"metadata": {"a": None, "c": "3"}})["metadata"] == {"b": "2", "c": "3"}
    assert call.get(path)["metadata"] == {"b": "2", "c": "3"}


@rule("a recording plays whether or not a worker has claimed its session", evidence="ours")
def test_the_recording_plays_whether_or_not_anybody_works(call, queue):
    path = f"/sessions/{session(call, queue)}"
    call.post(f"{path}/events", SAY_GO)
    assert call.get(f"{path}/events")["data"][-1]["type"] == "session.status_idle"


@rule(
    "a worker that stops while a message comes leaves the session to the next one: it is queued again",
    evidence="ours",
    note="that a session which goes on is queued again is documented",
)
def test_a_message_that_comes_as_the_worker_stops_is_not_lost(call, queue):
    id = session(call, queue)
    path = f"{queue}/{call.get(f'{queue}/poll')['id']}"
    call.post(f"{path}/ack")
    call.post(f"/sessions/{id}/events", SAY_GO)  # the worker has the item, so nothing is queued
    assert [item["state"] for item in call.get(queue)["data"]] == ["starting"]
    call.post(f"{path}/stop", {"force": True})
    assert [item["state"] for item in call.get(queue)["data"]] == ["stopped", "queued"]
    again = f"{queue}/{call.get(f'{queue}/poll')['id']}"
    call.post(f"{again}/stop", {"force": True})  # it has seen the message, and failed
    assert [item["state"] for item in call.get(queue)["data"]] == ["stopped", "stopped"]


def test_a_worker_that_stops_after_the_turn_leaves_nothing(call, queue):
    id = session(call, queue)
    path = f"{queue}/{call.get(f'{queue}/poll')['id']}"
    call.post(f"/sessions/{id}/events", SAY_GO)
    call.events(f"/sessions/{id}")
    call.post(f"{path}/stop", {"force": True})
    assert [item["state"] for item in call.get(queue)["data"]] == ["stopped"]

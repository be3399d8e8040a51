"""Thirty people on one server: what one makes, nobody else sees, and no name is in another's way."""

import base64
import json

import anthropic
import httpx2
import pytest

from tests.kit.calling import AGENT, SAY_GO, TURN, new_session
from tests.kit.names import fresh
from tests.kit.streams import followed
from tests.kit.waiting import wait_for
from utilities.replay import Faults, Library
from utilities.replay.api import Api
from utilities.replay.http.errors import ApiError
from utilities.replay.server.browsers import Browsers
from utilities.room.room_server import RoomServer
from utilities.room.workspaces import IDLE, Workspaces

BETAS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "managed-agents-2026-04-01,dreaming-2026-04-21",
}
SKILL = ("tidy/SKILL.md", b"---\nname: tidy\ndescription: how we tidy\n---\n", "text/markdown")


def make_deployment(beta):
    agent, environment = beta.agents.create(**AGENT), beta.environments.create(name="of the deployment")
    return beta.deployments.create(
        name="d", agent=agent.id, environment_id=environment.id, initial_events=SAY_GO["events"]
    )


def make_dream(beta):
    store = beta.memory_stores.create(name="s", description="d").id
    inputs = [
        {"type": "memory_store", "memory_store_id": store},
        {"type": "sessions", "session_ids": [made_session(beta).id]},
    ]
    return beta.dreams.create(inputs=inputs, model="claude-sonnet-4-6")


def made_session(beta):
    agent, environment = beta.agents.create(**AGENT), beta.environments.create(name=fresh())
    return beta.sessions.create(agent=agent.id, environment_id=environment.id)


# One of each kind that the API lists; a test sees to it that none is left out.
MADE = {
    "/v1/agents": lambda beta: beta.agents.create(**AGENT),
    "/v1/environments": lambda beta: beta.environments.create(name="e"),
    "/v1/files": lambda beta: beta.files.upload(file=("a.py", b"a = 1\n", "text/x-python")),
    "/v1/vaults": lambda beta: beta.vaults.create(display_name="v"),
    "/v1/sessions": made_session,
    "/v1/deployments": make_deployment,
    "/v1/deployment_runs": lambda beta: beta.deployments.run(make_deployment(beta).id),
    "/v1/dreams": make_dream,
    "/v1/skills": lambda beta: beta.skills.create(files=[SKILL]),
    "/v1/memory_stores": lambda beta: beta.memory_stores.create(name="m", description="d"),
}


def routes():
    return Api(Library()).routes


def test_every_kind_that_the_api_lists_is_tried():
    listed = {path for method, path in routes() if method == "GET" and "{" not in path}
    assert listed - {"/v1/models"} == set(MADE)  # models are nobody's


def as_learner(room, name):
    """Raw requests in this workspace."""
    headers = {**BETAS, "x-api-key": f"ROOM-KEY:{name}"}
    return httpx2.Client(base_url=room.base_url, headers=headers)


@pytest.mark.parametrize("path", MADE)
def test_what_one_makes_another_neither_lists_nor_reaches_and_may_name_alike(room, learner, path):
    with as_learner(room, "ben") as ben:
        none = ben.get(path).json()["data"]  # but what is everybody's, as Anthropic's skills are
    mine = MADE[path](learner("ada").beta)
    below = [(method, route) for method, route in routes() if route.startswith(f"{path}/{{id}}")]
    with as_learner(room, "ada") as ada, as_learner(room, "ben") as ben:
        before = ada.get(path).json()["data"]
        assert mine.id in [each["id"] for each in before]
        assert ben.get(path).json()["data"] == none
        for method, route in below:
            there = route.replace("{id}", mine.id).replace("{other}", "x")
            refused = ben.request(method, there, json=None if method == "GET" else {})
            # A body that is wrong whoever sends it may be said first.
            assert refused.status_code in ((404,) if method in ("GET", "DELETE") else (400, 404)), there
        assert ada.get(path).json()["data"] == before
        theirs = MADE[path](learner("ben").beta)  # with the same names: nothing is taken
        assert theirs.id != mine.id
        assert ada.get(path).json()["data"] == before


def test_a_name_is_taken_within_a_workspace(learner):
    ada = learner("ada").beta
    ada.environments.create(name="e")
    with pytest.raises(anthropic.ConflictError):
        ada.environments.create(name="e")


def test_turns_of_two_go_on_beside_each_other(room, learner):
    ada, ben = learner("ada"), learner("ben")
    heard, sessions = {"ada": [], "ben": []}, {"ada": new_session(ada), "ben": new_session(ben)}
    threads = [followed(client, sessions[name], heard[name]) for name, client in (("ada", ada), ("ben", ben))]
    ada.beta.sessions.events.send(sessions["ada"], events=SAY_GO["events"])
    wait_for(lambda: len(heard["ada"]) == len(TURN))
    assert [event.type for event in ben.beta.sessions.events.list(sessions["ben"])] == []
    ben.beta.sessions.events.send(sessions["ben"], events=SAY_GO["events"])
    wait_for(lambda: len(heard["ben"]) == len(TURN))
    room.stop()
    for thread in threads:
        thread.join(10)
    assert [event.type for event in heard["ada"]] == [event.type for event in heard["ben"]] == TURN


def test_a_fault_that_happens_once_happens_once_to_each(learner):
    with RoomServer(
        Library(), key="ROOM-KEY", teachers_key="T", faults=Faults("status=503,on=GET/agents")
    ) as room:
        for name in ("ada", "ben"):
            client = learner(name, base_url=room.base_url)
            with pytest.raises(anthropic.InternalServerError):
                client.beta.agents.list()
            assert list(client.beta.agents.list()) == []


# -- keys and names ------------------------------------------------------------------------------------


def test_upper_and_lower_case_are_one_name_and_the_answer_says_whose_workspace_it_is(learner):
    agent = learner("Ada").beta.agents.create(**AGENT)
    answer = learner("aDA").beta.agents.with_raw_response.retrieve(agent.id)
    assert answer.headers["x-replay-workspace"] == "Ada"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "invalid key"),
        ("ROOM-KEX:ada", "invalid key"),
        ("ROOM-KE", "invalid key"),
        ("ROOM-KEY", "the key has no name"),
        ("ROOM-KEY:", "the key has no name"),
        ("ROOM-KEYada", "'ada' is no name here"),
        ("ROOM-KEY:../ada", "'../ada' is no name here (1 to 30 letters"),
        (f"ROOM-KEY:{'a' * 31}", "is no name here"),
        ("ROOM-KEY:<b>", "is no name here"),
    ],
)
def test_a_key_without_a_name_that_will_do_is_refused_and_says_how_one_looks(room, key, told):
    refused = httpx2.get(f"{room.base_url}/v1/agents", headers={**BETAS, "x-api-key": key})
    message = refused.json()["error"]["message"]
    assert (refused.status_code, len(room.workspaces)) == (401, 0)
    assert message.startswith(told) or told in message
    assert "ANTHROPIC_API_KEY" in message and "ROOM-KEY:ada" in message
    assert refused.json()["request_id"] == refused.headers["request-id"]


def test_a_workers_token_leads_to_the_workspace_that_it_is_from(room, learner):
    ada = learner("ada").beta
    learner("ben").beta.agents.list()
    environment = ada.environments.create(name="mine", config={"type": "self_hosted"})
    agent = ada.agents.create(**AGENT)
    session = ada.sessions.create(agent=agent.id, environment_id=environment.id)
    work = ada.environments.work.poll(environment.id)
    token = json.loads(base64.urlsafe_b64decode(work.secret))["sessions_token"]
    worker = learner("nobody", api_key=token).beta.sessions.with_raw_response.retrieve(session.id)
    assert worker.headers["x-replay-workspace"] == "ada"


# -- how many ------------------------------------------------------------------------------------------


class Room:
    """Workspaces without a socket, for two names, at a time that the test sets."""

    def __init__(self):
        self.now = 0.0
        browsers = Browsers("127.0.0.1", "K")
        self.workspaces = Workspaces(
            lambda name: Api(Library(), seed=name), key="K", browsers=browsers, most=2, clock=lambda: self.now
        )

    def of(self, name):
        return self.workspaces.of(f"K:{name}")


def test_a_room_that_is_full_says_so_and_drops_only_what_was_idle_for_long():
    room = Room()
    ada, ben = room.of("ada"), room.of("ben")
    room.now = ben.seen = IDLE - 1
    with pytest.raises(ApiError, match="has its 2 names") as refused:
        room.of("cleo")
    assert refused.value.status == 403
    room.now = IDLE
    ada.open = 1  # somebody reads a stream
    with pytest.raises(ApiError):
        room.of("cleo")
    ada.open = 0
    room.of("cleo")
    assert len(room.workspaces) == 2
    assert room.of("ben") is ben  # and ada's is gone, being idle the longest

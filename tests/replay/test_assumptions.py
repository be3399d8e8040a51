"""What the server can be asked to assume, and that it does what the answer says."""

import httpx2
import pytest
from anthropic import ConflictError

from tests.kit.calling import AGENT, Caller, going, serving, strict
from utilities.replay import ReplayServer
from utilities.replay.__main__ import main
from utilities.replay.assumptions import (
    ASSUME_HEADER,
    QUESTIONS,
    AssumptionError,
    Assumptions,
    every_answer,
    help_text,
    markdown_table,
    rounds,
)

SHARED = "environment-names=any"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("colour=red", "there is no question 'colour'; there are: conflict-type=conflict_error|"),
        (
            "environment-names=maybe",
            "'maybe' is no answer to 'environment-names': environment-names=unique|any",
        ),
        ("environment-names", "'' is no answer to 'environment-names'"),
        ("x" * 1001, "at most 1000 characters"),
    ],
)
def test_a_spec_that_says_nothing_is_refused_with_what_there_is(spec, told):
    with pytest.raises(AssumptionError) as refused:
        Assumptions(spec)
    assert told in str(refused.value)


def test_what_a_client_says_stands_before_what_the_server_says():
    server, client = (
        Assumptions(f"{SHARED} conflict-type=conflict_error"),
        Assumptions("environment-names=unique"),
    )
    both = client.before(server)
    assert (both.of("environment-names"), both.of("conflict-type")) == ("unique", "conflict_error")
    assert Assumptions().before(server) is server


def test_every_answer_is_described_and_can_be_asked_for():
    for spec in every_answer():
        name, answer = spec.split("=")
        assert Assumptions(spec).of(name) == answer != Assumptions().of(name)
        assert answer in help_text() and f"`{spec}`" in markdown_table()
    assert len(every_answer()) == sum(len(question.answers) - 1 for question in QUESTIONS.values())


@pytest.mark.rule(
    "an environment's name that an active one has is 409, and archiving that one frees it; with `--assume "
    "environment-names=any` names may be used twice",
    topic="environments",
    evidence="unsettled",
    note="the documentation asks for a unique name and doesn't say what happens otherwise; Anthropic's skill "
    "and a third party's live run say 409",
)
def test_names_of_environments_under_either_answer():
    free = Caller(going(), assume=SHARED)
    assert len({free.post("/environments", {"name": "e"})["id"] for _ in range(2)}) == 2
    call = Caller(going())
    first = call.post("/environments", {"name": "e"})["id"]
    assert first in call.post("/environments", {"name": "e"}, 409)
    second = call.post("/environments", {"name": "f"})["id"]
    assert first in call.post(f"/environments/{second}", {"name": "e"}, 409)
    assert call.post(f"/environments/{second}", {"name": "f"})["name"] == "f"
    call.post(f"/environments/{first}/archive")
    assert call.post("/environments", {"name": "e"})["name"] == "e"


@pytest.mark.rule(
    "a 409 has the type `conflict_error`; with `--assume conflict-type=invalid_request_error` that one",
    topic="requests",
    evidence="unsettled",
    note="the page about errors and the SDK have `conflict_error`; Anthropic's skill says that "
    "a 409 is an `invalid_request_error`",
)
@pytest.mark.parametrize("type", ["conflict_error", "invalid_request_error"])
def test_the_type_of_a_409_under_either_answer(type):
    with serving(assume=f"conflict-type={type}") as server, strict(server) as client:
        agent = client.beta.agents.create(**AGENT)
        client.beta.agents.update(agent.id, name="changed", version=1)
        with pytest.raises(ConflictError) as refused:
            client.beta.agents.update(agent.id, name="again", version=1)
        assert refused.value.body["error"]["type"] == type


def test_one_client_assumes_something_and_another_does_not():
    with serving() as server, strict(server) as client:
        careless = client.with_options(default_headers={ASSUME_HEADER: SHARED})
        careless.beta.environments.create(name="e")
        with pytest.raises(ConflictError):
            client.beta.environments.create(name="e")
        careless.beta.environments.create(name="e")


def test_a_wrong_header_is_told_to_the_client():
    with serving() as server:
        answer = httpx2.get(f"{server.base_url}/v1/agents", headers={ASSUME_HEADER: "x=y"}, trust_env=False)
    assert answer.status_code == 400
    assert f"{ASSUME_HEADER}: there is no question 'x'" in answer.json()["error"]["message"]


def test_a_server_with_a_wrong_spec_does_not_start(capsys):
    assert main(["--assume", "x=y"]) == 2
    assert "there is no question 'x'" in capsys.readouterr().err
    with pytest.raises(AssumptionError):
        ReplayServer([], assume="x=y")
    assert main(["--assume", "help"]) == 0
    assert SHARED.split("=")[0] in capsys.readouterr().out


@pytest.mark.managed_agents(recordings=[], assume=SHARED)
def test_the_pytest_mark_has_it_too(managed_agents_api):
    environments = managed_agents_api.client.beta.environments
    assert environments.create(name="e").id != environments.create(name="e").id


def test_a_server_that_is_not_told_anything_asks_the_environment(monkeypatch):
    monkeypatch.setenv("COOKBOOK_ASSUME", f"{SHARED} conflict-type=invalid_request_error")
    with serving() as server, strict(server) as client:
        environments = client.beta.environments
        taken, free = (environments.create(name=name).id for name in ("e", "e"))
        assert taken != free
    with serving(assume="conflict-type=invalid_request_error") as server, strict(server) as client:
        client.beta.environments.create(name="e")
        with pytest.raises(ConflictError) as refused:
            client.beta.environments.create(name="e")
        assert refused.value.body["error"]["type"] == "invalid_request_error"
    monkeypatch.setenv("COOKBOOK_ASSUME", "x=y")
    with pytest.raises(AssumptionError, match="there is no question 'x'"):
        serving()


def test_each_answer_that_is_no_default_is_in_one_of_the_rounds():
    tried = [spec.split() for spec in rounds()]
    assert sorted({answer for spec in tried for answer in spec}) == sorted(every_answer())
    assert all(len(spec) == len(QUESTIONS) for spec in tried)

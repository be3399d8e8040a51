"""What a session left in its outputs, also if it is listed late."""

import asyncio
import json

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types.beta.beta_managed_agents_file_resource_params import (
    BetaManagedAgentsFileResourceParams as Mount,
)

from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.serving import healthy, served
from utilities import outputs_of, outputs_of_async, stream_until_end_turn
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.http.requests import Request

pytestmark = pytest.mark.slow


def two_files() -> Script:
    """A turn that leaves two files, the second one just before its end."""
    script = going()
    script.outputs.append({**script.outputs[0], "filename": "late.txt", "created_at": script.now})
    return script


def look(kind: str, url: str, session_id: str, **options):
    """`outputs_of`, or its async twin: the names, in order."""
    options = {"timeout": 20.0, "interval": 0.01, **options}
    if kind == "sync":
        client = Anthropic(api_key="x", base_url=url)
        return [file.filename for file in outputs_of(client, session_id, **options)]

    async def run():
        async with AsyncAnthropic(api_key="x", base_url=url) as client:
            return [file.filename for file in await outputs_of_async(client, session_id, **options)]

    return asyncio.run(run())


each_kind = pytest.mark.parametrize("kind", ["sync", "async"])


@pytest.mark.fault("outputs", "`outputs_of`")
@each_kind
def test_outputs_that_are_listed_late_are_waited_for(kind):
    with served(going(), faults=Faults("outputs=0.5")) as session:
        session.follow("sync", "go")
        assert look(kind, session.server.base_url, session.session_id) == ["out.py"]


@each_kind
def test_an_expected_file_is_waited_for_although_others_are_there(kind):
    """The turn is under way, at its recorded pace: the second file comes last."""
    with served(two_files(), speed=20.0) as session:
        session.client().beta.sessions.events.send(session.session_id, **SAY_GO)
        url, id = session.server.base_url, session.session_id
        assert look(kind, url, id, expect=["late.txt"]) == ["late.txt", "out.py"]


@each_kind
def test_a_file_that_never_comes_is_a_timeout_that_names_it_and_those_that_are_there(kind):
    with served(going()) as session:
        session.follow("sync", "go")
        url, id = session.server.base_url, session.session_id
        with pytest.raises(TimeoutError, match=rf"session {id} has no a.txt, b.txt in .* there is: out.py\."):
            look(kind, url, id, expect=["a.txt", "out.py", "b.txt"], timeout=0.05)


@each_kind
def test_a_session_without_outputs_has_none(kind):
    with served(going(), faults=Faults("outputs=600")) as session:
        session.follow("sync", "go")
        url, id = session.server.base_url, session.session_id
        assert look(kind, url, id, timeout=0.05) == []
        assert look(kind, url, id, expect=()) == []
        with pytest.raises(TimeoutError, match="there is: nothing"):
            look(kind, url, id, expect=["out.py"], timeout=0.05)


def test_without_waiting_there_is_what_is_there():
    with served(going()) as session:
        session.follow("sync", "go")
        assert look("sync", session.server.base_url, session.session_id, expect=()) == ["out.py"]


def test_copies_of_uploads_are_no_outputs():
    library = Library([going().recording()])
    with ReplayServer(library, strict=True) as server, healthy(server) as client:
        agent = client.beta.agents.create(name="tester", model="claude-sonnet-4-6")
        environment = client.beta.environments.create(name="test")
        upload = client.beta.files.upload(file=("in.py", b"x = 0\n", "text/x-python"))
        mounted: Mount = {"type": "file", "file_id": upload.id}
        session = client.beta.sessions.create(
            agent=agent.id, environment_id=environment.id, resources=[mounted]
        )
        assert outputs_of(client, session.id, timeout=0.05, interval=0.01) == []
        stream_until_end_turn(client, session.id, "go")
        [file] = outputs_of(client, session.id)
        assert client.beta.files.download(file.id).text() == "x = 1\n"


@each_kind
def test_a_look_that_fails_is_made_again(kind):
    with served(going(), faults=Faults("status=503,times=3,on=GET/files")) as session:
        session.follow("sync", "go")
        url, id = session.server.base_url, session.session_id
        assert look(kind, url, id) == ["out.py"]


@each_kind
def test_a_service_that_never_answers_is_a_timeout(kind):
    with served(going(), faults=Faults("status=503,times=1000,on=GET/files")) as session:
        url, id = session.server.base_url, session.session_id
        with pytest.raises(TimeoutError, match=f"outputs of session {id} could not be listed") as failed:
            look(kind, url, id, timeout=0.05)
        assert isinstance(failed.value.__cause__, anthropic.InternalServerError)


def test_what_cannot_help_is_the_apis_own_error():
    with (
        served(going(), faults=Faults("status=403,on=GET/files")) as session,
        pytest.raises(anthropic.PermissionDeniedError),
    ):
        look("sync", session.server.base_url, session.session_id)


def test_a_client_of_the_other_kind_and_a_single_name_are_told():
    with pytest.raises(TypeError, match="for AsyncAnthropic use outputs_of_async"):
        outputs_of(AsyncAnthropic(api_key="x"), "sesn_1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="for Anthropic use outputs_of$"):
        asyncio.run(outputs_of_async(Anthropic(api_key="x"), "sesn_1"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"\['out.py'\], not a single one"):
        outputs_of(Anthropic(api_key="x"), "sesn_1", expect="out.py")


@pytest.mark.parametrize("name", ["timeout", "interval"])
def test_seconds_below_none_are_told_by_name(name):
    with pytest.raises(ValueError, match=f"{name} must be 0 seconds or more, not -1"):
        look("sync", "http://127.0.0.1:1", "sesn_1", **{name: -1})


@pytest.mark.rule(
    "what a session leaves in its outputs can be listed some seconds after the idle event; the fault "
    "`outputs` does that, without it the file is there at once",
    topic="files",
    evidence="doc",
)
def test_the_fault_puts_off_the_list_and_nothing_else():
    server = Caller(going())
    id = server.session()["id"]
    body = json.dumps(SAY_GO).encode()
    sent = Request("POST", f"/v1/sessions/{id}/events", [], body, faults=Faults("outputs=5"))
    assert server.api.handle(sent, server.now).status == 200
    assert server.get(f"/sessions/{id}/events")["data"][-1]["type"] == "session.status_idle"
    listed = [server.get("/files", scope_id=id)["data"] for server.now in (0.0, 4.9, 5.0)]
    assert [len(files) for files in listed] == [0, 0, 1]

"""Recording a session is exporting it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, APIConnectionError

from tests.kit.asked import _answers, pytest_generate_tests  # noqa: F401 (pytest takes them from here)
from tests.kit.calling import AGENT, SAY_GO, new_session, serving, strict
from tests.kit.memory import attach, remembering
from tests.kit.odd_answers import OddTransport, always, page
from tests.kit.places import ROOT
from tests.kit.recordings import ORIGINAL, TURNS, Script
from tests.kit.sessions import message
from utilities import outputs_of, stream_until_end_turn
from utilities.replay import Faults, Library, Recording, ReplayServer
from utilities.replay.credentials import search
from utilities.replay.export import export, main, write

pytestmark = pytest.mark.slow


def play(server, turns=None):
    """A session on this server, with so many turns played."""
    client = Anthropic(api_key="x", base_url=server.base_url)
    agent = client.beta.agents.create(**ORIGINAL.header["agent"])
    environment = client.beta.environments.create(**ORIGINAL.header["environment"])
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    for content in TURNS[:turns]:
        stream_until_end_turn(client, session.id, content)
    for _ in range(3):
        client.beta.sessions.retrieve(session.id)  # the status field lags
    return client, session.id


def without_ids(events):
    """The events as they would be told, ids replaced by their place in the log, threads by their number."""
    text = json.dumps(events, sort_keys=True)
    for number, event in enumerate(events):
        text = text.replace(event["id"], f"#{number}")
    for thread, number in Recording(Path(), {}, events).threads.items():
        text = text.replace(thread, f"thread {number}")
    told: list[dict[str, Any]] = json.loads(text)
    return told


def test_what_is_exported_is_what_was_played_and_plays_again(tmp_path):
    with ReplayServer(Library([ORIGINAL]), strict=True) as server:
        client, session_id = play(server)
        exported = export(client, session_id, tmp_path / "copy.jsonl")
    assert without_ids(exported.events) == without_ids(ORIGINAL.events)
    assert exported.outputs == ORIGINAL.outputs
    exported.path.write_text("".join(exported.lines()), "utf-8")
    again = Recording.load(exported.path)
    with ReplayServer(Library([again]), strict=True) as server:
        client, session_id = play(server)
        assert without_ids(export(client, session_id, "x.jsonl").events) == without_ids(ORIGINAL.events)


def test_an_export_of_a_replayed_session_does_not_pass_for_live():
    with ReplayServer(Library([ORIGINAL])) as server:
        header = export(*play(server), "copy.jsonl").header
    assert header["provenance"] == "scripted"
    assert "not live" in header["note"]


def test_what_the_session_had_none_of_is_said_and_its_repositories_too():
    """Else a session with a system prompt would follow the recording of one without, and nobody be told."""
    cloned = {"type": "github_repository", "url": "https://github.com/a/b", "authorization_token": "t"}
    with serving() as server, strict(server) as client:
        session = new_session(client, resources=[cloned])
        client.beta.sessions.events.send(session, **SAY_GO)
        exported = export(client, session, "copy.jsonl")
    assert exported.header["agent"]["system"] is None
    assert exported.repositories == {"/workspace/b": "https://github.com/a/b"}
    with ReplayServer(Library([exported]), strict=True) as server, strict(server) as client:
        agent = client.beta.agents.create(**AGENT, system="Be kind.").id
        environment = client.beta.environments.create(name="any").id
        made = {"agent": agent, "environment_id": environment, "resources": [cloned]}
        session = client.beta.sessions.create(**made).id
        with pytest.raises(anthropic.BadRequestError) as caught:
            client.beta.sessions.events.send(session, **SAY_GO)
    told = str(caught.value)
    assert "agent.system was nothing and is 'Be kind.' now" in told and "/workspace/b" not in told


def test_a_running_session_is_not_exported():
    unfinished = Recording(ORIGINAL.path, ORIGINAL.header, ORIGINAL.events[:10])
    with ReplayServer(Library([unfinished])) as server:
        client, session_id = play(server, turns=0)
        client.beta.sessions.events.send(session_id, events=[{"type": "user.message", "content": TURNS[0]}])
        with pytest.raises(ValueError, match=f"session {session_id} is running"):
            export(client, session_id, "copy.jsonl", patience=0.2)


def test_a_session_can_be_exported_as_soon_as_its_turn_is_over():
    """Its status goes on saying running for a moment: the race that the first lesson is about."""
    with ReplayServer(Library([ORIGINAL]), strict=True, faults=Faults("settle=0.3")) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        agent = client.beta.agents.create(**ORIGINAL.header["agent"])
        environment = client.beta.environments.create(**ORIGINAL.header["environment"])
        session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        stream_until_end_turn(client, session.id, TURNS[0])
        assert client.beta.sessions.retrieve(session.id).status == "running"
        exported = export(client, session.id, "copy.jsonl")
    assert exported.events[-1]["type"] == "session.status_idle"


def test_outputs_that_are_listed_late_are_kept() -> None:
    with ReplayServer(Library([ORIGINAL]), strict=True, faults=Faults("outputs=0.5")) as server:
        client, session_id = play(server)
        assert export(client, session_id, "copy.jsonl").outputs == ORIGINAL.outputs


def test_outputs_that_cannot_be_kept_are_said() -> None:
    with ReplayServer(Library([ORIGINAL]), strict=True, faults=Faults("outputs=600")) as server:
        client, session_id = play(server)
        header = export(client, session_id, "copy.jsonl", patience=0.2).header
    assert header["outputs"] == []
    assert f"Not kept: session {session_id} has no calc.py in /mnt/session/outputs" in header["note"]


PICTURE = b"\x89PNG\r\n\x1a\n\xff"


def test_an_output_that_is_no_text_is_kept_and_played(tmp_path):
    with ReplayServer(Library([ORIGINAL]), strict=True) as server:
        client, session_id = play(server)
        [file] = outputs_of(client, session_id)
        server.api.files.contents[file.id] = PICTURE  # as if the agent had drawn something
        exported = export(client, session_id, tmp_path / "picture.jsonl")
    write(exported)
    assert exported.header["outputs"][0]["encoding"] == "base64"
    with ReplayServer(Library([Recording.load(exported.path)]), strict=True) as server:
        client, session_id = play(server)
        [file] = outputs_of(client, session_id)
        assert client.beta.files.download(file.id).read() == PICTURE


def test_an_output_that_cannot_be_fetched_is_said_and_the_rest_is_kept(monkeypatch):
    with ReplayServer(Library([ORIGINAL]), strict=True) as server:
        client, session_id = play(server)
        [file] = outputs_of(client, session_id)
        monkeypatch.setattr("utilities.replay.export.LARGEST", file.size_bytes - 1)
        header = export(client, session_id, "copy.jsonl").header
        assert f"Not kept: {file.filename} ({file.id}): it has {file.size_bytes} bytes" in header["note"]
        monkeypatch.undo()
        del server.api.files.contents[file.id]
        broken = export(client.with_options(max_retries=0), session_id, "copy.jsonl")
    assert broken.header["outputs"] == [] and len(broken.events) == len(ORIGINAL.events)
    assert f"Not kept: {file.filename} ({file.id}): " in broken.header["note"]


@pytest.mark.parametrize(
    ("times", "moved"),
    [
        (["09:00:00.000001Z", "09:00:00.000001Z", "09:00:00.000001Z"], 2),
        (["09:00:00.000001001Z", "09:00:00.000001002Z", "09:00:00.000002001Z"], 2),
        (["09:00:00.000003Z", "09:00:00.000001Z", "09:00:01Z"], 1),
        (["09:00:00.1Z", "09:00:00.2Z", "09:00:00.3Z"], 0),
    ],
)
def test_times_that_are_equal_finer_or_out_of_order(tmp_path, times, moved):
    script = Script()
    script.message("go")
    script.idle()
    recording = script.recording()
    events = [event for event in recording.events if event["type"] != "session.status_running"][:3]
    for event, time in zip(events, times, strict=True):
        event["processed_at"] = f"2026-11-21T{time}"
    with ReplayServer(Library([ORIGINAL])) as server:
        client, session_id = play(server)
        listed = {"data": events, "next_page": None}

        finding = client.with_options(http_client=Finding(listed))
        exported = export(finding, session_id, tmp_path / "x.jsonl")
    write(exported)
    assert len(exported.events) == 3
    said = f"The times of {moved} events are microseconds later" in exported.header["note"]
    assert said is bool(moved)


class Finding(httpx2.Client):
    """An HTTP client that finds these events in every history."""

    def __init__(self, listed):
        super().__init__(trust_env=False)
        self.listed = listed

    def send(self, request, **options):
        response = super().send(request, **options)
        if request.url.path.endswith("/events"):
            return httpx2.Response(200, json=self.listed, request=request)
        return response


def test_what_is_deleted_since_is_said_and_the_rest_is_kept(tmp_path):
    with ReplayServer(Library([ORIGINAL])) as server:
        client, session_id = play(server)
        environment = client.beta.sessions.retrieve(session_id).environment_id
        del server.api.environments.items[environment]
        exported = export(client, session_id, tmp_path / "folder" / "that is new" / "x.jsonl")
    write(exported)
    assert f"Not kept: the environment {environment}, which is deleted." in exported.header["note"]
    assert Recording.load(exported.path).events == exported.events


def behind(server, odd):
    """A client that gets other answers here and there."""
    http = httpx2.Client(transport=OddTransport(odd))
    return Anthropic(api_key="x", base_url=server.base_url, max_retries=0, http_client=http)


def test_what_may_not_be_read_or_breaks_off_is_said_and_the_rest_is_kept():
    def odd(request):
        if request.url.path.endswith("/content"):
            raise httpx2.ReadError("cut")
        return httpx2.Response(403) if "/environments/" in request.url.path else None

    with ReplayServer(Library([ORIGINAL])) as server:
        _, session_id = play(server)
        exported = export(behind(server, odd), session_id, "copy.jsonl")
    note = exported.header["note"]
    assert ": Error code: 403." in note and "Not kept: calc.py (" in note
    assert len(exported.events) == len(ORIGINAL.events)


@pytest.mark.parametrize("on", ["", "events"])
def test_a_gateways_page_is_a_connection_error(on):
    with ReplayServer(Library([ORIGINAL])) as server:
        _, session_id = play(server)
        client = behind(server, always(f"GET/{on or session_id}", lambda: page(b"<html>", "text/html")))
        with pytest.raises(APIConnectionError, match="can't be read"):
            export(client, session_id, "copy.jsonl", patience=0.0)


# -- secrets -----------------------------------------------------------------------------------------

SECRETS = {
    "Anthropic API Key": ("key sk-ant-api03-AbCdEf0123456789AbCdEf", "sk-ant-api03-AbCdEf0123456789AbCdEf"),
    "in a long line": ("x" * 6000 + " sk-ant-api03-LongLine0123456", "sk-ant-api03-LongLine0123456"),
    "Webhook Secret": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "PGP": ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----", "lQOYBF"),
    "GitHub Token": (
        "token ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ),
    "AWS Access Key": ("id AKIAIOSFODNN7REALKEY", "AKIAIOSFODNN7REALKEY"),
    "Basic Auth Credentials": ("postgresql://u:pw12345@host/db", "pw12345"),
    "Secret Keyword": ("DB_PASSWORD=s3cr3tpw", "s3cr3tpw"),
    "Authorization header": ("Authorization: Bearer abc.def-123456789", "abc.def-123456789"),
    "Private Key": ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
    "api_key": ('{"headers": {"api_key": "zzz999zzz"}}', "zzz999zzz"),
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_shown_before_anything_is_written_and_can_be_masked(
    tmp_path, monkeypatch, capsys, text, secret
):
    script = Script("secret")
    script.message(f"Use this:\n{text}")
    script.idle()
    target = tmp_path / "copy.jsonl"
    with ReplayServer(Library([script.recording()])) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        session_id = new_session(client)
        stream_until_end_turn(client, session_id, f"Use this:\n{text}")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
        assert main([session_id, str(target)]) == 3
        told = capsys.readouterr().err
        assert not target.exists() and "--mask" in told and "content[0].text: " in told
        assert secret not in told
        assert main([session_id, str(target), "--mask"]) == 0
        kept = target.read_text("utf-8")
        assert secret not in kept and "[MASKED " in kept and "Masked: 1 secrets." in kept
        Recording.load(target)
        target.unlink()
        assert main([session_id, str(target), "--as-it-is"]) == 0
        assert secret in target.read_text("utf-8")


def test_what_a_session_is_full_of_is_no_secret():
    for path in sorted((ROOT / "example_data/recordings").glob("*.jsonl")):
        assert search(path.read_text("utf-8").rstrip("\n").split("\n")) == [], path


def test_the_command(tmp_path, monkeypatch, capsys):
    target = tmp_path / "tests" / "recordings" / "copy.jsonl"  # in folders that aren't there yet
    with ReplayServer(Library([ORIGINAL])) as server:
        _, session_id = play(server)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
        assert main([session_id, str(target)]) == 0
        assert f"{len(ORIGINAL.events)} events, scripted" in capsys.readouterr().out
        assert main([session_id, str(target)]) == 2
        assert "exists already" in capsys.readouterr().err
        assert main(["sesn_nope", str(tmp_path / "other.jsonl")]) == 2
        assert "sesn_nope" in capsys.readouterr().err
    assert Recording.load(target).name == "copy"
    assert list(target.parent.iterdir()) == [target]


def test_what_could_not_be_played_is_not_left_behind(tmp_path, monkeypatch, capsys):
    with ReplayServer(Library([ORIGINAL])) as server:
        _, session_id = play(server, turns=0)  # nobody has said anything to it
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
        assert main([session_id, str(tmp_path / "copy.jsonl")]) == 2
    assert "no event of the client" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_it_says_so_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))  # where the SDK looks for credentials
    assert main(["sesn_1", str(tmp_path / "copy.jsonl")]) == 2
    out, error = capsys.readouterr()
    assert error.startswith("export: set ANTHROPIC_API_KEY") and error.count("\n") == 1


def test_without_the_replay_servers_header_a_session_counts_as_live():
    """Stands in for the hosted API: the same answers, without the header that gives a replay away."""

    class Hosted(anthropic.Middleware):
        def handle(self, request: Any, call_next: Any) -> Any:
            response = call_next(request)
            response.http_response.headers.pop("x-replay-server", None)
            return response

    with ReplayServer(Library([ORIGINAL])) as server:
        client, session_id = play(server)
        hosted = client.with_options(middleware=[Hosted()])
        assert export(hosted, session_id, "copy.jsonl").header["provenance"] == "live"


# -- mounted memory ----------------------------------------------------------------------------------


def test_an_export_has_what_the_session_found_and_wrote(tmp_path):
    """And plays again to the same memory. A client's own changes are not the session's."""
    start = {"/a.md": "1", "/b.md": "2"}
    script = remembering(("/a.md", "1b"), ("/b.md", None), ("/c.md", "3"), start=start)
    with serving(script) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        api = client.beta.memory_stores
        store = api.create(name="Notes").id
        gone = api.memories.create(store, path="/old", content="x")
        moved = api.memories.create(store, path="/there", content="1")
        api.memories.update(moved.id, memory_store_id=store, path="/a.md")
        api.memories.create(store, path="/b.md", content="2")
        api.memories.delete(gone.id, memory_store_id=store)
        session = new_session(client, resources=[attach(store)])
        event = message("go")
        client.beta.sessions.events.send(session, events=[event])
        api.memories.create(store, path="/later", content="by a client")
        for _ in range(3):
            client.beta.sessions.retrieve(session)  # its status lags
        exported = export(client, session, tmp_path / "copy.jsonl")
    assert exported.header["memory"] == script.memory
    exported.path.write_text("".join(exported.lines()), "utf-8")
    assert Recording.load(exported.path).mounts == exported.mounts


def test_an_export_of_a_session_without_memory_has_none():
    script = Script("plain")
    script.message("go")
    script.idle()
    with serving(script) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        session = new_session(client, initial_events=SAY_GO["events"])
        for _ in range(3):
            client.beta.sessions.retrieve(session)
        assert export(client, session, "x.jsonl").header["memory"] == []

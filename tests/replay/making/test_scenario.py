"""Scripted recordings: executed again they are the same; their events are what the hosted API would send."""

import re
import tomllib
from pathlib import Path

import anthropic
import pytest
from anthropic import beta_tool
from anthropic.lib.tools import ToolError
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent
from pydantic import TypeAdapter

from tests.kit.places import DATA
from utilities import stream_until_end_turn
from utilities.replay import Library, Recording
from utilities.replay.recordings.exchanges import is_messages
from utilities.replay.scenario import main
from utilities.replay.testing import ManagedAgentsApi

FILES = sorted((DATA / "recordings").glob("*.jsonl"))
RECORDINGS = [path for path in FILES if not is_messages(path)]
EVENT = TypeAdapter(BetaManagedAgentsSessionEvent)


def sessions(scenario):
    """The names of the sessions in a scenario's file: its own, or those that share its opening."""
    written = tomllib.loads(scenario.read_text("utf-8"))
    return [session["name"] for session in written.get("sessions", [written])]


SCENARIOS = sorted(name for path in (DATA / "scenarios").glob("*.toml") for name in sessions(path))

SCENARIO = """
name = "small"
start = "2026-11-21T09:00:00Z"
agent = { name = "small", model = "claude-sonnet-4-6", system = "" }
environment = { name = "small" }
files = [{ source = "note.txt", mount_path = "note.txt" }]

[[turns]]
user = "copy it"
[[turns.requests]]
seconds = 1.0
say = "Trying."
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "cat session/uploads/note.txt; cp session/uploads/note.txt /mnt/session/outputs/; pwd"
[[turns.requests.calls]]
tool = "write"
seconds = 0.5
input.file_path = "/mnt/session/uploads/note.txt"
input.content = "changed"
"""


@pytest.fixture
def folder(tmp_path):
    """A small scenario, with the recording made from it."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (tmp_path / "note.txt").write_text("hello\n")
    (scenarios / "small.toml").write_text(SCENARIO)
    assert main([str(scenarios), "--write"]) == 0
    return scenarios


def made(folder):
    return folder.parent / "recordings" / "small.jsonl"


# -- the committed recordings ---------------------------------------------------------------------------


@pytest.mark.slow
def test_every_committed_recording_is_what_its_scenario_executes_to(capsys):
    assert main([str(DATA / "scenarios"), "--verify"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.count("same ") == len(FILES)
    assert [path.stem for path in RECORDINGS] == SCENARIOS


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def recording(request):
    return Recording.load(request.param)


def test_a_scripted_recording_says_so_and_has_its_scenario(recording):
    assert recording.path.stem == recording.name
    if recording.header["provenance"] == "scripted":
        assert recording.name in SCENARIOS
        assert "Scripted, not live" in recording.header["note"]


def test_every_event_is_one_that_the_sdk_knows(recording):
    for event in recording.events:
        parsed = EVENT.validate_python(event, strict=False)
        assert parsed.type == event["type"]
        assert not parsed.model_extra, f"{event['type']} has {parsed.model_extra}, which the SDK doesn't know"


def test_no_trace_of_the_machine_that_recorded(recording):
    text = "".join(recording.lines())
    for trace in ("/tmp/", "scenario-", str(Path.home()) + "/", str(DATA)):
        assert trace not in text


def test_the_library_loads_them_all():
    assert [r.path for r in Library.load(DATA / "recordings").recordings] == RECORDINGS


# -- making and verifying -------------------------------------------------------------------------------


def test_tool_calls_are_really_executed(folder):
    recording = Recording.load(made(folder))
    first, second = (event for event in recording.events if event["type"] == "agent.tool_result")
    assert first["content"][0]["text"].split() == ["hello", "/mnt"]
    assert second["is_error"]  # uploads are read-only
    (output,) = recording.outputs
    assert (output.filename, output.content) == ("note.txt", "hello\n")
    assert output.created_at < second["processed_at"]


def test_verify_reports_what_changed(folder, capsys):
    assert main([str(folder), "--verify"]) == 0
    made(folder).write_text(made(folder).read_text().replace("hello", "goodbye"))
    capsys.readouterr()
    assert main([str(folder), "--verify"]) == 1
    out = capsys.readouterr().out
    assert f"DIFFERENT {made(folder)}" in out
    assert re.search(r"^ +-\{.*goodbye", out, re.M) and re.search(r"^ +\+\{.*hello", out, re.M)
    made(folder).unlink()
    assert main([str(folder), "--verify"]) == 1


def test_another_version_of_the_sdk_is_said_and_no_difference(folder, capsys):
    text = made(folder).read_text()
    made(folder).write_text(text.replace(f'"sdk": "{anthropic.__version__}"', '"sdk": "1.2.3"'))
    capsys.readouterr()
    assert main([str(folder), "--verify"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert f"recorded with anthropic 1.2.3, executed with {anthropic.__version__}" in said


def test_write_mends_what_verify_reports(folder):
    text = made(folder).read_text()
    made(folder).write_text("")
    assert main([str(folder), "--write"]) == 0
    assert made(folder).read_text() == text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "small"', "name = ", "Invalid value"),
        ('start = "2026-11-21T09:00:00Z"', "", "'start'"),
        ('"2026-11-21T09:00:00Z"', '"soon"', "soon"),
        ('tool = "bash"', 'tool = "telnet"', "telnet"),
        ('source = "note.txt"', 'source = "gone.txt"', "gone.txt"),
        (
            "seconds = 1.0",
            'seconds = "long"',
            "line 11, turns[1].requests[1].seconds: Input should be a valid",
        ),
        ("[[turns]]", "[turns]", "line 8, turns: Input should be a valid list"),
        ('mount_path = "note.txt"', "x = 1", "mount_path"),
    ],
)
def test_a_broken_scenario_is_one_clear_line(folder, capsys, old, new, told):
    text = made(folder).read_text()
    (folder / "small.toml").write_text(SCENARIO.replace(old, new, 1))
    capsys.readouterr()
    for task in ("--write", "--verify"):
        assert main([str(folder), task]) == 2
        error = capsys.readouterr().err
        assert error.startswith("scenario: small.toml: ") and error.count("\n") == 1
        assert told in error
        assert made(folder).read_text() == text


def test_a_folder_without_scenarios_does_not_pass(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere"), "--verify"]) == 2
    assert "there is no scenario" in capsys.readouterr().err


# -- the client's side ------------------------------------------------------------------------------------

ASKING = """
name = "asking"
start = "2026-11-21T09:00:00Z"
agent = { name = "asking", model = "claude-sonnet-4-6", system = "" }
environment = { name = "asking" }

[[turns]]
user = "go"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
custom = "lookup"
seconds = 3.0
input.order = "7"
result = "no such order"
is_error = true
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "touch /mnt/user/made; pwd"
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "rm /mnt/user/made && echo gone"
confirm = "VERDICT"
[[turns.requests]]
seconds = 1.0
say = "Done."
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "ls /mnt/user"
[[turns.requests]]
seconds = 1.0
say = "That is all."
"""
VERDICTS = {
    "allow": ("gone", False, ""),
    "deny": ("The user denied this call.", True, "made"),
}


@pytest.fixture(params=VERDICTS)
def asking(request, tmp_path):
    """The recording of a scenario in which the client answers a call and decides about another."""
    scenarios = tmp_path / "asking" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "asking.toml").write_text(ASKING.replace("VERDICT", request.param))
    assert main([str(scenarios), "--write"]) == 0
    return Recording.load(scenarios.parent / "recordings" / "asking.jsonl"), request.param


def test_what_waits_for_the_client_parks_the_session(asking):
    recording, verdict = asking
    types = [event["type"].rpartition(".")[2] for event in recording.events]
    parked = types.index("status_idle")
    assert types[:parked + 1] == [
        "status_running", "thread_status_running", "message", "model_request_start",
        "custom_tool_use", "tool_use", "tool_use", "model_request_end", "tool_result",
        "thread_status_idle", "usage", "status_idle",
    ]  # fmt: skip
    assert types[parked + 1 : parked + 6] == [
        "custom_tool_result", "tool_confirmation", "status_running", "thread_status_running", "tool_result",
    ]  # fmt: skip
    custom, _, asked = [event for event in recording.events if event["type"].endswith("tool_use")][:3]
    assert recording.events[parked]["stop_reason"]["event_ids"] == [custom["id"], asked["id"]]
    answer, confirmation = recording.events[parked + 1 : parked + 3]
    assert (answer["custom_tool_use_id"], answer["is_error"]) == (custom["id"], True)
    assert (confirmation["tool_use_id"], confirmation["result"]) == (asked["id"], verdict)
    for event in recording.events:
        assert not EVENT.validate_python(event).model_extra


def test_a_call_is_executed_only_if_the_client_allows_it(asking):
    recording, verdict = asking
    results = [
        (event["content"][0]["text"], event["is_error"])
        for event in recording.events
        if event["type"] == "agent.tool_result"
    ]
    text, is_error, listed = VERDICTS[verdict]
    assert results[:2] == [("/mnt", False), (text, is_error)]
    assert results[2][0] == listed


def test_the_time_that_the_client_takes_is_not_the_agents(asking):
    recording, _ = asking
    usages = [event["usage"] for event in recording.events if event["type"] == "session.usage"]
    assert [usage["active_seconds"] for usage in usages] == [1.5, 4.5]


def test_a_recording_says_that_the_client_was_written_by_hand(asking, folder):
    assert "What the client answered was written by hand too." in asking[0].header["note"]
    assert "client" not in Recording.load(made(folder)).header["note"]


def test_a_program_plays_what_the_scenario_scripted(asking):
    recording, verdict = asking
    with ManagedAgentsApi(recording) as api:

        @beta_tool
        def lookup(order: str) -> str:
            """Look an order up."""
            raise ToolError("no such order")

        agent = api.client.beta.agents.create(name="asking", model="claude-sonnet-4-6")
        environment = api.client.beta.environments.create(name="asking")
        session = api.client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        allowed = verdict == "allow"
        result = stream_until_end_turn(
            api.client, session.id, "go", tools=[lookup], confirm=lambda call: allowed, timeout=20
        )
        api.assert_finished()
    assert result.outcome == "end_turn"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [('confirm = "VERDICT"', 'confirm = "perhaps"', "perhaps"), ('result = "no such order"', "", "'result'")],
)
def test_a_wrong_client_is_one_clear_line(tmp_path, capsys, old, new, told):
    (tmp_path / "asking.toml").write_text(ASKING.replace(old, new).replace("VERDICT", "allow"))
    assert main([str(tmp_path), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: asking.toml: ") and error.count("\n") == 1 and told in error

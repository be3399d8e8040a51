"""What sessions of nine kinds take in the format: those that once had to be written event by event.

Each kind is a scenario in `kinds`, recorded here and played by the unmodified client. How many lines one may
take is bounded, so that the format doesn't grow wordy.
"""

from pathlib import Path

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent
from pydantic import TypeAdapter

from tests.kit.replaying import replayed
from utilities.replay import Recording
from utilities.replay.scenario import main

pytestmark = pytest.mark.slow

EVENT = TypeAdapter(BetaManagedAgentsSessionEvent)
FOLDER = Path(__file__).parent / "kinds"
KINDS = sorted(path.stem for path in FOLDER.glob("*.toml"))
MOST_LINES = 60  # of a kind, without blank ones
FILES = {
    "tables/may.csv": "1,lamp\n2,desk\n",
    "tables/june.csv": "3,lamp\n",
    "shop/config.ini": "timeout = 3\n",
    "skills/runbook/SKILL.md": "---\nname: runbook\ndescription: For incidents.\n---\nLook first.\n",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The recordings of all kinds, made and verified."""
    data = tmp_path_factory.mktemp("kinds")
    for name, text in FILES.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text, "utf-8")
    (data / "scenarios").mkdir()
    for kind in KINDS:
        (data / f"scenarios/{kind}.toml").write_bytes((FOLDER / f"{kind}.toml").read_bytes())
    assert main([str(data / "scenarios"), "--write", "--unconfined"]) == 0
    return data


@pytest.fixture
def play(data):
    return lambda kind: replayed(Recording.load(data / f"recordings/{kind}.jsonl"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_few_lines_and_is_played_to_its_end(data, play, kind):
    lines = [line for line in (FOLDER / f"{kind}.toml").read_text("utf-8").splitlines() if line.strip()]
    assert len(KINDS) == 9 and len(lines) <= MOST_LINES
    recording = Recording.load(data / f"recordings/{kind}.jsonl")
    for event in recording.events:
        parsed = EVENT.validate_python(event)
        assert parsed.type == event["type"] and not parsed.model_extra
    assert play(kind).of("session.status_idle")[-1].stop_reason.type == "end_turn"


def test_mcp_calls_ask_answer_and_fail(play):
    asked = play("mcp_asks")
    assert [verdict.result for verdict in asked.of("user.tool_confirmation")] == ["allow", "deny"]
    assert [result.is_error for result in asked.of("agent.mcp_tool_result")] == [False, True]
    queries = play("mcp_queries")
    assert [result.is_error for result in queries.of("agent.mcp_tool_result")] == [False, True, False]
    (error,) = play("mcp_fails").of("session.error")
    assert error.error.type == "mcp_authentication_failed_error"


def test_outcomes_are_met_and_missed(play):
    met, missed = play("outcome_met").session, play("outcome_missed").session
    assert [outcome.result for outcome in met.outcome_evaluations] == ["satisfied"]
    assert [outcome.result for outcome in missed.outcome_evaluations] == ["max_iterations_reached"]


def test_three_specialists_have_a_thread_each(play):
    done = play("threads")
    assert [thread.agent.name for thread in done.threads] == ["lead", "prices", "terms", "writer"]
    sent = [message.to_agent_name for message in done.of("agent.thread_message_sent")]
    assert sent == ["prices", "terms", "writer", "prices"]
    assert done.of("agent.custom_tool_use")[0].session_thread_id == done.threads[1].id


def test_what_is_on_the_web_is_counted(play):
    used = play("web").session.usage.server_tool_use
    assert used.web_search_requests == 1


def test_files_are_there_from_the_turn_that_brings_them(data):
    recording = Recording.load(data / "recordings/files_added.jsonl")
    texts = [e["content"][0]["text"].strip() for e in recording.events if e["type"] == "agent.tool_result"]
    assert (texts[0], texts[-1].split()) == ("2", ["all.zip", "june.csv", "may.csv"])
    (output,) = recording.outputs
    assert output.data == b"3,lamp\n1,lamp\n2,desk\n"


def test_an_incident_has_a_skill_a_repository_and_a_verdict(play):
    done = play("incident")
    skill, found, refused = done.of("agent.tool_result")
    assert "Look first." in skill.content[0].text
    assert "timeout = 3" in found.content[0].text and refused.is_error
    assert len(done.of("user.interrupt")) == 1
    assert done.of("user.custom_tool_result")[0].content[0].text == "agreed: #12"

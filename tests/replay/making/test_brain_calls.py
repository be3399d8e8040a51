"""Scenarios whose memory tools are executed: what they record, and what a second one begins with."""

import asyncio
import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.serving import healthy
from utilities import custom_tool_params, memory_tools, open_brain, stream_until_end_turn
from utilities.replay import Library, Recording, ReplayServer
from utilities.replay.making.brain_calls import fixed_id
from utilities.replay.scenario import main

pytestmark = pytest.mark.slow

AGENT = """
start = "2026-11-21T09:00:00Z"
agent = { name = "remembering", model = "claude-sonnet-4-6", system = "", tools = [] }
environment = { name = "remembering" }
"""
FIRST = f"""
name = "first"
{AGENT}
[brain]
bank = "ada"
[[turns]]
user = "remember"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
custom = "memory_retain"
seconds = 0.1
input.content = "Ada likes tea."
[[turns.requests.calls]]
custom = "memory_retain"
seconds = 0.1
input.content = "Ada plays the cello."
[[turns.requests]]
seconds = 1.0
say = "Done."
"""
SECOND = f"""
name = "second"
{AGENT}
[brain]
bank = "ada"
include_forget = true
after = "first"
[[turns]]
user = "what does she play?"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
custom = "memory_recall"
seconds = 0.1
input.query = "Which instrument does Ada play?"
[[turns.requests.calls]]
custom = "memory_reflect"
seconds = 0.1
input.query = "Who is Ada?"
reflect = "A cellist who likes tea."
[[turns.requests.calls]]
custom = "memory_forget"
seconds = 0.1
input.memory_ids = "0000000000000000"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
custom = "memory_forget"
seconds = 0.1
input.memory_ids = "{{memory:2}}"
[[turns.requests]]
seconds = 1.0
say = "Forgotten: {{memory:2}}."
"""


def scenarios_in(folder):
    scenarios = folder / "scenarios"
    scenarios.mkdir()
    (scenarios / "first.toml").write_text(FIRST)
    (scenarios / "second.toml").write_text(SECOND)
    return scenarios


@pytest.fixture
def folder(tmp_path):
    return scenarios_in(tmp_path)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """What the two scenarios record; for reading."""
    folder = scenarios_in(tmp_path_factory.mktemp("brain"))
    assert main([str(folder), "--write"]) == 0
    return folder.parent / "recordings"


def results(recording):
    answers = [event for event in recording.events if event["type"] == "user.custom_tool_result"]
    return [(event["content"][0]["text"], event["is_error"]) for event in answers]


def test_memory_tools_are_executed_and_their_ids_fixed(recordings):
    recording = Recording.load(recordings / "first.jsonl")
    stored = [json.loads(text) for text, _ in results(recording)]
    assert stored == [{"stored": True, "memory_id": fixed_id(number)} for number in (1, 2)]
    assert all(re.fullmatch(r"[0-9a-f]{16}", answer["memory_id"]) for answer in stored)


def test_a_second_scenario_begins_with_what_the_first_has_retained(recordings):
    (recalled, _), (reflected, _), (unknown, is_error), (forgotten, _) = results(
        Recording.load(recordings / "second.jsonl")
    )
    hits = json.loads(recalled)["hits"]
    assert [(hit["text"], hit["memory_id"]) for hit in hits] == [
        ("Ada plays the cello.", fixed_id(2)),
        ("Ada likes tea.", fixed_id(1)),
    ]
    assert reflected == "A cellist who likes tea."
    assert is_error and "there is no memory 0000000000000000" in unknown
    assert json.loads(forgotten) == {"deleted_count": 1}


def test_a_scenario_can_begin_with_a_folders_files_as_memories(folder):
    notes = folder.parent / "notes"
    notes.mkdir()
    for name, text in (("b.md", "Ada plays the cello.\n"), ("a.md", "Ada likes tea.\n")):
        (notes / name).write_text(text)
    text = SECOND.replace('after = "first"', 'folder = "notes"')
    (folder / "second.toml").write_text(text)
    assert main([str(folder), "--write"]) == 0
    recording = Recording.load(folder.parent / "recordings" / "second.jsonl")
    (recalled, _), *_, (forgotten, _) = results(recording)
    hits = json.loads(recalled)["hits"]
    assert [hit["text"] for hit in hits] == ["Ada plays the cello.", "Ada likes tea."]
    assert json.loads(forgotten) == {"deleted_count": 1}


def test_the_agent_has_the_memory_tools_and_names_a_memory_by_its_fixed_id(recordings):
    first, second = (Recording.load(recordings / f"{name}.jsonl") for name in ("first", "second"))
    names = [[tool["name"] for tool in r.header["agent"]["tools"]] for r in (first, second)]
    assert names == [
        ["memory_retain", "memory_recall", "memory_reflect"],
        ["memory_retain", "memory_recall", "memory_reflect", "memory_forget"],
    ]
    (forget,) = [e for e in second.events if e.get("input") == {"memory_ids": fixed_id(2)}]
    assert forget["name"] == "memory_forget"
    assert second.events[-4]["type"] == "span.model_request_end"
    assert f"Forgotten: {fixed_id(2)}." in str(second.events)


def test_the_header_says_that_the_memory_was_real_and_its_ids_are_not(recordings):
    for name in ("first", "second"):
        note = Recording.load(recordings / f"{name}.jsonl").header["note"]
        assert "on an Astrocyte brain" in note and "replaced by fixed ones" in note
        assert "written by hand too" not in note
        assert ("answered to memory_reflect was written by hand" in note) is (name == "second")


def test_what_reflect_asks_the_model_becomes_a_recording_of_messages(recordings):
    header, exchange = map(json.loads, (recordings / "second.messages.jsonl").read_text().splitlines())
    assert (header["kind"], header["provenance"]) == ("messages", "scripted")
    assert header["recorded_at"] == "2026-11-21T09:00:00Z"
    asked = exchange["request"]["messages"][0]["content"]
    assert "Ada plays the cello." in asked and "Who is Ada?" in asked
    assert exchange["response"]["content"] == [{"type": "text", "text": "A cellist who likes tea."}]
    assert not (recordings / "first.messages.jsonl").exists()


def test_executed_again_it_is_the_same_and_a_change_is_found(folder, capsys):
    assert main([str(folder), "--write"]) == 0
    assert main([str(folder), "--verify"]) == 0
    assert capsys.readouterr().out.count("same  ") == 3
    messages = folder.parent / "recordings" / "second.messages.jsonl"
    messages.write_text(messages.read_text().replace("cellist", "pianist"))
    assert main([str(folder), "--verify"]) == 1
    assert f"DIFFERENT {messages}" in capsys.readouterr().out


def age(path, days):
    """As if everything had been retained so many days ago."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE astrocyte_vectors SET retained_at = retained_at - ?", [days * 86_400_000_000]
        )
        assert connection.total_changes
    connection.close()


@pytest.mark.parametrize("days", [0, 40])
def test_a_session_that_plays_it_forgets_in_the_clients_own_brain(recordings, tmp_path, days):
    """Strictly: results, prompt and answer are those recorded, whatever this brain's ids and days are."""
    with ReplayServer(Library.load(recordings), strict=True) as server:
        client = healthy(server)
        brain = open_brain(tmp_path / "brain.db", client=client)
        tools = memory_tools(brain, "ada", include_forget=True)
        environment = client.beta.environments.create(name="remembering")
        said, left = [], []
        for message, forgets in (("remember", False), ("what does she play?", True)):
            params = custom_tool_params(memory_tools(brain, "ada", include_forget=forgets))
            agent = client.beta.agents.create(name="remembering", model="claude-sonnet-4-6", tools=params)
            session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
            said.append(stream_until_end_turn(client, session.id, message, tools=tools, timeout=20).text)
            with ThreadPoolExecutor() as pool:
                page = pool.submit(asyncio.run, brain.list_changes("ada")).result()
            left.append({change.text: change.id for change in page.changes if not change.deleted})
            age(tmp_path / "brain.db", days)
    assert list(left[1]) == ["Ada likes tea."]
    assert said[1].endswith(f"Forgotten: {left[0]['Ada plays the cello.']}.")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{memory:2}", "{memory:3}", "{memory:3}: 2 ids were seen"),
        ("{memory:2}", "{memory:0}", "{memory:0}: 2 ids were seen"),
        ('reflect = "A cellist who likes tea."', "", "'reflect'"),
        ('after = "first"', 'after = "zeroth"', "zeroth.toml"),
        ('after = "first"', 'folder = "nowhere"', "nowhere: no folder with files in it"),
        ('bank = "ada"', 'bank = "../ada"', "bank_id '../ada'"),
        ("include_forget = true", "", "memory_forget"),
        ('bank = "ada"', "", "'bank'"),
    ],
)
def test_a_wrong_one_is_one_clear_line(folder, capsys, old, new, told):
    (folder / "second.toml").write_text(SECOND.replace(old, new))
    assert main([str(folder), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: second.toml: ") and error.count("\n") == 1
    assert told in error


def test_a_result_that_is_written_by_hand_is_not_executed(folder):
    text = FIRST.replace('input.content = "Ada likes tea."', 'input.content = "Tea."\nresult = "no room"')
    (folder / "first.toml").write_text(text)
    (folder / "second.toml").unlink()
    assert main([str(folder), "--write"]) == 0
    recording = Recording.load(folder.parent / "recordings" / "first.jsonl")
    (by_hand, _), (executed, _) = results(recording)
    assert by_hand == "no room" and json.loads(executed)["memory_id"] == fixed_id(1)
    assert "written by hand too" in recording.header["note"]


def test_astrocytes_own_handler_can_answer_instead(folder):
    text = SECOND.replace('after = "first"', 'after = "first"\ntools = "astrocyte"')
    (folder / "second.toml").write_text(text)
    assert main([str(folder), "--write"]) == 0
    (recalled, _), *_ = results(Recording.load(folder.parent / "recordings" / "second.jsonl"))
    assert set(json.loads(recalled)["hits"][0]) == {"text", "score"}

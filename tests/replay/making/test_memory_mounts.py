"""Scenarios whose agent has memory stores mounted: what tool calls find and write there is recorded."""

import json

import pytest

from tests.kit.calling import new_session, strict
from tests.kit.memory import attach
from tests.kit.sessions import message
from utilities.replay import Library, Recording, ReplayServer
from utilities.replay.http.requests import NOTE_HEADER
from utilities.replay.recordings.mount import Mount
from utilities.replay.scenario import main

pytestmark = pytest.mark.slow

SCENARIO = """
name = "small"
start = "2026-11-21T09:00:00Z"
agent = { name = "small", model = "claude-sonnet-4-6", system = "" }
environment = { name = "small" }

[[memory]]
name = "Notes"
memories = [{ path = "/style.md", content = "short\\n" }, { path = "/old/plan.md", source = "plan.md" }]

[[memory]]
name = "House rules"
access = "read_only"
memories = [{ path = "/rules.md", content = "be kind\\n" }]

[[turns]]
user = "remember"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "cat /mnt/memory/*/*.md; cd memory/notes; ls; rm -r old && echo later > old"
[[turns.requests.calls]]
tool = "edit"
seconds = 0.5
input.file_path = "/mnt/memory/notes/style.md"
input.old_string = "short"
input.new_string = "long"
[[turns.requests.calls]]
tool = "write"
seconds = 0.5
input.file_path = "/mnt/memory/house-rules/rules.md"
input.content = "be rude"
"""


@pytest.fixture
def folder(tmp_path):
    """A scenario with two memory stores, and the recording made from it."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (tmp_path / "plan.md").write_text("plan\n")
    (scenarios / "small.toml").write_text(SCENARIO)
    assert main([str(scenarios), "--write"]) == 0
    return scenarios


def made(folder, name="small"):
    return folder.parent / "recordings" / f"{name}.jsonl"


def results(recording):
    return [event for event in recording.events if event["type"] == "agent.tool_result"]


def test_memory_is_mounted_and_what_tool_calls_write_is_recorded(folder):
    recording = Recording.load(made(folder))
    bash, edit, write = results(recording)
    assert bash["content"][0]["text"].split() == ["be", "kind", "short", "old", "style.md"]
    assert not edit["is_error"]
    assert write["is_error"] and "read-only" in write["content"][0]["text"]
    notes, rules = recording.mounts
    assert notes.start == {"/style.md": "short\n", "/old/plan.md": "plan\n"}
    assert [(w.path, w.content, w.created_at) for w in notes.writes] == [
        ("/old/plan.md", None, bash["processed_at"]),  # first: it is in the way of the next
        ("/old", "later\n", bash["processed_at"]),
        ("/style.md", "long\n", edit["processed_at"]),
    ]
    rules_now = Mount("/mnt/memory/house-rules", "read_only", {"/rules.md": "be kind\n"})
    assert rules == rules_now


def test_a_scenarios_memory_plays(folder):
    recording = Recording.load(made(folder))
    with ReplayServer(Library([recording]), strict=True) as server:
        client = strict(server)
        api = client.beta.memory_stores
        stores = [api.create(name=name).id for name in ("Notes", "House rules")]
        api.memories.create(stores[0], path="/style.md", content="short\n")
        api.memories.create(stores[0], path="/old/plan.md", content="plan\n")
        api.memories.create(stores[1], path="/rules.md", content="be kind\n")
        resources = [attach(stores[0]), attach(stores[1], access="read_only")]
        session = new_session(client, resources=resources)
        event = message("remember")
        send = client.beta.sessions.events.with_raw_response.send
        assert NOTE_HEADER not in send(session, events=[event]).headers
        rows = api.memories.list(stores[0], view="full")
        assert [(row.path, row.content) for row in rows] == [("/old", "later\n"), ("/style.md", "long\n")]
        operations = [row.operation for row in api.memory_versions.list(stores[0], session_id=session)]
        assert operations == ["modified", "created", "deleted"]


def test_verify_compares_memory_too(folder, capsys):
    assert main([str(folder), "--verify"]) == 0
    made(folder).write_text(made(folder).read_text().replace('"later\\n"', '"sooner\\n"'))
    assert main([str(folder), "--verify"]) == 1
    assert f"DIFFERENT {made(folder)}" in capsys.readouterr().out


def test_a_scenario_can_go_on_with_what_another_has_left(folder):
    after = SCENARIO.replace('"small"', '"tiny"').replace("09:00", "10:00").partition("memories = ")[0]
    turn = SCENARIO.partition("[[turns]]")[2].partition("[[turns.requests.calls]]")[0]
    (folder / "tiny.toml").write_text(f'{after}after = "small"\n[[turns]]{turn}say = "fine"\n')
    assert main([str(folder), "--write"]) == 0
    (mount,) = Recording.load(made(folder, "tiny")).mounts
    assert mount.start == {"/style.md": "long\n", "/old": "later\n"}


def test_a_folders_files_can_be_memories(folder):
    for path, text in (("b/deep.md", "deep\n"), ("a.md", "flat\n")):
        file = folder.parent / "notes" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    text = SCENARIO.replace('"/old/plan.md", source = "plan.md"', '"/old/a.md", content = "own"')
    (folder / "small.toml").write_text(text.replace('"Notes"', '"Notes"\nfolder = "notes"', 1))
    assert main([str(folder), "--write"]) == 0
    start = Recording.load(made(folder)).mounts[0].start
    assert start == {"/a.md": "flat\n", "/b/deep.md": "deep\n", "/style.md": "short\n", "/old/a.md": "own"}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("echo x > /mnt/memory/house-rules/x", "/mnt/memory/house-rules/x can't be written"),
        ("rm /mnt/memory/house-rules/rules.md", "/mnt/memory/house-rules/rules.md can't be written"),
        ("echo x > /mnt/memory/stray", "/mnt/memory/stray can't be written"),
        ("head -c 102401 /dev/zero > /mnt/memory/notes/big", "102,401 bytes"),
        ("printf '\\377' > /mnt/memory/notes/bin", "utf-8"),
        ("touch /mnt/memory/notes/$'a\\tb'", "control"),
    ],
)
def test_a_write_that_the_hosted_mount_refuses_is_no_recording(folder, capsys, command, told):
    """Nothing here keeps bash from it, and the recording would tell of what can't be."""
    lines = SCENARIO.splitlines()
    changed = [
        f"input.command = {json.dumps(command)}" if line.startswith("input.command") else line
        for line in lines
    ]
    (folder / "small.toml").write_text("\n".join(changed))
    before = made(folder).read_text()
    assert main([str(folder), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: ") and told in error
    assert made(folder).read_text() == before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "Notes"', "", "name"),
        ('access = "read_only"', 'access = "none"', "none"),
        ('path = "/style.md"', 'path = "style.md"', "style.md"),
        ('source = "plan.md"', 'source = "gone.md"', "gone.md"),
        ('name = "Notes"', 'name = "Notes"\nafter = "nobody"', "nobody"),
        ('name = "Notes"', 'name = "Notes"\nfolder = "empty"', "empty: no folder with files in it"),
        ('name = "Notes"', 'name = "House rules"', "house-rules"),
    ],
)
def test_a_broken_memory_in_a_scenario_is_one_clear_line(folder, capsys, old, new, told):
    (folder / "small.toml").write_text(SCENARIO.replace(old, new, 1))
    assert main([str(folder), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: ") and error.count("\n") == 1 and told in error

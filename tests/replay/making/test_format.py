"""What a scenario's file may say, what it is told when it is wrong, and the page that says so."""

import json
import re

import pytest

from tests.kit.places import DATA
from utilities.replay import Recording
from utilities.replay.making import page
from utilities.replay.making.format import Scenario
from utilities.replay.making.lines import line_of
from utilities.replay.making.parsing import read
from utilities.replay.scenario import main

SCENARIO = '''
start = "2026-11-21T09:00:00Z"
environment = { name = "small" }
files = [
    { source = "note.txt", mount_path = "note.txt" },
]

[agent]
name = "small"
model = "claude-sonnet-4-6"
system = """
[[turns]]
user = "this is a text"
"""

[[turns]]
user = "one"
[[turns.requests]]
seconds = 1.0
say = "Hello."

[[turns]]
user = "two"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "echo hello"
'''


@pytest.fixture
def scenarios(tmp_path):
    """A folder with one good scenario, `small.toml`."""
    folder = tmp_path / "data" / "scenarios"
    folder.mkdir(parents=True)
    (folder.parent / "note.txt").write_text("hello\n")
    (folder / "small.toml").write_text(SCENARIO)
    return folder


def written(scenarios, text=None, name="small", *, file="small.toml"):
    """The recording of a file."""
    if text is not None:
        (scenarios / file).write_text(text)
    assert main([str(scenarios / file), "--write", "--unconfined"]) == 0
    return Recording.load(scenarios.parent / f"recordings/{name}.jsonl")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("say =", "says =", "line 20, turns[1].requests[1].says: 'says' is no key here; did you mean 'say'?"),
        ("[agent]", "[agents]", "line 1: 'agent' is missing (1 more)"),
        ("mount_path", "mount", "line 4, files[1]: 'mount_path' is missing (1 more)"),
        ('"one"', "1", "line 17, turns[1].user: Input should be a valid string, and this is 1"),
        ("seconds = 0.5", "seconds = -1.0", "line 28, turns[2].requests[1].calls[1].seconds: Input should"),
        ("seconds = 0.5", "", "line 26, turns[2].requests[1].calls[1]: 'seconds' is missing"),
        ("seconds = 0.5", 'seconds = 0.5\ncustom = "x"', "exactly one of 'tool', 'custom' and 'mcp' is"),
        ('tool = "bash"', 'tool = "bash"\nresult = "x"', "calls[1]: bash is executed, so it has no 'result'"),
        ('tool = "bash"', 'tool = "web_search"', "calls[1]: 'result' is missing: it isn't executed"),
        ('tool = "bash"', 'tool = "telnet"', "calls[1].tool: Input should be 'bash', "),
        ('tool = "bash"', 'mcp = "tracker"', "calls[1].mcp: String should match pattern"),
        ('user = "two"', "", "line 22, turns[2]: exactly one of 'user' and 'outcome' is needed"),
        ('"2026-11-21T09:00:00Z"', '"2026-11-21T09:00:00"', "line 2, start: a time with its zone is needed"),
        ("source =", "zip =", "line 4, files[1]: note.txt: no folder with files in it"),
        ('say = "Hello."', "interrupt = true", "line 18, turns[1].requests[1]"),
        ('say = "Hello."', 'thread = "x"', "line 20, turns[1].requests[1].thread: x has no work"),
        ('say = "Hello."', 'evaluation = { result = "failed" }', "line 16, turns[1]: an 'evaluation'"),
        ('tool = "bash"', 'tool = "bash"\nauto = "ask"', "calls[1]: 'confirm' goes with auto = \"ask\""),
        ('tool = "bash"', 'tool = "bash"\nreason_code = "x"', "calls[1]: 'reason_code' goes with auto ="),
        (
            'say = "Hello."', 'workflow = { name = "w", phases = [{ named = "p" }] }',
            "line 20, turns[1].requests[1].workflow.phases[1]: 'name' is missing (1 more)",
        ),
        (
            'say = "Hello."', 'workflow = { name = "w", error = "max_workflow_runs_error" }',
            "turns[1].requests[1].workflow: with max_workflow_runs_error no run begins",
        ),
        ("[agent]", 'skills = [{ folder = "scenarios" }]\n[agent]', "skills[1]: a SKILL.md is needed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_key(scenarios, capsys, old, new, told):
    text = SCENARIO.replace(old, new, 1)
    if "interrupt" in new:
        text = text.replace(
            '[[turns]]\nuser = "two"', "[[turns.requests]]\nseconds = 1.0\n\n[[turns]]\nuser = 'two'"
        )
    (scenarios / "small.toml").write_text(text)
    assert main([str(scenarios), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: ") and error.count("\n") == 1
    assert told in error
    assert not (scenarios.parent / "recordings").exists()


TOOLS = {
    'tool = "bash"': 'agent.tools has no bash: it needs { type = "agent_toolset_20260401" }, with',
    'custom = "look"\nresult = ""': 'agent.tools has no look: it needs { type = "custom", name = "look", … }',
    'mcp = "tracker/add"\nresult = ""': 'agent.tools has no tracker/add: it needs { type = "mcp_toolset", ',
}
ENABLED = '{ type = "agent_toolset_20260401", default_config = { enabled = false }, configs = [CONFIG] }'
BASH = '{ name = "bash", enabled = true }'
OWN = f"""
    {ENABLED.replace("CONFIG", BASH)},
    {{ type = "custom", name = "look", description = "", input_schema = {{}} }},
    {{ type = "mcp_toolset", mcp_server_name = "tracker" }},
"""


@pytest.mark.parametrize("call", TOOLS)
@pytest.mark.parametrize("tools", ["", ENABLED.replace("CONFIG", BASH.replace("true", "false"))])
def test_a_call_of_a_tool_that_the_agent_does_not_have_is_refused(scenarios, capsys, call, tools):
    """With its line and key; an agent whose tools aren't said has any, see `written` in the other tests."""
    text = SCENARIO.replace('tool = "bash"', call)
    (scenarios / "small.toml").write_text(text.replace("[agent]\n", f"[agent]\ntools = [{tools}]\n"))
    assert main([str(scenarios), "--write", "--unconfined"]) == 2
    error = capsys.readouterr().err
    key = call.partition(" ")[0]
    place = f"line 28, turns[2].requests[1].calls[1].{key}"
    assert error.startswith(f"scenario: small.toml: {place}: {TOOLS[call]}")
    own = text.replace("[agent]\n", f"[agent]\ntools = [{OWN}]\n")
    assert written(scenarios, own).events[-1]["type"] == "session.status_idle"


def test_a_call_that_asks_in_a_self_hosted_environment_is_refused(scenarios, capsys):
    text = SCENARIO.replace('{ name = "small" }', '{ name = "small", config = { type = "self_hosted" } }')
    text = text.replace('tool = "bash"', 'tool = "bash"\nconfirm = "allow"')
    (scenarios / "small.toml").write_text(text)
    assert main([str(scenarios), "--write", "--unconfined"]) == 2
    told = "line 28, turns[2].requests[1].calls[1].confirm: what a call that asks first looks like"
    assert told in capsys.readouterr().err


def test_a_command_that_ends_its_shell_is_noticed_by_the_next(scenarios):
    calls = [
        'input = { command = "exit 3" }, fails = true', 'input = { command = "echo on" }, fails = true',
        "input = { restart = true }", 'input = { command = "echo on" }',
    ]  # fmt: skip
    tables = ", ".join(f'{{ tool = "bash", seconds = 0.1, {call} }}' for call in calls)
    recording = written(scenarios, SCENARIO.replace('say = "Hello."', f"calls = [{tables}]"))
    results = [e for e in recording.events if e["type"] == "agent.tool_result"][:4]
    assert [(result["content"][0]["text"], result["is_error"]) for result in results] == [
        ("", True), ("bash: bash session terminated; restart required", True),
        ("bash session restarted", False), ("on", False),
    ]  # fmt: skip


def test_a_run_that_is_one_too_many_is_none(scenarios):
    workflow = 'name = "w", result = "error", error = "max_workflow_runs_error", message = "too many"'
    text = SCENARIO.replace('say = "Hello."', f"workflow = {{ {workflow} }}")
    of_runs = [e for e in written(scenarios, text).events if e["type"].startswith("workflow_run.")]
    assert [(e["type"], e["workflow_run_id"], e["error"]["type"]) for e in of_runs] == [
        ("workflow_run.error", None, "max_workflow_runs_error")
    ]


def test_a_key_is_found_in_any_way_of_writing_it():
    text = 'a.b = 1\nc = """\nd = 2\n"""\n[[e]]\nf = [\n  { g = 1 },\n]\n'
    text += '[[e]]\n[e."h i"]\nj = 1\n[[e.k]]\nl = 1\n'
    places = [
        ("a", "b"),
        ("c",),
        ("d",),
        ("e", 0, "f", 0, "g"),
        ("e", 1),
        ("e", 1, "h i", "j"),
        ("e", 1, "k", 0, "l"),
    ]
    assert [line_of(text, place) for place in places] == [1, 2, 1, 6, 9, 11, 13]


def test_a_byte_order_mark_and_empty_last_lines_are_fine(scenarios):
    before = written(scenarios)
    (scenarios / "small.toml").write_bytes(
        b"\xef\xbb\xbf" + SCENARIO.replace("\n", "\r\n").encode() + b"\r\n\r\n"
    )
    assert written(scenarios).events == before.events


def test_one_file_is_recorded_alone(scenarios, capsys):
    (scenarios / "broken.toml").write_text("this is no TOML")
    written(scenarios)
    assert main([str(scenarios / "small.toml"), "--verify"]) == 0
    assert main([str(scenarios), "--verify"]) == 2
    assert capsys.readouterr().err.startswith("scenario: broken.toml: ")
    assert [path.name for path in (scenarios.parent / "recordings").iterdir()] == ["small.jsonl"]


@pytest.mark.parametrize("model", ["claude-of-tomorrow", {"id": "claude-of-tomorrow", "effort": "low"}])
def test_any_model_can_be_named_and_has_a_cost_if_its_price_is_known(scenarios, model):
    def costs(recording):
        return {str(e["usage"]["list_cost"]) for e in recording.events if e["type"] == "session.usage"}

    given = json.dumps(model).replace(": ", " = ").replace('"id"', "id").replace('"effort"', "effort")
    assert costs(written(scenarios, SCENARIO.replace('"claude-sonnet-4-6"', given))) == {"None"}
    assert "None" not in costs(written(scenarios, SCENARIO))


# -- what is executed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "fails", "told"),
    [
        (
            "ls nowhere",
            False,
            "line 26, turns[2].requests[1].calls[1]: bash failed (ls: cannot access 'nowhere'",
        ),
        ("ls nowhere", True, None),
        ("true", True, "bash did not fail, and the scenario says fails = true"),
        ("true", False, None),
    ],
)
def test_a_call_that_fails_unexpectedly_is_reported(scenarios, capsys, command, fails, told):
    text = SCENARIO.replace("echo hello", command).replace(
        "seconds = 0.5", f"seconds = 0.5\nfails = {fails}".lower()
    )
    written(scenarios, text)
    error = capsys.readouterr().err
    assert (error.startswith("note: small.toml: ") and told in error) if told else not error


def test_times_that_commands_print_are_no_difference(scenarios, capsys):
    timed = "date +'3 passed in 0.%2Ns'"
    assert "3 passed in 0." in str(written(scenarios, SCENARIO.replace("echo hello", timed)).events)
    path = scenarios.parent / "recordings/small.jsonl"
    path.write_text(re.sub(r"passed in 0\.[0-9]+", "passed in 7.25", path.read_text()))
    before = path.read_text()
    assert main([str(scenarios), "--verify", "--unconfined"]) == 0
    assert "same" in capsys.readouterr().out
    assert main([str(scenarios), "--write", "--unconfined"]) == 0
    assert path.read_text() == before and "kept" in capsys.readouterr().out
    path.write_text(before.replace("3 passed", "2 passed"))
    assert main([str(scenarios), "--verify", "--unconfined"]) == 1


def test_an_output_can_be_of_any_type_and_in_a_folder(scenarios):
    commands = "cd session/outputs; mkdir -p a/b; printf '\\\\211PNG\\\\377' > a/b/c.png"
    commands += "; printf x > a/c.py; printf y > c.py"
    outputs = written(scenarios, SCENARIO.replace("echo hello", commands)).outputs
    assert [(output.filename, output.mime_type, output.data) for output in outputs] == [
        ("c.png", "image/png", b"\x89PNG\xff"),
        ("c.py", "text/x-python", b"x"),
        ("c.py", "text/x-python", b"y"),
    ]


# -- several sessions, shared openings --------------------------------------------------------------------


def said(recording):
    kinds = ("user.message", "agent.message")
    return [event["content"][0]["text"] for event in recording.events if event["type"] in kinds]


OTHER = """
extends = "small"
from_turn = 2
agent = { name = "other", model = "claude-sonnet-4-6" }
[[turns]]
user = "else"
[[turns.requests]]
seconds = 1.0
say = "Other."
"""


def test_two_agents_share_an_opening(scenarios):
    other = written(scenarios, OTHER, "other", file="other.toml")
    assert said(other) == ["one", "Hello.", "else", "Other."]
    assert (other.name, other.header["agent"]["name"]) == ("other", "other")
    assert other.header["environment"] == {"name": "small"}
    ids = [event["id"] for event in [*other.events, *written(scenarios).events]]
    assert len(ids) == len(set(ids))
    whole = written(scenarios, OTHER.replace("from_turn = 2", ""), "other", file="other.toml")
    assert said(whole) == ["one", "Hello.", "two", "else", "Other."]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("from_turn = 2", "from_turn = 4", "line 3, from_turn: small has 2 turns"),
        ("from_turn = 2", "from_turn = 0", "line 3, from_turn: small has 2 turns"),
        ('"small"', '"nobody"', "line 2, extends: there is no nobody.toml"),
        ('"small"', '"other"', "line 2, extends: there is no other.toml, or it extends this one"),
        ('say = "Other."', "sya = 1", "line 9, turns[1].requests[1].sya: 'sya' is no key here"),
        ('extends = "small"', "", "line 3, from_turn: 'from_turn' goes with 'extends'"),
    ],
)
def test_a_wrong_extension_is_one_clear_line(scenarios, capsys, old, new, told):
    (scenarios / "other.toml").write_text(OTHER.replace(old, new))
    assert main([str(scenarios / "other.toml"), "--write"]) == 2
    assert capsys.readouterr().err.startswith(f"scenario: other.toml: {told}")


def test_several_sessions_stand_in_one_file(scenarios):
    sessions = "\n[[sessions]]\nname = 'first'\n[[sessions]]\nname = 'second'\n"
    sessions += "turns = [{ user = 'x', requests = [] }]\n"
    written(scenarios, SCENARIO + sessions, "first")
    folder = scenarios.parent / "recordings"
    assert [said(Recording.load(folder / f"{name}.jsonl"))[0] for name in ("first", "second")] == ["one", "x"]
    assert [path.name for path in sorted(folder.iterdir())] == ["first.jsonl", "second.jsonl"]
    assert main([str(scenarios), "--verify", "--unconfined"]) == 0


@pytest.mark.parametrize(
    ("sessions", "told"),
    [
        ("[[sessions]]\n", "line 30, sessions[1]: 'name' is missing"),
        (
            "[[sessions]]\nname = 'a'\n[[sessions]]\nname = 'a'\n",
            "line 33, sessions[2].name: two sessions are called a",
        ),
        (
            "[[sessions]]\nname = 'a'\nstart = 1\n",
            "line 32, sessions[1].start: Input should be a valid string",
        ),
        ("[sessions]\n", "line 30, sessions: a list of tables is needed"),
    ],
)
def test_wrong_sessions_are_one_clear_line(scenarios, capsys, sessions, told):
    (scenarios / "small.toml").write_text(SCENARIO + sessions)
    assert main([str(scenarios), "--write"]) == 2
    assert capsys.readouterr().err.startswith(f"scenario: small.toml: {told}")


# -- the page ---------------------------------------------------------------------------------------------


def test_the_page_is_what_the_format_says():
    assert page.main(["--check"]) == 0, "make scenarios"


def test_every_key_has_its_meaning_on_the_page():
    text = page.page()
    assert "| None |" not in text
    for field in Scenario.model_fields:
        assert f"| `{field}` |" in text


@pytest.mark.parametrize("path", sorted((DATA / "scenarios").glob("*.toml")), ids=lambda path: path.stem)
def test_the_courses_scenarios_are_as_the_format_says(path):
    names = [session.scenario.name for session in read(path)]
    assert names == [path.stem] or all(name.startswith(path.stem[:3]) for name in names)

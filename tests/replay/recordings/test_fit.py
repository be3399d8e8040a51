"""A session follows the recordings that were made with what it has; what differs is never silent."""

import functools
import json

import pytest

from tests.kit.calling import AGENT, SAY_GO, Caller
from tests.kit.memory import NOTES, Memory, remembering
from tests.kit.recordings import Script
from utilities.replay import Recording, RecordingError
from utilities.replay.http.requests import NOTE_HEADER, Request

rule = functools.partial(pytest.mark.rule, topic="replay", evidence="ours")

TOOLSET = {"type": "agent_toolset_20260401"}
ALLOW = {"permission_policy": {"type": "always_allow"}}
ASK = {"permission_policy": {"type": "always_ask"}}
LOOKUP = {
    "type": "custom",
    "name": "lookup",
    "description": "Look an order up.",
    "input_schema": {"type": "object", "properties": {"order": {"type": "string"}}},
}
LIMITED = {"type": "cloud", "networking": {"type": "limited"}}
CALC = b"a = 1\n"
CALC_FILE = {
    "mount_path": "/mnt/session/uploads/a.py",
    "size": len(CALC),
    "sha256": "cb78bd8a17f7b751fe0d4663366dcbc257204033ef7ddd64b1f2969573b5b2e2",
}

SLUGS = {"mount_path": "/workspace/slugs", "url": "https://github.com/example/slugs"}
CLONED = {"type": "github_repository", "url": SLUGS["url"], "authorization_token": "t"}


def turn(name="then", reply="done", agent=None, **header):
    """A recording of one turn, made with this agent and the rest of this header."""
    script = Script(name)
    script.message("go")
    script.say(reply)
    script.idle()
    script.header = {**header, "agent": {**AGENT, **(agent or {})}}
    return script


def begun(*scripts, strict=True, agent=None, config=None, files=(), **fields):
    """The answer to the first message of a session with this agent, environment and files."""
    call = Caller(*scripts, strict=strict)
    agent = call.post("/agents", {**AGENT, **(agent or {})})["id"]
    environment = call.post("/environments", {"name": "any", "config": config or {"type": "cloud"}})["id"]
    mounted = [
        {"type": "file", "file_id": call.upload(path, content)["id"], "mount_path": path}
        for path, content in files
    ]
    body = {"agent": agent, "environment_id": environment, "resources": mounted, **fields}
    path = f"/sessions/{call.post('/sessions', body)['id']}"
    answer = call.api.handle(Request("POST", f"/v1{path}/events", (), json.dumps(SAY_GO).encode()), 0.0)
    said = [event["content"][0]["text"] for event in call.events(path) if event["type"] == "agent.message"]
    return answer, said


DIFFERENCES = [
    (
        {"agent": {"system": "You are kind."}},
        {"agent": {"system": "You are strict."}},
        "agent.system was 'You are kind.' and is 'You are strict.' now",
    ),
    ({"agent": {"system": ""}}, {"agent": {"system": "x"}}, "agent.system was nothing and is 'x' now"),
    (
        {"agent": {"model": "claude-opus-4-6"}},
        {},
        "agent.model.id was 'claude-opus-4-6' and is 'claude-sonnet-4-6' now",
    ),
    ({"agent": {"tools": [LOOKUP]}}, {}, "agent.tools.lookup was there and is not now"),
    ({"agent": {"tools": []}}, {"agent": {"tools": [LOOKUP]}}, "agent.tools.lookup was not there and is now"),
    (
        {"agent": {"tools": [LOOKUP]}},
        {"agent": {"tools": [{**LOOKUP, "description": "Look it up."}]}},
        "agent.tools.lookup.description was 'Look an order up.' and is 'Look it up.' now",
    ),
    (
        {"agent": {"tools": [LOOKUP]}},
        {"agent": {"tools": [{**LOOKUP, "input_schema": {"type": "object", "properties": {}}}]}},
        "agent.tools.lookup.input_schema was",
    ),
    (
        {"agent": {"tools": [{**TOOLSET, "default_config": ASK}]}},
        {"agent": {"tools": [{**TOOLSET, "default_config": ALLOW}]}},
        "default_config.permission_policy.type was 'always_ask' and is 'always_allow' now",
    ),
    (
        {"agent": {"tools": [{**TOOLSET, "configs": [{"name": "bash", **ASK}]}]}},
        {"agent": {"tools": [TOOLSET]}},
        "agent_toolset_20260401.bash.permission_policy.type was 'always_ask' and is 'always_allow' now",
    ),
    (
        {"agent": {"tools": [TOOLSET]}},
        {"agent": {"tools": [{**TOOLSET, "configs": [{"name": "bash", "enabled": False}]}]}},
        "agent_toolset_20260401.bash.enabled was true and is false now",
    ),
    (
        {"agent": {"tools": [TOOLSET]}},
        {
            "agent": {
                "tools": [{**TOOLSET, "configs": [{"name": "web_fetch", "allowed_domains": ["a.example"]}]}]
            }
        },
        'agent_toolset_20260401.web_fetch.allowed_domains was nothing and is ["a.example"] now',
    ),
    (
        {"environment": {"name": "e", "config": LIMITED}},
        {},
        "environment.config.networking.type was 'limited' and is 'unrestricted' now",
    ),
    (
        {"environment": {"name": "e", "config": LIMITED}},
        {
            "config": {
                "type": "cloud",
                "networking": {"type": "limited", "allowed_hosts": ["packages.example"]},
            }
        },
        'environment.config.networking.allowed_hosts was nothing and is ["packages.example"] now',
    ),
    ({"files": [CALC_FILE]}, {}, "/mnt/session/uploads/a.py was mounted then and is not now"),
    ({"files": []}, {"files": [("a.py", CALC)]}, "/mnt/session/uploads/a.py is mounted now and was not then"),
    ({"files": [CALC_FILE]}, {"files": [("a.py", CALC * 2)]}, "a.py had 6 bytes and has 12 now"),
    (
        {"files": [], "repositories": [SLUGS]},
        {},
        "/workspace/slugs had https://github.com/example/slugs and has none",
    ),
    (
        {"files": []},
        {"resources": [CLONED]},
        "/workspace/slugs had no repository and has https://github.com/example/slugs now",
    ),
    (
        {"files": [CALC_FILE]},
        {"files": [("a.py", b"a = 2\n")]},
        "a.py had other content then than it has now",
    ),
]


@rule(
    "with `--strict` the first event of a session with other things than were recorded is 400, and says what"
)
@pytest.mark.parametrize(("then", "now", "told"), DIFFERENCES)
def test_strict_refuses_what_was_made_with_something_else(then, now, told):
    answer, said = begun(turn(**then), **now)
    assert (answer.status, said) == (400, [])
    error = answer.content["error"]
    assert error["details"]["error_code"] == "unrecorded"
    assert error["message"].startswith(
        "no recording of an agent 'tester' was made with what this session has. then: "
    )
    assert told in error["message"]
    assert "live" not in error["message"]


@rule("otherwise the recording is followed, and a header of the first send says what differs")
@pytest.mark.parametrize(("then", "now", "told"), DIFFERENCES)
def test_otherwise_a_note_names_the_field(then, now, told):
    answer, said = begun(turn(**then), strict=False, **now)
    assert (answer.status, said) == (200, ["done"])
    note = answer.headers[NOTE_HEADER]
    assert note.startswith("this session is not as then was recorded: ") and told in note


@rule("a recording is compared only in what its header says; defaults, names and ids make no difference")
@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({}, {"agent": {"system": "x", "tools": [LOOKUP]}, "config": LIMITED, "files": [("a.py", CALC)]}),
        ({"agent": {"system": "", "tools": []}}, {}),
        ({"agent": {"tools": [{"type": "custom", "name": "lookup"}]}}, {"agent": {"tools": [LOOKUP]}}),
        ({"agent": {"tools": [TOOLSET, LOOKUP]}}, {"agent": {"tools": [LOOKUP, TOOLSET]}}),
        (
            {"agent": {"tools": [TOOLSET]}},
            {"agent": {"tools": [{**TOOLSET, "configs": [{"name": "bash", "enabled": True, **ALLOW}]}]}},
        ),
        ({"agent": {"model": {"id": "claude-sonnet-4-6"}}}, {"agent": {"model": "claude-sonnet-4-6"}}),
        ({"environment": {"name": "other", "config": {"type": "anthropic_cloud"}}}, {}),
        (
            {"environment": {"name": "other", "config": LIMITED}},
            {"config": {"type": "cloud", "networking": {"type": "limited", "allowed_hosts": []}}},
        ),
        ({"files": [{**CALC_FILE, "sha256": None}]}, {"files": [("/a.py", CALC)]}),
        ({"files": [CALC_FILE]}, {"files": [("/mnt/session/uploads/a.py", CALC)]}),
        ({"files": [], "repositories": [SLUGS]}, {"resources": [CLONED]}),
        ({}, {"resources": [CLONED]}),
    ],
)
def test_what_the_header_does_not_say_is_not_compared(then, now):
    answer, said = begun(turn(**then), **now)
    assert (answer.status, said) == (200, ["done"])
    assert NOTE_HEADER not in answer.headers


@rule("of recordings of one agent the one that was made with what the session has is followed")
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("kind", ["kind", "strict"])
def test_two_versions_of_a_prompt_have_their_own_answers(kind, strict):
    scripts = [turn(name, f"I am {name}", {"system": f"Be {name}."}) for name in ("kind", "strict")]
    answer, said = begun(*scripts, agent={"system": f"Be {kind}."}, strict=strict)
    assert (answer.status, said) == (200, [f"I am {kind}"])
    assert NOTE_HEADER not in answer.headers


def test_a_recording_that_would_go_on_but_for_something_else_is_named():
    other = turn("other", agent={"system": "Be kind."})
    fitting = turn("fitting", agent={"system": "Be strict."})
    fitting.events[2]["content"][0]["text"] = "stop"
    answer, _ = begun(other, fitting, agent={"system": "Be strict."})
    message = answer.content["error"]["message"]
    assert "fitting: it has 'stop' where you sent 'go'" in message
    told = "agent.system was 'Be kind.' and is 'Be strict.' now"
    assert f"other would go on with it, but not with this session: {told}" in message


def test_where_long_texts_differ_is_quoted_from_a_whole_word_on():
    asked = "You answer questions about the weather in "
    recorded = turn("recorded", agent={"system": f"{asked}Bern. {'Be kind. ' * 9}"})
    answer, _ = begun(recorded, agent={"system": f"{asked}Basel."})
    told = answer.content["error"]["message"]
    assert "agent.system was '...the weather in Bern. Be kind." in told
    assert "...' and is '...the weather in Basel.' now" in told


def test_the_first_events_of_a_session_are_compared_too():
    call = Caller(turn(agent={"system": "Be kind."}))
    assert "agent.system was 'Be kind.'" in call.session(status=400, initial_events=SAY_GO["events"])
    assert call.get("/sessions")["data"] == []


def test_what_comes_before_the_first_message_counts():
    """A file that is mounted, and an agent that is changed, after the session was created."""
    call = Caller(turn(agent={"tools": [LOOKUP]}, files=[CALC_FILE]))
    session = call.session()["id"]
    call.post(f"/sessions/{session}", {"agent": {"tools": [LOOKUP]}})
    file = call.upload("a.py", CALC)["id"]
    mounted = {"type": "file", "file_id": file, "mount_path": "a.py"}
    call.post(f"/sessions/{session}/resources", mounted)
    call.post(f"/sessions/{session}/events", SAY_GO)
    assert call.events(f"/sessions/{session}")[-1]["type"] == "session.status_idle"


def test_an_agent_that_no_recording_names_follows_what_else_fits():
    kind = turn("kind", "I am kind", {"system": "Be kind."})
    answer, said = begun(kind, agent={"name": "nobody", "system": "Be kind."})
    assert (answer.status, said) == (200, ["I am kind"])
    answer, _ = begun(kind, agent={"name": "nobody"})
    message = answer.content["error"]["message"]
    assert message.startswith("no recording of any agent, none has the name 'nobody', was made with what")


def test_many_differences_of_many_recordings_are_still_one_screen():
    agent = {"system": "x" * 5000, "tools": [{**LOOKUP, "name": f"tool_{i}"} for i in range(30)]}
    scripts = [turn(f"r{i:03}", agent={"system": "y" * 5000 + str(i), "tools": []}) for i in range(50)]
    answer, _ = begun(*scripts, agent=agent)
    message = answer.content["error"]["message"]
    assert len(message) < 1000 and "and 28 more" in message


def test_other_memory_is_refused_by_a_strict_server():
    call = Memory(remembering(start={"/a": "1"}), start={"/a": "2"})
    session = call.begin()
    told = call.post(f"/sessions/{session}/events", SAY_GO, status=400)
    assert f"{NOTES}/a had other content then, or none, than it has now" in told


@pytest.mark.parametrize("default", ["high", "low"])
def test_an_effort_that_may_be_the_services_default_is_not_compared(default):
    """What the hosted API takes when nobody says is not known here, so a live recording may have another."""
    model = {"id": "claude-sonnet-4-6", "effort": {"type": default}, "speed": "standard"}
    live = turn(agent={"model": model}, provenance="live")
    answer, _ = begun(live)
    assert answer.status == (200 if default == "high" else 400)


@pytest.mark.parametrize(
    "header",
    [
        {"files": [{"mount_path": "/a"}]},
        {"files": [{"mount_path": "/a", "size": "1"}]},
        {"files": [{"mount_path": "/a", "size": 1, "colour": "red"}]},
        {"files": ["a"]},
        {"repositories": [{"url": SLUGS["url"]}]},
        {"agent": {"name": "tester", "tools": [{"name": "lookup"}]}},
        {"agent": {"name": "tester", "tools": [{**TOOLSET, "configs": [{}]}]}},
    ],
)
def test_a_damaged_header_is_refused(tmp_path, header):
    script = turn()
    script.header = header
    with pytest.raises(RecordingError, match="the header is damaged"):
        Recording.load(script.save(tmp_path))

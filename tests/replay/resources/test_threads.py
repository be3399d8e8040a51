"""Session threads: derived from a session's log, under ids of the session's own."""

import functools
import json

import pytest

from tests.kit.calling import AGENT, SAY_GO, Caller, new_session, serving, strict
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT, message
from utilities.replay import Faults
from utilities.replay.http.requests import Request
from utilities.replay.ids import parse_time
from utilities.replay.session.session import Session

rule = functools.partial(pytest.mark.rule, topic="threads")

HELPER = {"session_thread_id": "sthr_helper", "agent_name": "helper"}
END = {"type": "end_turn"}


def delegating(name="delegating", message="go", helpers=("sthr_helper",), pause=1.0):
    """A turn in which other agents' threads come, work and go idle."""
    script = Script(name)
    script.message(message)
    for helper in helpers:
        names = {**HELPER, "session_thread_id": helper}
        script.event("session.thread_created", **names)
        sent = {"to_session_thread_id": helper, "to_agent_name": "helper"}
        script.event("agent.thread_message_sent", content=[{"type": "text", "text": "help"}], **sent)
        script.event("session.thread_status_running", **names)
        script.event(
            "agent.tool_use", after=pause, name="bash", input={}, evaluated_permission="allow",
            session_thread_id=helper,
        )  # fmt: skip
        script.event("session.thread_status_idle", after=pause, **names, stop_reason=END)
    script.say("done")
    script.idle()
    return script


@pytest.fixture
def call():
    return Caller(delegating())


def played(call):
    """The path of a session that has had its turn."""
    path = f"/sessions/{call.session()['id']}"
    call.post(f"{path}/events", SAY_GO)
    return path


@rule(
    "every session has one primary thread, without a parent",
    evidence="doc",
    source="docs: multi-agent orchestration",
)
def test_every_session_has_a_primary_thread_from_the_start(call):
    session = call.session()
    (thread,) = call.get(f"/sessions/{session['id']}/threads")["data"]
    assert (thread["parent_thread_id"], thread["status"], thread["created_at"]) == (
        None, "idle", session["created_at"],
    )  # fmt: skip
    assert (thread["stats"], thread["usage"]) == (None, None)  # before its first change of status [sdk]
    call.post(f"/sessions/{session['id']}/events", SAY_GO)
    assert call.get(f"/sessions/{session['id']}/threads")["data"][0]["id"] == thread["id"]


def test_a_child_has_a_parent_and_its_own_times(call):
    path = played(call)
    primary, child = call.get(f"{path}/threads")["data"]
    assert child["parent_thread_id"] == primary["id"]
    assert (primary["status"], child["status"]) == ("idle", "idle")
    assert parse_time(child["created_at"]) > parse_time(primary["created_at"])
    assert child["stats"]["active_seconds"] == pytest.approx(2.0, abs=0.01)
    assert primary["stats"]["active_seconds"] == pytest.approx(3.0, abs=0.01)
    assert call.get(f"{path}/threads/{child['id']}") == child
    call.get(f"{path}/threads/sthr_none", 404)
    call.get(f"/sessions/{call.session()['id']}/threads/{child['id']}", 404)


@rule("threads are listed by status", evidence="sdk")
def test_threads_are_found_by_status():
    call = Caller(delegating(), speed=1.0)
    path = played(call)
    call.now = 1.5
    assert [t["status"] for t in call.get(f"{path}/threads")["data"]] == ["running", "running"]
    call.now = 2.5
    (idle,) = call.get(f"{path}/threads", **{"statuses[]": "idle"})["data"]
    assert idle["parent_thread_id"]
    call.now = 1e9
    assert call.get(f"{path}/threads", **{"statuses[]": ["running", "terminated"]})["data"] == []


def test_thread_ids_are_the_sessions_own(call):
    one, other = played(call), played(call)
    ids = [{t["id"] for t in call.get(f"{path}/threads")["data"]} for path in (one, other)]
    assert not ids[0] & ids[1]
    events = json.dumps(call.get(f"{one}/events"))
    assert "sthr_helper" not in events and "sthr_1" not in events
    named = {value for event in call.get(f"{one}/events")["data"] for key, value in event.items()
             if key.endswith("session_thread_id") and value}  # fmt: skip
    assert named == ids[0]


def test_a_thread_keeps_its_id_when_another_recording_goes_on():
    """Two recordings of one lesson, each with thread ids of its own."""
    approve, deny = (Script(name) for name in ("approve", "deny"))
    for script, answer in ((approve, "allow"), (deny, "deny")):
        thread = {"session_thread_id": f"sthr_{answer}", "agent_name": "tester"}
        script.event("session.status_running")
        script.event("session.thread_status_running", **thread)
        script.event("user.message", content=[{"type": "text", "text": "go"}])
        call = script.builtin("bash", permission="ask")
        script.event("session.thread_status_idle", **thread, stop_reason={"type": "requires_action"})
        script.event("session.status_idle", stop_reason={"type": "requires_action", "event_ids": [call]})
        script.confirmation(call, answer)
        script.event("session.thread_status_running", **thread)
        script.event("session.status_idle", stop_reason=END)
    tracks = Caller(approve, deny).api.sessions.library.tracks("tester")
    talk = Session("sesn_1", "2026-11-21T09:00:00Z", tracks, strict=True)
    talk.send(SAY_GO["events"], 0)
    (call,) = talk.calls.awaited
    talk.send([{"type": "user.tool_confirmation", "tool_use_id": call, "result": "deny"}], 0)
    assert talk.head.leader.recording.name == "deny"
    threads = [event["session_thread_id"] for event in talk.log if "thread_status" in event["type"]]
    assert len(threads) == 3 and len(set(threads)) == 1


@rule("the primary thread's events are the session's", evidence="doc")
@rule(
    "a child's events are those of the session's log that name it; its other steps aren't recorded",
    evidence="ours",
)
def test_the_primary_threads_events_are_the_sessions(call):
    path = played(call)
    primary, child = call.get(f"{path}/threads")["data"]
    assert call.get(f"{path}/threads/{primary['id']}/events") == call.get(f"{path}/events")
    own = [event["type"] for event in call.get(f"{path}/threads/{child['id']}/events")["data"]]
    assert own == ["session.thread_status_running", "agent.tool_use", "session.thread_status_idle"]


def stepping(turns=2):
    """A child that in each turn thinks and speaks for itself, and asks the client by a call."""
    script = Script("stepping")
    own = script.header["threads"] = {"sthr_helper": []}
    for number in range(turns):
        script.message("go")
        if not number:
            script.event("session.thread_created", **HELPER)
        script.event("session.thread_status_running", **HELPER)
        log = own["sthr_helper"]
        log.append(script.events[-1])
        for kind, fields in (
            ("agent.thinking", {}),
            ("agent.message", {"content": [{"type": "text", "text": f"look {number}"}]}),
        ):
            script.event(kind, after=0.5, **fields)
            log.append({**script.events.pop(), "id": f"sevt_own{len(log)}"})  # not in the session's log
        call = script.event("agent.custom_tool_use", name="ask", input={}, session_thread_id="sthr_helper")
        reason = {"type": "requires_action", "event_ids": [call]}
        script.event("session.thread_status_idle", **HELPER, stop_reason=reason)
        script.usage()
        script.event("session.status_idle", stop_reason=reason)
        script.custom_result(call, "yes")
        script.running()
        script.event("session.thread_status_running", **HELPER)
        script.event("session.thread_status_idle", after=1.0, **HELPER, stop_reason=END)
        script.say("done")
        script.idle()
    return script


@rule(
    "a child's stream carries what its list has: its own steps, and what is cross-posted, in one order",
    evidence="doc", source="the page about multiagent sessions",
    note="that a step comes with the next event of the session is ours",
)  # fmt: skip
@rule(
    "a call that a child's thread has cross-posted names no thread in that thread's own list and stream",
    evidence="sdk", source="the docstring of `session_thread_id`",
)  # fmt: skip
@pytest.mark.parametrize("speed", [0.0, 50.0])
def test_a_childs_stream_is_what_its_list_has(speed):
    with serving(stepping(), speed=speed) as server:
        client = strict(server)
        session, beta = new_session(client), client.beta.sessions

        def turn():
            beta.events.send(session, **SAY_GO)
            while beta.retrieve(session).status != "idle":
                pass
            call = [e for e in beta.events.list(session) if e.type == "agent.custom_tool_use"][-1]
            assert call.session_thread_id == beta.threads.list(session).data[1].id
            answer = {"type": "user.custom_tool_result", "custom_tool_use_id": call.id}
            beta.events.send(session, events=[{**answer, "content": [{"type": "text", "text": "yes"}]}])
            while beta.retrieve(session).status != "idle":
                pass

        turn()
        child = beta.threads.list(session).data[1].id
        before = list(beta.threads.events.list(child, session_id=session))
        with beta.threads.events.stream(child, session_id=session) as stream:
            turn()
            listed = list(beta.threads.events.list(child, session_id=session))
            beta.archive(session)  # ends the stream
            streamed = list(stream)
    ended = [event.type for event in streamed].index("session.thread_status_terminated")
    assert streamed[:ended] == listed[len(before) :]
    kinds = [event.type for event in streamed]
    assert kinds[:4] == [
        *("session.thread_status_running", "agent.thinking", "agent.message", "agent.custom_tool_use"),
    ]
    assert {e.session_thread_id for e in streamed if e.type == "agent.custom_tool_use"} == {None}


def test_a_childs_stream_carries_only_the_childs_events():
    """Two turns: the child's id is known after the first, its stream is open in the second."""
    script = delegating()
    script.message("again")
    script.event("session.thread_status_running", **HELPER)
    script.event("session.thread_status_idle", **HELPER, stop_reason=END)
    script.idle()
    with serving(script) as server, strict(server) as client:
        session = new_session(client)
        client.beta.sessions.events.send(session, events=SAY_GO["events"])
        _, child = client.beta.sessions.threads.list(session)
        with client.beta.sessions.threads.events.stream(child.id, session_id=session) as stream:
            again = message("again")
            client.beta.sessions.events.send(session, events=[again])
            while client.beta.sessions.retrieve(session).status != "idle":
                pass
            client.beta.sessions.archive(session)  # ends the stream
            assert [event.type for event in stream] == [
                "session.thread_status_running", "session.thread_status_idle",
                "session.thread_status_terminated",
            ]  # fmt: skip


@rule(
    "a child's agent is the roster's, as it was when the session began, without a roster of its own",
    evidence="sdk",
)
def test_an_agent_of_the_roster_runs_its_thread():
    """With its full definition, as it was when the session began. [sdk]"""
    call = Caller(delegating())
    helper = call.post("/agents", {**AGENT, "name": "helper", "system": "be brief"})
    multiagent = {"type": "coordinator", "agents": [helper["id"]]}
    agent = call.post("/agents", {**AGENT, "multiagent": multiagent})
    assert agent["multiagent"]["agents"] == [{"type": "agent", "id": helper["id"], "version": 1}]
    path = f"/sessions/{call.session(agent=agent['id'])['id']}"
    call.post(f"/agents/{helper['id']}", {"system": "be long"})
    call.post(f"{path}/events", SAY_GO)
    primary, child = call.get(f"{path}/threads")["data"]
    assert (child["agent"]["id"], child["agent"]["system"]) == (helper["id"], "be brief")
    assert "multiagent" not in primary["agent"]


def test_an_agent_that_nobody_saved_is_inline(call):
    child = call.get(f"{played(call)}/threads")["data"][1]
    assert (child["agent"]["type"], child["agent"]["name"]) == ("inline", "helper")


@rule(
    "an idle child can be archived, and is then terminated; the primary thread can't be",
    evidence="doc",
    source="docs: multi-agent orchestration",
    note="that the primary thread can't be is ours",
)
def test_a_child_that_is_idle_can_be_archived(call):
    path = played(call)
    primary, child = call.get(f"{path}/threads")["data"]
    archived = call.post(f"{path}/threads/{child['id']}/archive")
    assert archived["archived_at"] and archived["status"] == "terminated"
    assert call.post(f"{path}/threads/{child['id']}/archive") == archived
    assert "primary" in call.post(f"{path}/threads/{primary['id']}/archive", status=400)


@rule(
    "archiving a running child is 400",
    evidence="doc",
    source="docs: multi-agent orchestration",
    note="the status isn't said",
)
def test_a_child_that_runs_can_not_be_archived():
    call = Caller(delegating(), speed=1.0)
    path = played(call)
    call.now = 1.5
    child = call.get(f"{path}/threads")["data"][1]["id"]
    assert '"running"' in call.post(f"{path}/threads/{child}/archive", status=400)
    call.now = 1e9
    call.post(f"{path}/threads/{child}/archive")


def by_thread(call, path):
    return [thread["status"] for thread in call.get(f"{path}/threads")["data"]]


@pytest.mark.parametrize(("now", "before"), [(0.5, ["running", "running"]), (2.5, ["running", "idle"])])
@rule(
    "an interrupt stops every thread that is at work, the primary one last",
    evidence="doc",
    source="docs: multi-agent orchestration",
    note="in which order is ours",
)
def test_an_interrupt_leaves_no_thread_running(now, before):
    call = Caller(delegating(), speed=1.0)
    path = played(call)
    call.now = now
    assert by_thread(call, path) == before
    call.post(f"{path}/events", {"events": [INTERRUPT]})
    assert by_thread(call, path) == ["idle", "idle"]
    events = call.get(f"{path}/events", limit="1000")["data"]
    idle = [e["agent_name"] for e in events if e["type"] == "session.thread_status_idle"]
    assert idle == ["helper", "tester"]


@pytest.mark.parametrize(
    ("fault", "then", "at_last"),
    [
        ("budget", "idle", "idle"),
        ("reschedule=5", "rescheduling", "idle"),
        ("terminate", *2 * ["terminated"]),
    ],
)
def test_a_fault_hits_every_thread_that_is_at_work(fault, then, at_last):
    call = Caller(delegating(), speed=1.0)
    path = f"/sessions/{call.session()['id']}"
    body = json.dumps(SAY_GO).encode()
    faults = Faults(f"{fault},after=3")
    call.api.handle(Request("POST", f"/v1{path}/events", body=body, faults=faults), 0.0)
    call.now = 0.5
    assert by_thread(call, path) == [then, then]
    call.now = 6.0
    if fault.startswith("reschedule"):
        assert by_thread(call, path) == ["running", "running"]
    call.now = 60.0
    assert by_thread(call, path) == [at_last, at_last]


def test_an_archived_session_has_terminated_threads(call):
    path = played(call)
    while call.get(path)["status"] != "idle":
        pass
    call.post(f"{path}/archive")
    assert {t["status"] for t in call.get(f"{path}/threads")["data"]} == {"terminated"}


def test_threads_come_in_the_order_of_their_creation():
    call = Caller(delegating(helpers=("sthr_z", "sthr_a", "sthr_m")))
    path = played(call)
    threads = call.get(f"{path}/threads")["data"]
    created = [parse_time(t["created_at"]) for t in threads]
    assert created == sorted(created)
    first = call.get(f"{path}/threads", limit="2")
    rest = call.get(f"{path}/threads", limit="2", page=first["next_page"])
    assert first["data"] + rest["data"] == threads and len(threads) == 4


@pytest.mark.rule(
    "a roster names distinct agents, at most 20, that exist, aren't archived, have no roster of their own, "
    "and without inline agents it names at least one",
    topic="agents",
    evidence="sdk",
    source="the docstrings of the multi-agent parameters",
)
@pytest.mark.parametrize(
    ("multiagent", "message"),
    [
        ({"type": "coordinator", "agents": []}, "1 to 20"),
        ({"type": "coordinator", "agents": ["{helper}"] * 21}, "1 to 20"),
        ({"type": "coordinator", "agents": ["agent_none"]}, "agent_none"),
        ({"type": "coordinator", "agents": [{"type": "self"}, {"type": "self"}]}, "twice"),
        ({"type": "coordinator", "agents": ["{helper}", "{helper}"]}, "twice"),
        ({"type": "coordinator", "agents": [{"type": "advisor", "model": "claude-opus-5"}] * 2}, "twice"),
        ({"type": "coordinator", "agents": ["{coordinator}"]}, "one level"),
        ({"type": "coordinator", "agents": ["{archived}"]}, "archived"),
        (
            {
                "type": "multiagent_20261001",
                "subagents": {"type": "enabled", "inline_agents": {"type": "disabled"}},
            },
            "1 to 20",
        ),
    ],
)
def test_a_roster_that_can_not_work_is_refused(call, multiagent, message):
    """[sdk]"""
    helper = call.post("/agents", {**AGENT, "name": "helper"})["id"]
    roster = {"type": "coordinator", "agents": [helper]}
    ids = {"helper": helper, "coordinator": call.post("/agents", {**AGENT, "multiagent": roster})["id"]}
    ids["archived"] = call.post("/agents", {**AGENT, "name": "old"})["id"]
    call.post(f"/agents/{ids['archived']}/archive")
    text = json.dumps(multiagent)
    for name, id in ids.items():
        text = text.replace(f"{{{name}}}", id)
    body = {**AGENT, "multiagent": json.loads(text)}
    answer = call.send("POST", "/agents", body, 404 if message == "agent_none" else 400)
    assert message in answer


def test_an_update_is_merged_into_a_configuration_of_the_same_type(call):
    """[sdk]"""
    helper = call.post("/agents", {**AGENT, "name": "helper"})["id"]
    given = {
        "type": "multiagent_20261001",
        "advisor": {"type": "enabled", "model": "claude-opus-4-6"},
        "subagents": {"type": "enabled", "predefined_agents": [helper]},
        "workflows": {"type": "disabled"},
    }
    agent = call.post("/agents", {**AGENT, "multiagent": given})
    reference = {"type": "agent", "id": helper, "version": 1}
    subagents = {"type": "enabled", "inline_agents": {"type": "enabled"}, "predefined_agents": [reference]}
    assert agent["multiagent"]["subagents"] == subagents
    change = {"type": "multiagent_20261001", "advisor": {"type": "disabled"}, "workflows": None}
    changed = call.post(f"/agents/{agent['id']}", {"multiagent": change})["multiagent"]
    assert (changed["advisor"], changed["subagents"]) == ({"type": "disabled"}, subagents)
    assert changed["workflows"]["type"] == "enabled"  # null takes the default
    assert call.post(f"/agents/{agent['id']}", {"multiagent": None})["multiagent"] is None


@pytest.mark.rule(
    "a thread's idle is not the session's: another thread may go on",
    topic="order",
    evidence="doc",
    source="docs: multi-agent orchestration",
    note="the session's status sums up its threads'",
)
def test_a_threads_idle_is_not_the_sessions():
    script = Script()
    script.message("go")
    names = {"session_thread_id": "sthr_2", "agent_name": "helper"}
    script.event("session.thread_status_idle", stop_reason={"type": "end_turn"}, **names)
    script.say("the other one goes on", after=10.0)
    script.idle()
    call = Caller(script, speed=1.0)
    path = f"/sessions/{call.session(initial_events=SAY_GO['events'])['id']}"
    call.now = 5.0
    assert call.events(path)[-1]["type"] == "session.thread_status_idle"
    assert call.get(path)["status"] == "running"

"""What is processed as it is received: the echo says so, and the log has it at once."""

import pytest

from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import asking, going, windowed
from tests.kit.sessions import INTERRUPT, calls_of, confirm, message, result, session, types

OUTCOME = {
    "type": "user.define_outcome",
    "description": "the tests pass",
    "rubric": {"type": "text", "content": "pytest ends with 0"},
    "max_iterations": 3,
}
USAGE = {
    "input_tokens": 1,
    "output_tokens": 1,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}


def graded(*results, pause=1.0):
    """An outcome, and an evaluation with each of these results."""
    script = Script("graded")
    script.running()
    script.event(
        "user.define_outcome", **{k: v for k, v in OUTCOME.items() if k != "type"}, outcome_id="outc_old"
    )
    for iteration, verdict in enumerate(results):
        script.say("working", after=pause)
        cycle = {"outcome_id": "outc_old", "iteration": iteration}
        start = script.event("span.outcome_evaluation_start", **cycle, after=pause)
        script.event(
            "span.outcome_evaluation_end", **cycle, outcome_evaluation_start_id=start, result=verdict,
            explanation=f"{verdict}, says the grader", usage=USAGE, after=pause,
        )  # fmt: skip
    script.idle()
    return script


@pytest.mark.rule(
    "results of tools and outcomes are processed as they are received: `processed_at` is in their echo, and "
    "they are in the log at once",
    topic="sending",
    evidence="doc",
    source="docs: events and streaming",
)
@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_a_result_is_echoed_with_its_time(speed):
    talk = session(windowed("ab"), speed=speed)
    talk.send([message("look up")], 0.0)
    talk.advance(100.0)
    a, b = calls_of(talk)
    [last] = talk.send([result(b, "B")], 101.0)
    assert last in talk.log and last["processed_at"]
    [first] = talk.send([result(a, "A")], 102.0)
    assert first in talk.log and first["processed_at"] > last["processed_at"]
    talk.advance(1000.0)
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}
    assert types(talk).count("user.custom_tool_result") == 2


def test_other_events_are_echoed_without_one():
    talk = session(asking("asks", "allow"))
    assert talk.send([message("clean up")], 0.0)[0]["processed_at"] is None
    (call,) = talk.calls.awaited
    assert talk.send([confirm(call)], 0.0)[0]["processed_at"] is None
    assert talk.send([INTERRUPT], 0.0)[0]["processed_at"] is None


@pytest.mark.rule(
    "an outcome is echoed with an `outcome_id` of the session's own, which its evaluations name",
    topic="sending",
    evidence="doc",
    source="docs: define outcomes",
)
def test_an_outcome_gets_its_id():
    ids = set()
    for number in "12":
        talk = session(graded("satisfied"), id=f"sesn_{number}")
        [echo] = talk.send([OUTCOME], 0.0)
        assert echo["outcome_id"].startswith("outc_01") and echo["processed_at"]
        spans = [event for event in talk.log if "outcome_evaluation" in event["type"]]
        assert [span["outcome_id"] for span in spans] == [echo["outcome_id"]] * 2
        ids.add(echo["outcome_id"])
    assert len(ids) == 2


@pytest.mark.rule(
    "a session shows how far the evaluation of each outcome has come",
    topic="sessions",
    evidence="doc",
    source="docs: define outcomes",
)
def test_the_states_of_an_outcome():
    call = Caller(graded("needs_revision", "satisfied"), speed=1.0)
    path = f"/sessions/{call.session(initial_events=[OUTCOME])['id']}"
    seen = []
    for call.now in (0.0, 2.5, 3.5, 5.5, 60.0):
        (shown,) = call.get(path)["outcome_evaluations"]
        seen.append((shown["result"], shown["iteration"], bool(shown["completed_at"])))
    assert seen == [
        ("running", 0, False), ("evaluating", 0, False), ("running", 1, False), ("evaluating", 1, False),
        ("satisfied", 1, True),
    ]  # fmt: skip
    assert (shown["description"], shown["explanation"]) == ("the tests pass", "satisfied, says the grader")
    assert shown["outcome_id"] == call.events(path)[0]["outcome_id"]


@pytest.mark.rule(
    "an interrupt ends an outcome as `interrupted`, also before an evaluation began: then it names no start",
    topic="sending",
    evidence="doc",
    source="docs: outcomes",
)
@pytest.mark.parametrize(("now", "begun"), [(0.5, False), (2.5, True)])
def test_an_interrupt_ends_the_outcome(now, begun):
    talk = session(graded("satisfied"), speed=1.0)
    talk.send([OUTCOME], 0.0)
    talk.advance(now)
    talk.send([INTERRUPT], now)
    (end,) = [event for event in talk.log if event["type"] == "span.outcome_evaluation_end"]
    starts = [event["id"] for event in talk.log if event["type"] == "span.outcome_evaluation_start"]
    assert end["result"] == "interrupted"
    assert end["outcome_evaluation_start_id"] == (starts[0] if begun else "")


@pytest.mark.rule(
    "a session works on one outcome at a time: another is 400 until the first has ended, by its evaluation "
    "or by an interrupt",
    topic="sending", evidence="doc", source="docs: outcomes",
    note="that one at a time is supported is documented; what a second one gets meanwhile isn't",
)  # fmt: skip
@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_one_outcome_at_a_time(speed):
    call = Caller(graded("satisfied"), speed=speed, strict=False)
    path = f"/sessions/{call.session()['id']}"
    told = "takes one at a time"
    assert told in call.post(f"{path}/events", {"events": [OUTCOME, OUTCOME]}, 400)
    assert call.get(path)["outcome_evaluations"] == []
    call.post(f"{path}/events", {"events": [OUTCOME]})
    assert told in call.post(f"{path}/events", {"events": [OUTCOME]}, 400)
    call.post(f"{path}/events", {"events": [INTERRUPT]})
    assert [one["result"] for one in call.get(path)["outcome_evaluations"]] == ["interrupted"]
    assert told not in call.post(f"{path}/events", {"events": [OUTCOME]}, 400)  # none is recorded


@pytest.mark.rule(
    "a `redacted` block that a client sends is 400", topic="sending", evidence="doc", source="docs: events"
)
def test_a_redacted_block_is_the_services_own():
    call = Caller(going())
    path = f"/sessions/{call.session()['id']}/events"
    sent = {"type": "user.message", "content": [{"type": "redacted"}]}
    assert "redacted" in call.post(path, {"events": [sent]}, 400)
    assert "redacted" in call.session(400, initial_events=[sent])


NOTE = {"type": "system.message", "content": [{"type": "text", "text": "be brief"}]}


def noted():
    script = Script("noted")
    script.message("go")
    script.event("system.message", content=NOTE["content"])
    script.say("ok")
    script.idle()
    return script


@pytest.mark.rule(
    "a system.message is the last event of its request, right behind a message or a tool result; models that "
    "don't take it: 400 model_does_not_support_mid_conversation_system",
    topic="sending",
    evidence="doc",
    source="docs: system messages",
)
def test_where_a_system_message_may_stand():
    script = noted()
    script.header = {"agent": {"name": "tester", "model": "claude-opus-5"}}
    call = Caller(script)
    agent = call.post("/agents", script.header["agent"])["id"]
    path = f"/sessions/{call.session(agent=agent)['id']}/events"
    for events in ([NOTE], [NOTE, *SAY_GO["events"]], [*SAY_GO["events"], NOTE, NOTE], [INTERRUPT, NOTE]):
        assert "system.message" in call.post(path, {"events": events}, 400)
    other = f"/sessions/{call.session()['id']}/events"
    assert "claude-sonnet-4-6" in call.post(other, {"events": [*SAY_GO["events"], NOTE]}, 400)
    call.post(path, {"events": [*SAY_GO["events"], NOTE]})
    assert "system.message" in [event["type"] for event in call.get(path)["data"]]


@pytest.mark.rule(
    "while calls wait for the client a system.message comes behind a tool result only (400)",
    topic="sending", evidence="doc", source="docs: events and streaming",
)  # fmt: skip
def test_a_system_message_to_a_parked_session():
    script = windowed("ab")
    script.message("more")
    script.idle()
    script.header = {"agent": {"name": "tester", "model": "claude-opus-5"}}
    call = Caller(script, assume="message-while-parked=queued")
    agent = call.post("/agents", script.header["agent"])["id"]
    path = f"/sessions/{call.session(agent=agent)['id']}"
    call.post(f"{path}/events", {"events": [message("look up")]})
    (waiting, *_) = [e["id"] for e in call.events(path) if e["type"] == "agent.custom_tool_use"]
    told = call.post(f"{path}/events", {"events": [message("more"), NOTE]}, 400)
    assert "system.message is taken behind a tool result" in told and waiting in told


@pytest.mark.rule(
    "a `deny_message` comes only with the result `deny` (400)",
    topic="sending", evidence="sdk", source="user_tool_confirmation_event_params.py",
)  # fmt: skip
def test_why_a_call_was_allowed_is_not_said():
    call = Caller(asking("one", "allow"))
    path = f"/sessions/{call.session()['id']}/events"
    call.post(path, {"events": [message("clean up")]})
    asked = next(event["id"] for event in call.get(path)["data"] if event["type"] == "agent.tool_use")
    allowed = {**confirm(asked), "deny_message": "no reason"}
    assert "events.0.deny_message" in call.post(path, {"events": [allowed]}, 400)
    call.post(path, {"events": [confirm(asked)]})


@pytest.mark.rule(
    "a user.tool_result is only for sessions of self-hosted environments (400)",
    topic="sending", evidence="sdk", source="beta_managed_agents_user_tool_result_event.py",
    note="the status isn't said",
)  # fmt: skip
def test_in_the_cloud_nobody_sends_the_results_of_built_in_tools():
    call = Caller(asking("one", "allow"))
    path = f"/sessions/{call.session()['id']}/events"
    call.post(path, {"events": [message("clean up")]})
    asked = next(event["id"] for event in call.get(path)["data"] if event["type"] == "agent.tool_use")
    sent = {"events": [{"type": "user.tool_result", "tool_use_id": asked}]}
    assert "only valid on self_hosted environments" in call.post(path, sent, 400)

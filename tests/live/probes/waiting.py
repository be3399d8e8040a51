"""Sessions that wait for the result of a custom tool. Each probe starts a turn."""

from __future__ import annotations

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run, message, result

MANY = "Where are the orders 1001, 1002, 1003, 1004, 1005, 1006, 1007 and 1008? Look all of them up at once."
ECHO = "Run exactly this with bash, once, and tell me what happened: echo hello"
DENIED = "Not on a Friday."


@probe(
    "a second answer to the same call is 400",
    rule="a second answer to the same call is 400; with",
    question="second-answer",
    cents=3,
)
def a_second_answer(run: Run) -> Finding:
    session_id, call = run.parked(3)
    run.send(session_id, result(call.id))
    got = reply(run.send, session_id, result(call.id, "It was lost."))
    return found(got.status == 400, got, answer="refused" if got.status == 400 else "accepted")


@probe(
    "a message while calls wait for the client is 400 and names them",
    rule="a message while calls wait for the client is 400 and names them; with",
    question="message-while-parked",
    cents=3,
)
def a_message_while_parked(run: Run) -> Finding:
    session_id, call = run.parked(3)
    got = reply(run.send, session_id, message("Never mind."))
    answer = "refused" if got.status == 400 else "queued"
    return found(got.status == 400 and call.id in got.message, got, answer=answer)


@probe(
    "an interrupt closes the calls that wait with an error result",
    question="interrupt-closes-calls",
    cents=3,
    rule="an interrupt leaves custom calls that wait",
)
def an_interrupt_while_parked(run: Run) -> Finding:
    session_id, call = run.parked(3)
    before = len(run.events(session_id))
    run.send(session_id, {"type": "user.interrupt"})
    run.next_idle(session_id, 1)
    after = run.events(session_id)[before:]
    results = [
        event
        for event in after
        if call.id in (getattr(event, "custom_tool_use_id", None), getattr(event, "tool_use_id", None))
    ]
    seen = f"{[event.type for event in after]}; {[event.to_dict() for event in results]}"
    return found(results, seen, answer="yes" if results else "no")


@probe(
    "the echo of a result has its `processed_at` at once",
    rule="results of tools and outcomes are processed as they are received",
    cents=3,
)
def the_echo_of_a_result(run: Run) -> Finding:
    session_id, call = run.parked(3)
    (echo,) = run.send(session_id, result(call.id)).data
    return found(echo.processed_at is not None, echo.processed_at)


@probe(
    "a custom-tool turn: call, idle trio with `requires_action`; result, running pair, answer, idle trio",
    rule="a custom-tool turn: call, idle trio",
    cents=3,
)
def a_custom_tool_turn(run: Run) -> Finding:
    session_id, call = run.parked(3)
    before = len(run.events(session_id))
    run.send(session_id, result(call.id))
    run.next_idle(session_id, 1)
    types = [event.type for event in run.events(session_id)][before:]
    begins = ["user.custom_tool_result", "session.status_running", "session.thread_status_running"]
    ends = ["session.thread_status_idle", "session.usage", "session.status_idle"]
    return found(types[:3] == begins and types[-3:] == ends, types)


@probe("a parked session can be archived", cents=3)
def archiving_a_parked_session(run: Run) -> Finding:
    session_id, _ = run.parked(3)
    run.settled(session_id)
    got = reply(run.once.beta.sessions.archive, session_id)
    return found(got.status == 200, got)


@probe(
    "a result that comes after the interrupt is refused",
    rule="a result that comes after the interrupt is refused",
    cents=3,
)
def a_result_after_the_interrupt(run: Run) -> Finding:
    session_id, call = run.parked(3)
    run.send(session_id, {"type": "user.interrupt"})
    run.next_idle(session_id, 1)
    got = reply(run.send, session_id, result(call.id))
    return found(got.status == 400, got)


@probe(
    "at most five of the calls that wait are named in an idle event",
    cents=4,
    rule="an idle event names at most five",
)
def more_than_five_calls(run: Run) -> Finding:
    session = run.session_for_a_turn(4, agent=run.caller.id)
    idle = run.turn(session.id, MANY)
    calls = [event for event in run.events(session.id) if event.type == "agent.custom_tool_use"]
    if len(calls) < 6:
        raise NotAsked(f"the agent made {len(calls)} calls at once")
    named = len(getattr(idle.stop_reason, "event_ids", []))
    return found(named == 5, f"{named} of {len(calls)} calls were named")


@probe("the result of a denied call has the `deny_message` in it", cents=4)
def a_denied_call(run: Run) -> Finding:
    asking = {"enabled": True, "permission_policy": {"type": "always_ask"}}
    agent = run.agent("asking", tools=[{"type": "agent_toolset_20260401", "default_config": asking}])
    session = run.session_for_a_turn(4, agent=agent.id)
    idle = run.turn(session.id, ECHO)
    waiting = getattr(idle.stop_reason, "event_ids", None)
    if not waiting:
        raise NotAsked(f"no call asked: the session stopped with {idle.stop_reason.type}")
    denial = {"type": "user.tool_confirmation", "result": "deny", "deny_message": DENIED}
    run.send(session.id, *({**denial, "tool_use_id": call} for call in waiting))
    run.next_idle(session.id, 1)
    results = [event for event in run.events(session.id) if event.type == "agent.tool_result"]
    texts = [block.text for event in results for block in event.content or () if block.type == "text"]
    return found(any(DENIED in text for text in texts), texts)

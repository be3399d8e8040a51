"""Threads: the one that every session has, and what each has used."""

from __future__ import annotations

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run

ASK_THE_HELPER = "Ask the helper to say hello in one word, wait for its answer, and repeat it."


@probe(
    "a new session has one thread: idle, without a parent, without a usage",
    rule="every session has one primary thread",
)
def the_primary_thread(run: Run) -> Finding:
    threads = list(run.client.beta.sessions.threads.list(run.session().id))
    seen = [(thread.status, thread.parent_thread_id, thread.usage) for thread in threads]
    return found(seen == [("idle", None, None)], seen)


@probe("the primary thread can't be archived: 400", rule="an idle child can be archived")
def archiving_the_primary_thread(run: Run) -> Finding:
    session = run.session()
    (thread,) = run.client.beta.sessions.threads.list(session.id)
    got = reply(run.once.beta.sessions.threads.archive, thread.id, session_id=session.id)
    return found(got.status == 400, got)


@probe("an interrupt that names a thread which isn't there is 404")
def an_interrupt_of_an_unknown_thread(run: Run) -> Finding:
    wanted = {"type": "user.interrupt", "session_thread_id": "sthr_01AAAAAAAAAAAAAAAAAAAAAA"}
    got = reply(run.send, run.session().id, wanted)
    return found(got.status == 404, got)


@probe(
    "each thread has the usage of its own model requests, and the session's has all of it",
    rule="each thread has the usage of its own model requests",
    cents=10,
)
def the_usage_of_threads(run: Run) -> Finding:
    helper = run.agent("helper", system="You say what you are asked to say, and nothing else.")
    roster = {"type": "coordinator", "agents": [helper.id]}
    session = run.session_for_a_turn(10, agent=run.agent("leader", multiagent=roster).id)
    run.turn(session.id, ASK_THE_HELPER)
    threads = list(run.client.beta.sessions.threads.list(session.id))
    if len(threads) < 2:
        raise NotAsked("the agent asked nobody")
    spent = [thread.usage.output_tokens or 0 if thread.usage else 0 for thread in threads]
    whole = run.client.beta.sessions.retrieve(session.id).usage.output_tokens
    return found(all(spent) and sum(spent) == whole, f"output tokens {spent}, of the session {whole}")

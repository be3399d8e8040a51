"""What each thread of a session has used, and what the session has with all of them."""

import functools

import pytest

from tests.kit.calling import AGENT, SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT
from utilities.replay.ids import later

rule = functools.partial(pytest.mark.rule, topic="threads")

END = {"type": "end_turn"}
ADVISOR = "anthropic.advisor"


def used(*counts):
    keys = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return dict(zip(keys, counts, strict=True))


def consulting(name, *, at_once=True, steps=True):
    """A turn in which the session's own thread asks another one, which makes one model request."""
    script = Script("consulting")
    script.message("go")
    names = {"session_thread_id": "sthr_other", "agent_name": name}
    script.event("span.model_request_end", model_request_start_id="a", model_usage=used(1, 2, 3, 4))
    script.event("session.thread_created", **names)
    script.event("session.thread_status_running", **names)
    own = {
        "id": "sevt_of_the_child",
        "type": "span.model_request_end",
        "model_request_start_id": "b",
        "model_usage": used(10, 200_000, 30, 40),
        "processed_at": later(script.now, 1.0),
    }
    script.event("session.thread_status_idle", after=2.0, **names, stop_reason=END)
    if not at_once:
        script.event("agent.message", after=5.0, content=[{"type": "text", "text": "thinking"}])
    script.event("span.model_request_end", model_request_start_id="c", model_usage=used(5, 6, 7, 8))
    script.idle()
    script.events[-2]["usage"] |= {**used(16, 200_008, 40, 0), "active_seconds": 2.0}
    if steps:
        script.header["threads"] = {"sthr_other": [own]}
    return script


def threads_of(call, **fields):
    agent = call.post("/agents", {**AGENT, **fields})
    path = f"/sessions/{call.session(agent=agent['id'])['id']}"
    before = call.get(f"{path}/threads")["data"]
    call.post(f"{path}/events", SAY_GO)
    call.events(path)
    assert [thread["usage"] for thread in before] == [None]
    return path, call.get(f"{path}/threads")["data"]


@rule(
    "each thread has the usage of its own model requests, from its first idle on; the session's has all",
    evidence="sdk", source="docs: multi-agent orchestration",
    note="that the session's totals have an advisor's tokens is documented",
)  # fmt: skip
def test_each_thread_has_its_own_usage():
    call = Caller(consulting("helper"))
    path, (primary, child) = threads_of(call)
    counted = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    assert [primary["usage"][key] for key in counted] == [6, 8, 10]
    assert [child["usage"][key] for key in counted] == [10, 200_000, 30]
    assert child["usage"]["cache_creation"] == {
        "ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 0,
    }  # fmt: skip
    whole = call.get(path)["usage"]
    assert [primary["usage"][key] + child["usage"][key] for key in counted] == [whole[key] for key in counted]
    assert [thread["usage"]["list_cost"]["amount"] for thread in (primary, child)] == ["0", "300"]
    for thread in (primary, child):
        assert thread["usage"]["active_seconds"] == thread["stats"]["active_seconds"]


@rule(
    "a session's `stats.active_seconds` sums its threads' up, its usage counts the time once", evidence="doc",
    source="docs: events and streaming",
)  # fmt: skip
def test_a_sessions_stats_sum_its_threads_up():
    call = Caller(consulting("helper"))
    path, threads = threads_of(call)
    session = call.get(path)
    assert session["usage"]["active_seconds"] == 2.0
    assert session["stats"]["active_seconds"] == pytest.approx(
        sum(thread["stats"]["active_seconds"] for thread in threads)
    )
    assert session["stats"]["active_seconds"] > 4.0


def test_of_a_thread_whose_requests_nobody_recorded_only_the_time_is_known():
    _, (_, child) = threads_of(Caller(consulting("helper", steps=False)))
    assert child["usage"] == {"active_seconds": child["stats"]["active_seconds"]}


@rule("a thread's list cost doesn't have the price of the running time", evidence="sdk")
def test_a_threads_cost_is_without_the_running_time():
    script = Script()
    script.message("go")
    script.idle()
    script.events[-2]["usage"] |= {
        "active_seconds": 3600.0,
        "list_cost": {"amount": "10", "currency": "USD"},
    }
    path, (thread,) = threads_of(Caller(script))
    assert thread["usage"]["list_cost"]["amount"] == "2"


@pytest.mark.parametrize(
    "multiagent",
    [
        {"type": "coordinator", "agents": [{"type": "advisor", "model": "claude-opus-5"}]},
        {"type": "multiagent_20261001", "advisor": {"type": "enabled", "model": "claude-opus-5"}},
    ],
)
@rule(
    "an advisor's thread shows it as configured, `{type: advisor, model}`, and what it has used",
    evidence="doc", source="docs: multi-agent orchestration",
)  # fmt: skip
def test_an_advisors_thread_says_whose_it_is(multiagent):
    call = Caller(consulting(ADVISOR))
    path, (primary, child) = threads_of(call, multiagent=multiagent)
    assert child["agent"] == {"type": "advisor", "model": "claude-opus-5"}
    assert child["parent_thread_id"] == primary["id"]
    assert child["usage"]["output_tokens"] == 200_000
    assert child["usage"]["list_cost"]["amount"] == "500"  # at the advisor model's price
    assert call.post(f"{path}/threads/{child['id']}/archive")["status"] == "terminated"


@rule("a usage that no recording has counts the children's model requests too", evidence="doc",
      source="docs: multi-agent orchestration")  # fmt: skip
def test_the_usage_of_an_interrupted_turn_has_the_children():
    call = Caller(consulting("helper", at_once=False), speed=1.0)
    path = f"/sessions/{call.session()['id']}"
    call.post(f"{path}/events", SAY_GO)
    call.now = 3.0
    call.post(f"{path}/events", {"events": [INTERRUPT]})
    (usage,) = [event["usage"] for event in call.events(path) if event["type"] == "session.usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (11, 200_002)

"""Budgets: when a session stops, in which order it says so, and how it goes on; and what waits in line."""

import json
from decimal import Decimal

import pytest

from tests.kit.budgets import cents, costly, ended, request
from tests.kit.calling import Caller, new_session, serving, strict
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT, message
from utilities import stream_until_end_turn
from utilities.replay.http.requests import Request
from utilities.replay.session.budgets import costs

RUNNING = ["session.status_running", "session.thread_status_running"]
STOPPED = ["session.thread_status_idle", "session.usage", "session.status_idle"]


def say(text):
    return {"events": [message(text)]}


class Spender:
    """One session with a budget, without a socket."""

    def __init__(self, amount=None, script=None, **options):
        self.call = Caller(script or costly(), **options)
        fields = {} if amount is None else {"budget": cents(amount)}
        self.path = f"/sessions/{self.call.session(**fields)['id']}"

    def send(self, text, status=200):
        return self.call.post(f"{self.path}/events", say(text), status)

    def update(self, status=200, **fields):
        return self.call.post(self.path, fields, status)

    def events(self):
        return self.call.get(f"{self.path}/events", limit="1000")["data"]

    def types(self, start=0):
        return [event["type"] for event in self.events()[start:]]

    def session(self):
        return self.call.get(self.path)

    def said(self):
        return [e["content"][0]["text"] for e in self.events() if e["type"] == "agent.message"]


# -- what it has cost ----------------------------------------------------------------------------------


@pytest.mark.rule(
    "what a turn has cost before its end is estimated from the tokens of its model requests",
    topic="sessions",
    evidence="ours",
)
def test_the_cost_of_a_turn_is_spread_over_its_requests_by_their_tokens():
    events = costly().events
    before = costs(events)
    starts = [i for i, event in enumerate(events) if event["type"] == "span.model_request_start"]
    assert [before[i] for i in starts] == [0, 3, 6, 10]
    assert (len(before), before[-1]) == (len(events) + 1, 20)
    assert all(a <= b for a, b in zip(before, before[1:], strict=False))


def used(tokens, amount, seconds=0.0):
    """One request with so many tokens of output, and the cost that was reported after it."""
    script = Script()
    script.event("span.model_request_end", model_usage={"input_tokens": 0, "output_tokens": tokens})
    cost = {"amount": amount, "currency": "USD"}
    script.event("session.usage", usage={"list_cost": cost, "active_seconds": seconds}, budget=None)
    return script.events


@pytest.mark.rule(
    "`list_cost` is reported in whole cents, rounded; compared with the budget is the exact cost",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
@pytest.mark.parametrize(
    ("tokens", "reported", "exact"),
    [
        (1000, "2", "1.5"),  # 15 USD for a million tokens of output
        (1000, "1", "1.5"),
        (1200, "2", "1.8"),
        (1000, "3", "3"),  # something else was paid as well: nobody can tell what
    ],
)
def test_a_reported_cost_is_rounded_and_the_tokens_tell_the_exact_one(tokens, reported, exact):
    events = used(tokens, reported)
    assert costs(events, "claude-sonnet-4-6")[-1] == Decimal(exact)
    assert costs(events, {"id": "claude-sonnet-4-6"})[-1] == Decimal(exact)
    assert costs(events, "claude-of-next-year")[-1] == costs(events)[-1] == Decimal(reported)


def test_running_costs_too():
    assert costs(used(0, "8", seconds=3600.0), "claude-sonnet-4-6")[-1] == 8


# -- the stop [sdk: no new model request once the tracked list cost reaches it; seen: the order] ---


@pytest.mark.parametrize(
    ("amount", "requests", "reported"), [(1, 1, "3"), (3, 1, "3"), (4, 2, "6"), (6, 2, "6"), (7, 3, "10")]
)
@pytest.mark.rule(
    "at its budget a session begins no further model request; the one that crosses it is finished",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
@pytest.mark.rule(
    "the idle event of a used-up budget says budget_reached, after the threads' and the usage",
    topic="order",
    evidence="doc",
    source="docs: session budgets",
)
def test_the_request_that_crosses_the_budget_is_finished_and_no_other_begun(amount, requests, reported):
    one = Spender(amount)
    one.send("go")
    types = one.types()
    assert types.count("span.model_request_start") == types.count("span.model_request_end") == requests
    usage = [event for event in one.events() if event["type"] == "session.usage"][-1]
    assert usage["usage"]["list_cost"] == {"amount": reported, "currency": "USD"}
    assert usage["budget"] == cents(amount)
    last = one.events()[-1]["stop_reason"]
    assert last == {"type": "budget_reached"}
    assert types[-3:] == STOPPED


@pytest.mark.rule(
    "a session that has reached its budget is idle, not terminated",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_the_session_is_idle_and_shows_what_it_has_used():
    one = Spender(4)
    one.send("go")
    while (session := one.session())["status"] != "idle":
        pass
    assert session["budget"] == cents(4)
    assert session["usage"]["list_cost"]["amount"] == "6"
    assert session["usage"]["output_tokens"] == 600
    assert session["usage"]["active_seconds"] > 0
    assert [e["stop_reason"]["type"] for e in one.events() if "stop_reason" in e] == ["budget_reached"] * 2


@pytest.mark.rule(
    "a last request that crosses the budget and ends the turn: the thread says end_turn, the session "
    "budget_reached",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_a_turn_that_ends_on_the_budget_has_ended_and_the_session_has_no_more_money():
    one = Spender(10)
    one.send("go")
    assert [e["stop_reason"]["type"] for e in one.events() if "stop_reason" in e] == [
        "end_turn",
        "budget_reached",
    ]
    assert one.said() == ["looking", "done"]
    over = len(one.events())
    one.send("more", 400)
    one.update(budget=None)
    assert one.types(over) == ["session.updated"]  # there is nothing that could go on
    one.send("more")
    assert one.said()[-1] == "more done"


def test_a_recording_without_prices_reaches_no_budget():
    script = costly()
    for event in script.events:
        if event["type"] == "session.usage":
            del event["usage"]["list_cost"]
    one = Spender(1, script)
    one.send("go")
    assert one.events()[-1]["stop_reason"]["type"] == "end_turn"


def test_without_a_budget_or_below_it_nothing_stops():
    for amount in (None, 21):
        one = Spender(amount)
        for text in ("go", "more"):
            one.send(text)
            assert one.events()[-1]["stop_reason"]["type"] == "end_turn"


@pytest.mark.rule(
    "a result that comes when the budget is reached is taken: the running pair, then the idle pair at once",
    topic="order",
    evidence="seen",
    source="event_shapes.json, trace A",
)
def test_a_result_that_comes_when_the_budget_is_reached():
    """The one order that was seen: the result, the running pair, and at once the idle pair."""
    one = Spender(2, asking_for_three_cents())
    one.send("go")
    begun = len(one.events())
    asked = one.events()[-1]["stop_reason"]["event_ids"]
    result = {"type": "user.custom_tool_result", "custom_tool_use_id": asked[0]}
    result["content"] = [{"type": "text", "text": "A"}]
    one.call.post(f"{one.path}/events", {"events": [result]})
    assert one.types(begun) == ["user.custom_tool_result", *RUNNING, *STOPPED]
    one.update(budget=cents(4))
    assert one.said() == ["done"]


# -- going on [doc: changing or removing the budget resumes the work by itself] ---


@pytest.mark.parametrize("budget", [cents(100), None])
@pytest.mark.rule(
    "raising or removing the budget resumes the paused turn by itself",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_raising_or_removing_the_budget_resumes_the_turn_where_it_stopped(budget):
    one = Spender(4)
    one.send("go")
    stopped = len(one.events())
    assert one.update(budget=budget)["budget"] == budget
    tail = one.events()[stopped:]
    assert [e["type"] for e in tail][:4] == ["session.updated", *RUNNING, "span.model_request_start"]
    assert tail[0]["budget"] == budget
    assert tail[-1]["stop_reason"]["type"] == "end_turn"
    assert tail[-2]["budget"] == budget
    assert one.said() == ["looking", "done"]
    one.send("more")
    assert one.said()[-1] == "more done"


def test_a_raise_that_is_not_enough_buys_one_request():
    one = Spender(1)
    one.send("go")
    for amount, requests in ((4, 2), (7, 3)):
        one.update(budget=cents(amount))
        assert one.types().count("span.model_request_start") == requests
    assert one.said() == ["looking", "done"]


OUTCOME = {
    "type": "user.define_outcome",
    "description": "mended",
    "rubric": {"type": "text", "content": "it works"},
}


@pytest.mark.rule(
    "at its budget a session takes only user.tool_confirmation, user.tool_result, user.custom_tool_result, "
    "user.interrupt: what starts work is 400 and names these four",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
@pytest.mark.parametrize("sent", [message("please go on"), OUTCOME])
def test_a_session_at_its_budget_takes_nothing_that_starts_work(sent):
    one = Spender(4)
    one.send("go")
    before = one.events()
    said = one.call.post(f"{one.path}/events", {"events": [INTERRUPT, sent]}, 400)
    for taken in ("tool_confirmation", "tool_result", "custom_tool_result", "interrupt"):
        assert f"user.{taken}" in said
    assert one.events() == before
    one.update(budget=None)
    assert one.said() == ["looking", "done"]


@pytest.mark.rule(
    "an interrupt to a session that its budget has paused is accepted, not listed, and changes nothing",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_an_interrupt_changes_nothing_at_the_budget():
    one = Spender(4)
    one.send("go")
    before = one.events()
    (accepted,) = one.call.post(f"{one.path}/events", {"events": [INTERRUPT]})["data"]
    assert accepted["id"].startswith("sevt_") and accepted["type"] == "user.interrupt"
    assert one.events() == before
    one.update(budget=cents(100))
    assert one.said() == ["looking", "done"]


def asking_for_three_cents():
    """The agent asks its client, after a request for three cents."""
    script = Script("asking")
    script.message("go")
    start = script.event("span.model_request_start")
    call = script.custom("lookup", key="a")
    usage = {"input_tokens": 0, "output_tokens": 100}
    script.event("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=usage)
    script.idle("requires_action", [call])
    script.events[-2]["usage"]["list_cost"]["amount"] = "3"
    script.custom_result(call, "A")
    script.running()
    request(script, 100, text="done")
    ended(script, "6", 200)
    return script


@pytest.mark.rule(
    "calls that wait for the client outrank a used-up budget in what the session says",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_a_call_that_waits_outranks_the_budget():
    one = Spender(2, asking_for_three_cents())
    one.send("go")
    assert one.events()[-1]["stop_reason"]["type"] == "requires_action"
    assert "budget" in one.send("something else", 400)


def test_at_its_own_pace_the_stop_comes_when_the_next_request_would():
    one = Spender(1, speed=1.0)
    one.send("go")
    session = one.call.api.sessions.plays[one.path.split("/")[-1]]
    assert session.advance(1.5) == pytest.approx(2.0, abs=0.01)
    one.call.now = 3.5
    assert one.events()[-1]["stop_reason"]["type"] == "budget_reached"
    one.call.now = 1000.0
    one.update(budget=None)
    assert one.types()[-1] == "span.model_request_start"  # the pause was not the agent's time
    one.call.now = 1010.0
    assert one.said() == ["looking", "done"]


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["", "0", "-5", "05", "25.00", "1e3", "many", "٣"])
@pytest.mark.rule(
    "a budget is whole cents and more than none, as a text without leading zeros",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_a_budget_is_whole_cents_and_more_than_none(amount):
    assert "budget.max_list_cost.amount" in Caller(costly()).session(400, budget=cents(amount))
    assert "budget.max_list_cost.amount" in Spender(5).update(400, budget=cents(amount))


def test_a_budget_is_in_us_dollars():
    euros = {"type": "limit", "max_list_cost": {"amount": "5", "currency": "EUR"}}
    assert "budget.max_list_cost.currency" in Caller(costly()).session(400, budget=euros)


def error(spender, **fields):
    request = Request("POST", f"/v1{spender.path}", body=json.dumps(fields).encode())
    answer = spender.call.api.handle(request, 0.0)
    return answer.status, answer.content["error"]["details"]["error_code"]


@pytest.mark.rule(
    "a budget can't be added later, nor after it was removed: 400 budget_create_only",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_a_budget_comes_at_creation_or_never():
    bare, removed = Spender(), Spender(5)
    removed.update(budget=None)
    for one in (bare, removed):
        assert error(one, budget=cents(100)) == (400, "budget_create_only")
    bare.update(budget=None)


@pytest.mark.parametrize(("amount", "status"), [(1, 400), (6, 400), (7, 200)])
@pytest.mark.rule(
    "a budget at or below what is used is refused: 400 budget_not_raised",
    topic="sessions",
    evidence="doc",
    source="docs: session budgets",
)
def test_a_new_budget_must_be_above_what_is_used(amount, status):
    one = Spender(4)
    one.send("go")
    before = one.events()
    if status == 200:
        one.update(budget=cents(amount))
        return
    assert error(one, budget=cents(amount)) == (400, "budget_not_raised")
    said = "budget.max_list_cost must be greater than the session's consumed list cost"
    assert said in one.update(400, budget=cents(amount))
    assert one.events() == before
    assert one.session()["budget"] == cents(4)


def test_lowering_it_while_nothing_is_used_is_fine():
    one = Spender(100)
    one.update(budget=cents(1))
    one.send("go")
    assert one.events()[-1]["stop_reason"]["type"] == "budget_reached"


@pytest.mark.rule(
    "the budget of a terminated session can't be changed",
    topic="sessions",
    evidence="sdk",
    source="anthropic/types/beta/session_update_params.py",
)
def test_a_terminated_session_has_no_budget_to_change():
    one = Spender(5)
    one.call.post(f"{one.path}/archive")
    assert "terminated" in one.update(400, budget=cents(9))


@pytest.mark.rule(
    "an update is an event, session.updated, with what has changed; one that changes nothing is none",
    topic="sessions",
    evidence="doc",
    source="docs: reference",
)
def test_an_update_that_changes_nothing_is_no_event():
    one = Spender(5)
    one.update(budget=cents(5), title=None, metadata={})
    assert one.events() == []
    one.update(title="t", metadata={"a": "b"})
    (event,) = one.events()
    assert {k: event[k] for k in event if k not in ("id", "processed_at")} == {
        "type": "session.updated", "title": "t", "metadata": {"a": "b"},
    }  # fmt: skip


# -- the real client -----------------------------------------------------------------------------------------


def test_the_helper_tells_a_used_up_budget_from_an_end():
    with serving(costly()) as server:
        client = strict(server)
        session = new_session(client, budget=cents(4))
        result = stream_until_end_turn(client, session, "go", timeout=10)
        assert (result.outcome, result.text) == ("budget_reached", "looking")
        assert result.usage.list_cost.amount == "6"
        updated = client.beta.sessions.update(session, budget=None)
        assert updated.budget is None
        result = stream_until_end_turn(client, session, timeout=10)
        assert (result.outcome, result.text) == ("end_turn", "done")  # what came since
        assert "session.updated" in [e.type for e in client.beta.sessions.events.list(session)]


# -- what waits in line: initial events, and messages sent while the agent is busy -----


def test_what_waits_behind_a_stopped_turn_is_taken_up_when_the_money_is_there():
    one = Spender(4, speed=1.0)
    one.send("go")
    one.call.now = 0.5
    one.send("more")
    one.call.now = 50.0
    assert (one.events()[-1]["processed_at"], one.events()[-2]["type"]) == (None, "session.status_idle")
    one.update(budget=None)
    for one.call.now in (100.0, 150.0):
        said = one.said()
    assert said == ["looking", "done", "more done"]


@pytest.mark.rule("what a stopped turn had not used yet is not charged", topic="sessions", evidence="ours")
def test_an_interrupt_does_not_charge_what_was_not_played():
    """The first turn would cost 10 cents and is stopped at once; the second costs 10."""
    spender = Spender(11, speed=1.0)
    spender.send("go")
    spender.call.now += 0.5
    spender.call.post(f"{spender.path}/events", {"events": [INTERRUPT]})
    spender.send("more")
    spender.call.now += 60.0
    last = spender.call.get(f"{spender.path}/events")["data"][-1]
    assert last["stop_reason"] == {"type": "end_turn"}

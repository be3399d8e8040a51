"""Sessions without a turn: their life, their events, what is refused."""

from __future__ import annotations

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run, message, result

# Where the service is expected to refuse what would start a turn: if it doesn't, this is the most it costs.
ONE_CENT = {"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}}
MANY = 101  # one more than what a page of events was long taken for


@probe("a new session is idle", rule="a new session is idle")
def a_new_session(run: Run) -> Finding:
    session = run.session()
    return found(session.status == "idle", session.status)


@probe("archive emits `session.status_terminated`", rule="archive adds `session.status_terminated`")
def the_events_of_archive(run: Run) -> Finding:
    session = run.session()
    run.client.beta.sessions.archive(session.id)
    types = [event.type for event in run.events(session.id)]
    return found("session.status_terminated" in types, types)


@probe("archiving a session again changes nothing")
def archiving_a_session_twice(run: Run) -> Finding:
    session = run.session()
    first = run.client.beta.sessions.archive(session.id)
    got = reply(run.once.beta.sessions.archive, session.id)
    return found(got.status == 200 and got.result.archived_at == first.archived_at, got)


@probe(
    "an event for an archived session is 409",
    rule="an event for an archived session is 409",
    question="archived-session",
)
def an_event_for_an_archived_session(run: Run) -> Finding:
    session = run.session(budget=ONE_CENT)
    run.client.beta.sessions.archive(session.id)
    got = reply(run.send, session.id, message("hello"))
    return found(got.status == 409, got, answer=str(got.status))


@probe(
    "an interrupt with nothing to stop is noted in the log and does no more",
    rule="an interrupt with nothing to stop",
)
def an_interrupt_of_an_idle_session(run: Run) -> Finding:
    session = run.session()
    got = reply(run.send, session.id, {"type": "user.interrupt"})
    types = [event.type for event in run.events(session.id)]
    return found(got.status == 200 and types == ["user.interrupt"], f"{got}; then {types}")


@probe(
    'an answer to an unknown call is 400 `tool_use_id "…" does not match any custom_tool_use event…`',
    rule="an answer to an unknown call is 400",
)
def an_answer_to_an_unknown_call(run: Run) -> Finding:
    session = run.session()
    got = reply(run.send, session.id, result("sevt_01AAAAAAAAAAAAAAAAAAAAAA"))
    return found(got.status == 400 and "does not match any" in got.message, got)


@probe(
    "the events of one request are taken all or none", rule="the events of one request are taken all or none"
)
def all_events_or_none(run: Run) -> Finding:
    session = run.session()
    got = reply(run.send, session.id, {"type": "user.interrupt"}, result("sevt_01AAAAAAAAAAAAAAAAAAAAAA"))
    types = [event.type for event in run.events(session.id)]
    return found(got.status == 400 and not types, f"{got}; then {types}")


@probe("a block `redacted` from a client is 400", rule="a `redacted` block that a client sends")
def a_redacted_block(run: Run) -> Finding:
    session = run.session(budget=ONE_CENT)
    got = reply(run.send, session.id, {"type": "user.message", "content": [{"type": "redacted"}]})
    return found(got.status == 400, got)


@probe(
    "51 `initial_events` are 400, and no session is made",
    rule="`initial_events` are sent as the session is created",
)
def too_many_initial_events(run: Run) -> Finding:
    fifty_one = [message("hello")] * 51
    got = reply(run.once.beta.sessions.create, **run.wanted, budget=ONE_CENT, initial_events=fifty_one)
    return found(got.status == 400, got)


@probe("`vault_ids` can't be changed: 400", rule="`vault_ids` can't be changed")
def changed_vault_ids(run: Run) -> Finding:
    got = reply(run.once.beta.sessions.update, run.session().id, vault_ids=[])
    return found(got.status == 400, got)


@probe("a budget can't be added later: 400 `budget_create_only`", rule="a budget can't be added later")
def a_budget_added_later(run: Run) -> Finding:
    got = reply(run.once.beta.sessions.update, run.session().id, budget=ONE_CENT)
    return found(got.status == 400, got)


@probe("a budget that is no whole number of cents above none is 400", rule="a budget is whole cents")
def amounts_of_a_budget(run: Run) -> Finding:
    got = {}
    for amount in ("0", "1.5", "01", "-1"):
        limit = {"type": "limit", "max_list_cost": {"amount": amount, "currency": "USD"}}
        got[amount] = reply(run.once.beta.sessions.create, **run.wanted, budget=limit)
    seen = "; ".join(f"{amount}: {one}" for amount, one in got.items())
    return found(all(one.status == 400 for one in got.values()), seen)


@probe("an update that changes nothing is no event", rule="one that changes nothing is none")
def an_update_that_changes_nothing(run: Run) -> Finding:
    session = run.session(title="same")
    run.client.beta.sessions.update(session.id, title="same")
    types = [event.type for event in run.events(session.id)]
    return found(not types, types)


@probe(
    "a page of a session's events has 1,000, if no limit is given",
    question="events-page",
    rule="a page of events has 1,000",
)
def the_default_page_of_events(run: Run) -> Finding:
    session = run.session(title="0")
    for number in range(MANY):
        run.client.beta.sessions.update(session.id, title=str(number + 1))
    page = run.client.beta.sessions.events.list(session.id)
    came = len(page.data)
    return found(came == MANY, f"{came} of {MANY} came", answer="1000" if came == MANY else str(came))


@probe("a limit of 1,001 events is 400", rule="a list's `limit` is at most")
def a_limit_of_events(run: Run) -> Finding:
    got = reply(run.once.beta.sessions.events.list, run.session().id, limit=1001)
    return found(got.status == 400, got)


@probe("the events of a session that is not there are 404")
def an_unknown_session(run: Run) -> Finding:
    got = reply(run.once.beta.sessions.events.list, "sesn_01AAAAAAAAAAAAAAAAAAAAAA")
    return found(got.status == 404, got)

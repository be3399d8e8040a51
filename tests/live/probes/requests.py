"""Headers, errors and pages."""

from __future__ import annotations

from anthropic import Omit

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run

MANAGED = "managed-agents-2026-04-01"
MEMORY = "agent-memory-2026-07-22"


@probe("without `anthropic-version` a request is 400", rule="without `anthropic-version`")
def no_version(run: Run) -> Finding:
    got = reply(run.once.beta.agents.list, limit=1, extra_headers={"anthropic-version": Omit()})
    return found(got.status == 400, got)


@probe(
    "without a managed-agents beta the routes are 404",
    rule="without the header `anthropic-beta: managed-agents",
)
def no_beta(run: Run) -> Finding:
    got = reply(run.once.beta.agents.list, limit=1, extra_headers={"anthropic-beta": Omit()})
    return found(got.status == 404, got)


@probe("an unknown beta is 400, and named", rule="a beta that there isn't is 400")
def an_unknown_beta(run: Run) -> Finding:
    got = reply(run.once.beta.agents.list, limit=1, betas=["no-such-beta-2020-01-01"])
    return found(got.status == 400 and "no-such-beta-2020-01-01" in got.message, got)


@probe("both memory betas together are 400", rule="routes of memory stores take")
def both_memory_betas(run: Run) -> Finding:
    both = {"anthropic-beta": f"{MANAGED},{MEMORY}"}
    got = reply(run.once.beta.memory_stores.list, limit=1, extra_headers=both)
    return found(got.status == 400, got)


@probe(
    "`files.list(scope_id=…)` without the managed-agents beta is 400",
    question="files-by-session",
    rule="`files.list(scope_id=…)` without the beta",
)
def scope_id_without_the_beta(run: Run) -> Finding:
    session = run.session()
    got = reply(run.once.beta.files.list, scope_id=session.id)
    listed = f"{got}, {len(got.result.data)} files listed" if got.status == 200 else got
    return found(got.status == 400, listed, answer="beta-needed" if got.status == 400 else "taken")


@probe("`files.list(scope_id=…)` with the managed-agents beta lists the session's files")
def scope_id_with_the_beta(run: Run) -> Finding:
    session = run.session()
    got = reply(run.once.beta.files.list, scope_id=session.id, betas=[MANAGED])
    return found(got.status == 200 and not got.result.data, got)


@probe("what is not there is 404 `not_found_error`, with the request's id", rule="an error is `{type: error")
def not_found(run: Run) -> Finding:
    got = reply(run.once.beta.agents.retrieve, "agent_01AAAAAAAAAAAAAAAAAAAAAA")
    identified = bool(got.error and got.error.request_id)
    return found((got.status, got.type, identified) == (404, "not_found_error", True), got)


@probe("a cursor used with another `order` is 400", rule="a cursor that was made with another")
def a_cursor_with_another_order(run: Run) -> Finding:
    run.session(), run.session()
    page = run.client.beta.sessions.list(limit=1, order="desc").next_page
    if page is None:
        raise NotAsked("two sessions made no second page")
    got = reply(run.once.beta.sessions.list, limit=1, order="asc", page=page)
    return found(got.status == 400, got)


@probe("a page of sessions has a `prev_page` from the second on", rule="have `prev_page` too")
def prev_page(run: Run) -> Finding:
    run.session(), run.session()
    first = run.client.beta.sessions.list(limit=1)
    second = first.get_next_page()
    seen = f"first {first.prev_page!r}, second {second.prev_page!r}"
    return found(first.prev_page is None and second.prev_page, seen)


@probe("a body of more than 32 MB is 413 `request_too_large`", rule="a body of more than 32 MB is 413")
def a_body_that_is_too_large(run: Run) -> Finding:
    large = "x" * (33 * 1024 * 1024)
    wanted = {"name": run.name("large"), "model": run.model, "metadata": run.marks}
    got = reply(run.once.beta.agents.create, **wanted, system=large)
    return found((got.status, got.type) == (413, "request_too_large"), got)


@probe("a key is taken as `x-api-key` too", rule="a key comes as `Authorization: Bearer`")
def the_key_as_x_api_key(run: Run) -> Finding:
    headers = {"Authorization": Omit(), "x-api-key": str(run.client.api_key)}
    got = reply(run.once.beta.agents.list, limit=1, extra_headers=headers)
    return found(got.status == 200, got)


@probe(
    "answers have `anthropic-organization-id` and `anthropic-workspace-id`",
    rule="answers have `anthropic-organization-id`",
)
def whose_key_it_is(run: Run) -> Finding:
    answer = run.client.beta.agents.with_raw_response.list(limit=1)
    there = [name for name in answer.headers if name.lower().startswith("anthropic-")]
    wanted = {"anthropic-organization-id", "anthropic-workspace-id"}
    return found(wanted <= set(map(str.lower, there)), sorted(there))  # names only: whose it is isn't kept


@probe(
    "`dreams` need the beta `dreaming-2026-04-21`; without it the route is 404",
    rule="routes of dreams need the beta",
)
def dreams_without_their_beta(run: Run) -> Finding:
    got = reply(run.once.beta.dreams.list, limit=1, extra_headers={"anthropic-beta": MANAGED})
    return found(got.status == 404, got)

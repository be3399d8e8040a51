"""What a session can't be made with: overrides that don't fit, initial events, a budget without a price."""

import functools

import pytest
from anthropic import BadRequestError

from tests.kit.calling import AGENT, SAY_GO, Caller, serving, strict
from tests.kit.recordings import Script
from tests.kit.scripts import going
from utilities.replay.http.requests import Form, Upload

rule = functools.partial(pytest.mark.rule, topic="sessions")

TOOLSET = {"type": "agent_toolset_20260401"}
SERVER = {"type": "url", "name": "docs", "url": "https://mcp.example.com"}
MCP = {"type": "mcp_toolset", "mcp_server_name": "docs"}
SKILL = {"type": "anthropic", "skill_id": "xlsx"}
FULL = {**AGENT, "tools": [TOOLSET, MCP], "mcp_servers": [SERVER], "skills": [SKILL], "system": "brief"}
OUTCOME = {"type": "user.define_outcome", "description": "d", "rubric": {"type": "text", "content": "r"}}
BUDGET = {"type": "limit", "max_list_cost": {"amount": "100", "currency": "USD"}}


@pytest.fixture
def override(call):
    """Makes a session of an agent that has everything, with these overrides."""
    agent = call.post("/agents", FULL)["id"]
    return lambda status=200, **fields: call.session(
        status, agent={"type": "agent_with_overrides", "id": agent, **fields}
    )


@rule("an override of the model with null is 400 `agent_model_required`", evidence="doc")
def test_a_session_always_has_a_model():
    with serving() as server, strict(server) as client:
        agent = client.beta.agents.create(**AGENT)
        environment = client.beta.environments.create(name="e")
        with pytest.raises(BadRequestError) as refused:
            client.beta.sessions.create(
                agent={"type": "agent_with_overrides", "id": agent.id, "model": None},
                environment_id=environment.id,
            )
        assert refused.value.body["error"]["details"]["error_code"] == "agent_model_required"


@rule("null or an empty list as an override clears: what is left out is the agent's", evidence="doc")
@pytest.mark.parametrize("nothing", [None, []])
def test_what_an_override_clears(override, nothing):
    agent = override(skills=nothing, mcp_servers=nothing, tools=nothing, system=None)["agent"]
    assert (agent["skills"], agent["mcp_servers"], agent["tools"], agent["system"]) == ([], [], [], None)
    kept = override(skills=nothing)["agent"]
    assert (kept["skills"], kept["system"], len(kept["tools"])) == ([], "brief", 2)


@rule(
    "overrides can't clear the tools while there are skills, or the MCP servers that a toolset names (400)",
    evidence="doc",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tools": [], "mcp_servers": []}, "agent.tools: can't be cleared, the session's skills"),
        ({"tools": None, "mcp_servers": None}, "agent.tools: can't be cleared, the session's skills"),
        ({"mcp_servers": []}, "names the server 'docs'"),
        ({"mcp_servers": None}, "names the server 'docs'"),
        ({"tools": [TOOLSET]}, "no mcp_toolset in tools names the server 'docs'"),
        ({"system": "x" * 100_001}, "agent.system: "),
    ],
)
def test_overrides_that_do_not_fit(override, fields, told):
    assert told in override(400, **fields)


@rule("an effort in an override isn't applied, nor the agent's: the model's default is", evidence="doc")
def test_an_override_has_no_effort(call):
    agent = call.post("/agents", {**AGENT, "model": {"id": "claude-opus-5", "effort": "low"}})["id"]
    wanted = {"id": "claude-opus-5", "effort": "max", "speed": "fast"}
    session = call.session(agent={"type": "agent_with_overrides", "id": agent, "model": wanted})
    assert session["agent"]["model"] == {"id": "claude-opus-5", "effort": {"type": "high"}, "speed": "fast"}
    assert call.session(agent=agent)["agent"]["model"]["effort"] == {"type": "low"}


def test_an_update_of_a_sessions_agent_must_fit_too(call):
    session = call.session(agent=call.post("/agents", FULL)["id"])
    path = f"/sessions/{session['id']}"
    assert "'docs'" in call.post(path, {"agent": {"mcp_servers": []}}, 400)
    domains = {**TOOLSET, "configs": [{"name": "web_fetch", "allowed_domains": []}]}
    assert "ambiguous" in call.post(path, {"agent": {"tools": [domains, MCP]}}, 400)
    changed = call.post(path, {"agent": {"tools": [TOOLSET], "mcp_servers": []}})
    assert changed["agent"]["mcp_servers"] == []


@rule(
    "an update of a session's agent changes its tools and MCP servers only, and not while it runs (400)",
    evidence="sdk", source="session_update_params.py",
)  # fmt: skip
def test_when_a_sessions_agent_can_change(call):
    path = f"/sessions/{call.session()['id']}"
    for other in ({"model": "claude-opus-5"}, {"system": "s"}, {"skills": []}):
        call.post(path, {"agent": other}, 400)
    call.post(path, {"agent": {"tools": [TOOLSET]}})
    call.post(f"{path}/events", SAY_GO)
    assert "running" in call.post(path, {"agent": {"tools": []}}, 400)


@rule(
    "initial events have at most one outcome, and at most 100 documents from files; an outcome has up to 20 "
    "iterations and a rubric of up to 262,144 characters",
    evidence="doc",
)
@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([OUTCOME, OUTCOME], "initial_events: at most one user.define_outcome"),
        ([{**OUTCOME, "max_iterations": 21}], "initial_events.0.max_iterations: 1 to 20, not 21"),
        ([{**OUTCOME, "max_iterations": 0}], "initial_events.0.max_iterations: "),
        (
            [{**OUTCOME, "rubric": {"type": "text", "content": "x" * 262_145}}],
            "initial_events.0.rubric.content: ",
        ),
        (
            [
                {
                    "type": "user.message",
                    "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}] * 101,
                }
            ],
            "initial_events: at most 100 documents from files",
        ),
        (SAY_GO["events"] * 51, "initial_events: at most 50 entries, not 51"),
    ],
)
def test_initial_events_that_are_refused(call, events, told):
    assert told in call.session(400, initial_events=events)
    assert call.get("/sessions")["data"] == []


def test_an_outcome_that_is_sent_later_has_the_same_limits(call):
    path = f"/sessions/{call.session()['id']}/events"
    assert "events.0.max_iterations: " in call.post(
        path, {"events": [{**OUTCOME, "max_iterations": 21}]}, 400
    )


@rule(
    "a budget for a session that could run a model without a list price is 400 `model_not_budgetable`",
    evidence="doc",
    note="whose price is public isn't said: here it is the models that the installed SDK names, of any date",
)
def test_a_budget_needs_prices():
    with serving() as server, strict(server) as client:
        environment = client.beta.environments.create(name="e").id
        unknown = client.beta.agents.create(name="a", model="claude-opus-99")
        advised = client.beta.agents.create(
            name="b", model="claude-opus-5",
            multiagent={"type": "coordinator", "agents": [{"type": "advisor", "model": "claude-opus-99"}]},
        )  # fmt: skip
        leading = client.beta.agents.create(
            name="c", model="claude-opus-5", multiagent={"type": "coordinator", "agents": [unknown.id]}
        )
        for agent in (unknown, advised, leading):
            with pytest.raises(BadRequestError, match="no list price is available for the model") as refused:
                client.beta.sessions.create(agent=agent.id, environment_id=environment, budget=BUDGET)
            assert refused.value.body["error"]["details"]["error_code"] == "model_not_budgetable"
            client.beta.sessions.create(agent=agent.id, environment_id=environment)
        dated = client.beta.agents.create(name="d", model="claude-haiku-4-5-20991231").id
        session = client.beta.sessions.create(agent=dated, environment_id=environment, budget=BUDGET)
        assert session.budget.max_list_cost.amount == "100"


@pytest.mark.rule(
    "a cursor that was made with another `order`, or for another list, is 400, and so is one that is invalid",
    topic="lists",
    evidence="doc",
)
def test_a_cursor_belongs_to_its_order():
    call = Caller(going())
    ids = [call.session()["id"] for _ in range(3)]
    page = call.get("/sessions", limit="1", order="asc")
    assert call.get("/sessions", limit="1", order="asc", page=page["next_page"])["data"][0]["id"] == ids[1]
    for order in ({"order": "desc"}, {}):
        assert "another order" in call.get("/sessions", 400, limit="1", page=page["next_page"], **order)
    assert "not a cursor" in call.get("/sessions", 400, page="page_xyz")
    assert "not a cursor" in call.get("/agents", 400, page=page["next_page"])


@pytest.mark.rule(
    "between two pages of sessions their filters can change; a `created_at` that leaves out its place is "
    "400",
    topic="lists",
    evidence="doc", source="docs: session operations",
)  # fmt: skip
def test_a_cursor_stays_where_it_is_when_filters_change():
    call = Caller()
    other = call.post("/agents", {**AGENT, "name": "other"})["id"]
    sessions = [call.session(), call.session(agent=other), call.session(), call.session(agent=other)]
    ids = [session["id"] for session in sessions]
    assert len({session["created_at"] for session in sessions}) == 4
    page = call.get("/sessions", limit="1", agent_id=other)  # the newest one, and the cursor stands there
    assert [row["id"] for row in page["data"]] == [ids[3]]
    rest = call.get("/sessions", page=page["next_page"])
    assert [row["id"] for row in rest["data"]] == ids[2::-1]
    old = {"created_at[lte]": sessions[2]["created_at"]}
    assert "begin anew" in call.get("/sessions", 400, page=page["next_page"], **old)
    new = {"created_at[gte]": sessions[2]["created_at"]}
    assert [row["id"] for row in call.get("/sessions", page=page["next_page"], **new)["data"]] == [ids[2]]


@pytest.mark.rule(
    "a page of events has 1,000 if no limit is given, a thread's too; with `--assume events-page=100` a "
    "session's has 100",
    topic="lists",
    evidence="unsettled",
    note="Anthropic's skill says 1,000, and the SDK's docstring says so of a thread's; the documentation "
    "says neither",
)
@pytest.mark.parametrize("page", [1000, 100])
def test_a_page_of_events_under_either_answer(page):
    script = Script("long")
    script.message("go")
    for _ in range(1_000):
        script.say("and so on")
    script.idle()
    call = Caller(script, assume=f"events-page={page}")
    session = call.session()["id"]
    call.post(f"/sessions/{session}/events", SAY_GO)
    events = call.get(f"/sessions/{session}/events")
    assert len(events["data"]) == page and events["next_page"]
    (thread,) = call.get(f"/sessions/{session}/threads")["data"]
    listed = call.get(f"/sessions/{session}/threads/{thread['id']}/events")
    assert len(listed["data"]) == 1000 and listed["next_page"]


@rule(
    "a session has at most 500 skills, over all its agents, each counted once (400)",
    evidence="doc", source="docs: skills",
)  # fmt: skip
@pytest.mark.slow
def test_at_most_500_skills_in_a_session():
    call = Caller()
    made = []
    for number in range(501):
        text = f"---\nname: s{number}\ndescription: d\n---\n".encode()
        form = Form(files=(Upload(f"s{number}/SKILL.md", text, "text/markdown"),))
        made.append(call.send("POST", "/skills", form=form)["id"])
    skills = [{"type": "custom", "skill_id": id} for id in made]

    def agent(first, last, **fields):
        return call.post("/agents", {**AGENT, "tools": [TOOLSET], "skills": skills[first:last], **fields})[
            "id"
        ]

    helpers = [agent(first, min(first + 20, 481)) for first in range(0, 481, 20)]
    roster = {"type": "multiagent_20261001"}
    for part, members in (("subagents", helpers[:12]), ("workflows", [*helpers[12:], helpers[0]])):
        roster[part] = {"type": "enabled", "predefined_agents": members}
    call.session(agent=agent(480, 500, multiagent=roster))
    told = call.session(400, agent=agent(481, 501, multiagent=roster))
    assert "at most 500 skills" in told

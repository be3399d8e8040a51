"""The gate's program of 08b on a real socket: who may decide and how, what the agent says on the page, and
what must not hold up the rest. Its notebook kills it, loses responses and webhooks, and lets a day pass."""

from __future__ import annotations

import json
import runpy
import sys

import pytest

from tests.kit.places import ROOT
from tests.kit.receiving import OTHER, asgi
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET
from utilities import new_secret, stream_until_end_turn
from utilities.course import lesson08
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.slow

WORKERS = ROOT / "example_data/workers"
TASK = "Please deal with the fourteen receipts in /mnt/session/uploads/receipts.json."
SCRIPT = '"><script>alert(1)</script>'
KEY = "k" * 32


class Gate:
    """The program in this process, with agent a's session parked; R-12 is unknown, R-14's reason is HTML."""

    def __init__(self, folder):
        text = (ROOT / "example_data/recordings/08_a.jsonl").read_text("utf-8")
        text = text.replace('{"receipt": "R-12",', '{"receipt": "R-99",')
        text = text.replace('"it asks for the CFO"', json.dumps(SCRIPT))
        (folder / "08_a.jsonl").write_text(text, "utf-8")
        self.api = ManagedAgentsApi(folder / "08_a.jsonl", strict=False)

    def begin(self, folder, monkeypatch):
        self.session = self.parked(folder)
        agent = self.api.client.beta.sessions.retrieve(self.session).agent.id
        for name, value in {
            "GATE_AGENT": agent, "GATE_FOLDER": str(folder), "GATE_REVIEWERS": "Mira Ben",
            "GATE_WEBHOOK_SECRETS": f"{SECRET} {OTHER}", "GATE_FORM_KEY": KEY, "GATE_POLL_SECONDS": "3600",
            "ANTHROPIC_BASE_URL": str(self.api.client.base_url), "ANTHROPIC_API_KEY": "x",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(WORKERS))
        monkeypatch.delitem(sys.modules, "gate_desk", raising=False)
        self.program = runpy.run_path(str(WORKERS / "gate_app.py"))
        self.desk = self.program["desk"]

    def parked(self, folder):
        session = self.api.create_session("08_a")
        tools = [lesson08.approving(lesson08.Ledger(folder / "paid.db"))]
        stream_until_end_turn(self.api.client, session, TASK, tools=tools)
        return session


@pytest.fixture
def gate(tmp_path, monkeypatch):
    gate = Gate(tmp_path)
    with gate.api:
        gate.begin(tmp_path, monkeypatch)
        yield gate


@pytest.fixture
def url(gate):
    with asgi(gate.program["app"]) as url:
        wait_for(lambda: len(gate.desk.approvals.open()) == 8)
        yield url.rstrip("/")


def results(gate, call_id):
    events = gate.api.client.beta.sessions.events.list(gate.session)
    return [event for event in events if getattr(event, "custom_tool_use_id", None) == call_id]


def form_about(page, receipt):
    return next(form for about, form in lesson08.forms_of(page.text) if about == receipt)


def test_only_a_known_person_decides_with_a_form_of_their_own(gate, url):
    nobody, eve, mira, ben = (lesson08.visitor(url, name) for name in ("", "Eve", "Mira", "Ben"))
    yes = {**form_about(mira.get("/"), "R-03"), "verdict": "yes"}
    other = form_about(mira.get("/"), "R-04")["id"]
    refused = [
        (401, nobody.get("/")),
        (401, nobody.post("/verdict", data=yes)),
        (403, eve.get("/")),
        (403, eve.post("/verdict", data=yes)),
        (403, ben.post("/verdict", data=yes)),
        (403, mira.post("/verdict", data={**yes, "id": other})),
        (403, mira.post("/verdict", data={**yes, "token": "é"})),
        (403, mira.post("/verdict")),
        (400, mira.post("/verdict", data={**yes, "verdict": "maybe"})),
        (405, mira.get("/verdict", params=yes)),
        (405, mira.get("/webhook")),
    ]
    assert [answer.status_code for _, answer in refused] == [status for status, _ in refused]
    assert len(gate.desk.approvals.open()) == 8

    taken = mira.post("/verdict", data={**yes, "reason": "fair"})
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    wait_for(lambda: not gate.desk.approvals.answers())
    answer = gate.desk.approvals.get(yes["id"])
    [result] = results(gate, answer.call_id)
    assert result.content[0].text == "approved by Mira: fair" and "R-03" in gate.desk.ledger.paid()


def test_what_the_agent_says_is_text_on_the_page(gate, url):
    page = lesson08.visitor(url, "Ben").get("/")
    assert "&quot;&gt;&lt;script&gt;alert(1)" in page.text and "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_a_receipt_that_is_unknown_is_an_error_for_the_agent(gate, url):
    events = list(gate.api.client.beta.sessions.events.list(gate.session))
    [unknown] = [e.id for e in events if getattr(e, "input", {}) and e.input.get("receipt") == "R-99"]
    [result] = results(gate, unknown)
    assert result.is_error


def test_sessions_of_other_agents_are_left_alone(gate):
    gate.desk.agent_id = "agent_of_somebody_else"
    gate.desk.look_at(gate.session)
    assert not gate.desk.approvals.open()


def test_a_receipt_that_has_changed_since_is_asked_about_again(gate, monkeypatch):
    gate.desk.look_at(gate.session)
    question = next(q for q in gate.desk.approvals.open() if q.facts["receipt"] == "R-03")
    answer = gate.desk.approvals.decide(question.id, True, "Mira")
    monkeypatch.setitem(lesson08.RECEIPTS, "R-03", {**lesson08.RECEIPTS["R-03"], "amount": "1890.00"})
    gate.desk.send(answer)
    again = next(q for q in gate.desk.approvals.open() if q.facts["receipt"] == "R-03")
    assert again.facts["amount"] == "1890.00" and "R-03" not in gate.desk.ledger.paid()
    assert not results(gate, question.call_id)


def test_a_session_that_is_gone_does_not_hold_up_the_others(gate, url):
    facts = lesson08.facts_of(lesson08.RECEIPTS["R-05"])
    gone = gate.desk.approvals.ask("sesn_gone", "sevt_gone", facts)
    gate.desk.approvals.decide(gone.id, False, "Ben")
    mira = lesson08.visitor(url, "Mira")
    mira.post("/verdict", data={**form_about(mira.get("/"), "R-04"), "verdict": "yes"})
    wait_for(lambda: [answer.id for answer in gate.desk.approvals.answers()] == [gone.id])
    assert mira.get("/health").json() == {"open": 7, "to_send": 1}


def test_webhooks_are_taken_with_either_secret_and_refused_with_another(gate, url):
    statuses = [
        lesson08.deliver(f"{url}/webhook", secret, gate.session) for secret in (SECRET, OTHER, new_secret())
    ]
    assert statuses == [202, 202, 400]


def test_nobody_sends_any_more_and_health_says_so(gate, url):
    health = lesson08.visitor(url)
    assert health.get("/health").status_code == 200
    gate.desk.stop()
    gate.program["rounds"].join(20)
    assert health.get("/health").status_code == 503

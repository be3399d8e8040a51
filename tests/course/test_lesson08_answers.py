"""Lesson 08's way back: what a person decided reaches its session once, whatever gets lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.kit.places import ROOT
from utilities import stream_until_end_turn
from utilities.approvals import Approvals
from utilities.course import lesson08
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.slow

RECEIPTS = lesson08.RECEIPTS
TASK = "Please deal with the fourteen receipts in /mnt/session/uploads/receipts.json."
NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
SAID = {
    **dict.fromkeys(("R-03", "R-04", "R-09", "R-10", "R-14"), (True, "")),
    **dict.fromkeys(("R-05", "R-06"), (False, "one order in two bills")),
    "R-11": (False, "the CFO knows nothing of it"),
}


class Desk:
    """Agent a's session, parked, and the questions of it in an inbox; Mira has decided about all but R-12."""

    def __init__(self, folder, **options):
        self.api = ManagedAgentsApi(ROOT / "example_data/recordings/08_a.jsonl", **options)
        self.now = NINE
        self.approvals = Approvals(folder / "inbox.db", clock=lambda: self.now)
        self.ledger = lesson08.Ledger(folder / "ledger.db")

    def begin(self):
        self.session = self.api.create_session("08_a")
        tools = [lesson08.approving(self.ledger)]
        turn = stream_until_end_turn(self.api.client, self.session, TASK, tools=tools)
        for call in turn.tool_calls:
            if call.event.id in turn.pending:
                facts = lesson08.facts_of(RECEIPTS[call.input["receipt"]])
                self.approvals.ask(self.session, call.event.id, facts, until=NINE + timedelta(days=1))
        for question in self.approvals.open():
            if said := SAID.get(question.facts["receipt"]):
                self.approvals.decide(question.id, said[0], "Mira", said[1])

    def client(self, faults=""):
        headers = {FAULTS_HEADER: faults} if faults else {}
        return self.api.client.with_options(max_retries=0, default_headers=headers)

    def send(self, faults=""):
        lesson08.send_answers(self.client(faults), self.approvals, self.ledger)

    def results(self):
        """The calls that have a result, a call for each result."""
        events = self.api.client.beta.sessions.events.list(self.session)
        return [event.custom_tool_use_id for event in events if event.type == "user.custom_tool_result"]

    def end(self):
        """A day later silence is no, and the turn goes on to its end."""
        self.now += timedelta(days=1)
        self.send()
        return stream_until_end_turn(self.api.client, self.session, timeout=20)


@pytest.fixture
def desk(tmp_path, request):
    desk = Desk(tmp_path, **getattr(request, "param", {}))
    with desk.api:
        desk.begin()
        yield desk


def test_every_call_is_answered_once_and_a_yes_is_paid(desk):
    desk.send()
    assert len(desk.results()) == 13 and not desk.approvals.answers()
    assert desk.end().outcome == "end_turn"
    assert len(desk.results()) == len(set(desk.results())) == 14
    assert set(desk.ledger.paid()) == set(RECEIPTS) - {"R-05", "R-06", "R-11", "R-12"}


@pytest.mark.parametrize(
    "desk", [{}, {"assume": "second-answer=accepted"}], ids=["", "second"], indirect=True
)
def test_a_response_that_is_lost_is_looked_up_by_the_next_process(desk, capsys):
    desk.send("lose,on=POST/events,times=3")
    assert capsys.readouterr().out.count("APIConnectionError") == 3
    assert len(desk.approvals.answers()) == 3 and len(desk.results()) == 13
    assert desk.end().outcome == "end_turn"
    assert len(desk.results()) == len(set(desk.results())) == 14


def test_what_did_not_arrive_is_sent_by_the_next_process(desk):
    lesson08.send_answers(self_hung_up(desk), desk.approvals, desk.ledger)
    assert len(desk.approvals.answers()) == 1 and len(desk.results()) == 12
    desk.send()
    assert len(desk.results()) == 13


def test_a_session_that_is_over_does_not_hold_up_the_others(desk, capsys):
    over, sessions = desk.session, desk.api.client.beta.sessions
    desk.begin()
    lesson08.wait_until(lambda: sessions.retrieve(over).status == "idle", "an idle session")
    sessions.archive(over)
    desk.send()
    assert capsys.readouterr().out.count("ConflictError") == 8 and len(desk.results()) == 13
    assert [answer.session_id for answer in desk.approvals.answers()] == [over] * 8


def self_hung_up(desk):
    """A client whose sendings never get there."""
    return desk.client("hang,on=POST/events").with_options(timeout=0.2)


def test_a_process_that_died_before_it_could_note_an_answer_does_no_harm(desk):
    before = desk.approvals.answers()
    desk.send()
    again = Approvals(desk.approvals.path.with_name("copy.db"), clock=lambda: desk.now)
    for answer in before:  # as the inbox was when the process died, after the last answer had arrived
        again.ask(answer.session_id, answer.call_id, answer.facts)
        again.decide(answer.id, answer.verdict, answer.by, answer.reason)
    lesson08.send_answers(desk.client(), again, desk.ledger)
    assert not again.answers() and len(desk.results()) == 13


def test_a_receipt_that_has_changed_since_is_asked_about_anew(desk, monkeypatch):
    monkeypatch.setitem(RECEIPTS, "R-03", {**RECEIPTS["R-03"], "amount": "1890.00"})
    desk.send()
    [changed] = [q for q in desk.approvals.open() if q.facts["receipt"] == "R-03"]
    assert changed.facts["amount"] == "1890.00" and "R-03" not in desk.ledger.paid()
    assert len(desk.results()) == 12
    desk.now = changed.until
    assert not desk.approvals.open()  # asked anew, it has its clock


def test_a_receipt_that_changes_after_it_was_paid_is_for_a_person(desk, monkeypatch, capsys):
    desk.ledger.pay(RECEIPTS["R-03"])  # by a process that died before it could send
    monkeypatch.setitem(RECEIPTS, "R-03", {**RECEIPTS["R-03"], "amount": "1890.00"})
    desk.send()
    assert "R-03 PaidOtherwise" in capsys.readouterr().out
    [answer] = desk.approvals.answers()
    assert answer.facts["amount"] == "189.00" and len(desk.results()) == 12

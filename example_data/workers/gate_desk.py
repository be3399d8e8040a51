"""What goes on between the service and the inbox, for gate_app.py.

Receipts, what is asked about, and paying are lesson 08's: put your own there.
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from threading import Event

from utilities.approvals import Approvals
from utilities.course.lesson08 import RECEIPTS, Ledger, facts_of
from utilities.turn import custom_tool_result, stream_until_end_turn

DAY = timedelta(days=1)
log = logging.getLogger("gate")


class Desk:
    """Looks at sessions of one agent, asks people, sends their answers."""

    def __init__(self, client, agent_id, folder):
        self.client, self.agent_id = client, agent_id
        self.approvals = Approvals(folder / "inbox.db")
        self.ledger = Ledger(folder / "paid.db")
        self.words = {}  # the agent's, by call: to read, never to decide upon
        self.wake, self.stopping = Event(), Event()

    def look_at(self, session_id, types=()):
        """Put what waits for a person into the inbox; twice does no harm."""
        sessions = self.client.beta.sessions
        if sessions.retrieve(session_id).agent.id != self.agent_id:
            return  # an endpoint hears of every session in its workspace
        turn = stream_until_end_turn(self.client, session_id, timeout=60)
        for call in turn.tool_calls:
            if call.name != "escalate" or call.event.id not in turn.pending:
                continue
            receipt = RECEIPTS.get(str(call.input.get("receipt")))
            if receipt is None:
                told = custom_tool_result(call.event.id, "unknown", is_error=True)
                sessions.events.send(session_id, events=[told])
                continue
            self.words[call.event.id] = str(call.input.get("reason", ""))
            self.ask(session_id, call.event.id, receipt)

    def ask(self, session_id, call_id, receipt):
        until = datetime.now(UTC) + DAY
        self.approvals.ask(session_id, call_id, facts_of(receipt), until=until)

    def send(self, answer):
        """Pay, send, mark as sent; after a crash, all three once more."""
        receipt, call_id = RECEIPTS[answer.facts["receipt"]], answer.call_id
        paid = receipt["id"] in self.ledger.paid()
        if answer.verdict and not paid and not answer.covers(facts_of(receipt)):
            return self.ask(answer.session_id, call_id, receipt)  # it has changed
        if answer.verdict:
            self.ledger.pay(receipt)
        events = self.client.beta.sessions.events
        history = events.list(answer.session_id)
        if all(getattr(e, "custom_tool_use_id", "") != call_id for e in history):
            result = custom_tool_result(call_id, answer.text)
            events.send(answer.session_id, events=[result])
        self.approvals.sent(answer.id)
        log.info("%s has arrived", answer.id)

    def look_around(self, agent_id):
        """What no webhook told of, or told in vain."""
        idle = self.client.beta.sessions.list(agent_id=agent_id, statuses=["idle"])
        for session in idle:
            self.attempt(self.look_at, session.id, session.id)

    def attempt(self, do, about, name):
        """One that fails must not hold up the others."""
        try:
            do(about)
        except Exception as error:
            log.error("%s %s failed: %s", do.__name__, name, type(error).__name__)

    def run(self, every):
        """Look around each so many seconds, and send what is decided or overdue."""
        look = time.monotonic()
        while not self.stopping.is_set():
            if time.monotonic() >= look:
                self.attempt(self.look_around, self.agent_id, self.agent_id)
                look = time.monotonic() + every
            for answer in self.approvals.answers():
                self.attempt(self.send, answer, answer.id)
            self.wake.wait(max(0.0, look - time.monotonic()))
            self.wake.clear()

    def stop(self):
        self.stopping.set()
        self.wake.set()

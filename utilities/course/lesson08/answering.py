"""The way back: what people decided is paid and sent, by whichever process runs when it is there."""

from __future__ import annotations

from anthropic import Anthropic, APIError

from utilities import custom_tool_result
from utilities.approvals import Approvals

from .ledger import Ledger, PaidOtherwise
from .policy import RECEIPTS, facts_of

__all__ = ["send_answers"]


def send_answers(client: Anthropic, approvals: Approvals, ledger: Ledger) -> None:
    """Pay what got a yes, and send each answer to its session. One at a time."""
    events = client.beta.sessions.events
    for answer in approvals.answers():
        receipt = RECEIPTS[str(answer.facts["receipt"])]
        facts, paid = facts_of(receipt), receipt["id"] in ledger.paid()
        if answer.verdict and not paid and not answer.covers(facts):  # changed since
            approvals.ask(answer.session_id, answer.call_id, facts)
            continue
        try:
            if answer.verdict:
                ledger.pay(receipt)
            history = events.list(answer.session_id)
            if not any(getattr(event, "custom_tool_use_id", None) == answer.call_id for event in history):
                events.send(answer.session_id, events=[custom_tool_result(answer.call_id, answer.text)])
        except (APIError, PaidOtherwise) as error:  # lost, or impossible
            print(receipt["id"], type(error).__name__)
            continue  # answers() keeps it
        approvals.sent(answer.id)
        print(receipt["id"], answer.text)

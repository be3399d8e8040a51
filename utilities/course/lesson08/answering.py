"""The way back: what people decided is paid and sent, by whichever process runs when it is there."""

from __future__ import annotations

from anthropic import Anthropic, APIError

from utilities import custom_tool_result
from utilities.approvals import Approval, Approvals

from .ledger import Ledger
from .policy import RECEIPTS, facts_of

__all__ = ["send_answers"]


def send_answers(client: Anthropic, approvals: Approvals, ledger: Ledger) -> None:
    """Pay what got a yes, and send each answer to the session that waits for it."""
    events = client.beta.sessions.events

    def arrived(answer: Approval) -> bool:
        history = events.list(answer.session_id)
        return any(getattr(event, "custom_tool_use_id", None) == answer.call_id for event in history)

    for answer in approvals.answers():
        receipt = RECEIPTS[str(answer.facts["receipt"])]
        if answer.verdict and not answer.covers(facts_of(receipt)):  # it has changed since
            approvals.ask(answer.session_id, answer.call_id, facts_of(receipt))
            continue
        if answer.verdict:
            ledger.pay(receipt)
        try:
            if not arrived(answer):
                result = custom_tool_result(answer.call_id, answer.text)
                events.send(answer.session_id, events=[result])
        except APIError as error:  # lost on the way, or somebody was faster
            print(receipt["id"], type(error).__name__)
            if not arrived(answer):
                raise
        approvals.sent(answer.id)
        print(receipt["id"], answer.text)

"""Notes a person's verdicts, pays what got a yes, and sends the answers.

python decide_receipts.py INBOX LEDGER NOW BY ["R-03 yes" "R-05 no: WHY" …]: the service's
address and the key are in the environment, where `Anthropic()` finds them.

Here a verdict names a receipt. A page has to send the id of the question that the person saw.
"""

import sys
from datetime import datetime

from anthropic import Anthropic

from utilities.approvals import Approvals
from utilities.course.lesson08 import Ledger, send_answers

inbox, ledger, now, by, *verdicts = sys.argv[1:]
said = dict(verdict.split(" ", 1) for verdict in verdicts)
approvals = Approvals(inbox, clock=lambda: datetime.fromisoformat(now))

for question in approvals.open():
    if verdict := said.get(question.facts["receipt"]):
        word, _, why = verdict.partition(": ")
        approvals.decide(question.id, word == "yes", by, why)

# Without retries by the SDK: send_answers deals with a lost response.
send_answers(Anthropic(max_retries=0), approvals, Ledger(ledger))

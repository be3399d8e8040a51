"""Gives the receipts to the agent, pays what it may approve, and ends where a person has to decide.

python file_receipts.py SESSION_ID LEDGER TASK: the service's address and the key are in the
environment, where `Anthropic()` finds them.
"""

import sys

from anthropic import Anthropic

from utilities import stream_until_end_turn
from utilities.course.lesson08 import Ledger, approving

session_id, ledger, task = sys.argv[1:]
tools = [approving(Ledger(ledger))]
turn = stream_until_end_turn(Anthropic(), session_id, task, tools=tools)
print(turn.outcome, "·", len(turn.pending), "calls wait")

"""Answers, as another process, what a parked session waits for.

python answer_orders.py SESSION_ID: all but that id is in the session's history. The
service's address and the key are in the environment, where `Anthropic()` finds them.
"""

import json
import sys
from pathlib import Path

from anthropic import Anthropic

orders = json.loads((Path(__file__).parents[1] / "orders/orders.json").read_text())
session_id = sys.argv[1]
client = Anthropic()

calls, answered, waiting = {}, set(), []
for event in client.beta.sessions.events.list(session_id):
    if event.type == "agent.custom_tool_use":
        calls[event.id] = event
    elif event.type == "user.custom_tool_result":
        answered.add(event.custom_tool_use_id)
    elif event.type == "session.status_idle":  # the last one counts
        waiting = getattr(event.stop_reason, "event_ids", None) or []

for call in [calls[id] for id in waiting if id not in answered]:
    text = json.dumps(orders[call.input["order"]])
    result = {"type": "user.custom_tool_result", "custom_tool_use_id": call.id}
    result["content"] = [{"type": "text", "text": text}]
    client.beta.sessions.events.send(session_id, events=[result])
    print("another process answered", call.name, call.input)

"""Answers, as another process, what a parked session waits for.

python answer_orders.py SESSION_ID: all but that id is in the session's history. The
service's address and the key are in the environment, where `Anthropic()` finds them.
An idle event may name only some of the calls: run it again for the rest.
"""

import json
import sys
from pathlib import Path

from anthropic import Anthropic

orders = json.loads((Path(__file__).parents[1] / "orders/orders.json").read_text("utf-8"))
session_id = sys.argv[1]
client = Anthropic()


def answer(call):  # an error is an answer, too
    order = call.input.get("order")
    found = isinstance(order, str) and order in orders
    refusal = f"no order {order!r}: a number looks like {min(orders)}"
    text = json.dumps(orders[order]) if found else refusal
    result = {"type": "user.custom_tool_result", "custom_tool_use_id": call.id}
    return result | {"content": [{"type": "text", "text": text}], "is_error": not found}


calls, answered, waiting = {}, set(), []
for event in client.beta.sessions.events.list(session_id):
    if event.type == "agent.custom_tool_use" and event.name == "order_status":
        calls[event.id] = event  # other tools are for other programs
    elif event.type == "user.custom_tool_result":
        answered.add(event.custom_tool_use_id)
    elif event.type == "session.status_idle":  # the last status counts
        waiting = getattr(event.stop_reason, "event_ids", None) or []
    elif event.type.startswith("session.status_"):  # it runs, or has ended
        waiting = []

ours = [calls[id] for id in waiting if id in calls and id not in answered]
if ours:
    results = [answer(call) for call in ours]
    client.beta.sessions.events.send(session_id, events=results)
for call in ours:
    print("another process answered", call.name, call.input)

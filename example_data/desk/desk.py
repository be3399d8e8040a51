"""A refund desk: an agent handles a customer's case, and this program pays."""

import sys
from functools import partial

from anthropic import Anthropic
from wire import custom_tool_result, follow, send, user_message

PAID = {"A-1001": 49.0, "A-1002": 189.0, "A-1010": 19.0}  # what the customers paid
LIMIT = 100.0  # above it, a person decides
TOOL = {"type": "custom", "name": "refund", "description": "Pay an order back."}
TOOL["input_schema"] = {"type": "object", "properties": {"order": {"type": "string"}}}


def refund(ledger, order):
    if PAID[order] > LIMIT:
        raise ValueError(f"{PAID[order]:.2f} is above {LIMIT:.2f}: a person decides")
    ledger.append((order, PAID[order]))
    return f"paid back {PAID[order]:.2f}"


def handle(case, ledger):
    """Have the agent handle a case; returns what the customer is told."""
    client, told = Anthropic(), ""
    # A real desk makes these two once and keeps their ids. Here each test has a new
    # server, which knows neither.
    agent = client.beta.agents.create(name="desk", model="claude-sonnet-4-6", tools=[TOOL])
    environment = client.beta.environments.create(name=f"for {agent.id}")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    send(client, session.id, user_message(case))
    for event in follow(client, session.id):
        if event.type == "agent.message":
            told = event.content[0].text
        elif event.type == "agent.custom_tool_use":
            send(client, session.id, custom_tool_result(event, partial(refund, ledger)))
    return told


if __name__ == "__main__":
    print(handle(sys.argv[1], []))

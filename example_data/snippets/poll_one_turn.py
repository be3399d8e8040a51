"""One turn with no connection held: send, then read the history every two seconds.

Needs `anthropic` and ANTHROPIC_API_KEY. Both lists were measured under the faults of
the replay server (`python -m utilities.replay --faults help` says what each one is).

What this does not survive:
    lose    sends twice: the SDK tries again, and the first message had arrived
What it survives: drop, end, silent, repeat, queued, status, hang (after ten minutes),
settle, outputs, error, terminate, reschedule, budget, window.
It reads the whole history each time and can be two seconds late. It gives up after ten
minutes: its last line then shows an event that ends nothing.
"""

import time

from anthropic import Anthropic

TASK = "How many prime numbers are there below 10,000? Write a program, don't guess."
EVERY, AT_MOST = 2.0, 600.0  # seconds
ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")

client = Anthropic()
agent = client.beta.agents.create(
    name="cookbook-one-turn",
    model="claude-sonnet-4-6",
    tools=[{"type": "agent_toolset_20260401"}],
)
environment = client.beta.environments.create(
    name=f"for {agent.id}",  # names are unique
    config={"type": "cloud", "networking": {"type": "limited"}},
)
session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
message = {"type": "user.message", "content": [{"type": "text", "text": TASK}]}
client.beta.sessions.events.send(session.id, events=[message])

seen, last, deadline = set(), None, time.monotonic() + AT_MOST
while getattr(last, "type", None) not in ENDS and time.monotonic() < deadline:
    time.sleep(EVERY)
    for event in client.beta.sessions.events.list(session.id):  # the whole history
        if event.id not in seen and event.processed_at:  # neither shown nor queued
            seen.add(event.id)
            if ".status_" in event.type or event.type in ENDS:
                last = event  # behind an end can be what ends nothing: a new title, say
            if event.type == "agent.message":
                print(*(block.text for block in event.content))
            elif event.type == "agent.tool_use":
                print("   ", event.name, event.input)
print(last and last.type, getattr(last, "stop_reason", None) and last.stop_reason.type)

"""One turn of an agent: create what it needs, open the stream, send, read to the end.

Needs `anthropic` and ANTHROPIC_API_KEY. Both lists were measured under the faults of
the replay server (`python -m utilities.replay --faults help` says what each one is).

What this does not survive:
    drop    the stream is cut: an exception, while the turn goes on without you
    end     it ends early: returns before the turn is over; the last line shows it
    silent  nothing more comes: an exception, after ten minutes, the SDK's time limit
    repeat  every event comes twice: shows everything twice
    lose    a response gets lost: sends twice, since the SDK tries again
What it survives:
queued (your message comes twice, the first time without the time of its processing),
status (a request is refused, with 529 for example; the SDK asks again),
hang (a request gets no answer; the SDK asks again after ten minutes),
settle (the status field lags behind the events),
outputs (the list of what the agent left lags, too),
error (the service reports an error, and goes on or ends the turn or the session),
terminate (the session ends), reschedule (it pauses), budget (its budget is used up),
window (an idle event names only some of the calls that wait).
When the process is killed, nothing reads on.
"""

from anthropic import Anthropic

TASK = "How many prime numbers are there below 10,000? Write a program, don't guess."
ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")

client = Anthropic()
agent = client.beta.agents.create(
    name="cookbook-one-turn",
    model="claude-sonnet-4-6",
    tools=[{"type": "agent_toolset_20260401"}],
)
environment = client.beta.environments.create(  # names are unique
    name=f"for {agent.id}", config={"type": "cloud", "networking": {"type": "limited"}}
)
session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
message = {"type": "user.message", "content": [{"type": "text", "text": TASK}]}

with client.beta.sessions.events.stream(session.id) as stream:  # first open,
    client.beta.sessions.events.send(session.id, events=[message])  # then send
    for event in stream:
        if event.type == "agent.message":
            print(*(block.text for block in event.content))
        elif event.type == "agent.tool_use":
            print(f"[{event.name}]", *event.input.values(), sep="\n")
        elif event.type in ENDS:
            break
reason = getattr(event, "stop_reason", None)  # only an idle event has one
print(event.type, reason and reason.type)

"""One turn with a tool of ours: the agent asks, this process answers each call once.

Needs `anthropic` and ANTHROPIC_API_KEY. Both lists were measured under the faults of
the replay server (`python -m utilities.replay --faults help` says what each one is).

What this does not survive:
    drop    an exception, and nobody answers the calls that wait
    end     returns before the turn is over; its last line shows that
    silent  an exception, after ten minutes, the SDK's time limit
    repeat  shows everything twice; each call is answered once all the same
    lose    an exception: the SDK sends again, and the first message had arrived
What it survives: queued, status, hang (after ten minutes), settle, outputs, error,
terminate, reschedule, budget, window.
A tool that raises ends the process. A call that asks for permission ends the loop, and
the last line says requires_action.
"""

from anthropic import Anthropic

NAME, TASK = "cookbook-three-orders", "Where are the orders A-1001, A-1002 and A-1003?"
ORDERS = {"A-1001": "delivered", "A-1002": "on its way"}
ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")
TOOL = {"type": "custom", "name": "order_status", "description": "Look an order up."}
TOOL["input_schema"] = {"type": "object", "properties": {"order": {"type": "string"}}}


def answer(call):  # an error is an answer, too
    order = call.input["order"]
    parts = [{"type": "text", "text": ORDERS.get(order, f"there is no order {order}")}]
    result = {"type": "user.custom_tool_result", "custom_tool_use_id": call.id}
    return result | {"content": parts, "is_error": order not in ORDERS}


client = Anthropic()
agent = client.beta.agents.create(name=NAME, model="claude-sonnet-4-6", tools=[TOOL])
config = {"type": "cloud", "networking": {"type": "limited"}}
environment = client.beta.environments.create(name=agent.id, config=config)
session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
message = {"type": "user.message", "content": [{"type": "text", "text": TASK}]}

calls = {}  # by id: what the agent has called
answered = set()  # ids that have our answer
with client.beta.sessions.events.stream(session.id) as stream:  # first open,
    client.beta.sessions.events.send(session.id, events=[message])  # then send
    for event in stream:
        reason = getattr(event, "stop_reason", None)  # only an idle event has one
        if event.type == "agent.custom_tool_use":
            calls[event.id] = event
        elif event.type == "agent.message":
            print(*(block.text for block in event.content))
        elif event.type in ENDS:
            asked = getattr(reason, "event_ids", None) or []  # calls that wait for us
            if not asked:
                break  # it waits for nothing: over
            if not calls.keys() >= set(asked):
                break  # it waits for what nobody here can answer
            results = [answer(calls[key]) for key in asked if key not in answered]
            if results:
                client.beta.sessions.events.send(session.id, events=results)
            answered.update(asked)
print(event.type, reason and reason.type)

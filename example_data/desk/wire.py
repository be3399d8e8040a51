"""What goes to a session and what comes back; the desk's own cases are in desk.py."""

from itertools import chain

from httpx2 import HTTPError  # of the SDK's HTTP client

ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")


def user_message(text):
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


def custom_tool_result(call, run):
    try:
        text, failed = run(**call.input), False
    except Exception as error:  # an error is an answer, too
        text, failed = str(error), True
    answer = {"type": "user.custom_tool_result", "custom_tool_use_id": call.id}
    return answer | {"content": [{"type": "text", "text": text}], "is_error": failed}


def send(client, session_id, event):
    client.beta.sessions.events.send(session_id, events=[event])


# What says whether a turn is over: an end, a status after which the agent works, an event of ours.
SAYS = (*ENDS, "session.status_running", "session.status_rescheduled", "user.")


def follow(client, session_id):
    """Each event of the session, once, until its last turn ends; a stream that was cut is opened again."""
    events, seen = client.beta.sessions.events, set()
    while True:
        try:
            with events.stream(session_id) as stream:
                history = list(events.list(session_id))
                says = [event.id for event in history if event.type.startswith(SAYS)]
                for event in chain(history, stream):
                    if event.id in seen:
                        continue
                    seen.add(event.id)
                    yield event
                    waits = getattr(getattr(event, "stop_reason", None), "event_ids", None)
                    if event.type in ENDS and not waits and event.id not in says[:-1]:
                        return  # an end, and nothing came after it
        except HTTPError:
            continue


def arrived(event, history):
    """Whether a session's history has an event that was sent: one with the same fields.

    A message has no id before it is sent, so an earlier one in the same words counts, too.
    """
    return any(event.items() <= past.to_dict().items() for past in history)

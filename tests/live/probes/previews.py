"""What a stream shows of a message while it is written."""

from __future__ import annotations

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run, message

LINES = "Count from 1 to 30, one number a line."


@probe(
    "event_deltas takes agent.message and agent.thinking; another value is 400",
    rule="event_deltas takes agent.message and agent.thinking",
)
def another_preview(run: Run) -> Finding:
    session = run.session()

    def opened() -> None:
        wanted: list[object] = ["agent.tool_use"]
        with run.once.beta.sessions.events.stream(session.id, event_deltas=wanted):
            pass

    got = reply(opened)
    return found(got.status == 400, got)


@probe(
    "the pieces of a message are a prefix of it, in order; it comes last, under the id that they name",
    cents=2,
    rule="the pieces of a message's preview make",
)
def the_pieces_of_a_message(run: Run) -> Finding:
    session = run.session_for_a_turn(2)
    pieces: dict[str, str] = {}
    whole: dict[str, str] = {}
    late = []
    with run.client.beta.sessions.events.stream(session.id, event_deltas=["agent.message"]) as stream:
        run.send(session.id, message(LINES))
        for event in stream:
            if event.type == "event_delta":
                late += [event.event_id] if event.event_id in whole else []
                pieces[event.event_id] = pieces.get(event.event_id, "") + event.delta.content.text
            elif event.type == "agent.message":
                texts = [block.text for block in event.content if block.type == "text"]
                whole[event.id] = "".join(texts)
            elif event.type == "session.status_idle":
                break
    if not pieces:
        raise NotAsked("no pieces came, which they need not")
    begun = all(whole.get(id, "").startswith(text) for id, text in pieces.items())
    return found(
        begun and not late, f"{len(pieces)} of {len(whole)} messages in pieces, {len(late)} after it"
    )

"""In a recording the agent names what the recorded client knew; in a session, what this client knows."""

import json

import pytest

from tests.kit.calling import new_session
from tests.kit.recordings import Script
from tests.kit.serving import playing
from tests.kit.sessions import message
from utilities.replay.recordings.masks import exchanged, ids_in, masked
from utilities.replay.testing import ManagedAgentsApi

RECORDED = ("1111111111111111", "2222222222222222")
OURS = ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb")


def hits(ids, text="a fact"):
    return json.dumps({"hits": [{"text": text, "score": 0.5, "memory_id": id} for id in ids]})


def recalling(name="recalling", recorded=RECORDED):
    """The agent recalls, and forgets the second hit."""
    script = Script(name)
    script.message("go")
    call = script.custom("memory_recall", query="x")
    script.idle("requires_action", [call])
    script.custom_result(call, hits(recorded))
    script.running()
    script.say(f"I forget {RECORDED[1]}, not {RECORDED[0]}.")
    forget = script.custom("memory_forget", memory_ids=f"{RECORDED[1]}, {RECORDED[0]}")
    script.idle("requires_action", [forget])
    script.custom_result(forget, '{"deleted_count": 1}')
    script.running()
    script.say("Done.")
    script.idle()
    return script


def result(call, text):
    block = {"type": "text", "text": text}
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": [block]}


def answered(api, session, text):
    """What the agent says and calls after a client answered its first call with this text."""
    events = api.client.beta.sessions.events
    events.send(session, events=[message("go")])
    call = next(event for event in events.list(session) if event.type == "agent.custom_tool_use")
    events.send(session, events=[result(call.id, text)])
    (played,) = api.sessions
    return played.messages[-1], played.tool_calls[-1][1]["memory_ids"]


@pytest.mark.rule(
    "ids in a client's result, of memories for example, stand for the recorded ones in all that follows: "
    "paired in their order, left as recorded if they are not equally many",
    topic="replay", evidence="ours",
)  # fmt: skip
def test_the_agent_names_the_clients_ids_in_what_it_says_and_does():
    with playing(recalling()) as (api, session):
        said, ids = answered(api, session, hits(OURS))
    assert said == f"I forget {OURS[1]}, not {OURS[0]}."
    assert ids == f"{OURS[1]}, {OURS[0]}"


def test_what_is_in_the_history_is_what_was_on_the_stream():
    with playing(recalling()) as (api, session):
        with api.client.beta.sessions.events.stream(session) as stream:
            answered(api, session, hits(OURS))
            streamed = [event.to_dict() for event, _ in zip(stream, range(12), strict=False)]
        history = [event.to_dict() for event in api.client.beta.sessions.events.list(session)]
    told = [event for event in history if OURS[1] in str(event) and not event["type"].startswith("user.")]
    assert [event["type"] for event in told] == ["agent.message", "agent.custom_tool_use"]
    assert all(event in streamed for event in told)


@pytest.mark.parametrize("ids", [OURS[:1], (*OURS, "cccccccccccccccc"), ()])
def test_ids_that_do_not_pair_are_left_as_recorded(ids):
    with playing(recalling(), strict=False) as (api, session):
        said, _ = answered(api, session, hits(ids))
    assert said == f"I forget {RECORDED[1]}, not {RECORDED[0]}."


def test_a_lenient_session_learns_them_from_another_text_too():
    with playing(recalling(), strict=False) as (api, session):
        said, _ = answered(api, session, hits(OURS, text="another fact"))
    assert said == f"I forget {OURS[1]}, not {OURS[0]}."


def test_the_first_that_was_learned_holds():
    """What a later result pairs otherwise, in a lenient session, doesn't change whom the agent means."""
    script = recalling()
    script.message("again")
    again = script.custom("memory_recall", query="y")
    script.idle("requires_action", [again])
    script.custom_result(again, hits(RECORDED))
    script.running()
    script.say(f"First {RECORDED[0]}.")
    script.idle()
    with playing(script, strict=False) as (api, session):
        answered(api, session, hits(OURS))
        events = api.client.beta.sessions.events
        forget = [e for e in events.list(session) if e.type == "agent.custom_tool_use"][-1]
        events.send(session, events=[result(forget.id, '{"deleted_count": 1}')])
        events.send(session, events=[message("again")])
        call = [e for e in events.list(session) if e.type == "agent.custom_tool_use"][-1]
        events.send(session, events=[result(call.id, hits(reversed(OURS)))])
        assert api.sessions[0].messages[-1] == f"First {OURS[0]}."


def test_sessions_do_not_share_what_they_learned():
    with playing(recalling()) as (api, session):
        answered(api, session, hits(OURS))
        other = new_session(api.client)
        events = api.client.beta.sessions.events
        events.send(other, events=[message("go")])
        call = next(event for event in events.list(other) if event.type == "agent.custom_tool_use")
        events.send(other, events=[result(call.id, hits(("dddddddddddddddd", "eeeeeeeeeeeeeeee")))])
        assert api.sessions[1].messages[-1] == "I forget eeeeeeeeeeeeeeee, not dddddddddddddddd."
        assert api.sessions[0].messages[-1] == f"I forget {OURS[1]}, not {OURS[0]}."


def test_a_sibling_that_takes_over_has_learned_from_its_own_recording():
    """Two recordings that agree until the second result; the server leads with the first of them."""
    first, second = recalling("a"), recalling("b", ("3333333333333333", "4444444444444444"))
    for event in second.events:
        if event["type"] == "agent.message" and RECORDED[0] in str(event):
            event["content"][0]["text"] = "I keep 3333333333333333."
        if event.get("name") == "memory_forget":
            event["input"] = {"memory_ids": "4444444444444444"}
        if "deleted_count" in str(event):
            event["content"][0]["text"] = '{"deleted_count": 2}'
    second.message("and?")
    second.say("It was 4444444444444444.")
    second.idle()
    with ManagedAgentsApi([first.recording(), second.recording()]) as api:
        session = new_session(api.client)
        said, ids = answered(api, session, hits(OURS))
        assert (said, ids) == (f"I forget {OURS[1]}, not {OURS[0]}.", f"{OURS[1]}, {OURS[0]}")
        events = api.client.beta.sessions.events
        forget = [e for e in events.list(session) if e.type == "agent.custom_tool_use"][-1]
        events.send(session, events=[result(forget.id, '{"deleted_count": 2}')])
        events.send(session, events=[message("and?")])
        assert api.sessions[0].recording == "b"
        assert api.sessions[0].messages[-1] == f"It was {OURS[1]}."


# -- which ids there are in a text ----------------------------------------------------------------------


def test_the_ids_are_those_that_are_masked_in_their_order():
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    file = "file_01ABCDEFGHIJKLMNOPQRSTUV"
    text = f'{{"memory_id": "x/1", "file": "{file}", "memory_id":"{uuid}", "id": "{uuid}"}}'
    assert ids_in(text) == ["x/1", file, uuid, uuid]
    assert not any(id in masked(text) for id in ids_in(text))
    assert ids_in('{"stored": false, "memory_id": null}') == []


def test_only_whole_ids_are_exchanged():
    ids = {"12": "a", "123": "b"}
    assert exchanged("12 123 1234 12.", ids) == "a b 1234 a."
    assert exchanged("12", {"12": r"\1"}) == r"\1"

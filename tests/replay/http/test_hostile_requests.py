"""Requests that are made to take long: each is answered, with what is wrong in a line of bounded length.

What the time is, `make bench` says. Here a request that takes as long as its size squared would not end.
"""

import json

import pytest

from tests.kit.calling import AGENT, SAY_GO
from utilities.replay.http.requests import LONGEST_KEY, MAX_KEYS, MAX_VALUES
from utilities.replay.recordings.masks import LONGEST, masked
from utilities.replay.resources.limits import MOST_EVENTS

pytestmark = pytest.mark.slow

rule = pytest.mark.rule
TOOL = {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}}
TOOLSET = {"type": "agent_toolset_20260401"}
SOMEWHERE = {"name": "web_search", "user_location": {"type": "approximate", "timezone": "Mars/Base"}}
MANY = 20_000
MIB = 2**20


def text(said):
    return {"type": "user.message", "content": [{"type": "text", "text": said}]}


@pytest.fixture(autouse=True)
def _still_serves(call):
    """After every test here, the server answers as if nothing had been."""
    yield
    session = call.session(initial_events=SAY_GO["events"])
    assert len(call.get(f"/sessions/{session['id']}/events")["data"]) == 8


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([{}] * MANY, "events.0.type: Field required"),
        ([{"type": "x"}] * MANY, "events.0.type: 'x' is unknown"),
        ([text("go"), *[{"type": "user.message"}] * (MANY // 2)], "events.1.content: Field required"),
        ([{"type": "user.message", "content": [{}] * MANY}], "events.0.content.0.type: Field required"),
        ([{"type": "user.message", "content": [[]] * MANY}], "events.0.content.0: "),
        ([{"type": {str(n): n for n in range(MAX_KEYS)}}], "events.0.type: "),
        ([{str(n): n for n in range(MAX_KEYS)}], "events.0.type: Field required"),
        ([{"type": "user.interrupt", **{str(n): n for n in range(MAX_KEYS - 1)}}], "Extra inputs are not"),
        ([{"type": "x" * 31 * MIB}], "events.0.type: 'xxx"),
    ],
)
def test_events_that_are_wrong_a_thousand_times(call, events, told):
    message = call.post(f"/sessions/{call.session()['id']}/events", {"events": events}, 400)
    assert told in message
    assert len(message) < 2500


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tools": [{}] * MANY}, "tools.0.type: Field required"),
        ({"tools": [{**TOOL, "colour": 1}] * 5_000}, "tools.0.colour: Extra inputs"),
        ({"tools": [{**TOOL, "name": f"t{n}"} for n in range(6_000)]}, "tools: at most 128 entries"),
        ({"tools": [{**TOOLSET, "configs": [SOMEWHERE] * 5_000}]}, "'Mars/Base' is not an IANA time zone"),
        ({"metadata": {str(n): n for n in range(MAX_KEYS)}}, "metadata.0: "),
        ({"metadata": {"k" * 31 * MIB: "x"}}, "a key in the body has more than 1,000 characters"),
        ({"model": {"." * MIB: 1}}, "a key in the body has more than 1,000 characters"),
        ({"model": {"." * LONGEST_KEY: 1}}, "model"),
        ({"model": {str(n): n for n in range(MAX_KEYS)}}, "model"),
        ({"model": [[[]]] * 10_000}, "model"),
        ({"system": "x" * 31 * MIB}, "system: "),
        ({str(n): n for n in range(MAX_KEYS - 2)}, "Extra inputs are not permitted"),
    ],
)
def test_an_agent_that_is_wrong_a_thousand_times(call, fields, told):
    message = call.post("/agents", {**AGENT, **fields}, 400)
    assert told in message
    assert len(message) < 2500


@rule(
    f"a body has at most {MAX_VALUES:,} values, each of its objects {MAX_KEYS:,} keys, a key {LONGEST_KEY:,} "
    "characters",
    topic="requests", evidence="ours",
)  # fmt: skip
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[" + b"[]," * 9 * MIB + b"1]", "values"),
        (b"[" + b"1e5," * 7 * MIB + b"1]", "values"),
        (b"[" + b'"",' * 9 * MIB + b'""]', "values"),
        (b'"' * 31 * MIB, "values"),
        (b"[" * 31 * MIB, "values"),
        (b"{" + b'"":{' * 7 * MIB, "values"),
        (b'{"a": "' + b'\\"' * 15 * MIB, "not valid JSON"),
        (b'{"a": "' + b"\\" * 31 * MIB, "not valid JSON"),
        (b'{"a": ' + b"1" * 31 * MIB + b"}", "not valid JSON"),
        (json.dumps({str(n): n for n in range(MAX_KEYS + 1)}).encode(), "keys"),
        (json.dumps({**AGENT, "metadata": {str(n): "" for n in range(MAX_KEYS + 1)}}).encode(), "keys"),
    ],
)
def test_a_body_of_very_many_things(call, body, told):
    assert told in call.send("POST", "/agents", body, 400)


def test_marks_within_texts_are_no_values(call):
    """A large text may have as many quotes, commas and brackets as it likes."""
    session = call.session()
    said = json.dumps([{"a": [1, "b\\"]}] * MAX_VALUES)
    message = call.post(f"/sessions/{session['id']}/events", {"events": [text(said)]}, 400)
    assert "no recording continues" in message and len(message) < 2500


@rule(f"one send has at most {MOST_EVENTS:,} events", topic="sessions", evidence="ours")
def test_a_send_of_very_many_events(call):
    path = f"/sessions/{call.session()['id']}/events"
    interrupt = {"type": "user.interrupt"}
    assert "events: at most 1000" in call.post(path, {"events": [interrupt] * (MOST_EVENTS + 1)}, 400)
    assert len(call.post(path, {"events": [interrupt] * MOST_EVENTS})["data"]) == MOST_EVENTS


@pytest.mark.parametrize("piece", ["a", "abc_0123456789abcdefgh ", "1.5 ", '"score": ', "a_b_"])
def test_a_very_long_message(call, piece):
    path = f"/sessions/{call.session()['id']}/events"
    message = call.post(path, {"events": [text(piece * (24 * MIB // len(piece)))]}, 400)
    assert "no recording continues" in message and len(message) < 2500


def test_hosts_and_domains_that_are_long_or_many(call):
    def environment(hosts):
        config = {"type": "cloud", "networking": {"type": "limited", "allowed_hosts": hosts}}
        return call.post("/environments", {"name": "e", "config": config}, 400)

    assert "is not a bare host name" in environment(["a" * 31 * MIB + "!"])
    assert "is not a bare host name" in environment(["-." * MIB])
    assert len(environment(["!"] * MANY)) < 2500
    configs = [{"name": "web_fetch", "allowed_domains": ["a.b"] * MANY}]
    toolset = {"type": "agent_toolset_20260401", "configs": configs}
    assert len(call.post("/agents", {**AGENT, "tools": [toolset]}, 400)) < 2500


def test_ids_are_masked_up_to_a_length_and_compared_as_they_are_behind_it():
    id = "sevt_01ABCDEFGHIJKLMNOPQRSTUV"
    long = id + " " + "x " * (LONGEST // 2) + id
    assert masked(id) == "<id>"
    assert masked(long) == "<id>" + long[len(id) :]

"""Random clients against the whole `Api`, and what has to hold whatever they do.

The same clients in every run. `COOKBOOK_EXAMPLES=2000` drives more of them, `COOKBOOK_SEED=2` other ones.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from tests.kit.calling import AGENT
from tests.kit.recordings import Script
from tests.kit.scripts import asking, chatty, windowed
from tests.kit.sessions import INTERRUPT, confirm, message, result
from utilities.replay import Library
from utilities.replay.api import Api
from utilities.replay.http.requests import Request
from utilities.replay.recordings.recording import CALL_TYPES, Event, answered_call
from utilities.replay.resources.sessions import Subscription

pytestmark = pytest.mark.slow

SEED = os.environ.get("COOKBOOK_SEED")
MACHINE = settings(
    max_examples=int(os.environ.get("COOKBOOK_EXAMPLES", "40")), stateful_step_count=30, deadline=None,
    derandomize=SEED is None, database=None, suppress_health_check=list(HealthCheck),
)  # fmt: skip


def two_turns():
    """A built-in call that takes a while, two turns, and an interrupt that was recorded."""
    script = Script("turns")
    for text in ("go", "more"):
        script.message(text)
        call = script.builtin(command="make")
        script.event("agent.tool_result", after=10, tool_use_id=call, content=[], is_error=False)
        script.say(f"done with {text}")
        script.idle()
    script.message("stop this")
    script.builtin_result(script.builtin(command="sleep"), "stopped", is_error=True)
    script.event("user.interrupt")
    script.idle()
    return script


def ending():
    """The session terminates by itself."""
    script = Script("ending")
    script.message("end")
    script.error("terminal")
    script.event("session.status_terminated")
    return script


def longer(script, number):
    """The recording with four more turns, in which calls wait too."""
    script.name = f"{number}-{script.name}"
    for text in ("go", "more") * 2:
        script.message(text)
        calls = [script.custom("lookup", key=key) for key in "ab"]
        script.idle("requires_action", calls)
        for call, key in zip(calls, "AB", strict=True):
            script.custom_result(call, key)
        script.running()
        script.say(f"{number} has done {text}")
        script.idle()
    return script


SCRIPTS = [
    two_turns(), windowed("abcdefg", window=5), asking("allow", "allow"), asking("deny", "deny"),
    chatty("left", 1, "left", "so left"), chatty("right", 2, "right", "so right"),
]  # fmt: skip
SCRIPTS = [longer(script, number) for number, script in enumerate(SCRIPTS)] + [ending()]
LIBRARY = Library([script.recording() for script in SCRIPTS])
TEXTS = ("go", "more", "stop this", "end", "look up", "clean up", "start", "something else")
ENDS = ("session.status_idle", "session.status_terminated")
ANSWERS = (*"ABCDEFG", "left", "right", "sure, left", "sure, right", "wrong")


class World:
    """One `Api`, and everything that its clients did: enough to do all of it again."""

    def __init__(self, **options):
        self.options, self.api, self.now = options, Api(LIBRARY, **options), 0.0
        self.streams: list[Subscription] = []
        self.done: list[tuple[str, Any]] = []
        self.told: list[str] = []

    def do(self, action, what):
        self.done.append((action, what))
        answer = getattr(self, action)(what)
        self.told.append(json.dumps(answer, allow_nan=False))
        return answer

    def wait(self, seconds):
        self.now += seconds

    def poll(self, stream):
        events, due, over = self.streams[stream].poll(self.now)
        assert due is None or due > self.now
        return events, over

    def request(self, what):
        method, path, body, query = what
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.api.handle(Request(method, f"/v1{path}", query, raw), self.now)
        if isinstance(answer, Subscription):
            self.streams.append(answer)
            return 200, None
        assert answer.headers["request-id"].startswith("req_01")
        if answer.status != 200:
            assert 400 <= answer.status < 500, answer.content
            assert answer.content["type"] == "error" and answer.content["error"]["message"]
        return answer.status, answer.content

    def again(self):
        """Everything once more, on a server of its own."""
        other = World(**self.options)
        for action, what in self.done:
            other.do(action, what)
        return other


class Clients(RuleBasedStateMachine):
    """Clients that know nothing of what the server wants."""

    sessions = Bundle("sessions")

    @initialize(
        target=sessions,
        speed=st.sampled_from([0.0, 1.0, 1000.0]),
        strict=st.sampled_from([False, False, True]),
    )
    def start(self, speed, strict):
        self.world = World(strict=strict == 2, speed=speed)
        self.logs: dict[str, list[Event]] = {}  # of each session, as it was last seen
        self.ended: set[str] = set()
        self.opened: dict[int, tuple[str, int]] = {}  # by stream: its session, and how long the log was
        self.heard: dict[int, list[Event]] = {}
        self.agent = self.post("/agents", AGENT)[1]["id"]
        self.environment = self.post("/environments", {"name": "e"})[1]["id"]
        return self.make_session(None)

    def post(self, path, body):
        return self.world.do("request", ("POST", path, body, []))

    def get(self, path, *query):
        return self.world.do("request", ("GET", path, None, list(query)))

    # -- what they do ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.logs) < 3)
    @rule(target=sessions, text=st.sampled_from([None, *TEXTS]))
    def make_session(self, text):
        first = {"initial_events": [message(text)]} if text else {}
        body = {"agent": self.agent, "environment_id": self.environment, **first}
        status, session = self.post("/sessions", body)
        if status != 200:
            return multiple()
        self.logs[session["id"]] = []
        return session["id"]

    @rule(what=st.sampled_from(["agent", "agent", "environment"]), change=st.integers(0, 2))
    def change_around(self, what, change):
        """What sessions are made of changes, or goes."""
        if change:
            body = {"system": f"brief {change}", **({"version": 1} if change == 1 else {})}
            self.post(f"/agents/{self.agent}", body)
        elif what == "agent":
            self.post(f"/agents/{self.agent}/archive", {})
            assert self.make_session(None) == multiple()
            self.agent = self.post("/agents", AGENT)[1]["id"]
        else:
            if self.logs:
                self.post(f"/environments/{self.environment}/archive", {})
            else:  # no session refers to it
                self.world.do("request", ("DELETE", f"/environments/{self.environment}", None, []))
            assert self.make_session(None) == multiple()
            self.environment = self.post("/environments", {"name": "e"})[1]["id"]

    @rule(session=sessions, text=st.sampled_from(TEXTS))
    def say(self, session, text):
        self.post(f"/sessions/{session}/events", {"events": [message(text)]})

    @rule(session=sessions, events=st.lists(st.tuples(
        st.sampled_from(["message", "result", "result", "confirm", "interrupt", "unknown", "outcome"]),
        st.integers(0, 9), st.sampled_from(TEXTS), st.sampled_from(ANSWERS), st.booleans(),
    ), min_size=1, max_size=4))  # fmt: skip
    def send(self, session, events):
        log = self.logs.get(session, [])
        calls = [event["id"] for event in log if event["type"] in CALL_TYPES] or ["sevt_nobody"]
        body = {"events": [self.event(kind, calls[nth % len(calls)], *rest) for kind, nth, *rest in events]}
        self.post(f"/sessions/{session}/events", body)

    @staticmethod
    def event(kind, call, text, answer, yes):
        return {
            "message": message(text),
            "result": result(call, answer),
            "confirm": confirm(call, "allow" if yes else "deny"),
            "interrupt": INTERRUPT,
            "unknown": {
                "type": "user.custom_tool_result",
                "custom_tool_use_id": "sevt_x",
                "is_error": yes,
            },
            "outcome": {
                "type": "user.define_outcome",
                "description": text,
                "rubric": {"type": "text", "content": answer},
            },
        }[kind]

    @rule(session=sessions, most=st.integers(1, 7), backwards=st.booleans())
    def answer(self, session, most, backwards):
        """What a well-behaved client does: pending calls, rightly, some or all of them."""
        calls = {event["id"]: event for event in self.logs.get(session, [])}
        idles = [event for event in calls.values() if event["type"] == "session.status_idle"]
        pending = idles[-1]["stop_reason"].get("event_ids", []) if idles else []
        events = []
        for call in pending[:: -1 if backwards else 1][:most]:
            kind = "confirm" if calls[call]["type"] == "agent.tool_use" else "result"
            right = calls[call]["input"].get("key", "left").upper().replace("LEFT", "left")
            events.append(self.event(kind, call, "", right, True))
        if events:
            self.post(f"/sessions/{session}/events", {"events": events})

    @rule(session=sessions)
    def open_stream(self, session):
        status, _ = self.get(f"/sessions/{session}/events/stream")
        if status == 200:
            number = len(self.world.streams) - 1
            self.opened[number] = (session, len(stamped(self.log_of(session))))
            self.heard[number] = []

    @rule(session=sessions, limit=st.integers(1, 30), order=st.sampled_from(["asc", "desc"]))
    def turn_pages(self, session, limit, order):
        if session not in self.logs:
            return
        whole, rows, cursor = self.log_of(session), [], []
        while True:
            query = [("limit", str(limit)), ("order", order), *cursor]
            _, page = self.get(f"/sessions/{session}/events", *query)
            rows += page["data"]
            if page["next_page"] is None:
                break
            cursor = [("page", page["next_page"])]
        assert rows == whole[:: 1 if order == "asc" else -1]

    @rule(session=sessions, title=st.sampled_from(["a", "b"]))
    def change_session(self, session, title):
        status, answer = self.post(f"/sessions/{session}", {"title": title})
        assert status == 404 or answer["title"] == title

    @rule(session=sessions)
    def look(self, session):
        status, answer = self.get(f"/sessions/{session}")
        assert status == (200 if session in self.logs else 404)
        if session in self.ended:  # archived, and not deleted
            assert answer["status"] == "terminated" and answer["archived_at"]

    @rule(session=sessions, how=st.sampled_from(["not yet"] * 6 + ["archive"] * 2 + ["delete"]))
    def end(self, session, how):
        if how == "archive":
            status, _ = self.post(f"/sessions/{session}/archive", {})
            if status == 200:
                self.ended.add(session)
        elif how == "delete":
            before = self.log_of(session)
            status, _ = self.world.do("request", ("DELETE", f"/sessions/{session}", None, []))
            if status == 200:
                self.check_deleted(session, before)

    def check_deleted(self, session, before):
        """Its streams hear of it, as the last thing."""
        for number in [number for number, (of, _) in self.opened.items() if of == session]:
            assert self.hear(number)
            *rest, last = self.heard[number]
            _, opened = self.opened.pop(number)
            assert (rest, last["type"]) == (stamped(before)[opened:], "session.deleted")
        del self.logs[session]
        self.ended.discard(session)

    @rule(seconds=st.sampled_from([0.001, 0.5, 4.0, 1000.0]))
    def wait(self, seconds):
        self.world.do("wait", seconds)

    # -- what has to hold -----------------------------------------------------------------------------

    def log_of(self, session):
        status, page = self.get(f"/sessions/{session}/events", ("limit", "1000"))
        assert status == (200 if session in self.logs else 404)
        events: list[Event] = page["data"] if status == 200 else []
        return events

    def hear(self, number):
        events, over = self.world.do("poll", number)
        self.heard[number] += events
        return bool(over)

    @invariant()
    def logs_only_grow(self):
        everything = []
        for session, before in self.logs.items():
            log = self.log_of(session)
            assert stamped(log)[: len(stamped(before))] == stamped(before)
            assert {e["id"] for e in before} <= {e["id"] for e in log}  # what was accepted doesn't get lost
            if session in self.ended:
                assert log == before  # nothing after archive
            times = [event["processed_at"] for event in stamped(log)]
            assert all(a < b for a, b in pairwise(times))
            assert log[len(times) :] == [event for event in log if event["processed_at"] is None]
            everything += [event["id"] for event in log]
            self.logs[session] = log
            self.check_calls(log)
        assert len(everything) == len(set(everything))

    def check_calls(self, log):
        """Every call that waited has its answer, or was interrupted, or is still waited for."""
        made = {event["id"] for event in log if event["type"] in CALL_TYPES}
        answers = [
            call for event in log if event["type"].startswith("user.") and (call := answered_call(event))
        ]
        assert len(answers) == len(set(answers)) and set(answers) <= made
        turns = [event["type"] for event in log if event["type"] in ("session.status_running", *ENDS)]
        assert ("session.status_running",) * 2 not in pairwise(turns)  # what runs is not started again
        waiting: set[str] = set()
        latest: list[str] = []
        for event in log:
            if event["type"] == "session.status_idle":
                latest = event["stop_reason"].get("event_ids", [])
                assert set(latest) <= made
                waiting |= set(latest)
            elif event["type"] == "user.interrupt":
                waiting = set()
        assert waiting <= set(answers) | set(latest)

    @invariant()
    def streams_agree_with_lists(self):
        for number, (session, opened) in self.opened.items():
            over = self.hear(number)
            assert self.heard[number] == stamped(self.log_of(session))[opened:]
            assert over or session not in self.ended

    def teardown(self):
        if hasattr(self, "world"):
            assert self.world.again().told == self.world.told  # the same requests, the same bytes


def stamped(log):
    return [event for event in log if event["processed_at"] is not None]


TestClients = Clients.TestCase
TestClients.settings = MACHINE
if SEED is not None:
    TestClients = hypothesis.seed(int(SEED))(TestClients)

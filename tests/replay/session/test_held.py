"""At speed 0 a turn is over at once: so it is held until somebody looks, and nobody comes too late."""

import pytest

from tests.kit.budgets import cents, costly
from tests.kit.calling import SAY_GO, TURN, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import going, windowed
from tests.kit.sessions import INTERRUPT, confirm, message, result
from utilities.replay.http.requests import Request
from utilities.replay.webhooks.outbox import Outbox

END = "session.status_idle"
RUBRIC = {"type": "text", "content": "it is done"}


class Unwatched:
    """One session, and whatever a client does with it.

    Attributes:
        call: the server.
        path: of the session.
    """

    def __init__(self, *scripts, **fields):
        self.call = Caller(*(scripts or (going(),)))
        self.outbox = self.call.api.sessions.outbox = Outbox()
        self.path = f"/sessions/{self.call.session(**fields)['id']}"

    @property
    def play(self):
        return self.call.api.sessions.plays[self.path.rpartition("/")[2]]

    def send(self, *events, status=200):
        return self.call.post(f"{self.path}/events", {"events": list(events)}, status)

    def status(self):
        return self.call.get(self.path)["status"]

    def stream(self, path=""):
        """Open a stream; returns what reads the types of what has come since the last time."""
        kind = "stream" if path else "events/stream"
        answer = self.call.api.handle(Request("GET", f"/v1{self.path}{path}/{kind}", ()), self.call.now)
        return lambda: [event["type"] for event in answer.poll(self.call.now)[0]]

    def types(self):
        return [event["type"] for event in self.call.events(self.path)]


@pytest.mark.rule(
    "at speed 0 a turn is held, and its session runs, until a client looks: at a stream, the events, the "
    "threads, the session's files or memory, or a second time at its status; a stream that is opened by then "
    "has all of it",
    topic="streams",
    evidence="ours",
    note="the hosted service takes seconds for a turn, so a program can send first and open its stream then; "
    "one that lists right after its message has the whole turn here and nothing there: --speed 1 shows that",
)
def test_a_stream_that_is_opened_after_the_message_has_the_whole_turn():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    assert one.play.log == []
    assert one.stream()() == TURN
    assert one.stream()() == []  # somebody has looked: this one is late


def test_a_stream_that_is_opened_looks_whether_its_client_reads_it_or_not():
    """The server can't see who reads; what was written to it is gone, as it would be live."""
    one = Unwatched()
    first = one.stream()
    one.send(*SAY_GO["events"])
    assert first() == TURN
    assert one.stream()() == []


@pytest.mark.rule(
    "at speed 0 a stream that has had the end of a turn is a look at the next one only after a tenth of a "
    "second: if nobody closed it, a stream that is opened after the next message still has all of it",
    topic="streams",
    evidence="ours",
)
def test_a_stream_left_open_does_not_make_the_next_one_late():
    script = going()
    script.message("again")
    script.say("done again")
    script.idle()
    again = [event["type"] for event in script.events[len(TURN) :]]
    one = Unwatched(script)
    left = one.stream()
    one.send(*SAY_GO["events"])
    assert left() == TURN
    one.send(message("again"))
    assert left() == []  # though it waits
    assert one.stream()() == again
    assert left() == again


def test_a_stream_that_goes_on_over_turns_gets_the_next_one_a_moment_later():
    script = going()
    script.message("again")
    script.idle()
    one = Unwatched(script)
    only = one.stream()
    one.send(*SAY_GO["events"])
    assert only() == TURN
    one.send(message("again"))
    one.call.now = 0.09
    assert only() == []
    one.call.now = 0.1
    assert only()[-1] == END


@pytest.mark.parametrize("look", ["/events", "/threads"])
def test_a_look_plays_the_turn_and_a_stream_opened_then_is_late(look):
    one = Unwatched()
    one.send(*SAY_GO["events"])
    one.call.get(f"{one.path}{look}")
    assert one.stream()() == []
    assert one.types() == TURN


def test_a_look_at_the_files_shows_what_the_turn_left():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    assert [f["filename"] for f in one.call.get("/files", scope_id=one.play.id)["data"]] == ["out.py"]


def test_one_look_at_the_status_is_not_too_early_for_a_stream():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    assert one.status() == "running"
    assert one.stream()() == TURN


@pytest.mark.parametrize(
    "look", [lambda one: one.status(), lambda one: one.call.get("/sessions")["data"][0]["status"]]
)
def test_polling_only_the_status_comes_to_an_end(look):
    one = Unwatched()
    one.send(*SAY_GO["events"])
    assert [look(one), look(one)] == ["running"] * 2
    assert look(one) == "idle"
    assert one.types() == TURN


def test_a_turn_that_is_held_can_not_be_archived_away():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    assert "running" in one.call.post(f"{one.path}/archive", status=400)
    assert one.stream()() == TURN


def test_after_a_second_what_has_a_clock_plays_it():
    """So webhooks come, also when nobody looks."""
    one = Unwatched()
    one.send(*SAY_GO["events"])
    sessions, told = one.call.api.sessions, [delivery.type for delivery in one.outbox.take()]
    assert told == ["session.created"]
    due = sessions.advance(0.5)
    assert due is not None and not one.outbox.take()
    assert sessions.advance(due) is None
    told = [delivery.type for delivery in one.outbox.take()]
    assert told == ["session.status_run_started", "session.status_idled"]


def test_what_is_sent_next_is_no_look_however_late_it_comes():
    script = going()
    script.message("more")
    script.idle()
    one = Unwatched(script)
    one.send(*SAY_GO["events"])
    one.call.now = 60.0
    one.send(message("more"))
    assert one.play.log == [] and len(one.play.queued) == 2
    seen = one.stream()()
    assert seen.count("user.message") == seen.count(END) == 2


def test_an_update_is_no_look():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    one.call.now = 60.0
    assert one.call.post(one.path, {"title": "t"})["status"] == "running"
    assert one.stream()() == ["session.updated", *TURN]


def test_an_interrupt_stops_a_held_turn_at_its_start():
    one = Unwatched()
    one.send(*SAY_GO["events"])
    one.send(INTERRUPT)
    seen = one.stream()()
    assert seen[:3] == TURN[:3] and "agent.message" not in seen
    assert seen[3:] == ["user.interrupt", "session.thread_status_idle", "session.usage", END]
    assert one.types() == seen


def test_an_interrupt_stops_what_a_held_answer_set_going():
    one = Unwatched(windowed("a"))
    one.send(message("look up"))
    (call,) = [event["id"] for event in one.call.events(one.path) if event["type"] == "agent.custom_tool_use"]
    one.send(result(call, "A"))
    one.send(INTERRUPT)
    assert one.types()[-4:] == ["user.interrupt", "session.thread_status_idle", "session.usage", END]


def test_an_interrupt_stops_a_held_outcome():
    script = Script()
    script.event("user.define_outcome", description="d", rubric=RUBRIC, outcome_id="outc_1")
    script.running()
    script.say("done")
    script.idle()
    one = Unwatched(script)
    one.send({"type": "user.define_outcome", "description": "d", "rubric": RUBRIC})
    one.send(INTERRUPT)
    assert [each["result"] for each in one.call.get(one.path)["outcome_evaluations"]] == ["interrupted"]
    assert "agent.message" not in one.types()


def test_a_message_behind_the_interrupt_begins_the_next_turn_and_is_held_too():
    script = going()
    script.message("more")
    script.say("more done")
    script.idle()
    one = Unwatched(script)
    one.send(*SAY_GO["events"])
    one.send(INTERRUPT, message("more"))
    assert one.status() == "running"
    seen = one.stream()()
    assert seen.count(END) == 2 and seen.count("agent.message") == 1


def test_answers_are_held_as_messages_are_also_some_of_them():
    one = Unwatched(windowed("ab"))
    one.send(message("look up"))
    first, second = [e["id"] for e in one.call.events(one.path) if e["type"] == "agent.custom_tool_use"]
    before = len(one.types())
    one.send(result(first, "A"))
    assert one.stream()()[-1] == END  # the second is still waited for
    one.send(result(second, "B"))
    assert one.play.current == "running"
    seen = one.stream()()
    assert (seen[0], seen[-1]) == ("session.status_running", END) or seen[0] == "user.custom_tool_result"
    assert one.types()[-len(seen) :] == seen and len(one.types()) > before + len(seen)


def test_a_raised_budget_lets_the_session_run_when_somebody_looks():
    one = Unwatched(costly(), budget=cents(4))
    one.send(*SAY_GO["events"])
    one.types()
    assert one.call.post(one.path, {"budget": cents(100)})["status"] == "running"
    seen = one.stream()()
    assert seen[:2] == ["session.status_running", "session.thread_status_running"]
    assert seen[-1] == END


def test_a_stream_of_the_thread_has_a_held_turn_too():
    one = Unwatched()
    (thread,) = one.call.get(f"{one.path}/threads")["data"]
    one.send(*SAY_GO["events"])
    assert one.stream(f"/threads/{thread['id']}")() == TURN


def test_a_child_gets_what_a_held_answer_sets_going():
    script = Script()
    script.message("go")
    child = {"session_thread_id": "sthr_2", "agent_name": "helper"}
    script.event("session.thread_created", **child)
    script.event("session.thread_status_running", **child)
    asked = {"name": "bash", "input": {}, "evaluated_permission": "ask", "session_thread_id": "sthr_2"}
    call = script.event("agent.tool_use", **asked)
    script.event(
        "session.thread_status_idle", **child, stop_reason={"type": "requires_action", "event_ids": [call]}
    )
    script.idle("requires_action", [call])
    script.confirmation(call, "allow")
    script.event("session.thread_status_running", **child)
    script.event("session.thread_status_idle", **child, stop_reason={"type": "end_turn"})
    script.idle()
    one = Unwatched(script)
    one.send(message("go"))
    call = next(e["id"] for e in one.call.events(one.path) if e["type"] == "agent.tool_use")
    helper = one.call.get(f"{one.path}/threads")["data"][1]["id"]
    one.send(confirm(call))
    seen = one.stream(f"/threads/{helper}")()
    assert seen[-2:] == ["session.thread_status_running", "session.thread_status_idle"]


CHILD = ["session.thread_status_running", "session.thread_status_idle"]


def delegating():
    """Two children, one after the other."""
    script = Script()
    script.message("go")
    for number in (2, 3):
        child = {"session_thread_id": f"sthr_{number}", "agent_name": "helper"}
        script.event("session.thread_created", **child)
        script.event("session.thread_status_running", **child)
        script.event("session.thread_status_idle", **child, stop_reason={"type": "end_turn"})
    script.idle()
    return Unwatched(script)


@pytest.mark.rule(
    "at speed 0 a turn that is played to a stream pauses where a child begins, until the child's stream is "
    "opened or somebody looks elsewhere, a second at most; after a pause in vain there is no other",
    topic="streams",
    evidence="ours",
    note="the hosted child takes seconds, so its stream can be opened when the session's tells of it",
)
def test_a_childs_stream_that_is_opened_when_the_child_is_heard_of_has_all_that_it_does():
    one = delegating()
    one.send(message("go"))
    whole, streams = one.stream(), []
    for _ in range(2):
        assert whole()[-1] == "session.thread_created"
        assert whole() == []  # though it waits
        streams.append(one.stream(f"/threads/{one.play.log[-1]['session_thread_id']}"))
    assert whole()[-1] == END
    assert [read() for read in streams] == [CHILD, CHILD]


def test_a_child_that_nobody_follows_holds_the_session_up_once():
    one = delegating()
    one.send(message("go"))
    whole = one.stream()
    assert whole()[-1] == "session.thread_created"
    one.call.now = 0.99
    assert (whole(), one.status()) == ([], "running")
    one.call.now = 1.0
    assert whole()[-1] == END
    assert one.stream(f"/threads/{one.play.log[3]['session_thread_id']}")() == []  # this one is late


def test_whoever_looks_elsewhere_needs_no_childs_stream():
    one = delegating()
    one.send(message("go"))
    whole = one.stream()
    assert whole()[-1] == "session.thread_created"
    assert one.types()[-1] == END
    assert whole().count("session.thread_created") == 1


def test_initial_events_are_held_and_the_new_session_runs():
    call = Caller(going())
    session = call.session(initial_events=SAY_GO["events"])
    assert session["status"] == "running"
    answer = call.api.handle(Request("GET", f"/v1/sessions/{session['id']}/events/stream", ()), 0.0)
    assert [event["type"] for event in answer.poll(0.0)[0]] == TURN

"""Lesson 05: its checks, which accept right answers of several styles and tell each wrong one its own reason;
what it shows on recordings. What holds for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

import ast
import csv
import json
import time
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np
import pytest
from nbformat import read

from tests.kit.over import ENDS, over
from tests.kit.places import DATA, NOTEBOOKS, RECORDINGS
from tests.kit.scripts import two_turns
from utilities import (
    Made,
    WebhookReceiver,
    new_secret,
    poll_until_end_turn,
    stream_until_end_turn,
    user_message,
)
from utilities.course import Worker, lesson05
from utilities.course.lesson05.delivering import POSTS
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.slow

TASK = (
    "A release went out at 13:00. Which paths in /mnt/session/uploads/requests.csv have been slower since "
    "then, beyond chance? Leave their names, one on each line, in /mnt/session/outputs/slower.txt."
)
EXERCISES = (lesson05.interval, lesson05.over, lesson05.posts)


def test_not_attempted_is_no_error(capsys):
    lesson05.interval.check(lambda requests_per_minute, workers, shortest: ...)
    lesson05.over.check(lambda events: ...)
    lesson05.posts.check(...)
    assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
    assert capsys.readouterr().out.count("not attempted yet") == 3


# -- 1: an interval ------------------------------------------------------------------------------------


def plan(budget: float, workers: int, shortest: float) -> tuple[float, float]:
    """Right, and counted in requests a second."""
    interval = workers / (budget / 60)
    interval = shortest if interval < shortest else interval
    return interval, 0.5 * interval


def plan_in_a_list(budget: float, workers: int, shortest: float) -> list[float]:
    for_each = budget / workers  # requests a minute
    fastest = 60 / for_each
    return [max(fastest, shortest), max(fastest, shortest) / 2]


def plan_with_a_condition(budget: float, workers: int, shortest: float) -> tuple[float, float]:
    if workers * 60 / shortest <= budget:
        return shortest, shortest / 2
    return workers * 60 / budget, workers * 30 / budget


def plan_in_fractions(budget: float, workers: int, shortest: float) -> Any:
    interval = max(Fraction(shortest), Fraction(workers * 60) / Fraction(budget))
    return np.array([interval, interval / 2])


@pytest.mark.parametrize("right", [plan, plan_in_a_list, plan_with_a_condition, plan_in_fractions])
def test_another_way_to_plan_passes(right, passes):
    passes(lesson05.interval, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            lambda b, w, s: (max(s, 60 / b), max(s, 60 / b) / 2),
            "make 300 requests a minute",
        ),  # each for itself
        (lambda b, w, s: (w * 60 / b, w * 30 / b), "closer together than"),  # no shortest
        (lambda b, w, s: (plan(b, w, s)[0], plan(b, w, s)[0]), "you say that its end is then known 1 s late"),
        (lambda b, w, s: (plan(b, w, s)[0], 0.0), "you say that its end is then known 0 s late"),
        (lambda b, w, s: (max(s, b / 60 / w), 1.0), "requests a minute"),  # upside down
        (lambda b, w, s: (max(s, w * 60 // b), max(s, w * 60 // b) / 2), "make 120 requests a minute"),
        (lambda b, w, s: (2 * plan(b, w, s)[0], plan(b, w, s)[0]), "a shorter interval would too"),
        (lambda b, w, s: plan(b, w, s)[0], "expected two numbers"),
        (lambda b, w, s: "1 s, 0.5 s", "you returned '1 s, 0.5 s'"),
        (lambda b, w, s: ("1", "0.5"), "you returned ('1', '0.5')"),
        (lambda b, w, s: (0, 0), "closer together than"),
        (lambda b, w, s: 1 / 0, "60 requests a minute for 1 worker, at least 1 s apart: it raised"),
    ],
)
def test_a_plan_beyond_its_budget_fails(wrong, why, fails):
    fails(lesson05.interval, wrong, why=why)


# -- 2: the exit condition -----------------------------------------------------------------------------


def sidebar(events: list[Any]) -> str | None:
    """The seed's condition: the last event, and one reason."""
    last = events[-1] if events else None
    if last and last.type == "session.status_terminated":
        return last.type
    if last and last.type == "session.status_idle" and last.stop_reason.type == "end_turn":
        return "end_turn"
    return None


def last_event(events: list[Any]) -> str | None:
    """Every reason, but only if it comes last."""
    return over(events[-1:])


def any_idle(events: list[Any]) -> str | None:
    """An idle event anywhere, also of the turn before."""
    return next((e.stop_reason.type for e in events if e.type == "session.status_idle"), None)


def on_error(events: list[Any]) -> str | None:
    return "error" if any(event.type == "session.error" for event in events) else over(events)


KNOWN = ("end_turn", "requires_action", "retries_exhausted", "budget_reached", "refusal")


TELLS = ("session.status_idle", "session.status_running", "session.status_rescheduled", *ENDS)


def newest_that_tells(events: list[Any]) -> str | None:
    """Right, with the newest event that says something looked for first."""
    told = [e for e in events if e.type in TELLS or e.type.startswith("user.")]
    last = told[-1] if told else None
    if last is None:
        return None
    return last.stop_reason.type if last.type == "session.status_idle" else ENDS.get(last.type)


def by_position(events: list[Any]) -> str | None:
    """Right, and slow: of each kind, where the last one stands."""

    def last(*types: str) -> int:
        return max((n for n, e in enumerate(events) if e.type.startswith(types)), default=-1)

    stop = last("session.status_idle", *ENDS)
    if stop < 0 or stop < last("user.", "session.status_running", "session.status_rescheduled"):
        return None
    found = events[stop]
    return found.stop_reason.type if found.type == "session.status_idle" else ENDS[found.type]


@pytest.mark.parametrize("right", [over, newest_that_tells, by_position])
def test_another_way_to_see_that_it_is_over_passes(right, passes):
    passes(lesson05.over, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (sidebar, "a turn that ended with retries_exhausted"),
        (last_event, "a new title after it"),
        (any_idle, "a session that was terminated"),
        (on_error, "an error that the service is retrying"),
        (lambda events: over(events, KNOWN), "a_reason_of_next_year"),
        (lambda events: over(events, ("end_turn",)), "retries_exhausted"),
        (lambda events: None if over(events) == "requires_action" else over(events), "waits for an answer"),
        (lambda events: over(events, idle="status_idle"), "another thread that has ended"),
        (lambda events: over(events, restarts=()), "a budget that was raised"),
        (lambda events: over(events, ours=False), "our message, which nobody has come to yet"),
        (lambda events: over(events, ends={}), "terminated"),
        (
            lambda events: over(events, ends={**ENDS, "session.deleted": "session.status_terminated"}),
            "deleted",
        ),
        (lambda events: over(events) is not None, "you returned False; it is to be the reason"),
        (lambda events: over(events) or "running", "you returned 'running', which ends the loop"),
        (
            lambda events: over(events) and "end_turn",
            "not for the reason that you give",
        ),
        (lambda events: events[-1].type, "a session that has just been made: it raised IndexError"),
    ],
)
def test_a_loop_that_goes_on_or_stops_too_early_fails(wrong, why, fails):
    fails(lesson05.over, wrong, why=why)


# -- 3: what a receiver takes ---------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["ae", "E, A", ["a", "e"], [POSTS[0], POSTS[4]]])
def test_what_a_receiver_takes(guess, passes):
    passes(lesson05.posts, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "it isn't all: it is genuine; refused, it would be sent again"),
        ("e", "a repeat is genuine"),
        ("abe", "the signature covers the body"),
        ("ace", "only who knows our secret can sign"),
        ("ade", "older than five minutes"),
        ("aef", "anybody could have sent it"),
        ("g", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_what_it_overlooks(guess, why, fails):
    fails(lesson05.posts, guess, why=why)


def test_a_receiver_does_what_the_prediction_says():
    handled: list[str] = []

    def handle(session_id: str, types: tuple[str, ...]) -> None:
        handled.append(poll_until_end_turn(sender.client, session_id, interval=0.02).outcome)

    with ManagedAgentsApi(RECORDINGS) as api:
        scene, secret = lesson05.scene(api.client, "claude-sonnet-4-6"), new_secret()
        receiver = WebhookReceiver(
            secret, handle, types={"session.status_idled", "session.status_terminated"}
        )
        sender = lesson05.RoughSender(scene, receiver, secret)
        posts = sender.play(lesson05.EXPLAIN)
        assert [post.status for post in posts] == [202, 200, 200, 200]
        taken = {letter for letter, status in sender.forge(posts[0]) if 200 <= status < 300}
        assert taken == lesson05.posts.right
        assert receiver.drain(10) and handled == ["end_turn"]
        scene.made.end()


# -- what the lesson shows -------------------------------------------------------------------------------


def test_the_planted_paths_are_slower_and_medians_alone_do_not_give_them_away():
    planted = json.loads((DATA / "slow_paths/planted.json").read_text())
    took: dict[str, tuple[list[int], list[int]]] = {}
    with open(DATA / "slow_paths/requests.csv") as file:
        for row in csv.DictReader(file):
            took.setdefault(row["path"], ([], []))[row["time"] >= planted["since"]].append(int(row["ms"]))
    moved = {path: median(after) - median(before) for path, (before, after) in took.items()}
    slower = [moved.pop(path) for path in planted["slower"]]
    assert min(slower) > 40 and max(moved.values()) > 0.9 * min(slower)


def test_the_scene_can_be_played_again_after_the_clean_up():
    with ManagedAgentsApi(RECORDINGS) as api:
        scene = lesson05.scene(api.client, "claude-sonnet-4-6")
        for _ in range(2):
            for client in (scene.client, scene.paced):
                session = scene.session("again", client)
                assert session.status == "idle"
            assert str(scene.made.end()) == "1 session, 1 environment and 1 agent archived, 1 file deleted"


def test_with_a_key_the_turn_is_live_and_what_breaks_is_not(monkeypatch):
    monkeypatch.setattr("utilities.course.lesson05.scenes.replays", lambda client: False)
    with ManagedAgentsApi(RECORDINGS, strict=False) as api:
        scene = lesson05.scene(Made(api.client).client, "claude-sonnet-4-6")
        assert scene.live and scene.paced is api.client and scene.client.base_url != api.client.base_url
        assert scene.speed == 1.0
        seen = lesson05.follow_all(scene, TASK, intervals=(0.05,))
        assert (len(seen.watches), seen.same_for_all) == (3, True)
        agent = api.client.beta.agents.retrieve(seen.session.agent.id)
        assert [tool.type for tool in agent.tools] == ["agent_toolset_20260401"]
        scene.made.end()


def taught() -> dict[str, Any]:
    """The functions and constants that the lesson's cells with the tag `taught` define."""
    notebook = read(NOTEBOOKS / "05_polling_vs_streaming.ipynb", 4)
    cells = [cell.source for cell in notebook.cells if "taught" in cell.metadata.get("tags", [])]
    nodes = [node for source in cells for node in ast.parse(source).body]
    kept = [n for n in nodes if isinstance(n, ast.FunctionDef) or "".join(_names(n)).isupper()]
    found: dict[str, Any] = {"time": time}
    exec(compile(ast.Module(kept, []), "lesson 05", "exec"), found)
    return found


def _names(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_resuming_goes_on_to_the_end_of_the_turn_that_runs_and_waits_for_none_that_is_over():
    resume = taught()["resume"]
    with ManagedAgentsApi(two_turns().recording(), speed=40.0) as api:
        session, events = api.create_session("two_turns"), api.client.beta.sessions.events
        stream_until_end_turn(api.client, session, "one")
        events.send(session, events=[user_message("two")])
        resume(api.client, session, shown := set())  # the history begins with the end of the first turn
        assert shown == {event.id for event in events.list(session)}
        assert [e.type for e in events.list(session)].count("session.status_idle") == 2
        resume(api.client, session, shown)
        api.client.beta.sessions.update(session, title="Renamed")
        resume(api.client, session, anew := set())
        assert len(anew) == len(shown) + 1


def test_a_loop_that_is_repaired_gives_up_when_its_time_is_over():
    with ManagedAgentsApi(two_turns().recording(), speed=0.01) as api:
        session = api.create_session("two_turns")
        api.client.beta.sessions.events.send(session, events=[user_message("one")])
        with pytest.raises(TimeoutError, match=session):
            taught()["repaired_loop"](api.client, session, at_most=0.1)


def test_the_second_process_goes_on_where_the_first_was_killed():
    say = "Open a ticket for /stock; when that one is open, one for /quote, and then one for /cart."
    with ManagedAgentsApi(RECORDINGS / "05_one_by_one.jsonl") as api:
        session = api.create_session("05_one_by_one")
        message: Any = {"type": "user.message", "content": [{"type": "text", "text": say}]}
        api.client.beta.sessions.events.send(session, events=[message])
        workers = [Worker("open_tickets.py", client=api.client) for _ in range(2)]
        with workers[0] as first, workers[1] as second:
            first.send(f"{session} /quote")
            first.wait_for("asked for /quote")
            first.kill()
            second.send(session)
            assert second.wait().returncode == 0
        assert first.lines == ["asked for /stock", "opened /stock", "asked for /quote"]
        assert second.lines == [
            *("asked for /quote", "opened /quote", "asked for /cart", "opened /cart"),
            "end_turn",
        ]

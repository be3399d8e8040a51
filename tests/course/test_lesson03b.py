"""03b: answers in batches, and a policy. Right ones of any style pass, wrong ones fail for a reason."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.kit.pending import waits
from utilities.course import lesson03
from utilities.course.lesson03 import batching

pytestmark = pytest.mark.slow

SHELL = "<>|&;$`()\n"
READERS = ("cat", "grep", "head", "ls", "tail", "wc")


# -- in batches -------------------------------------------------------------------------------------


def history(client: Any, session_id: str) -> tuple[list[Any], dict[str, Any]]:
    events = list(client.beta.sessions.events.list(session_id))
    return events, {event.id: event for event in events if event.type == "agent.custom_tool_use"}


def send(client: Any, session_id: str, events: list[Any]) -> None:
    client.beta.sessions.events.send(session_id, events=events)


def by_history(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Doesn't wait until the session says what waits next."""
    while ids := waits((found := history(client, session_id))[0]):
        send(client, session_id, [answer(found[1][id]) for id in ids[:size]])


def all_at_once(client: Any, session_id: str, answer: Any, size: int) -> None:
    ids = waits((found := history(client, session_id))[0])
    send(client, session_id, [answer(found[1][id]) for id in ids])


def one_by_one(client: Any, session_id: str, answer: Any, size: int) -> None:
    by_history(client, session_id, answer, 1)


def first_batch(client: Any, session_id: str, answer: Any, size: int) -> None:
    ids = waits((found := history(client, session_id))[0])
    send(client, session_id, [answer(found[1][id]) for id in ids[:size]])


def from_the_start_again(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Forgets what it has answered."""
    calls = history(client, session_id)[1]
    while waits(history(client, session_id)[0]):
        send(client, session_id, [answer(call) for call in list(calls.values())[:size]])


def first_ids_only(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Takes the first idle event's ids for all there are."""
    ids = waits((found := history(client, session_id))[0])
    for start in range(0, len(ids), size):
        send(client, session_id, [answer(found[1][id]) for id in ids[start : start + size]])


def never_looks(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Answers all the calls there are, without a look at which of them wait."""
    calls = list(history(client, session_id)[1].values())
    for start in range(0, len(calls), size):
        send(client, session_id, [answer(call) for call in calls[start : start + size]])


def by_stream(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Right: watches the stream for the next idle event, as the lesson does."""
    events, calls = history(client, session_id)
    while ids := waits(events):
        batch = [answer(calls[id]) for id in ids[:size]]
        events += lesson03.send_and_wait(client, session_id, *batch)


def by_polling(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Right: reads the whole history, newest first, until the newest status is an end."""
    while True:
        newest = list(client.beta.sessions.events.list(session_id, order="desc"))
        waiting = waits(newest[::-1])[:size]
        if not waiting:
            news = ("session.status_", "user.custom_tool_result")
            last = next(event for event in newest if event.type.startswith(news))
            if last.type == "session.status_idle":
                return
            time.sleep(0.01)
            continue
        calls = {event.id: event for event in newest if event.type == "agent.custom_tool_use"}
        send(client, session_id, [answer(calls[id]) for id in waiting])


def by_both(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Right: the stream says when to look, and the history what there is."""
    with client.beta.sessions.events.stream(session_id) as stream:
        while ids := waits((found := history(client, session_id))[0]):
            send(client, session_id, [answer(found[1][id]) for id in ids[:size]])
            next(event for event in stream if event.type == "session.status_idle")


def late_stream(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Waits for an idle event that was there before the stream."""
    with client.beta.sessions.events.stream(session_id) as stream:
        for event in stream:
            if event.type == "session.status_idle":
                return


@pytest.mark.parametrize("right", [by_stream, by_polling, by_both])
def test_batches_of_different_style_pass(right, passes):
    passes(lesson03.batches, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (all_at_once, "one request had 8 results"),
        (one_by_one, "are two requests"),
        (first_batch, "4 of 8 calls were answered"),
        (by_history, "may come after your request has returned"),
        (from_the_start_again, "answered already"),
        (first_ids_only, "3 of 8 calls were answered (with window=3)"),
        (never_looks, "the API refused what you sent (three of them before you came)"),
        (lambda client, session_id, answer, size: None, "0 of 8 calls were answered"),
        (lambda client, session_id, answer, size: 1 / 0, "your code raised ZeroDivisionError"),
    ],
)
def test_wrong_batches_fail(wrong, why, fails):
    fails(lesson03.batches, wrong, why=why)


def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(batching, "PATIENCE", 0.5)
    fails(lesson03.batches, late_stream, why="before its stream was open")


# -- a policy ---------------------------------------------------------------------------------------


def policy(call: Any, readers: tuple[str, ...] = READERS, shell: str = SHELL, no: Any = "read only") -> Any:
    """A right answer, with something left out on request."""
    if call.name != "bash":
        return None
    command = call.input.get("command") or ""
    words = command.split() or [""]
    return True if words[0] in readers and not any(c in command for c in shell) else no


def beginning(call: Any) -> Any:
    """Compares the beginning of the command, not its first word."""
    command = (call.input.get("command") or "").strip()
    return True if command.startswith(READERS) and not set(command) & set(SHELL) else "read only"


def forbidden(call: Any) -> Any:
    command = call.input.get("command") or "rm"
    return "no" if any(word in command for word in ("rm", ">", ";", "python")) else True


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda call: True, "'rm -r /mnt/user' is rm"),
        (lambda call: "no", "only reads"),
        (lambda call: False, "only reads"),
        (lambda call: policy(call, no=False), "a reason was expected"),
        (lambda call: policy(call, no=" "), "a reason was expected"),
        (lambda call: policy(call, shell=";|"), "a redirection"),
        (lambda call: policy(call, shell=SHELL[:-1]), "a second command on a second line"),
        (lambda call: policy(call, readers=(*READERS, "python3")), "a program that can do anything"),
        (lambda call: policy(call, readers=READERS[:-1]), "'wc' only reads"),
        (lambda call: policy(call) or "no", "web_fetch is not this policy's business"),
        (beginning, "only begins like cat"),
        (forbidden, "a pipe"),
        (
            lambda call: policy(call) if call.input["command"] else "no",
            "on a call without a command (it restarts the shell) it raised KeyError",
        ),
    ],
)
def test_a_policy_with_a_hole_fails(wrong, why, fails):
    fails(lesson03.policy, wrong, why=why)


def by_regex(call: Any) -> Any:
    """Right, in another style."""
    if call.name != "bash":
        return None
    command = call.input.get("command") or ""
    one = re.fullmatch(rf"\s*({'|'.join(READERS)})(\s.*)?", command) and not re.search(
        r"[<>|&;$`()\n]", command
    )
    return True if one else "one reading program at a time"


def by_steps(call: Any) -> Any:
    """Right, in another style."""
    match call.name, (call.input.get("command") or "").split():
        case "bash", [program, *_] if program in READERS:
            return all(c not in SHELL for c in call.input["command"]) or "no shell characters, please"
        case "bash", _:
            return f"only {READERS}"


def test_a_right_policy_passes_and_has_played_a_turn(fails, passes):
    for right in (policy, by_regex, by_steps):
        passes(lesson03.policy, right)

    def allows_in_a_turn(call: Any) -> Any:
        return True if hasattr(call, "session_thread_id") else policy(call)

    fails(lesson03.policy, allows_in_a_turn, why="its verdicts ['allow', 'allow']")

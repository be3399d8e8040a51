"""A policy for built-in calls that ask: the exercise that 03b keeps for lesson 08."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from utilities import TurnTimeout, stream_until_end_turn

from ..exercises import Exercise, Wrong, require_answers
from ..places import DATA
from .parking import PATIENCE, message, session_on

__all__ = ["policy"]

ASKING = [DATA / "recordings/03_ask_allow.jsonl", DATA / "recordings/03_ask_deny.jsonl"]

ALLOWED = (
    "cat /mnt/session/uploads/orders.json",
    "head -n 3 /mnt/session/uploads/orders.json",
    "grep -c '\"late\": true' /mnt/session/uploads/orders.json",
    "  ls -l /mnt",
    "wc",
)
DENIED = {
    "rm -r /mnt/user": "rm",
    "cat a > b": "a redirection",
    "cat a; rm b": "a second command after ;",
    "cat a && rm b": "a second command after &&",
    "cat a\nrm b": "a second command on a second line",
    "cat $(rm b)": "a command inside a command",
    "cat `rm b`": "a command inside a command",
    "grep x a | tee b": "a pipe",
    "catapult a": "a program whose name only begins like cat",
    "python3 -c 'cat'": "a program that can do anything",
    "/tmp/cat a": "somebody's own cat",
    "RM=1 cat a": "a variable before the program",
    "": "no command at all",
    "   ": "no command at all",
}


def _check_policy(policy: Callable[[Any], Any]) -> str:
    def verdict(command: str | None, name: str = "bash") -> Any:
        given = {} if command is None else {"command": command}
        call = SimpleNamespace(
            type="agent.tool_use", id="sevt_call", name=name, input=given, evaluated_permission="ask"
        )
        try:
            return policy(call)
        except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
            asked = "a call without a command (it restarts the shell)" if command is None else repr(command)
            raise Wrong(f"on {asked} it raised {type(error).__name__}: {error}") from None

    verdicts = [verdict(command) for command in (*ALLOWED, *DENIED)]
    require_answers(policy, verdicts)
    for command in ALLOWED:
        if (said := verdict(command)) is not True:
            raise Wrong(f"{command!r} only reads, but you said {said!r}")
    for denied, what in [*DENIED.items(), (None, "a restart, without a command")]:
        if not isinstance(said := verdict(denied), str) or not said.strip():
            raise Wrong(f"{denied!r} is {what}: a reason was expected (a text), but you said {said!r}")
    if (said := verdict("cat a", name="web_fetch")) is not None:
        raise Wrong(f"web_fetch is not this policy's business, None leaves it; but you said {said!r}")
    _play_policy(policy)
    return f"{len(ALLOWED)} commands allowed, {len(DENIED)} denied, and a whole turn under your policy"


def _play_policy(policy: Callable[[Any], Any]) -> None:
    with session_on(*ASKING, strict=False) as (api, session):  # the learner's reason is not the recorded one
        content = message(ASKING[0])
        try:
            turn = stream_until_end_turn(api.client, session, content, confirm=policy, timeout=PATIENCE)
        except TurnTimeout as error:
            raise Wrong(f"a turn under your policy never ended: {error}") from None
        [played] = api.sessions
        verdicts = [said for _, said in played.answers]
        if (turn.outcome, verdicts) != ("end_turn", ["allow", "deny", "allow"]):
            raise Wrong(f"a turn under your policy ended with {turn.outcome}, its verdicts {verdicts}")


policy = Exercise(
    "Exercise 3",
    _check_policy,
    [
        "Three cases: not bash, then allowed, then everything else.",
        "command.split() gives the words; the first one, if there is one, is the program. Compare it as a "
        "whole: catapult also begins with cat.",
        "set(command) & set(SHELL) is empty if none of those characters is in the command; bash can also be "
        "called without a command, so call.input.get('command') or ''.",
    ],
    minutes=8,
)

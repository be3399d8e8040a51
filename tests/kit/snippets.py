"""The snippets of example_data/snippets, each run as a process of its own on a replay server with faults."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.places import DATA, RECORDINGS
from tests.kit.script_process import script
from utilities.replay.testing import ManagedAgentsApi

SNIPPETS = DATA / "snippets"
ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")
NOT_SURVIVED, SURVIVED = "What this does not survive", "What it survives"

# What can go wrong, in the words of the docstrings.
RAISES, EARLY, SHOWN_TWICE = "an exception", "returns before the turn is over", "shows everything twice"
SENT_TWICE, HIDDEN = "sends twice", "shows less than there was"


def code_of(path: Path) -> list[str]:
    """The lines of a snippet that are neither blank nor its docstring."""
    text = path.read_text("utf-8")
    [docstring, *_] = ast.parse(text).body
    return [line for line in text.splitlines()[docstring.end_lineno :] if line.strip()]


def promises(path: Path) -> tuple[dict[str, str], set[str]]:
    """What its docstring says: faults that it does not survive with what happens, and those that it does."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    _, _, lists = docstring.partition(NOT_SURVIVED)
    bad, _, good = lists.partition(SURVIVED)
    good = good.partition(".\n")[0]
    rows = re.findall(r"^    (\w+) {2,}(.+)$", bad, re.MULTILINE)
    return dict(rows), set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", good)))


@dataclass
class Ran:
    """What a process did, and what its session has.

    Attributes:
        code, lines, error: how it exited, what it printed, the last line of its traceback.
        history: the session's events, as JSON; empty where it made no session.
    """

    code: int
    lines: list[str]
    error: str
    history: list[dict[str, Any]]

    def texts(self) -> list[str]:
        """What the agent said in the session."""
        return [e["content"][0]["text"] for e in self.history if e["type"] == "agent.message"]

    def ending(self) -> str:
        """The session's last end, as a snippet prints it."""
        last = [event for event in self.history if event["type"] in ENDS][-1]
        return f"{last['type']} {last.get('stop_reason', {}).get('type')}"

    def trouble(self) -> set[str]:
        """What went wrong; nothing, if it survived."""
        sent = [e for e in self.history if e["type"] == "user.message"]
        answers = [e["custom_tool_use_id"] for e in self.history if e["type"] == "user.custom_tool_result"]
        found = {
            RAISES: self.code != 0,
            EARLY: self.code == 0 and self.lines[-1] != self.ending(),
            SHOWN_TWICE: any(self.lines.count(text) > 1 for text in self.texts()),
            HIDDEN: self.code == 0 and any(text not in self.lines for text in self.texts()),
            SENT_TWICE: len(sent) > 1 or len(answers) > len(set(answers)),
        }
        return {what for what, is_so in found.items() if is_so}


def run(name: str, faults: str = "", *, strict: bool = False, forked: bool = True) -> Ran:
    """Run a snippet to its end on the course's recordings."""
    with (
        ManagedAgentsApi(RECORDINGS, faults=faults, strict=strict) as api,
        script(SNIPPETS / f"{name}.py", api.environment, forked=forked) as process,
    ):
        process.join(60)
        assert process.exitcode is not None, f"{name} under {faults!r} has not ended after a minute"
        lines, error = process.printed()
        if strict:
            api.assert_finished()
        history = api.sessions[-1].events if api.sessions else []
    return Ran(process.exitcode, lines, error, history)

"""Take each guard of the turn helpers away, one at a time, and see which test notices.

    python -m tests.guards        # a few minutes; prints a table; exit code 1 if one goes unnoticed

A guard that no test misses is either not needed or not tested. Works on a copy of the tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITES = [f"tests/test_{name}.py" for name in ("turn", "settle", "stream", "faults")]


@dataclass(frozen=True)
class Guard:
    """What it protects from, and the edit that takes it away."""

    protects: str
    file: str
    old: str
    new: str
    only: str = ""  # pytest's -k, to be quick


GUARDS = [
    Guard("an idle left over from the turn before", "turn.py", "elif self._queued and not self._flushed:", "elif False:", "before_our or left_over"),
    Guard("a queue that the service dropped", "turn.py", "elif self._queued and not self._flushed:", "elif self._queued:", "drops_its_queue"),
    Guard("an event that comes twice", "turn.py", "if id in self.seen:\n                return False", "if id in self.seen:\n                pass", "repeated or once"),
    Guard("a client event that comes queued, then stamped", "turn.py", "        if is_queued(event):\n            return False\n        id", "        id", "repeated"),
    Guard("a requires_action that was answered long ago", "turn.py", "if id not in self._answered]", "]", "judged or window or once"),
    Guard("a stop reason nobody has heard of", "turn.py", "            self.finish(reason, idle=event)", "            self.finish(reason, idle=event) if reason in ('end_turn', 'retries_exhausted', 'budget_reached', 'refusal') else None", "every_stop_reason"),
    Guard("another thread's idle", "turn.py", 'elif event.type == "session.status_idle":', 'elif event.type.endswith("status_idle"):', "another_threads"),
    Guard("the session's end", "turn.py", 'self.finish("terminated")', "pass", "last_word"),
    Guard("a deleted session", "turn.py", 'self.finish("deleted")', "pass", "end_of_the_session"),
    Guard("a history that goes back to the first turn", "turn.py", "if ended and self._goes_on:", "if False:", "turn_begins or only_the_last"),
    Guard("events that came while the stream was down", "stream.py", "                if started or opening is None:\n                    events = yield ReadHistory(left())", "                if opening is None:\n                    events = yield ReadHistory(left())\n                elif started:\n                    events = []", "breaks_anywhere"),
    Guard("a stream that breaks in the middle", "stream.py", "isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)", "isinstance(error, StreamEnded)", "breaks_anywhere and drop"),
    Guard("a stream that ends too early", "stream.py", "isinstance(error, StreamEnded | httpx2", "isinstance(error, httpx2", "breaks_anywhere and end"),
    Guard("sending before the stream is open", "stream.py", "                yield Open(left())\n                if started or opening is None:", "                if started or opening is None:\n                    yield Open(left())", "every_stop_reason"),
    Guard("a message that is sent again after a reconnect", "stream.py", "if not started and opening is not None and not", "if opening is not None and not", "breaks_anywhere"),
    Guard("a message whose response was lost", "stream.py", "and not any(says(e, opening) for e in events)", "", "lost_response"),
    Guard("the same message of an earlier turn", "stream.py", "ReadHistory(left(), newest)", "ReadHistory(left())", "mistaken"),
    Guard("a POST that the SDK repeats by itself", "stream.py", "client.with_options(max_retries=0)", "client", "lost_response"),
    Guard("a service that stays busy", "stream.py", "failures > retries or pause", "pause", "stays_busy"),
    Guard("a wait beyond the deadline", "stream.py", " or pause >= left())", ")", "longer_than"),
    Guard("what the service asks for", "stream.py", "with suppress(KeyError, ValueError):  # not", "with suppress(KeyError, ValueError):\n            raise KeyError  # not", "asks_for"),
    Guard("events that were read while somebody else answered", "stream.py", "            yield from (action for action in actions if isinstance(action, Show))\n", "", "somebody_else"),
    Guard("a status that cannot be seen for a moment", "settle.py", "PASSING = (APIConnectionError, RateLimitError, InternalServerError)", "PASSING = (ZeroDivisionError,)", "busy_service or outlast"),
    Guard("a look that is never answered", "settle.py", ", timeout=patience.left())", ")", "outlast"),
    Guard("a tool that runs again after a lost send", "stream.py", "fresh = [call for call in wanted.calls if call.id not in answers]", "fresh = list(wanted.calls)", "never_arrived"),
    Guard("an answer that the API has already", "stream.py", "except anthropic.BadRequestError:", "except ZeroDivisionError:", "somebody_else"),
    Guard("calls that nobody here can answer", "stream.py", "return [call.id for call in wanted.calls if call.id not in answers] + wanted.unknown", "return []", "nobody_takes or stays_with"),
    Guard("silence that is a dead connection", "stream.py", "                connected = False\n            else:", "                pass\n            else:", "silence"),
    Guard("a terminal error without a last word", "stream.py", "DOOMED_QUIET if turn.doomed else quiet", "quiet", "without_a_last_word"),
    Guard("a session that vanished while the stream was down", "stream.py", "if started and isinstance(error, anthropic.NotFoundError):", "if False:", "deleted_while"),
    Guard("an error of the caller's own function", "stream.py", "if isinstance(step, Show | Run):", "if False:", "on_event"),
    Guard("the deadline", "stream.py", "if remaining <= 0:", "if False:", "deadline"),
    Guard("a tool that raises", "tools.py", "except Exception as error:", "except ZeroDivisionError as error:", "tool_that_raises or does_not_fit"),
    Guard("an agent that cannot tell an error from a result", "tools.py", 'f"{type(error).__name__}: {error}"), True', 'f"{type(error).__name__}: {error}"), False', "tool_that_raises"),
    Guard("tools that run one after another", "tools.py", "results = await asyncio.gather(*(_run(tools[call.name], dict(call.input)) for call in mine))", "results = [await _run(tools[call.name], dict(call.input)) for call in mine]", "run_together"),
    Guard("a tool of somebody else's", "tools.py", "and call.name in tools]", "]", "stays_with"),
    Guard("a call that is allowed without being asked about", "tools.py", '"allow" if verdict is True', '"allow" if verdict', "verdict_leads"),
    Guard("the archive race", "settle.py", 'SETTLED = ("idle", "terminated")', 'SETTLED = ("idle", "terminated", "running")', "archive_right or goes_on_running"),
]  # fmt: skip


def without(guard: Guard, tree: Path) -> str:
    """What the tests say when the guard is gone."""
    path = tree / "utilities" / guard.file
    whole = path.read_text("utf-8")
    if guard.old not in whole:
        return "NOT FOUND: the guard's text has changed, mend tests/guards.py"
    path.write_text(whole.replace(guard.old, guard.new), "utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *SUITES, "-k", guard.only or "test"],
            cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        path.write_text(whole, "utf-8")
    if done.returncode == 0:
        return "UNNOTICED"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split("::")[-1].split(" - ")[0] if failed else f"pytest says {done.returncode}"


def main() -> int:
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
        for guard in GUARDS:
            verdict = without(guard, tree)
            bad += verdict.startswith(("UNNOTICED", "NOT FOUND", "pytest"))
            print(f"{guard.protects:<52} {verdict}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

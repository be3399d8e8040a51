"""What an agent answered, and what can be checked: whether lines took part, and what was read before."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from utilities.replay.making.sandbox import zipped

from ..table import Table
from .tracing import LEFT_OUT, Trace

__all__ = ["Claim", "claims_in", "checked", "looked_at", "zip_of", "read_before", "took_part"]

Claim = dict[str, Any]
KEYS = {"question": str, "claim": str, "path": str, "line": int, "quote": str}
WRITES = re.compile(r"\banswer(_\d+)?\.json$")  # what the task asks for, and its later versions


def zip_of(folder: Path) -> bytes:
    """A zip file of a repository: the same bytes for the same files.

    It is without what Python and Git keep there, and without `.env`. Other secrets are not found: what a real
    repository may give away, `git archive` knows better, as it leaves out what isn't committed.
    """
    with tempfile.TemporaryDirectory() as copies:
        copy = Path(copies, folder.name)
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*LEFT_OUT, ".env"))
        return zipped(copy)


def claims_in(text: str) -> list[Claim]:
    """The claims of an answer.json.

    Raises:
        ValueError: it isn't a list of objects with question, claim, path, line and quote; the message names
            the first thing that is otherwise.
    """
    answer = json.loads(text)
    if not isinstance(answer, list):
        raise ValueError(f"answer.json is a {type(answer).__name__}, not a list of claims")
    for number, claim in enumerate(answer, 1):
        for key, kind in KEYS.items():
            if not isinstance(claim, dict) or not isinstance(claim.get(key), kind):
                raise ValueError(
                    f"answer.json: claim {number} has no {key} that is {kind.__name__}: {claim!r}"
                )
    return answer


def took_part(claim: Claim, trace: Trace) -> bool:
    """Whether the claim's line ran in the traced call, and is the line that it quotes."""
    text = trace.get((claim["path"], claim["line"]))
    return text is not None and text.strip() == claim["quote"].strip()


def read_before(claim: Claim, events: Iterable[Any]) -> bool:
    """Whether a `read` had shown the claim's file, or a part of it, when the answer was written.

    Of a very long file a `read` shows a part, and the log has no more than the path that was asked for.

    Args:
        claim: of the answer.
        events: a session's, oldest first; the first writing of an answer is what counts.
    """
    return any(_of(path, claim["path"]) for path in _read(events))


def _read(events: Iterable[Any], *, until_written: bool = True) -> list[str]:
    """The files that `read` calls have shown, by their paths in the container."""
    asked: dict[str, str] = {}
    shown = []
    for event in events:
        if event.type == "agent.tool_use":
            path = str(event.input.get("file_path", ""))
            if event.name == "read":
                asked[event.id] = path
            elif until_written and event.name == "write" and WRITES.search(path):
                break
        elif event.type == "agent.tool_result" and event.tool_use_id in asked and not event.is_error:
            shown.append(asked[event.tool_use_id])
    return shown


def _of(in_container: str, in_repository: str) -> bool:
    return in_container.endswith(f"/{in_repository}")


def checked(
    answers: Mapping[str, tuple[Sequence[Claim], Sequence[Any]]], repository: Path, trace: Trace
) -> Table:
    """Three checks of each claim, a row for each.

    Args:
        answers: by whose it is, the claims and the events of the session.
        repository: the folder that the claims are about.
        trace: of the call that they are about.
    """
    rows = {}
    for who, (claims, events) in answers.items():
        for claim in claims:
            seen = {
                "quote exists": _quoted(claim, repository),
                "takes part": took_part(claim, trace),
                "read before": read_before(claim, events),
            }
            rows[f"{who}: {claim['question']}"] = {
                what: "yes" if held else "NO" for what, held in seen.items()
            }
    return Table("Three checks of each claim", rows)


def _quoted(claim: Claim, repository: Path) -> bool:
    path = repository / claim["path"]
    if not path.resolve().is_relative_to(repository.resolve()) or not path.is_file():
        return False
    return claim["quote"].strip() in map(str.strip, path.read_text("utf-8").splitlines())


def looked_at(repository: Path, trace: Trace, sessions: Mapping[str, Sequence[Any]]) -> Table:
    """The files that a `read` has shown: to whom, and whether they took part in a call.

    Args:
        repository: the folder.
        trace: of the call.
        sessions: by the agent, the events of its session.
    """
    shown = {who: _read(events, until_written=False) for who, events in sessions.items()}
    rows = {}
    for file in sorted(repository.rglob("*")):
        path = file.relative_to(repository).as_posix()
        opened = {who: any(_of(each, path) for each in read) for who, read in shown.items()}
        if any(opened.values()):
            rows[path] = {f"{who} read it": _mark(held) for who, held in opened.items()}
            rows[path]["it took part"] = _mark(path in trace.paths)
    left = len(set(trace.paths) - rows.keys())
    return Table(f"What a read has shown; {left} more files took part, and no read named them", rows)


def _mark(held: bool) -> str:
    return "yes" if held else "-"

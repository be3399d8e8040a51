"""Writes FIDELITY.md and rules.json of utilities/replay from the marks of the tests.

    python -m tests.project.fidelity --write    # make fidelity
    python -m tests.project.fidelity --check    # a test does this

Which marks those are, and how they are collected, is in `marks`. The page is for people; rules.json has the
same rules for programs: lesson 04 says from it how well a rule is known.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
from anthropic.types.beta.sessions.beta_managed_agents_stream_session_events import (
    BetaManagedAgentsStreamSessionEvents,
)

from tests.kit.places import EVENT_SHAPES, ROOT
from tests.live import results
from tests.live.probe import NOT_ASKED
from tests.live.probes import PROBES
from tests.project.marks import EVIDENCE, TOPICS, Rule, RuleError, Survived, collect, rules, survived
from utilities.replay import Library, assumptions, faults
from utilities.replay.api import Api
from utilities.replay.http import unserved

PAGE = ROOT / "utilities" / "replay" / "FIDELITY.md"
LIST = PAGE.with_name("rules.json")
SHAPES = json.loads(EVENT_SHAPES.read_text("utf-8"))
AGREED = "the page and the list say what the tests say"
MOST_ROUTES = 10  # that are listed one by one
STAMPED = "<!-- Written by `make fidelity` from the tests. Change the tests, not this page. -->"
INTRO = """\
# How faithful the replay server is

The replay server answers like the hosted Managed Agents API. It can't know all that the hosted API does, so
this page says what it does, and how well each of these rules is known. **Each rule is a test that is run
before every change**: the page is made from the tests and compared with them, so no rule stands here whose
test doesn't exist or doesn't pass.
"""
UNASKED = """\
Nothing on this page has been checked against the hosted API by this project. Whoever has a key can do it:
`make confirm-live` asks, and `make fidelity` then shows here what it saw.
"""
UNPROBED = """\
`asked`: of how many of them `make confirm-live` has a probe; `make confirm-live LIVE=--unasked` lists the
others. Many of those are about this server itself. Webhooks can only be seen at a public address, work only
by a worker with an environment's key; of most others the documentation or the SDK says it in so many words.
"""
ASKED = """\
Some of it has been asked of the hosted API by `make confirm-live`: such a rule says `live`, and the last
section has what was seen.
"""


def listed(found: list[Rule]) -> str:
    """The rules as rules.json has them, by topic."""
    return json.dumps([asdict(rule) for rule in found], indent=1, ensure_ascii=False) + "\n"


# -- the page -----------------------------------------------------------------------------------------


def page(found: list[Rule], live: list[dict[str, Any]], broken: Sequence[Survived] = ()) -> str:
    """The whole page, as it is committed.

    Args:
        found: the rules.
        live: what `make confirm-live` has seen.
        broken: what the helpers do about faults.
    """
    live = [entry for entry in live if entry["verdict"] != NOT_ASKED]
    parts = [STAMPED, INTRO, ASKED if live else UNASKED, _counts(found)]
    for topic, title in TOPICS.items():
        rows = [_row(rule, live) for rule in found if rule.topic == topic]
        if rows:
            parts.append(f"## {title}\n\n" + table("rule | evidence | test", rows))
    parts += [_unserved(), _faults(broken), _shapes(), _open(found), _questions(), _live(live)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def table(head: str, rows: list[str]) -> str:
    columns = head.split(" | ")
    return "\n".join(f"| {line} |" for line in [head, " | ".join("---" for _ in columns), *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(rule: Rule, live: list[dict[str, Any]]) -> str:
    evidence = f"{rule.evidence}: {rule.source}" if rule.source else rule.evidence
    asked = [entry for entry in live if entry["rule"] == rule.text]
    evidence += "".join(f"; live: {_found(entry)}, {entry['date']}" for entry in asked)
    return " | ".join([_cell(rule.text), _cell(evidence), _links(rule.tests)])


def _found(entry: dict[str, Any]) -> str:
    """What a probe found; of an open question also which of its answers."""
    return f"{entry['verdict']} ({entry['answer']})" if entry.get("answer") else entry["verdict"]


def _links(tests: list[str]) -> str:
    return "<br>".join(f"[{test.split('::')[-1]}](../../{test.split('::')[0]})" for test in tests)


def _counts(found: list[Rule]) -> str:
    counts = Counter(rule.evidence for rule in found)
    tests = {test for rule in found for test in rule.tests}
    texts = [rule.text for rule in found]
    asked = results.asked(PROBES.values(), texts)
    probed = Counter(rule.evidence for rule in found if rule.text in asked)
    rows = [
        f"{evidence} | {counts[evidence]} | {probed[evidence]} | {meaning}"
        for evidence, meaning in EVIDENCE.items()
    ]
    total = f"{len(found)} rules, proved by {len(tests)} tests."
    return f"{total}\n\n{table('evidence | rules | asked | what that means', rows)}\n\n{UNPROBED}"


def _faults(broken: Sequence[Survived]) -> str:
    rows = []
    for fault in broken:
        kind = faults.KINDS[fault.name]
        said = [f"`{faults.usage(kind)}`", kind.does, fault.helpers]
        rows.append(" | ".join([*map(_cell, said), _links(fault.tests)]))
    head = "fault | what it does | what the helpers do | test"
    return f"## What can be broken on purpose\n\n{table(head, rows)}" if rows else ""


def _questions() -> str:
    """What the server can be asked to assume."""
    return (
        "## What the server can be asked to assume\n\nWhere sources disagree the server has a switch: "
        "`--assume RULE=ANSWER`, or the header `x-replay-assume` for one client. A program must be right "
        f"under every answer.\n\n{assumptions.markdown_table()}"
    )


def _unserved() -> str:
    """Routes of the installed SDK that the server doesn't have, those with one reason together."""
    served = Api(Library([])).routes
    groups: dict[str, list[str]] = {}
    for method, path in unserved.missing(served):
        groups.setdefault(unserved.why(path), []).append(f"`{method} {path}`")
    rows = []
    for reason, routes in groups.items():
        told = "<br>".join(routes) if len(routes) <= MOST_ROUTES else f"{routes[0]} and what is like it"
        rows.append(f"{len(routes)} | {told} | {_cell(reason)}")
    known = len(unserved.sdk_routes())
    return (
        f"## Not served, and why\n\nThe SDK that is installed asks for {known} routes. {len(served)} are "
        "served; for the others a 404 says that it is this server that doesn't have them.\n\n"
        + table("routes | which | why", rows)
    )


def _live(live: list[dict[str, Any]]) -> str:
    """What the hosted service did, from live.json."""
    rows = []
    for entry in live:
        when = f"{entry['date']}, SDK {entry['sdk']}"
        rows.append(" | ".join([_cell(entry["says"]), entry["verdict"], _cell(entry["seen"]), when]))
    head = "statement | live | what was seen | when"
    return f"## What was asked of the hosted service\n\n{table(head, rows)}" if rows else ""


def known_types() -> list[str]:
    """Every event type that the SDK knows, in a log or in a stream."""
    members = get_args(get_args(BetaManagedAgentsStreamSessionEvents)[0])
    return sorted(get_args(member.model_fields["type"].annotation)[0] for member in members)


def _shapes() -> str:
    captured = SHAPES["events"]
    rows = [f"`{kind}` | {facts['seen']} | {', '.join(facts['keys'])}" for kind, facts in captured.items()]
    missing = [f"`{kind}`" for kind in known_types() if kind not in captured]
    return "\n\n".join(
        [
            "## Event types, and who has seen them",
            f"{SHAPES['source']} Recordings have exactly these keys for these types, which is tested.",
            table("type | seen | keys", rows),
            f"**No complete public capture exists** of {len(missing)} more types that the SDK knows: "
            "their shapes are those of its classes, their places in a turn those that the documentation "
            "gives. Nothing here says that they were checked against the real thing:",
            ", ".join(missing) + ".",
        ]
    )


def _open(found: list[Rule]) -> str:
    rows = [f"{_cell(rule.text)} | {rule.evidence} | {_cell(rule.note)}" for rule in found if rule.note]
    return "## What is not known, and where sources disagree\n\n" + table(
        "what the server does | evidence | what else is said, or not known", rows
    )


def both(items: list[pytest.Item]) -> dict[Path, str]:
    """The page and the list, as these tests make them."""
    found, broken = rules(items), survived(items)
    return {PAGE: page(found, results.read(), broken), LIST: listed(found)}


def changes(made: dict[Path, str]) -> list[str]:
    """How what is committed differs from this, line by line; nothing if it doesn't."""
    told: list[str] = []
    for path, text in made.items():
        committed = path.read_text("utf-8") if path.exists() else ""
        before, after = committed.splitlines(), text.splitlines()
        told += difflib.unified_diff(before, after, f"{path.name}, committed", "tests", n=0, lineterm="")
    return told


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.project.fidelity")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="write the page and the list")
    task.add_argument("--check", action="store_true", help="compare them with what would be written")
    options = parser.parse_args(argv)
    try:
        made = both(collect(ROOT / "tests"))
    except RuleError as error:
        print(f"fidelity: {error}", file=sys.stderr)
        return 2
    if options.write:
        for path, text in made.items():
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
        return 0
    told = changes(made)
    print("\n".join([*told[:40], "run `make fidelity`"] if told else [AGREED]))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())

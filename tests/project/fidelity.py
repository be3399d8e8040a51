"""Writes FIDELITY.md and rules.json of utilities/replay from the tests that carry a rule of the API.

    python -m tests.project.fidelity --write    # make fidelity
    python -m tests.project.fidelity --check    # a test does this

A rule is a line above the test that proves it:

    @pytest.mark.rule("archive while running is refused with 400", topic="sessions",
                      evidence="claimed", source="the seed tutorial")

The page is for people; rules.json has the same rules for programs: lesson 04 says from it how well a rule is
known. pytest collects the tests and runs none of them here. Those that are skipped or expected to fail
prove nothing, so they can't carry a rule.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import pytest
from anthropic.types.beta.sessions.beta_managed_agents_stream_session_events import (
    BetaManagedAgentsStreamSessionEvents,
)

from tests.kit.places import EVENT_SHAPES, ROOT
from tests.live import results
from tests.live.probe import NOT_ASKED
from utilities.replay import assumptions, faults

PAGE = ROOT / "utilities" / "replay" / "FIDELITY.md"
LIST = PAGE.with_name("rules.json")
SHAPES = json.loads(EVENT_SHAPES.read_text("utf-8"))
EVIDENCE = {
    "sdk": "read in the source of the `anthropic` package, or run against it",
    "seen": "seen in published captures of hosted sessions",
    "doc": "the official documentation says so",
    "claimed": "others say so, nobody here has checked it",
    "unsettled": "sources disagree; the server does one of the things they say",
    "ours": "nobody says how the hosted API does it; this is what the server does",
}
TOPICS = {
    "requests": "Requests and errors",
    "lists": "Lists and pages",
    "agents": "Agents",
    "environments": "Environments",
    "files": "Files and resources",
    "memory": "Memory stores",
    "vaults": "Vaults and credentials",
    "sessions": "Sessions",
    "sending": "What a client sends",
    "tools": "Tool calls that wait for the client",
    "order": "Order of events",
    "shapes": "Shapes of events",
    "streams": "Streams",
    "threads": "Threads",
    "webhooks": "Webhooks",
    "messages": "Messages",
    "faults": "Faults",
    "replay": "Playing recordings",
}
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
ASKED = """\
Some of it has been asked of the hosted API by `make confirm-live`: such a rule says `live`, and the last
section has what was seen.
"""


@dataclass
class Rule:
    """One rule, and the tests that prove it."""

    text: str
    topic: str
    evidence: str
    source: str = ""
    note: str = ""  # what else is said, and what is not known
    tests: list[str] = field(default_factory=list)


class RuleError(ValueError):
    """A mark that can't be used; seen by whoever wrote it."""


class _Collected:
    """The plugin that keeps what pytest has collected."""

    items: list[pytest.Item]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = session.items


def collect(*paths: Path) -> list[pytest.Item]:
    """The tests below these paths, without running one."""
    plugin, told = _Collected(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *map(str, paths)], [plugin])
    if status:
        raise RuleError(f"pytest could not collect the tests:\n{told.getvalue()}")
    return plugin.items


def rules(items: list[pytest.Item]) -> list[Rule]:
    """The rules that the tests carry, by topic, each once.

    Raises:
        RuleError: a mark is wrong; the message names its test.
    """
    found: dict[str, Rule] = {}
    for item in items:
        test = item.nodeid.split("[")[0]
        for mark in item.iter_markers("rule"):
            rule = _rule(item, test, mark)
            known = found.setdefault(rule.text, rule)
            if (known.topic, known.evidence) != (rule.topic, rule.evidence):
                raise RuleError(f"{test}: {rule.text!r} has another topic or evidence at {known.tests[0]}")
            if test not in known.tests:
                known.tests.append(test)
    topics = list(TOPICS)
    return sorted(found.values(), key=lambda rule: topics.index(rule.topic))


def _rule(item: pytest.Item, test: str, mark: pytest.Mark) -> Rule:
    try:
        rule = Rule(*mark.args, **mark.kwargs)
    except TypeError as error:
        raise RuleError(f"{test}: {error}") from None
    if rule.topic not in TOPICS:
        raise RuleError(f"{test}: topic {rule.topic!r} is not one of {', '.join(TOPICS)}")
    if rule.evidence not in EVIDENCE:
        raise RuleError(f"{test}: evidence {rule.evidence!r} is not one of {', '.join(EVIDENCE)}")
    if rule.evidence == "unsettled" and not rule.note:
        raise RuleError(f"{test}: an unsettled rule needs a note that says what else is said")
    if unproved := [name for name in ("skip", "skipif", "xfail") if item.get_closest_marker(name)]:
        raise RuleError(f"{test}: a test with {unproved[0]} proves nothing")
    return rule


def listed(found: list[Rule]) -> str:
    """The rules as rules.json has them, by topic."""
    return json.dumps([asdict(rule) for rule in found], indent=1, ensure_ascii=False) + "\n"


# -- the page -----------------------------------------------------------------------------------------


def page(found: list[Rule], live: list[dict[str, Any]]) -> str:
    """The whole page, as it is committed.

    Args:
        found: the rules.
        live: what `make confirm-live` has seen.
    """
    live = [entry for entry in live if entry["verdict"] != NOT_ASKED]
    parts = [STAMPED, INTRO, ASKED if live else UNASKED, _counts(found)]
    for topic, title in TOPICS.items():
        rows = [_row(rule, live) for rule in found if rule.topic == topic]
        if rows:
            parts.append(f"## {title}\n\n" + table("rule | evidence | test", rows))
    return (
        "\n\n".join(
            part.strip("\n")
            for part in [*parts, _faults(), _shapes(), _open(found), _questions(), _live(live)]
            if part
        )
        + "\n"
    )


def table(head: str, rows: list[str]) -> str:
    columns = head.split(" | ")
    return "\n".join(f"| {line} |" for line in [head, " | ".join("---" for _ in columns), *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(rule: Rule, live: list[dict[str, Any]]) -> str:
    evidence = f"{rule.evidence}: {rule.source}" if rule.source else rule.evidence
    asked = [entry for entry in live if entry["rule"] == rule.text]
    evidence += "".join(f"; live: {entry['verdict']}, {entry['date']}" for entry in asked)
    tests = [f"[{test.split('::')[-1]}](../../{test.split('::')[0]})" for test in rule.tests]
    return " | ".join([_cell(rule.text), _cell(evidence), "<br>".join(tests)])


def _counts(found: list[Rule]) -> str:
    counts = Counter(rule.evidence for rule in found)
    tests = {test for rule in found for test in rule.tests}
    rows = [f"{evidence} | {counts[evidence]} | {meaning}" for evidence, meaning in EVIDENCE.items()]
    total = f"{len(found)} rules, proved by {len(tests)} tests."
    return f"{total}\n\n" + table("evidence | rules | what that means", rows)


def _faults() -> str:
    """The table that the faults make of themselves, if they do."""
    made = getattr(faults, "markdown_table", None)
    return f"## What can be broken on purpose\n\n{made()}" if made else ""


def _questions() -> str:
    """What the server can be asked to assume."""
    return (
        "## What the server can be asked to assume\n\nWhere sources disagree the server has a switch: "
        "`--assume RULE=ANSWER`, or the header `x-replay-assume` for one client. A program must be right "
        f"under every answer.\n\n{assumptions.markdown_table()}"
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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.project.fidelity")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="write the page and the list")
    task.add_argument("--check", action="store_true", help="compare them with what would be written")
    options = parser.parse_args(argv)
    try:
        found = rules(collect(ROOT / "tests"))
    except RuleError as error:
        print(f"fidelity: {error}", file=sys.stderr)
        return 2
    changes: list[str] = []
    for path, made in ((PAGE, page(found, results.read())), (LIST, listed(found))):
        if options.write:
            path.write_text(made, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
            continue
        committed = path.read_text("utf-8") if path.exists() else ""
        before, after = committed.splitlines(), made.splitlines()
        changes += difflib.unified_diff(before, after, f"{path.name}, committed", "tests", n=0, lineterm="")
    if changes:
        print("\n".join([*changes[:40], "run `make fidelity`"]))
    elif options.check:
        print("the page and the list say what the tests say")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())

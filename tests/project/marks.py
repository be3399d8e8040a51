"""What the tests say of the API and of the helpers, in marks; FIDELITY.md is made from it.

A rule is a line above the test that proves it:

    @pytest.mark.rule("archive while running is refused with 400", topic="sessions",
                      evidence="claimed", source="the seed tutorial")

What the helpers do about a fault of the replay server is a line above the test that they do it:

    @pytest.mark.fault("repeat", "shows each once")

pytest collects the tests and runs none of them here. Those that are skipped or expected to fail
prove nothing, so they can't carry such a mark.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from utilities.replay.assumptions import QUESTIONS
from utilities.replay.faults import KINDS, Kind

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
    "skills": "Skills",
    "deployments": "Deployments and their runs",
    "dreams": "Dreams",
    "models": "Models",
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


@dataclass
class Rule:
    """One rule, and the tests that prove it."""

    text: str
    topic: str
    evidence: str
    source: str = ""
    note: str = ""  # what else is said, and what is not known
    tests: list[str] = field(default_factory=list)


@dataclass
class Survived:
    """What the helpers do about one fault, and the tests that they do."""

    name: str
    helpers: str
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
    if rule.evidence == "unsettled" and not any(f"--assume {name}=" in rule.text for name in QUESTIONS):
        raise RuleError(f"{test}: an unsettled rule names its switch, `--assume QUESTION=ANSWER`")
    _require_proof(item, test)
    return rule


def survived(items: list[pytest.Item], kinds: Mapping[str, Kind] = KINDS) -> list[Survived]:
    """What the tests say that the helpers do about each fault, in the order of `kinds`.

    Raises:
        RuleError: a mark is wrong, or a fault has no test; the message names it.
    """
    found: dict[str, Survived] = {}
    for item in items:
        test = item.nodeid.split("[")[0]
        for mark in item.iter_markers("fault"):
            fault = _fault(item, test, mark, kinds)
            known = found.setdefault(fault.name, fault)
            if known.helpers != fault.helpers:
                raise RuleError(f"{test}: of {fault.name!r} something else is said at {known.tests[0]}")
            if test not in known.tests:
                known.tests.append(test)
    if missing := [name for name in kinds if name not in found]:
        raise RuleError(f"no test has the mark fault({missing[0]!r}, …): what do the helpers do about it?")
    return [found[name] for name in kinds]


def _fault(item: pytest.Item, test: str, mark: pytest.Mark, kinds: Mapping[str, Kind]) -> Survived:
    try:
        fault = Survived(*mark.args, **mark.kwargs)
    except TypeError as error:
        raise RuleError(f"{test}: {error}") from None
    if fault.name not in kinds:
        raise RuleError(f"{test}: there is no fault {fault.name!r}; there are {', '.join(kinds)}")
    _require_proof(item, test)
    return fault


def _require_proof(item: pytest.Item, test: str) -> None:
    if unproved := [name for name in ("skip", "skipif", "xfail") if item.get_closest_marker(name)]:
        raise RuleError(f"{test}: a test with {unproved[0]} proves nothing")

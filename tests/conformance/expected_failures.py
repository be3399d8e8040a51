"""Which of the SDK's tests can't pass, and why: a pytest plugin, loaded where those tests run.

An unlisted failure fails the run, as failures do. So does a listed test that isn't there any more, or that
passes with the version that the list is for: its line has to go. A line with a file or a folder is about what
isn't served: its tests are not run, and counted at the end. Imports nothing of this project, which isn't
installed there.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import anthropic
import pytest

LISTED_FOR = (
    "CONFORMANCE_LISTED_FOR"  # in the environment: the anthropic that the list is for; by default any
)
LIST = Path(__file__).with_suffix(".txt")


def listed(text: str) -> dict[str, str]:
    """Reasons by test, from lines `test: reason`; blank lines and those that begin with `#` are for readers.

    Raises:
        ValueError: a line without a reason, or a test that is listed twice.
    """
    reasons: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        test, _, reason = line.partition(": ")
        if not reason.strip() or test in reasons:
            raise ValueError(f"{LIST.name}: one reason for each test, once: {line!r}")
        reasons[test] = reason.strip()
    return reasons


def function_of(nodeid: str) -> str:
    """The test function of a test: its variants (loose, strict, aiohttp) pass or fail together."""
    return nodeid.partition("[")[0]


def gone(reasons: Iterable[str], nodeids: Iterable[str]) -> list[str]:
    """Listed tests of the files that were collected which these no longer have."""
    there = {function_of(nodeid) for nodeid in nodeids}
    files = {nodeid.partition("::")[0] for nodeid in there}
    return [
        test for test in reasons if test.partition("::")[0] in files and "::" in test and test not in there
    ]


def not_served(reasons: dict[str, str], nodeid: str) -> str | None:
    """The listed file or folder that a test is in, if there is one."""
    file = nodeid.partition("::")[0]
    return next((path for path in reasons if file == path or file.startswith(f"{path}/")), None)


left_out: Counter[str] = Counter()  # by listed file or folder: how many tests were not run


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = listed(LIST.read_text("utf-8"))
    left_out.clear()
    left = [
        item for item in items if (path := not_served(reasons, item.nodeid)) and not left_out.update([path])
    ]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
    if missing := gone(reasons, [item.nodeid for item in items]):
        raise pytest.UsageError(f"{LIST.name}: no such test, remove its line: {', '.join(missing)}")
    listed_for = os.environ.get(LISTED_FOR, anthropic.__version__)
    for item in items:
        if reason := reasons.get(function_of(item.nodeid)):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=listed_for == anthropic.__version__))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = listed(LIST.read_text("utf-8"))
    for path, count in left_out.items():
        terminalreporter.write_line(f"not served: {count} tests of {path}: {reasons[path]}")

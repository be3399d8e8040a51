"""What a terminal would run in the project's folder: pytest, and modules of Python. For `apart`."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# No plugin but ours, and no option of the reader's: what pytest prints is the same everywhere.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "NO_COLOR": "1", "COLUMNS": "88"}
OPTIONS = ["-p", "managed_agents_pytest", "-p", "no:cacheprovider", "--tb=short", "--no-header", "-q"]


@dataclass
class Told:
    """What a run of pytest came to.

    Attributes:
        code: its exit code.
        text: what it printed.
        outcomes: `passed`, `failed` or `error` of each test, by its name.
        reasons: the last line of each failure, by the test's name.
        stories: what happened on the server of a test that failed, by the test's name.
        agents: whose moves the tests' sessions had: `scripted 11_a`.
    """

    code: int = 0
    text: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    stories: dict[str, str] = field(default_factory=dict)
    agents: list[str] = field(default_factory=list)


class Listener:
    """A plugin that notes what each test came to."""

    def __init__(self) -> None:
        self.told = Told()

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Before the server of the test is gone."""
        plugin = item.config.pluginmanager.get_plugin("managed_agents_pytest")
        if api := item.stash.get(plugin.API, None):
            told = {each.name: f"{each.header['provenance']} {each.name}" for each in api.library.recordings}
            self.told.agents += [told[played.recording] for played in api.sessions if played.recording]

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = report.nodeid.rpartition("::")[2]
        if report.when == "call" or report.failed:
            self.told.outcomes[name] = report.outcome if report.when == "call" else "error"
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.told.reasons[name] = crash.message if crash else str(report.longrepr)
            stories = [text for title, text in report.sections if "managed_agents_api" in title]
            self.told.stories[name] = "\n".join(stories)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.told.outcomes[report.nodeid] = "error"
            self.told.reasons[report.nodeid] = str(report.longrepr)


def run_pytest(folder: Path, args: Sequence[str]) -> Told:
    """pytest in a folder, as `python -m pytest` runs there."""
    listener = Listener()
    with _in(folder, ALONE) as printed:
        import pytest

        code = pytest.main([*OPTIONS, *args], plugins=[listener])
    listener.told.code, listener.told.text = int(code), _read(printed)
    return listener.told


def run_python(folder: Path, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """`python -m module …` or `python file.py …` in a folder: exit code, and what it printed."""
    with _in(folder, environment) as printed:
        code: Any = 0
        try:
            if argv[0] == "-m":
                sys.modules.pop(argv[1], None)  # it may be one of those that are imported already
                sys.argv = list(argv[1:])
                runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
            else:
                sys.argv = list(argv)
                runpy.run_path(argv[0], run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
            if isinstance(code, str):  # it ends with a message
                print(code)
                code = 1
    return int(code), _read(printed)


def _read(printed: Path) -> str:
    """What was printed; its file goes."""
    text = printed.read_text("utf-8", errors="replace")
    with contextlib.suppress(PermissionError):  # Windows keeps a file that is open
        printed.unlink()
    return text


@contextlib.contextmanager
def _in(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """This process in the folder, with what it prints in a file; it ends soon, so nothing is put back."""
    sys.dont_write_bytecode = True  # a program that is changed twice in a second is read twice
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    for name in [file.stem for file in folder.glob("*.py")]:
        sys.modules.pop(name, None)  # of another folder, if the process that was forked had imported it
    descriptor, name = tempfile.mkstemp()
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    for printing in (sys.stdout, sys.stderr):
        if isinstance(printing, io.TextIOWrapper):
            printing.reconfigure(encoding="utf-8")
    try:
        yield Path(name)
    finally:
        sys.stdout.flush()
        os.close(descriptor)

"""The folder of lesson 11: a program, the scenarios of its agents, its tests, and what one runs there."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utilities import Made

from .. import places
from ..workers import service_of
from .apart import apart, begin
from .cells import as_file
from .commands import Told, run_pytest, run_python
from .shown import masked, sentence, short, wrapped

PROGRAM = places.DATA / "desk"
SCENARIOS = ("11_a", "11_b")


@dataclass(frozen=True)
class PytestRun:
    """What a run of pytest came to; as a text, what the terminal shows, in short.

    Attributes:
        command: what was run.
        told: what came of it; `told.text` is all that pytest printed.
    """

    command: str
    told: Told

    @property
    def passed(self) -> list[str]:
        """The names of the tests that passed."""
        return [name for name, outcome in self.told.outcomes.items() if outcome == "passed"]

    @property
    def failed(self) -> list[str]:
        """The names of those that didn't."""
        return [name for name, outcome in self.told.outcomes.items() if outcome != "passed"]

    def reason(self, test: str = "") -> str:
        """Why a test failed, the first one by default, as pytest's summary says it.

        Raises:
            LookupError: none failed; the message has what pytest printed.
        """
        return sentence(self.told.reasons[test or self._first_failed()])

    def story(self, test: str = "") -> str:
        """What happened on the server of a test that failed: pytest prints it below the error.

        Raises:
            LookupError: none failed; the message has what pytest printed.
        """
        lines = masked(self.told.stories[test or self._first_failed()]).splitlines()
        return "\n".join(part for line in lines for part in wrapped(line, "    "))

    def _first_failed(self) -> str:
        if not self.failed:
            raise LookupError(f"no test failed:\n{self}")
        return self.failed[0]

    def __str__(self) -> str:
        agents = ", ".join(sorted(set(self.told.agents)))
        return "\n".join(
            [f"$ {self.command}", *([f"agent ({agents})"] if agents else []), short(self.told.text)]
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self)}


class Project:
    """A folder with a program and its tests, which ends with the lesson.

    Args:
        scenarios: those of `example_data` that it begins with.

    Attributes:
        folder: where it is; Python finds its modules, as it would in a terminal there.
    """

    def __init__(self, scenarios: tuple[str, ...] = SCENARIOS) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
        for file in PROGRAM.glob("*.py"):
            shutil.copy(file, self.folder)
        for name in ("scenarios", "recordings"):
            (self.folder / "tests" / name).mkdir(parents=True)
        for name in scenarios:
            text = (places.DATA / f"scenarios/{name}.toml").read_text("utf-8")
            text = text[text.index("name =") :]  # without what is said to the repository's reader
            (self.folder / f"tests/scenarios/{name}.toml").write_text(text, "utf-8")
        (self.folder / "pytest.ini").write_text("[pytest]\n", "utf-8")  # pytest looks no further up

    def text(self, file: str) -> str:
        """What a file of it says."""
        return (self._there() / file).read_text("utf-8").rstrip()

    @contextmanager
    def changed(self, old: str, new: str, file: str = "desk.py") -> Iterator[None]:
        """The program with something else in it, for the time of a `with` block.

        Raises:
            ValueError: the file doesn't have the old text, once.
        """
        path = self._there() / file
        text = path.read_text("utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{file} has {old!r} {text.count(old)} times, not once")
        path.write_text(text.replace(old, new), "utf-8")
        try:
            yield
        finally:
            path.write_text(text, "utf-8")

    def pytest(
        self,
        file: str = "",
        test: Callable[..., Any] | None = None,
        *,
        agent: str = "",
        change: tuple[str, str] | None = None,
    ) -> PytestRun:
        """Run tests, as `python -m pytest` in the folder does.

        Args:
            file: of the folder `tests`; without it all of them run.
            test: a function of a cell: the cell is written to the file first.
            agent: the recording that plays, where the tests don't say which.
            change: a text of desk.py and what takes its place, for this run only.
        """
        if test:
            (self._there() / "tests" / file).write_text(as_file(test), "utf-8")
        args = [f"tests/{file}".rstrip("/")]
        if agent:
            recording = Path("tests/recordings") / f"{agent}.jsonl"  # which an absolute path replaces
            args += ["-o", f"managed_agents_recordings={recording.as_posix()}"]
        with self.changed(*change) if change else nullcontext():
            told = apart(run_pytest, self._there(), args)
        return PytestRun(f"python -m pytest -q {' '.join(args)}", told)

    def python(self, command: str, *args: str, client: Any = None) -> str:
        """Run a module or a program in the folder: `project.python("-m json.tool", "a.json")`.

        Args:
            command: what `python` gets, without spaces in a part of it.
            args: more of it, with spaces.
            client: the notebook's; the program's own `Anthropic()` then leads to the same service.

        Returns:
            What it printed.

        Raises:
            RuntimeError: it ended with an error; the message has what it printed.
        """
        service = {} if client is None else service_of(client)
        code, printed = apart(run_python, self._there(), [*command.split(), *args], service)
        if code:
            raise RuntimeError(f"python {command} ended with {code}: {printed.strip()}")
        return printed.rstrip()

    def _there(self) -> Path:
        if not self.folder.is_dir():
            raise FileNotFoundError(
                "the project was removed, as the last section does: run from the first code cell again"
            )
        return self.folder

    def remove(self) -> None:
        """Remove the folder; twice does no harm."""
        shutil.rmtree(self.folder, ignore_errors=True)


def project(made: Made) -> Project:
    """A new project, which `made.end()` removes. Python finds its modules from now on.

    Args:
        made: remembers it.
    """
    begin()
    new = Project()
    made.also(new.remove)
    sys.path.insert(0, str(new.folder))
    return new


def newest_session(made: Made) -> Any:
    """The session that the desk has made last, at the notebook's service; `made` ends it and all that it has.

    Args:
        made: remembers what the desk, a program of its own, can't.

    Raises:
        LookupError: there is none.
    """
    beta = made.client.beta
    for session in beta.sessions.list():
        if session.agent.name == "desk":
            made(beta.agents.retrieve(session.agent.id))
            made(beta.environments.retrieve(session.environment_id))
            return made(session)
    raise LookupError("the desk has made no session here: run the program first")

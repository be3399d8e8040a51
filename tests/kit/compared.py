"""Notebooks that nbmake executes are compared with what is committed, so that each is executed once.

A folder whose `conftest.py` imports `pytest_collect_file` from here has its notebooks executed by
nbmake as everywhere, but with the kernel's environment that `make notebooks` has, and fails where
the outputs are not those in the file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbmake.nb_result import NotebookError, NotebookResult
from nbmake.nb_run import NotebookRun
from nbmake.pytest_items import NotebookFailedException, NotebookFile, NotebookItem

from tests.kit.asked import asking, assuming
from tests.kit.forked_kernels import kernels
from tests.kit.places import ROOT
from utilities.course.running.kernel import kernel_environment
from utilities.course.running.notebooks import differences, normalise, read
from utilities.replay.assumptions import rounds

LESSONS = ROOT / "notebooks"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """nbmake decides what is a notebook to execute; here it becomes one to compare."""
    collectors = yield
    return [
        ComparedFile.from_parent(parent, path=file_path) if isinstance(found, NotebookFile) else found
        for found in collectors
    ]


class ComparedFile(NotebookFile):
    def collect(self) -> Iterator[pytest.Item]:
        yield ComparedItem.from_parent(self, filename=str(self.path))


class ComparedItem(NotebookItem):
    """What nbmake executes and shows; what is shown includes how the outputs differ."""

    def runtest(self) -> None:
        with kernels_of_make_notebooks(), kernels(forked=self.forks()):
            with asking() as asked:
                result = self.executed()
                questions = asked()
            self.require_none(result, result.error or compare(self.path, result.nb))
            if questions and self.stands_for_a_lesson():
                self.run_under_other_answers(questions)

    def run_under_other_answers(self, questions: list[str]) -> None:
        """Execute it under the answers that are not the server's own, too: then it only has to succeed."""
        for spec in rounds():
            with assuming(spec):
                result = self.executed()
            if result.error:
                depends = f"It depends on {', '.join(questions)}. This is under {spec}:"
                result.error.trace = f"{depends}\n{result.error.trace}"
            self.require_none(result, result.error)

    def require_none(self, result: NotebookResult, error: NotebookError | None) -> None:
        if error:
            raise NotebookFailedException(NotebookResult(nb=result.nb, error=error))

    def stands_for_a_lesson(self) -> bool:
        """Whether it has a lesson's cells with the exercises done, or is executed alone."""
        return not self.path.is_relative_to(LESSONS) or self.path.is_relative_to(LESSONS / "solutions")

    def forks(self) -> bool:
        """Whether the kernel is forked: in the course, but for lesson 00, where it starts as a learner's."""
        return self.path.is_relative_to(LESSONS) and not self.path.name.startswith("00")

    def executed(self) -> NotebookResult:
        """What nbmake says of it."""
        try:
            return NotebookRun(self.path, self.config.option.nbmake_timeout).execute()
        except RuntimeError as error:
            if "Kernel died before replying" not in str(error):
                raise
            # Its ports are chosen before it binds them, and something else may be quicker: once more.
            return NotebookRun(self.path, self.config.option.nbmake_timeout).execute()


def compare(path: Path, executed: NotebookNode) -> NotebookError | None:
    """How an execution differs from the file, or None: nbmake's error, a line for each cell that differs.

    What a front end writes into a file that is opened and saved (its version, a cell's times and folds, how
    the printed lines were cut into outputs) makes no difference.
    """
    lines = differences(normalise(read(path)), normalise(executed))
    if not lines:
        return None
    advice = (
        f"`make notebooks` executes it and keeps the outputs, if these are right; "
        f"`python -m utilities.course.reset {path.stem[:2]}` brings the original back"
    )
    return NotebookError(
        summary=lines[0], trace="\n".join([f"{path.name}:", *lines, advice]), failing_cell_index=-1
    )


@contextmanager
def kernels_of_make_notebooks() -> Iterator[None]:
    """nbmake's kernels get this process's environment and look for their spec in the folders it names.

    So it is that of `make notebooks` for a while, and without kernels of the user's own.
    """
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        wanted = kernel_environment(scratch) | {"JUPYTER_DATA_DIR": scratch, "JUPYTER_PREFER_ENV_PATH": "1"}
        wanted.pop("JUPYTER_PATH", None)
        for name in set(os.environ) - set(wanted):
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        yield

"""`make run` and `make notebooks`: lessons, or other notebooks, headless, then a table of how it went."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from utilities.console import forgiving

from .notebooks import NotebookRun, dumps, execute_async, keep_volatile, normalise, read

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
T = TypeVar("T")


def main(argv: list[str] | None = None) -> int:
    """The command. 0: all passed. 1: at least one failed. 2: nothing to run. 130: interrupted."""
    forgiving()
    options = _parser().parse_args(argv)
    paths = chosen(options.folder, options.notebook, all_rooms=options.write)
    if not paths:
        have = ", ".join(sorted({path.stem for path in notebooks(options.folder)})) or "none"
        refusal = f"No notebook in {options.folder} begins with {options.notebook!r}. There are: {have}"
        print(refusal, file=sys.stderr)
        return 2
    try:
        runs = run_in_thread(_execute_all(paths, options.timeout, Progress(len(paths), options.folder)))
    except KeyboardInterrupt:
        print("\nInterrupted; the kernels are stopped.", file=sys.stderr)
        return 130
    if options.write:
        for run in runs:
            write(run)
    report(runs, options.folder)
    return int(any(run.error for run in runs))


def notebooks(folder: Path) -> list[Path]:
    """All notebooks in the folder: the lessons, then those of deep/ and solutions/."""
    found = [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    return sorted(found, key=lambda path: (len(path.relative_to(folder).parts) > 1, path))


def chosen(folder: Path, beginning: str, *, all_rooms: bool) -> list[Path]:
    """The notebooks whose name, or whose path in the folder, begins like this: "01", "01b", "deep".

    Args:
        folder: where the notebooks are.
        beginning: of the name or path; empty for all.
        all_rooms: of a name, those of deep/ and solutions/ as well. Otherwise the lessons; the others
            only if no lesson is meant: "deep", "01b".
    """
    every = notebooks(folder)
    named = [p for p in every if p.name.startswith(beginning)]
    lessons = [path for path in named if path.parent == folder]
    if not all_rooms and lessons:
        return lessons
    by_path = [p for p in every if p.relative_to(folder).as_posix().startswith(beginning)]
    if all_rooms or by_path:
        return named or by_path
    return [p for p in named if "solutions" not in p.relative_to(folder).parts]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m utilities.course.running", description=__doc__)
    parser.add_argument("notebook", nargs="?", default="", help="how it begins: 01, deep (default: lessons)")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"), help="where the notebooks are")
    parser.add_argument("--write", action="store_true", help="keep the outputs; deep/ and solutions/ too")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one cell (default: 120)")
    return parser


async def _execute_all(paths: list[Path], timeout: int, progress: Progress) -> list[NotebookRun]:
    """As many at once as there are processors: a notebook is mostly its kernel's work."""
    room = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(path: Path) -> NotebookRun:
        async with room:
            run = await execute_async(path, timeout=timeout)
        progress.step(run)
        return run

    async with asyncio.TaskGroup() as group:  # waits for all of them, also after Ctrl-C
        # The last lessons take longest: begun last, one of them would run alone at the end.
        tasks = [group.create_task(one(path)) for path in reversed(paths)]
    return [task.result() for task in reversed(tasks)]


def run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, away from the main thread; Ctrl-C cancels the work and waits for its clean-up.

    In the main thread nbclient would take the signal for itself, each notebook from the one
    before, and Ctrl-C would stop a single kernel.
    """
    started: Future[Callable[[], object]] = Future()
    done: Future[T] = Future()

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        started.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await work

    def target() -> None:
        try:
            done.set_result(asyncio.run(cancellable()))
        except BaseException as error:  # handed on to the waiting thread, whatever it is
            done.set_exception(error)

    thread = threading.Thread(target=target)
    thread.start()
    try:
        return done.result()
    except KeyboardInterrupt:
        started.result()()
        thread.join()
        raise


class Progress:
    """A bar on stderr for a person, a line for each notebook in a log."""

    def __init__(self, total: int, folder: Path) -> None:
        self.total, self.done, self.folder = total, 0, folder
        self.live = sys.stderr.isatty()
        self._show("")

    def step(self, run: NotebookRun) -> None:
        self.done += 1
        self._show(f"{run.path.relative_to(self.folder).as_posix()} {run.outcome}")

    def _show(self, last: str) -> None:
        if self.live:
            bar = ("#" * (20 * self.done // self.total)).ljust(20, ".")
            end = "\n" if self.done == self.total else ""
            print(f"\r\x1b[K[{bar}] {self.done}/{self.total}  {last}", end=end, file=sys.stderr, flush=True)
        elif last:
            print(f"{self.done}/{self.total}  {last}", file=sys.stderr, flush=True)


def write(run: NotebookRun) -> None:
    """Put the outputs into the file, if the notebook passed and they are not there already."""
    if run.error or run.notebook is None:
        return
    text = dumps(keep_volatile(read(run.path), normalise(run.notebook)))
    if text != run.path.read_text(encoding="utf-8"):
        run.path.write_text(text, encoding="utf-8")


def report(runs: list[NotebookRun], folder: Path) -> None:
    """The table; then what went wrong, first in one line for each notebook, then in full."""
    names = [run.path.relative_to(folder).as_posix() for run in runs]
    width = max(map(len, ["notebook", *names]))
    print(f"{'notebook':{width}}  outcome  seconds")
    for name, run in zip(names, runs, strict=True):
        print(f"{name:{width}}  {run.outcome:7}  {run.seconds:7.1f}")
    failed = [(name, run.error) for name, run in zip(names, runs, strict=True) if run.error]
    for name, error in failed:
        print(f"FAILED {name}, {error}")
    clean: Callable[[str], str] = str if sys.stdout.isatty() else lambda text: COLOURS.sub("", text)
    for name, error in failed:
        print(f"\n{f' {name} ':-^100}\n{clean(error.trace)}")


if __name__ == "__main__":
    raise SystemExit(main())

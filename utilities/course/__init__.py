"""What the course itself runs on: its notebooks executed and compared, its exercises checked.

`running/` executes notebooks and compares outputs (`make run`, `make notebooks`), `lessonNN/` has
what only that lesson needs, `exercises` and `table` what several do, `doctor` checks a machine
(`make doctor`). A reader who copies helpers into a project needs none of this.

What lessons import from here: `DATA`, the folder `example_data` as an absolute path, wherever a notebook
was started · `run_worker` and `Worker`, a second process · `show_source`, code that left the cells ·
`expect_move` and `provenance`, who acted.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import places

if TYPE_CHECKING:
    from .source import show_source
    from .who_acted import expect_move, provenance
    from .workers import Worker, run_worker

__all__ = ["DATA", "Worker", "expect_move", "provenance", "run_worker", "show_source"]

DATA: Path
_HOME = {
    "Worker": "workers",
    "expect_move": "who_acted",
    "provenance": "who_acted",
    "run_worker": "workers",
    "show_source": "source",
}


def __getattr__(name: str) -> Any:
    """What is imported from here, when it is first used; `DATA` only if it is there."""
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name != "DATA":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not places.DATA.is_dir():
        raise FileNotFoundError(
            f"there is no {places.DATA}, which the lessons work on: the course runs in its git clone "
            "(`make setup`), and `git checkout example_data` brings the folder back"
        )
    return places.DATA

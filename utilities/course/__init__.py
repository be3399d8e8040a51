"""What the course itself runs on: its notebooks executed and compared, its exercises checked.

`running/` executes notebooks and compares outputs (`make run`, `make notebooks`), `lessonNN/` has
what only that lesson needs, `exercises` and `table` what several do, `doctor` checks a machine
(`make doctor`). A reader who copies helpers into a project needs none of this.

`DATA` is the folder `example_data`, as an absolute path, wherever a notebook was started.
"""

from pathlib import Path
from typing import Any

from . import places

__all__ = ["DATA"]

DATA: Path


def __getattr__(name: str) -> Any:
    if name != "DATA":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not places.DATA.is_dir():
        raise FileNotFoundError(
            f"there is no {places.DATA}, which the lessons work on: the course runs in its git clone "
            "(`make setup`), and `git checkout example_data` brings the folder back"
        )
    return places.DATA

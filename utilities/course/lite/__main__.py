"""`python -m utilities.course.lite`: JupyterLab with the lessons that run in a browser, without network.

    python -m utilities.course.lite                # into site/lite/
    python -m utilities.course.lite --fetch        # first: what it is made of, from npm and PyPI, into .lite/

Then serve it: python -m http.server --bind 127.0.0.1 --directory site
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..places import ROOT
from .building import build
from .parts import NotFetched, fetch


def main(argv: list[str] | None = None) -> int:
    """The command. 1: something is missing, or failed."""
    parser = argparse.ArgumentParser(prog="python -m utilities.course.lite", description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="fetch the parts, from npm and PyPI")
    parser.add_argument("--to", type=Path, default=ROOT / "site" / "lite", metavar="FOLDER")
    options = parser.parse_args(argv)
    started = time.monotonic()
    try:
        if options.fetch:
            fetch()
            print("all parts are in .lite/")
            return 0
        build(options.to)
    except NotFetched as problem:
        print(problem, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.to.rglob("*") if path.is_file()) / 1e6
    print(f"{options.to} after {time.monotonic() - started:.0f} s, {size:.0f} MB; it has to be served:")
    print(f"{sys.executable} -m http.server --bind 127.0.0.1 --directory {options.to.parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m utilities.course.lite`: the lessons in a browser."""

from __future__ import annotations

import argparse
import sys

from .parts import NotFetched, fetch


def main(argv: list[str] | None = None) -> int:
    """The command. 1: something is missing, or failed."""
    parser = argparse.ArgumentParser(prog="python -m utilities.course.lite", description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="fetch the parts, from npm and PyPI")
    options = parser.parse_args(argv)
    try:
        if options.fetch:
            fetch()
    except NotFetched as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

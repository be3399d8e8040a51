"""`make soak`: turns, webhooks and memories for some minutes, under faults, kills and full disks.

    python -m tests.soak --minutes 5 --turns 1000

After these minutes the same turns as fast as they go, twice so many, for what they leave in memory. Prints
a table. Ends with 1 if anything was lost, happened twice that must not, or leaks. Needs a system whose
processes can be killed and limited (Linux, macOS).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.soak.brains import Brains
from tests.soak.growth import Growth
from tests.soak.receiver import Webhooks
from tests.soak.turns import Turns


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="of real time; 5 by default")
    parser.add_argument("--turns", type=int, default=1000, help="for growth; 1000 by default, 0 for none")
    parser.add_argument("--seed", type=int, default=None, help="of when what is killed; by default any")
    options = parser.parse_args(argv)
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as name:
        parts = (Turns(Path(name)), Webhooks(Path(name)), Brains(Path(name)))
        until = time.monotonic() + options.minutes * 60
        with ThreadPoolExecutor(len(parts)) as pool:
            for done in [pool.submit(part.run, until) for part in parts]:
                done.result()
        growth = Growth(Path(name), options.turns)
        growth.run()
        rows = [row for part in (*parts, growth) for row in part.rows()]
    print(*rows, sep="\n")
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""`make site`: the pages, checked. No network, no execution of notebooks.

    python -m utilities.course.site                    # into site/
    python -m utilities.course.site --to FOLDER        # somewhere else

Fails on anything that Sphinx warns of, on a link that leads nowhere, and on what a page would get from
elsewhere. What a folder of it named `lite` holds (the lessons that run in the browser) stays, and the pages
link to it if it is there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from utilities.console import forgiving

from ..places import ROOT
from .links import problems
from .mending import mend
from .sources import lay_out

HERE = Path(__file__).parent
LITE = "lite"
MISSING = "`make dev` or `python -m utilities.course.setup --dev` puts it into .venv; use the Python there"


def build(site: Path, lay: Callable[..., list[str]] = lay_out) -> list[str]:
    """Makes the pages. They replace those in the folder if nothing is wrong with them, otherwise it stays.

    Args:
        site: the folder; made if it isn't there. What is in its folder `lite` is kept.
        lay: lays out what the pages are made from, as `sources.lay_out` does.

    Returns:
        What is wrong with the pages, one line each. Where Sphinx has found it, Sphinx has said it on stderr.

    Raises:
        ModuleNotFoundError: Sphinx isn't installed.
    """
    from sphinx.cmd.build import build_main

    lite = (site / LITE / "index.html").is_file()
    with TemporaryDirectory(prefix="site-") as folder:
        laid, made = Path(folder, "sources"), Path(folder, "pages")
        made_already = lay(laid, lite=lite)
        options = [
            "-q",
            "-W",
            "--keep-going",
            "-b",
            "html",
            "-c",
            str(HERE),
            "-d",
            str(Path(folder, "trees")),
        ]
        if build_main([*options, str(laid), str(made)]):
            return [f"Sphinx warned, see above; {laid} is {ROOT}"]
        mend(made)
        for path in made_already:
            if (ROOT / path).is_dir():
                shutil.copytree(ROOT / path, made / path)
            else:
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, made / path)
        for unread in (".buildinfo", "objects.inv"):
            (made / unread).unlink(missing_ok=True)
        if found := problems(made, elsewhere=(LITE,) if lite else ()):
            return found
        _replace(site, made)
    return []


def _replace(site: Path, made: Path) -> None:
    """Puts the pages in place of the last ones. Folders of others' making (`lite`) stay."""
    site.mkdir(parents=True, exist_ok=True)
    for old in site.iterdir():
        if old.name == LITE:
            continue
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    for page in made.iterdir():
        shutil.move(page, site / page.name)


def main(argv: list[str] | None = None) -> int:
    """The command. 0: the pages are there. 1: something is wrong with them, or Sphinx is missing."""
    forgiving()
    parser = argparse.ArgumentParser(prog="python -m utilities.course.site", description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "site", metavar="FOLDER", help="default: site/")
    site: Path = parser.parse_args(argv).to
    started = time.monotonic()
    os.environ["NO_COLOR"] = "1"
    try:
        found = build(site)
    except ModuleNotFoundError as error:
        print(f"{error} in {sys.executable}: {MISSING}", file=sys.stderr)
        return 1
    if found:
        print("\n".join([*found, f"{len(found)} to mend; {site} is as it was"]), file=sys.stderr)
        return 1
    pages = sum(1 for page in site.rglob("*.html") if LITE not in page.relative_to(site).parts)
    print(f"{pages} pages after {time.monotonic() - started:.0f} s: {site / 'index.html'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""JupyterLab as files that any web server can serve, with the lessons and all that they need."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat

from ..places import ROOT
from .distribution import COURSE, course_wheel, distribution
from .in_browser import in_browser, linked
from .parts import FOLDER, LESSONS, NotFetched, builder, fetched

__all__ = ["build"]

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
SETTINGS = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "Managed Agents, in the browser",
        "litePluginSettings": {
            KERNEL: {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": [COURSE, "ipywidgets"]}}
        },
    },
}
EPOCH = "1767225600"  # the same dates in every build
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Managed Agents: lessons in the browser</title>
<!-- JupyterLab looks for its settings here. -->
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
<h1>Lessons in the browser</h1>
<p>Nothing is installed, and nothing leaves your machine: Python itself runs in this page, and beside it the
server that plays the recordings. The first cell of a lesson takes up to a minute.</p>
<ul>
{links}
</ul>
<p>The other lessons need a Python of your own, or a server.</p>
</html>
"""


def build(to: Path) -> None:
    """Make the folder, without network.

    Args:
        to: the folder; what it had is replaced, once the new one is complete.

    Raises:
        NotFetched: a part is missing, or JupyterLite could not build it.
    """
    core, wheels = fetched()
    with tempfile.TemporaryDirectory() as folder:
        lite, made = Path(folder, "lite"), Path(folder, "made")
        lite.mkdir()
        distribution(core, [*wheels, course_wheel(FOLDER / "course")], lite / "static" / "pyodide")
        _write_files(lite / "files")
        (lite / "jupyter-lite.json").write_text(json.dumps(SETTINGS), "utf-8")
        command = [
            *(str(builder()), "-m", "jupyterlite_core.app", "build", "--lite-dir", str(lite)),
            *("--contents", str(lite / "files"), "--output-dir", str(made), "--apps", "lab"),
            *("--source-date-epoch", EPOCH, "--no-sourcemaps", "--no-unused-shared-packages"),
        ]
        done = subprocess.run(command, cwd=lite, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise NotFetched(f"JupyterLite could not build it:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        (made / "index.html").write_text(front_page(), "utf-8")
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(made, to)


def front_page() -> str:
    """The page that leads to the lessons."""
    return PAGE.format(links="\n".join(map(_link, LESSONS)))


def _link(lesson: str) -> str:
    title = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4).cells[0].source.split("\n")[0]
    shown = html.escape(title.lstrip("# ").replace("`", ""))
    return f'<li><a href="lab/index.html?path=notebooks/{lesson}.ipynb">{shown}</a></li>'


def _write_files(folder: Path) -> None:
    """The lessons and their solutions, and the files that they link to."""
    paths = [f"notebooks/{place}{lesson}.ipynb" for place in ("", "solutions/") for lesson in LESSONS]
    lessons = {path: nbformat.read(ROOT / path, 4) for path in paths}
    links = set().union(*(linked(lesson, path) for path, lesson in lessons.items()))
    copied = {path for path in links if not path.endswith(".ipynb") and (ROOT / path).is_file()}
    for path in copied:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    for path, lesson in lessons.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(in_browser(lesson, path, {*lessons, *copied}), folder / path)

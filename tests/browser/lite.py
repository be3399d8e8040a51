"""Open lessons in the browser's own JupyterLab, run them there, compare what they show, and take a picture.

    make lite
    python -m tests.browser.lite site lesson.png                    # those of parts.LESSONS
    python -m tests.browser.lite site lesson.png notebooks/00_one_turn.ipynb "Clean up"

The picture is of the first one; the last text is in the cell that it is scrolled to. Whatever the page asks
of another host is stopped, and makes this fail. Uses Debian's Chromium, as `lab.py` does, and so is not part
of `make test`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from nbformat import from_dict
from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.lab import CHROMIUM, FLAGS
from tests.browser_python.compared import differences
from tests.kit.places import ROOT
from utilities.course.lite.parts import LESSONS
from utilities.course.running.notebooks import code_cells, read

PATIENCE = 240_000  # ms for Python to start, and for a lesson to run
NUMBERED = """() => {
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  const ran = (each) => each.executionCount && each.executionState !== "running";
  return cells.every((each) => each.type !== "code" || ran(each));
}"""
SCROLL = """async (text) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const at = [...notebook.model.cells].findIndex((each) => each.sharedModel.getSource().includes(text));
  await notebook.scrollToItem(Math.max(at, 0), "start");
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *about: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of plain files on loopback; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Guarded:
    """A page that reaches one server only; `stopped` has what it asked of others."""

    def __init__(self, page: Page, server: str) -> None:
        self.stopped: list[str] = []
        self._server = server
        page.context.route("**/*", self._pass)
        page.context.route("**/lite/jupyter-lite.json", self._expose)

    def _pass(self, route: Route) -> None:
        if route.request.url.startswith((self._server, "data:", "blob:")):
            route.fallback()
        else:
            self.stopped.append(route.request.url)
            route.abort()

    def _expose(self, route: Route) -> None:
        """JupyterLab's own object, through which the notebook's outputs can be read."""
        told = route.fetch().json()
        told["jupyter-config-data"]["exposeAppInBrowser"] = True
        route.fulfill(body=json.dumps(told), content_type="application/json")


def run(page: Page, server: str, path: str) -> list[str]:
    """Run a lesson as a learner would; returns what is wrong, a line each."""
    started = time.monotonic()
    page.goto(f"{server}/lite/lab/index.html?path={path}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=PATIENCE)
    page.get_by_text("| Idle").first.wait_for(timeout=PATIENCE)
    begun = time.monotonic()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_timeout(1000)
    page.wait_for_function(NUMBERED, timeout=PATIENCE)
    page.get_by_text("| Idle").first.wait_for(timeout=PATIENCE)
    print(
        f"{path}: Python after {begun - started:.0f} s, all cells after {time.monotonic() - begun:.0f} s more"
    )
    shown = from_dict(page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.toJSON()"))
    here = [cell for _, cell in code_cells(shown)]
    told = [{"text": _texts(cell), "error": _errors(cell)} for cell in here]
    return differences([cell for _, cell in code_cells(read(ROOT / path))], told)


def _texts(cell: Any) -> str:
    told = [
        _joined(output.get("text") or output.get("data", {}).get("text/plain", ""))
        + ("" if output.output_type == "stream" else "\n")
        for output in cell.outputs
        if output.output_type != "error"
    ]
    return "".join(told)


def _errors(cell: Any) -> str:
    return "\n".join(f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error")


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


def main() -> int:
    folder, picture, *rest = sys.argv[1:]
    paths, scrolled = rest[:1] or [f"notebooks/{lesson}.ipynb" for lesson in LESSONS], rest[1:]
    failed = False
    with serving(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for path in paths:
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            guarded = Guarded(page, server)
            wrong = run(page, server, path)
            wrong += [f"asked of another host: {url}" for url in guarded.stopped]
            print(*(wrong or ["as committed, and nothing was asked of another host"]), sep="\n    ")
            if path == paths[0]:
                page.evaluate(SCROLL, scrolled[0] if scrolled else "is read from a stream")
                page.wait_for_timeout(500)
                page.screenshot(path=picture)
            page.close()
            failed = failed or bool(wrong)
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Open a lesson in JupyterLab as a learner would, run it there, and take its picture.

    python -m tests.browser.lab notebooks/01_agent_environment_session.ipynb lesson.png

Uses Debian's Chromium (`apt-get install chromium`). Not part of `make test`: a browser is not
something that a learner's machine, or CI's, can be expected to have.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable

from playwright.sync_api import Page, sync_playwright

from tests.kit.places import ROOT

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def open_lab() -> tuple[subprocess.Popen[str], str]:
    """Start JupyterLab as `make lab` does; returns the process, with a group of its own, and its address."""
    lab = subprocess.Popen(
        [sys.executable, "-m", "utilities.course.lab", "--no-browser", "--port=0"],
        cwd=ROOT, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    assert lab.stderr is not None
    for line in lab.stderr:
        if "token=" in line and "http://127.0.0.1" in line:
            return lab, line[line.index("http") :].strip()
    raise RuntimeError("JupyterLab did not start")


def run_all(
    page: Page, url: str, notebook: str, during: Callable[[Page], object] = lambda page: None
) -> None:
    """Open the notebook, run all cells, and wait until the last one is done.

    `during` is called once they have begun to run, for a cell that waits for somebody.
    """
    page.goto(re.sub(r"/lab(/tree/[^?]*)?\?", f"/lab/tree/{notebook}?reset&", url))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.get_by_text(re.compile(r"Python 3 \(.*\) \| Idle")).wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # Every code cell is numbered once the last one is done; until then some are "[ ]" or "[*]".
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    numbered = f"() => {prompts}.every(e => /[0-9]/.test(e.textContent))"
    page.wait_for_timeout(500)
    during(page)
    page.wait_for_function(numbered, timeout=120_000)


def scroll(page: Page, text: str) -> None:
    """Bring a paragraph or a heading to the top; its source, which has the same text, is hidden."""
    target = page.locator(".jp-RenderedMarkdown").locator("p, h1, h2").filter(has_text=text).first
    for _ in range(3):  # pictures above it are laid out as they come into view
        target.evaluate("element => element.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(500)


def main(notebook: str, picture: str, scroll_to: str = "") -> int:
    lab, url = open_lab()
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
            browser = playwright.chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1300, "height": 900}
            )
            page = browser.new_page()
            run_all(page, url, notebook)
            errors = page.locator("[data-mime-type='application/vnd.jupyter.error']").count()
            if scroll_to:
                scroll(page, scroll_to)
            page.wait_for_timeout(1_000)
            page.screenshot(path=picture)
            print(f"{errors} errors; see {picture}")
            browser.close()
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait()
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))

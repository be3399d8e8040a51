"""Unfold a tool's output while its turn goes on, as a reader would, and see that it stays open.

    python -m tests.browser.folds folds.png

Fails if it closes at the next update, if the script that keeps it open is saved, or if what an agent writes
runs. Like `lab.py`, not part of `make test`.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.lab import CHROMIUM, FLAGS, open_lab, run_all
from tests.kit.places import NOTEBOOKS

# A long output first, the same again, then a message every fifth of a second.
TURN = """
import time
from utilities import LiveTranscript
live = LiveTranscript()
said = {"type": "agent.message", "processed_at": "2026-11-20T09:00:00Z"}
for id in "ab":
    live({"type": "agent.tool_use", "id": id, "name": "bash", "input": {"command": "ls"}})
    listed = "same\\n" * 20 + "<img src=x onerror=\\"document.title='run'\\">"
    live({"type": "agent.tool_result", "id": f"r{id}", "tool_use_id": id, "content": listed})
for number in range(60):
    live(said | {"id": f"m{number}", "content": f"message {number}"})
    time.sleep(0.2)
"""


def unfold(page: Page, picture: str) -> None:
    """Open the second of two folds that look alike; it is the one that is open twenty messages later."""
    folds = page.locator(".jp-OutputArea details")
    expect(folds).to_have_count(2, timeout=60_000)
    folds.nth(1).locator("summary").click()
    seen = page.locator(".jp-OutputArea td").filter(has_text="message ").count()
    expect(page.locator(".jp-OutputArea")).to_contain_text(f"message {seen + 20}", timeout=30_000)
    assert [folds.nth(n).get_attribute("open") for n in (0, 1)] == [None, ""]
    folds.nth(1).locator("summary").click()
    expect(page.locator(".jp-OutputArea")).to_contain_text(f"message {seen + 25}", timeout=30_000)
    assert folds.nth(1).get_attribute("open") is None  # and what was closed stays closed
    folds.nth(0).locator("summary").click()
    page.screenshot(path=picture)


def main(picture: str) -> int:
    notebook = NOTEBOOKS / "browser_check_of_folds.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(new_notebook(cells=[new_code_cell(TURN)], metadata=kernel), notebook)
    lab, url = open_lab()
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
            browser = playwright.chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1300, "height": 900}
            )
            page = browser.new_page()
            run_all(page, url, f"notebooks/{notebook.name}", during=lambda page: unfold(page, picture))
            open_at_the_end = page.locator(".jp-OutputArea details").first.get_attribute("open")
            title = page.title()
            page.keyboard.press("Control+s")
            page.wait_for_timeout(2_000)
            browser.close()
        saved = notebook.read_text("utf-8")
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait()
        notebook.unlink()
    good = open_at_the_end == "" and "<script" not in saved and "message 59" in saved and title != "run"
    print("what was unfolded stayed open" if good else "WRONG", f"; see {picture}", sep="")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

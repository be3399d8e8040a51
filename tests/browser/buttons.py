"""Decide as a person would: run lesson 03 in JupyterLab with `MY_TURN` on, and click.

    python -m tests.browser.buttons Approve approve.png
    python -m tests.browser.buttons Deny deny.png

Fails if the click does not arrive while the cell is waiting, or leads to the wrong end. Like `lab.py`,
not part of `make test`.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.lab import CHROMIUM, FLAGS, open_lab, run_all
from tests.kit.places import ROOT

LESSON = ROOT / "notebooks" / "03_requires_action.ipynb"
SWITCH = "MY_TURN = "
ENDS = {"Approve": "ledger: {'A-1002': 189.0}", "Deny": "ledger: {}"}


def copy_with_my_turn() -> Path:
    """The lesson with its switch on, beside it, so that its relative paths hold; `main` removes it."""
    source = LESSON.read_text("utf-8")
    assert source.count(f"{SWITCH}False") == 1
    copy = LESSON.with_name("03_my_turn_browser_check.ipynb")
    copy.write_text(source.replace(f"{SWITCH}False", f"{SWITCH}True"), "utf-8")
    return copy


def decide(page: Page, choice: str, picture: str) -> None:
    """Click when the cell waits; its last line says what that led to."""
    cell = page.locator(".jp-CodeCell").filter(has_text=f"{SWITCH}True")
    button = cell.get_by_role("button", name=choice)
    button.wait_for(timeout=60_000)
    expect(button).to_be_enabled()
    page.wait_for_timeout(1_000)  # somebody reads
    expect(cell.locator(".jp-InputPrompt").first).to_have_text("[*]:")
    for _ in range(3):  # cells are laid out as they come into view
        button.evaluate("element => element.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)
    page.screenshot(path=picture.replace(".png", "_asked.png"))
    button.click()
    expect(cell.locator(".jp-OutputArea")).to_contain_text(ENDS[choice], timeout=10_000)
    expect(cell.get_by_text(f"you chose: {choice}")).to_be_visible()
    expect(button).to_be_disabled()
    cell.locator(".jp-OutputArea").scroll_into_view_if_needed()
    page.screenshot(path=picture)


def main(choice: str, picture: str) -> int:
    lab, url = open_lab()
    copy = copy_with_my_turn()
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
            browser = playwright.chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1300, "height": 900}
            )
            page = browser.new_page()
            run_all(page, url, f"notebooks/{copy.name}", during=lambda page: decide(page, choice, picture))
            errors = page.locator("[data-mime-type='application/vnd.jupyter.error']").count()
            print(f"{choice}: the click arrived, {ENDS[choice]}; {errors} errors; see {picture}")
            browser.close()
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait()
        copy.unlink()
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

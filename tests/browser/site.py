"""Look at the site in Chromium, as it opens from its folder: `make site` first, then

    python -m tests.browser.site PICTURES     # a folder; writes NAME_WIDTH_light.png and …_dark.png there

Asserts that no page scrolls sideways at three widths, gets nothing from elsewhere and logs no error, and
that a room is led through a lesson with the keyboard. Not part of `make test`, as in `lab`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.lab import CHROMIUM, FLAGS
from tests.kit.places import ROOT

SITE = ROOT / "site"
PAGES = {
    "front": "index.html",
    "lesson": "notebooks/03_requires_action.html",
    "tables": "notebooks/04_astrocyte_vs_memory_stores.html",
    "reference": "reference/turn.html",
    "rules": "utilities/replay/FIDELITY.html",
}
WIDTHS = (360, 768, 1280)
LESSON = (SITE / "notebooks/01_agent_environment_session.html").as_uri()


def look(page: Page, pictures: Path) -> None:
    """Take the pictures."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for name, path in PAGES.items():
                page.goto((SITE / path).as_uri())
                needed = page.evaluate("document.documentElement.scrollWidth")
                assert needed <= width, f"{path} needs {needed} pixels of {width}"
                page.screenshot(path=pictures / f"{name}_{width}_{scheme}.png")


def lead_a_room(page: Page, pictures: Path) -> None:
    """Go through a lesson on a projector: with the keyboard, then with the bar's buttons."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(LESSON)
    page.get_by_role("link", name="For a projector").click()
    page.get_by_role("navigation", name="Sections").wait_for()
    place, heading = page.locator(".room-place"), page.locator("article :is(h1, h2, h3):visible")
    opening = heading.text_content()
    many = int(place.inner_text().split("/")[1])
    assert place.inner_text() == f"1 / {many}" and heading.count() == 1

    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    assert place.inner_text() == f"3 / {many}" and heading.count() == 1
    assert page.evaluate("document.activeElement.textContent") == heading.text_content() != opening

    outputs = page.locator("article details.room-output:visible")
    assert outputs.count() and not page.locator("details.room-output[open]").count()
    page.keyboard.press("o")
    assert page.locator("details.room-output[open]:visible").count() == 1
    page.screenshot(path=pictures / "room.png")

    page.get_by_role("button", name="Back").click()
    page.reload()  # comes back to the section
    assert place.inner_text() == f"2 / {many}"
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert place.inner_text() == f"{many} / {many}"
    page.clock.install()
    page.reload()
    page.clock.run_for(61_000)
    assert "1:01" in page.locator(".room-clock").inner_text()
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(60_000)
    assert "1:01" in page.locator(".room-clock").inner_text()
    onward = page.locator("article a[href*='.html?room']")
    assert onward.count()
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "room" not in url)
    assert heading.count() > 5


def main(pictures: str) -> int:
    folder = Path(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        browser = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend([said.text] if said.type == "error" else []))
        page.on("request", lambda asked: wrong.extend([asked.url] if asked.url.startswith("http") else []))
        look(page, folder)
        lead_a_room(page, folder)
        browser.close()
    print("\n".join(wrong) or f"all is well; see {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

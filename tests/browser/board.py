"""The teacher's board with thirty learners who were made up, as a picture.

    python -m tests.browser.board board.png            # on a projector
    python -m tests.browser.board board.png 1280 800 d s    # its size, and keys that are pressed

Uses Debian's Chromium (`apt-get install chromium`). Not part of `make test`, as `tests.browser.lab`.
"""

from __future__ import annotations

import random
import sys
import tempfile

import httpx2
from playwright.sync_api import sync_playwright

from tests.browser.lab import CHROMIUM, FLAGS
from utilities.replay import Library
from utilities.room.room_server import RoomServer

KEY, TEACHERS_KEY = "ROOM-KEY", "TEACHERS-KEY"
NAMES = [
    *("ada", "amir", "bela", "ben", "chen", "cleo", "dan", "dora", "eva", "finn", "gita", "hugo", "ines"),
    *("jan", "kim", "leo", "mia", "noah", "olga", "pia", "quentin", "rosa", "sam", "tilda", "uli", "vera"),
    *("wim", "xenia", "yara", "zoe"),
]
EXERCISES = {
    "01": ("prediction", "whole_turn", "archive_safely"),
    "02": ("prediction", "numbered", "own_tool", "forgetting"),
    "03": ("next_event", "waiting", "lock"),
    "05": ("guess", "folding", "killed"),
}
ERRORS = ("", "TypeError", "KeyError", "BadRequestError", "TurnTimeout")


def reports(number: int, chance: random.Random) -> list[dict[str, str]]:
    """What one learner's checks have said: all right, but for the last."""
    here = list(EXERCISES)[min(number // 8, 3)]
    upto = chance.randrange(1, len(EXERCISES[here]) + 1)
    sent = []
    for lesson in sorted(lesson for lesson in EXERCISES if lesson <= here):
        for place, exercise in enumerate(EXERCISES[lesson][: upto if lesson == here else None], 1):
            about = {"lesson": lesson, "exercise": exercise, "title": f"Exercise {place}"}
            sent.append({**about, "verdict": "right", "error": ""})
    verdict = chance.choice(("right", "not yet", "not yet", "not attempted"))
    sent[-1] |= {"verdict": verdict, "error": chance.choice(ERRORS) if verdict == "not yet" else ""}
    return sent


def fill(room: RoomServer) -> None:
    """Thirty learners report, and three more use the server; then some time has gone by."""
    chance = random.Random(3)
    with httpx2.Client(base_url=room.base_url) as client:
        for number, name in enumerate(NAMES):
            for report in reports(number, chance):
                headers = {"x-api-key": f"{KEY}:{name}"}
                client.post("/board/reports", json=report, headers=headers).raise_for_status()
        for name in ("guest-1", "guest-2", "guest-3"):
            client.get(
                "/v1/models", headers={"x-api-key": f"{KEY}:{name}", "anthropic-version": "2023-06-01"}
            )

    def wait() -> None:
        for workspace in room.workspaces:
            workspace.seen -= chance.choice((2, 5, 11, 40, 130))
            if (last := workspace.seat.last) and last.failing_since is not None:
                last.failing_since -= chance.choice((15, 50, 140, 200, 290, 430))

    room.within(wait)


def main(picture: str, width: str = "1920", height: str = "1080", *keys: str) -> int:
    size = {"width": int(width), "height": int(height)}
    with (
        RoomServer(Library(), key=KEY, teachers_key=TEACHERS_KEY) as room,
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as profile,
    ):
        fill(room)
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, viewport=size
        )
        page, said = browser.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{room.base_url}/board#{TEACHERS_KEY}")
        page.wait_for_selector("tbody tr")
        for key in keys:
            page.keyboard.press(key)
        page.screenshot(path=picture)
        in_bar = page.url
        browser.close()
    print(picture, "shows", in_bar, *said, sep="\n")
    return int(bool(said) or TEACHERS_KEY in in_bar)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

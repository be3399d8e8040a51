"""Five sessions on which a polling loop shows whether it knows when to stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from anthropic import Anthropic

from utilities import user_message

from ..table import Table
from .scenes import PacedScene

__all__ = ["EXPLAIN", "TICKETS", "hanging_cases"]

Loop = Callable[[Anthropic, str], object]
EXPLAIN = "Explain to a product manager, in one paragraph, how you told a slower path from a noisy one."
LONG = (
    "How many requests had each path in each of the last six hours of /mnt/session/uploads/requests.csv? "
    "Look, don't write a program."
)
TICKETS = "Open a ticket for each of /cart, /quote and /stock: slower since the release at 13:00."
# What it is, the message, what is broken, whether the session gets a new title when its turn is over.
CASES = (
    ("a short turn that ends well", EXPLAIN, "", False),
    ("more than a page of events", LONG, "", False),
    ("a new title after the end", EXPLAIN, "", True),
    ("the service gave up", EXPLAIN, "error=exhausted,after=1", False),
    ("waits for a tool of ours", TICKETS, "", False),
)


def hanging_cases(scene: PacedScene, *loops: Loop) -> Table:
    """Let loops wait for the end of five turns, each of which is over already, or as far as it will go.

    Args:
        scene: where.
        loops: each gets a client and a session's id, and returns what it says of it.

    Returns:
        A row for each session, a column for each loop, named like its function.
    """

    def run(case: tuple[str, str, str, bool], session_id: str) -> dict[str, object]:
        _, message, faults, renamed = case
        client = scene.breaking(faults)
        events = client.beta.sessions.events
        events.send(session_id, events=[user_message(message)])
        if renamed:
            list(events.list(session_id))  # on recordings the turn waits a second for a reader
            client.beta.sessions.update(session_id, title="Renamed")
        return {loop.__name__: loop(client, session_id) for loop in loops}

    sessions = [scene.session(case[0]).id for case in CASES]
    with ThreadPoolExecutor(len(CASES)) as pool:
        rows = list(pool.map(run, CASES, sessions))
    named = {case[0]: row for case, row in zip(CASES, rows, strict=True)}
    return Table("Who knows that it is over?", named)

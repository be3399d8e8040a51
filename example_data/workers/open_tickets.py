"""Follows a session to its end and opens the tickets that its agent asks for.

What to follow comes on stdin: SESSION_ID, and perhaps a path whose ticket takes ten
minutes. The service's address and the key are in the environment, where `Anthropic()`
finds them.
"""

import time

from anthropic import Anthropic, beta_tool

from utilities import stream_until_end_turn

session_id, *slow = input().split()


@beta_tool
def open_ticket(path: str) -> str:
    """Open a ticket for the team that looks after a path."""
    print("asked for", path)
    if path in slow:
        time.sleep(600)
    print("opened", path)
    return f"opened for {path}"


turn = stream_until_end_turn(Anthropic(), session_id, tools=[open_ticket])
print(turn.outcome)

"""The first turn of lesson 00, and a program beside it as lesson 03 starts one: a learner's way in.

    python tests/kit/first_turn.py

Prints a line for each. It imports nothing of the tests, so that it runs in a copy of the course, too.
"""

import sys
import tempfile
from pathlib import Path

from utilities import connect, stream_until_end_turn
from utilities.course import DATA, run_worker

TASK = "How many prime numbers are there below 10,000? Write a program, don't guess."
BESIDE = "from anthropic import Anthropic\nprint('Ağ ✓', Anthropic().beta.agents.retrieve({id!r}).name)\n"


def main() -> None:
    client = connect()
    agent = client.beta.agents.create(
        name="first", model="claude-sonnet-4-6", tools=[{"type": "agent_toolset_20260401"}]
    )
    environment = client.beta.environments.create(name=f"for {agent.id}")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    result = stream_until_end_turn(client, session.id, TASK, timeout=30)
    print("turn:", result.outcome, *result.text.splitlines()[-1:])
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "beside.py")
        program.write_text(BESIDE.format(id=agent.id), encoding="utf-8")
        print("beside:", run_worker(program, client=client).stdout.strip())
    print("data:", DATA)


if __name__ == "__main__":
    # A path that the locale can't decode is printed as it is.
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    main()

"""The probes, by topic; `PROBES` has them all, because this package imports every topic.

requests, agents, environments, files, memory, vaults, sessions    start no turn
turns, waiting, budgets                                            start turns, which cost money
threads, previews                                                  some of theirs do

Nothing is asked about webhooks: whether they come, how often and in what order can only be seen at a public
HTTPS address, and endpoints are made in the Console.
"""

from tests.live.probe import PROBES
from tests.live.probes import (  # noqa: F401 - imported for what they put into PROBES
    agents,
    budgets,
    environments,
    files,
    memory,
    previews,
    requests,
    sessions,
    threads,
    turns,
    vaults,
    waiting,
)

__all__ = ["PROBES"]

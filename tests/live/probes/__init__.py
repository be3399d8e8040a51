"""The probes, by topic; `PROBES` has them all, because this package imports every topic.

requests, agents, environments, files, memory, vaults, sessions    start no turn
turns, waiting                                                     start turns, which cost money
"""

from tests.live.probe import PROBES
from tests.live.probes import (  # noqa: F401 - imported for what they put into PROBES
    agents,
    environments,
    files,
    memory,
    requests,
    sessions,
    turns,
    vaults,
    waiting,
)

__all__ = ["PROBES"]

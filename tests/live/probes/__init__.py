"""The probes, by topic; `PROBES` has them all, because this package imports every topic.

requests, agents, environments, files, memory, vaults, sessions, work    start no turn
turns, waiting, budgets, outcomes, workflows                             start turns, which cost money
threads, previews, deployments                                           some of theirs do

Nothing is asked about webhooks: whether they come, how often and in what order can only be seen at a public
HTTPS address. Endpoints are made in the Console, or by routes of the organization, which need another key.
Nor can a probe be a worker of a self-hosted environment: its key comes from the Console only.
"""

from tests.live.probe import PROBES
from tests.live.probes import (  # noqa: F401 - imported for what they put into PROBES
    agents,
    budgets,
    deployments,
    environments,
    files,
    memory,
    outcomes,
    previews,
    requests,
    sessions,
    threads,
    turns,
    vaults,
    waiting,
    work,
    workflows,
)

__all__ = ["PROBES"]

"""Sessions of one environment, for a lesson that makes several, also when cells run after the clean-up."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

from utilities import Made

__all__ = ["sessions_with"]


def sessions_with(made: Made) -> Callable[..., Any]:
    """A function that makes sessions, also after the clean-up.

    Args:
        made: remembers what is made, and ends it.

    Returns:
        `new_session(agent, title, **fields)`, with fields of `sessions.create`. The sessions have one
        environment, in which nothing is reached. An agent or an environment that has been archived in the
        meantime is made anew, with the same fields.
    """
    beta = made.client.beta
    anew: dict[str, Any] = {}  # by the id of what was archived

    def alive(resource: Any, there: Any, create: Callable[[], Any]) -> Any:
        resource = anew.get(resource.id, resource)
        if not there.retrieve(resource.id).archived_at:
            return resource
        anew[resource.id] = made(create())
        return anew[resource.id]

    def create_environment() -> Any:
        config: Any = {"type": "cloud", "networking": {"type": "limited"}}
        return beta.environments.create(name=f"cookbook-{token_hex(4)}", config=config)

    environment = made(create_environment())

    def new_session(agent: Any, title: str, **more: Any) -> Any:
        nonlocal environment
        fields: Any = {name: getattr(agent, name) for name in ("name", "system", "tools")}
        agent = alive(agent, beta.agents, lambda: beta.agents.create(model=agent.model.id, **fields))
        environment = alive(environment, beta.environments, create_environment)
        return made(beta.sessions.create(agent=agent.id, environment_id=environment.id, title=title, **more))

    return new_session

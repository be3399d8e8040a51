"""The format of scenarios, as types: what a file is checked against, and what SCENARIOS.md is made of.

Each key has its meaning beside it, which the reference page shows. What a key may be is said once: here, and
in `moves`, which has what can happen in a turn.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ..ids import parse_time
from .moves import Model, Name, ScriptedRequest, Text, require_one


class Agent(Model):
    """The agent. What is said here stands in the recording's header as it is said."""

    name: Text = Field(description="its name")
    model: str | dict[str, Any] = Field(description="an id, or an object with `id`, of any model")
    system: str = Field("", description="its system prompt")
    tools: list[dict[str, Any]] = Field([], description="as for `agents.create`")
    description: str = Field("", description="as for `agents.create`")
    mcp_servers: list[dict[str, Any]] = Field([], description="as for `agents.create`")
    skills: list[dict[str, Any]] = Field([], description="as for `agents.create`")


class Environment(Model):
    """The environment, which stands in the recording's header as it is said."""

    name: Text = Field(description="its name")
    config: dict[str, Any] = Field({}, description="as for `environments.create`")
    description: str = Field("", description="as for `environments.create`")


class File(Model):
    """A file in the container's `/mnt/session/uploads`: one of the data folder, or a zip file of a folder."""

    source: Text | None = Field(None, description="a file, relative to the data folder and below it")
    zip: Text | None = Field(None, description="or a folder there, of which a zip file is made")
    mount_path: Text = Field(description="where it is below `/mnt/session/uploads`")

    @model_validator(mode="after")
    def _one(self) -> File:
        require_one(self, "source", "zip")
        return self


class Repository(Model):
    """A repository in the container's `/workspace`: the files of a folder of the data folder."""

    url: str = Field(
        pattern=r"^https://github\.com/[\w.-]+/[\w.-]+$", description="where it is, as a session says it"
    )
    folder: Text = Field(description="a folder, relative to the data folder and below it, whose files it has")
    mount_path: str = Field("", description="a folder below `/workspace`; its name, if left out")

    @property
    def path(self) -> str:
        """Where it is asked to be."""
        return self.mount_path or self.url.rpartition("/")[2]


class Skill(Model):
    """A skill in the container's `/workspace/skills`, in a folder of the name that its `SKILL.md` says."""

    folder: Text = Field(description="a folder with a `SKILL.md`, relative to the data folder and below it")


class Content(Model):
    """A memory in a store."""

    path: Text = Field(description="its path in the store, with a leading `/`")
    content: str | None = Field(None, description="what it says")
    source: Text | None = Field(None, description="or a file that says it, below the data folder")

    @model_validator(mode="after")
    def _one(self) -> Content:
        require_one(self, "content", "source")
        return self


class Store(Model):
    """A memory store below `/mnt/memory`."""

    name: Text = Field(description="its name, which decides where it is mounted")
    access: Literal["read_write", "read_only"] = Field(
        "read_write", description="whether it can be written to"
    )
    memories: list[Content] = Field([], description="what it has")
    folder: Text | None = Field(None, description="a folder below the data folder whose files it has, too")
    after: Name | None = Field(None, description="the recording that has left its memories in it")


class ScriptedBrain(Model):
    """The agent's memory on a real Astrocyte brain: its `memory_…` calls without a `result` are executed."""

    bank: Text = Field(description="the bank")
    include_forget: bool = Field(False, description="whether the agent has `memory_forget`")
    after: Name | None = Field(None, description="begin with what the agent of that scenario has retained")
    folder: Text | None = Field(
        None, description="begin with the files of this folder, retained in path order"
    )
    tools: Literal["astrocyte"] | None = Field(
        None, description="answer with Astrocyte's own tools, not ours"
    )


class WantedOutcome(Model):
    """What the client wants to be reached, instead of a message."""

    description: Text = Field(description="what it is")
    rubric: Text = Field(description="by what it is graded")
    max_iterations: int = Field(3, ge=1, le=20, description="how often it may be graded")


class ScriptedTurn(Model):
    """A turn. Exactly one of `user` and `outcome` begins it."""

    user: str | list[dict[str, Any]] | None = Field(
        None, description="what the user says: a text, or content blocks"
    )
    outcome: WantedOutcome | None = Field(None, description="or the outcome that the client defines")
    system: str | None = Field(None, description="a `system.message` that comes with it")
    files: list[File] = Field([], description="files that are added before it")
    requests: list[ScriptedRequest] = Field(description="what happens then, in order")

    @model_validator(mode="after")
    def _fits(self) -> ScriptedTurn:
        require_one(self, "user", "outcome")
        if any(request.evaluation for request in self.requests) and not self.outcome:
            raise ValueError("an 'evaluation' needs an 'outcome' that begins the turn")
        return self


class Scenario(Model):
    """One session, or with `sessions` several of one file."""

    name: Name = Field(
        description="its recording's name; the file's own, unless the file has several sessions"
    )
    start: str = Field(description="when the session is created, as in 2026-11-21T09:00:00Z")
    agent: Agent = Field(description="the agent")
    environment: Environment = Field(description="the environment")
    files: list[File] = Field([], description="the files that are mounted")
    repositories: list[Repository] = Field([], description="the repositories that are mounted")
    skills: list[Skill] = Field(
        [], description="the skills that are mounted; the agent's own list says which"
    )
    memory: list[Store] = Field([], description="the memory stores that are mounted")
    brain: ScriptedBrain | None = Field(None, description="the agent's memory on a real brain")
    turns: list[ScriptedTurn] = Field(min_length=1, description="the turns")

    @field_validator("start")
    @classmethod
    def _time(cls, value: str) -> str:
        parse_time(value)
        if not re.search(r"(Z|[+-]\d\d:\d\d)$", value):
            raise ValueError("a time with its zone is needed, as in 2026-11-21T09:00:00Z")
        return value


# Keys of a file that are gone when it is a Scenario; see `parsing`.
OUTSIDE = {
    "extends": "the scenario beside this one (`NAME.toml`) whose keys this one has, but for its own",
    "from_turn": "with `extends`: the first turn that is not the other's, counted from 1; else all are kept",
    "sessions": "several sessions: tables of a scenario's keys; the file's other keys hold for all",
}

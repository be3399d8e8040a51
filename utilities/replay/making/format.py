"""The format of scenarios, as types: what a file is checked against, and what SCENARIOS.md is made of.

Each key has its meaning beside it, which the reference page shows. What a key may be is said once, here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ..ids import parse_time

EXECUTED = ("bash", "read", "write", "edit", "glob", "grep")
WEB = ("web_search", "web_fetch")
ERRORS = Literal[
    "unknown_error", "model_overloaded_error", "model_rate_limited_error", "model_request_failed_error",
    "mcp_connection_failed_error", "mcp_authentication_failed_error", "billing_error",
    "credential_host_unreachable_error", "tool_use_limit_reached_error", "compaction_limit_reached_error",
    "repository_authentication_error", "repository_forbidden_error", "repository_not_found_error",
    "repository_checkout_error", "repository_clone_error",
]  # fmt: skip
RUN_ERRORS = Literal["timeout_error", "program_error", "thread_limit_error", "unknown_error"]

Text = Annotated[str, StringConstraints(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,99}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
        _require_one(self, "source", "zip")
        return self


class Repository(Model):
    """A repository in the container's `/workspace`: the files of a folder of the data folder."""

    url: str = Field(
        pattern=r"^https://github\.com/[\w.-]+/[\w.-]+$", description="where it is, as a session says it"
    )
    folder: Text = Field(description="a folder, relative to the data folder and below it, whose files it has")
    mount_path: str = Field("", description="a folder below `/workspace`; its name, if left out")


class Content(Model):
    """A memory in a store."""

    path: Text = Field(description="its path in the store, with a leading `/`")
    content: str | None = Field(None, description="what it says")
    source: Text | None = Field(None, description="or a file that says it, below the data folder")

    @model_validator(mode="after")
    def _one(self) -> Content:
        _require_one(self, "content", "source")
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


class ScriptedCall(Model):
    """A tool call of a request. Exactly one of `tool`, `custom` and `mcp`."""

    tool: Literal["bash", "read", "write", "edit", "glob", "grep", "web_search", "web_fetch"] | None = Field(
        None, description="a built-in tool. It is executed; those of the web aren't and need a `result`"
    )
    custom: Text | None = Field(None, description="a tool of the program's own, which answers by `result`")
    mcp: str | None = Field(
        None,
        pattern=r"^[^/]+/[^/]+$",
        description="`server/tool`, of an MCP server, with its `result`",
    )
    input: dict[str, Any] = Field({}, description="what it is called with")
    seconds: Seconds = Field(description="how long it takes")
    result: str | None = Field(None, description="what comes back, written by hand")
    is_error: bool = Field(False, description="whether that `result` is an error")
    fails: bool = Field(
        False, description="an executed call is meant to fail; otherwise a failure is reported"
    )
    confirm: Literal["allow", "deny"] | None = Field(
        None, description="the call asks first, and this is the client's verdict"
    )
    deny_message: str | None = Field(None, description="why it is denied")
    interrupt: bool = Field(False, description="the client interrupts while this call is open; the turn ends")
    reflect: str | None = Field(None, description="what the model answers to `memory_reflect`, by hand")

    @property
    def asks(self) -> bool:
        """Whether the client's verdict is needed."""
        return self.confirm is not None

    @property
    def waits(self) -> bool:
        """Whether the session waits for its client before it goes on."""
        return self.custom is not None or self.asks

    @model_validator(mode="after")
    def _fits(self) -> ScriptedCall:
        _require_one(self, "tool", "custom", "mcp")
        by_hand = self.mcp is not None or self.tool in WEB
        if by_hand and self.result is None and self.confirm != "deny" and not self.interrupt:
            raise ValueError("'result' is missing: it isn't executed, so what it returns is written by hand")
        if self.tool in EXECUTED and (self.result is not None or self.is_error):
            raise ValueError(f"{self.tool} is executed, so it has no 'result' and no 'is_error'")
        if self.fails and self.tool not in EXECUTED:
            raise ValueError("'fails' is for calls that are executed; say is_error = true")
        if self.custom is not None and self.asks:
            raise ValueError("'confirm' is for built-in and MCP tools: the program's own ask nobody")
        if self.deny_message is not None and self.confirm != "deny":
            raise ValueError("'deny_message' goes with confirm = \"deny\"")
        executed = self.custom is not None and self.custom.startswith("memory_")
        if self.custom is not None and not executed and self.result is None and not self.interrupt:
            raise ValueError("'result' is missing: what the program answers")
        return self


class Delegation(Model):
    """Work that the coordinator gives to another thread; the first time, the thread is created."""

    to: Name = Field(description="what this file calls the thread")
    agent: Text | None = Field(None, description="the agent that runs it; `to`, if left out")
    message: Text = Field(description="what it is told")


class ScriptedError(Model):
    """A `session.error`."""

    type: ERRORS = Field(description="its type")
    message: Text = Field(description="its text")
    retry: Literal["retrying", "exhausted", "terminal"] = Field(
        "retrying", description="the turn goes on, ends with `retries_exhausted`, or the session ends"
    )
    mcp_server_name: str | None = Field(None, description="which server, for the two MCP errors")
    repository_url: str | None = Field(None, description="which repository, for the five repository errors")
    vault_id: str | None = Field(None, description="for `credential_host_unreachable_error`")
    credential_id: str | None = Field(None, description="for `credential_host_unreachable_error`")


class Evaluation(Model):
    """The grader looks at the turn's outcome; iterations are counted from 0."""

    result: Literal["satisfied", "needs_revision", "max_iterations_reached", "failed"] = Field(
        description="what it finds"
    )
    explanation: str = Field("", description="why")
    ongoing: int = Field(0, ge=0, le=100, description="how often it says that it is still at it")


class WorkflowRun(Model):
    """A workflow run, from its beginning to its end."""

    name: Text = Field(description="its name")
    description: str | None = Field(None, description="what it is for")
    phases: list[Text] = Field([], description="the names of its phases, which begin and end in this order")
    result: Literal["completed", "stopped", "error"] = Field("completed", description="how it ends")
    error: RUN_ERRORS = Field("unknown_error", description="with which error, if it ends with one")
    message: str = Field("", description="that error's text")


OF_A_MODEL = ("say", "thinking", "calls", "thread", "delegate", "report")
KINDS = ("error", "evaluation", "interrupt", "workflow", "advice")


class ScriptedRequest(Model):
    """What happens next in a turn: a model request, or what it has instead."""

    seconds: Seconds | None = Field(None, description="how long it takes; a model request must say it")
    say: str = Field("", description="what the agent says")
    thinking: bool = Field(False, description="it thinks first, for two fifths of the time")
    calls: list[ScriptedCall] = Field(
        [], description="the tool calls that it makes, which run one after the other"
    )
    thread: Name | None = Field(
        None, description="the thread that makes this request; the session's own, if left out"
    )
    delegate: list[Delegation] = Field([], description="work that it gives to other threads")
    report: str | None = Field(
        None, description="what its thread then reports to the coordinator, before it is idle"
    )
    error: ScriptedError | None = Field(None, description="instead: a `session.error`, here")
    evaluation: Evaluation | None = Field(None, description="instead: the outcome is graded")
    interrupt: bool = Field(False, description="instead: the client interrupts, and the turn ends")
    workflow: WorkflowRun | None = Field(None, description="instead: a workflow run")
    advice: str | None = Field(None, description="instead: an advisor is asked, and says this")

    @property
    def kind(self) -> str:
        """Which of the things that can happen it is."""
        return next((kind for kind in KINDS if getattr(self, kind)), "model")

    @model_validator(mode="after")
    def _fits(self) -> ScriptedRequest:
        kinds = [kind for kind in KINDS if getattr(self, kind)]
        own = [
            key for key in ("say", "thinking", "calls", "thread", "delegate", "report") if getattr(self, key)
        ]
        if len(kinds) + bool(own) > 1:
            raise ValueError(f"{', '.join([*own[:1], *kinds])} can't be in one request: write one for each")
        if not kinds and self.seconds is None:
            raise ValueError("'seconds' is missing: how long the model request takes")
        if self.thread and self.delegate:
            raise ValueError("only the coordinator delegates, so 'delegate' doesn't go with 'thread'")
        if self.report is not None and not self.thread:
            raise ValueError("'report' is for the request of another thread: say which, with 'thread'")
        return self


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
        _require_one(self, "user", "outcome")
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


def _require_one(model: Any, *keys: str) -> None:
    if len([key for key in keys if getattr(model, key) is not None]) != 1:
        raise ValueError(f"exactly one of {', '.join(map(repr, keys[:-1]))} and {keys[-1]!r} is needed")

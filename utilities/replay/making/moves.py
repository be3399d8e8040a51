"""The format of scenarios, continued: what can happen in a turn. `format` has what a scenario is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

EXECUTED = ("bash", "read", "write", "edit", "glob", "grep")
WEB = ("web_search", "web_fetch")
ERRORS = Literal[
    "unknown_error", "model_overloaded_error", "model_rate_limited_error", "model_request_failed_error",
    "mcp_connection_failed_error", "mcp_authentication_failed_error", "billing_error",
    "credential_host_unreachable_error", "tool_use_limit_reached_error", "compaction_limit_reached_error",
    "repository_authentication_error", "repository_forbidden_error", "repository_not_found_error",
    "repository_checkout_error", "repository_clone_error",
]  # fmt: skip
RUN_ERRORS = Literal[
    "timeout_error", "program_error", "thread_limit_error", "unknown_error", "max_workflow_runs_error",
]  # fmt: skip
CATEGORIES = Literal["cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"]
NO_RUN = "max_workflow_runs_error"  # with which no run begins [sdk]

Text = Annotated[str, StringConstraints(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,99}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def require_one(model: Any, *keys: str) -> None:
    if len([key for key in keys if getattr(model, key) is not None]) != 1:
        raise ValueError(f"exactly one of {', '.join(map(repr, keys[:-1]))} and {keys[-1]!r} is needed")


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
    auto: Literal["allow", "ask", "deny"] | None = Field(
        None,
        description="what the service finds, by the policy `auto`: it runs, the client is asked "
        "(`confirm`), or it doesn't run",
    )
    reason_code: Text | None = Field(
        None,
        description="on what grounds, if `auto` isn't allow; `indeterminate` or `high_risk`, if left out",
    )
    interrupt: bool = Field(False, description="the client interrupts while this call is open; the turn ends")
    reflect: str | None = Field(None, description="what the model answers to `memory_reflect`, by hand")

    @property
    def asks(self) -> bool:
        """Whether the client's verdict is needed."""
        return self.confirm is not None

    @property
    def refused(self) -> bool:
        """Whether it doesn't run, by the client's verdict or the service's."""
        return "deny" in (self.confirm, self.auto)

    @property
    def waits(self) -> bool:
        """Whether the session waits for its client before it goes on."""
        return self.custom is not None or self.asks

    @model_validator(mode="after")
    def _fits(self) -> ScriptedCall:
        require_one(self, "tool", "custom", "mcp")
        by_hand = self.mcp is not None or self.tool in WEB
        if by_hand and self.result is None and not self.refused and not self.interrupt:
            raise ValueError("'result' is missing: it isn't executed, so what it returns is written by hand")
        if self.tool in EXECUTED and (self.result is not None or self.is_error):
            raise ValueError(f"{self.tool} is executed, so it has no 'result' and no 'is_error'")
        if self.fails and self.tool not in EXECUTED:
            raise ValueError("'fails' is for calls that are executed; say is_error = true")
        if self.custom is not None and self.asks:
            raise ValueError("'confirm' is for built-in and MCP tools: the program's own ask nobody")
        if self.deny_message is not None and self.confirm != "deny":
            raise ValueError("'deny_message' goes with confirm = \"deny\"")
        if self.custom is not None and self.auto:
            raise ValueError("'auto' is for built-in and MCP tools: the program's own have no policy")
        if self.auto and (self.auto == "ask") != self.asks:
            raise ValueError("'confirm' goes with auto = \"ask\", and with no other verdict of the service")
        if self.reason_code is not None and self.auto not in ("ask", "deny"):
            raise ValueError('\'reason_code\' goes with auto = "ask" or "deny"')
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


class ModelRequest(Model):
    """A model request: what it produces, and the tools that it calls."""

    seconds: Seconds | None = Field(None, description="how long it takes; a model request must say it")
    say: str = Field("", description="what the agent says")
    thinking: bool = Field(False, description="it thinks first, for two fifths of the time")
    calls: list[ScriptedCall] = Field(
        [], description="the tool calls that it makes, which run one after the other"
    )


class RunThread(Model):
    """A thread that a workflow run has made. It terminates when the run ends."""

    name: Name = Field(description="what this file calls it")
    agent: Text | None = Field(None, description="the agent that runs it; `name`, if left out")
    requests: list[ModelRequest] = Field(min_length=1, description="its model requests")

    @model_validator(mode="after")
    def _fits(self) -> RunThread:
        calls = [call for request in self.requests for call in request.calls]
        if any(request.seconds is None for request in self.requests):
            raise ValueError("'seconds' is missing: how long the model request takes")
        if any(call.interrupt for call in calls):
            raise ValueError("an 'interrupt' of a run's thread can't be written")
        return self


class Phase(Model):
    """A phase of a workflow run."""

    name: Text = Field(description="its name")
    description: str | None = Field(None, description="what it is for")
    threads: list[RunThread] = Field([], description="the threads that work in it, one after the other")


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class WorkflowRun(Model):
    """A workflow run, from its beginning to its end. With `max_workflow_runs_error` there is none."""

    name: Text = Field(description="its name")
    description: str | None = Field(None, description="what it is for")
    phases: list[Annotated[Phase, BeforeValidator(_named)]] = Field(
        [], description="its phases, which begin and end in this order; a text is a phase's name"
    )
    result: Literal["completed", "stopped", "error"] = Field("completed", description="how it ends")
    error: RUN_ERRORS = Field("unknown_error", description="with which error, if it ends with one")
    message: str = Field("", description="that error's text")

    @model_validator(mode="after")
    def _fits(self) -> WorkflowRun:
        if self.error == NO_RUN and (self.result != "error" or self.phases):
            raise ValueError(f"with {NO_RUN} no run begins: result is 'error', and there are no phases")
        return self


class ScriptedRefusal(Model):
    """The model refuses to go on, and the turn ends."""

    category: CATEGORIES | None = Field(None, description="the policy category, if there is a named one")
    explanation: str | None = Field(None, description="why, in words")


OF_A_MODEL = ("say", "thinking", "calls", "thread", "delegate", "report")
KINDS = (
    *("error", "evaluation", "interrupt", "workflow", "advice"),
    *("refusal", "compacted", "rescheduled"),
)


class ScriptedRequest(ModelRequest):
    """What happens next in a turn: a model request, or what it has instead."""

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
    refusal: ScriptedRefusal | None = Field(None, description="instead: the model refuses, and the turn ends")
    compacted: bool = Field(False, description="instead: the model's context is compacted")
    rescheduled: bool = Field(
        False, description="instead: the session is rescheduled; after `seconds` it runs on"
    )

    @property
    def kind(self) -> str:
        """Which of the things that can happen it is."""
        return next((kind for kind in KINDS if getattr(self, kind)), "model")

    @model_validator(mode="after")
    def _fits(self) -> ScriptedRequest:
        kinds = [kind for kind in KINDS if getattr(self, kind)]
        own = [key for key in OF_A_MODEL if getattr(self, key)]
        if len(kinds) + bool(own) > 1:
            raise ValueError(f"{', '.join([*own[:1], *kinds])} can't be in one request: write one for each")
        if not kinds and self.seconds is None:
            raise ValueError("'seconds' is missing: how long the model request takes")
        if self.thread and self.delegate:
            raise ValueError("only the coordinator delegates, so 'delegate' doesn't go with 'thread'")
        if self.report is not None and not self.thread:
            raise ValueError("'report' is for the request of another thread: say which, with 'thread'")
        return self

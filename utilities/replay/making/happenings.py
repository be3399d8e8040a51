"""What can happen in a turn besides model requests: errors, gradings, interrupts, workflow runs, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ids import make_id
from .format import WantedOutcome
from .moves import NO_RUN, Evaluation, ScriptedError, ScriptedRefusal, ScriptedRequest, WorkflowRun
from .parsing import Source

if TYPE_CHECKING:
    from .event_log import EventLog

ADVISOR = "anthropic.advisor"  # [sdk]
WENT_ON = ("needs_revision",)


class Grading:
    """The outcome that a client has defined, and how far its grading is."""

    def __init__(self, log: EventLog, outcome: WantedOutcome) -> None:
        self.log, self.iteration, self.result = log, 0, ""
        self.id = make_id("outc", log.name, len(log.events))
        log.emit(
            "user.define_outcome", description=outcome.description, outcome_id=self.id,
            rubric={"type": "text", "content": outcome.rubric}, max_iterations=outcome.max_iterations,
        )  # fmt: skip
        log.threads.primary.context.characters += len(outcome.description) + len(outcome.rubric)

    @property
    def open(self) -> bool:
        """Whether it can still be graded."""
        return self.result in ("", *WENT_ON)

    def evaluate(self, evaluation: Evaluation) -> None:
        """The grader looks at what there is."""
        log = self.log
        known: dict[str, Any] = {"outcome_id": self.id, "iteration": self.iteration}
        start = log.emit("span.outcome_evaluation_start", **known)
        for _ in range(evaluation.ongoing):
            log.emit("span.outcome_evaluation_ongoing", **known)
        self._end(start, evaluation.result, evaluation.explanation)

    def interrupt(self) -> None:
        """The client has stopped it; if no grading had begun, the end names no start. [doc]"""
        self._end("", "interrupted", "")

    def _end(self, start: str, result: str, explanation: str) -> None:
        usage = self.log.spending.grading(self.log.threads.primary.context, len(explanation))
        self.log.emit(
            "span.outcome_evaluation_end", outcome_evaluation_start_id=start, outcome_id=self.id,
            iteration=self.iteration, result=result, explanation=explanation, usage=usage,
        )  # fmt: skip
        self.result, self.iteration = result, self.iteration + 1


async def happen(log: EventLog, request: ScriptedRequest, source: Source) -> bool:
    """What a request is instead of a model request; returns whether it ends the turn."""
    if request.interrupt:
        return interrupt(log)
    if request.error is not None:
        return fail(log, request.error)
    if request.refusal is not None:
        return refuse(log, request.refusal)
    if request.compacted:
        log.emit("agent.thread_context_compacted")
        log.threads.primary.context = log.threads.fresh_context()
    elif request.rescheduled:
        reschedule(log, request.seconds or 0.0)
    elif request.workflow is not None:
        await run(log, request.workflow, source.at("workflow"))
    elif request.advice is not None:
        advise(log, request.advice, request.seconds or 0.0)
    elif request.evaluation is not None:
        if log.outcome is None or not log.outcome.open:
            raise source.error(
                ("evaluation",), f"the outcome is {log.outcome and log.outcome.result} already"
            )
        log.threads.primary.run()
        log.outcome.evaluate(request.evaluation)
    return False


def interrupt(log: EventLog) -> bool:
    """The client stops the turn. [seen: the order]"""
    log.answers += 1
    log.emit("user.interrupt", session_thread_id=None)
    if log.outcome is not None and log.outcome.open:
        log.outcome.interrupt()
    log.threads.stop()
    log.idle({"type": "end_turn"})
    return True


def refuse(log: EventLog, refusal: ScriptedRefusal) -> bool:
    """The model refuses, and the turn ends. [sdk]"""
    details = {"type": "refusal", "category": refusal.category, "explanation": refusal.explanation}
    log.threads.stop()
    log.idle({"type": "refusal"}, stop_details=details)
    return True


def reschedule(log: EventLog, seconds: float) -> None:
    """The session is taken off its machine for so long. [sdk; ours: the order]"""
    primary = log.threads.primary
    primary.run()
    log.emit("session.status_rescheduled")
    log.emit("session.thread_status_rescheduled", **primary.names)
    log.wait(seconds)
    log.emit("session.status_running")
    primary.running = False
    primary.run()


def fail(log: EventLog, failure: ScriptedError) -> bool:
    """A `session.error`; what it leads to is as its retry status says. [sdk]"""
    optional = ("mcp_server_name", "repository_url", "vault_id", "credential_id")
    error: dict[str, Any] = {"type": failure.type, "message": failure.message}
    error["retry_status"] = {"type": failure.retry}
    error |= {key: value for key in optional if (value := getattr(failure, key)) is not None}
    log.emit("session.error", error=error)
    if failure.retry == "retrying":
        return False
    log.threads.stop()
    if failure.retry == "exhausted":
        log.idle({"type": "retries_exhausted"})
        return True
    log.emit("session.thread_status_terminated", **log.threads.primary.names)
    log.used()
    log.emit("session.status_terminated")
    log.over = True
    return True


async def run(log: EventLog, given: WorkflowRun, source: Source) -> None:
    """A workflow run from beginning to end: background work, which the agent's own goes on beside. [sdk]

    What the threads of a phase do is in their own logs; how they get their work isn't said anywhere.
    """
    if given.error == NO_RUN:
        error = {"type": given.error, "message": given.message}
        log.emit("workflow_run.error", workflow_run_id=None, error=error)
        return
    id = make_id("wfr", log.name, len(log.events))
    known: dict[str, Any] = {"workflow_run_id": id}
    phases = [
        {"id": make_id("wfp", log.name, given.name, n), "name": phase.name, "description": phase.description}
        for n, phase in enumerate(given.phases)
    ]
    log.emit("workflow_run.created", **known, name=given.name, description=given.description, phases=phases)
    log.emit("workflow_run.status_running", **known)
    threads = []
    for number, phase in enumerate(given.phases):
        of_phase = {**known, "workflow_run_phase_id": phases[number]["id"]}
        started = log.emit("workflow_run.phase_started", **of_phase)
        for index, work in enumerate(phase.threads):
            where = source.at("phases", number, "threads", index)
            thread = log.threads.new(work.name, work.agent or work.name, where, run=id)
            threads.append(thread)
            thread.run()
            for count, request in enumerate(work.requests):
                await log.request(request, thread, where.at("requests", count))
            thread.idle({"type": "end_turn"})
        log.emit("workflow_run.phase_ended", **of_phase, phase_started_id=started)
    for thread in threads:  # when the run ends [sdk]; in which order with its end [ours]
        thread.terminate()
    result: dict[str, Any] = {"type": given.result}
    if given.result == "error":
        result["error"] = {"type": given.error, "message": given.message}
        log.emit("workflow_run.error", **known, error=result["error"])
    log.emit("workflow_run.status_ended", **known, result=result)


def advise(log: EventLog, text: str, seconds: float) -> None:
    """An advisor is asked: a thread of its own that comes, says something and is gone. [sdk]

    Its own log has the model request, which reads what the agent has read, and the advice. [doc: the advice]
    """
    name = f"{ADVISOR}.{len(log.threads.others) + 1}"
    primary, thread = log.threads.primary, log.threads.create(name, ADVISOR)
    thread.run()
    start = log.emit("span.model_request_start", thread=thread)
    log.wait(seconds)
    usage = log.spending.grading(primary.context, len(text))
    log.emit(
        "span.model_request_end", thread=thread, model_request_start_id=start, is_error=False,
        model_usage=usage,
    )  # fmt: skip
    blocks = [{"type": "text", "text": text}]
    to: dict[str, Any] = {"to_session_thread_id": primary.id, "to_agent_name": primary.agent}
    log.emit("agent.thread_message_sent", thread=thread, content=blocks, **to)
    came: dict[str, Any] = {"from_session_thread_id": thread.id, "from_agent_name": thread.agent}
    log.emit("agent.thread_message_received", content=blocks, **came)
    thread.idle({"type": "end_turn"})
    thread.terminate()
    primary.context.characters += len(text)

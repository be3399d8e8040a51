"""What comes of the calls of a scenario: each is executed, or has the result that was written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ids import later
from .call_parts import denied, described, text_block
from .delegation import Thread
from .moves import EXECUTED, WEB, ScriptedCall
from .parsing import Source
from .sandbox import Sandbox
from .times import timeless

if TYPE_CHECKING:
    from .brain_calls import BrainCalls
    from .event_log import EventLog


class CallResults:
    """Writes what a client answers and what tools return into the log of one session.

    Args:
        log: the session's.
        sandbox: where its built-in tool calls are executed.
        brain: where its memory tools are executed, if it has any.

    Attributes:
        by_hand: how many results are of tools that aren't executed.
        outputs: the files that the calls have left for the user, described, by path.
        surprises: calls that failed and weren't meant to, and those that didn't and were; one line each.
    """

    def __init__(self, log: EventLog, sandbox: Sandbox, brain: BrainCalls | None) -> None:
        self.log, self.sandbox, self.brain = log, sandbox, brain
        self.by_hand = 0
        self.outputs: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}  # of the outputs
        self.surprises: list[str] = []

    async def answer(self, id: str, call: ScriptedCall, thread: Thread, source: Source) -> None:
        """What a client answers: its tool's result, its worker's, or its verdict on a call that asks."""
        to: dict[str, Any] = {} if thread.primary else {"session_thread_id": thread.id}
        if call.custom is not None:
            text, is_error = await self._custom_result(call, source)
            self.log.now = later(self.log.now, call.seconds)  # the program's time, not the agent's
            thread.context.characters += len(text)
            self.log.emit(
                "user.custom_tool_result", custom_tool_use_id=id, is_error=is_error,
                content=[{"type": "text", "text": text}], **to,
            )  # fmt: skip
            return
        if not call.asks:
            await self._worker_result(id, call, thread, source)
            return
        self.log.answers += 1
        reason: dict[str, Any] = {} if call.deny_message is None else {"deny_message": call.deny_message}
        self.log.emit("user.tool_confirmation", tool_use_id=id, result=call.confirm, **reason, **to)

    async def _worker_result(self, id: str, call: ScriptedCall, thread: Thread, source: Source) -> None:
        """What the worker of a self-hosted environment sends: the call was executed there."""
        content, is_error = self._executed(call, source)
        self.log.now = later(self.log.now, call.seconds)  # the worker's time, not the agent's
        to: dict[str, Any] = {} if thread.primary else {"session_thread_id": thread.id}
        self.log.emit("user.tool_result", tool_use_id=id, content=content, is_error=is_error, **to)
        thread.context.characters += sum(len(timeless(str(block.get("text", "")))) for block in content)
        self._look(source)

    async def _custom_result(self, call: ScriptedCall, source: Source) -> tuple[str, bool]:
        """What the program's own tool says, and whether it is an error: executed, or written by hand."""
        if self.brain and call.result is None:
            return await self.brain.call(call, source)
        if call.result is None:
            raise source.error(
                (), "'result' is missing: what the program answers ([brain] executes memory tools)"
            )
        self.log.answers += 1
        return call.result, call.is_error

    async def result(self, id: str, call: ScriptedCall, source: Source, thread: Thread) -> None:
        """What the call returns, when it was let through or refused."""
        executed = call.tool in EXECUTED and not call.refused
        if call.refused:
            content, is_error = [text_block(denied(call))], True
        elif executed:
            content, is_error = self._executed(call, source)
        else:
            content, is_error = [text_block(call.result or "")], call.is_error
            self.by_hand += 1
            self.log.spending.searches += call.tool == WEB[0]
        self.log.wait(call.seconds)
        self.write(id, call, thread, content, is_error)
        thread.context.characters += sum(len(timeless(str(block.get("text", "")))) for block in content)
        if executed:
            self._look(source)

    def _executed(self, call: ScriptedCall, source: Source) -> tuple[list[dict[str, Any]], bool]:
        """The content of the result of a built-in tool, and whether it is an error."""
        try:
            content, is_error = self.sandbox.call(str(call.tool), call.input)
        except ValueError as error:
            raise source.error((), str(error)) from error
        said = " ".join(str(block.get("text", "")) for block in content).strip().split("\n")[-1][:200]
        if is_error and not call.fails:
            self.surprises.append(
                f"{source.where(())}: {call.tool} failed ({said}); if it shall, say fails = true"
            )
        elif call.fails and not is_error:
            self.surprises.append(
                f"{source.where(())}: {call.tool} did not fail, and the scenario says fails = true"
            )
        return content, is_error

    def write(
        self, id: str, call: ScriptedCall, thread: Thread, content: list[dict[str, Any]], is_error: bool
    ) -> None:
        """Log the result of a call that the service executes."""
        kind, key = (
            ("agent.mcp_tool_result", "mcp_tool_use_id") if call.mcp else ("agent.tool_result", "tool_use_id")
        )
        self.log.emit(kind, thread=thread, **{key: id}, content=content, is_error=is_error)

    def _look(self, source: Source) -> None:
        """What the last call has left in outputs and memory."""
        try:
            self.sandbox.look(self.log.now)
        except ValueError as error:
            raise source.error((), str(error)) from error
        for path, content in sorted(self.sandbox.outputs.items()):
            if self.contents.get(path) != content:
                self.contents[path] = content
                self.outputs[path] = described(path, content, self.log.now)

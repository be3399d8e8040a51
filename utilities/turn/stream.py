"""A whole turn over the event stream: send, watch, answer, until it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from anthropic import Anthropic, AsyncAnthropic

from .drive import Async, Sync
from .plan import QUIET, Message, Plan
from .result import Event, TurnResult
from .steps import Next, Steps
from .tools import Confirm, Tool

__all__ = ["stream_until_end_turn", "stream_until_end_turn_async"]


def stream_until_end_turn(
    client: Anthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
    wait_for_runs: bool = True,
) -> TurnResult:
    """Send a message and follow the session until its turn is over.

    The stream is opened before the message is sent, so nothing is missed; a lost stream is opened
    again and what came meanwhile is read from the history; every event is shown once.

    Args:
        client: the SDK's client. Its `max_retries` is how often the beginning is tried again; a message
            is sent again only if the session's history shows that it never arrived.
        session_id: the session.
        message: a text, a list of content blocks, or None if the turn was started already.
        tools: the SDK's runnable tools for the agent's custom tool calls; make them once, not for each turn,
            for what `beta_tool` makes is never freed (12 KiB each). Calls that come together
            run together and are answered in one request; each is answered once. One that the deadline
            cuts off goes on in its thread (an async one is cancelled), and calling again with message=None
            starts it anew: make tools safe to run twice, or give the turn time enough.
        confirm: decides about built-in calls that ask for permission; see `tools.Confirm`.
        on_event: called with every new event, for showing it.
        timeout: seconds for the whole turn; None waits for ever. It ends an async `confirm` too; what a
            sync one answers after it is not sent.
        quiet: seconds without any event after which the connection is opened anew.
        wait_for_runs: whether an `end_turn` while a workflow run is running is not the end: then the turn
            goes on until the run has ended and the agent has stopped after it. False ends it at once. The
            documentation doesn't say whether the API does that; the result's `open_runs` names the runs.

    Returns:
        How the turn ended, with its text, tool calls and events. Only `end_turn` means that the
        agent finished; see `TurnResult.outcome`.

    Raises:
        TurnTimeout: a TimeoutError. The session goes on: call again with message=None, unless its `sent`
            says that the message has not arrived.
        TypeError: an async client, a message that is neither text nor a list of blocks, or a verdict of
            `confirm` that is none.
        ValueError: two tools have one name, a number of seconds is negative, or message is None and nothing
            was ever sent.
        anthropic.APIStatusError: the API refused the message or the session id.
        anthropic.APIConnectionError: the turn could not be begun; a note says whether the message arrived.
    """
    driver = Sync("stream_until_end_turn", client, tools, confirm, on_event)
    plan = StreamPlan(session_id, message, timeout, quiet, client.max_retries, wait_for_runs)
    return driver.run(plan.steps())


async def stream_until_end_turn_async(
    client: AsyncAnthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
    wait_for_runs: bool = True,
) -> TurnResult:
    """`stream_until_end_turn` for `AsyncAnthropic`; `confirm` and `on_event` may be async too."""
    driver = Async("stream_until_end_turn_async", client, tools, confirm, on_event)
    plan = StreamPlan(session_id, message, timeout, quiet, client.max_retries, wait_for_runs)
    return await driver.run(plan.steps())


class StreamPlan(Plan):
    """The plan of a turn that is followed over the event stream."""

    def look(self) -> Steps:
        """The next event; or the stream is opened, and what came meanwhile is read from the history."""
        silent = not self.lost
        if silent:
            event = yield Next(min(self.patience(), self.left()))
            if event is not None:
                return [event]
            # Silence: perhaps there is nothing to say, perhaps the connection is dead.
        # Before the message is sent, so that nothing of the turn is missed.
        yield self.ask("events.stream")
        if not self.started:
            return (yield from self.begin())
        yield from self.ask_status(silent)
        return (yield self.ask_history())

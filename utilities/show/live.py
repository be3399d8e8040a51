"""Show a turn while it runs: one table in the notebook, updated in place, text growing as it is typed.

    with LiveTranscript() as live:
        result = stream_until_end_turn(client, session.id, "Fix the tests", on_event=live)

Outside a notebook it prints a line per event, as `print_event` does.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self, TextIO

from .entries import Entries
from .events import attribute, events_of, kind, moment
from .folds import KEEP_OPEN
from .printing import print_event
from .transcript import Transcript

__all__ = ["LiveTranscript"]

INTERVAL = 0.1  # seconds from one update to the next, at least
SHARE = 4  # … and so many times what the update took, so that a long transcript doesn't hold up its turn
PREVIEWS = ("event_start", "event_delta")
LAST_WORDS = ("session.status_idle", "session.status_terminated", "session.deleted", "span.model_request_end")


class LiveTranscript:
    """A transcript that grows with its turn: pass it as `on_event`.

    In a notebook it is one output, that of the cell in which its first event came, updated in place at most
    ten times a second; what the reader has unfolded stays open. An update costs what is new, and the rows
    that are shown. What came last is always shown: within a tenth of a second, and before the cell ends
    (or the `with` block, if there is one). So the saved output is the whole transcript, however fast the
    events came. Elsewhere each event that is worth one is a printed line, as by `print_event`.

    If the stream was opened with `event_deltas`, the text of a message is shown while it is written, and
    gives way to the event itself. Without that event (its model request ended early) it goes: a preview is
    in no history, says the SDK's `BetaManagedAgentsStartEvent`.

    It may be called from any thread. Its `events` are those that came, previews left out, so `transcript`
    and `timeline` take it too.

    Args:
        show: called with the `Transcript` so far, instead of showing it in the notebook.
        file: print lines there, also in a notebook; standard output is where they go otherwise.
        clock: seconds, for the pace of the updates.
        timer: starts a wait, as `threading.Timer` does: called with seconds and a function, has `start` and
            `cancel`.
    """

    def __init__(
        self,
        *,
        show: Callable[[Transcript], object] | None = None,
        file: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        timer: Callable[[float, Callable[[], None]], Any] = threading.Timer,
    ) -> None:
        self._events: list[Any] = []
        self._entries = Entries()  # what is shown of them
        self._writing: dict[str, _Preview] = {}  # what is being written, by the id that its event will have
        self._seen: dict[str, bool] = {}  # ids, and whether the event had its time on
        shell = None if show or file else _notebook()
        self._output = _Output(shell) if shell else None
        self._show = show or self._output
        self._file, self._clock, self._timer = file, clock, timer
        self._next = float("-inf")  # when the next update may be
        self._waiting: Any = None  # the timer for it
        self._updates = 0
        self._lock = threading.RLock()

    def __call__(self, event: Any) -> None:
        """Take the event in. Shows it now, or soon; prints it at once where there is no notebook."""
        with self._lock:
            if not self._take(event):
                return
            if self._show is None:
                print_event(event, file=self._file)
                return
            if self._output:
                self._output.before_the_cell_ends(self.close)
            if self._clock() >= self._next:
                self._update()
            elif self._waiting is None:
                self._waiting = self._timer(self._next - self._clock(), self._on_time(self._updates))
                self._waiting.daemon = True
                self._waiting.start()

    @property
    def events(self) -> list[Any]:
        """The events that came, each once; previews aren't among them."""
        with self._lock:
            return events_of(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Show at once what came and isn't shown yet. More may come all the same."""
        with self._lock:
            if self._waiting is not None:
                self._update()

    def _on_time(self, updates: int) -> Callable[[], None]:
        """What the timer calls, unless an update came first, when it was too late to cancel it."""

        def update() -> None:
            with self._lock:
                if self._updates == updates:
                    self._update()

        return update

    def _update(self) -> None:
        self._updates += 1
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        began = self._clock()
        if self._show is not None:
            self._show(Transcript(self._entries, [preview.event() for preview in self._writing.values()]))
        now = self._clock()
        self._next = now + max(INTERVAL, SHARE * (now - began))

    def _take(self, event: Any) -> bool:
        """Whether there is something new in the event."""
        if kind(event) in PREVIEWS:
            return self._take_preview(event)
        id, timed = attribute(event, "id"), moment(event) is not None
        known = id in self._seen if isinstance(id, str) else False
        if known and (self._seen[id] or not timed):
            return False
        if isinstance(id, str):
            self._seen[id] = timed
            self._writing.pop(id, None)
        if kind(event) in LAST_WORDS:
            self._writing.clear()
        self._events.append(event)
        self._entries.add(event)
        return not known or self._show is not None  # a line that is printed doesn't get its time later

    def _take_preview(self, event: Any) -> bool:
        opened = attribute(event, "event")
        id = attribute(opened, "id") or attribute(event, "event_id")
        if not isinstance(id, str) or id in self._seen:  # a stream that was opened anew sends it again
            return False
        if kind(event) == "event_start":
            self._writing[id] = _Preview(opened)
        else:
            self._writing.setdefault(id, _Preview({"id": id})).add(attribute(event, "delta"))
        return self._show is not None


class _Preview:
    """A message while it is written.

    The SDK's `accumulate_managed_agents_event` makes the same of it, but copies the message with each piece
    and raises for one without a beginning, which would end the turn for the sake of its display.
    """

    def __init__(self, opened: Any) -> None:
        self._fields = {"id": attribute(opened, "id"), "type": attribute(opened, "type")}
        self._pieces: dict[int, list[str]] = {}  # of each content block

    def add(self, delta: Any) -> None:
        index, text = attribute(delta, "index"), attribute(attribute(delta, "content"), "text")
        if isinstance(text, str):
            self._pieces.setdefault(index if isinstance(index, int) else 0, []).append(text)

    def event(self) -> dict[str, Any]:
        """What there is of it, as an event."""
        texts = ("".join(self._pieces[index]) for index in sorted(self._pieces))
        return {**self._fields, "content": [{"type": "text", "text": text} for text in texts]}


def _notebook() -> Any:
    """The shell of the notebook that this runs in; None in a terminal, a script, without IPython."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None


class _Output:
    """One output of a notebook's cell, which a later transcript replaces."""

    def __init__(self, shell: Any) -> None:
        self._shell, self._id, self._shown = shell, uuid.uuid4().hex, 0
        self._last: Callable[[], None] | None = None  # what the end of the cell waits for
        self._only: Transcript | None = None  # as long as there was only one, which has the script

    def __call__(self, transcript: Transcript) -> None:
        self._only = None if self._shown else transcript
        data = transcript._repr_mimebundle_()
        if not self._shown:
            data["text/html"] += KEEP_OPEN
        self._display(data)

    def _display(self, data: dict[str, str]) -> None:
        show = import_module("IPython.display").display
        show(data, raw=True, display_id=self._id, update=self._shown > 0)
        self._shown += 1

    def before_the_cell_ends(self, last: Callable[[], None]) -> None:
        """Call this function then: what is shown later is not saved with the cell."""
        if self._last is None:
            self._last = last
            self._shell.events.register("post_run_cell", self._cell_ends)

    def _cell_ends(self, *_: object) -> None:
        self._shell.events.unregister("post_run_cell", self._cell_ends)
        last, self._last = self._last, None  # after it, or another thread's call would be taken out
        if last:
            last()
        if self._only is not None:  # no script is saved
            self._display(self._only._repr_mimebundle_())

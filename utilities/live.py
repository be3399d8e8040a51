"""Show a turn while it runs: one table in the notebook, updated in place, text growing as it is typed.

    with LiveTranscript() as live:
        result = stream_until_end_turn(client, session.id, "Fix the tests", on_event=live)

Outside a notebook it prints a line per event, as `print_event` does.

To copy it into a project: this file, `display.py`, `printing.py` and `events.py`.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TextIO

from .display import Transcript
from .events import attribute, events_of, kind, moment
from .printing import print_event

__all__ = ["LiveTranscript"]

INTERVAL = 0.1  # seconds from one update to the next, at least
SHARE = 4  # … and so many times what the update took, so that a long transcript doesn't hold up its turn
LAST_WORDS = ("session.status_idle", "session.status_terminated", "session.deleted", "span.model_request_end")


class LiveTranscript:
    """A transcript that grows with its turn: pass it as `on_event`.

    In a notebook it is one output, that of the cell in which its first event came, updated in place at most
    ten times a second. What came last is always shown: within a tenth of a second, and before the cell ends
    (or the `with` block, if there is one). So the saved output is the whole transcript, however fast the
    events came. Elsewhere each event that is worth one is a printed line, as by `print_event`.

    If the stream was opened with `event_deltas`, the text of a message is shown while it is written, and
    gives way to the event itself. Without that event (its model request ended early) it goes: a preview is
    in no history. [sdk: beta_managed_agents_start_event.py]

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
        self.events: list[Any] = []
        self._writing: dict[str, _Preview] = {}  # what is being written, by the id that its event will have
        self._seen: dict[str, bool] = {}  # ids, and whether the event had its time on
        self._show = show or (None if file else _notebook_output(self))
        self._file, self._clock, self._timer = file, clock, timer
        self._next = float("-inf")  # when the next update may be
        self._waiting: Any = None  # the timer for it
        self._lock = threading.RLock()

    def __call__(self, event: Any) -> None:
        """Take the event in. Shows it now, or soon; prints it at once where there is no notebook."""
        with self._lock:
            if not self._take(event):
                return
            if self._show is None:
                print_event(event, file=self._file)
            elif self._clock() >= self._next:
                self._update()
            elif self._waiting is None:
                self._waiting = self._timer(self._next - self._clock(), self.close)
                self._waiting.daemon = True
                self._waiting.start()

    def __enter__(self) -> LiveTranscript:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Show at once what came and isn't shown yet. More may come all the same."""
        with self._lock:
            if self._waiting is not None:
                self._update()

    def _update(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        began = self._clock()
        if self._show is not None:
            self._show(Transcript(events_of(self), [preview.event() for preview in self._writing.values()]))
        now = self._clock()
        self._next = now + max(INTERVAL, SHARE * (now - began))

    def _take(self, event: Any) -> bool:
        """Whether there is something new in the event."""
        type_ = kind(event)
        if type_ == "event_start":
            opened = attribute(event, "event")
            return self._preview(str(attribute(opened, "id")), _Preview(opened))
        if type_ == "event_delta":
            id = str(attribute(event, "event_id"))
            preview = self._writing.get(id) or _Preview({"id": id, "type": "agent.message"})
            preview.add(attribute(event, "delta"))
            return self._preview(id, preview)
        id, timed = attribute(event, "id"), moment(event) is not None
        if isinstance(id, str) and id:
            if self._seen.get(id, not timed) >= timed and id in self._seen:
                return False
            self._seen[id] = timed
            self._writing.pop(id, None)
        if type_ in LAST_WORDS:
            self._writing.clear()
        self.events.append(event)
        return True

    def _preview(self, id: str, preview: _Preview) -> bool:
        if id in self._seen:  # sent again by a stream that was opened anew
            return False
        self._writing[id] = preview
        return True


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


def _notebook_output(live: LiveTranscript) -> Callable[[Transcript], object] | None:
    """What shows a transcript in place of the one before it; None where there is no notebook."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it
    shell = ipython.get_ipython() if ipython else None
    return _NotebookOutput(shell, live.close) if getattr(shell, "kernel", None) is not None else None


class _NotebookOutput:
    def __init__(self, shell: Any, close: Callable[[], None]) -> None:
        self._shell, self._close = shell, close
        self._id = uuid.uuid4().hex
        self._shown = self._hooked = False

    def __call__(self, transcript: Transcript) -> None:
        from IPython.display import display

        if not self._hooked:  # nothing is saved that a cell shows after its end
            self._shell.events.register("post_run_cell", self._end_of_cell)
            self._hooked = True
        data = transcript._repr_mimebundle_()
        display(data, raw=True, display_id=self._id, update=self._shown)
        self._shown = True

    def _end_of_cell(self, *_: object) -> None:
        self._shell.events.unregister("post_run_cell", self._end_of_cell)
        self._hooked = False
        self._close()
        if self._hooked:  # by the close; the next cell's first update does it again
            self._shell.events.unregister("post_run_cell", self._end_of_cell)
            self._hooked = False

"""Which recordings a session still agrees with, and how far along them it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from .fit import excerpts
from .masks import ids_in, masked
from .recording import OPENINGS, Event, Place, Recording, answered_call

COMPARED = 4_000  # characters from the beginning of an event that decide how alike two are [ours]
EXPLAINED = 300  # characters of an error's text that are shown


def said(event: Event) -> str:
    """What an event says, as one masked text: its content, its reason, or nothing."""
    content = event.get("content")
    if isinstance(content, list):
        return masked("\n".join(_texts(event)))
    return masked(str(event.get("description") or event.get("deny_message") or ""))


def _texts(event: Event) -> list[str]:
    """The texts of an event's blocks; JSON in a tool's result in one way of writing, whoever wrote it."""
    texts = map(_block_text, event.get("content") or ())
    return [_rewritten(text) for text in texts] if answered_call(event) else list(texts)


def _block_text(block: dict[str, Any]) -> str:
    return str(block["text"]) if block["type"] == "text" else json.dumps(block, sort_keys=True)


def _rewritten(text: str) -> str:
    """A text that is a JSON object or array, with its keys in order and a space where Python has one."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        value = json.loads(text, parse_float=_number)
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):  # no JSON, or nothing that anybody would compare as such
        return text


def _number(written: str) -> float | int:
    """A number as it is least written: JavaScript has no 1.0."""
    number = float(written)
    return int(number) if number.is_integer() else number


def learned_ids(recorded: Event, sent: Event) -> dict[str, str]:
    """Which id of a recorded result is which of the one that was sent: paired in their order.

    Empty if they don't have equally many, so that nothing is paired with what it isn't.
    """
    ours, theirs = _ids(recorded), _ids(sent)
    return dict(zip(ours, theirs, strict=True)) if len(ours) == len(theirs) else {}


def _ids(event: Event) -> list[str]:
    return ids_in("\n".join(_texts(event)))


def verdict(event: Event) -> str:
    """The part of a client event that decides where the agent goes next, besides its text."""
    return str(event.get("result") or ("error" if event.get("is_error") else "ok"))


@dataclass
class Track:
    """How far a client has followed one recording."""

    recording: Recording
    taken: dict[int, str] = field(default_factory=dict)  # index of a client event → its id in this session

    def copy(self) -> Track:
        return Track(self.recording, dict(self.taken))

    def open(self) -> list[int]:
        """The client events of the recording that the client has not sent yet."""
        return [i for i in self.recording.client_events if i not in self.taken]

    def drop_turn(self, queued: set[str]) -> None:
        """Pass over what the client would still have sent in a turn that it has stopped.

        Args:
            queued: the ids of what it has sent, and the session has not come to yet.
        """
        reached = max((index for index, id in self.taken.items() if id not in queued), default=-1)
        for index in self.recording.client_events:
            if index > reached and self.recording.events[index]["type"] in OPENINGS:
                return
            self.taken.setdefault(index, "")

    def rewind(self, opening: str, again: str | None = None) -> int:
        """Go back to where a turn began, as if nothing had been sent since.

        Args:
            opening: the id of the client event that began it.
            again: the id of one that begins it anew.

        Returns:
            The position of the turn's first event.
        """
        index = next(i for i, id in self.taken.items() if id == opening)
        self.taken = {i: id for i, id in self.taken.items() if i < index}
        if again is not None:
            self.taken[index] = again
        return self.recording.gates.index(index)

    def counterpart(self, sent: Event, calls: Mapping[str, Place], *, behind: bool = False) -> int | None:
        """Where the recording has the client event that `sent` would be, whatever its text.

        Args:
            sent: the client's event.
            calls: the session's tool calls by id, each with its place.
            behind: whether it waits behind the answers that are still to come.
        """
        answers = answered_call(sent)
        for index in self.open():
            recorded = self.recording.events[index]
            recorded_answers = answered_call(recorded)
            if behind and recorded_answers is not None:
                continue
            if answers is None or recorded_answers is None:  # only results may come in another order
                alike = answers is recorded_answers and recorded["type"] == sent["type"]
                return index if alike else None
            same_call = self.recording.calls[recorded_answers] == calls.get(answers)
            if recorded["type"] == sent["type"] and same_call:
                return index
        return None

    def difference(
        self, sent: Event, calls: Mapping[str, Place], theirs: str, *, behind: bool = False
    ) -> str | None:
        """None when the recording continues with `sent`; otherwise what it has instead.

        Args:
            sent: the client's event.
            calls: the session's tool calls by id, each with its place.
            theirs: what `sent` says; many recordings are compared with it, so it isn't worked out here.
            behind: as for `counterpart`.
        """
        index = self.counterpart(sent, calls, behind=behind)
        if index is None:
            waiting = next((self.recording.events[i]["type"] for i in self.open()), None)
            return f"it waits for {waiting}" if waiting else "it has ended"
        recorded = self.recording.events[index]
        ours = said(recorded)
        if verdict(recorded) != verdict(sent):
            # Of an answer that went wrong the text says more than the verdict.
            first, second = (
                f"{verdict(event)!r}" + (f" ({text[:EXPLAINED]!r})" if event.get("is_error") else "")
                for event, text in ((recorded, ours), (sent, theirs))
            )
            return f"it has {first} where you sent {second}"
        if ours == theirs:
            return None
        first, second = excerpts(ours, theirs)
        return f"it has {first} where you sent {second}"

    def likeness(
        self, sent: Event, calls: Mapping[str, Place], theirs: str, *, behind: bool = False
    ) -> float:
        """How close the recording comes to `sent`: 1 is the same, 0 is that it can't go on with it.

        Args:
            sent, calls, theirs, behind: as for `difference`.
        """
        index = self.counterpart(sent, calls, behind=behind)
        if index is None:
            return 0.0
        recorded = self.recording.events[index]
        text = SequenceMatcher(None, said(recorded)[:COMPARED], theirs[:COMPARED]).ratio()
        return (1.0 if verdict(recorded) == verdict(sent) else 0.2) * (0.1 + 0.9 * text)

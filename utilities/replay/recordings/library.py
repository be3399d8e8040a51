"""The recordings on hand, and which of them agree with what a client has sent.

Recordings that open alike form a prefix tree without any syntax for it: all of them are
followed until the client does something that only some of them recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .exchanges import Exchange, is_messages, load
from .recording import Recording
from .track import Track


class Library:
    """All recordings of a server, of sessions and of messages. Safe to share: nothing in it changes."""

    def __init__(self, recordings: Iterable[Recording] = (), exchanges: Iterable[Exchange] = ()) -> None:
        self.exchanges = list(exchanges)
        self.recordings = sorted(recordings, key=lambda recording: recording.name)

    @classmethod
    def load(cls, *folders: Path | str) -> Library:
        """Read every `*.jsonl` below the folders.

        Raises:
            RecordingError: one of them is damaged.
            FileNotFoundError: a folder does not exist.
        """
        recordings, exchanges = [], []
        seen: set[Path] = set()  # a folder may be named twice, or lie within another
        for folder in map(Path, folders):
            if not folder.is_dir():
                hint = "`make recordings` fills example_data/recordings"
                raise FileNotFoundError(f"{folder}: no such folder of recordings; {hint}")
            for path in sorted(folder.rglob("*.jsonl")):
                if path.resolve() in seen:
                    continue
                seen.add(path.resolve())
                if is_messages(path):
                    exchanges += load(path)
                else:
                    recordings.append(Recording.load(path))
        return cls(recordings, exchanges)

    def of_agent(self, name: str) -> list[Recording]:
        """The recordings that a session of this agent can follow: its own, or else all."""
        own = [recording for recording in self.recordings if recording.header["agent"]["name"] == name]
        return own or self.recordings

    def tracks(self, agent_name: str) -> list[Track]:
        """The beginnings of those recordings."""
        return [Track(recording) for recording in self.of_agent(agent_name)]

"""Which recordings a session can follow: those that were made with what it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..http.errors import UNRECORDED, ApiError
from ..http.validation import Resource
from ..recordings.fit import MountedFile, Setup
from ..recordings.library import Library
from ..recordings.mount import Mount
from ..recordings.recording import Recording
from ..recordings.track import Track
from .agents import resolved_agent
from .attached import repository_path, upload_path
from .environments import as_cloud, resolved_config
from .files import Files

SHOWN, GROUPS = 3, 2  # differences of one recording that are told, and of how many recordings
UNKNOWN_EFFORT = {"type": "high"}  # written out here by default; the hosted default isn't published


def setup_of(agent: Resource, environment: Resource, mounted: Iterable[Resource], files: Files,
             memory: Sequence[Mount]) -> Setup:  # fmt: skip
    """What a session has.

    Args:
        agent: its snapshot of the agent.
        environment: its environment.
        mounted: its resources, as they were asked for or as they are mounted.
        files: the server's files.
        memory: its memory stores.
    """
    mounted = list(mounted)
    copies = [
        MountedFile(upload_path(resource), len(content), content=content)
        for resource in mounted
        if resource["type"] == "file" and (content := files.contents.get(resource["file_id"])) is not None
    ]
    repositories = {
        repository_path(resource): resource["url"]
        for resource in mounted
        if resource["type"] == "github_repository"
    }
    return Setup(agent, environment["config"], copies, memory, repositories)


def recorded_setup(recording: Recording) -> Setup:
    """What the session had that a recording is of, its defaults written out as they are for a session."""
    agent, config = dict(recording.header["agent"]), recording.header["environment"].get("config")
    model = agent.pop("model", None)
    agent = resolved_agent(agent)
    if model is not None:
        agent["model"] = model = {"id": model} if isinstance(model, str) else dict(model)
        if isinstance(model.get("effort"), str):
            model["effort"] = {"type": model["effort"]}
        if recording.header["provenance"] == "live" and model.get("effort") == UNKNOWN_EFFORT:
            del model["effort"]
    if config is not None:
        config = _resolved(as_cloud({"config": config})["config"])
    mounts = recording.mounts if "memory" in recording.header else None
    return Setup(agent, config, recording.files, mounts, recording.repositories)


def _resolved(config: dict[str, Any]) -> dict[str, Any]:
    try:
        resolved = resolved_config(config)
    except ApiError:  # no session can have this one, and the difference will say so
        return config
    if "packages" in resolved:
        resolved["packages"] = {key: names for key, names in resolved["packages"].items() if key != "type"}
    return resolved


class Fitting:
    """Finds the recordings that a session can follow; knows what each of them was made with."""

    def __init__(self) -> None:
        self.chosen: dict[str, list[Recording]] = {}  # by somebody, for a session, whatever it has
        self._setups: dict[Recording, Setup] = {}

    def ranked(self, library: Library, now: Setup) -> list[tuple[Recording, list[str]]]:
        """The recordings that a session can follow, each with how it differs, the best first."""
        name = now.agent["name"]
        rows = [(recording, self._differences(recording, now)) for recording in library.of_agent(name)]
        return sorted(rows, key=lambda row: len(row[1]))

    def followed(
        self, library: Library, now: Setup, strict: bool
    ) -> tuple[list[Track], dict[Recording, str]]:
        """The beginnings that a session can have, and how recordings differ from it, of all that do.

        Args:
            library: where to look for them.
            now: what the session has.
            strict: only what was made with just that will do.

        Raises:
            ApiError: 400, strict and none of them was made with what the session has.
        """
        ranked = self.ranked(library, now)
        unlike = {recording: told(differences) for recording, differences in ranked if differences}
        if strict and ranked:
            fitting = [(recording, differences) for recording, differences in ranked if not differences]
            if not fitting:
                raise ApiError(400, self._refusal(ranked, now.agent["name"]), code=UNRECORDED)
            ranked = fitting
        return [Track(recording) for recording, _ in ranked], unlike

    def _differences(self, recording: Recording, now: Setup) -> list[str]:
        if recording not in self._setups:
            self._setups[recording] = recorded_setup(recording)
        then = self._setups[recording]
        # An agent that no recording has by name can follow all of them.
        agent = {key: value for key, value in then.agent.items() if key != "name"}
        return replace(then, agent=agent).differences(now)

    def _refusal(self, ranked: list[tuple[Recording, list[str]]], name: str) -> str:
        """No recording was made with what the session has: the closest ones, and what is different."""
        alike: dict[str, list[str]] = {}
        for recording, differences in ranked:
            alike.setdefault(told(differences), []).append(recording.name)
        groups = [f"{', '.join(names)}: {text}" for text, names in alike.items()]
        if len(groups) > GROUPS:
            groups[GROUPS:] = [f"and {len(groups) - GROUPS} that differ more"]
        names = {recording.header["agent"]["name"] for recording, _ in ranked}
        agent = f"an agent {name!r}" if name in names else f"any agent, none has the name {name!r},"
        return (
            f"no recording of {agent} was made with what this session has. {'. '.join(groups)}. "
            "If that is meant, record the session anew."
        )


def told(differences: Sequence[str]) -> str:
    """Differences in one line."""
    more = [f"and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
    return "; ".join([*differences[:SHOWN], *more])

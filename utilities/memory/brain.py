"""`open_brain()`: an Astrocyte brain that remembers by meaning, on this machine, without a download.

Astrocyte needs three things: a store, an embedding model and a model for completions. Here they are a
SQLite file, WordLlama (whose weights come in its wheel) and the Claude client that you have already.
Its defaults then lose much of what the embedding finds; `PIPELINE` and `RERANK` say what is set otherwise.
Copy this file alone, with `client.py` if completions should run on recordings too, with `postgres.py` for
a brain on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import logging
import re
import sqlite3
import typing
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from anthropic import Anthropic
from astrocyte import Astrocyte
from astrocyte.config import AstrocyteConfig, load_config
from astrocyte.errors import AstrocyteError
from astrocyte.mip.router import MipRouter
from astrocyte.mip.schema import (
    ActionSpec,
    MatchBlock,
    MatchSpec,
    MipConfig,
    PipelineSpec,
    RerankSpec,
    RoutingRule,
)
from astrocyte.policy.signal_quality import DedupDetector
from astrocyte.types import Completion, LLMCapabilities, Message, TokenUsage
from astrocyte.wiring import build_pipeline, resolve_store, wire_astrocyte

__all__ = ["BrainError", "ClaudeCompletion", "LocalEmbedding", "open_brain"]

MODEL = "claude-sonnet-4-6"
# Within a chunk of 512 characters two versions of a fact ("12 March", "19 March") come out at up to 0.9985
# (measured): at Astrocyte's own threshold of 0.95 the update would be dropped as a duplicate. The same words
# come out at 1, in whatever order: this embedding doesn't see the order, `SameWords` does.
DEDUP_THRESHOLD = 0.9995
# Recency at equal weight with meaning, and questions taken apart by a model, put other memories before the
# one that was meant; consolidation is a model call after every retain.
PIPELINE = {
    "enable_temporal_retrieval": False,
    "enable_multi_query_expansion": False,
    "enable_observation_consolidation": False,
}
# Each word in common would add 0.05 to scores of about 0.02, and so decide alone.
RERANK = RerankSpec(keyword_weight=0.0, proper_noun_weight=0.0)
POSTGRES = ("postgres", "pgvector")  # Astrocyte has two names for it


class BrainError(ValueError):
    """A brain can't be opened: the path, the file or the configuration, and what to do about it."""


class LocalEmbedding:
    """Astrocyte's embedding provider: WordLlama, 256 dimensions, weights from its wheel, no download."""

    SPI_VERSION: ClassVar[int] = 1

    def capabilities(self) -> LLMCapabilities:
        return LLMCapabilities()

    async def embed(self, texts: list[str], model: str | None = None) -> list[list[float]]:
        return [[float(number) for number in row] for row in _wordllama().embed(list(texts), norm=True)]

    async def complete(self, messages: list[Message], **options: Any) -> Completion:
        raise NotImplementedError("LocalEmbedding embeds only: name an llm_provider for completions")


@cache
def _wordllama() -> Any:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    import wordllama  # not needed, and so not loaded, with another embedding

    # Importing it has every library of the process log to the terminal from INFO on: taken back.
    root.handlers[:], root.level = handlers, level
    # With any other cache_dir it would look for its own weights on the internet.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


class ClaudeCompletion:
    """Astrocyte's completion provider: the Messages API, through the client that you use anyway.

    Args:
        client: `connect()` makes one when the first completion is asked for, if none is given.
        model: for requests that name none.
    """

    SPI_VERSION: ClassVar[int] = 1

    def __init__(self, client: Anthropic | None = None, model: str = MODEL) -> None:
        self._client, self._model = client, model

    def capabilities(self) -> LLMCapabilities:
        return LLMCapabilities()

    async def complete(
        self, messages: list[Message], model: str | None = None, max_tokens: int = 1024,
        temperature: float = 0.0, tools: Any = None, tool_choice: Any = None, response_format: Any = None,
    ) -> Completion:  # fmt: skip
        if tools or response_format:
            raise NotImplementedError(
                "ClaudeCompletion answers with text: agentic_reflect needs another provider"
            )
        if self._client is None:
            from ..client import connect

            self._client = connect()
        system = "\n\n".join(str(message.content) for message in messages if message.role == "system")
        request: dict[str, Any] = {
            "model": model or self._model,
            "max_tokens": max_tokens,
            "messages": [{"role": m.role, "content": m.content} for m in messages if m.role != "system"],
        }
        if system:
            request["system"] = system
        create: Any = self._client.messages.create
        # The sync client in a thread: an async one belongs to one event loop, and tools run in many.
        answer = await asyncio.to_thread(create, **request)
        text = "".join(block.text for block in answer.content if block.type == "text")
        usage = TokenUsage(answer.usage.input_tokens, answer.usage.output_tokens)
        return Completion(text=text, model=answer.model, usage=usage)

    async def embed(self, texts: list[str], model: str | None = None) -> list[list[float]]:
        raise NotImplementedError("the Messages API doesn't embed: name an embedding_provider")


class SameWords(DedupDetector):
    """Takes for a duplicate only what has the same words in the same order as a memory in the store.

    To the embedding "12 March" and "21 March" are one, and the update would be dropped. Astrocyte's own
    detector also keeps the last thousand embeddings of this process: it takes for known what another process
    has made forgotten, and compares them in pure Python, for 35 ms more in each retain (measured).
    """

    def matches(
        self, candidates: Iterable[tuple[float, str | None]],
        threshold_override: float | None = None, text: str | None = None,
    ) -> tuple[bool, float]:  # fmt: skip
        same = [(nearness, other) for nearness, other in candidates if _words(other) == _words(text)]
        return super().matches(same, threshold_override, text)

    def add(self, *_: Any, **__: Any) -> None:
        """Keep nothing: it is in the store."""


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").casefold())


def open_brain(
    path: Path | str | None = None, *, config: Path | str | None = None, client: Anthropic | None = None
) -> Astrocyte:
    """An Astrocyte brain, ready to retain and recall.

    Args:
        path: the SQLite file, made if it isn't there. Many processes may use it at once.
        config: instead of `path`, an Astrocyte YAML, for another store or other rules. It gets the
            embedding, the completions and the recall of the default wherever it doesn't name its own.
        client: for completions (`brain.reflect`); by default `connect()` makes one when it is needed.

    Raises:
        BrainError: neither or both are given; the path can't be written; the file isn't a brain; the
            YAML has a key that Astrocyte would ignore, or a store whose package isn't installed.
    """
    if (path is None) == (config is None):
        raise BrainError("open_brain takes either a path for a SQLite file, or config=, an Astrocyte YAML")
    settings = _embedded(Path(str(path)).expanduser()) if config is None else _from_yaml(Path(config))
    if settings.llm_provider is None:
        options: Any = {"client": client, **(settings.llm_provider_config or {})}
        settings.llm_provider, settings.llm_provider_config = _provider(ClaudeCompletion), options
    if settings.embedding_provider is None:
        settings.embedding_provider = _provider(LocalEmbedding)
        if settings.vector_store in POSTGRES:  # its column has a length; Astrocyte's would be 128
            given = settings.vector_store_config or {}
            settings.vector_store_config = {"embedding_dimensions": 256, **given}
    try:
        brain: Astrocyte = wire_astrocyte(Astrocyte(settings), settings)
        pipeline = build_pipeline(settings, wiki_store=resolve_store(settings, "wiki_store"), **PIPELINE)
        if settings.vector_store in POSTGRES:
            _share(settings, pipeline)
    except (AstrocyteError, ImportError, OSError, ValueError) as error:
        raise BrainError(f"{config or path}: {error}{_missing_extra(settings, error)}") from error
    pipeline._dedup = SameWords()
    brain.set_pipeline(pipeline)
    if pipeline.mip_router is None:  # the only place where Astrocyte reads how recall reranks
        pipeline.mip_router = MipRouter(_recall_by_meaning())
    return brain


def _provider(kind: type) -> str:
    """How Astrocyte's configuration names a class, wherever this file was copied to."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _share(settings: AstrocyteConfig, pipeline: Any) -> None:
    """Have the pipeline use its store through what makes a server's store fit for many event loops."""
    from .postgres import OneLoop, prepare

    prepare(settings, pipeline.vector_store)
    shared = OneLoop(pipeline.vector_store)
    if pipeline.document_store is pipeline.vector_store:
        pipeline.document_store = shared
    pipeline.vector_store = shared


def _missing_extra(settings: AstrocyteConfig, error: Exception) -> str:
    store = "postgres" if settings.vector_store in POSTGRES else settings.vector_store
    if store is None or "not found" not in str(error):
        return ""
    return f" Install astrocyte[{store}], or name another vector_store."


def _recall_by_meaning() -> MipConfig:
    """A rule for every bank that matches nothing that is retained, and so only shapes recall."""
    never = MatchBlock(all_conditions=[MatchSpec("content_type", "eq", "none of those there are")])
    action = ActionSpec(bank="{any}", pipeline=PipelineSpec(version=1, rerank=RERANK))
    return MipConfig(version="1.0", rules=[RoutingRule("recall-by-meaning", 1, never, action)])


def _embedded(path: Path) -> AstrocyteConfig:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute(
                "PRAGMA user_version = 0" if not path.stat().st_size else "SELECT * FROM sqlite_master"
            )
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
        connection.close()
    except sqlite3.DatabaseError as error:
        raise BrainError(_unusable(path, error)) from error
    except OSError as error:
        raise BrainError(f"{path}: {error.strerror}; choose a path that you may write to") from error
    if tables and "astrocyte_vectors" not in tables:
        raise BrainError(
            f"{path} is a SQLite file of something else (it has {', '.join(sorted(tables)[:3])})"
        )
    settings = AstrocyteConfig(vector_store="sqlite", vector_store_config={"path": str(path)})
    settings.signal_quality.dedup.similarity_threshold = DEDUP_THRESHOLD
    # Five failures in a row, be they of completions, would cut Astrocyte off from its store for 30 seconds:
    # recall would find nothing, as if there were nothing. A file has no outages to be protected from.
    settings.escalation.circuit_breaker.failure_threshold = 1_000_000
    settings.observability.log_level = "warning"
    return settings


def _unusable(path: Path, error: sqlite3.DatabaseError) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"{path}: {error}; choose a path that you may write to"
    return f"{path}: {error}. It is damaged or no brain: move it away to begin a new one"


# -- configurations ---------------------------------------------------------------------------


def _from_yaml(path: Path) -> AstrocyteConfig:
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise BrainError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BrainError(f"{path}: not YAML: {error}") from error
    if not isinstance(given, dict):
        raise BrainError(f"{path}: a mapping was expected, with `vector_store` among its keys")
    if unknown := list(_unknown_keys(given, AstrocyteConfig)):
        raise BrainError(f"{path}: {unknown[0]}")  # Astrocyte itself would say nothing and ignore it
    try:
        settings = load_config(path)
    except (AstrocyteError, TypeError, ValueError) as error:
        told = "; set them first" if "Unresolved environment" in str(error) else ""
        raise BrainError(f"{path}: {error}{told}") from error
    if settings.vector_store is None:
        raise BrainError(f"{path}: no `vector_store`: name sqlite, postgres or qdrant")
    if settings.vector_store == "sqlite" and "path" not in (settings.vector_store_config or {}):
        raise BrainError(f"{path}: no `vector_store_config.path`, the SQLite file")  # it would be one at home
    return settings


ALIASES = {"mip"}  # keys that Astrocyte reads without having a field for them


def _unknown_keys(given: Mapping[str, Any], kind: type, within: str = "") -> Iterator[str]:
    """A sentence for each key that no field of Astrocyte's own configuration classes takes."""
    types = typing.get_type_hints(kind)
    for key, value in given.items():
        if key not in types:
            if key in ALIASES and not within:
                continue
            close = difflib.get_close_matches(str(key), types, n=1)
            yield f"unknown key `{within}{key}`" + (f"; did you mean `{within}{close[0]}`?" if close else "")
        elif isinstance(value, Mapping):
            section, keyed = _section(types[key])
            for name, part in value.items() if keyed else [("", value)]:
                if section is not None and isinstance(part, Mapping):
                    yield from _unknown_keys(part, section, f"{within}{key}." + (f"{name}." if keyed else ""))


def _section(hint: Any) -> tuple[type | None, bool]:
    """The configuration class in a field's type, and whether the field holds many of them by name."""
    if dataclasses.is_dataclass(hint):
        return typing.cast(type, hint), False
    for part in typing.get_args(hint):
        section, keyed = _section(part)
        if section is not None:
            return section, keyed or typing.get_origin(hint) is dict
    return None, False

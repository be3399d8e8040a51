"""`open_brain()`: an Astrocyte brain that remembers by meaning, on this machine, without a download.

Astrocyte needs three things: a store, an embedding model and a model for completions. Here they are a
SQLite file, WordLlama (whose weights come in its wheel) and a Claude client.
Its defaults then lose much of what the embedding finds; `PIPELINE` and `RERANK` say what is set otherwise.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anthropic import Anthropic
from astrocyte import Astrocyte
from astrocyte.config import AstrocyteConfig
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
from astrocyte.wiring import build_pipeline, resolve_store, wire_astrocyte

from .failures import Brain, WatchedStore, same_file
from .postgres import OneLoop, passing, prepare, too_large
from .providers import ClaudeCompletion, LocalEmbedding
from .settings import BrainError, sqlite_settings, yaml_settings

__all__ = ["BrainError", "open_brain"]

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


def open_brain(
    path: Path | str | None = None, *, config: Path | str | None = None, client: Anthropic | None = None
) -> Astrocyte:
    """An Astrocyte brain, ready to retain and recall.

    Args:
        path: the SQLite file, made if it isn't there. Many processes may use it at once. It stays that
            file when the working folder changes.
        config: instead of `path`, an Astrocyte YAML, for another store or other rules. It gets the
            embedding, the completions and the recall of the default wherever it doesn't name its own.
        client: for completions (`brain.reflect`); without one the SDK's own `Anthropic()`, made when the
            first completion is asked for.

    When the store fails later (the file is damaged, deleted or moved; a table is missing or locked; the
    server is down or out of connections), each operation raises BrainError and each memory tool answers with
    `is_error`: `no hits` means that nothing was found. A PostgreSQL server that goes away and comes back
    needs no new brain: while it is away each operation raises BrainError after 15 seconds, and the first one
    after its return connects again, or the next.

    Raises:
        BrainError: neither or both are given; the path can't be written; the file isn't a brain; the
            YAML has a key that Astrocyte would ignore, or a store whose package isn't installed.
    """
    if (path is None) == (config is None):
        raise BrainError("open_brain takes either a path for a SQLite file, or config=, an Astrocyte YAML")
    settings = yaml_settings(Path(config)) if config is not None else sqlite_settings(Path(str(path)))
    if settings.llm_provider is None:
        options: Any = {"client": client, **(settings.llm_provider_config or {})}
        settings.llm_provider, settings.llm_provider_config = _provider(ClaudeCompletion), options
    if settings.embedding_provider is None:
        settings.embedding_provider = _provider(LocalEmbedding)
        if settings.vector_store in POSTGRES:  # its column has a length; Astrocyte's would be 128
            given = settings.vector_store_config or {}
            settings.vector_store_config = {"embedding_dimensions": 256, **given}
    try:
        if settings.vector_store in POSTGRES:
            prepare(settings)
        brain: Astrocyte = wire_astrocyte(Brain(settings), settings)
        pipeline = build_pipeline(settings, wiki_store=resolve_store(settings, "wiki_store"), **PIPELINE)
        _watch(settings, pipeline)
    except (AstrocyteError, ImportError, OSError, ValueError, sqlite3.Error) as error:
        raise BrainError(f"{config or path}: {error}{_missing_extra(settings, error)}") from error
    pipeline._dedup = SameWords()
    brain.set_pipeline(pipeline)
    if pipeline.mip_router is None:  # the only place where Astrocyte reads how recall reranks
        pipeline.mip_router = MipRouter(_recall_by_meaning())
    return brain


def _provider(kind: type) -> str:
    """How Astrocyte's configuration names a class, wherever this folder was copied to."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _watch(settings: AstrocyteConfig, pipeline: Any) -> None:
    """Have the pipeline use its stores through what tells their failures."""
    watched: dict[int, WatchedStore] = {}
    for kind in ("vector_store", "document_store", "graph_store"):
        store = getattr(pipeline, kind)
        if store is None:
            continue
        if id(store) not in watched:
            name = getattr(settings, kind) or settings.vector_store
            if name == "sqlite":
                _ = store.fts_enabled  # it makes its tables, or finds that those of the file are no brain's
                watched[id(store)] = WatchedStore(store, check=same_file(Path(store.path)))
            elif name in POSTGRES:
                watched[id(store)] = WatchedStore(OneLoop(store), passing=passing, too_large=too_large)
            else:
                watched[id(store)] = WatchedStore(store)
        setattr(pipeline, kind, watched[id(store)])


def _missing_extra(settings: AstrocyteConfig, error: Exception) -> str:
    store = "postgres" if settings.vector_store in POSTGRES else settings.vector_store
    missing = isinstance(error, ModuleNotFoundError) or "not found" in str(error)
    if store is None or not missing:
        return ""
    return f" Install astrocyte[{store}], or name another vector_store."


def _recall_by_meaning() -> MipConfig:
    """A rule for every bank that matches nothing that is retained, and so only shapes recall."""
    never = MatchBlock(all_conditions=[MatchSpec("content_type", "eq", "none of those there are")])
    action = ActionSpec(bank="{any}", pipeline=PipelineSpec(version=1, rerank=RERANK))
    return MipConfig(version="1.0", rules=[RoutingRule("recall-by-meaning", 1, never, action)])


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

"""Part of `make bench`: how well and how fast a brain recalls, on the question set of example_data/memory."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astrocyte import Astrocyte
from astrocyte.config import AstrocyteConfig
from astrocyte.types import VectorItem
from astrocyte.wiring import build_astrocyte
from astrocyte_sqlite import SqliteStore

from tests.kit.places import ROOT
from utilities import open_brain
from utilities.course.lesson04.retrieval import ask
from utilities.course.lesson04.searches import Grep, Search, by_brain, by_words, facts_in
from utilities.memory import LocalEmbedding

FACTS = facts_in()
TEXTS = [fact.text for fact in FACTS]
SIZES = (100, 1_000, 10_000)
READY = (
    "import time; start = time.perf_counter()\n"
    "import asyncio, sys; from utilities import open_brain\n"
    "brain = open_brain(sys.argv[1]); opened = time.perf_counter()\n"
    "asyncio.run(brain.retain('The cat is called Miro.', 'me'))\n"
    "print(opened - start, time.perf_counter() - start)"
)


# -- quality -----------------------------------------------------------------------------------------


async def by_embedding() -> Search:
    """The embedding alone: every text's nearness to the question."""
    import numpy as np

    known = np.array(await LocalEmbedding().embed(TEXTS))

    async def search(question: str) -> list[list[str]]:
        asked = np.array((await LocalEmbedding().embed([question]))[0])
        return [[TEXTS[i] for i in (-(known @ asked)).argsort()]]

    return search


def default_brain(path: Path, embedding: str | None) -> Astrocyte:
    """As Astrocyte wires it when only the store and the embedding are named."""
    config = AstrocyteConfig(vector_store="sqlite", vector_store_config={"path": str(path)})
    config.llm_provider, config.embedding_provider = "mock", embedding
    config.observability.log_level = "warning"
    brain: Astrocyte = build_astrocyte(config)
    return brain


async def quality(row: Callable[..., None], folder: Path) -> None:
    same = f"{LocalEmbedding.__module__}:{LocalEmbedding.__qualname__}"
    searches = {
        "open_brain": await by_brain(FACTS, open_brain(folder / "ours.db"), most=3),
        "the embedding alone": await by_embedding(),
        "defaults, same embedding": await by_brain(FACTS, default_brain(folder / "same.db", same), most=3),
        "defaults, mock embedding": await by_brain(FACTS, default_brain(folder / "mock.db", None), most=3),
        "SQLite FTS5": by_words(FACTS),
        "grep, best of three": Grep(FACTS, folder / "mounted"),
    }
    for name, search in searches.items():
        for found in await ask(name, search, FACTS):
            goal = "those of the embedding alone" if name == "open_brain" else ""
            row(f"{name}, {found.kind}: top-1, top-3 of {found.total}", f"{found.top1}, {found.top3}", goal)


# -- speed -------------------------------------------------------------------------------------------


def sentences(count: int) -> list[str]:
    """Distinct ones, made of the question set's words: to the embedding no two are the same."""
    words = sorted({word for text in TEXTS for word in re.findall(r"[A-Za-z]{3,}", text)})
    chance = random.Random(0)
    return [" ".join(chance.sample(words, 12)) for _ in range(count)]


async def fill(store: Any, count: int, bank: str = "me") -> None:
    """As retain stores them, but thousands at once."""
    texts = sentences(count)
    vectors = await LocalEmbedding().embed(texts)
    kept = {"_retain_id": uuid.uuid4().hex, "_created_at": datetime.now(UTC).isoformat()}
    for begin in range(0, count, 1_000):
        await store.store_vectors(
            [
                VectorItem(uuid.uuid4().hex[:16], bank, vector, text, metadata=kept, fact_type="world")
                for text, vector in zip(texts[begin : begin + 1_000], vectors[begin:], strict=False)
            ]
        )


async def p50(calls: list[Awaitable[Any]]) -> float:
    """Milliseconds of the middle one."""
    times = []
    for call in calls:
        start = time.perf_counter()
        await call
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


async def speed(row: Callable[..., None], brain: Astrocyte, store: Any, size: int, name: str) -> None:
    await fill(store, size)
    await brain.recall("warm", "me")
    recall = await p50([brain.recall(fact.paraphrase, "me") for fact in FACTS[:30]])
    row(f"{name}: recall among {size:,}, p50", f"{recall:.0f} ms", "≤ 100 ms" if size == max(SIZES) else "")
    retain = await p50([brain.retain(text, "me") for text in TEXTS[:30]])
    row(f"{name}: retain among {size:,}, p50", f"{retain:.0f} ms")


def ready(folder: Path) -> tuple[float, float]:
    """Seconds from the first import to an open brain, and to one that has retained something."""
    runs = []
    for number in range(5):
        command = [sys.executable, "-c", READY, str(folder / f"ready{number}.db")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(tuple(map(float, done.stdout.split()[-2:])))
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def report(row: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened, used = ready(folder)
        row("import to an open brain", f"{opened:.2f} s")
        row("import to the first memory retained", f"{used:.2f} s")
        asyncio.run(quality(row, folder))
        for size in SIZES:
            path = folder / f"{size}.db"
            asyncio.run(speed(row, open_brain(path), SqliteStore(path=str(path)), size, "sqlite"))

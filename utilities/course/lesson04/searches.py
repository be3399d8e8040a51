"""Three ways to search the same facts, for lesson 04: by meaning, by words, and as an agent greps.

All take a question and say what came back, so that they can be measured alike (see `retrieval`).
"""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anthropic.lib.tools import ToolError
from anthropic.lib.tools.agent_toolset import AgentToolContext, beta_grep_tool
from astrocyte import Astrocyte

from utilities.replay.recordings.mount import Mount

from ..places import DATA

__all__ = ["FACTS", "Fact", "Grep", "Search", "any_of", "by_brain", "by_words", "content_words", "facts_in"]

FACTS = DATA / "memory/facts.toml"

# What a search answers to a question: for each attempt, the facts it returned, best first. Only grep makes
# more than one attempt.
Search = Callable[[str], Awaitable[list[list[str]]]]


@dataclass(frozen=True)
class Fact:
    """One fact, and two questions that it answers.

    Attributes:
        text: the fact.
        domain: what it is about, and the file it is kept in.
        paraphrase: a question that means it, in other words.
        keyword: a question that uses its words.
    """

    text: str
    domain: str = "notes"
    paraphrase: str = ""
    keyword: str = ""


def facts_in(path: Path = FACTS) -> list[Fact]:
    """The checked-in question set."""
    return [Fact(**fact) for fact in tomllib.loads(path.read_text("utf-8"))["fact"]]


async def by_brain(facts: Iterable[Fact], brain: Astrocyte, bank: str = "facts", most: int = 10) -> Search:
    """Astrocyte's recall: retains the facts, each as one memory.

    Args:
        facts: what is retained.
        brain: where; `open_brain(…)` makes one that recalls by meaning.
        bank: which of its banks; what is in it from an earlier run is forgotten first.
        most: memories that a recall may return; 10 is Astrocyte's own default.

    Raises:
        ValueError: a fact was not stored, so what is measured would not be recall.
    """
    await brain.clear_bank(bank)
    for fact in facts:
        kept = await brain.retain(fact.text, bank)
        if not kept.stored:
            raise ValueError(f"{fact.text!r} was not stored in bank {bank!r}: {kept.error or 'a duplicate?'}")

    async def search(question: str) -> list[list[str]]:
        return [[hit.text for hit in (await brain.recall(question, bank, max_results=most)).hits]]

    return search


def by_words(facts: Iterable[Fact]) -> Search:
    """SQLite's FTS5: facts with any of the question's words, stemmed (Porter), ranked by BM25."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE memory USING fts5(text, tokenize='porter')")
    database.executemany("INSERT INTO memory VALUES (?)", [(fact.text,) for fact in facts])
    ranked = "SELECT text FROM memory WHERE memory MATCH ? ORDER BY rank, rowid"

    async def search(question: str) -> list[list[str]]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        return [[text for (text,) in database.execute(ranked, (words,))] if words else []]

    return search


# -- grep ------------------------------------------------------------------------------------------------

STORE = "/mnt/memory/facts"
LINE = re.compile(rf"({re.escape(STORE)}/.+?\.md):(\d+):")
ENDINGS = ("ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")
COMMON = """
a about after all am an and any are aren't as at be been before but by can can't could did do does
doesn't don't for from get had has have he her him his how i if in into is isn't it its like many me
much my no not of on or our out over shall she should so than that the their them then there they this
to too under until up us was we were what when where which who whom whose why will with would you your
"""
STOP_WORDS = frozenset(COMMON.split())


class Grep:
    """The facts in a mounted memory store, searched with the SDK's own `grep` tool.

    As a session has it: one file for each domain, a fact a line. The tool uses ripgrep where that is
    installed and Python's `re` where it is not, and lists files in the order of the disk; here they come in
    the order of their names, so that the numbers are the same everywhere.

    Args:
        facts: what the files say.
        root: an empty folder, in which `/mnt` will stand.
    """

    def __init__(self, facts: Iterable[Fact], root: Path) -> None:
        files: dict[str, list[str]] = {}
        for fact in facts:
            files.setdefault(f"/{fact.domain}.md", []).append(fact.text)
        self._line = {
            (f"{STORE}{path}", number): text
            for path, texts in files.items()
            for number, text in enumerate(texts, 1)
        }
        contents = {path: "".join(" ".join(text.split()) + "\n" for text in files[path]) for path in files}
        Mount(STORE, "read_only", contents)  # refuses what a memory can't be
        self._root = str(root.resolve())
        for path, content in contents.items():
            file = Path(f"{self._root}{STORE}{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode())
        self._grep = beta_grep_tool(AgentToolContext(workdir=f"{self._root}/mnt"))

    async def lines(self, pattern: str) -> list[str]:
        """The facts that the tool prints for a regular expression, in the order of files and lines.

        Raises:
            ValueError: the tool refused the pattern.
        """
        try:
            found = await self._grep.call({"pattern": pattern, "path": f"{self._root}{STORE}"})
        except ToolError as error:
            raise ValueError(f"{error}; pattern: {pattern}") from error
        output = str(found).replace(self._root, "")
        places = ((match[1], int(match[2])) for match in map(LINE.match, output.splitlines()) if match)
        return [self._line[place] for place in sorted(places)]

    async def __call__(self, question: str) -> list[list[str]]:
        """Three attempts with the question's words, as an agent would make them; case is ignored in all.

        1. all content words, any of them, as whole words: `(?i)(\\bpays\\b|\\blate\\b)`;
        2. their stems, as beginnings of words: `(?i)(\\bpay|\\blat)`;
        3. the rarest stem alone: the one that the fewest lines of the second attempt have, but one at least;
           of several the one with a digit, then the longest.

        A question of nothing but stop words is no attempt. The words are the question's own: a model
        could think of others ("espresso", so "coffee"), which nobody measures here.
        """
        words = content_words(question)
        if not words:
            return []
        stems = list(dict.fromkeys(map(_stem, words)))
        whole, begun = await self.lines(any_of(words, whole=True)), await self.lines(any_of(stems))
        return [whole, begun, await self.lines(any_of([_rarest(stems, begun)]))]


def content_words(question: str) -> list[str]:
    """A question's words, lowercased, each once, without those that most sentences have."""
    words = (re.sub(r"['’]s$", "", word.strip("?!.,;:()\"'“”‘’…")) for word in question.casefold().split())
    return list(dict.fromkeys(word for word in words if re.search(r"\w", word) and word not in STOP_WORDS))


def any_of(words: Sequence[str], *, whole: bool = False) -> str:
    """The regular expression for a word that is one of these, or (unless `whole`) begins with one.

    Good for Python's `re` and for ripgrep; what has a meaning there ("C++", "a.b") is taken literally.
    """
    return f"(?i)({'|'.join(_bounded(word, whole) for word in words)})"


def _bounded(word: str, whole: bool) -> str:
    # A boundary is between a letter and something else: beside a "+" it would ask for a letter.
    begin = r"\b" if re.match(r"\w", word) else ""
    end = r"\b" if whole and re.search(r"\w$", word) else ""
    return f"{begin}{re.escape(word)}{end}"


def _stem(word: str) -> str:
    """The word without an English ending, so that "orders" finds "order" and "ordered"."""
    if not word.isalpha():
        return word  # a number or a code
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word.removesuffix(ending)
            return stem[:-1] if ending in ("ing", "ed") and stem[-1] == stem[-2] else stem
    return word


def _rarest(stems: Sequence[str], lines: Sequence[str]) -> str:
    def order(stem: str) -> tuple[bool, int, bool, int]:
        count = sum(bool(re.search(any_of([stem]), line)) for line in lines)
        return not count, count, not re.search(r"\d", stem), -len(stem)

    return min(stems, key=order)

"""The exercises of lesson 02."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import math
import re
from collections import Counter
from collections.abc import Callable, Collection
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any

from astrocyte import Astrocyte

from utilities import memory_tools, open_brain

from ..exercises import Exercise, TookTooLong, Wrong, require_answers, within
from ..predictions import Prediction
from .another_process import NotThere, returned_elsewhere

PATIENCE = 10.0  # seconds for what should take a tenth of one


def _run(function: Callable[[Astrocyte], Any]) -> Any:
    """Await `function(brain)` for an empty brain; in a thread, since a notebook's event loop is running."""

    async def run() -> Any:
        with TemporaryDirectory() as folder:
            return await function(open_brain(Path(folder, "brain.db")))

    return within(PATIENCE, asyncio.run, run())


# -- 1: what a barrier of patterns lets pass ----------------------------------------------------------

SENTENCES = (
    "Call Ada at 212-555-0147.",
    "Call Ada at +44 20 7946 0958.",
    "Ada's card is 4111 1111 1111 1111.",
    "Ada has diabetes.",
)

unredacted = Prediction(
    "Exercise 1",
    "Four sentences go to a bank. Which of them get there as they are?",
    SENTENCES,
    right="bd",
    why="neither has a form that the barrier knows: a British number, and a diagnosis in words",
    wrong={
        "a": "three, three and four digits are a North American number, which is one of the forms",
        "c": "four times four digits are a card, which is one of the forms",
    },
    hints=[
        "The barrier knows forms, not meanings. Which of the four have a form that a short rule can name?"
    ],
)


# -- 2: a note that is found -------------------------------------------------------------------------

NOTE = "Thu 19h Rosa, castellano"
OTHERS = (
    "Ada is allergic to hazelnuts.",
    "Ada's product launch is on 19 March.",
    "Ada wants a window seat on trains.",
    "Ada prefers mail to calls.",
    "Ada's sister Maya lives in Lisbon.",
    "Ada drinks her coffee black.",
    "Ada's team meets on Mondays at 9.",
)
QUESTIONS = (
    "Who teaches Ada Spanish?",
    "When does Ada learn Spanish?",
    "When is the Spanish course?",
    "What does Ada do on Thursdays?",
)
LONGEST = 200  # characters
# What the note says, as people write it: "19h", "7 pm", "seven"; the 7th and the 17th are no hours.
HOUR = re.compile(r"(?<![\d.:])(19|0?7)(?!\d|th\b)|\bseven\b|\b1900\b")
KEPT = ((re.compile("thu"), "the day"), (HOUR, "the hour"), (re.compile("rosa"), "the name"))
MORNING = re.compile(r"\b(0?7([:.]00)?|seven) ?(a\.?m\b|o'clock in the morning|in the morning)")
# A sentence has some of these; a list of search terms has none.
SMALL_WORDS = re.compile(r"\b(an?|the|and|at|by|for|from|in|of|on|to|with|has|is|who|she|her|every|each)\b")
VERBS = {"attends", "does", "gets", "gives", "goes", "learns", "meets", "sees", "studies", "takes", "teaches"}


def firsts(content: str) -> dict[str, list[str]]:
    """What a bank with seven other facts and `content` recalls for each question, best first."""

    async def ask(brain: Astrocyte) -> dict[str, list[str]]:
        for fact in (*OTHERS, content):
            await brain.retain(fact, "ada")
        found = {}
        for question in QUESTIONS:
            hits = (await brain.recall(question, "ada", max_results=50)).hits
            found[question] = [hit.text for hit in hits]
        return found

    return dict(_run(ask))


def _check_finding(content: Any) -> str:
    if not isinstance(content, str) or not content.strip():
        raise Wrong(f"what is stored is a text, not {content!r}")
    if len(content) > LONGEST:
        raise Wrong(f"that is {len(content)} characters; say it in at most {LONGEST}")
    if "?" in content:
        raise Wrong("that has a question in it; store what the user said, as a statement")
    said = content.lower()
    for kept, what in KEPT:
        if not kept.search(said):
            raise Wrong(f"the note said {NOTE!r}; {what} is lost")
    if MORNING.search(said):
        raise Wrong(f"the note said {NOTE!r}; 19h is in the evening")
    found = firsts(content)
    for question, texts in found.items():
        if texts[0].strip() != content.strip():
            place = next((n for n, text in enumerate(texts, 1) if text.strip() == content.strip()), 0)
            raise Wrong(
                f"asked {question!r}, the bank puts {texts[0]!r} first, "
                + (f"and yours is number {place} of {len(texts)}" if place else "and doesn't find yours")
            )
    _require_a_sentence(content)
    return f"among {len(OTHERS) + 1} memories it comes first for each question ({' · '.join(found)})"


def _require_a_sentence(content: str) -> None:
    """A list of search terms is found as well, and whoever finds it can't say what it means."""
    words = re.findall(r"[^\W\d_]+", content.lower())
    [(often, count)] = Counter(word for word in words if len(word) > 3).most_common(1)
    if count > 2:
        raise Wrong(f"it is found, but it says {often!r} {count} times: say it once, in a sentence")
    forms: dict[str, str] = {}  # by the form without an ending
    for word in words:
        other = forms.setdefault(re.sub(r"(es|s|ing|ed)$", "", word), word)
        if other != word:
            raise Wrong(f"it is found, but it has {other!r} and {word!r}: say it once, in a sentence")
    if len(set(SMALL_WORDS.findall(content.lower()))) + len(set(words) & VERBS) < 2:
        raise Wrong("it is found, but would a person understand it? Make a sentence of your search terms")


finding = Exercise(
    "Exercise 2",
    _check_finding,
    [
        "The note leaves out what was obvious when it was written: who, what, which language.",
        "Write one sentence that a stranger would understand, with the words that a question could mean.",
        "Who is it about, what does she do with Rosa, when? 'castellano' is Spanish, and it is a course.",
    ],
    minutes=6,
)


# -- 3: one bank for each user ------------------------------------------------------------------------

USERS = (
    *("ada", "Ada", "ada ", "ada\n", "ada@example.org", "ada+1@example.org", "../ada", "..", "-ada"),
    *("a/b", "a_b", "a-b", "a.b", "Ümit", "Umit", "梅", "💜", "x" * 300, "x" * 301),
)
LENGTHS = (64, 320)  # characters of a user's name: one that fits a bank's name, and one that doesn't
SAMPLE = 1_000  # users, in whose banks' names each character of each place turns up
ENOUGH = 60  # bits: with a billion users, the chance that two of them share a bank is below one half


def _check_bank_for(bank_for: Callable[[str], Any]) -> str:
    if not isinstance(inspect.unwrap(bank_for), FunctionType):
        raise Wrong(f"bank_for is to be a function, not {_short(bank_for)}")
    banks = {user: _bank(bank_for, user) for user in USERS}
    require_answers(bank_for, banks.values())
    for user, bank in banks.items():
        if not isinstance(bank, str):
            raise Wrong(f"for {_short(user)} you return {_short(bank)}; a bank is named by a text")
        if _bank(bank_for, user) != bank:
            raise Wrong(f"the second time, {user!r} got another bank: what was stored would be lost")
    owners: dict[str, str] = {}
    for user, bank in banks.items():
        if bank in owners:
            raise Wrong(f"{_short(owners[bank])} and {_short(user)} would share the bank {_short(bank)}")
        owners[bank] = user
    _require_the_same_tomorrow(bank_for, banks)
    for length in LENGTHS:
        _require_room(bank_for, length)
    try:
        leaks = _run(lambda brain: _leaks(brain, banks))
    except TookTooLong:
        raise Wrong(f"the banks were not filled after {PATIENCE:.0f} s") from None
    if leaks:
        raise Wrong(leaks)
    return (
        f"{len(banks)} users, however they are named, each with the same bank in every process; "
        "and none finds what another has stored"
    )


def _bank(bank_for: Callable[[str], Any], user: str) -> Any:
    try:
        return bank_for(user)
    except Exception as error:  # the learner's own code may raise anything
        raise Wrong(f"bank_for({_short(user)}) raised {type(error).__name__}: {error}") from error


def _require_the_same_tomorrow(bank_for: Callable[[str], Any], banks: dict[str, str]) -> None:
    """Ask a new process, where the users come in another order."""
    users = [*reversed(banks)]
    try:
        there = dict(zip(users, returned_elsewhere(bank_for, users, PATIENCE), strict=True))
    except NotThere as error:
        raise Wrong(f"in a new process, bank_for doesn't work: {error}") from error
    for user, bank in banks.items():
        if there[user] != bank:
            raise Wrong(
                f"tomorrow's process calls the bank of {_short(user)} {_short(there[user])} and not "
                f"{_short(bank)}: what was stored would be lost"
            )


def _require_room(bank_for: Callable[[str], Any], length: int) -> None:
    """A shortened digest shows no collision among a few users; so count what the names differ in."""
    users = [(hashlib.sha256(str(n).encode()).hexdigest() * 5)[:length] for n in range(SAMPLE)]
    bits = _bits([_bank(bank_for, user) for user in users])
    if bits < ENOUGH:
        many = math.ceil(1.18 * 2 ** (bits / 2))  # the birthday problem, for a chance of one half
        raise Wrong(
            f"the names differ in about {bits:.0f} bits, so among {many:,} users two would probably share a "
            "bank; don't shorten a digest so far"
        )


def _bits(names: Collection[str]) -> float:
    """How much these names can differ, at most: the number of characters in each place, as bits."""
    return sum(math.log2(len(set(place))) for place in zip_longest(*names))


async def _leaks(brain: Astrocyte, banks: dict[str, str]) -> str:
    """Whose bank doesn't hold exactly what its user has stored; empty if each does."""
    tools = {}
    for user, bank in banks.items():
        try:
            tools[user] = {tool.name: tool for tool in memory_tools(brain, bank)}
        except (ValueError, TypeError) as error:
            rule = str(error).rpartition(" named by ")[2]
            return f"for {_short(user)}, the bank {_short(bank)} is refused: a name is {rule}"
        await tools[user]["memory_retain"].call({"content": f"The user is number {len(tools)}."})
    for number, user in enumerate(tools, 1):
        texts = [hit.text for hit in (await brain.recall("Which user is it?", banks[user])).hits]
        if texts != [f"The user is number {number}."]:
            return f"in the bank of {_short(user)} there is {texts}"
    return ""


def _short(text: Any) -> str:
    shown = repr(text)
    if len(shown) < 60:
        return shown
    return f"{shown[:40]}…" + (f" ({len(text)} characters)" if isinstance(text, str) else "")


banking = Exercise(
    "Exercise 3",
    _check_bank_for,
    [
        "A bank's name takes A-Z a-z 0-9 . _ : @ - only, and at most 255 of them; a user's can be anything.",
        "Replacing what isn't allowed makes two users one. What gives different texts different plain names?",
        "hashlib.sha256(user_id.encode()).hexdigest() has 64 letters and digits, the same in every process, "
        "and no two users share it.",
    ],
    minutes=6,
)

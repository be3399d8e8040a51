"""Lesson 04's exercise on a row: can what is deleted still be read? Its words follow from what came back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..exercises import Exercise, Wrong
from .on_scenes import require_evidence, row_of, try_on_scene
from .row import VERDICTS, Row
from .scene import Scene

__all__ = ["deleting"]

GAPS = 4  # of the frame
BANK = "diary"  # the frame's
ANOTHER = "On Sundays Ada sings in a choir."  # what a recall finds once the sentence is forgotten


def _check(deleted: Callable[..., Any]) -> str:
    async def attempt(here: Scene) -> None:
        usual = await row_of(deleted, here, "Ada plays the cello.")
        _require_usual(usual)
        require_evidence(usual, "the frame has looked its rule up, `rule`")
        await here.retained(BANK, ANOTHER)
        _require_another(await row_of(deleted, here, "Ada sings in the bath."))
        redacted = _Redacting(here.client, here.made, here.folder, here.opened, here.store)
        _require_redacted(await row_of(deleted, redacted, "Ada had a dog once."))
        deaf: Any = _Deaf(here.opened)
        _require_deaf(await row_of(deleted, replace(here, opened=deaf), "Ada dreams of Tartu."), usual)

    try_on_scene(deleted, GAPS, attempt)
    return (
        "what is deleted isn't found, but a version of the note keeps its text. And your row's words change "
        "where something else happens. 04c redacts that version, and opens the bank's file"
    )


class _Redacting(Scene):
    """A scene in which a deletion is followed by a second step: the note's versions are redacted."""

    @contextmanager
    def note(self, content: str) -> Iterator[Any]:
        with super().note(content) as note:
            yield note
        for version in self.versions.list(self.store, memory_id=note.id):
            self.versions.redact(version.id, memory_store_id=self.store)


class _Deaf:
    """A brain that forgets nothing, whatever it is asked to."""

    def __init__(self, brain: Any) -> None:
        self._brain = brain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._brain, name)

    async def forget(self, *args: Any, **options: Any) -> None:
        """Do nothing."""


def _require_usual(row: Row) -> None:
    if row.bank.verdict == "no":
        raise Wrong(
            f"the bank no longer finds the sentence, and your row says 'no' ({row.bank.evidence}): write a "
            "condition so that one would wish it to hold, here that it is *not* found"
        )
    if row.store.verdict == "yes":
        raise Wrong(
            f"your row says 'yes' for the store ({row.store.evidence}), but one of the note's versions still "
            "has the text: that is a second condition"
        )
    if row.store.verdict == "no":
        raise Wrong(
            f"your row says 'no' for the store ({row.store.evidence}), but the note itself is gone: one "
            "condition for the note and one for its versions, each as one would wish it"
        )


def _require_another(row: Row) -> None:
    if row.bank.verdict == "no":
        raise Wrong(
            f"the bank has one more memory, {ANOTHER!r}, and your row says 'no' ({row.bank.evidence}): a "
            "recall finds whatever is nearest; look whether it is the deleted sentence"
        )


def _require_redacted(row: Row) -> None:
    if row.store.verdict != "yes":
        raise Wrong(
            f"where the versions are redacted too, nothing is left, and your row says {row.store.verdict!r} "
            f"for the store ({row.store.evidence}): let both conditions follow from `there` and `before`, "
            "phrased as you would wish them"
        )


def _require_deaf(row: Row, usual: Row) -> None:
    if VERDICTS.index(row.bank.verdict) <= VERDICTS.index(usual.bank.verdict):
        raise Wrong(
            f"a bank that doesn't forget still finds the sentence, and your row says {row.bank.verdict!r} "
            f"({row.bank.evidence}): let the condition follow from `found`"
        )


deleting = Exercise(
    "Exercise 1",
    _check,
    [
        "As in the cell above: a dict, with each condition in words and whether it holds. One for the bank "
        "will do; the store needs two.",
        "The bank: the sentence is not in `found`. The store: `there` is false, and so is `before`. What "
        "happened here rests on 'run'; what the replay server did rests on `rule`.",
        'bank: {"not found": said not in found}; store: {"the note is gone": not there, '
        '"so is its history": not before}.',
    ],
    minutes=5,
)

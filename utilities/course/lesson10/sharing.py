"""A share of the users who get the new version, and always the same ones: the third exercise of lesson 10."""

from __future__ import annotations

import builtins
import inspect
import json
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from ..exercises import Exercise, Wrong, require_answers

__all__ = ["by_hash", "in_two_processes", "sticky"]

OLD, NEW = 1, 2
USERS = [f"user-{number}" for number in range(2_000)]
OTHERS = ["ada", "bruno", "ada@example.org", "Zoë", "用户", "", " ada", "x" * 300]
SHARES = (0.02, 0.1, 0.25, 0.5, 0.9)
MARGIN = 5.0  # standard deviations by which a fair share may be off
TIME = 30.0  # seconds for another process


def by_hash(user: str, share: float) -> int:
    """Version 2 for this share of the users, version 1 for the others; the same in every process.

    The text before the user's id belongs to this experiment. Another experiment takes another text, so that
    it isn't the same users who get everything new.

    Args:
        user: whatever names a user for good.
        share: from 0 to 1.
    """
    place = int.from_bytes(sha256(f"tickets:{user}".encode()).digest()[:8], "big") / 2**64
    return NEW if place < share else OLD


# -- what a second process says ------------------------------------------------------------------------


def in_two_processes(
    function: Callable[[str, float], Any], users: Sequence[str], share: float
) -> dict[str, list[Any]]:
    """What a function says of each user in two new Python processes.

    Each process has a number of its own for Python's hash of a text, as any two have. Here the numbers are
    given, so that a notebook shows the same each time.

    Args:
        function: gets a user and the share, returns what JSON can say; needs nothing but itself.
        users: whom to ask for.
        share: from 0 to 1.

    Raises:
        subprocess.CalledProcessError: it raised there.
    """
    program = (
        f"{textwrap.dedent(inspect.getsource(function))}\nimport json, sys\n"
        f"users, share = json.loads(sys.argv[1])\n"
        f"print(json.dumps([{function.__name__}(user, share) for user in users]))"
    )
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-S", "-c", program, json.dumps([users, share])],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
                text=True,
                encoding="utf-8",
                timeout=TIME,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    return {user: list(each) for user, *each in zip(users, *found, strict=True)}


@contextmanager
def _another_process() -> Iterator[None]:
    """Python's hash of a text is another one, and random numbers are, as in a process that has just begun."""
    ours, state = builtins.hash, random.getstate()
    builtins.hash = lambda value: ours(("another process", value))
    random.seed(sha256(b"another process").digest())
    try:
        yield
    finally:
        builtins.hash = ours
        random.setstate(state)


# -- the exercise ----------------------------------------------------------------------------------------


def _check(version_for: Callable[[str, float], Any]) -> str:
    require_answers(version_for, [version_for("ada", 0.5)])
    everybody = [*USERS, *OTHERS]
    first = {share: _asked(version_for, everybody, share) for share in SHARES}
    for share, given in first.items():
        again = _asked(version_for, reversed(everybody), share)
        if changed := next((user for user in everybody if again[user] != given[user]), None):
            raise Wrong(
                f"{changed!r} came twice with a share of {share} and got version {given[changed]}, "
                f"then {again[changed]}"
            )
        with _another_process():
            elsewhere = _asked(version_for, everybody, share)
        if changed := next((user for user in everybody if elsewhere[user] != given[user]), None):
            raise Wrong(
                f"{changed!r} gets version {given[changed]} in this process and {elsewhere[changed]} after a "
                "restart: what differs between two processes?"
            )
    for share, version in ((0, OLD), (1, NEW)):
        for user, got in _asked(version_for, everybody, share).items():
            if got != version:
                raise Wrong(f"with a share of {share}, {user!r} got version {got}")
    _check_sizes(first)
    for less, more in zip(SHARES, SHARES[1:], strict=False):
        back = next((u for u in everybody if first[less][u] == NEW and first[more][u] == OLD), None)
        if back is not None:
            raise Wrong(
                f"{back!r} had version 2 with a share of {less}, and has version 1 again with one of {more}"
            )
    return (
        f"the same users in every process, and {sum(v == NEW for v in first[0.1].values())} of "
        f"{len(everybody):,} with a share of 0.1"
    )


def _asked(version_for: Callable[[str, float], Any], users: Any, share: float) -> dict[str, int]:
    """The version of each user."""
    found = {}
    for user in users:
        try:
            found[user] = version_for(user, share)
        except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
            raise Wrong(f"for {user!r} and {share} it raised {type(error).__name__}: {error}") from None
        if found[user] not in (OLD, NEW):
            raise Wrong(f"for {user!r} and {share} it returned {found[user]!r}, which is neither 1 nor 2")
    return found


def _check_sizes(versions: dict[float, dict[str, int]]) -> None:
    for share, given in versions.items():
        new = sum(given[user] == NEW for user in USERS)
        wanted = len(USERS) * share
        if abs(new - wanted) > MARGIN * (wanted * (1 - share)) ** 0.5:
            raise Wrong(
                f"a share of {share} gave {new:,} of {len(USERS):,} users the new version, "
                f"not about {wanted:,.0f}"
            )


sticky = Exercise(
    "Exercise 3",
    _check,
    [
        "Make a number from 0 to 1 out of the digest. The user's version is then one comparison with share.",
        "int.from_bytes(digest, 'big') is a number from 0 to 256 ** 32. Divide it by that.",
        "Or take the first 8 bytes: int.from_bytes(digest[:8], 'big') / 2**64. If that is below the share, "
        "it is version 2.",
    ],
    minutes=4,
)

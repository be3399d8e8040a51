"""The exercise of lesson 09 about whose vaults a session gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from anthropic.types.beta import BetaManagedAgentsVault

from ..exercises import Exercise, NotAttempted, Wrong

__all__ = ["choosing"]

WHEN = datetime(2026, 11, 22, tzinfo=UTC)
# Id, display name and metadata. Names are for people: two vaults may have one, and anybody may change it.
VAULTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("vlt_1", "Ada", {"user": "ada"}),
    ("vlt_2", "Grace", {"user": "grace"}),
    ("vlt_3", "ada", {"user": "grace"}),
    ("vlt_4", "Shared by nobody", {}),
    ("vlt_5", "Adam", {"user": "adam"}),
    ("vlt_6", "Ada, second server", {"user": "ada", "team": "grace"}),
    ("vlt_7", "ADA", {"user": "Ada"}),
)
RIGHT = {"ada": ["vlt_1", "vlt_6"], "grace": ["vlt_2", "vlt_3"], "adam": ["vlt_5"], "Ada": ["vlt_7"]}
NOBODY: tuple[Any, ...] = ("linus", "ad", "", None)


def _vaults() -> list[Any]:
    return [
        BetaManagedAgentsVault(
            id=id,
            type="vault",
            display_name=name,
            metadata=dict(metadata),
            created_at=WHEN,
            updated_at=WHEN,
            archived_at=None,
        )
        for id, name, metadata in VAULTS
    ]


def _check(vaults_for: Callable[[Any, list[Any]], Any]) -> str:
    names = {id: f"{name!r} ({metadata})" for id, name, metadata in VAULTS}
    for user, right in RIGHT.items():
        try:
            given = vaults_for(user, _vaults())
        except Exception as error:
            about = f"{type(error).__name__}: {error}"
            raise Wrong(f"for {user!r}, who has {len(right)} of {len(VAULTS)}, it raised {about}") from error
        if given is ...:
            raise NotAttempted
        ids = _as_ids(given, user)
        for id in ids:
            if id not in right:
                raise Wrong(f"a session of {user!r} got the vault {names.get(id, repr(id))}")
        if missing := [id for id in right if id not in ids]:
            raise Wrong(f"a session of {user!r} didn't get the vault {names[missing[0]]}")
        if len(ids) > len(right):
            raise Wrong(f"a session of {user!r} got one vault twice: {ids}")
    for user in NOBODY:
        try:
            given = vaults_for(user, _vaults())
        except (Exception, SystemExit):  # noqa: BLE001 (whatever stops the caller will do)
            continue
        raise Wrong(
            f"for {user!r}, who has no vault, it returned {given!r}: a session would begin all the same; "
            "raise an error"
        )
    return "everybody gets their own, and nobody a session without"


def _as_ids(given: Any, user: str) -> list[str]:
    if not isinstance(given, list | tuple):
        raise Wrong(f"for {user!r} it returned {given!r:.80}: `vault_ids` takes a list of ids")
    if not all(isinstance(id, str) for id in given):
        raise Wrong(f"for {user!r} the list has something else than ids: {given[0]!r:.60}")
    return list(given)


choosing = Exercise(
    "Exercise 1",
    _check,
    [
        "Whose a vault is stands in its `metadata`. Collect the ids of those that are the user's; what if "
        "there are none?",
        "`vault.metadata.get('user')` of a vault without that pair is None. So is a user whom nobody has "
        "looked up. An empty list means: raise.",
    ],
    minutes=5,
)

"""What only lesson 06 needs: a repository with an issue, and a forge that decides what gets merged."""

from .checking import Checks, commit_of, run_checks
from .forge import Forge, Pull, Refused
from .heads import chain
from .injected import forge_with_a_stranger, held_by, issue_8, lock_by_order
from .leaking import exits, leaking
from .locks import locks
from .material import issue, slugs
from .mounting import sessions_with
from .opening import opening
from .searched import kept, logged
from .shipping import good_code, played, shipping
from .tools import forge_tools

__all__ = [
    "Checks",
    "Forge",
    "Pull",
    "Refused",
    "chain",
    "commit_of",
    "exits",
    "forge_tools",
    "forge_with_a_stranger",
    "good_code",
    "held_by",
    "issue",
    "issue_8",
    "kept",
    "leaking",
    "lock_by_order",
    "locks",
    "logged",
    "opening",
    "played",
    "run_checks",
    "sessions_with",
    "shipping",
    "slugs",
]

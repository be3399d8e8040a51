"""What only lesson 06 needs: a repository with an issue, and a forge that decides what gets merged."""

from .checking import Checks, commit_of, run_checks
from .forge import Forge, Pull, Refused
from .heads import chain
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
    "forge_tools",
    "good_code",
    "issue",
    "kept",
    "locks",
    "logged",
    "opening",
    "played",
    "run_checks",
    "sessions_with",
    "shipping",
    "slugs",
]

"""What only lesson 06 needs: a repository with an issue, and a forge that decides what gets merged."""

from .checking import Checks, commit_of, run_checks
from .forge import Forge, Pull, Refused
from .locks import locks
from .material import issue, slugs
from .opening import opening
from .sessions import sessions_with
from .shipping import played, shipping
from .shown import chain
from .tools import forge_tools
from .traces import kept, logged

__all__ = [
    "Checks",
    "Forge",
    "Pull",
    "Refused",
    "chain",
    "commit_of",
    "forge_tools",
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

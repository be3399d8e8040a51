"""What only lesson 01 needs: get a failing test suite green, verify it, end the session properly."""

from .calc import changed_functions, planted, run_tests
from .checks import RECORDING, archiving, ending, green, late, reaches

__all__ = [
    "RECORDING",
    "archiving",
    "changed_functions",
    "ending",
    "green",
    "late",
    "planted",
    "reaches",
    "run_tests",
]

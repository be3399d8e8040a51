"""What only lesson 10 needs: two versions of a prompt, who gets which, and how to tell chance from harm."""

from .changes import changed
from .filing import filed
from .flipping import flips
from .going_back import still_new
from .sharing import by_hash, in_two_processes, sticky

__all__ = ["by_hash", "changed", "filed", "flips", "in_two_processes", "sticky", "still_new"]

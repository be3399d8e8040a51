"""What only lesson 03 needs: requires_action."""

from .checks import batches, policy, waiting

__all__ = ["batches", "policy", "waiting"]

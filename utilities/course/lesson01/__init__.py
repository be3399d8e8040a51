"""What only lesson 01 needs: get a failing test suite green, verify it, end the session properly."""

from .checks import RECORDING, archiving, ending, mean

__all__ = ["RECORDING", "archiving", "ending", "mean"]

"""What only lesson 04 needs: Astrocyte or memory stores."""

from .checks import LIMIT, appending, undoing
from .finding import facts, grep, grepping, recalled

__all__ = ["LIMIT", "appending", "facts", "grep", "grepping", "recalled", "undoing"]

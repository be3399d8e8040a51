"""What only lesson 04 needs: Astrocyte or memory stores."""

from .checks import LIMIT, appending, facts, grep, grepping, recalled, undoing

__all__ = ["LIMIT", "appending", "facts", "grep", "grepping", "recalled", "undoing"]

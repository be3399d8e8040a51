"""What only lesson 00 needs: its exercise."""

from .checks import where

__all__ = ["where"]

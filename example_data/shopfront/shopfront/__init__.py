"""A pottery shop's checkout."""

from .checkout import checkout

__all__ = ["checkout"]

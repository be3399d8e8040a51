"""What a crossing costs."""

from .fare import fare

__all__ = ["fare"]

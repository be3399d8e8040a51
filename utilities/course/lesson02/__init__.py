"""What only lesson 02 needs: memory as tools."""

from .checks import NOTE, QUESTIONS, banking, finding, own_tool, ranks

__all__ = ["NOTE", "QUESTIONS", "banking", "finding", "own_tool", "ranks"]

"""An agent that remembers: an Astrocyte brain, and its memory as custom tools.

Copy this folder into a project; it needs `anthropic`, `astrocyte[sqlite]` and `wordllama`.
"""

from .brain import BrainError, open_brain
from .tools import memory_tools

__all__ = ["BrainError", "memory_tools", "open_brain"]

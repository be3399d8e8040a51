"""An agent that remembers: an Astrocyte brain, and its memory as custom tools.

Copy this folder into a project; it needs `anthropic`, `astrocyte[sqlite]` and `wordllama`, for a brain on
PostgreSQL `astrocyte[postgres]`.
"""

from .brain import open_brain
from .listing import memories_of
from .providers import ClaudeCompletion, LocalEmbedding
from .settings import BrainError
from .tools import memory_tools

__all__ = ["BrainError", "ClaudeCompletion", "LocalEmbedding", "memories_of", "memory_tools", "open_brain"]

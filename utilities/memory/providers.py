"""What Astrocyte is given to work with: an embedding on this machine, and completions by Claude.

A configuration names them by the place that this folder was copied to, for example
`embedding_provider: helpers.memory:LocalEmbedding`.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from anthropic import Anthropic
from astrocyte.types import Completion, LLMCapabilities, Message, TokenUsage

__all__ = ["ClaudeCompletion", "LocalEmbedding"]

MODEL = "claude-sonnet-4-6"


class LocalEmbedding:
    """Astrocyte's embedding provider: WordLlama, 256 dimensions, weights from its wheel, no download."""

    SPI_VERSION: ClassVar[int] = 1

    def capabilities(self) -> LLMCapabilities:
        return LLMCapabilities()

    async def embed(self, texts: list[str], model: str | None = None) -> list[list[float]]:
        return [[float(number) for number in row] for row in _wordllama().embed(list(texts), norm=True)]

    async def complete(self, messages: list[Message], **options: Any) -> Completion:
        raise NotImplementedError("LocalEmbedding embeds only: name an llm_provider for completions")


@cache
def _wordllama() -> Any:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    wordllama: Any = import_module("wordllama")  # not needed, and so not loaded, with another embedding
    # Importing it has every library of the process log to the terminal from INFO on: taken back.
    root.handlers[:], root.level = handlers, level
    # With any other cache_dir it would look for its own weights on the internet.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


class ClaudeCompletion:
    """Astrocyte's completion provider: the Messages API, through the client that you use anyway.

    Args:
        client: without one the SDK's own `Anthropic()`, made when the first completion is asked for.
        model: for requests that name none.
    """

    SPI_VERSION: ClassVar[int] = 1

    def __init__(self, client: Anthropic | None = None, model: str = MODEL) -> None:
        self._client, self._model = client, model

    def capabilities(self) -> LLMCapabilities:
        return LLMCapabilities()

    async def complete(
        self, messages: list[Message], model: str | None = None, max_tokens: int = 1024,
        temperature: float = 0.0, tools: Any = None, tool_choice: Any = None, response_format: Any = None,
    ) -> Completion:  # fmt: skip
        if tools or response_format:
            raise NotImplementedError(
                "ClaudeCompletion answers with text: agentic_reflect needs another provider"
            )
        if self._client is None:
            self._client = Anthropic()
        system = "\n\n".join(str(message.content) for message in messages if message.role == "system")
        request: dict[str, Any] = {
            "model": model or self._model,
            "max_tokens": max_tokens,
            "messages": [{"role": m.role, "content": m.content} for m in messages if m.role != "system"],
        }
        if system:
            request["system"] = system
        create: Any = self._client.messages.create
        # The sync client in a thread: an async one belongs to one event loop, and tools run in many.
        answer = await asyncio.to_thread(create, **request)
        text = "".join(block.text for block in answer.content if block.type == "text")
        usage = TokenUsage(answer.usage.input_tokens, answer.usage.output_tokens)
        return Completion(text=text, model=answer.model, usage=usage)

    async def embed(self, texts: list[str], model: str | None = None) -> list[list[float]]:
        raise NotImplementedError("the Messages API doesn't embed: name an embedding_provider")

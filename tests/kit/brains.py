"""What tests of memory share: facts, the tools of a bank, and a client that completes without a model."""

import asyncio
import json
import tomllib
from typing import Any

import pytest
from anthropic.lib.tools import ToolError
from anthropic.types import Message

from tests.kit.places import ROOT
from utilities import memory_tools

FACTS = tomllib.loads((ROOT / "example_data/memory/facts.toml").read_text("utf-8"))["fact"]


def retain(brain: Any, *texts: str, bank: str = "me") -> list[Any]:
    async def all_of_them() -> list[Any]:
        return [await brain.retain(text, bank) for text in texts]

    return asyncio.run(all_of_them())


def recall(brain: Any, query: str, bank: str = "me", most: int = 3) -> list[str]:
    return [hit.text for hit in asyncio.run(brain.recall(query, bank, max_results=most)).hits]


class Bank:
    """The tools of one bank, called as a runner calls them."""

    def __init__(self, brain: Any, bank_id: str = "user-1", **options: Any) -> None:
        self.tools = memory_tools(brain, bank_id, **{"include_forget": True, **options})
        self.by_name = {tool.name: tool for tool in self.tools}

    def text(self, name: str, /, **given: Any) -> str:
        answer = asyncio.run(self.by_name[f"memory_{name}"].call(given))
        assert isinstance(answer, str)
        return answer

    def __call__(self, name: str, /, **given: Any) -> Any:
        return json.loads(self.text(name, **given))

    def refusal(self, name: str, /, **given: Any) -> str:
        with pytest.raises(ToolError) as error:
            self.text(name, **given)
        assert "Traceback" not in str(error.value)
        return str(error.value)


class Completions:
    """Stands in for the Anthropic client: answers a completion with what it was asked."""

    def __getattr__(self, name: str) -> Any:
        return self

    def create(self, **request: Any) -> Message:
        content = [{"type": "text", "text": f"From memory: {request['messages'][-1]['content'][:60]}"}]
        usage = {"input_tokens": 1, "output_tokens": 1}
        fixed = {"id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn"}
        return Message.model_validate(
            {**fixed, "model": request["model"], "content": content, "stop_sequence": None, "usage": usage}
        )

"""`memory_tools()`: Astrocyte's four memory tools as the SDK's runnable tools, for one bank.

Names, definitions and results are Astrocyte's own. They differ from `handle_memory_tool` where that loses
something: hits carry the id that forgetting needs, forgetting takes all of what was retained at once, and
the agent is told what was wrong with its input, or who refused it and why. They work wherever the SDK's
tools do: in `stream_until_end_turn(tools=…)` and in the SDK's own `tool_runner`.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from anthropic.lib.tools import BetaAsyncFunctionTool, ToolError
from astrocyte import Astrocyte
from astrocyte.errors import AstrocyteError
from astrocyte.integrations.claude_managed_agents import memory_tool_definitions
from astrocyte.types import AstrocyteContext

from .listing import held

__all__ = ["MAX_RESULTS", "memory_tools"]

MAX_RESULTS = 50  # hits of one recall
MAX_IDS = 100  # memories that one call forgets
# Astrocyte's rule. Its own check lets a newline at the end pass.
BANK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,254}")
TYPES: dict[str, type] = {"string": str, "integer": int}  # those in Astrocyte's definitions


def memory_tools(
    brain: Astrocyte,
    bank_id: str,
    include_reflect: bool = True,
    include_forget: bool = False,
    context: AstrocyteContext | None = None,
) -> list[BetaAsyncFunctionTool[Any]]:
    """Tools with which an agent remembers, in one bank and in no other.

    Make them once for each bank: they keep nothing between calls, so one list serves any number of turns,
    sessions, threads and event loops. Tools of your own beside them are made once too: what `beta_tool`
    makes of a function is never freed.

    Args:
        brain: from `open_brain`, or any other Astrocyte (whose recall has no hits when its store fails).
        bank_id: the bank, for example one per user. The agent can't choose another.
        include_reflect: with `memory_reflect`, which costs a completion.
        include_forget: with `memory_forget`. These tools find no more what it forgets, but its text stays
            in the file or the database until `brain.erase` takes it out.
        context: who acts, for a brain with access control.

    Raises:
        ValueError: Astrocyte takes no such `bank_id`.
    """
    if not isinstance(bank_id, str) or not BANK_ID.fullmatch(bank_id):
        rule = "1 to 255 of A-Z a-z 0-9 . _ : @ -, the first a letter or a digit"
        raise ValueError(f"bank_id {bank_id!r}: a bank is named by {rule}")
    bank = _Bank(brain, bank_id, context)
    definitions = memory_tool_definitions(include_reflect=include_reflect, include_forget=include_forget)
    return [_tool(bank, definition) for definition in definitions]


def _tool(bank: _Bank, definition: dict[str, Any]) -> BetaAsyncFunctionTool[Any]:
    name, schema = definition["name"], definition["input_schema"]
    run = getattr(bank, name.removeprefix("memory_"))

    async def checked(**given: Any) -> str:
        try:
            return str(await run(**_checked(name, schema, given)))
        except ToolError:
            raise
        except AstrocyteError as error:
            raise ToolError(f"{name} was refused ({type(error).__name__}): {error}") from error
        except Exception as error:
            logging.getLogger(__name__).exception("%s in bank %s", name, bank.id)
            told = f"{name} failed on our side ({type(error).__name__}), whatever the input: go on without it"
            raise ToolError(f"{told}. It says nothing about what is remembered.") from error

    return BetaAsyncFunctionTool(
        checked, name=name, description=definition["description"], input_schema=schema
    )


class _Bank:
    """One bank of a brain, with an operation for each tool."""

    def __init__(self, brain: Astrocyte, id: str, context: AstrocyteContext | None) -> None:
        self.brain, self.id, self.context = brain, id, context

    async def retain(self, content: str, tags: str | None = None) -> str:
        named = [tag.strip() for tag in (tags or "").split(",") if tag.strip()]
        result = await self.brain.retain(content, self.id, tags=named or None, context=self.context)
        answer = {"stored": result.stored, "memory_id": result.memory_id}
        if not result.stored and not result.deduplicated:
            raise ToolError(f"nothing was stored: {result.error}")
        return json.dumps(answer if result.stored else {**answer, "reason": "known already"})

    async def recall(self, query: str, max_results: int = 5) -> str:
        found = await self.brain.recall(query, self.id, max_results=max_results, context=self.context)
        hits = [
            {"text": hit.text, "score": round(hit.score, 4), "memory_id": hit.memory_id} for hit in found.hits
        ]
        return json.dumps({"hits": hits, "total": found.total_available})

    async def reflect(self, query: str) -> str:
        return str((await self.brain.reflect(query, self.id, context=self.context)).answer)

    async def forget(self, memory_ids: str) -> str:
        ids = list(dict.fromkeys(id.strip() for id in memory_ids.split(",") if id.strip()))
        if not 1 <= len(ids) <= MAX_IDS:
            raise ToolError(f"memory_ids: 1 to {MAX_IDS} ids, separated by commas; recall shows them")
        whole, unknown = await self._whole(ids)
        if not whole:
            raise ToolError(f"memory_ids: there is no memory {', '.join(unknown)}; recall shows the ids")
        done = await self.brain.forget(self.id, memory_ids=whole, context=self.context)
        answer: dict[str, Any] = {"deleted_count": done.deleted_count}
        return json.dumps({**answer, "unknown": unknown} if unknown else answer)

    async def _whole(self, ids: list[str]) -> tuple[list[str], list[str]]:
        """All chunks of what these belong to, and the ids that this bank doesn't have.

        A long text is kept as many memories, of which retain names the first and recall any.
        """
        self.brain.check_access(self.id, "forget", self.context)  # before anything is looked at
        memories = await held(self.brain, self.id, self.context)
        # The text that each memory is a part of.
        texts = {id: str((m.metadata or {}).get("_retain_id", id)) for id, m in memories.items()}
        meant = {texts[id] for id in ids if id in texts}
        return [id for id, text in texts.items() if text in meant], [id for id in ids if id not in texts]


def _checked(name: str, schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The agent's input, if it is what the definition asks for; null counts as left out."""
    fields: dict[str, Any] = schema["properties"]
    given = {key: value for key, value in given.items() if value is not None}
    if unknown := [key for key in given if key not in fields]:
        raise ToolError(f"{name} takes {' and '.join(fields)}; it has no {', '.join(map(repr, unknown))}")
    for key in schema["required"]:
        if key not in given:
            raise ToolError(f"{name} needs {key}: {fields[key]['description']}")
    for key, value in given.items():
        wanted = fields[key]["type"]
        if not isinstance(value, TYPES[wanted]) or isinstance(value, bool):
            raise ToolError(f"{key}: must be of type {wanted}, not {type(value).__name__}")
        if wanted == "string":
            _require_text(key, str(value), required=key in schema["required"])
        elif value not in range(1, MAX_RESULTS + 1):
            raise ToolError(f"{key}: must be from 1 to {MAX_RESULTS}, not {value}")
    return given


def _require_text(key: str, value: str, *, required: bool) -> None:
    if required and not value.strip():
        raise ToolError(f"{key}: must not be empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ToolError(f"{key}: character {error.start} is half of a surrogate pair, not text") from error
    if "\0" in value:  # PostgreSQL keeps no such text
        raise ToolError(f"{key}: character {value.index(chr(0))} is NUL, not text")

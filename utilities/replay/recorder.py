"""Record `POST /v1/messages`: live, or with answers that were written by hand.

    client = AsyncAnthropic(middleware=[Recorder("example_data/recordings/04_reflect.jsonl")])

appends each exchange to the file, the answers of the hosted API. Without a key, a person answers:

    http = httpx2.AsyncClient(transport=by_hand(lambda request: "Ada prefers tea."))
    client = AsyncAnthropic(api_key="none", http_client=http, middleware=[Recorder(path)])

The prompts are then the real ones, of whatever library makes them, and only the answers are scripted; the
file's header says which it is. Read a file before you commit it: every prompt is in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anthropic
import httpx2
from anthropic import Middleware

from .http.requests import REPLAY_HEADER
from .ids import make_id, timestamp
from .recordings.exchanges import KIND, checked_header
from .recordings.recording import FORMAT

NOTES = {
    "live": "Live: what the hosted API answered.",
    "scripted": "Scripted, not live: the answers were written by hand, their token counts are estimated.",
}
PATH = "/v1/messages"


class Recorder(Middleware):
    """The SDK's middleware that appends each successful `messages.create` to a recording.

    Args:
        path: the recording; its stem is its name. It is made with the first exchange.
        recorded_at: RFC 3339, for the header; now, if it isn't given.

    Raises:
        ValueError: when used: for a streamed request, whose answer can't be read and passed on; and when a
            live answer would go into a scripted recording or the other way round.
    """

    def __init__(self, path: Path | str, *, recorded_at: str | None = None) -> None:
        self.path, self.recorded_at = Path(path), recorded_at

    def handle(self, request: Any, call_next: Any) -> Any:
        wanted = self._is_wanted(request)
        response = call_next(request)
        if wanted and response.status_code == 200:
            self._append(response, response.read())
        return response

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        wanted = self._is_wanted(request)
        response = await call_next(request)
        if wanted and response.status_code == 200:
            self._append(response, await response.read())
        return response

    @staticmethod
    def _is_wanted(request: Any) -> bool:
        if request.method.upper() != "POST" or request.url.split("?")[0] != PATH:
            return False
        if request.stream:
            raise ValueError("a streamed message can't be recorded: record it without stream=True")
        return True

    def _append(self, response: Any, content: bytes) -> None:
        provenance = "scripted" if REPLAY_HEADER in response.headers else "live"
        request = json.loads(response.http_request.content)
        lines = [] if self.path.exists() else [self._header(provenance)]
        if not lines:
            with self.path.open(encoding="utf-8") as file:
                header = checked_header(self.path, file.readline())
            if header["provenance"] != provenance:
                raise ValueError(
                    f"{self.path} is {header['provenance']}, this answer is {provenance}: a new file"
                )
        lines.append({"request": request, "response": json.loads(content)})
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def _header(self, provenance: str) -> dict[str, Any]:
        return {
            "recording": FORMAT,
            "kind": KIND,
            "name": self.path.stem,
            "provenance": provenance,
            "note": NOTES[provenance],
            "recorded_at": self.recorded_at or timestamp(datetime.now(UTC)),
            "sdk": anthropic.__version__,
        }


def by_hand(answer: Callable[[dict[str, Any]], str]) -> httpx2.MockTransport:
    """A transport that answers messages with texts that a person wrote, and everything else with 404.

    Args:
        answer: the text for a request's body.
    """

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path != PATH:
            return httpx2.Response(404)
        body = json.loads(request.content)
        text = answer(body)
        message = {
            "id": make_id("msg", request.content),
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            # Four characters a token, as in the scripted sessions. [ours]
            "usage": {"input_tokens": len(request.content) // 4, "output_tokens": max(1, len(text) // 4)},
        }
        return httpx2.Response(200, json=message, headers={REPLAY_HEADER: "1"})

    return httpx2.MockTransport(respond)

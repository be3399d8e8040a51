"""Events of a turn as the SDK parses them, and what a reader sees of them, for the tests of what is shown."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.show.printing import print_event
from utilities.show.transcript import transcript

START = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)


def event(type_: str, at: float | None = 0.0, **fields: Any) -> Any:
    """An event as the SDK parses it; `at` in seconds since the turn began, None while it is queued."""
    when = None if at is None else (START + timedelta(seconds=at)).isoformat()
    return parsed({"type": type_, "processed_at": when, **fields})


def parsed(fields: dict[str, Any]) -> Any:
    return construct_type(value=fields, type_=BetaManagedAgentsSessionEvent)


def text(words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": words}]


def message(words: str, at: float = 0.0) -> Any:
    return event("agent.message", at, id=f"sevt_m{at}", content=text(words))


def call(id_: str, at: float, name: str = "bash", type_: str = "agent.tool_use", **input_: Any) -> Any:
    return event(type_, at, id=id_, name=name, input=input_, evaluated_permission="allow")


def result(id_: str, at: float, words: str, is_error: bool = False) -> Any:
    return event(
        "agent.tool_result", at, id=f"r_{id_}", tool_use_id=id_, content=text(words), is_error=is_error
    )


def usage(at: float = 0.0, **numbers: Any) -> Any:
    return event("session.usage", at, id=f"usage{at}", usage=numbers)


def span(id_: str, start: float, end: float) -> tuple[Any, Any]:
    return (
        event("span.model_request_start", start, id=id_),
        event("span.model_request_end", end, id=f"{id_}_end", model_request_start_id=id_, is_error=False),
    )


def turn() -> list[Any]:
    """A turn in the order of the hosted API: two requests, two parallel calls, one of them an error."""
    (start1, end1), (start2, end2) = span("s1", 0.5, 3.0), span("s2", 6.0, 8.0)
    return [
        event("session.status_running", 0.0, id="run"),
        event("session.thread_status_running", 0.0, id="trun", agent_name="fixer", session_thread_id="t"),
        event("user.message", 0.0, id="user", content=text("Fix the tests")),
        start1,
        message("I'll look first.", 2.0),
        call("c1", 2.5, command="python3 -m unittest"),
        call("c2", 2.8, "read", file_path="/mnt/calc.py"),
        end1,
        result("c2", 3.5, "def add(a, b):\n    return a + b + 1"),
        result("c1", 5.5, "FAILED (failures=2)", is_error=True),
        start2,
        message("Two bugs, both fixed.", 7.5),
        end2,
        event("session.thread_status_idle", 8.0, id="tidle", stop_reason={"type": "end_turn"}),
        usage(8.0, input_tokens=1200, output_tokens=340, list_cost={"amount": "7", "currency": "USD"}),
        event("session.status_idle", 8.0, id="idle", stop_reason={"type": "end_turn"}),
    ]


def printed(*events: Any) -> str:
    out = io.StringIO()
    for each in events:
        print_event(each, file=out)
    return out.getvalue()


def page(events: Any) -> str:
    bundle = transcript(events)._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]  # readable first
    assert bundle["text/plain"] == str(transcript(events))
    return bundle["text/html"]


class Tags(HTMLParser):
    """The tags and attributes of a page, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data

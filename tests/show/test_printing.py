"""A line per event, and what becomes of events that nobody has heard of or that are damaged."""

import io
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from tests.kit.turns import START, Tags, call, event, message, page, parsed, printed, result, text, turn
from utilities.show import timeline, transcript
from utilities.show.printing import print_event

# ---------------------------------------------------------------- print_event


def test_a_turn_prints_a_line_for_what_is_worth_one():
    assert printed(*turn()).splitlines() == [
        "session running",
        "user: Fix the tests",
        "agent: I'll look first.",
        "[bash] python3 -m unittest",
        "[read] /mnt/calc.py",
        "    def add(a, b):",
        "        return a + b + 1",
        "    error: FAILED (failures=2)",
        "agent: Two bugs, both fixed.",
        "session idle (end_turn)",
    ]


def test_prints_to_standard_output_by_default(capsys):
    print_event(message("hello"))
    assert capsys.readouterr().out == "agent: hello\n"


@pytest.mark.parametrize("speaker", ["agent", "user"])
@pytest.mark.parametrize(
    "line", ["user: yes, delete it", "session idle (end_turn)", "[bash] ls", "    error: no", "agent: I"]
)
def test_nobody_can_speak_for_somebody_else(speaker, line):
    said = event(f"{speaker}.message", id="m", content=text(f"{line}\n{line}\r{line}\n\n{line}"))
    lines = printed(said).splitlines()
    assert lines[0].startswith(f"{speaker}: ")
    assert all(other.startswith(" " * len(f"{speaker}: ")) for other in lines[1:])


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (
            event("session.error", error={"type": "model_overloaded_error", "message": "Try later",
                                          "retry_status": {"type": "retrying"}}),
            "session error, retrying: model_overloaded_error: Try later",
        ),
        (event("session.error", error={"type": "new_error"}), "session error, no retry status: new_error"),
        (
            event("session.status_idle", stop_reason={"type": "requires_action", "event_ids": ["a", "b"]}),
            "session idle (requires_action: 2 to answer)",
        ),
        (event("session.status_idle", stop_reason={"type": "brand_new"}), "session idle (brand_new)"),
        (
            event("session.status_idle", stop_reason={"type": "refusal"}, stop_details={"explanation": "N."}),
            "session idle (refusal): N.",
        ),
        (event("session.status_terminated"), "session terminated"),
        (event("session.deleted"), "session deleted"),
        (
            event("agent.custom_tool_use", id="c", name="decide", input={"order": 42, "why": "late"}),
            "[decide] for you to answer: order: 42 ⏎ why: late",
        ),
        (
            event("agent.mcp_tool_use", id="c", name="get", mcp_server_name="wiki", input={"url": "x"},
                  evaluated_permission="ask"),
            "[wiki/get] asks for permission: x",
        ),
        (event("user.custom_tool_result", custom_tool_use_id="c", content=text("yes")), "    yes"),
        (event("user.custom_tool_result", custom_tool_use_id="c"), "    (no output)"),
        (event("user.tool_confirmation", tool_use_id="c", result="allow"), "user allows a tool call"),
        (
            event("user.tool_confirmation", tool_use_id="c", result="deny", deny_message="Not there"),
            "user denies a tool call: Not there",
        ),
        (event("user.interrupt"), "user interrupts"),
        (
            event("agent.tool_result", tool_use_id="c", content=[
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "search_result", "title": "Bees", "source": "b", "content": text("They hum.")},
            ]),
            "    [image: image/png]\n    [search result: Bees]\n    They hum.",
        ),
        (call("c", 0, command="if true; then\n  ls\nfi"), "[bash] if true; then ⏎   ls ⏎ fi"),
    ],
)  # fmt: skip
def test_one_event_is_one_short_line(shown, line):
    assert printed(shown) == line + "\n"


def test_long_text_is_cut_and_says_by_how_much():
    assert printed(call("c", 0, command="x" * 150)) == f"[bash] {'x' * 100}… (+50 characters)\n"
    assert printed(result("c", 0, f"1\n2\n3\n{'4' * 50}")) == "    1\n    2\n    3… (+51 characters)\n"
    assert printed(result("c", 0, "..\n---\nRan 2\n\nOK\n")) == "    ..\n    ---\n    Ran 2\n    \n    OK\n"
    assert printed(message("y" * 1_500)).endswith("y… (+500 characters)\n")


def test_a_terminal_with_few_characters_does_not_end_the_turn():
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii")
    print_event(message("caf\u00e9 \x1b[31m"), file=narrow)
    narrow.flush()
    assert raw.getvalue().rstrip() == b"agent: caf\\xe9 \\x1b[31m"


# ---------------------------------------------------------------- what isn't known, what isn't there


def test_an_unknown_type_is_shown_with_its_fields():
    new = parsed({"type": "agent.daydream", "id": "sevt_1", "topic": "bees", "nested": {"depth": 3}})
    for shown in (printed(new), str(transcript([new])), Tags(page([new])).text):
        assert "agent.daydream" in shown and '"topic": "bees"' in shown and '"depth": 3' in shown
    assert "something.else" in printed(parsed({"type": "something.else"}))
    assert printed(parsed({"type": "agent.sings", "content": text("la la")})) == "agent agent.sings: la la\n"


MODELS = get_args(get_args(BetaManagedAgentsSessionEvent)[0])
ALL_TYPES = [get_args(model.model_fields["type"].annotation)[0] for model in MODELS]
ALL_TYPES += ["event_start", "no.such.type"]


@pytest.mark.parametrize("type_", ALL_TYPES)
def test_any_attribute_may_be_missing(type_):
    bare = parsed({"type": type_})
    printed(bare)
    str(transcript([bare, bare]))
    page([bare])


def test_the_sdk_has_the_types_that_the_test_above_runs_on():
    assert len(ALL_TYPES) > 40
    assert {"agent.tool_use", "session.error", "workflow_run.error"} <= set(ALL_TYPES)


def test_attributes_of_the_wrong_kind_are_shown_all_the_same():
    odd: list[dict[str, Any]] = [
        {"type": "agent.message", "content": "plain"},
        {"type": "agent.tool_use", "id": "c", "name": None, "input": "ls"},
        {"type": "agent.tool_result", "tool_use_id": "c", "content": [{"type": "hologram"}]},
        {"type": "agent.message", "content": text("when?"), "processed_at": "yesterday"},
        {},
    ]
    for events in (odd, [parsed(fields) for fields in odd if fields]):
        shown = str(transcript(events))
        for words in ("plain", "[unnamed tool] ls", "[hologram]", "when?"):
            assert words in shown


ITSELF: dict[str, Any] = {}
ITSELF["self"] = ITSELF
FIELDS = [
    "type", "id", "processed_at", "content", "input", "name", "stop_reason", "stop_details", "error", "usage",
    "tool_use_id", "is_error", "custom_tool_use_id", "evaluated_permission", "mcp_server_name", "result",
    "deny_message", "description", "agent_name", "model_request_start_id",
]  # fmt: skip
WRONG = [
    5, True, None, "x", ["a"], [[1]], [{"type": "search_result", "content": 5}], b"x", object(), ITSELF,
    {(1, 2): 3}, {"type": ["x"], "event_ids": 7, "retry_status": 3},
    {"list_cost": {"amount": "1e999999"}, "cache_creation": {"ephemeral_5m_input_tokens": "x"}},
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("type_", [*ALL_TYPES, 5])
def test_an_event_with_anything_in_any_field_is_shown_somehow(type_):
    usual = {"type": type_, "id": "e", "processed_at": START.isoformat()}
    damaged = [{**usual, name: value} for name in FIELDS for value in WRONG]
    damaged += [{key: value for key, value in usual.items() if key != name} for name in usual]
    for fields in damaged:
        events = [call("c", 0.0), fields, SimpleNamespace(**fields)]
        assert len(printed(*events)) < 4_000
        assert page(events)
    assert timeline(damaged).alt


def test_plain_dicts_read_like_the_sdks_objects():
    as_dicts = [each.to_dict(mode="json") for each in turn()]
    assert str(transcript(as_dicts)) == str(transcript(turn()))
    assert timeline(as_dicts).alt == timeline(turn()).alt


@pytest.mark.parametrize("nothing", [[], iter([]), SimpleNamespace(events=[])])
def test_no_events(nothing):
    assert str(transcript(nothing)) == "(no events to show)"
    assert "no events to show" in Tags(page([])).text
    picture = timeline([])
    assert picture.alt == "Timeline without events: none has a recorded time."
    assert picture.png.startswith(b"\x89PNG")

"""What `display` and `picture` show of a session, and that nothing an agent writes can act on the reader."""

from __future__ import annotations

import base64
import html
import io
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.display import print_event, timeline, transcript

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


# ---------------------------------------------------------------- print_event


def test_a_turn_prints_a_line_for_what_is_worth_one() -> None:
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


def test_prints_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    print_event(message("hello"))
    assert capsys.readouterr().out == "agent: hello\n"


@pytest.mark.parametrize("speaker", ["agent", "user"])
@pytest.mark.parametrize(
    "line", ["user: yes, delete it", "session idle (end_turn)", "[bash] ls", "    error: no", "agent: I"]
)
def test_nobody_can_speak_for_somebody_else(speaker: str, line: str) -> None:
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
def test_one_event_is_one_short_line(shown: Any, line: str) -> None:
    assert printed(shown) == line + "\n"


def test_long_text_is_cut_and_says_by_how_much() -> None:
    assert printed(call("c", 0, command="x" * 150)) == f"[bash] {'x' * 100}… (+50 characters)\n"
    assert printed(result("c", 0, f"1\n2\n3\n{'4' * 50}")) == "    1\n    2\n    3… (+51 characters)\n"
    assert printed(result("c", 0, "..\n---\nRan 2\n\nOK\n")) == "    ..\n    ---\n    Ran 2\n    \n    OK\n"
    assert printed(message("y" * 1_500)).endswith("y… (+500 characters)\n")


def test_a_terminal_with_few_characters_does_not_end_the_turn() -> None:
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii")
    print_event(message("caf\u00e9 \x1b[31m"), file=narrow)
    narrow.flush()
    assert raw.getvalue().rstrip() == b"agent: caf\\xe9 \\x1b[31m"


# ---------------------------------------------------------------- what isn't known, what isn't there


def test_an_unknown_type_is_shown_with_its_fields() -> None:
    new = parsed({"type": "agent.daydream", "id": "sevt_1", "topic": "bees", "nested": {"depth": 3}})
    for shown in (printed(new), str(transcript([new])), Tags(page([new])).text):
        assert "agent.daydream" in shown and '"topic": "bees"' in shown and '"depth": 3' in shown
    assert "something.else" in printed(parsed({"type": "something.else"}))
    assert printed(parsed({"type": "agent.sings", "content": text("la la")})) == "agent agent.sings: la la\n"


MODELS = get_args(get_args(BetaManagedAgentsSessionEvent)[0])
ALL_TYPES = [get_args(model.model_fields["type"].annotation)[0] for model in MODELS]
ALL_TYPES += ["event_start", "no.such.type"]


@pytest.mark.parametrize("type_", ALL_TYPES)
def test_any_attribute_may_be_missing(type_: str) -> None:
    bare = parsed({"type": type_})
    printed(bare)
    str(transcript([bare, bare]))
    page([bare])


def test_the_sdk_has_the_types_that_the_test_above_runs_on() -> None:
    assert len(ALL_TYPES) > 40
    assert {"agent.tool_use", "session.error", "workflow_run.error"} <= set(ALL_TYPES)


def test_attributes_of_the_wrong_kind_are_shown_all_the_same() -> None:
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


@pytest.mark.parametrize("type_", [*ALL_TYPES, 5])
def test_an_event_with_anything_in_any_field_is_shown_somehow(type_: Any) -> None:
    usual = {"type": type_, "id": "e", "processed_at": START.isoformat()}
    damaged = [{**usual, name: value} for name in FIELDS for value in WRONG]
    damaged += [{key: value for key, value in usual.items() if key != name} for name in usual]
    for fields in damaged:
        events = [call("c", 0.0), fields, SimpleNamespace(**fields)]
        assert len(printed(*events)) < 4_000
        assert page(events)
    assert timeline(damaged).alt


def test_plain_dicts_read_like_the_sdks_objects() -> None:
    as_dicts = [each.to_dict(mode="json") for each in turn()]
    assert str(transcript(as_dicts)) == str(transcript(turn()))
    assert timeline(as_dicts).alt == timeline(turn()).alt


@pytest.mark.parametrize("nothing", [[], iter([]), SimpleNamespace(events=[])])
def test_no_events(nothing: Any) -> None:
    assert str(transcript(nothing)) == "(no events to show)"
    assert "no events to show" in Tags(page([])).text
    picture = timeline([])
    assert picture.alt == "Timeline without events: none has a recorded time."
    assert picture.png.startswith(b"\x89PNG")


# ---------------------------------------------------------------- the transcript


def test_text_has_times_and_results_with_their_calls() -> None:
    assert str(transcript(turn())).splitlines() == [
        "    0.0 s  session  running",
        "    0.0 s  user     Fix the tests",
        "    2.0 s  agent    I'll look first.",
        "    2.5 s  tool     [bash] python3 -m unittest",
        "                      error after 3.0 s:",
        "                      FAILED (failures=2)",
        "    2.8 s  tool     [read] /mnt/calc.py",
        "                      result after 0.7 s:",
        "                      def add(a, b):",
        "                          return a + b + 1",
        "    7.5 s  agent    Two bugs, both fixed.",
        "    8.0 s  session  idle (end_turn)",
        "usage of the session so far: 1,200 tokens in, 340 tokens out, list cost $0.07",
    ]


def test_html_joins_a_result_to_its_call_in_one_row() -> None:
    rows = re.findall(r"<tr.*?</tr>", page(turn()), re.S)
    (bash,) = [row for row in rows if "[bash]" in row]
    assert "FAILED (failures=2)" in bash and "error after 3.0 s" in bash  # the state is a word, not a colour
    (read,) = [row for row in rows if "[read]" in row]
    assert "return a + b + 1" in read and "FAILED" not in read


def test_html_is_a_captioned_table_without_script() -> None:
    seen = Tags(page(turn()))
    assert seen.tags.count("table") == seen.tags.count("caption") == 1
    assert {"script", "link", "style", "img"}.isdisjoint(seen.tags)
    assert seen.attributes <= {"style", "class", "scope", "colspan"}
    assert "8.0 s, 2 tool calls; at the end, session idle (end_turn)" in seen.text


@pytest.mark.parametrize(
    ("call_type", "result_type", "key"),
    [
        ("agent.tool_use", "agent.tool_result", "tool_use_id"),
        ("agent.tool_use", "user.tool_result", "tool_use_id"),
        ("agent.custom_tool_use", "user.custom_tool_result", "custom_tool_use_id"),
        ("agent.mcp_tool_use", "agent.mcp_tool_result", "mcp_tool_use_id"),
    ],
)
def test_every_kind_of_call_gets_its_result(call_type: str, result_type: str, key: str) -> None:
    answer = event(result_type, 1.0, id="r", content=text("42"), **{key: "c"})
    events = [call("c", 0.0, "ask", call_type), answer, message("later", 5.0)]
    shown = str(transcript(events))
    assert "result after 1.0 s:\n" in shown and "unknown call" not in shown
    alt = timeline(events).alt
    assert "1 tool call. " in alt and "tools ran for 1.0 s" in alt


def test_calls_and_results_without_each_other_say_so() -> None:
    shown = str(transcript([call("c1", 0.0, command="ls"), result("other", 1.0, "lost")]))
    assert "[bash] ls\n" in shown and "no result\n" in shown
    assert "result of an unknown call:\n" in shown and "lost" in shown


def test_a_confirmation_names_the_tool_and_is_not_its_result() -> None:
    answer = event("user.tool_confirmation", 1.0, id="k", tool_use_id="c", result="deny", deny_message="no")
    shown = str(transcript([call("c", 0.0, command="rm x"), answer]))
    assert "user     denies [bash]: no" in shown and "no result" in shown


def test_an_event_seen_twice_is_shown_once_and_with_its_time() -> None:
    queued = event("user.message", None, id="u", content=text("hello"))
    stamped = event("user.message", 2.0, id="u", content=text("hello"))
    running = event("session.status_running", 0.0, id="run")
    lines = str(transcript([queued, running, stamped, running])).splitlines()
    assert lines == ["    0.0 s  session  running", "    2.0 s  user     hello"]
    assert str(transcript([queued])) == "  no time  user     hello"


def test_takes_anything_with_events() -> None:
    assert str(transcript(SimpleNamespace(events=turn()))) == str(transcript(iter(turn())))
    assert timeline(SimpleNamespace(events=turn())).alt == timeline(iter(turn())).alt


def test_long_results_are_folded_and_short_ones_are_not() -> None:
    long = "\n".join(f"line {n}" for n in range(40))
    folded = page([call("c", 0.0, command="ls"), result("c", 1.0, long)])
    assert "<details><summary><code>line 0… (+" in folded and "line 39</pre></details>" in folded
    assert "<details" not in page(turn())


# ---------------------------------------------------------------- usage


def test_the_last_usage_counts() -> None:
    events = [usage(1.0, input_tokens=1, output_tokens=1), *turn()]
    assert str(transcript(events)).endswith("so far: 1,200 tokens in, 340 tokens out, list cost $0.07")
    assert "list cost $0.07" in Tags(page(events)).text


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ({"list_cost": {"amount": "2500", "currency": "USD"}}, "list cost $25.00"),
        ({"list_cost": {"amount": "0.35", "currency": "USD"}}, "list cost $0.0035"),
        ({"list_cost": {"amount": "150", "currency": "EUR"}}, "list cost 1.50 EUR"),
        ({"input_tokens": 0, "output_tokens": 5}, "0 tokens in, 5 tokens out"),
        (
            {"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 4000,
             "cache_creation": {"ephemeral_5m_input_tokens": 70, "ephemeral_1h_input_tokens": 7}},
            "9 tokens in, 4,000 read from cache, 77 written to cache, 5 tokens out",
        ),
        ({"input_tokens": 9, "list_cost": {"amount": "a lot"}}, "9 tokens in"),
        ({"input_tokens": 9, "list_cost": {"amount": "NaN"}}, "9 tokens in"),
    ],
)  # fmt: skip
def test_usage_line(numbers: dict[str, Any], line: str) -> None:
    assert str(transcript([usage(**numbers)])).splitlines()[-1] == f"usage of the session so far: {line}"


@pytest.mark.parametrize("event_", [usage(), parsed({"type": "session.usage"}), message("hi")])
def test_no_usage_line_without_numbers(event_: Any) -> None:
    assert "usage" not in str(transcript([event_])) and "usage" not in page([event_])


# ---------------------------------------------------------------- untrusted text

NASTY = {
    "script": '<script>alert(1)</script><img src=x onerror="alert(1)">',
    "closing tags": "</pre></td></tr></table><h1>free</h1>",
    "quotes": "\" onmouseover='x' &lt;b&gt;",
}
INVISIBLE = {
    "\x1b": "\\x1b", "\x00": "\\x00", "\x08": "\\x08", "\r": "\\x0d", "\x7f": "\\x7f", "\x9b": "\\x9b",
    "\u202e": "\\u202e", "\u2066": "\\u2066", "\u200b": "\\u200b", "\ufeff": "\\ufeff",
    "\u2028": "\\u2028", "\ud800": "\\ud800", "\U000e0041": "\\U000e0041",
}  # fmt: skip


def everywhere(words: str) -> list[Any]:
    """The words in every place where an agent, a tool or a server can put them."""
    return [
        event("user.message", 0.0, id="u", content=text(words)),
        message(words, 1.0),
        call("c1", 2.0, words, command=words),
        result("c1", 2.5, words),
        call("c2", 3.0, "long", "agent.custom_tool_use", **{words: words, "more": words * 30}),
        event("user.custom_tool_result", 3.5, id="r2", custom_tool_use_id="c2", content=text(words * 30)),
        call("c3", 3.6, words),
        event("user.tool_confirmation", 3.7, id="k", tool_use_id="c3", result=words, deny_message=words),
        event("session.error", 4.0, id="e", error={"type": words, "message": words}),
        event("session.status_idle", 5.0, id="i", stop_reason={"type": words}),
        event(f"agent.{words}", 6.0, id="n", new=words),
        usage(7.0, input_tokens=1, list_cost={"amount": "1", "currency": words}),
    ]


@pytest.mark.parametrize("words", NASTY.values(), ids=NASTY)
def test_markup_is_shown_not_obeyed(words: str) -> None:
    plain, nasty = Tags(page(everywhere("plain words, none of them markup"))), Tags(page(everywhere(words)))
    assert set(nasty.tags) <= set(plain.tags) and nasty.attributes <= plain.attributes
    assert nasty.text.count(words) >= 8  # … and it is all there to read


@pytest.mark.parametrize("character", INVISIBLE, ids=[f"U+{ord(c):04X}" for c in INVISIBLE])
def test_characters_that_act_are_made_visible(character: str) -> None:
    events = everywhere(f"a{character}[31mb")
    shown = f"a{INVISIBLE[character]}[31mb"
    for output in (printed(*events), str(transcript(events)), Tags(page(events)).text):
        assert character not in output and shown in output
        output.encode()  # a lone surrogate would not
    assert character not in timeline(events).alt


def test_ordinary_text_of_any_language_is_left_alone() -> None:
    words = "naïve שלום नमस्ते 👩\u200d🔬 \ttab — “quoted”"
    assert printed(message(words)) == f"agent: {words}\n"
    assert printed(message("one\r\ntwo")) == "agent: one\n       two\n"


def test_agent_text_is_kept_from_the_maths_typesetter() -> None:
    html = page([call("c", 0.0, command="echo $HOME and $PATH")])
    assert re.match(r'<div class="tex2jax_ignore mathjax_ignore">', html)
    assert "$HOME and $PATH</pre>" in html


def test_a_megabyte_is_cut_and_quick() -> None:
    size = 1_048_576
    events = [
        message("m" * size, 0.0),
        call("c1", 1.0, "n" * size, command="\x1b" * size),
        result("c1", 2.0, "line\n" * (size // 5)),
        call("c2", 3.0, blob={"k": "<" * size}),
        event("session.error", 4.0, id="e", error={"type": "t" * size, "message": "\u202e" * size}),
        event("session.status_idle", 5.0, id="i", stop_reason={"type": "z" * size}),
        event("agent.new", 6.0, id="n", blob="q" * size),
    ]
    began = time.perf_counter()
    out, shown, html, picture = printed(*events), str(transcript(events)), page(events), timeline(events)
    assert time.perf_counter() - began < 10  # a guard against quadratic work, not a benchmark
    assert len(out) < 4_000 and len(shown) < 4_000 and len(html) < 300_000 and len(picture.alt) < 400
    assert f"(+{size - 1_000:,} characters)" in out and f"(+{size - 10_000:,} characters)" in html


# ---------------------------------------------------------------- the timeline


def test_alt_text_is_computed_from_the_data() -> None:
    assert timeline(turn()).alt == (
        "Timeline of 8.0 seconds: 2 model requests, 2 tool calls. The model worked for 4.5 s, "
        "tools ran for 3.0 s, the session was idle for 0.0 s; at the end it is idle (end_turn)."
    )


def test_idle_between_turns_counts_and_other_numbers_follow() -> None:
    start, end = span("s3", 14.0, 15.5)
    second = [event("session.status_running", 13.0, id="run2"), start, end]
    second += [event("session.status_idle", 16.0, id="idle2", stop_reason={"type": "budget_reached"})]
    alt = timeline(turn() + second).alt
    assert "Timeline of 16.0 seconds: 3 model requests" in alt
    assert "worked for 6.0 s" in alt and "idle for 5.0 s" in alt and "it is idle (budget_reached)" in alt


def test_what_never_ended_lasts_to_the_end_and_is_counted() -> None:
    events = [each for each in turn() if each.id not in ("s2_end", "r_c1")]
    alt = timeline(events).alt
    assert "2 model requests, 2 tool calls" in alt and "worked for 4.5 s" in alt and "ran for 5.5 s" in alt
    assert alt.endswith("2 of the requests and calls had no recorded end.")


def test_the_picture_is_the_same_bytes_whatever_the_readers_settings() -> None:
    import matplotlib

    first = timeline(turn())
    with matplotlib.rc_context({"font.size": 20, "savefig.facecolor": "red", "hatch.linewidth": 5}):
        second = timeline(turn())
        assert matplotlib.rcParams["font.size"] == 20
    assert first.png == second.png and b"Software" not in first.png
    assert timeline(turn()[:-3]).png != first.png


def test_the_picture_is_the_same_in_another_process_and_leaves_pyplot_alone() -> None:
    code = (
        "import sys, hashlib, utilities.display, utilities.picture\n"
        "assert 'matplotlib' not in sys.modules, 'imported before it is needed'\n"
        "from tests.test_display import turn, timeline\n"
        "png = timeline(turn()).png\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "sys.stdout.write(png.hex())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == timeline(turn()).png.hex()


def test_picture_shows_with_its_alt_text() -> None:
    picture = timeline(turn())
    data, metadata = picture._repr_mimebundle_()
    assert list(data) == ["text/plain", "text/html", "image/png"]
    assert data["text/plain"] == picture.alt == str(picture)
    assert f'alt="{html.escape(picture.alt)}"' in data["text/html"]
    assert data["image/png"] in data["text/html"]
    assert base64.b64decode(data["image/png"]) == picture.png
    assert metadata["image/png"]["alt"] == picture.alt and metadata["image/png"]["width"] > 0
    names = {words.get_text() for words in picture.figure.axes[0].texts}
    assert {"bash", "read", "idle (end_turn)"} <= names


def crowded() -> list[Any]:
    """Forty calls in a second or so, of names long and short, some in parallel."""
    names = ("bash", "read", "a_tool_with_quite_a_long_name", "edit", "edit", "edit")
    calls = [call(f"c{n}", 1 + n * 0.04, names[n % 6]) for n in range(40)]
    return [*turn()[:3], *calls, *(result(f"c{n}", 1.03 + n * 0.04, "ok") for n in range(40)), *turn()[3:]]


@pytest.mark.parametrize("events", [turn(), crowded()], ids=["turn", "crowded"])
def test_labels_do_not_overlap_or_leave_the_picture(events: list[Any]) -> None:
    figure = timeline(events).figure
    axes = figure.axes[0]
    boxes = [words.get_window_extent() for words in (*axes.texts, axes.xaxis.label, *axes.get_yticklabels())]
    overlaps = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
    assert overlaps == []
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 for box in boxes)


def spans(count: int, length: float, apart: float) -> list[Any]:
    return [e for n in range(count) for e in span(f"s{n}", n * apart, n * apart + length)]


def test_bars_too_narrow_to_be_told_apart_are_one_without_outlines() -> None:
    [band] = timeline(spans(2_500, 0.5, 1.0)).figure.axes[0].patches
    assert band.get_width() == pytest.approx(2_499.5)
    assert band.get_edgecolor()[3] == 0  # transparent
    bars = timeline(spans(40, 0.5, 1.0)).figure.axes[0].patches
    assert len(bars) == 40
    assert {bar.get_edgecolor()[3] for bar in bars} == {1}


def test_a_single_bar_too_narrow_to_be_seen_is_drawn_wider_with_its_outline() -> None:
    [first, _, last] = timeline(spans(3, 0.0001, 100.0)).figure.axes[0].patches
    assert first.get_width() == pytest.approx(last.get_width())
    assert first.get_width() > 0.5
    assert first.get_edgecolor()[3] == 1


def test_ten_thousand_events_are_drawn_without_ten_thousand_bars() -> None:
    events = [*spans(2_500, 0.4, 2.0)]
    for n in range(2_500):
        events += [call(f"c{n}", 2 * n + 1, ("bash", "read")[n % 2]), result(f"c{n}", 2 * n + 1.5, "")]
    began = time.perf_counter()
    picture = timeline(events)
    assert time.perf_counter() - began < 10  # a guard against drawing each, not a benchmark
    assert len(picture.figure.axes[0].patches) < 10
    assert "2500 model requests, 2500 tool calls" in picture.alt


def test_names_with_dollar_signs_are_not_formulas() -> None:
    axes = timeline([call("c", 0.0, "$x^$"), result("c", 1.0, "")]).figure.axes[0]
    assert "$x^$" in {words.get_text() for words in axes.texts}

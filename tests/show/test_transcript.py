"""The transcript: what happened in a session, as text and as a table, with what it used."""

import re
from types import SimpleNamespace

import pytest

from tests.kit.turns import Tags, call, event, message, page, parsed, result, text, turn, usage
from utilities.show import timeline, transcript

# ---------------------------------------------------------------- the transcript


def test_text_has_times_and_results_with_their_calls():
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


def test_html_joins_a_result_to_its_call_in_one_row():
    rows = re.findall(r"<tr.*?</tr>", page(turn()), re.S)
    (bash,) = [row for row in rows if "[bash]" in row]
    assert "FAILED (failures=2)" in bash and "error after 3.0 s" in bash  # the state is a word, not a colour
    (read,) = [row for row in rows if "[read]" in row]
    assert "return a + b + 1" in read and "FAILED" not in read


def test_without_any_style_the_table_says_the_same():
    """A code host takes styles, classes and scripts out, and keeps tables and <details>."""
    said = message("- one\n- two", 9.0)
    long = result("c3", 12.0, "\n".join(f"line {n}" for n in range(40)), is_error=True)
    bare = re.sub(r' (?:style|class)="[^"]*"', "", page([*turn(), said, call("c3", 10.0), long]))
    kept = {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "strong",
        "pre",
        "br",
        "code",
    }
    assert set(Tags(bare).tags) == kept | {"details", "summary"}
    assert "<td>agent</td><td><div>- one<br>- two</div></td>" in bare
    assert "<strong>error after 2.0 s</strong>" in bare and "<strong>idle (end_turn)</strong>" in bare


def test_html_is_a_captioned_table_without_script():
    seen = Tags(page(turn()))
    assert seen.tags.count("table") == seen.tags.count("caption") == 1
    assert {"script", "link", "style", "img"}.isdisjoint(seen.tags)
    assert seen.attributes <= {"style", "class", "scope", "colspan", "valign"}
    assert "8.0 s, 2 tool calls; at the end, session idle (end_turn)" in seen.text
    assert "7.5 s, 2 tool calls; so far, session running" in Tags(page(turn()[:-4])).text


@pytest.mark.parametrize(
    ("call_type", "result_type", "key"),
    [
        ("agent.tool_use", "agent.tool_result", "tool_use_id"),
        ("agent.tool_use", "user.tool_result", "tool_use_id"),
        ("agent.custom_tool_use", "user.custom_tool_result", "custom_tool_use_id"),
        ("agent.mcp_tool_use", "agent.mcp_tool_result", "mcp_tool_use_id"),
    ],
)
def test_every_kind_of_call_gets_its_result(call_type, result_type, key):
    answer = event(result_type, 1.0, id="r", content=text("42"), **{key: "c"})
    events = [call("c", 0.0, "ask", call_type), answer, message("later", 5.0)]
    shown = str(transcript(events))
    assert "result after 1.0 s:\n" in shown and "unknown call" not in shown
    alt = timeline(events).alt
    assert "1 tool call. " in alt and "tools ran for 1.0 s" in alt


def test_calls_and_results_without_each_other_say_so():
    shown = str(transcript([call("c1", 0.0, command="ls"), result("other", 1.0, "lost")]))
    assert "[bash] ls\n" in shown and "no result\n" in shown
    assert "result of an unknown call:\n" in shown and "lost" in shown


def test_a_result_that_is_missing_may_still_come_while_the_session_runs():
    begun = [event("session.status_running", 0.0, id="run"), call("c", 1.0, command="ls")]
    end = event("session.status_idle", 2.0, id="end", stop_reason={"type": "end_turn"})
    for running, ended in (
        (str(transcript(begun)), str(transcript([*begun, end]))),
        (Tags(page(begun)).text, Tags(page([*begun, end])).text),
    ):
        assert "no result yet" in running
        assert "no result" in ended and "no result yet" not in ended


def test_a_confirmation_names_the_tool_and_is_not_its_result():
    answer = event("user.tool_confirmation", 1.0, id="k", tool_use_id="c", result="deny", deny_message="no")
    shown = str(transcript([call("c", 0.0, command="rm x"), answer]))
    assert "user     denies [bash]: no" in shown and "no result" in shown


def test_an_event_seen_twice_is_shown_once_and_with_its_time():
    queued = event("user.message", None, id="u", content=text("hello"))
    stamped = event("user.message", 2.0, id="u", content=text("hello"))
    running = event("session.status_running", 0.0, id="run")
    lines = str(transcript([queued, running, stamped, running])).splitlines()
    assert lines == ["    0.0 s  session  running", "    2.0 s  user     hello"]
    assert str(transcript([queued])) == "  no time  user     hello"


def test_takes_anything_with_events():
    assert str(transcript(SimpleNamespace(events=turn()))) == str(transcript(iter(turn())))
    assert timeline(SimpleNamespace(events=turn())).alt == timeline(iter(turn())).alt


def test_long_results_are_folded_and_short_ones_are_not():
    long = "\n".join(f"line {n}" for n in range(40))
    folded = page([call("c", 0.0, command="ls"), result("c", 1.0, long)])
    assert "<details><summary><code>line 0… (+" in folded and "line 39</pre></details>" in folded
    assert "<details" not in page(turn())


# ---------------------------------------------------------------- usage


def test_the_last_usage_counts():
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
def test_usage_line(numbers, line):
    assert str(transcript([usage(**numbers)])).splitlines()[-1] == f"usage of the session so far: {line}"


@pytest.mark.parametrize("event_", [usage(), parsed({"type": "session.usage"}), message("hi")])
def test_no_usage_line_without_numbers(event_):
    assert "usage" not in str(transcript([event_])) and "usage" not in page([event_])

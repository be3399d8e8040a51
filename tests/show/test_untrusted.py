"""Nothing that an agent or a tool writes can act on the reader, or be too much for a page."""

import io
import re
import sys
import time
import unicodedata
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.kit.turns import Tags, call, event, message, page, printed, result, text, usage
from utilities import LiveTranscript
from utilities.show import timeline, transcript
from utilities.show.lanes import lanes

NASTY = {
    "script": '<script>alert(1)</script><img src=x onerror="alert(1)">',
    "closing tags": "</pre></td></tr></table><h1>free</h1>",
    "markdown": "[click](javascript:alert(1)) <https://x.example> ![x](y) **b** `c` $x^2$ | a | b |",
    "comment": "<!-- --><style>td{display:none}</style><svg onload=alert(1)>",
    "quotes": "\" onmouseover='x' &lt;b&gt;",
}
INVISIBLE = {
    "\x1b": "\\x1b", "\x00": "\\x00", "\x08": "\\x08", "\r": "\\x0d", "\x7f": "\\x7f", "\x9b": "\\x9b",
    "\u202e": "\\u202e", "\u2066": "\\u2066", "\u200b": "\\u200b", "\ufeff": "\\ufeff",
    "\u3164": "\\u3164", "\u2028": "\\u2028", "\ud800": "\\ud800", "\U000e0041": "\\U000e0041",
}  # fmt: skip


def live(events):
    """The last that a live transcript shows of them; with a message that is still being written."""
    states: list[Any] = []
    with LiveTranscript(show=states.append) as shown:
        for each in events:
            shown(each)
    return states[-1]


def writing(words):
    piece = {"type": "event_delta", "event_id": "w", "delta": {"content": {"type": "text", "text": words}}}
    return [{"type": "event_start", "event": {"type": "agent.message", "id": "w"}}, piece]


def everywhere(words):
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
        event("agent.mcp_tool_use", 6.1, id="c4", name=words, mcp_server_name=words, input=[words]),
        event("session.thread_created", 6.2, id="t", agent_name=words),
        event("agent.thread_message_sent", 6.3, id="s", to_agent_name=words, content=text(words)),
        event("span.outcome_evaluation_end", 6.4, id="o", result=words, explanation=words),
        event("agent.message", 6.5, id="b", content=[{"type": words, "title": words}]),
        usage(7.0, input_tokens=1, list_cost={"amount": "1", "currency": words}),
    ]


@pytest.mark.parametrize("words", NASTY.values(), ids=NASTY)
def test_markup_is_shown_not_obeyed(words):
    plain, nasty = Tags(page(everywhere("plain words, none of them markup"))), Tags(page(everywhere(words)))
    assert set(nasty.tags) <= set(plain.tags) and nasty.attributes <= plain.attributes
    assert nasty.text.count(words) >= 8  # … and it is all there to read


@pytest.mark.parametrize("character", INVISIBLE, ids=[f"U+{ord(c):04X}" for c in INVISIBLE])
def test_characters_that_act_are_made_visible(character):
    events = everywhere(f"a{character}[31mb")
    shown = f"a{INVISIBLE[character]}[31mb"
    for output in (printed(*events), str(transcript(events)), Tags(page(events)).text):
        assert character not in output and shown in output
        output.encode()  # a lone surrogate would not
    assert character not in timeline(events).alt


def test_no_character_of_unicode_that_acts_is_left():
    directions = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    acts = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in directions
    ]
    assert len(acts) > 2_000  # most of them surrogates
    shown = "".join(printed(message(f"{character}x")) for character in acts)
    assert set(shown) & set(acts) <= {"\n", "\t"}


@pytest.mark.parametrize("words", NASTY.values(), ids=NASTY)
def test_markup_is_not_obeyed_while_it_is_written_either(words):
    plain, nasty = (
        Tags(live([*everywhere(said), *writing(said)])._repr_mimebundle_()["text/html"])
        for said in ("plain words, none of them markup", words)
    )
    assert set(nasty.tags) <= set(plain.tags) and nasty.attributes <= plain.attributes
    assert nasty.text.count(words) == Tags(page(everywhere(words))).text.count(words) + 1


@pytest.mark.parametrize("character", INVISIBLE, ids=[f"U+{ord(c):04X}" for c in INVISIBLE])
def test_characters_that_act_do_not_while_they_are_written_either(character):
    shown = live(writing(f"a{character}[31mb"))
    for output in (str(shown), Tags(shown._repr_mimebundle_()["text/html"]).text):
        assert character not in output and f"a{INVISIBLE[character]}[31mb" in output
        output.encode()


@pytest.mark.slow
@pytest.mark.parametrize("words", [*NASTY.values(), *(f"a{character}b" for character in INVISIBLE)])
def test_a_picture_has_words_and_no_markup(words):
    for picture in (timeline(everywhere(words)), lanes(everywhere(words))):
        seen = Tags(picture._repr_mimebundle_()[0]["text/html"])
        assert seen.tags == ["img"] and seen.attributes == {"alt", "width", "src"}
        assert picture.alt.isascii() and picture.alt.isprintable()
        svg = io.BytesIO()
        picture.figure.savefig(svg, format="svg")  # as a reader may, to keep it
        names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg.getvalue()).iter()}
        assert {"script", "foreignObject", "image", "a"}.isdisjoint(names)


def test_accents_do_not_pile_up_over_other_lines():
    strike, seen = "\u0335", "\\u0335"
    assert printed(message("e\u0301a" + strike * 7)) == f"agent: e\u0301a{strike * 4}{seen * 3}\n"


def test_ordinary_text_of_any_language_is_left_alone():
    words = "naïve שלום नमस्ते 👩\u200d🔬 \ttab — “quoted”"
    assert printed(message(words)) == f"agent: {words}\n"
    assert printed(message("one\r\ntwo")) == "agent: one\n       two\n"


def test_agent_text_is_kept_from_the_maths_typesetter():
    html = page([call("c", 0.0, command="echo $HOME and $PATH")])
    assert re.match(r'<div class="tex2jax_ignore mathjax_ignore">', html)
    assert "$HOME and $PATH</pre>" in html


def test_a_megabyte_is_cut_and_quick():
    size = 1_048_576
    events = [
        message("m" * size, 0.0),
        call("c1", 1.0, "n" * size, command="\x1b" * size),
        result("c1", 2.0, "line\n" * (size // 5)),
        call("c2", 3.0, blob={"k": "<" * size}),
        event("session.error", 4.0, id="e", error={"type": "t" * size, "message": "\u202e" * size}),
        event("session.status_idle", 5.0, id="i", stop_reason={"type": "z" * size}),
        event("agent.new", 6.0, id="n", blob="q" * size),
        event("session.thread_created", 6.2, id="th", agent_name="a" * size),
        usage(7.0, input_tokens=1, list_cost={"amount": "1", "currency": "c" * size}),
    ]
    began = time.perf_counter()
    out, shown, html, picture = printed(*events), str(transcript(events)), page(events), timeline(events)
    assert time.perf_counter() - began < 10  # a guard against quadratic work, not a benchmark
    assert len(out) < 4_000 and len(shown) < 4_000 and len(html) < 300_000 and len(picture.alt) < 400
    assert f"(+{size - 1_000:,} characters)" in out and f"(+{size - 10_000:,} characters)" in html


def test_a_megabyte_that_is_being_written_is_cut_and_quick():
    size = 1_048_576
    began = time.perf_counter()
    start, _ = writing("")
    shown = live([start, *(writing("word " * 5)[1] for _ in range(size // 25))])
    assert time.perf_counter() - began < 10  # to copy the message with each of its pieces takes longer
    html = shown._repr_mimebundle_()["text/html"]
    assert len(str(shown)) < 2_000 and len(html) < 20_000 and "characters)" in html


@pytest.mark.slow
def test_what_is_nested_too_deeply_is_named():
    deep: Any = "x"
    found: Any = "x"
    for _ in range(100_000):
        deep = [deep]
        found = [{"type": "search_result", "title": "t", "content": found}]
    events = [
        {"type": "agent.tool_use", "id": "c", "name": "bash", "input": {"deep": deep}},
        {"type": "agent.tool_result", "tool_use_id": "c", "content": found},
        {"type": "agent.message", "id": "m", "content": {(1, 2): deep}},
        {"type": "agent.new", "id": "n", "deep": deep},
    ]
    shown = printed(*events)
    assert shown.count("nested too deeply") == 3 and "    [search result: t]\n" in shown
    assert len(page(events)) < 30_000

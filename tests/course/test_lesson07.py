"""Lesson 07: wrong answers fail, each for its own reason, and right ones of another style pass. What holds
for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

import itertools
from pathlib import PurePosixPath
from typing import Any

import pytest

from utilities.course import lesson07
from utilities.course.lesson07.recorded import answered

# -- which claims hold ---------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["abcdh", "a, b, c, d, h", ["H", "a)", "b", "d", "c"]])
def test_which_claims_hold(guess, passes):
    passes(lesson07.hold, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abcd", "both agents name the same line"),
        ("efgh", "who else calls it."),
        ("abcdfh", "docstring"),
        ("abdgh", "machine's file"),
        ("bcdh", "asks campaigns.py"),
        ("dh", "rate; each line of the basket is rounded before it is added up; a default"),
        ("z", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_what_it_overlooks(guess, why, fails):
    fails(lesson07.hold, guess, why=why)


def test_the_prediction_is_about_the_recorded_claims():
    """Its options name the eight lines that the agents named, and its answer is what the trace says."""
    claims = [claim for name in ("07_a", "07_b") for claim in answered(name).claims]
    named = [f"{PurePosixPath(claim['path']).name}, line {claim['line']}" for claim in claims]
    assert [text.split(": ")[1] for text in lesson07.hold.options.values()] == named
    held = [lesson07.took_part(claim, lesson07.shop_trace()) for claim in claims]
    assert lesson07.hold.right == set(itertools.compress(lesson07.hold.options, held))


# -- did the line take part --------------------------------------------------------------------------


def by_get(claim, trace):
    text = trace.get((claim["path"], claim["line"]))
    return text is not None and text.strip() == claim["quote"]


def by_in(claim, trace):
    key = claim["path"], claim["line"]
    if key not in trace:
        return False
    return claim["quote"].strip() in trace[key]


def by_loop(claim, trace):
    for (path, line), text in trace.items():
        if path == claim["path"] and line == claim["line"] and text.lstrip() == claim["quote"]:
            return True


def by_trying(claim, trace):
    try:
        return trace[claim["path"], claim["line"]].strip() == claim["quote"]
    except KeyError:
        return False


@pytest.mark.parametrize("used", [by_get, by_in, by_loop, by_trying])
def test_a_line_that_took_part(used, passes):
    passes(lesson07.used, used)


@pytest.mark.parametrize(
    ("used", "why"),
    [
        pytest.param(lambda claim, trace: True, "discounts.py, line 5", id="believes all"),
        pytest.param(lambda claim, trace: False, "reader-a's claim on discount holds", id="believes nothing"),
        pytest.param(
            lambda claim, trace: claim["path"] in trace.paths, "that file didn't run", id="by the module"
        ),
        pytest.param(
            lambda claim, trace: (claim["path"], claim["line"]) in trace,
            "doesn't read so",
            id="by the number",
        ),
        pytest.param(
            lambda claim, trace: claim["quote"] in {text.strip() for text in trace.values()},
            "off by one",
            id="by the quote",
        ),
        pytest.param(
            lambda claim, trace: trace.get((claim["path"], claim["line"])) == claim["quote"],
            "reader-a's claim on rounding holds",
            id="with the indentation",
        ),
        pytest.param(
            lambda claim, trace: trace[claim["path"], claim["line"]].strip() == claim["quote"],
            "raised KeyError",
            id="without a look whether it is there",
        ),
        pytest.param(
            lambda claim, trace: by_get(claim, trace) and not claim["path"].startswith("ferry"),
            "the ferry's claim on adult holds",
            id="distrusts the other repository",
        ),
    ],
)
def test_a_wrong_idea_of_taking_part_is_told_why(used, why, fails):
    fails(lesson07.used, used, why=why)


# -- was it read before it was claimed ------------------------------------------------------------------


def in_one_pass(events, answer):
    asked, shown = {}, []
    for event in events:
        if event.type == "agent.tool_use" and event.name == "read":
            asked[event.id] = event.input["file_path"]
        elif event.type == "agent.tool_use" and event.input.get("file_path", "").endswith("answer.json"):
            break
        elif event.type == "agent.tool_result" and not event.is_error and event.tool_use_id in asked:
            shown.append(asked[event.tool_use_id])
    return [claim for claim in answer if not any(path.endswith(claim["path"]) for path in shown)]


def written_at(events):
    return next(
        number
        for number, event in enumerate(events)
        if event.type == "agent.tool_use" and str(event.input.get("file_path")).endswith("answer.json")
        and event.name == "write"
    )  # fmt: skip


def shown_in(events):
    fine = {e.tool_use_id for e in events if e.type == "agent.tool_result" and not e.is_error}
    return [e.input["file_path"] for e in events if getattr(e, "name", "") == "read" and e.id in fine]


def by_slicing(events, answer):
    shown = shown_in(events[: written_at(events)])
    return [claim for claim in answer if not any(claim["path"] in path for path in shown)]


def by_sets(events, answer):
    shown = {
        path.removeprefix("/mnt/user/shopfront/").removeprefix("/mnt/user/ferry/")
        for path in shown_in(events[: written_at(events)])
    }
    return tuple(claim for claim in reversed(answer) if claim["path"] not in shown)


def by_both_beginnings(events, answer):
    shown = shown_in(events[: written_at(events)])
    roots = "/mnt/user/shopfront/", "/mnt/user/ferry/"
    return [claim for claim in answer if not any(root + claim["path"] in shown for root in roots)]


def names_only(events, answer):
    return {claim["question"] for claim in by_slicing(events, answer)}


@pytest.mark.parametrize("unread_claims", [in_one_pass, by_slicing, by_sets, by_both_beginnings, names_only])
def test_what_was_not_read_in_time(unread_claims, passes):
    passes(lesson07.unread, unread_claims)


def whenever(events, answer):
    """Reads after the answer count."""
    shown = shown_in(events)
    return [claim for claim in answer if not any(claim["path"] in path for path in shown)]


def until_any_write(events, answer):
    """Stops at notes, too."""
    first = next(number for number, e in enumerate(events) if getattr(e, "name", "") == "write")
    shown = shown_in(events[:first])
    return [claim for claim in answer if not any(claim["path"] in path for path in shown)]


def in_the_shop_only(events, answer):
    shown = shown_in(events[: written_at(events)])
    return [claim for claim in answer if "/mnt/user/shopfront/" + claim["path"] not in shown]


def asked_for(events, answer):
    """A read that failed counts."""
    asked = [e.input["file_path"] for e in events[: written_at(events)] if getattr(e, "name", "") == "read"]
    return [claim for claim in answer if not any(claim["path"] in path for path in asked)]


def quoted_anywhere(events, answer):
    """A quote that any tool result has counts: the document's, or a search's."""
    texts = [event.to_json() for event in events if event.type == "agent.tool_result"]
    return [c for c in answer if not any(c["quote"].replace('"', '\\"') in text for text in texts)]


def whole_path(events, answer):
    shown = shown_in(events[: written_at(events)])
    return [claim for claim in answer if claim["path"] not in shown]


def those_that_were_read(events, answer):
    unread = by_slicing(events, answer)
    return [claim for claim in answer if claim not in unread]


@pytest.mark.parametrize(
    ("unread_claims", "why"),
    [
        (whenever, "read only after the answer was written"),
        (until_any_write, "had it written notes.md before it read, discount: "),
        (in_the_shop_only, "at the ferry, adult: ferry/prices.py was read in time"),
        (asked_for, "the read failed"),
        (quoted_anywhere, "never named by a read"),
        (whole_path, "was read in time, and you returned the claim"),
        (those_that_were_read, "you returned the claim"),
        (lambda events, answer: [], "never named by a read"),
        (lambda events, answer: bool(answer), "not a list of claims"),
        (lambda events, answer: events["read"], "raised TypeError"),
    ],
)
def test_a_wrong_idea_of_reading_is_told_why(unread_claims, why, fails):
    fails(lesson07.unread, unread_claims, why=why)


# -- what the cells show -----------------------------------------------------------------------------------


def verdicts(name: str) -> list[dict[str, Any]]:
    given = answered(name)
    answers = {"x": (given.claims, given.events)}
    folder, trace = (
        (lesson07.FERRY, lesson07.ferry_trace()) if name == "07_d" else (lesson07.SHOP, lesson07.shop_trace())
    )
    return list(lesson07.checked(answers, folder, trace).rows.values())


@pytest.mark.parametrize(
    ("name", "quoted", "took_part", "read"),
    [
        ("07_a", "yyyy", "yyyy", "yyyy"),
        ("07_b", "yyyy", "nnny", "yyyn"),
        ("07_c", "yyyy", "yyyy", "nynn"),
        ("07_d", "yyy", "yyy", "yyy"),
    ],
)
def test_each_check_is_sharper_than_the_one_before(name, quoted, took_part, read):
    columns = zip(*(row.values() for row in verdicts(name)), strict=True)
    assert ["".join(value[0].lower() for value in column) for column in columns] == [quoted, took_part, read]


def test_all_agents_speak_in_the_same_tone():
    last = [
        next(e for e in reversed(answered(f"07_{x}").events) if e.type == "agent.message").content[0].text
        for x in "abc"
    ]
    assert {text.split(". ")[0] for text in last} == {last[0].split(". ")[0]}
    assert all(text.endswith("I am confident in all four.") for text in last)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "dict, not a list"),
        ('[{"question": "x"}]', "claim 1 has no claim"),
        ('[{"question": "x", "claim": "c", "path": "p", "line": "6", "quote": "q"}]', "no line that is int"),
        ("[3]", "claim 1 has no question"),
    ],
)
def test_an_answer_that_lacks_something_says_what(text, why):
    with pytest.raises(ValueError, match=why):
        lesson07.claims_in(text)

"""The picture of a turn: its words come from the data, and it is drawn the same everywhere."""

from __future__ import annotations

import base64
import html
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.kit.turns import call, event, result, span, turn
from utilities.show.transcript import timeline


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
        "import sys, hashlib, utilities.show\n"
        "assert 'matplotlib' not in sys.modules, 'imported before it is needed'\n"
        "from tests.show.test_timeline import turn, timeline\n"
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

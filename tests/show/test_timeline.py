"""The picture of a turn: its words come from the data, and it is drawn the same everywhere."""

import base64
import html
import subprocess
import sys

import pytest

from tests.kit.turns import call, event, result, span, turn
from utilities.show import timeline

pytestmark = pytest.mark.slow


def test_alt_text_is_computed_from_the_data():
    assert timeline(turn()).alt == (
        "Timeline of 8.0 seconds: 2 model requests, 2 tool calls. The model worked for 4.5 s, "
        "tools ran for 3.0 s, the session was idle for 0.0 s; at the end it is idle (end_turn)."
    )


def test_idle_between_turns_counts_and_other_numbers_follow():
    start, end = span("s3", 14.0, 15.5)
    second = [event("session.status_running", 13.0, id="run2"), start, end]
    second += [event("session.status_idle", 16.0, id="idle2", stop_reason={"type": "budget_reached"})]
    alt = timeline(turn() + second).alt
    assert "Timeline of 16.0 seconds: 3 model requests" in alt
    assert "worked for 6.0 s" in alt and "idle for 5.0 s" in alt and "it is idle (budget_reached)" in alt


def test_what_never_ended_lasts_to_the_end_and_is_counted():
    events = [each for each in turn() if each.id not in ("s2_end", "r_c1")]
    alt = timeline(events).alt
    assert "2 model requests, 2 tool calls" in alt and "worked for 4.5 s" in alt and "ran for 5.5 s" in alt
    assert alt.endswith("2 of the requests and calls had no recorded end.")


def test_the_picture_is_the_same_bytes_whatever_the_readers_settings():
    import matplotlib

    first = timeline(turn())
    with matplotlib.rc_context({"font.size": 20, "savefig.facecolor": "red", "hatch.linewidth": 5}):
        second = timeline(turn())
        assert matplotlib.rcParams["font.size"] == 20
    assert first.png == second.png and b"Software" not in first.png
    assert timeline(turn()[:-3]).png != first.png


def test_the_picture_is_the_same_in_another_process_and_leaves_pyplot_alone():
    code = (
        "import sys, hashlib, utilities.show\n"
        "assert 'matplotlib' not in sys.modules, 'imported before it is needed'\n"
        "from tests.kit.turns import turn\n"
        "from utilities.show import timeline\n"
        "png = timeline(turn()).png\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "sys.stdout.write(png.hex())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == timeline(turn()).png.hex()


def test_picture_shows_with_its_alt_text():
    picture = timeline(turn())
    data, metadata = picture._repr_mimebundle_()
    assert list(data) == ["text/plain", "text/html", "image/png"]
    assert data["text/plain"] == picture.alt == str(picture)
    assert f'alt="{html.escape(picture.alt)}"' in data["text/html"]
    assert data["image/png"] in data["text/html"]
    assert base64.b64decode(data["image/png"]) == picture.png
    assert metadata["image/png"]["alt"] == picture.alt and metadata["image/png"]["width"] > 0


def names_of(picture):
    return [label.get_text() for label in picture.figure.axes[0].get_yticklabels()]


def test_a_row_has_the_name_of_what_it_shows():
    names = ["model", "bash", "read", "session running", "session idle (end_turn)"]
    assert names_of(timeline(turn())) == names
    failed = event("span.model_request_end", 3.0, id="e", model_request_start_id="s1", is_error=True)
    assert names_of(timeline([*span("s1", 0.0, 3.0)[:1], failed])) == ["model, error"]


def test_more_tools_than_there_is_room_for_share_a_row():
    names = names_of(timeline([call(f"c{n}", float(n), f"tool_{n}") for n in range(30)]))
    assert names == [*(f"tool_{n}" for n in range(10)), "others"]


def test_calls_at_the_same_time_are_drawn_under_each_other():
    def height(*calls):
        return timeline([*turn(), *calls]).figure.get_figheight()

    one, other = call("c3", 9.0, "edit"), call("c4", 9.0, "edit")
    assert height(one, other) > height(one) > height()
    assert height(one, result("c3", 9.5, ""), call("c4", 9.5, "edit")) == height(one)


def crowded():
    """Forty calls in a second or so, of names long and short, some in parallel."""
    names = ("bash", "read", "W" * 60, "edit", "edit", "edit")
    calls = [call(f"c{n}", 1 + n * 0.04, names[n % 6]) for n in range(40)]
    return [*turn()[:3], *calls, *(result(f"c{n}", 1.03 + n * 0.04, "ok") for n in range(40)), *turn()[3:]]


@pytest.mark.parametrize("events", [turn(), crowded()], ids=["turn", "crowded"])
def test_labels_do_not_overlap_or_leave_the_picture(events):
    figure = timeline(events).figure
    axes = figure.axes[0]
    boxes = [words.get_window_extent() for words in (*axes.texts, axes.xaxis.label, *axes.get_yticklabels())]
    overlaps = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
    assert overlaps == []
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 for box in boxes)


def test_the_seconds_are_written_into_bars_that_have_room():
    [axes] = timeline([*span("s1", 0.0, 9.0), *span("s2", 9.0, 9.1)]).figure.axes
    assert [words.get_text() for words in axes.texts] == ["9.0 s"]


def spans(count, length, apart):
    return [e for n in range(count) for e in span(f"s{n}", n * apart, n * apart + length)]


def bars_of(events):
    """The extents of the first row's bars, and how wide their outlines are."""
    bars = timeline(events).figure.axes[0].collections[0]
    return [path.get_extents() for path in bars.get_paths()], bars.get_linewidth()[0]


def test_so_many_bars_that_outlines_would_be_all_of_them_have_none():
    bars, outline = bars_of(spans(2_500, 0.5, 1.0))
    assert (len(bars), outline) == (2_500, 0)
    bars, outline = bars_of(spans(40, 0.5, 1.0))
    assert len(bars) == 40 and outline > 0


def test_a_bar_too_narrow_to_be_seen_is_drawn_wider():
    bars, outline = bars_of(spans(3, 0.0001, 100.0))
    assert all(bar.width > 0.5 for bar in bars) and outline > 0


def test_names_with_dollar_signs_are_not_formulas():
    picture = timeline([call("c", 0.0, "$x^$"), result("c", 1.0, "")])
    assert names_of(picture) == ["$x^$"]
    assert not picture.figure.axes[0].get_yticklabels()[0].get_parse_math()


def test_what_has_no_length_can_be_drawn():
    assert timeline([]).alt == "Timeline without events: none has a recorded time."
    assert names_of(timeline([event("session.status_running", 0.0, id="run")])) == ["session running"]

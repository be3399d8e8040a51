"""The sequence diagram: which events get a row, from where to where, and that it repeats."""

import base64

import matplotlib
import pytest

from tests.kit.recordings import Script
from utilities.show.lanes import lanes


def asking():
    """A turn with a custom call that fails, and a built-in call that a person denies."""
    script = Script()
    script.message("go")
    script.say("Looking.")
    custom = script.custom("order_status", order="7")
    script.idle("requires_action", [custom])
    script.custom_result(custom, "no such order", is_error=True)
    script.running()
    builtin = script.builtin("bash", "ask", command="ls")
    script.idle("requires_action", [builtin])
    script.confirmation(builtin, "deny")
    script.running()
    script.idle()
    return script


def test_every_step_of_the_bounce_has_its_row_in_words():
    rows = lanes(asking().events).alt.partition("agent. ")[2].rstrip(".").split("; ")
    assert rows == [
        "0.0 s, session: running",
        "0.0 s, your process to agent: message: go",
        "1.0 s, agent to your process: message: Looking.",
        "1.0 s, agent to session: custom_tool_use: order_status",
        "1.0 s, session to your process: idle: requires_action, 1 to answer",
        "1.5 s, your process to agent: custom_tool_result: order_status, error",
        "1.5 s, session: running",
        "1.5 s, agent to session: tool_use: bash",
        "1.5 s, session to your process: idle: requires_action, 1 to answer",
        "2.0 s, your process to agent: tool_confirmation: bash, deny",
        "2.0 s, session: running",
        "2.0 s, session to your process: idle: end_turn",
    ]


def test_the_picture_has_the_same_words_and_nothing_overlaps():
    picture = lanes(asking().events)
    texts = picture.figure.axes[0].texts
    words = [text.get_text() for text in texts]
    assert {"your process", "session", "agent", "idle: end_turn", "custom_tool_use: order_status"} <= set(
        words
    )
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :]), words[number]


def test_the_picture_is_the_same_bytes_whatever_the_readers_settings():
    first = lanes(asking().events)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        second = lanes(asking().events)
    assert first.png == second.png
    assert lanes(asking().events[:-3]).png != first.png


def test_it_shows_with_its_alt_text():
    picture = lanes(asking().events)
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == picture.png
    assert metadata["image/png"]["alt"] == picture.alt and "alt=" in data["text/html"]


@pytest.mark.parametrize("text", ["x" * 10_000, "$x^$", "日本語 \u202e", "one\ntwo", ""])
def test_any_text_stays_on_its_row(text):
    script = Script()
    script.message(text)
    script.say(text)
    script.idle()
    picture = lanes(script.events)
    assert len(picture.alt) < 1_000
    width = picture.figure.get_size_inches()[0] * picture.figure.dpi
    for label in picture.figure.axes[0].texts:
        box = label.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width and "\n" not in label.get_text()


def test_no_events():
    assert lanes([]).alt == "Sequence diagram without events: none has a recorded time."

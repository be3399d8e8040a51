"""Sessions of any size, and text that isn't ours: what is drawn is bounded, and what is left out is said."""

import asyncio
import io
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.kit.places import ROOT
from utilities.course.table import Table
from utilities.replay.__main__ import main as replay
from utilities.replay.export import main as export
from utilities.show import lanes, timeline, transcript
from utilities.show.buttons import Buttons
from utilities.show.live import LiveTranscript
from utilities.show.printing import print_event

pytestmark = pytest.mark.slow

ACTING = "a\x1b[31m\u202egnp.exe\x00"  # a colour, a right-to-left override, a NUL


def at(number):
    return f"2026-11-21T{9 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"


def said(count):
    return [
        {
            "id": f"e{n}",
            "type": "agent.message",
            "processed_at": at(n),
            "content": [{"type": "text", "text": f"no {n}"}],
        }
        for n in range(count)
    ]


def test_of_a_long_transcript_a_window_is_shown_and_how_much_more_there_is():
    shown = transcript(said(20_000))
    told = "19,500 rows are left out here"
    html = shown._repr_mimebundle_()["text/html"]
    for text in (str(shown), html):
        assert told in text and "no 99" in text and "no 19999" in text and "no 10000" not in text
    assert len(html) < 500_000
    assert "no 10000" in str(transcript(said(20_000)[9_900:10_100]))
    assert "left out" not in str(transcript(said(500)))


def test_a_live_transcript_of_as_many_shows_the_window():
    shown = []
    live = LiveTranscript(show=shown.append, clock=lambda: 0.0, timer=NoTimer)
    for event in said(20_000):
        live(event)
    live.close()
    assert len(live.events) == 20_000 and "19,500 rows are left out" in str(shown[-1])


def test_an_update_of_a_live_transcript_reads_what_is_new_and_what_is_shown():
    class Counted(dict):
        read = 0

        def get(self, *given):
            self.read += 1
            return super().get(*given)

    def read_again(events, number):
        """How often its last update read this event, of so many."""
        states = []
        live = LiveTranscript(show=lambda shown: states.append(str(shown)), clock=lambda: 0.0, timer=NoTimer)
        for event in events[:-1]:
            live(event)
        live.close()
        before = events[number].read
        live(events[-1])
        live.close()
        assert "no 1999" in states[-1] and len(states) == 3
        return events[number].read - before

    events = [Counted(event) for event in said(2_000)]
    assert [read_again(events, number) > 0 for number in (5, 1_000, 1_990)] == [True, False, True]


class NoTimer:
    """A timer that never comes: each update is the one at the end."""

    def __init__(self, seconds, update):
        pass

    def start(self):
        pass

    def cancel(self):
        pass


def test_lanes_and_their_words_are_bounded():
    picture = lanes(said(5_000))
    assert "4,940 more rows are left out" in picture.alt and "no 4999" in picture.alt
    assert len(picture.alt) < 10_000
    assert len(picture.png) < 2_000_000


def test_a_timeline_of_calls_that_overlap_is_bounded():
    events = [
        event
        for n in range(3_000)
        for event in (
            {"id": f"c{n}", "type": "agent.tool_use", "name": "bash", "processed_at": at(n)},
            {"type": "agent.tool_result", "tool_use_id": f"c{n}", "processed_at": at(n + 600)},
        )
    ]
    picture = timeline(events)
    assert "of them are drawn over others, which they overlap" in picture.alt
    assert picture.figure.get_figheight() < 5


def test_a_question_and_names_of_any_kind():
    async def ask():
        question = Buttons("x" * 10_000_000 + ACTING, f"Delete {ACTING}\n{'y' * 1000}", "No")
        name = question.names[0]
        row = question.widget.children[1].children[0]
        for text in (row.description, row.tooltip, str(question)):
            assert not {"\x1b", "\u202e", "\x00", "\n"} & set(text)
        assert len(str(question)) < 12_000 and "(+9," in question.question
        question.click(name)
        return question.picked == name

    assert asyncio.run(ask())


def test_tables_of_the_course():
    table = Table(f"what {ACTING}", {f"row {ACTING}": {"column": ACTING, "long": "z" * 1_000_000}})
    for text in table._repr_mimebundle_().values():
        assert not {"\x1b", "\u202e", "\x00"} & set(text) and "\\u202e" in text
        assert len(text) < 50_000


PRINTS = """
from utilities import transcript
from utilities.course.table import Table
from utilities.replay.__main__ import main as replay
from utilities.replay.export import main as export
text = [{"type": "text", "text": "\\u65e5\\u672c \\u2026 \\u00e9 \\U0001f600"}]
events = [{"type": "agent.message", "processed_at": "2026-11-21T09:00:00Z", "content": text}]
print(transcript(events))
print(Table("\\u65e5", {"\\U0001f600": {"\\u2026": "\\u2192"}}))
"""


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "cp932", "ascii"])
@pytest.mark.parametrize(
    "program",
    [lambda: exec(PRINTS, {}), lambda: replay(["--help"]), lambda: export(["--help"])],
    ids=["print", "replay", "export"],
)
def test_a_console_that_is_not_utf8(encoding, program, monkeypatch):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with suppress(SystemExit):
        program()
    assert out.buffer.getvalue() and err.buffer.getvalue() == b""


@pytest.mark.parametrize(
    "program",
    [["-c", PRINTS], ["-m", "utilities.replay", "--help"], ["-m", "utilities.replay.export", "--help"]],
    ids=["print", "replay", "export"],
)
def test_so_it_is_in_a_process(program):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, *program], env=env, cwd=ROOT, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout


def test_a_notebooks_stream_is_not_flushed_for_each_line():
    class OutStream(io.StringIO):
        """As ipykernel's, which sends a message for each flush."""

        __module__ = "ipykernel.iostream"
        flushed = 0

        def flush(self):
            self.flushed += 1

    class Piped(OutStream):
        __module__ = "elsewhere"

    for kind, flushes in ((OutStream, 0), (Piped, 3)):
        out = kind()
        for event in said(3):
            print_event(event, file=out)
        assert (out.flushed, out.getvalue().count("\n")) == (flushes, 3)

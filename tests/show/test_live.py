"""The transcript that grows with its turn: its pace, its last state, previews, threads, notebooks."""

import io
import subprocess
import sys
import threading
from typing import Any

import nbformat
import pytest
from anthropic.lib.sessions import accumulate_managed_agents_event
from nbformat.v4 import new_code_cell, new_notebook

from tests.kit.calling import new_session, serving, strict
from tests.kit.talking import TEXT, talking
from tests.kit.turns import event, message, printed, span, text, turn, usage
from utilities import LiveTranscript, poll_until_end_turn, stream_until_end_turn, timeline, transcript
from utilities.course.running.notebooks import dumps, execute, normalise

pytestmark = pytest.mark.slow


class Time:
    """A clock that is turned by hand, with timers that go off when their time has come."""

    def __init__(self):
        self.now = 0.0
        self._timers: list[Timer] = []

    def __call__(self):
        return self.now

    def timer(self, seconds, function):
        self._timers.append(Timer(self.now + seconds, function))
        return self._timers[-1]

    def pass_(self, seconds):
        end = self.now + seconds
        for timer in sorted(self._timers, key=lambda timer: timer.due):
            if timer.due <= end and timer.started and not timer.over:
                self.now, timer.over = max(self.now, timer.due), True
                timer.function()
        self.now = end


class Timer:
    daemon = False

    def __init__(self, due, function):
        self.due, self.function, self.started, self.over = due, function, False, False

    def start(self):
        self.started = True

    def cancel(self):
        self.over = True


class Shown:
    """What a live transcript has shown, and when."""

    def __init__(self, cost=0.0, **options):
        self.time, self.cost = Time(), cost
        self.states: list[str] = []
        self.times: list[float] = []
        self.live = LiveTranscript(show=self, clock=self.time, timer=self.time.timer, **options)

    def __call__(self, whole):
        self.states.append(str(whole))
        self.times.append(self.time.now)
        self.time.now += self.cost


def start(id="m", type_="agent.message"):
    return {"type": "event_start", "event": {"id": id, "type": type_}}


def piece(words, id="m", index=None):
    delta = {"type": "content_delta", "index": index, "content": {"type": "text", "text": words}}
    return {"type": "event_delta", "event_id": id, "delta": delta}


# ---------------------------------------------------------------- the pace


def test_ten_times_a_second_at_most_whatever_comes():
    shown = Shown()
    for n in range(1_000):  # in five seconds
        shown.live(message(f"word {n}", n))
        shown.time.pass_(0.005)
    assert 45 <= len(shown.times) <= 51
    gaps = [after - before for before, after in zip(shown.times, shown.times[1:], strict=False)]
    assert min(gaps) >= 0.1 - 1e-9


def test_what_came_last_is_shown_soon_although_nothing_follows():
    shown = Shown()
    shown.live(message("first", 0.0))
    shown.time.pass_(0.01)
    shown.live(message("second", 1.0))
    assert len(shown.states) == 1
    shown.time.pass_(0.1)
    assert shown.states[-1] == str(transcript(shown.live)) and "second" in shown.states[-1]
    shown.time.pass_(60)
    assert len(shown.states) == 2  # and nothing is shown while nothing happens


def test_what_came_last_is_shown_at_the_end_of_the_block_also_after_an_error():
    shown = Shown()
    with pytest.raises(ZeroDivisionError), shown.live as live:
        for each in turn():
            live(each)
        raise ZeroDivisionError
    assert shown.states[-1] == str(transcript(turn()))
    count = len(shown.states)
    shown.live.close()
    shown.time.pass_(60)
    assert len(shown.states) == count  # it was shown, so not again


def test_a_timer_that_cannot_be_cancelled_any_more_shows_nothing_early():
    shown = Shown()
    shown.live(message("a", 0.0))
    shown.live(message("b", 1.0))
    late = shown.time._timers[-1]
    shown.time.now = 0.1
    shown.live(message("c", 2.0))  # shown, while the timer of b is already running
    shown.live(message("d", 3.0))
    late.function()
    assert shown.times == [0.0, 0.1]
    shown.time.pass_(0.2)
    assert "d" in shown.states[-1]


def test_a_transcript_that_is_slow_to_show_is_shown_less_often():
    shown = Shown(cost=1.0)
    while shown.time.now < 20:
        shown.live(message(f"word {shown.time.now}", shown.time.now))
        shown.time.pass_(0.05)
    assert len(shown.times) <= 5


def test_the_real_timer_shows_the_last_state_by_itself():
    last = threading.Event()
    live = LiveTranscript(show=lambda whole: "word 9" in str(whole) and last.set())
    for n in range(10):
        live(message(f"word {n}", n))
    assert last.wait(10)


# ---------------------------------------------------------------- previews


def test_text_is_shown_while_it_is_written_and_the_event_takes_its_place():
    shown = Shown()
    growing = []
    for each in (start(), piece("Hello "), piece("world"), piece("!", index=1)):
        shown.live(each)
        shown.time.pass_(1)
        growing.append(shown.states[-1])
    assert growing[:3] == [
        "      now  agent    writing…",
        "      now  agent    writing…: Hello",
        "      now  agent    writing…: Hello world",
    ]
    assert growing[3].endswith("Hello world ⏎ !")
    stored = event("agent.message", 3.0, id="m", content=text("Hello world") + text("!"))
    shown.live(stored)
    shown.time.pass_(1)
    shown.live(start())  # a stream that was opened anew
    shown.live(piece("Hello "))
    shown.time.pass_(1)
    assert shown.states[-1] == str(transcript([stored])) == str(transcript(shown.live))


def test_the_text_begins_again_with_its_preview():
    shown = Shown()
    for each in (start(), piece("Hel"), start(), piece("Hello")):
        shown.live(each)
    shown.live.close()
    assert shown.states[-1].endswith("writing…: Hello")


def test_a_preview_without_a_beginning_is_no_error():
    shown = Shown()
    shown.live(piece("the end of it"))
    assert shown.states == ["      now  agent    writing…: the end of it"]


def test_a_preview_that_no_event_follows_goes_with_its_model_request():
    shown = Shown()
    first, last = span("s", 0.0, 1.0)
    for each in (first, start(), piece("Half a sen")):
        shown.live(each)
    shown.time.pass_(1)
    assert "Half a sen" in shown.states[-1]
    shown.live(last)
    shown.time.pass_(1)
    assert shown.states[-1] == "(no events to show)"


def test_thinking_has_a_start_only():
    shown = Shown()
    shown.live(start("t", "agent.thinking"))
    assert shown.states == ["      now  agent    thinking…"]
    shown.live(event("agent.thinking", 1.0, id="t"))
    shown.time.pass_(1)
    assert shown.states[-1] == "    0.0 s  agent    thinking"


@pytest.mark.parametrize(
    "damaged",
    [
        {"type": "event_start"}, {"type": "event_delta"}, {"type": "event_start", "event": {"id": 5}},
        {"type": "event_start", "event": "x"}, {"type": "event_delta", "event_id": "m", "delta": None},
        {"type": "event_delta", "event_id": "m", "delta": {"index": "x", "content": {"text": 5}}},
        {"type": "event_delta", "event_id": "m", "delta": {"index": 10**9, "content": {"text": "z"}}},
        {}, {"type": 5, "id": ["x"]}, {"id": "m", "type": "agent.message", "content": 5},
    ],
)  # fmt: skip
def test_nothing_that_comes_can_end_the_turn(damaged):
    shown = Shown()
    for each in (damaged, start(), piece("a"), damaged, message("after", 1.0)):
        shown.live(each)
    shown.live.close()
    assert "after" in shown.states[-1]


def test_previews_of_the_server_make_what_the_sdks_accumulator_makes():
    states, folded = [], []
    with serving(talking()) as server:
        client = strict(server).with_options(default_query={"event_deltas[]": "agent.message"})
        snapshot = None

        def follow(each):
            nonlocal snapshot
            snapshot = accumulate_managed_agents_event(snapshot, each)
            live = LiveTranscript(show=lambda whole: states.append(str(whole)))
            for earlier in (*seen, each):
                live(earlier)
            live.close()
            seen.append(each)
            if each.type == "event_delta":
                folded.append("".join(block.text for block in snapshot.content))
                assert folded[-1][:40].rstrip().replace("\n", " ⏎ ") in states[-1]

        seen: list[Any] = []
        session = new_session(client)
        result = stream_until_end_turn(client, session, "go", timeout=20, on_event=follow)
    assert len(folded) > 3 and folded[-1] == TEXT
    assert states[-1] == str(transcript(result))
    assert states[-1].count("I looked at both files") == 1


@pytest.mark.parametrize("helper", [stream_until_end_turn, poll_until_end_turn])
def test_a_turns_helper_leaves_what_its_result_has(helper):
    states: list[str] = []
    with serving() as server, LiveTranscript(show=lambda whole: states.append(str(whole))) as live:
        client = strict(server)
        result = helper(client, new_session(client), "go", timeout=20, on_event=live)
    assert result.outcome == "end_turn" and "half way" in states[-1]
    assert states[-1] == str(transcript(result))


# ---------------------------------------------------------------- threads, lines


def test_any_thread_may_call_it():
    states: list[str] = []
    live = LiveTranscript(show=lambda whole: states.append(str(whole)))
    every = [message(f"word {n}", n) for n in range(200)]
    threads = [threading.Thread(target=lambda part=every[n::4]: [live(e) for e in part]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    live.close()
    assert all(f"word {n}\n" in f"{states[-1]}\n" for n in range(200))


def test_without_a_notebook_it_prints_a_line_for_each_event():
    out = io.StringIO()
    with LiveTranscript(file=out) as live:
        for each in (*turn()[:3], start(), piece("I'll"), *turn()[3:], *turn()):
            live(each)
    assert out.getvalue() == printed(*turn())  # each once, no preview
    assert str(transcript(live)) == str(transcript(turn())) and timeline(live).alt == timeline(turn()).alt


def test_a_queued_message_is_one_line_and_gets_its_time_in_the_transcript():
    queued = event("user.message", None, id="u", content=text("hello"))
    stamped = event("user.message", 2.0, id="u", content=text("hello"))
    out, shown = io.StringIO(), Shown()
    with LiveTranscript(file=out) as live:
        live(queued)
        live(stamped)
    assert out.getvalue() == "user: hello\n"
    for each in (queued, stamped):
        shown.live(each)
        shown.time.pass_(1)
    assert shown.states == ["  no time  user     hello", "    0.0 s  user     hello"]


def test_it_works_where_there_is_no_ipython():
    code = (
        "import sys\n"
        "sys.modules['IPython'] = sys.modules['ipywidgets'] = sys.modules['matplotlib'] = None\n"
        "from utilities import LiveTranscript\n"
        "LiveTranscript()({'type': 'agent.message', 'id': 'm', 'content': 'hello'})\n"
        "assert 'anthropic' not in sys.modules, 'a display needs no SDK'\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("agent: hello\n", "")


# ---------------------------------------------------------------- a notebook


EVENTS = """
from utilities import LiveTranscript
import threading, time
def said(n, words):
    at = f"2026-11-20T09:00:{n % 60:02d}Z"
    return {"id": f"e{n}", "type": "agent.message", "processed_at": at, "content": words}
"""
FAST = "live = LiveTranscript()\nfor n in range(300):\n    live(said(n, f'word {n}'))"
SLOW = "live = LiveTranscript()\nfor n in range(300):\n    live(said(n, f'word {n}')); time.sleep(.002)"
THREAD = """
live = LiveTranscript()
thread = threading.Thread(target=lambda: [live(said(n, f"word {n}")) for n in range(300)])
thread.start(); thread.join()
print("after")
"""
ERROR = "live = LiveTranscript()\nlive(said(1, 'one')); live(said(2, 'two'))\nraise SystemExit"
ONE = "LiveTranscript()(said(1, 'one'))"
LATER = "live(said(400, 'of a later cell')); live(said(401, 'the last of it'))"


def executed(tmp_path, *sources):
    path = tmp_path / "live.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in (EVENTS, *sources)]), path)
    run = execute(path)
    assert run.notebook is not None
    return run.notebook


def test_what_is_saved_is_the_last_state_however_often_it_was_shown(tmp_path):
    notebook = executed(tmp_path, FAST, SLOW, THREAD, ONE)
    every = str(transcript(eval_events(300)))
    fast, slow, thread, one = (cell.outputs for cell in notebook.cells[1:])
    # The script that keeps folds open is in what is shown first, also if nothing follows; it isn't saved.
    assert [len(outputs) for outputs in (fast, slow, one)] == [1, 1, 1]
    assert "<table" in one[0].data["text/html"] and "<script" not in dumps(notebook)
    assert [output.output_type for output in thread] == ["display_data", "stream"]
    for outputs in (fast, slow, thread):
        data = outputs[0].data
        assert list(data) == ["text/plain", "text/html"] and data["text/plain"] == every
    assert fast[0] == slow[0] == thread[0]
    again = executed(tmp_path, FAST, SLOW, THREAD, ONE)
    for each, other in zip(notebook.cells, again.cells, strict=True):
        other.id = each.id
    assert dumps(normalise(notebook)) == dumps(normalise(again))


def eval_events(count):
    names: dict[str, Any] = {}
    exec(EVENTS, names)
    return [names["said"](n, f"word {n}") for n in range(count)]


def test_a_later_cell_goes_on_in_the_same_place_and_an_error_leaves_the_last_state(tmp_path):
    notebook = executed(tmp_path, FAST, LATER, ERROR)
    fast, later, error = (cell.outputs for cell in notebook.cells[1:])
    assert fast[0].data["text/plain"].endswith("agent    the last of it") and later == []
    assert error[0].data["text/plain"].splitlines()[-1].endswith("agent    two")


def test_usage_stands_at_the_end():
    shown = Shown()
    shown.live(usage(1.0, input_tokens=9, list_cost={"amount": "25"}))
    shown.live(message("after it", 2.0))
    shown.live.close()
    assert shown.states[-1].splitlines()[-1] == "usage of the session so far: 9 tokens in, list cost $0.25"

"""Following the stream: every way it can fail, without losing or repeating anything."""

import pytest

from tests.kit.recordings import Script
from tests.kit.serving import KINDS, each, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import a_turn, parallel_calls
from utilities.replay import Faults

pytestmark = pytest.mark.parametrize("kind", each(KINDS))


@pytest.mark.fault("drop", "reconnects, reads what came meanwhile")
@pytest.mark.fault("end", "reconnects, reads what came meanwhile")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "after"), [*(("drop", after) for after in range(9)), *(("end", after) for after in (0, 4, 8))]
)
def test_a_stream_that_breaks_anywhere(kind, fault, after):
    shown = []
    with served(a_turn(), faults=Faults(f"{fault}={after}")) as session:
        result = session.follow(kind, "go", on_event=shown.append)
        whole = session.history()
    assert result.outcome == "end_turn"
    assert [event.id for event in shown] == [event.id for event in whole]
    assert result.events == shown


def test_the_stream_is_open_before_the_message_is_sent(kind):
    """What comes before a stream is open isn't in it."""
    asked = []
    with served(a_turn()) as session:
        session.odd = lambda request: asked.append((request.method, request.url.path.rpartition("/")[2]))
        session.follow(kind, "go")
    assert asked.index(("GET", "stream")) < asked.index(("POST", "events"))


def test_a_stream_that_breaks_again_and_again(kind):
    with served(a_turn(), faults=Faults("drop=2,times=3"), speed=40) as session:
        result = session.follow(kind, "go")
        assert [event.id for event in result.events] == [event.id for event in session.history()]


@pytest.mark.fault("repeat", "shows each once")
@pytest.mark.fault("queued", "shows the stamped one")
@pytest.mark.parametrize("faults", [Faults("repeat"), Faults("queued"), Faults("repeat queued")])
def test_repeated_events_are_shown_once(kind, faults):
    shown = []
    with served(a_turn(), faults=faults) as session:
        session.follow(kind, "go", on_event=shown.append)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert all(event.processed_at is not None for event in shown)


def test_silence_is_checked_and_the_turn_goes_on(kind):
    with served(a_turn(), speed=4) as session:  # a second of recorded thinking is 250 ms of silence
        result = session.follow(kind, "go", quiet=0.05)
        assert [event.id for event in result.events] == [event.id for event in session.history()]


@pytest.mark.fault("silent", "doubts the connection after `quiet` seconds")
@pytest.mark.parametrize("after", [0, 3, 5])
def test_a_stream_that_falls_silent_is_opened_anew(kind, after):
    with served(a_turn(), faults=Faults(f"silent={after}")) as session:
        assert session.follow_showing_all(kind, "go", quiet=0.2).outcome == "end_turn"


def test_a_session_deleted_while_the_stream_was_down(kind):
    script = Script()
    script.message("go")
    script.say("the stream breaks here")
    with served(script, faults=Faults("drop=3")) as session:

        def delete(event):
            if event.type == "user.message":  # the last event before the break
                session.delete()

        assert session.follow(kind, "go", on_event=delete).outcome == "deleted"


@pytest.mark.parametrize("reason", ["end_turn", "refusal"])
def test_a_session_that_was_archived_after_its_turn_still_says_how_the_turn_ended(kind, reason):
    """The idle comes while the stream is down, and by the time it is up the status says terminated."""
    shown = []

    def end(event):
        shown.append(event)
        session.only_the_status_knows("user.message")(event)

    with served(a_turn(reason), faults=Faults("drop=3")) as session:
        result = session.follow(kind, "go", on_event=end)
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert result.outcome == result.stop_reason.type == reason
    assert result.events == shown


def test_nothing_is_answered_once_the_session_is_terminated(kind):
    """What came while the stream was down is shown, and no tool runs for nobody."""
    shown = []
    ran = []

    def end(event):
        shown.append(event)
        session.only_the_status_knows("user.message")(event)

    with served(parallel_calls(["a"]), faults=Faults("drop=3")) as session:
        tool = make_tool(kind, lambda name: ran.append(name) or "a ok")
        result = session.follow(kind, "go", on_event=end, tools=[tool])
        assert [event.id for event in shown] == [event.id for event in session.history()]
    assert (result.outcome, result.stop_reason, ran) == ("terminated", None, [])

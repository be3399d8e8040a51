"""Every exception of ours survives the way out of a worker process, with all that it says."""

import importlib
import inspect
import pickle
import pkgutil
from datetime import UTC, datetime

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsSessionStatusTerminatedEvent

import utilities
from utilities.made import NotEnded
from utilities.replay.http.errors import ApiError
from utilities.replay.recordings.recording import RecordingError
from utilities.replay.resources.memories import MemoryConflict
from utilities.replay.resources.work import LeaseLost
from utilities.turn import TurnError, TurnResult, TurnTimeout
from utilities.turn.reading import Unreadable

ENDED = BetaManagedAgentsSessionStatusTerminatedEvent(
    id="sevt_1", type="session.status_terminated", processed_at=datetime(2026, 11, 27, tzinfo=UTC)
)
HELD = {"id": "work_1", "latest_heartbeat_at": None, "state": "claimed"}
MADE = [  # one of each kind that is made from more than its message
    ApiError(404, "there is none", code="a_code"),
    LeaseLost(HELD, 30),
    NotEnded("2 of 3 could not be ended", [ValueError("one"), ValueError("another")]),
    MemoryConflict("memory_conflict", "it has changed", path="/a"),
    RecordingError("a.jsonl", 3, "no JSON"),
    TurnError(TurnResult("sesn_1", "terminated", [ENDED])),
    TurnTimeout("sesn_1", 3.0, [ENDED], "perhaps", ["wrun_1"]),
    Unreadable("events.list", "it is no list", "http://127.0.0.1"),
]


def ours():
    """The exception classes of all modules."""
    for module in pkgutil.walk_packages(utilities.__path__, "utilities."):
        if not module.name.endswith("__main__"):
            for _, thing in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(thing, BaseException) and thing.__module__ == module.name:
                    yield thing


@pytest.mark.parametrize("kind", [kind for kind in ours() if "__init__" in vars(kind)], ids=str)
def test_none_is_forgotten(kind):
    """`BaseException`'s own way would call the class with its message."""
    assert kind.__reduce__ is not BaseException.__reduce__


@pytest.mark.parametrize("kind", [kind for kind in ours() if "__init__" not in vars(kind)], ids=str)
def test_one_that_is_made_from_its_message_comes_back(kind):
    if issubclass(kind, (ApiError, ExceptionGroup)):
        pytest.skip("made as its parent is: of more than a message")
    back = pickle.loads(pickle.dumps(kind("what happened")))
    assert (type(back), str(back)) == (kind, "what happened")


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_one_that_is_made_from_more_comes_back_whole(error):
    error.add_note("and a note")
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.__notes__) == (type(error), str(error), ["and a note"])
    assert vars(back).keys() == vars(error).keys()
    same = {
        name: value for name, value in vars(error).items() if name != "request"
    }  # httpx2's, told apart by id
    assert same == {name: vars(back)[name] for name in same}

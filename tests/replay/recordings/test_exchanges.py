"""Recordings of messages: the file, and what is compared of a request."""

import json

import anthropic
import pytest

from tests.kit.calling import strict
from tests.kit.messages import HEADER, MODEL, asks, says, text_of
from tests.kit.scripts import going
from utilities.replay import Library, RecordingError, ReplayServer
from utilities.replay.recordings.exchanges import asked
from utilities.replay.testing import ManagedAgentsApi


def written(folder, *lines, header=HEADER):
    path = folder / "reflect.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)), "utf-8")
    return path


GOOD = {"request": asks("hi"), "response": says("hello")}


@pytest.mark.parametrize("named", ["the folder", "the file"])
def test_recordings_of_messages_are_served_to_tests_of_other_programs_too(tmp_path, named):
    """And what the program asked the model for that is not recorded counts as not recorded."""
    path = written(tmp_path, GOOD)
    with ManagedAgentsApi(tmp_path if named == "the folder" else path) as api:
        assert text_of(api.client.messages.create(**asks("hi"))) == "hello"
        api.assert_recorded()
        with pytest.raises(anthropic.BadRequestError):
            api.client.messages.create(**asks("ho"))
        with pytest.raises(AssertionError, match="no recording has this request"):
            api.assert_recorded()


def test_both_kinds_of_recordings_live_in_one_folder(tmp_path):
    written(tmp_path, GOOD)
    going().save(tmp_path)
    library = Library.load(tmp_path)
    assert [recording.name for recording in library.recordings] == ["going"]
    with ReplayServer(library, strict=True) as server:
        assert text_of(strict(server).messages.create(**asks("hi"))) == "hello"


@pytest.mark.parametrize(
    ("header", "lines", "told"),
    [
        ({**HEADER, "kind": "other"}, [GOOD], "line 1: expected `recording` 1 and `kind` 'messages'"),
        ({**HEADER, "recording": 2}, [GOOD], "line 1: expected"),
        ({**HEADER, "provenance": "dreamt"}, [GOOD], "line 1: provenance 'dreamt'"),
        ({**HEADER, "recorded_at": "yesterday"}, [GOOD], "line 1: `recorded_at`"),
        ({k: v for k, v in HEADER.items() if k != "sdk"}, [GOOD], "line 1: the header lacks `sdk`"),
        (HEADER, [GOOD, {"request": asks("hi")}], "line 3: `response` is not a message"),
        (HEADER, [{"response": says("x")}], "line 2: `request`: the body must be a JSON object"),
        (HEADER, [{**GOOD, "request": {"model": MODEL}}], "line 2: `request`: "),
        (HEADER, [{**GOOD, "response": says({"type": "text"})}], "line 2: `response` is not a message"),
        (HEADER, [[]], "line 2: a JSON object was expected"),
    ],
)
def test_a_damaged_file_names_the_line_and_the_reason(tmp_path, header, lines, told):
    written(tmp_path, *lines, header=header)
    with pytest.raises(RecordingError) as caught:
        Library.load(tmp_path)
    assert told in str(caught.value)


def test_what_is_compared_is_one_readable_text():
    request = asks("hi", system="be brief", tools=[{"name": "t", "input_schema": {"type": "object"}}])
    assert asked(request) == "[tools] t\n[system] be brief\n[user] hi"

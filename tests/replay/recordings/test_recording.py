"""The recording format: what goes in comes out, and what is damaged is refused with file, line and reason."""

import json

import pytest

from tests.kit.recordings import ORIGINAL, Script
from utilities.replay import Library, Recording, RecordingError
from utilities.replay.recordings.recording import is_client_event


def parked(name="parked"):
    """A message, two calls that wait for the client, their results, an answer."""
    script = Script(name)
    script.message("look both up")
    calls = [script.custom("lookup", key=key) for key in "ab"]
    script.idle("requires_action", calls)
    for call, text in zip(calls, ("1", "2"), strict=True):
        script.custom_result(call, text)
    script.running()
    script.say("1 and 2")
    script.idle()
    return script


@pytest.fixture
def file(tmp_path):
    return parked().save(tmp_path)


def edit(path, number, **changes):
    """Change one line of a recording; a value of `...` takes the key out."""
    lines = path.read_text("utf-8").split("\n")
    part = {**json.loads(lines[number - 1]), **changes}
    lines[number - 1] = json.dumps({key: value for key, value in part.items() if value is not ...})
    path.write_text("\n".join(lines), "utf-8")


def line_of(path, type):
    """The number of the first line with an event of this type."""
    lines = path.read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if f'"{type}"' in line)


def refusal(path):
    with pytest.raises(RecordingError) as caught:
        Recording.load(path)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}, line {caught.value.line}: ")
    return caught.value


# -- round trip ---------------------------------------------------------------------------------


def test_round_trip(file):
    script = parked()
    recording = Recording.load(file)
    assert recording.events == script.events
    assert recording.header == script.recording().header
    assert "".join(recording.lines()) == file.read_text("utf-8")


@pytest.mark.parametrize(
    "text", ["two\nlines\r\n", "\u2028 and \x85 end lines for some", "é ✓ 😀", '"quoted" \\', "\x0c"]
)
def test_round_trip_of_any_text(tmp_path, text):
    script = Script()
    script.message(text)
    assert Recording.load(script.save(tmp_path)).events[2]["content"][0]["text"] == text


def test_unknown_event_types_and_fields_are_kept(tmp_path):
    script = Script()
    script.message("go")
    script.event("session.something_new", surprise={"a": [1]})
    events = Recording.load(script.save(tmp_path)).events
    assert (events[-1]["type"], events[-1]["surprise"]) == ("session.something_new", {"a": [1]})


def test_a_file_without_its_last_newline_is_whole(file):
    file.write_text(file.read_text("utf-8").rstrip("\n"), "utf-8")
    assert Recording.load(file).events == parked().events


def test_times_are_compared_as_times(tmp_path):
    """As texts, "…:01Z" would come after "…:01.5Z"."""
    script = parked()
    path = script.save(tmp_path)
    edit(path, len(script.events), processed_at="2026-11-21T09:01:01Z")
    edit(path, len(script.events) + 1, processed_at="2026-11-21T10:01:01.5+01:00")
    assert Recording.load(path)


@pytest.mark.parametrize("provenance", ["live", "scripted"])
def test_known_provenance(file, provenance):
    edit(file, 1, provenance=provenance)
    assert Recording.load(file).header["provenance"] == provenance


# -- damage -------------------------------------------------------------------------------------

OUTPUT = {
    "filename": "a.txt",
    "mime_type": "text/plain",
    "created_at": "2026-11-21T09:00:00Z",
    "content": "x",
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recording": ...}, "no header"),
        ({"recording": 2}, "format 2 is unknown"),
        ({"note": ...}, "lacks `note`"),
        ({"agent": ..., "outputs": ...}, "lacks `agent`, `outputs`"),
        ({"provenance": "real"}, "provenance 'real'"),
        ({"recorded_at": "yesterday"}, "yesterday"),
        ({"recorded_at": 5}, "damaged"),
        ({"agent": {}}, "name"),
        ({"environment": "mine"}, "damaged"),
        ({"outputs": None}, "damaged"),
        ({"outputs": [{}]}, "missing"),
        ({"outputs": [{**OUTPUT, "more": 1}]}, "more"),
        ({"outputs": [{**OUTPUT, "content": 5}]}, "`content` of an output must be a text"),
        ({"outputs": [{**OUTPUT, "created_at": "later"}]}, "later"),
    ],
)
def test_a_damaged_header_is_refused(file, changes, reason):
    edit(file, 1, **changes)
    error = refusal(file)
    assert error.line == 1
    assert reason in error.reason


@pytest.mark.parametrize(
    ("type", "changes", "reason"),
    [
        ("agent.message", {"id": ...}, "`id` must be a text"),
        ("agent.message", {"type": None}, "`type` must be a text"),
        ("agent.message", {"processed_at": None}, "`processed_at` must be a text"),
        ("agent.message", {"processed_at": "noon"}, "`processed_at` is not a time"),
        ("agent.message", {"processed_at": "2026-11-21T09:00:00Z"}, "not after the line before"),
        ("agent.message", {"id": parked().events[0]["id"]}, "appears twice"),
        ("user.custom_tool_result", {"custom_tool_use_id": "sevt_nobody"}, "`custom_tool_use_id`"),
        ("user.custom_tool_result", {"custom_tool_use_id": parked().events[0]["id"]}, "custom_tool_use with"),
        ("user.custom_tool_result", {"custom_tool_use_id": ["x"]}, "`custom_tool_use_id`"),
        ("user.custom_tool_result", {"content": "text"}, "`content` must be a list"),
        ("user.message", {"content": [{"type": "text"}]}, "`content` must be a list"),
        ("session.status_idle", {"stop_reason": ...}, "needs a `stop_reason`"),
        ("session.usage", {"usage": None}, "needs a `usage`"),
    ],
)
def test_a_damaged_event_is_refused(file, type, changes, reason):
    number = line_of(file, type)
    edit(file, number, **changes)
    error = refusal(file)
    assert error.line == number
    assert reason in error.reason


@pytest.mark.parametrize("line", ["", "[1]", "null", "not json", "[" * 100_000])
def test_a_line_that_is_no_object_is_refused(file, line):
    lines = file.read_text("utf-8").split("\n")
    file.write_text("\n".join([*lines[:3], line, *lines[3:]]), "utf-8")
    assert refusal(file).line == 4


def test_a_file_cut_anywhere_within_a_line_is_refused(file):
    whole = file.read_text("utf-8")
    for cut in range(1, len(whole), 97):
        if whole[cut - 1] != "\n" and whole[cut] != "\n":
            file.write_text(whole[:cut], "utf-8")
            error = refusal(file)
            assert error.line == whole[:cut].count("\n") + 1
            assert "cut short" in error.reason


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"\xff\xfe", "UTF-8"), (b"\n", "empty"), (b"{}\n", "no header")]
)
def test_a_file_that_is_none_is_refused(file, content, reason):
    file.write_bytes(content)
    error = refusal(file)
    assert (error.line, reason in error.reason) == (1, True)


def test_a_recording_that_nothing_could_start_is_refused(tmp_path):
    script = Script()
    script.say("hello")
    assert "no event of the client" in refusal(script.save(tmp_path)).reason


# -- gates: which client event must have come before an event is played ----------------------------


def gates(script):
    """The type of each event, with the type that it waits for."""
    recording = script.recording()
    waits = [None if gate is None else recording.events[gate]["type"] for gate in recording.gates]
    return list(zip([event["type"] for event in recording.events], waits, strict=True))


def test_the_running_pair_waits_for_its_message():
    script = Script()
    script.message("go")
    script.say("done")
    assert gates(script) == [
        ("session.status_running", "user.message"),
        ("session.thread_status_running", "user.message"),
        ("user.message", "user.message"),
        ("agent.message", None),
    ]


def test_an_error_within_the_running_pair_waits_too_and_one_after_an_idle_does_not():
    script = Script()
    script.message("go")
    script.idle()
    script.error("exhausted")
    script.event("session.status_running")
    script.error("retrying")
    script.event("session.thread_status_running")
    script.event("user.message", content=[])
    after_idle = gates(script)[-5:]
    assert after_idle[0] == ("session.error", None)
    assert [wait for _, wait in after_idle[1:]] == ["user.message"] * 4


def test_results_wait_only_for_themselves():
    recording = parked().recording()
    results = [i for i, event in enumerate(recording.events) if event["type"] == "user.custom_tool_result"]
    assert [recording.gates[i] for i in results] == results
    assert recording.gates[results[-1] + 1 :] == [None] * (len(recording.events) - results[-1] - 1)


def test_client_events_are_known():
    events = parked().recording().events
    assert [e["type"] for e in events if is_client_event(e)] == [
        "user.message",
        *["user.custom_tool_result"] * 2,
    ]


@pytest.mark.parametrize("around", [("\ufeff", ""), ("", "\n\n"), ("\ufeff", "\r\n \r\n")], ids=repr)
def test_what_editors_put_around_a_file_does_not_matter(tmp_path, around):
    path = tmp_path / "x.jsonl"
    before, after = around
    path.write_bytes((before + "".join(ORIGINAL.lines()) + after).encode())
    assert Recording.load(path).events == ORIGINAL.events
    assert Library.load(tmp_path).recordings


@pytest.mark.parametrize(
    ("output", "told"),
    [({"content": "%%%", "encoding": "base64"}, "base64|padding|alphabet"), ({"encoding": "rot13"}, "rot13")],
)
def test_an_output_in_no_encoding_that_there_is(tmp_path, output, told):
    first = {
        "filename": "a.png",
        "mime_type": "image/png",
        "created_at": "2026-11-21T09:00:00Z",
        "content": "",
    }
    header = {**ORIGINAL.header, "outputs": [first | output]}
    path = tmp_path / "x.jsonl"
    path.write_text("".join(Recording(path, header, ORIGINAL.events).lines()), "utf-8")
    with pytest.raises(RecordingError, match=f"(?i)the header is damaged.*({told})"):
        Recording.load(path)

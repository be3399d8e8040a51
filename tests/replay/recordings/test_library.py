"""The prefix tree: which recording a session follows, and what happens when none agrees."""

from itertools import pairwise

import pytest

from tests.kit.recordings import Script
from tests.kit.scripts import asking, chatty
from tests.kit.sessions import calls_of, confirm, message, refused, result, said, session, types
from utilities.replay import Library, RecordingError
from utilities.replay.ids import make_id, parse_time
from utilities.replay.recordings.masks import masked
from utilities.replay.recordings.recording import Recording


@pytest.mark.rule(
    "a call with `evaluated_permission: ask` waits for a `user.tool_confirmation`; both verdicts lead on",
    topic="tools",
    evidence="doc",
)
@pytest.mark.parametrize(("verdict", "end"), [("allow", "deleted"), ("deny", "left alone")])
def test_one_opening_two_ends(verdict, end):
    talk = session(asking("1-approve", "allow"), asking("2-deny", "deny"))
    talk.send([message("clean up")], 0)
    call = talk.log[-1]["stop_reason"]["event_ids"][0]
    talk.send([confirm(call, verdict)], 0)
    assert said(talk) == ["shall I?", end]
    assert [event["tool_use_id"] for event in talk.log if event["type"] == "agent.tool_result"] == [call]


@pytest.mark.parametrize("leader_first", [True, False])
def test_stepping_over_to_a_recording_in_which_the_agent_did_other_things(leader_first):
    """Live recordings differ in texts, times and numbers of calls; what the client did decides."""
    names = ("a", "b") if leader_first else ("b", "a")
    left = chatty(names[0], 3, "left", "so left", pause=60.0)
    right = chatty(names[1], 1, "right", "so right", pause=0.1)
    for answer, one in (("left", left), ("right", right)):
        talk = session(left, right)
        talk.send([message("start")], 0)
        assert said(talk) == ["a was here"]  # nothing tells them apart yet: the first by name
        talk.send([result(calls_of(talk)[0], answer)], 0)
        talk.send([result(calls_of(talk)[1], f"sure, {answer}")], 0)
        assert said(talk)[1:] == [f"so {answer}", f"went {answer}"], one.name
        assert [
            event["custom_tool_use_id"] for event in talk.log if "custom_tool_use_id" in event
        ] == calls_of(talk)
        moments = [parse_time(event["processed_at"]) for event in talk.log]
        assert all(a < b for a, b in pairwise(moments))
        assert len({event["id"] for event in talk.log}) == len(talk.log)


def test_stepping_over_takes_along_results_that_still_wait():
    """The leader has the results in one order, the other recording in the other: none gets lost."""

    def script(name, order, last):
        script = Script(name)
        script.message("go")
        calls = {key: script.custom("lookup", key=key) for key in "ab"}
        script.idle("requires_action", list(calls.values()))
        texts = {"a": last, "b": "B"}
        for key in order:
            script.custom_result(calls[key], texts[key])
        script.running()
        script.say(f"{name} it is")
        script.idle()
        return script

    talk = session(script("1", "ab", "A"), script("2", "ba", "other"))
    talk.send([message("go")], 0)
    a, b = calls_of(talk)
    talk.send([result(b, "B")], 0)
    talk.send([result(a, "other")], 0)
    assert said(talk) == ["2 it is"]
    assert not talk.queued


@pytest.mark.parametrize(
    ("text", "sent", "agree"),
    [
        ("file_01abcdefghijklmnopqrstuv is new", "file_01ABCDEFGHIJKLMNOPQRSTUV is new", True),
        ("{\"score\": 0.81}", "{\"score\": 0.7999}", True),
        ("8d3f5b8e-3c07-4c4b-9d2c-0123456789ab", "00000000-3c07-4c4b-9d2c-0123456789ab", True),
        ("{\"score\": 0.81}", "{\"count\": 0.81}", False),
        ("a file", "no file", False),
        ("", "x", False),
    ],
)  # fmt: skip
def test_ids_and_scores_are_not_compared(text, sent, agree):
    script = Script()
    script.message(text)
    talk = session(script)
    if agree:
        talk.send([message(sent)], 0)
        assert masked(text) == masked(sent)
    else:
        refused(400, talk, message(sent))


# -- strict and lenient ---------------------------------------------------------------------------------


@pytest.mark.rule(
    "with `--strict` an event that no recording goes on with is 400 and shows the differences",
    topic="replay",
    evidence="ours",
)
def test_strict_shows_the_difference_to_every_recording():
    told = refused(
        400, session(asking("1-approve", "allow"), chatty("b", 1, "left", "x")), message("clean it")
    )
    assert told.startswith("no recording continues from here with this user.message.")
    assert "1-approve: it has 'clean up' where you sent 'clean it'" in told
    assert "b: it has 'start' where you sent 'clean it'" in told


@pytest.mark.parametrize(
    ("script", "sent", "shown"),
    [
        (asking("deny", "deny"), confirm("CALL"), "it has 'deny' where you sent 'allow'"),
        (asking("why", "deny", deny_message="no"), confirm("CALL", "deny", deny_message="never"), "'never'"),
        (asking("kind", "deny"), message("hello"), "waiting on responses"),
        (
            chatty("wrong", 0, "left", "x"),
            result("CALL", "left", is_error=True),
            "it has 'ok' where you sent 'error' ('left')",
        ),
    ],
)
def test_strict_compares_verdicts_reasons_and_errors(script, sent, shown):
    talk = session(script)
    talk.send([message(script.events[2]["content"][0]["text"])], 0)
    call = talk.log[-1]["stop_reason"]["event_ids"][0]
    assert shown in refused(
        400, talk, {key: call if value == "CALL" else value for key, value in sent.items()}
    )


JSON = '{"count": 1.0, "rows": ["é", {"memory_id": "abc", "score": 0.5}], "none": null}'


@pytest.mark.rule(
    "a tool's result that is a JSON object or array is compared as a value, however it is written",
    topic="replay",
    evidence="ours",
)
@pytest.mark.parametrize(
    ("sent", "alike"),
    [
        ('{"none":null,"rows":["\\u00e9",{"score":0.25,"memory_id":"xyz"}],"count":1}', True),
        ('\n{ "count": 1, "none": null, "rows": ["é", {"memory_id": "x", "score": 1e-7}] }', True),
        ('{"count": 2, "rows": ["é", {"memory_id": "abc", "score": 0.5}], "none": null}', False),
        ('{"count": 1, "rows": [{"memory_id": "abc", "score": 0.5}, "é"], "none": null}', False),
        ('{"count": true, "rows": ["é", {"memory_id": "abc", "score": 0.5}], "none": null}', False),
        (JSON[:-1], False),
        ("[" * 100_000, False),
    ],
)
def test_results_are_compared_as_json(sent, alike):
    talk = session(chatty("json", 0, JSON, "so be it"))
    talk.send([message("start")], 0)
    call = talk.log[-1]["stop_reason"]["event_ids"][0]
    if alike:
        talk.send([result(call, sent)], 0)
        assert said(talk)[-1] == "so be it"
    else:
        refused(400, talk, result(call, sent))


def test_a_message_is_compared_as_it_is_written():
    script = Script()
    script.message('{"a": 1}')
    refused(400, session(script), message('{"a":1}'))


def test_strict_is_about_the_texts_whole():
    script = Script()
    script.message("x" * 9000 + "end")
    assert "end" in refused(400, session(script), message("x" * 9000 + "END"))


@pytest.mark.rule(
    "otherwise the closest recording goes on, and the header `x-replay-note` says so",
    topic="replay",
    evidence="ours",
)
def test_lenient_goes_on_with_the_closest_and_says_so_once():
    talk = session(asking("1-approve", "allow"), chatty("b", 0, "left", "so left"), strict=False)
    (sent,) = talk.send([message("restart")], 0)
    assert said(talk) == ["b was here"]
    assert [event for event in talk.log if event["id"] == sent["id"]][0]["content"] == message("restart")[
        "content"
    ]
    assert len(talk.notes) == 1
    assert "going on with b (it has 'start' where you sent 'restart')" in talk.notes[0]
    talk.send([result(calls_of(talk)[0], "left")], 0)
    assert len(talk.notes) == 1


@pytest.mark.parametrize("text", ["go", "edited"])
def test_lenient_a_message_that_comes_again_does_not_use_up_the_next_turn(text):
    """As when a notebook's cell runs twice."""
    talk = session(two_turns(), strict=False)
    talk.send([message(text)], 0)
    told = refused(400, talk, message(text))
    assert "this session has had this message already" in told and "create the session again" in told
    talk.send([message("go on")], 0)
    assert said(talk) == ["gone", "gone on"]
    assert "has had this message already" in refused(400, talk, message("go on"))


def test_lenient_a_message_that_was_recorded_twice_can_come_twice():
    talk = session(two_turns("go"), strict=False)
    for _ in range(2):
        talk.send([message("go")], 0)
    assert said(talk) == ["gone", "gone on"]


def two_turns(second="go on"):
    script = Script()
    script.message("go")
    script.say("gone")
    script.idle()
    script.message(second)
    script.say("gone on")
    script.idle()
    return script


def test_lenient_prefers_the_same_verdict_to_the_same_words():
    allow, deny = asking("1", "allow", deny_message="no"), asking("2", "deny", deny_message="no way")
    talk = session(allow, deny, strict=False)
    talk.send([message("clean up")], 0)
    call = talk.log[-1]["stop_reason"]["event_ids"][0]
    talk.send([confirm(call, "deny", deny_message="no!")], 0)
    assert said(talk)[-1] == "left alone"


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_can_be_continued_without_a_recording_of_its_kind(strict):
    assert "no recordings" in refused(400, session(strict=strict), message("hello"))
    talk = session(asking("1", "allow"), strict=strict)
    assert "no recording continues" in refused(400, talk, {"type": "user.define_outcome"})
    assert types(talk) == []


def test_two_recordings_of_one_name_are_two():
    talk = session(asking("same", "allow"), asking("same", "deny"))
    talk.send([message("clean up")], 0)
    talk.send([confirm(talk.log[-1]["stop_reason"]["event_ids"][0], "deny")], 0)
    assert said(talk)[-1] == "left alone"


# -- ids ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("two sessions share no id, also on the same recording", topic="replay", evidence="ours")
def test_two_sessions_on_one_recording_share_no_id_and_a_rerun_shares_all():
    logs = []
    for id in ("sesn_1", "sesn_2", "sesn_1"):
        talk = session(chatty("a", 2, "left", "x"), id=id)
        talk.send([message("start")], 0)
        talk.send([result(calls_of(talk)[0], "left")], 0)
        logs.append(talk.log)
    first, other, again = ({event["id"] for event in log} for log in logs)
    assert not first & other
    assert logs[0] == logs[2]


@pytest.mark.rule(
    "ids look like the hosted ones: a prefix, `_01`, 22 letters and digits",
    topic="replay",
    evidence="seen",
    note="those of webhooks begin with `whe_` in the documentation, with `event_` in Anthropic's skill",
)
def test_ids_look_hosted():
    ids = {make_id("sevt", "seed", number) for number in range(2000)}
    assert len(ids) == 2000
    assert all(len(id) == 29 and id.startswith("sevt_01") and id[5:].isalnum() for id in ids)


# -- the library on disk ----------------------------------------------------------------------------


def test_a_session_follows_the_recordings_of_its_agent_or_else_all():
    mine, other = Script("mine", agent="me"), Script("other", agent="you")
    for script in (mine, other):
        script.message("go")
    library = Library([other.recording(), mine.recording()])
    names = {agent: [track.recording.name for track in library.tracks(agent)] for agent in ("me", "nobody")}
    assert names == {"me": ["mine"], "nobody": ["mine", "other"]}


def test_load_reads_every_folder_below_and_refuses_what_is_damaged(tmp_path):
    (tmp_path / "deep").mkdir()
    asking("one", "allow").save(tmp_path)
    damaged = asking("two", "deny").save(tmp_path / "deep")
    assert [r.name for r in Library.load(tmp_path, tmp_path / "deep").recordings] == ["one", "two"]
    assert isinstance(Library.load(tmp_path).recordings[0], Recording)
    damaged.write_text("{")
    with pytest.raises(RecordingError, match="two.jsonl, line 1"):
        Library.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        Library.load(tmp_path / "nowhere")

"""A session with several threads: whose calls are asked for when, and by whom they are answered."""

from types import SimpleNamespace

import pytest

from tests.kit.loose_events import RUNNING, custom, event, idle, kinds, of_thread
from tests.kit.recordings import Script
from tests.kit.serving import served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import one_call, types
from utilities.replay.faults import FAULTS_HEADER
from utilities.turn.protocol import Answer, Turn
from utilities.turn.result import TurnResult
from utilities.turn.tools import run_tools_in_background

MAIN, CHILD = "sthr_main", "sthr_child"


def asked(actions):
    """The calls that are to be answered."""
    return [call.id for action in actions if isinstance(action, Answer) for call in action.calls]


def with_a_child(verdict=None):
    """A child's call that is answered while the agent works: the session is never idle before the answer."""
    script = Script()
    script.message("go")
    script.event("session.thread_created", session_thread_id=CHILD, agent_name="clerk")
    if verdict:
        fields = {"name": "bash", "input": {"command": "ls"}, "evaluated_permission": "ask"}
        call = script.event("agent.tool_use", **fields, session_thread_id=CHILD)
    else:
        call = script.event(
            "agent.custom_tool_use", name="work", input={"name": "a"}, session_thread_id=CHILD
        )
    stop = {"type": "requires_action", "event_ids": [call]}
    script.event("session.thread_status_idle", session_thread_id=CHILD, agent_name="clerk", stop_reason=stop)
    if verdict:
        script.confirmation(call, verdict)
    else:
        script.custom_result(call, "a ok")
    script.say("done")
    script.idle()
    return script


@pytest.mark.slow
def test_a_childs_call_is_answered_when_it_arrives(kind):
    ran = []

    def work(name):
        ran.append(name)
        return f"{name} ok"

    with served(with_a_child()) as session:
        result = session.follow_showing_all(kind, "go", tools=[make_tool(kind, work)])
    assert (result.outcome, ran) == ("end_turn", ["a"])


@pytest.mark.slow
def test_a_childs_question_is_asked_when_it_arrives(kind):
    with served(with_a_child("allow")) as session:
        result = session.follow_showing_all(kind, "go", confirm=lambda call: True)
    assert result.outcome == "end_turn"


def test_what_nobody_here_answers_may_wait_until_the_session_is_idle_and_is_asked_once(kind):
    script = Script()
    script.message("go")
    fields = {"name": "bash", "input": {"command": "ls"}, "evaluated_permission": "ask"}
    call = script.event("agent.tool_use", **fields, session_thread_id=CHILD)
    script.say("meanwhile")
    script.idle("requires_action", [call])
    asked = []
    with served(script) as session:
        result = session.follow(kind, "go", confirm=lambda call: asked.append(call.id))
    assert (result.outcome, result.text) == ("requires_action", "meanwhile")
    assert asked == result.pending == [result.tool_calls[0].event.id]


def test_a_call_of_our_own_waits_for_the_others_that_come_with_it():
    turn = Turn("sesn_1")
    assert asked(turn.feed(RUNNING, of_thread("running", MAIN), custom("a"), custom("b"))) == []
    assert asked(turn.feed(of_thread("idle", MAIN, ids=["a", "b"]))) == []  # the session's own idle is next
    assert asked(turn.feed(idle("requires_action", ids=["a", "b"]))) == ["a", "b"]


def test_but_not_for_another_thread_to_be_done():
    turn = Turn("sesn_1")
    turn.feed(RUNNING, of_thread("running", MAIN), of_thread("running", CHILD), custom("a"), custom("b"))
    assert asked(turn.feed(of_thread("idle", MAIN, ids=["a", "b"]))) == ["a", "b"]
    turn.answered(["a", "b"])
    assert asked(turn.feed(of_thread("idle", CHILD), idle("requires_action", "late", ["a"]))) == []


def test_a_session_that_runs_again_waits_for_nothing():
    turn = Turn("sesn_1")
    assert asked(turn.feed(custom("a", CHILD))) == ["a"]
    assert asked(turn.feed(RUNNING)) == []
    assert not turn.waits_for("a")


def test_a_call_of_a_thread_that_has_ended_is_not_asked_for():
    turn = Turn("sesn_1")
    assert asked(turn.feed(custom("a", CHILD), custom("b"))) == ["a"]
    assert asked(turn.feed(of_thread("terminated", CHILD))) == []
    actions = turn.feed(idle("requires_action", ids=["a", "b"]))
    assert (asked(actions), actions[-1].unknown) == (["b"], [])


@pytest.mark.parametrize("thread", [None, "", 5, {}])
def test_a_thread_without_an_id_is_nobodys(thread):
    turn = Turn("sesn_1")
    call = custom("a", thread)
    assert asked(turn.feed(call, of_thread("terminated", thread, "end"))) == []
    assert asked(turn.feed(idle("requires_action", ids=["a"]))) == ["a"]


# -- calls that are named before they are there -------------------------------------------------------


@pytest.mark.parametrize(("hidden", "outcome"), [(3, "end_turn"), (99, "requires_action")])
def test_a_call_that_is_named_before_it_is_there_is_looked_for(kind, hidden, outcome, monkeypatch):
    monkeypatch.setattr("utilities.turn.plan.LOOKS", (0.01, 0.01, 0.01, 0.01))
    with served(one_call("a ok")) as session:
        sessions = session.server.api.sessions
        whole, lists = sessions.list_events, []

        def list_events(*query):
            """The call is missing from so many lists in which the idle that names it is."""
            listed = whole(*query)
            if "session.status_idle" in types(listed["data"]) and len(lists) < hidden:
                lists.append(listed)
                left = [each for each in listed["data"] if each["type"] != "agent.custom_tool_use"]
                return {**listed, "data": left}
            return listed

        sessions.list_events = list_events
        session.headers = {FAULTS_HEADER: "drop=3"}  # a stream is read on in the history
        result = session.follow(kind, "go", tools=[make_tool(kind, lambda name: f"{name} ok")])
    assert result.outcome == outcome
    assert len(result.pending) == (outcome == "requires_action")


# -- what is odd ----------------------------------------------------------------------------------------


def test_a_call_that_an_idle_names_three_times_is_asked_for_once():
    turn = Turn("sesn_1")
    [action] = [
        each for each in turn.feed(custom("a"), idle("requires_action", ids=["a"] * 3)) if asked([each])
    ]
    assert (asked([action]), action.unknown) == (["a"], [])


@pytest.mark.parametrize("ids", [5, "a", {"a": 1}, [{"id": "a"}], [None, 7]])
def test_an_idle_that_names_no_ids_is_an_outcome(ids):
    actions = Turn("sesn_1").feed(custom("a"), idle("requires_action", ids=ids))
    assert kinds(actions)[-1] == "Finish"
    assert (actions[-1].result.outcome, actions[-1].result.pending) == ("requires_action", [])


@pytest.mark.parametrize("reason", [None, 5, "end_turn", {}])
def test_an_idle_whose_reason_is_none_ends_the_turn_all_the_same(reason):
    bare = event("session.status_idle", stop_reason=SimpleNamespace(type=reason))
    outcome = Turn("sesn_1").feed(RUNNING, bare)[-1].result.outcome
    assert outcome == (reason if isinstance(reason, str) else "unknown")


@pytest.mark.parametrize("input", [None, "text", ["a"], 7])
def test_a_call_whose_input_is_no_object_is_an_answer_too(input):
    ran = []
    tool = make_tool("sync", lambda name: ran.append(name))
    call = custom("a", input=input)
    answer = run_tools_in_background([call], {"work": tool}, 5.0)["a"]
    assert (answer["is_error"], ran) == (True, [])
    assert answer["content"][0]["text"] == f"the input of work must be an object, not {input!r}"
    result = Turn("sesn_1")
    result.feed(call)
    assert result.finish("end_turn").tool_calls[0].input == {}


@pytest.mark.parametrize("id", [None, 5, [], {}])
def test_an_answer_to_no_call_is_no_calls(id):
    verdict = event("user.tool_confirmation", "v", tool_use_id=id, result="deny")
    call = event("agent.tool_use", "c", name="bash", input={})
    [found] = TurnResult("sesn_1", "end_turn", [call, verdict]).tool_calls
    assert found.verdict is None


@pytest.mark.parametrize("name", [None, ["work"], {}])
def test_a_call_without_a_name_is_nobodys(name):
    tool = make_tool("sync", str)
    assert run_tools_in_background([custom("a", name=name)], {"work": tool}, 5.0) == {}

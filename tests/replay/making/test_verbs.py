"""Each thing that a scenario can say: the recording that it makes, and how the SDK's own client plays it."""

import re

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent
from pydantic import TypeAdapter

from tests.kit.replaying import replayed
from utilities.replay import Recording
from utilities.replay.making.examples import EXAMPLES, HEAD
from utilities.replay.scenario import main

EVENT = TypeAdapter(BetaManagedAgentsSessionEvent)
INSTRUCTIONS = "---\nname: notes\ndescription: How notes are written.\n---\nBegin with scripts/head.sh.\n"
TITLES = [title for title, _, _ in EXAMPLES]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """The recordings of the reference page's examples, by title."""
    data = tmp_path_factory.mktemp("examples")
    (data / "notes").mkdir()
    (data / "notes/a.txt").write_text("a\n")
    (data / "skills/notes/scripts").mkdir(parents=True)
    (data / "skills/notes/SKILL.md").write_text(INSTRUCTIONS)
    (data / "skills/notes/scripts/head.sh").write_text("echo '# Notes'\n")
    (data / "scenarios").mkdir()
    found = {}
    for number, (title, _, toml) in enumerate(EXAMPLES):
        (data / f"scenarios/example{number}.toml").write_text(HEAD + toml)
        assert main([str(data / f"scenarios/example{number}.toml"), "--write", "--unconfined"]) == 0
        names = re.findall(r'^name = "(\w+)"\n', toml.partition("[[sessions]]")[2], re.M)
        found[title] = Recording.load(data / f"recordings/{[f'example{number}', *names[::-1]][-1]}.jsonl")
    assert main([str(data / "scenarios"), "--verify", "--unconfined"]) == 0
    return found


@pytest.fixture
def play(recordings):
    """Plays a recording with the unmodified client: its events, its threads, and each thread's events."""

    def played(title):
        done = replayed(recordings[title])
        return done.events, done.threads, done.logs

    return played


def of(events, type):
    return [event for event in events if event.type == type]


@pytest.mark.parametrize("title", TITLES)
def test_every_event_is_one_that_the_sdk_knows(recordings, title):
    recording = recordings[title]
    own = [event for log in recording.header.get("threads", {}).values() for event in log]
    for event in [*recording.events, *own]:
        parsed = EVENT.validate_python(event)
        assert parsed.type == event["type"] and not parsed.model_extra, event["type"]


@pytest.mark.parametrize("title", TITLES)
def test_the_client_plays_all_of_it(play, title):
    assert play(title)[0]


def test_an_mcp_call_asks_first(play):
    events, _, _ = play("MCP")
    (call,), (result,) = of(events, "agent.mcp_tool_use"), of(events, "agent.mcp_tool_result")
    assert (call.mcp_server_name, call.name, call.evaluated_permission) == ("tracker", "create_issue", "ask")
    assert (result.mcp_tool_use_id, result.content[0].text) == (call.id, "created: 12")
    first, last = of(events, "session.status_idle")
    assert (first.stop_reason.event_ids, last.stop_reason.type) == ([call.id], "end_turn")
    (verdict,) = of(events, "user.tool_confirmation")
    assert events.index(first) < events.index(verdict) < events.index(result)


def test_what_was_written_by_hand_is_said(recordings):
    note = recordings["MCP"].header["note"]
    assert "What web and MCP tools returned was written by hand" in note
    assert "web and MCP" not in recordings["A turn"].header["note"]


def test_searches_of_the_web_count(play):
    events, _, _ = play("The web")
    used = of(events, "session.usage")[-1].usage
    assert (used.server_tool_use.web_search_requests, used.server_tool_use.web_fetch_requests) == (
        1,
        0,
    )  # fetches are not metered [doc]
    assert int(used.list_cost.amount) >= 1  # a cent for the search


def test_an_error_stands_where_it_is_written(play):
    events, _, _ = play("Errors")
    (error,) = of(events, "session.error")
    assert (error.error.type, error.error.mcp_server_name) == ("mcp_connection_failed_error", "tracker")
    before, after = of(events, "agent.message")
    assert events.index(before) < events.index(error) < events.index(after)


def test_a_turn_is_refused_a_context_compacted_a_session_rescheduled(play):
    events, _, _ = play("Refusals and long sessions")
    assert of(events, "agent.thread_context_compacted")
    kinds = [event.type for event in events]
    at = kinds.index("session.status_rescheduled")
    assert kinds[at : at + 4] == [
        *("session.status_rescheduled", "session.thread_status_rescheduled"),
        *("session.status_running", "session.thread_status_running"),
    ]
    done, refused = of(events, "session.status_idle")
    assert (done.stop_reason.type, refused.stop_reason.type) == ("end_turn", "refusal")
    assert (refused.stop_details.category, refused.stop_details.explanation) == ("bio", "It is forbidden.")


def test_the_worker_of_a_self_hosted_environment_sends_what_was_executed(play):
    events, _, _ = play("A self-hosted environment")
    first, last = of(events, "session.status_idle")
    (call,), (result,) = of(events, "agent.tool_use"), of(events, "user.tool_result")
    assert (first.stop_reason.event_ids, last.stop_reason.type) == ([call.id], "end_turn")
    assert (result.tool_use_id, result.content[0].text.strip()) == (call.id, "/mnt")
    assert not of(events, "agent.tool_result")


def test_an_interrupt_closes_the_open_call(play):
    events, _, _ = play("Interrupts")
    (call,), (result,), (stop,) = (
        of(events, kind) for kind in ("agent.tool_use", "agent.tool_result", "user.interrupt")
    )
    assert (result.tool_use_id, result.is_error) == (call.id, True)
    assert events.index(stop) == events.index(result) + 1
    assert [idle.stop_reason.type for idle in of(events, "session.status_idle")] == ["end_turn", "end_turn"]
    assert of(events, "agent.message")[-1].content[0].text == "Hello."


def test_an_outcome_is_graded_until_it_is_satisfied(play):
    events, _, _ = play("Outcomes")
    starts, ends = of(events, "span.outcome_evaluation_start"), of(events, "span.outcome_evaluation_end")
    assert [end.result for end in ends] == ["needs_revision", "satisfied"]
    assert [end.iteration for end in ends] == [start.iteration for start in starts] == [0, 1]
    assert [end.outcome_evaluation_start_id for end in ends] == [start.id for start in starts]
    assert len(of(events, "span.outcome_evaluation_ongoing")) == 1
    assert of(events, "session.status_idle")[-1].stop_reason.type == "end_turn"


def test_two_threads_work_and_one_asks_the_client(play):
    events, threads, logs = play("Threads")
    primary, first, second = threads
    assert [thread.parent_thread_id for thread in threads] == [None, primary.id, primary.id]
    (call,) = of(events, "agent.custom_tool_use")
    assert call.session_thread_id == first.id
    received = of(events, "agent.thread_message_received")
    assert [message.from_session_thread_id for message in received] == [second.id, first.id]
    waiting = [
        idle for idle in of(events, "session.thread_status_idle") if idle.session_thread_id == first.id
    ]
    assert [idle.stop_reason.type for idle in waiting] == ["requires_action", "end_turn"]
    assert not [e for e in of(events, "session.status_idle") if e.stop_reason.type == "requires_action"]
    for log in logs[1:]:
        kinds = [event.type for event in log]
        assert kinds[:2] == ["session.thread_status_running", "agent.thread_message_received"]
        assert kinds[-2:] == ["agent.thread_message_sent", "session.thread_status_idle"]
        assert [event.processed_at for event in log] == sorted(event.processed_at for event in log)
    (used,), (result,) = of(logs[2], "agent.tool_use"), of(logs[2], "agent.tool_result")
    assert (result.tool_use_id, result.content[0].text.strip()) == (used.id, "b")
    assert not of(logs[1], "agent.tool_use") and of(logs[1], "agent.custom_tool_use")[0].id == call.id
    assert not {event.id for event in of(events, "agent.tool_use")} & {used.id}


def test_the_service_judges_calls_by_the_policy_auto(play):
    events, _, _ = play("The service's verdict")
    found = {
        call.input["command"]: (call.evaluated_permission, call.evaluation.evaluated_permission.to_dict())
        for call in of(events, "agent.tool_use")
    }
    assert found == {
        "ls /mnt": ("allow", {"type": "allow"}),
        "rm -rf /": ("deny", {"type": "deny", "reason_code": "high_risk"}),
        "echo tidy": ("ask", {"type": "ask", "reason_code": "indeterminate"}),
    }
    first, refused, asked = of(events, "agent.tool_result")
    assert [result.is_error for result in (first, refused, asked)] == [False, True, False]
    assert refused.content[0].text == "The call was not executed: high_risk."
    (verdict,) = of(events, "user.tool_confirmation")
    assert verdict.tool_use_id == asked.tool_use_id and asked.content[0].text.strip() == "tidy"


def test_an_agent_reads_a_skill_and_runs_its_script(play, recordings):
    events, _, _ = play("Skills")
    read, ran = [result.content[0].text for result in of(events, "agent.tool_result")]
    assert read.strip() == INSTRUCTIONS.strip() and ran.strip() == "# Notes"
    announced, plain = [
        next(e for e in recordings[title].events if e["type"] == "span.model_request_end")["model_usage"]
        for title in ("Skills", "A turn")
    ]
    head = INSTRUCTIONS.split("---\n")[1]
    more = announced["cache_creation_input_tokens"] - plain["cache_creation_input_tokens"]
    characters = len(head) + len("Write it up.") - len("How many lines?")
    assert abs(4 * more - characters) <= 4  # a token has four, rounded


def test_a_thread_of_a_run_works_asks_and_ends_with_it(play):
    events, threads, logs = play("Workflow runs and advice")
    (run,), (ended,) = of(events, "workflow_run.created"), of(events, "workflow_run.status_ended")
    primary, collector, _ = threads
    assert (collector.workflow_run_id, collector.parent_thread_id) == (run.workflow_run_id, primary.id)
    assert collector.status == "terminated" and primary.workflow_run_id is None
    (over,) = [
        e for e in of(events, "session.thread_status_terminated") if e.session_thread_id == collector.id
    ]
    assert events.index(over) == events.index(ended) - 1
    (call,) = of(events, "agent.custom_tool_use")
    assert call.session_thread_id == collector.id
    kinds = [event.type for event in logs[1]]
    assert kinds.count("span.model_request_end") == 3 and "agent.tool_result" in kinds
    assert of(logs[1], "agent.message")[0].content[0].text == "Three."
    starts, ends = of(events, "workflow_run.phase_started"), of(events, "workflow_run.phase_ended")
    assert [end.phase_started_id for end in ends] == [start.id for start in starts]
    assert events.index(starts[0]) < events.index(call) < events.index(ends[0])


def test_a_workflow_run_and_an_advisor(play):
    events, threads, logs = play("Workflow runs and advice")
    kinds = [
        event.type.removeprefix("workflow_run.") for event in events if event.type.startswith("workflow_run.")
    ]
    phases = ["phase_started", "phase_ended"] * 2
    assert kinds == ["created", "status_running", *phases, "status_ended"]
    (advice,) = of(events, "agent.thread_message_received")
    assert (advice.from_agent_name, advice.content[0].text) == (
        "anthropic.advisor",
        "Look at the dates first.",
    )
    assert threads[-1].status == "terminated" and threads[-1].usage.output_tokens
    (sent,) = of(logs[-1], "agent.thread_message_sent")
    assert (sent.to_session_thread_id, sent.content[0].text) == (threads[0].id, advice.content[0].text)
    assert not of(events, "agent.thread_message_sent")


def test_files_of_any_kind_are_there(recordings):
    recording = recordings["Files"]
    listed, read = [
        e["content"][0]["text"].strip() for e in recording.events if e["type"] == "agent.tool_result"
    ]
    assert (listed, read) == ("a.txt", "a")
    (output,) = recording.outputs
    assert (output.filename, output.data[:2]) == ("notes.zip", b"PK")

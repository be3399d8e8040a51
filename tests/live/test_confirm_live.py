"""The probes, with a replay server standing in for the hosted service. Nothing here is said to be live."""

import json

import anthropic
import pytest
from anthropic import Anthropic

from tests.kit.once import once
from tests.kit.recordings import Script
from tests.live import __main__ as confirm_live
from tests.live import results
from tests.live.cleaning import clean_up
from tests.live.probe import DIFFERS, HOLDS, NOT_ASKED, Finding, NotAsked, Reply, reply
from tests.live.probes import PROBES, memory
from tests.live.probes.budgets import LONG
from tests.live.probes.outcomes import OUTCOME
from tests.live.probes.previews import LINES
from tests.live.probes.threads import ASK_THE_HELPER
from tests.live.probes.turns import HELLO, WRITE
from tests.live.probes.waiting import DENIED, ECHO, MANY
from tests.live.probes.workflows import PLAN
from tests.live.run import MADE_BY, Run
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.assumptions import QUESTIONS
from utilities.replay.ids import later
from utilities.replay.resources import memories

pytestmark = pytest.mark.slow

KEY = "a-key-of-the-stand-in"
CHEAP = ["a-new-session", "not-found", "environment-names"]


def hello() -> Script:
    script = Script("hello", "plain")
    script.message(HELLO)
    usage = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 1
    )
    request = script.event("span.model_request_start")
    script.say("Hello.")
    script.event("span.model_request_end", model_request_start_id=request, is_error=False, model_usage=usage)
    script.idle()
    script.events[-2]["usage"]["list_cost"] = {"amount": "1", "currency": "USD"}
    return script


def writing() -> Script:
    script = Script("writing", "writer")
    script.message(WRITE)
    script.builtin_result(script.builtin(command="echo hello > /mnt/session/outputs/hello.txt"))
    output = {"filename": "hello.txt", "mime_type": "text/plain", "content": "hello\n"}
    script.outputs.append({**output, "created_at": script.now})
    script.say("Done.")
    script.idle()
    return script


def order() -> Script:
    script = Script("order", "caller")
    script.message("Where is order 1001?")
    call = script.custom("lookup_order", number="1001")
    script.idle("requires_action", [call])
    script.custom_result(call, "Order 1001 is on its way.")
    script.running()
    script.say("It is on its way.")
    script.idle()
    script.message("Never mind.")
    script.say("As you like.")
    script.idle()
    return script


def many_orders() -> Script:
    script = Script("many orders", "caller")
    script.message(MANY)
    calls = [script.custom("lookup_order", number=str(number)) for number in range(1001, 1009)]
    script.idle("requires_action", calls)
    for call in calls:
        script.custom_result(call, "Order 1001 is on its way.")
    script.running()
    script.say("All are on their way.")
    script.idle()
    return script


def denied() -> Script:
    script = Script("denied", "asking")
    script.message(ECHO)
    call = script.builtin("bash", "ask", command="echo hello")
    script.idle("requires_action", [call])
    script.confirmation(call, "deny", deny_message=DENIED)
    script.running()
    script.builtin_result(call, f"The call was rejected: {DENIED}", is_error=True)
    script.say("It was not allowed.")
    script.idle()
    return script


def essay() -> Script:
    """A turn of one model request, which costs two cents."""
    script = Script("essay", "plain")
    script.message(LONG)
    request = script.event("span.model_request_start")
    script.say("Teapots. " * 3_000)
    usage = {"input_tokens": 40, "output_tokens": 1_300}
    script.event("span.model_request_end", model_request_start_id=request, is_error=False, model_usage=usage)
    script.idle()
    script.events[-2]["usage"]["list_cost"] = {"amount": "2", "currency": "USD"}
    return script


def counting() -> Script:
    script = Script("counting", "plain")
    script.message(LINES)
    script.say("\n".join(map(str, range(1, 31))))
    script.idle()
    return script


def asking_the_helper() -> Script:
    script = Script("helper", "leader")
    names = {"session_thread_id": "sthr_helper", "agent_name": "helper"}
    usage = {"input_tokens": 1, "output_tokens": 2}
    request = {"type": "span.model_request_end", "model_request_start_id": "x", "model_usage": usage}
    script.message(ASK_THE_HELPER)
    script.event("session.thread_created", **names)
    script.event("session.thread_status_running", **names)
    own = {**request, "id": "sevt_own", "is_error": False, "processed_at": later(script.now, 0.5)}
    script.event("session.thread_status_idle", after=1.0, **names, stop_reason={"type": "end_turn"})
    script.event(**request, is_error=False)
    script.say("Hello.")
    script.idle()
    script.events[-2]["usage"]["output_tokens"] = 4
    script.header["threads"] = {"sthr_helper": [own]}
    return script


def greeting() -> Script:
    """An outcome that is satisfied at once."""
    script = Script("greeting", "plain")
    script.running()
    wanted = {key: value for key, value in OUTCOME.items() if key != "type"}
    script.event("user.define_outcome", **wanted, outcome_id="outc_old")
    script.say("Hello.")
    cycle = {"outcome_id": "outc_old", "iteration": 0}
    start = script.event("span.outcome_evaluation_start", **cycle)
    script.event(
        "span.outcome_evaluation_end", **cycle, outcome_evaluation_start_id=start, result="satisfied",
        explanation="It is one word.", usage={"input_tokens": 1, "output_tokens": 1},
    )  # fmt: skip
    script.idle()
    return script


def planned() -> Script:
    """A workflow run, from its creation to its end."""
    script = Script("planned", "planner")
    script.message(PLAN)
    run = {"workflow_run_id": "wrun_1"}
    script.event("workflow_run.created", **run, name="greetings", phases=[])
    script.event("workflow_run.status_running", **run)
    script.event("workflow_run.status_ended", after=1.0, **run, result={"type": "completed"})
    script.say("Hello, and hello.")
    script.idle()
    return script


RECORDED = (
    *(hello(), writing(), order(), many_orders(), denied(), essay(), counting(), asking_the_helper()),
    *(greeting(), planned()),
)


def stand_in(**options) -> ReplayServer:
    """A replay server with a turn for each probe that starts one."""
    library = Library([script.recording() for script in RECORDED])
    return ReplayServer(library, key=KEY, **options)


@pytest.fixture
def server(monkeypatch):
    with stand_in() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield server


@pytest.fixture
def client(server):
    with Anthropic() as client:
        yield client


def a_run(client, cap=0, long=False):
    return Run(client, "0123abcd", "claude-haiku-4-5", cap, pause=0.01, long=long)


def asked(tmp_path, *arguments):
    """The exit code, of a run that keeps its results in a folder for tests."""
    kept = ["--to", str(tmp_path / "live.json"), "--pause", "0.01"]
    return confirm_live.main([*kept, *arguments])


# -- without a key, and before it begins ------------------------------------------------------------------


def test_without_a_key_it_says_so_in_two_lines_and_asks_nothing(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert asked(tmp_path) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 2 and "ANTHROPIC_API_KEY is not set" in said.err and not said.out
    assert not (tmp_path / "live.json").exists()


def test_the_probes_are_listed_without_a_key(monkeypatch, capsys):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert confirm_live.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PROBES)
    assert any(line.split()[:3] == ["3", "cents", "a-second-answer:"] for line in lines)


def test_the_rules_that_no_probe_asks_about_are_listed_without_a_key(monkeypatch, capsys):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert confirm_live.main(["--unasked"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert "a new session is idle" not in listed and "results may come in any order" in listed
    assert set(listed) < set(results.rules())


def test_it_says_what_it_will_make_and_asks_nothing_without_consent(server, capsys, tmp_path):
    assert asked(tmp_path, "--only", *CHEAP, "a-second-answer", "--spend", "5") == 2
    said = capsys.readouterr()
    assert "3 probes that start no turn" in said.out and "at most 3 of the 5 cents" in said.out
    assert MADE_BY in said.out and "--yes" in said.err
    assert not list(Anthropic().beta.agents.list())


def test_a_wrong_key_is_one_line(server, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
    assert asked(tmp_path, "--yes") == 2
    assert "confirm-live: Error code: 401" in capsys.readouterr().err


# -- a run ------------------------------------------------------------------------------------------------


def test_a_replay_servers_answers_are_not_kept_as_live(server, capsys, tmp_path):
    assert asked(tmp_path, "--yes", "--only", *CHEAP) == 0
    out = capsys.readouterr().out
    assert "A replay server answered, not the hosted service: nothing of this is live" in out
    assert "holds: 3" in out and not (tmp_path / "live.json").exists()


def test_what_the_service_said_is_kept_with_its_rule(server, monkeypatch, capsys, tmp_path):
    """As if the stand-in were the service: in a folder of this test, and nowhere else."""
    monkeypatch.setattr(confirm_live, "_is_replay_server", lambda client: False)
    assert asked(tmp_path, "--yes", "--only", "a-new-session", "a-second-answer") == 0
    new, second = json.loads((tmp_path / "live.json").read_text())
    assert (new["rule"], new["verdict"], new["seen"]) == ("a new session is idle", "holds", "idle")
    assert (new["sdk"], second["verdict"]) == (anthropic.__version__, "not asked")
    assert "make fidelity shows it" in capsys.readouterr().out


def test_without_spend_no_turn_is_started(client):
    run = a_run(client)
    for probe in PROBES.values():
        if probe.cents:
            assert run.ask(probe) == Finding(NOT_ASKED, f"it starts a turn: --spend {probe.cents} or more")
    assert not list(client.beta.sessions.list())


def test_a_run_stops_at_its_cap(client):
    run = a_run(client, cap=3)
    assert run.ask(PROBES["a-custom-tool-turn"]).verdict == HOLDS
    assert run.spent() >= 1
    refused = run.ask(PROBES["a-second-answer"])
    assert refused == Finding(NOT_ASKED, "the cap of 3 cents is reached")
    assert [session.budget.max_list_cost.amount for session in client.beta.sessions.list()] == ["3"]


def test_what_goes_wrong_in_one_probe_is_its_own_finding(client, monkeypatch):
    def broken(**fields):
        raise RuntimeError("something else")

    run = a_run(client)
    monkeypatch.setattr(run, "session", broken)
    assert run.ask(PROBES["a-new-session"]) == Finding(NOT_ASKED, "RuntimeError: something else")


def test_a_busy_service_has_not_answered():
    with (
        stand_in(faults=Faults("status=529")) as server,
        Anthropic(api_key=KEY, base_url=server.base_url) as client,
        pytest.raises(NotAsked, match="the service answered 529"),
    ):
        reply(a_run(client).once.beta.agents.list)


def test_what_takes_minutes_is_asked_on_request_only(client):
    finding = a_run(client).ask(PROBES["two-thousand-memories"])
    assert finding == Finding(NOT_ASKED, "it makes 2,001 memories, at 300 a minute: --long asks it")


# -- the probes -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """What every probe finds on the stand-in, and what is left when it was cleaned up."""
    return once(tmp_path_factory.getbasetemp(), "probes", found_by_all)


def found_by_all():
    with (
        pytest.MonkeyPatch.context() as smaller,
        stand_in() as server,
        Anthropic(api_key=KEY, base_url=server.base_url) as client,
    ):
        smaller.setattr(memories, "MAX_MEMORIES", 20)  # 2,000 of them take a minute
        smaller.setattr(memory, "MOST", 20)
        run = a_run(client, cap=200, long=True)
        found = {name: run.ask(probe) for name, probe in PROBES.items()}
        left = clean_up(client, run.id, pause=0.01)
        beta = client.beta
        lists = (beta.sessions, beta.environments, beta.memory_stores, beta.vaults)
        there = [thing.id for kind in lists for thing in kind.list(include_archived=True)]
        there += [thing.id for kind in (beta.agents, beta.files, beta.deployments) for thing in kind.list()]
        return found, left, there


@pytest.mark.parametrize("name", list(PROBES))
def test_every_probe_can_be_asked(findings, name):
    finding = findings[0][name]
    assert finding.verdict in (HOLDS, DIFFERS), finding


@pytest.mark.parametrize("name", [name for name, probe in PROBES.items() if probe.rule])
def test_a_probe_of_a_rule_asks_what_the_rule_says(findings, name):
    """The rule is proved by a test, so a probe that finds something else asks something else."""
    results.rule_of(PROBES[name], results.rules())
    assert findings[0][name].verdict == HOLDS, findings[0][name]


def test_everything_that_was_made_is_taken_away(findings):
    _, left, there = findings
    assert (left, there) == ([], [])


@pytest.mark.parametrize(
    ("question", "answer"),
    [(question, answer) for question, asked in QUESTIONS.items() for answer in asked.answers],
)
def test_each_answer_to_an_open_question_is_told_apart(question, answer):
    """Every question of the server has its probe, which says which answer is the hosted one."""
    probe = next((probe for probe in PROBES.values() if probe.question == question), None)
    assert probe, f"the question {question} has no probe in tests/live/probes"
    with (
        stand_in(assume=f"{question}={answer}") as server,
        Anthropic(api_key=KEY, base_url=server.base_url) as client,
    ):
        finding = a_run(client, cap=20).ask(probe)
    assert (finding.answer, finding.verdict) == (
        answer,
        HOLDS if answer == QUESTIONS[question].default else DIFFERS,
    )


# -- cleaning up ------------------------------------------------------------------------------------------


def test_what_others_made_stays(client):
    others = client.beta.agents.create(name="confirm-live-not", model="claude-haiku-4-5")
    a_run(client).agent()
    Run(client, "ffffffff", "claude-haiku-4-5").agent()
    assert clean_up(client, "0123abcd") == []
    assert len(list(client.beta.agents.list())) == 2
    assert clean_up(client) == []
    assert [agent.id for agent in client.beta.agents.list()] == [others.id]


def test_what_a_killed_run_left_behind_goes_with_clean_up(client, tmp_path, capsys):
    run = a_run(client, cap=10)
    run.parked(3)
    run.file("left")
    run.store("left")
    assert asked(tmp_path, "--clean-up") == 0
    assert "All that was made is taken away." in capsys.readouterr().out
    assert not list(client.beta.sessions.list()) and not list(client.beta.files.list())


# -- what is kept -----------------------------------------------------------------------------------------


def entry(name, verdict, seen="it", date="2026-12-01"):
    probe = PROBES[name]
    rule = results.rule_of(probe, results.rules())
    return results.entry(probe, rule, Finding(verdict, seen), date, "2.14.0")


def test_an_entry_has_the_whole_rule_its_date_and_the_version():
    kept = entry("a-new-session", HOLDS)
    assert kept["rule"] == "a new session is idle" and kept["verdict"] == "holds"
    assert (kept["date"], kept["sdk"], kept["seen"]) == ("2026-12-01", "2.14.0", "it")


def test_a_later_run_that_did_not_ask_takes_nothing_away(tmp_path):
    path = tmp_path / "live.json"
    results.write(path, [entry("a-new-session", HOLDS), entry("not-found", HOLDS)])
    christmas = {"date": "2026-12-24"}
    later = [entry("a-new-session", NOT_ASKED, **christmas), entry("not-found", DIFFERS, **christmas)]
    results.write(path, later)
    kept = {one["probe"]: (one["verdict"], one["date"]) for one in json.loads(path.read_text())}
    assert kept == {"a-new-session": ("holds", "2026-12-01"), "not-found": ("differs", "2026-12-24")}


def test_words_that_stand_in_no_rule_or_in_several_are_refused():
    with pytest.raises(LookupError, match="stands in 0 rules"):
        results.rule_of(PROBES["a-new-session"], ["an old session is idle"])
    with pytest.raises(LookupError, match="stands in 2 rules"):
        results.rule_of(PROBES["a-new-session"], ["a new session is idle", "a new session is idle, too"])


def test_a_reply_says_what_came():
    assert str(Reply(result="x")) == "accepted" and Reply(result="x").status == 200

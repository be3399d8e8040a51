"""The snippets to copy: short, of nobody's but the SDK's, and honest about what they do not survive.

Each runs as a process of its own under every fault of the replay server. What its docstring lists is what
was measured here, so that the lists can't drift from the code.
"""

import ast
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.kit.places import RECORDINGS
from tests.kit.receiving import payload, post, signed
from tests.kit.script_process import IMPATIENT, script
from tests.kit.snippets import RAISES, SNIPPETS, code_of, promises, run
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET
from tests.notebooks.budgets import done
from utilities.course.running.notebooks import read
from utilities.replay.faults import KINDS
from utilities.replay.testing import ManagedAgentsApi

LINES = {"one_turn": 25, "one_turn_with_tools": 38, "poll_one_turn": 31, "receive_webhooks": 30}
TURNS = [name for name in LINES if "turn" in name]
HANDLED_TWICE = "handles it twice"

# Each fault in the ways in which it can hit a turn that has one message.
SPECS = {
    "drop": ["drop=5"],
    "end": ["end=5"],
    "silent": ["silent=5"],
    "repeat": ["repeat"],
    "queued": ["queued"],
    "status": [f"status={code},retry-after=0,on={on}" for code, on in ((529, "POST/events"), (500, "GET"))],
    "hang": ["hang", "hang,on=POST/events"],
    "lose": ["lose,on=POST/events"],
    "settle": ["settle=600"],
    "outputs": ["outputs=600"],
    "error": [f"error={retry},after=1" for retry in ("retrying", "exhausted", "terminal")],
    "terminate": ["terminate,after=2"],
    "reschedule": ["reschedule=0.1,after=1"],
    "budget": ["budget,after=2"],
    "window": ["window=1"],
}


def test_there_is_a_snippet_for_each_way_and_a_case_for_each_fault():
    assert sorted(path.stem for path in SNIPPETS.glob("*.py")) == sorted(LINES)
    assert SPECS.keys() == KINDS.keys()


@pytest.mark.parametrize("name", LINES)
def test_a_snippet_is_short_and_stands_alone(name):
    path = SNIPPETS / f"{name}.py"
    code = code_of(path)
    assert len(code) <= LINES[name] and max(map(len, path.read_text("utf-8").splitlines())) <= 88
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    imported = [each.module if isinstance(each, ast.ImportFrom) else each.names[0].name
                for each in tree if isinstance(each, ast.Import | ast.ImportFrom)]  # fmt: skip
    roots = {module.partition(".")[0] for module in imported}
    assert roots - sys.stdlib_module_names == {"anthropic"}


def loop_of(code):
    """The first loop over a stream in some code, whatever its layout; None if it has none."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    loops = (node for node in ast.walk(compile(code, "code", "exec", flags)) if isinstance(node, ast.For))
    return next((ast.unparse(loop) for loop in loops if ast.unparse(loop.iter) == "stream"), None)


@pytest.mark.parametrize(
    "path", [path for path in done() if path.name.startswith("00")], ids=lambda path: path.stem
)
def test_the_first_loop_that_a_learner_sees_is_that_of_the_snippet(path):
    shown = [loop for cell in read(path).cells if cell.cell_type == "code" and (loop := loop_of(cell.source))]
    assert shown[:1] == [loop_of((SNIPPETS / "one_turn.py").read_text("utf-8"))]


def test_a_loop_is_the_same_in_another_layout():
    wide = "with s as stream:\n  for event in stream:  # why\n    print( event )\nfor x in y: pass"
    assert (
        loop_of(wide)
        == loop_of("for event in stream:\n    print(event)")
        != loop_of("for event in stream: pass")
    )
    assert loop_of("for event in events: pass") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", TURNS)
def test_a_snippet_does_what_was_recorded(name):
    ran = run(name, strict=True, forked=False)
    assert (ran.code, ran.error, ran.lines[-1]) == (0, "", "session.status_idle end_turn")
    assert ran.trouble() == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", TURNS)
def test_a_docstring_says_what_its_snippet_survives_and_what_not(name):
    told, survived = promises(SNIPPETS / f"{name}.py")
    cases = [(fault, spec) for fault, specs in SPECS.items() for spec in specs]
    found = {fault: set() for fault in SPECS}
    with ThreadPoolExecutor(4) as several:  # they mostly wait
        for (fault, _), ran in zip(cases, several.map(lambda case: run(name, case[1]), cases), strict=True):
            found[fault] |= ran.trouble()
    assert survived == {fault for fault, trouble in found.items() if not trouble}
    assert told.keys() == {fault for fault, trouble in found.items() if trouble}
    for fault, what in told.items():
        assert any(trouble in what for trouble in found[fault]), f"{fault}: {what!r}, measured {found[fault]}"


@pytest.mark.slow
def test_what_comes_after_the_end_is_not_taken_for_it():
    with (
        ManagedAgentsApi(RECORDINGS, strict=False) as api,
        script(SNIPPETS / "poll_one_turn.py", api.environment) as process,
    ):
        wait_for(lambda: api.sessions and api.sessions[-1].events, 60)
        ended(api)  # before its first look, which comes after two seconds
        api.client.beta.sessions.update(api.sessions[-1].id, title="primes, counted")
        process.join(60)
        assert api.sessions[-1].events[-1]["type"] == "session.updated"
        assert process.printed()[0][-1] == "session.status_idle end_turn"


# -- a snippet that is called --------------------------------------------------------------------------


@contextmanager
def receiving(api, **how):
    """The receiver's process, and its address, once it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {**api.environment, "ANTHROPIC_WEBHOOK_SIGNING_KEY": SECRET, "PORT": str(port)}
    with script(SNIPPETS / "receive_webhooks.py", variables, **how) as process:
        wait_for(lambda: process.printed()[0], 60)  # it has to start
        url = f"http://127.0.0.1:{port}/"
        wait_for(lambda: answers(port))
        yield process, url


def answers(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def after_a_turn(api):
    """The id of a session whose turn is over, and its end as the snippet prints it."""
    api.client = client = api.client.with_options(timeout=IMPATIENT, max_retries=4)
    id = api.create_session("00_primes")
    message = {"type": "user.message", "content": [{"type": "text", "text": "go"}]}
    client.beta.sessions.events.send(id, events=[message])
    last = ended(api)
    return id, f"{id} {last['type']} {last.get('stop_reason', {}).get('type')}"


def ended(api):
    """The event that ends the session's turn, once it is there."""
    ends = ("session.status_idle", "session.status_terminated")
    wait_for(lambda: api.sessions[-1].events[-1]["type"] in ends)
    return api.sessions[-1].events[-1]


def webhooks_under(spec):
    """Whether a receiver tells how a turn under these faults ended."""
    with ManagedAgentsApi(RECORDINGS, faults=spec, strict=False) as api, receiving(api) as (process, url):
        id, ending = after_a_turn(api)
        assert post(url, payload("wevt_1", id)).status_code == 204
        wait_for(lambda: len(process.printed()[0]) > 1)
        return process.printed()[0][1:] == [ending]


@pytest.mark.slow
def test_the_docstring_of_the_receiver_says_what_it_survives_and_what_not():
    told, survived = promises(SNIPPETS / "receive_webhooks.py")
    found = {}
    with ManagedAgentsApi(RECORDINGS, strict=False) as api:
        id, ending = after_a_turn(api)
        first = payload("wevt_1", id)
        with receiving(api) as (process, url):
            stale = {"forged": signed(first, secret="whsec_" + "b" * 32), "stale": signed(first, age=3600)}
            found |= {name: post(url, first, headers).status_code == 400 for name, headers in stale.items()}
            posted = [
                first,
                first,
                payload("wevt_2", id, "session.status_run_started"),
                payload("wevt_3", id),
            ]
            api.client.beta.sessions.update(id, title="what comes after the end doesn't hide it")
            assert [post(url, body).status_code for body in posted] == [204] * 4
            wait_for(lambda: len(process.printed()[0]) > 2)
            found |= dict.fromkeys(("twice", "order"), process.printed()[0][1:] == [ending, ending])
            assert post(url, payload("wevt_4", "sesn_gone")).status_code == 204
            wait_for(lambda: "NotFoundError" in process.errors())
            found["deleted"] = False
            assert RAISES in told["deleted"] and post(url, payload("wevt_5", id)).status_code == 204
        with receiving(api, forked=False) as (process, url):
            assert post(url, first).status_code == 204
            wait_for(lambda: len(process.printed()[0]) > 1)
            found["restart"] = process.printed()[0][1:] != [ending]
            assert HANDLED_TWICE in told["restart"]
    with ThreadPoolExecutor(4) as several:
        found |= {fault: all(several.map(webhooks_under, specs)) for fault, specs in SPECS.items()}
    assert survived == {name for name, well in found.items() if well}
    assert told.keys() == {name for name, well in found.items() if not well}

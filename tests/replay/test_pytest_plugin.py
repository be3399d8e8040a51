"""The fixture `managed_agents_api` in other people's suites: a test here is a small suite, run by pytest."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from textwrap import dedent

import pytest
from anthropic import Anthropic

from tests.kit.places import ROOT
from tests.kit.scripts import weather
from utilities.replay import Library, ReplayServer

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]


PROGRAM = '''
"""Somebody's agent program: the plain SDK, told nothing of tests."""
import sys
from anthropic import Anthropic

def ask(question, city="rain"):
    client = Anthropic()
    agent = client.beta.agents.create(name="weather", model="claude-sonnet-4-6")
    environment = client.beta.environments.create(name="weather")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id
    said = []
    with client.beta.sessions.events.stream(session) as stream:
        message = {"type": "user.message", "content": [{"type": "text", "text": question}]}
        client.beta.sessions.events.send(session, events=[message])
        for event in stream:
            if event.type == "agent.message":
                said.append(event.content[0].text)
            elif event.type == "agent.custom_tool_use":
                answer = {"type": "user.custom_tool_result", "custom_tool_use_id": event.id,
                          "content": [{"type": "text", "text": city}]}
                client.beta.sessions.events.send(session, events=[answer])
            elif event.type == "session.status_idle" and event.stop_reason.type == "end_turn":
                break
    while client.beta.sessions.retrieve(session).status == "running":
        pass
    client.beta.sessions.delete(session)
    client.close()
    return " ".join(said)

if __name__ == "__main__":
    print(ask(sys.argv[1]))
'''


@pytest.fixture
def suite(pytester, run_here, monkeypatch):
    """A project with a program, a recording beside the tests, and the tests that are given; runs them."""
    monkeypatch.syspath_prepend(pytester.path)
    pytester.makepyfile(program=PROGRAM)
    weather().save(pytester.mkdir("recordings"))

    def run(tests: str, *options: str, how: str = "inprocess") -> pytest.RunResult:
        pytester.makepyfile(test_it="import pytest\nfrom program import ask\n" + dedent(tests))
        if how == "subprocess":
            return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
        return run_here(*options)

    return run


def ends(result, **outcomes):
    """The output of a run that ended like this."""
    result.assert_outcomes(**outcomes)
    return str(result.stdout)


# -- loading: for every suite in the environment ---------------------------------------------------------


def test_it_costs_nothing_until_it_is_used_knows_its_mark_and_leaves_nothing_open(suite, pytester):
    """By its entry point, in a process of its own, in which every warning is an error."""
    pytester.makeconftest("import sys\nat_first = set(sys.modules)")
    tests = """
    import asyncio
    from conftest import at_first
    kept = []
    def test_nothing_heavy_was_imported():
        assert "managed_agents_pytest" in at_first
        assert not {"utilities", "anthropic", "starlette", "uvicorn", "pydantic"} & at_first
    @pytest.mark.managed_agents(speed=0)
    def test_sync(managed_agents_api):
        assert list(managed_agents_api.client.beta.sessions.list()) == []
        kept.append(managed_agents_api.client)
    def test_sync_after():
        assert kept[0].is_closed()
    def test_async_in_two_loops(managed_agents_api):
        async def sessions():
            return [session async for session in managed_agents_api.async_client.beta.sessions.list()]
        assert asyncio.run(sessions()) == asyncio.run(sessions()) == []
    """
    strictly = ("--strict-markers", "--strict-config", "-W", "error")
    ends(suite(tests, *strictly, how="subprocess"), passed=4)


def test_a_project_with_utilities_of_its_own_does_not_notice(pytester):
    (pytester.mkpydir("utilities") / "sums.py").write_text("def add(a, b): return a + b\n")
    pytester.makepyfile(
        """
        def test_theirs():
            from utilities.sums import add
            assert add(1, 2) == 3
        def test_ours(managed_agents_api):
            pass
        """
    )
    # Not editable, as others install it; and by `python -m`, so that the project comes first on the path.
    editable = "sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in repr(f)]"
    pytester.makeconftest(f"import sys; {editable}")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    out = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True).stdout
    assert "1 passed, 1 error" in out
    assert f"it needs the cookbook's package `utilities`, here it is {pytester.path}" in out
    assert "Traceback" not in out and "During handling" not in out


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    folders = {init.parent.relative_to(ROOT) for init in ROOT.glob("utilities/**/__init__.py")}
    found = {".".join(folder.parts) for folder in folders}
    assert set(listed) - {"managed_agents_pytest"} == found - {"utilities.managed_agents_pytest"}


# -- the program finds the server ------------------------------------------------------------------------


def test_an_unmodified_program_in_this_process_and_in_another(suite):
    tests = """
    import os, subprocess, sys
    from utilities import connect
    def test_here(managed_agents_api):
        assert ask("Rain today?") == "Take an umbrella."
        managed_agents_api.assert_finished()
    def test_there(managed_agents_api):
        command = [sys.executable, "program.py", "Rain today?"]
        assert subprocess.run(command, capture_output=True, text=True).stdout == "Take an umbrella.\\n"
        managed_agents_api.assert_finished()
    @pytest.mark.managed_agents(requests=False)
    def test_connect(managed_agents_api, capsys):
        assert str(connect().base_url).rstrip("/") == managed_agents_api.base_url
    def test_nothing_is_left(request):
        assert "ANTHROPIC_BASE_URL" not in os.environ and "ANTHROPIC_API_KEY" not in os.environ
    """
    ends(suite(tests), passed=4)


def test_a_key_and_a_proxy_of_the_user_do_not_matter(suite, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-users-own")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    tests = """
    import os
    def test_it(managed_agents_api):
        assert ask("Rain today?") and os.environ["ANTHROPIC_API_KEY"] == "recorded"
        assert os.environ["NO_PROXY"] == "example.com,127.0.0.1,localhost,::1"
    def test_after():
        assert os.environ["ANTHROPIC_API_KEY"] == "the-users-own" and os.environ["NO_PROXY"] == "example.com"
    """
    ends(suite(tests), passed=2)


# -- which recordings, which options ---------------------------------------------------------------------


def test_recordings_by_mark_the_closest_one_counts(suite, pytester):
    other = pytester.mkdir("other")
    weather("one", "One?").save(other)
    weather("two", "Two?").save(other)
    (other / "code.py").write_text("")
    tests = """
    pytestmark = pytest.mark.managed_agents("other", strict=False, requests=False)
    def names(api):
        return [recording.name for recording in api.server.api.sessions.library.recordings]
    def test_module(managed_agents_api):
        assert (names(managed_agents_api), managed_agents_api.strict) == (["one", "two"], False)
    @pytest.mark.managed_agents(recordings="other/two.jsonl", strict=True)
    class TestClass:
        def test_class(self, managed_agents_api):
            assert (names(managed_agents_api), managed_agents_api.strict) == (["two"], True)
        @pytest.mark.managed_agents(recordings=["recordings", "other/one.jsonl"])
        def test_function(self, managed_agents_api):
            assert (names(managed_agents_api), managed_agents_api.strict) == (["one", "weather"], True)
    """
    ends(suite(tests), passed=3)


def test_recordings_by_ini_file(pytester, run_here):
    weather().save(pytester.mkdir("tapes"))
    pytester.makeini("[pytest]\nmanaged_agents_recordings = tapes")
    pytester.mkdir("deeper").joinpath("test_it.py").write_text(
        "import pytest\n@pytest.mark.managed_agents(requests=False)\ndef test_it(managed_agents_api):\n"
        "    (recording,) = managed_agents_api.server.api.sessions.library.recordings\n"
        "    assert recording.name == 'weather'\n"
    )
    ends(run_here(), passed=1)


def test_without_recordings_there_is_still_a_server(pytester, run_here):
    pytester.makepyfile("def test_it(managed_agents_api): managed_agents_api.client.beta.agents.list()")
    ends(run_here(), passed=1)


def test_a_recording_written_in_the_test_file_and_faults(suite):
    tests = f"""
    import sys
    sys.path.insert(0, {str(ROOT)!r})
    from tests.kit.scripts import weather
    @pytest.mark.managed_agents(recordings=weather("mine", "Mine?").recording(), faults="end=1")
    def test_it(managed_agents_api):
        assert ask("Mine?") == ""  # the program takes the end of its stream for the end of the turn
        with pytest.raises(AssertionError, match="at event 8 of 14 with user.custom_tool_result 'rain'"):
            managed_agents_api.assert_finished()
    @pytest.mark.managed_agents(speed=1e-9, requests=False)
    def test_speed(managed_agents_api):
        assert managed_agents_api.server.api.sessions.speed == 1e-9
    """
    ends(suite(tests), passed=2)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("colour='red'", "the mark doesn't know colour; it takes recordings, strict, speed, faults"),
        ("'recordings', True", "the mark doesn't know True"),
        ("faults='earthquake'", "there is no fault 'earthquake'; there are: drop=N, "),
        ("recordings='gone'", "gone: no such recording, file or folder"),
        ("recordings='test_it.py'", "test_it.py, line 1: not JSON"),
        ("recordings='scenarios/weather.toml'", "utilities.replay.scenario"),
    ],
)
def test_a_wrong_mark_is_one_line(suite, mark, told):
    result = suite(f"@pytest.mark.managed_agents({mark})\ndef test_it(managed_agents_api): pass")
    lines = ends(result, errors=1).splitlines()
    (place,) = (number for number, line in enumerate(lines) if "ERROR at setup of test_it" in line)
    assert lines[place + 1].startswith("managed_agents_api: ") and told in lines[place + 1]
    assert lines[place + 2].startswith("===")


# -- what was not recorded -------------------------------------------------------------------------------

SWALLOWING = """
def test_it(managed_agents_api):
    try:
        ask("Rain tomorrow?")
    except Exception:
        pass
"""
DIFFERENCE = "weather: it has 'Rain today?' where you sent 'Rain tomorrow?'"


def test_a_refusal_that_the_program_swallows_fails_the_test(suite):
    out = ends(suite(SWALLOWING), failed=1)
    assert f"managed_agents_api: no recording continues from here with this user.message. {DIFFERENCE}" in out
    assert "Traceback" not in out


def test_what_the_program_raises_shows_the_difference_and_nothing_more(suite):
    tests = """
    def test_another_message(managed_agents_api): ask("Rain tomorrow?")
    def test_another_answer(managed_agents_api): ask("Rain today?", "sun")
    """
    out = ends(suite(tests), failed=2)
    assert "BadRequestError" in out and DIFFERENCE in out
    assert "it has 'rain' where you sent 'sun'" in out
    assert out.count("_ test_another_message _") == 1


FOLLOWING = """
from anthropic import beta_tool
from utilities import stream_until_end_turn

@beta_tool
def forecast(city: str) -> str:
    '''Whether it rains.'''
    raise KeyError(f"no station in {city}")

def follow(client, **options):
    agent = client.beta.agents.create(name="weather", model="claude-sonnet-4-6")
    environment = client.beta.environments.create(name="weather")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    return stream_until_end_turn(client, session.id, "Rain today?", **options)

def tell(event):
    raise ValueError(f"told of {event.type}")

"""


def test_a_tool_that_raises_is_a_screen_with_what_it_raised(suite):
    tests = FOLLOWING + "def test_it(managed_agents_api): follow(managed_agents_api.client, tools=[forecast])"
    out = ends(suite(tests), failed=1)
    assert "where you sent 'error' (\"KeyError: 'no station in Bern'\")" in out
    assert 'raise KeyError(f"no station in {city}")' in out
    assert "return stream_until_end_turn(" in out and "_base_client.py" not in out
    assert len(out.splitlines()) < 75
    assert "_base_client.py" in ends(suite(tests, "--full-trace"), failed=1)


def test_what_a_program_raises_where_we_call_it_keeps_its_place(suite):
    tests = FOLLOWING + "def test_it(managed_agents_api): follow(managed_agents_api.client, on_event=tell)"
    out = ends(suite(tests), failed=1)
    assert '>       raise ValueError(f"told of {event.type}")'.replace("  ", "") in out.replace("  ", "")


def test_a_session_that_is_not_as_recorded_fails_with_the_field(suite, pytester):
    """Also where the program swallows it; and nobody is told to go live in a test."""
    script = weather()
    script.header = {"agent": {"name": "weather", "model": "claude-sonnet-4-6", "system": "Be brief."}}
    script.save(pytester.path / "recordings")
    out = ends(suite(SWALLOWING.replace("tomorrow", "today")), failed=1)
    assert (
        "agent.system was 'Be brief.' and is nothing now. If that is meant, record the session anew." in out
    )
    assert "Traceback" not in out and "live" not in out
    assert len(out.splitlines()) < 30


@pytest.mark.parametrize("mark", ["", '@pytest.mark.managed_agents(recordings=["empty"])'])
def test_a_suite_without_recordings_hears_where_they_were_looked_for_and_what_makes_them(
    suite, pytester, mark
):
    (pytester.path / "recordings" / "weather.jsonl").unlink()
    pytester.mkdir("empty")
    out = ends(suite(f"{mark}\ndef test_it(managed_agents_api): ask('Rain today?')"), failed=1)
    where = "what the mark names" if mark else f"{pytester.path / 'recordings'}"
    assert f"there are no recordings in {where}: `python -m utilities.replay.scenario" in out


def test_a_refusal_that_is_meant_to_be(suite):
    tests = ""
    for number, (before, after) in enumerate([
        ("@pytest.mark.managed_agents(strict=False)", ""),
        ("", "    managed_agents_api.unrecorded.clear()"),
        ("@pytest.mark.xfail(strict=True)", ""),
    ]):  # fmt: skip
        test = SWALLOWING.strip().replace("test_it", f"test_{number}")
        tests += f"{before}\n{test}\n{after}\n"
    ends(suite(tests), passed=2, xfailed=1)


def test_not_strict_means_that_a_refusal_is_the_programs_affair(suite):
    tests = """
    import anthropic
    @pytest.mark.managed_agents(strict=False)
    def test_it(managed_agents_api):
        ask("Rain today?")
        with pytest.raises(anthropic.BadRequestError, match="it waits for user.message"):
            define_an_outcome(managed_agents_api.client)
        assert len(managed_agents_api.unrecorded) == 1
    def define_an_outcome(client):
        agent = client.beta.agents.create(name="weather", model="claude-sonnet-4-6")
        environment = client.beta.environments.create(name="another")
        session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id
        rubric = {"type": "text", "content": "y"}
        outcome = {"type": "user.define_outcome", "description": "x", "rubric": rubric}
        client.beta.sessions.events.send(session, events=[outcome])
    """
    ends(suite(tests), passed=1)


def test_each_test_has_a_server_of_its_own(suite):
    tests = (
        SWALLOWING
        + """
@pytest.mark.managed_agents(requests=False)
def test_after(managed_agents_api):
    assert (managed_agents_api.unrecorded, managed_agents_api.sessions) == ([], [])
"""
    )
    ends(suite(tests), failed=1, passed=1)


# -- a test that goes astray -----------------------------------------------------------------------------

AT_IMPORT = """
import program
from anthropic import Anthropic
client = Anthropic(api_key="k", base_url={url!r}, max_retries=0)
program.Anthropic = lambda: client
{mark}
def test_it(managed_agents_api):
    try:
        ask("Rain today?")
    except Exception:
        pass
"""


@pytest.mark.parametrize("url", ["https://api.anthropic.com", "http://192.0.2.1:80"])
def test_a_request_to_another_host_is_stopped_and_fails_the_test(suite, url):
    out = ends(suite(AT_IMPORT.format(url=url, mark="")), failed=1)
    asked = url.removesuffix(":80")
    assert f"managed_agents_api: POST {asked}/v1/agents was stopped. No request leaves a test" in out
    assert "at import perhaps" in out and "Traceback" not in out


def test_the_server_that_the_environment_named_before_is_another_host(suite, monkeypatch):
    with ReplayServer(Library()) as before:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", before.base_url)
        out = ends(suite(AT_IMPORT.format(url=before.base_url, mark="")), failed=1)
        assert f"POST {before.base_url}/v1/agents was stopped" in out
        assert list(Anthropic(base_url=before.base_url, api_key="k").beta.agents.list()) == []


THERE = """
import os
import httpx2
models = os.environ["ANTHROPIC_BASE_URL"] + "/v1/models"
print(httpx2.get(models, headers={"anthropic-version": "2023-06-01"}).status_code)
try:
    httpx2.get("http://192.0.2.1/", timeout=5)
except httpx2.ConnectError:
    print("refused")
"""


def test_a_child_of_the_test_reaches_nobody_else(suite, pytester):
    pytester.makepyfile(there=THERE)
    tests = """
    import subprocess, sys
    def test_it(managed_agents_api):
        done = subprocess.run([sys.executable, "there.py"], capture_output=True, text=True)
        assert done.stdout.split()[1:] == ["refused"], done
    """
    ends(suite(tests), passed=1)


def test_without_one_request_a_test_fails(suite):
    tests = """
    def test_it(managed_agents_api): pass
    @pytest.mark.managed_agents(requests=False)
    def test_on_purpose(managed_agents_api): pass
    """
    out = ends(suite(tests), failed=1, passed=1)
    assert "no request came to this test's server" in out and "requests=False" in out
    assert "when its module is imported" in out


def test_requests_that_were_all_turned_away_are_requests(suite):
    tests = """
    @pytest.mark.managed_agents(faults="status=503,times=9")
    def test_it(managed_agents_api):
        with pytest.raises(Exception, match="turned away on purpose"):
            managed_agents_api.client.with_options(max_retries=0).beta.agents.list()
    """
    ends(suite(tests), passed=1)


def test_requests_that_are_refused_for_their_headers_are_requests(suite):
    tests = """
    import httpx2
    def test_it(managed_agents_api):
        url = managed_agents_api.base_url + "/v1/agents"
        assert httpx2.get(url, headers={"anthropic-beta": "managed-agents-2026-04-01"}).status_code == 400
        (sent,) = managed_agents_api.exchanges
        assert (sent.method, sent.path, sent.status) == ("GET", "/v1/agents", 400)
        assert "anthropic-version" in sent.error
    """
    ends(suite(tests), passed=1)


# -- what happened ---------------------------------------------------------------------------------------


def test_a_failed_test_shows_what_happened(suite):
    out = ends(suite("def test_it(managed_agents_api):\n    ask('Rain today?')\n    assert 0"), failed=1)
    shown = out.partition("- Captured managed_agents_api call -")[2]
    for line in (
        "following weather",
        "user.message 'Rain today?'",
        "agent.custom_tool_use forecast",
        "user.custom_tool_result 'rain'",
        "agent.message 'Take an umbrella.'",
    ):
        assert line in shown
    assert "not finished" not in shown


def test_a_session_is_known_also_after_it_was_deleted(suite):
    tests = """
    def test_it(managed_agents_api):
        ask("Rain today?")
        (session,) = managed_agents_api.sessions
        assert session.tool_calls == [("forecast", {"city": "Bern"})]
        assert session.answers == [("forecast", "rain")]
        assert session.messages == ["Take an umbrella."]
        assert [event["type"] for event in session.sent] == ["user.message", "user.custom_tool_result"]
        assert session.events[-1]["type"] == "session.deleted"
        requests = [f"{exchange.method} {exchange.path}" for exchange in managed_agents_api.exchanges]
        events = f"/v1/sessions/{session.id}/events"
        assert requests.index(f"GET {events}/stream") < requests.index(f"POST {events}")
    """
    ends(suite(tests), passed=1)

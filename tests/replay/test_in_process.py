"""The replay server without a socket: the same turns, with no thread, no socket and no process."""

import asyncio
import json
from contextlib import contextmanager, nullcontext
from io import BytesIO
from zipfile import ZipFile

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_async_tool, beta_tool
from anthropic.lib.tools import ToolError

from tests.kit.browser_python import browser_python
from tests.kit.places import DATA, RECORDINGS
from tests.kit.recordings import Script
from tests.kit.turn_scripts import a_turn
from utilities import poll_until_end_turn, stream_until_end_turn, stream_until_end_turn_async
from utilities.loopback import direct
from utilities.replay import Library, Recording
from utilities.replay.in_process import InProcessServer
from utilities.replay.testing import ManagedAgentsApi

ORDERS = json.loads((DATA / "orders/orders.json").read_text("utf-8"))
LESSONS = ("00_primes", "01_tests_green", "03_bounce", "03_parallel", "03_error", "03_ask_first")


@beta_tool
def order_status(order: str) -> str:
    """Look up an order by its number."""
    if order not in ORDERS:
        raise ToolError(f"no order {order!r}: a number looks like {min(ORDERS)}")
    return json.dumps(ORDERS[order])


def opening(recording):
    return next(event["content"] for event in recording.events if event["type"] == "user.message")


def followed(name, helper, place):
    """All that a turn on this recording came to; ids and times are the same on every server."""
    recording = Recording.load(RECORDINGS / f"{name}.jsonl")
    with place(), ManagedAgentsApi(recording) as api:
        session_id, shown = api.create_session(name), []
        turn = helper(
            api.client, session_id, opening(recording), tools=[order_status],
            confirm=lambda call: True, on_event=shown.append,
        )  # fmt: skip
        asked = list(map(str, api.exchanges))
        history = list(api.client.beta.sessions.events.list(session_id))
    return turn.outcome, turn.text, asked, *([event.to_dict() for event in seen] for seen in (shown, history))


@pytest.mark.parametrize("name", LESSONS)
def test_a_turn_is_the_same_as_over_a_socket(name):
    here = followed(name, stream_until_end_turn, browser_python)
    assert here[0] == "end_turn"
    assert here == followed(name, stream_until_end_turn, nullcontext)


@pytest.mark.parametrize("name", ["00_primes", "03_parallel"])
def test_a_turn_that_is_polled_is_the_same_as_over_a_socket(name):
    def helper(*arguments, **options):
        return poll_until_end_turn(*arguments, interval=0.01, **options)

    assert followed(name, helper, browser_python) == followed(name, helper, nullcontext)


def test_an_async_turn_waits_for_its_tools_without_a_thread():
    recording = Recording.load(RECORDINGS / "03_bounce.jsonl")

    @beta_async_tool
    async def order_status(order: str) -> str:
        """Look up an order by its number."""
        await asyncio.sleep(0)
        return json.dumps(ORDERS[order])

    async def turn():
        with ManagedAgentsApi(recording) as api:
            client, session_id = api.async_client, api.create_session("03_bounce")
            message = opening(recording)
            return await stream_until_end_turn_async(client, session_id, message, tools=[order_status])

    with asyncio.Runner() as runner:
        runner.get_loop()  # it opens sockets, so before they are forbidden
        with browser_python():
            result = runner.run(turn())
    assert result.outcome == "end_turn"
    assert [call.is_error for call in result.tool_calls] == [False]


@contextmanager
def here(script, **options):
    """A client and a session of a server in this process, where nothing else can be had."""
    with browser_python(), InProcessServer(Library([script.recording()]), **options) as server:
        client = Anthropic(api_key="k", base_url=server.base_url, **direct(Anthropic, server.base_url))
        agent = client.beta.agents.create(name=script.name, model="claude-sonnet-4-6")
        environment = client.beta.environments.create(name="e", config={"type": "cloud"})
        yield client, client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id


def send(client, session_id, text):
    message = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    client.beta.sessions.events.send(session_id, events=[message])


def test_a_stream_is_played_as_it_is_read():
    """Nobody else moves the clock: the wait for the next event is what lets the recording go on."""
    now, waits = [0.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    played = here(a_turn(), speed=1.0, clock=lambda: now[0], sleep=sleep)
    with played as (client, session_id), client.beta.sessions.events.stream(session_id) as stream:
        send(client, session_id, "go")
        first = next(stream)
        assert now[0] == 0.0, "the turn has only begun"
        events = [first]
        while events[-1].type != "session.status_idle":
            events.append(next(stream))
    recorded = events[-1].processed_at - first.processed_at
    assert sum(waits) == pytest.approx(recorded.total_seconds(), abs=0.1)
    assert len(waits) > 1


def test_a_loop_that_waits_for_what_can_not_come_is_told_so():
    waits = []
    with here(a_turn(), sleep=waits.append) as (client, session_id):
        stream = client.beta.sessions.events.stream
        told = pytest.raises(httpx2.ReadTimeout, match="leave the loop at every idle event")
        with stream(session_id) as opened, told:
            next(opened)
        assert waits == []
        with stream(session_id, timeout=0.5) as opened, pytest.raises(httpx2.ReadTimeout):
            next(opened)
        assert waits == [0.5]


def test_an_upload_comes_back_as_it_was():
    content = bytes(range(256)) * 8192  # 2 MiB, more than a form keeps in memory
    with browser_python(), InProcessServer(Library([])) as server:
        client = Anthropic(api_key="k", base_url=server.base_url, **direct(Anthropic, server.base_url))
        for file in (("a ü.bin", content, "application/octet-stream"), content):
            uploaded = client.beta.files.upload(file=file)
            assert uploaded.size_bytes == len(content)
        assert uploaded.filename == "unnamed.bin"  # the plain bytes


def test_a_skill_and_its_files_come_back_as_they_were():
    head = b"---\nname: greeting\ndescription: How to greet.\n---\nSay \xc3\xa4.\r\n"
    files = [("greeting/SKILL.md", head, "text/markdown"), ("greeting/a ü.bin", bytes(range(256)))]
    with browser_python(), InProcessServer(Library([])) as server:
        client = Anthropic(api_key="k", base_url=server.base_url, **direct(Anthropic, server.base_url))
        skill = client.beta.skills.create(files=files)
        zipped = client.beta.skills.versions.download(skill.latest_version_id, skill_id=skill.id).read()
    with ZipFile(BytesIO(zipped)) as archive:
        assert [archive.read(name) for name in sorted(archive.namelist())] == [head, bytes(range(256))]


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data"])
def test_a_damaged_form_is_refused(kind):
    headers = {"content-type": kind, "anthropic-version": "2023-06-01"}
    with browser_python(), InProcessServer(Library([])) as server:
        client = direct(Anthropic, server.base_url)["http_client"]
        answer = client.post(f"{server.base_url}/v1/files", content=b"no", headers=headers)
    assert answer.status_code == 400 and "the multipart body is damaged" in answer.text


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"anthropic-beta": "no-such-beta"}, anthropic.BadRequestError),
        ({"x-replay-faults": "no-such-fault"}, anthropic.BadRequestError),
        ({"x-replay-faults": "status=429"}, anthropic.RateLimitError),
        ({"x-replay-faults": "hang"}, anthropic.APITimeoutError),
    ],
)
def test_what_a_server_refuses_is_refused_here(headers, error):
    with here(a_turn()) as (client, _), pytest.raises(error):
        client.with_options(max_retries=0).beta.agents.list(extra_headers=headers)


@pytest.mark.parametrize("fault", ["drop=3", "end=3", "lose", "drop=0,times=2"])
def test_a_turn_survives_what_it_survives_over_a_socket(fault):
    with here(a_turn()) as (client, session_id):
        faulty = client.with_options(default_headers={"x-replay-faults": fault})
        turn = stream_until_end_turn(faulty, session_id, "go")
        history = list(client.beta.sessions.events.list(session_id))
    assert turn.outcome == "end_turn"
    assert [event.id for event in turn.events] == [event.id for event in history]


def test_async_streams_look_when_somebody_sends():
    async def watch(client, session_id, opened):
        async with await client.beta.sessions.events.stream(session_id) as stream:
            opened.set()
            return [event.type async for event in until_idle(stream)]

    async def until_idle(stream):
        async for event in stream:
            yield event
            if event.type == "session.status_idle":
                return

    async def both():
        with here(a_turn()) as (client, session_id):
            url, opened = client.base_url, asyncio.Event()
            other = AsyncAnthropic(api_key="k", base_url=url, **direct(AsyncAnthropic, url))
            watching = asyncio.create_task(watch(other, session_id, opened))
            await opened.wait()
            await asyncio.sleep(0)  # now it waits for what comes
            send(client, session_id, "go")
            return await watching

    with asyncio.Runner() as runner:
        runner.get_loop()
        types = runner.run(both())
    assert types[0] == "session.status_running" or types[0] == "user.message"
    assert types[-1] == "session.status_idle"


def test_an_async_tool_that_waits_is_an_error_that_the_agent_hears():
    @beta_async_tool
    async def work(name: str) -> str:
        """Work."""
        await asyncio.sleep(1)
        return "done"

    script = Script("work")
    script.message("go")
    call = script.custom("work", name="a")
    script.idle("requires_action", [call])
    script.custom_result(call, "done")
    script.running()
    script.say("over")
    script.idle()

    async def cell():  # where a loop runs, as in a notebook
        return stream_until_end_turn(client, session_id, "go", tools=[work])

    with asyncio.Runner() as runner:
        runner.get_loop()
        with here(script) as (client, session_id):
            turn = runner.run(cell())
    [told] = [call for call in turn.tool_calls if call.is_error]
    assert "it waits, and nothing can wait here" in told.text


def test_a_client_of_a_server_that_was_stopped_finds_nobody():
    with here(a_turn()) as (client, session_id):
        url = str(client.base_url)
    assert "transport" not in direct(Anthropic, url)["http_client"].__dict__
    with pytest.raises(anthropic.APIConnectionError):
        Anthropic(api_key="k", base_url=url, max_retries=0, **direct(Anthropic, url)).beta.agents.list()

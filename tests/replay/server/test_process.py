"""`python -m utilities.replay`: where it is, how it ends, and what it refuses."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx2
import pytest
from anthropic import Anthropic, NotFoundError

from tests.kit.calling import HEADERS, new_session
from tests.kit.forked import module
from tests.kit.streams import followed
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET, Receiver
from utilities.replay.__main__ import main


@pytest.mark.slow
def test_the_process_says_where_it_is_does_what_it_is_told_and_ends_when_interrupted():
    with Receiver() as receiver:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "utilities.replay", "--webhook", receiver.url),
                *("--faults", "status=503,on=GET/agents"),
            ],
            env={**os.environ, "ANTHROPIC_WEBHOOK_SIGNING_KEY": SECRET},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            url = process.stdout.readline().strip()
            assert [httpx2.get(f"{url}/v1/agents", headers=HEADERS).status_code for _ in range(2)] == [
                503,
                200,
            ]
            client = Anthropic(api_key="x", base_url=url, max_retries=0)
            thread = followed(client, new_session(client), [])
            wait_for(lambda: receiver.types() == ["session.created"])
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            thread.join(5)
            assert not thread.is_alive()
            assert (process.stdout.read(), process.stderr.read()) == ("", "")
        finally:
            process.kill()
            process.communicate()


@pytest.mark.rule(
    "an address that others can reach is served only with a key", topic="requests", evidence="ours"
)
def test_what_the_process_refuses_it_says_in_one_line(tmp_path, capsys):
    (tmp_path / "x.jsonl").write_text("{}\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for told, arguments in {
            "x.jsonl, line 1: no header": ("--recordings", tmp_path),
            "no such folder of recordings": ("--recordings", tmp_path / "nowhere"),
            f"127.0.0.1 port {port}: Address already in use": ("--port", port),
            "give a key too (--key)": ("--host", "0.0.0.0"),
            "--host is empty": ("--host", "", "--key", "k"),
            "--key is empty": ("--key", ""),
        }.items():
            assert main(list(map(str, arguments))) == 2
            out, error = capsys.readouterr()
            assert out == ""
            assert error.startswith("replay server: ") and error.count("\n") == 1
            assert told in error


@contextmanager
def running(*options, **variables):
    """The address of a process with these options and environment variables."""
    with module("utilities.replay", *options, **variables) as out:
        wait_for(lambda: out.read_text("utf-8").endswith("\n"), 60)  # it has to start
        yield out.read_text("utf-8").strip()


@pytest.mark.slow
def test_the_key_may_be_in_the_environment():
    """Where whoever lists the processes doesn't see it. What the option says stands before it."""
    for options, right in (((), "b"), (("--key", "a"), "a")):
        with running(*options, REPLAY_KEY="b") as url:
            answers = [
                httpx2.get(f"{url}/v1/agents", headers={**HEADERS, "x-api-key": key}).status_code
                for key in ("a", "b")
            ]
        assert answers == [200 if key == right else 401 for key in ("a", "b")]


@pytest.mark.slow
def test_an_id_of_before_a_restart_leads_nowhere():
    ids = []
    for options in ((), (), ("--seed", "x"), ("--seed", "x")):
        with running(*options) as url, Anthropic(api_key="x", base_url=url, max_retries=0) as client:
            for before in ids:
                with pytest.raises(NotFoundError):
                    client.beta.sessions.retrieve(before)
            ids.append(new_session(client))
    assert len(set(ids)) == 3 and ids[2] == ids[3]


@pytest.mark.parametrize("origin", ["*", "example.org"])
def test_what_is_no_origin_is_said(origin, capsys):
    assert main(["--allow-origin", origin]) == 2
    assert f"--allow-origin: '{origin}' is no origin" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--port=99999", "--speed=-1", "--speed=nan", "--what"])
def test_wrong_options_are_refused(option, capsys):
    with pytest.raises(SystemExit) as caught:
        main([option])
    assert caught.value.code == 2
    usage, error = capsys.readouterr().err.splitlines()
    assert usage == "usage: python -m utilities.replay [options]"
    assert option.partition("=")[0] in error

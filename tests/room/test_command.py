"""`python -m utilities.room`: what it prints is what learners set."""

import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from anthropic import Anthropic

from tests.kit.calling import new_session
from tests.kit.streams import followed
from utilities.room.__main__ import instructions, main


@pytest.mark.slow
def test_what_it_prints_leads_there_and_it_ends_when_interrupted():
    command = [sys.executable, "-m", "utilities.room", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline().strip()]
        while "Ctrl+C" not in lines[-1]:
            lines.append(process.stdout.readline().strip())
        exported = dict(line.split("export ", 1)[1].split("=", 1) for line in lines if "export " in line)
        url, key = exported["ANTHROPIC_BASE_URL"], exported["ANTHROPIC_API_KEY"].replace("NAME", "ada")
        client = Anthropic(base_url=url, api_key=key, max_retries=0)
        assert client.beta.agents.with_raw_response.list().headers["x-replay-workspace"] == "ada"
        (board,) = [line for line in lines if "/board#" in line]
        teachers = {"x-api-key": board.partition("#")[2]}
        assert httpx2.get(f"{url}/board/state", headers=teachers).json() == {"learners": [], "names": 1}
        thread = followed(client, new_session(client), [])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        thread.join(5)
        assert lines[0] == url and not thread.is_alive()
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.communicate()


def test_both_shells_are_told_the_same():
    said = instructions("http://192.168.1.5:8600", "ABCD-2345", "T")
    for line in (
        "export ANTHROPIC_BASE_URL=http://192.168.1.5:8600",
        "export ANTHROPIC_API_KEY=ABCD-2345:NAME",
        '$env:ANTHROPIC_BASE_URL = "http://192.168.1.5:8600"',
        '$env:ANTHROPIC_API_KEY = "ABCD-2345:NAME"',
    ):
        assert line in said


def test_what_it_refuses_it_says_in_one_line(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for told, arguments in {
            f"127.0.0.1 port {port}: Address already in use": ("--port", port),
            "no such folder of recordings": ("--recordings", tmp_path / "nowhere"),
            "--key is empty": ("--key", ""),
            "--host is empty": ("--host", ""),
            "--teacher-key must be one that learners don't have": ("--key", "k", "--teacher-key", "k"),
            "nowhere' does not exist": ("--site", tmp_path / "nowhere"),
        }.items():
            assert main(list(map(str, arguments))) == 2
            out, error = capsys.readouterr()
            assert out == ""
            assert error.startswith("room: ") and error.count("\n") == 1
            assert told in error

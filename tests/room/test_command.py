"""`python -m utilities.room`: what it prints is what learners set."""

import socket

import pytest
from anthropic import Anthropic

from tests.kit.forked import module
from tests.kit.waiting import wait_for
from utilities.room.__main__ import instructions, main


@pytest.mark.slow
def test_what_it_prints_leads_there():
    with module("utilities.room", "--port", "0") as out:
        wait_for(lambda: "Ctrl+C" in out.read_text("utf-8"), 60)  # it has to start
        lines = out.read_text("utf-8").splitlines()
        exported = dict(line.split("export ", 1)[1].split("=", 1) for line in lines if "export " in line)
        key = exported["ANTHROPIC_API_KEY"].replace("NAME", "ada")
        with Anthropic(base_url=exported["ANTHROPIC_BASE_URL"], api_key=key, max_retries=0) as client:
            answer = client.beta.agents.with_raw_response.list()
    assert lines[0] == exported["ANTHROPIC_BASE_URL"]
    assert answer.headers["x-replay-workspace"] == "ada"


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
        }.items():
            assert main(list(map(str, arguments))) == 2
            out, error = capsys.readouterr()
            assert out == ""
            assert error.startswith("room: ") and error.count("\n") == 1
            assert told in error

"""A second process: it has the notebook's service, and ends with the notebook at the latest."""

import os
import subprocess
import sys

import pytest

from tests.kit.calling import AGENT, serving, strict
from tests.kit.waiting import wait_for
from utilities.course import Worker, run_worker
from utilities.course.supervised import ORPHANED
from utilities.course.workers import WorkerError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    with serving() as server, strict(server) as client:
        yield client


@pytest.fixture
def program(tmp_path):
    """Writes a program; returns its path."""

    def written(text):
        path = tmp_path / "program.py"
        path.write_text(text, "utf-8")
        return path

    return written


ECHO = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    print("got", line.strip(), flush=True)
"""


def test_a_worker_has_the_service_of_the_client_whatever_the_environment_says(client, program, monkeypatch):
    monkeypatch.setenv("COOKBOOK_OFFLINE", "1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    agent = client.beta.agents.create(**AGENT)
    path = program(
        "import sys\nfrom anthropic import Anthropic\n"
        "print(sys.argv[1:], Anthropic().beta.agents.retrieve(sys.argv[1]).name)\n"
        "print('aside', file=sys.stderr)"
    )
    done = run_worker(path, agent.id, 7, client=client)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"['{agent.id}', '7'] tester\n", "aside\n")


def test_a_worker_that_fails_is_one_line(client, program):
    path = program("raise ValueError('no such order')")
    with pytest.raises(WorkerError, match=r"^program.py has ended \(1\): ValueError: no such order$"):
        run_worker(path, client=client)


def test_one_that_does_not_end_is_killed_in_time(client, program):
    path = program("import time\nprint('started', flush=True)\ntime.sleep(3600)")
    with pytest.raises(TimeoutError, match=r"program.py: 0.1 s have passed without its end"):
        run_worker(path, client=client, timeout=0.1)


def test_lines_go_in_and_come_out_until_it_is_killed(client, program):
    with Worker(program(ECHO), client=client) as worker:
        assert worker.wait_for("ready") == "ready"
        worker.send("one")
        worker.send("two\n")
        assert worker.wait_for("two") == "got two"
        assert worker.lines == ["ready", "got one", "got two"]
        assert worker.returncode is None
        worker.kill()
        worker.kill()
        assert worker.returncode != 0
        with pytest.raises(WorkerError, match="has ended"):
            worker.wait_for("three")
        with pytest.raises(WorkerError, match="has ended"):
            worker.send("three")


def test_nothing_is_left_when_the_process_that_started_it_dies(program, tmp_path):
    """However that dies: here as a kernel that is killed."""
    path, pid_file = (
        program("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(3600)"),
        tmp_path / "pid",
    )
    kernel = f"""
import os, pathlib
from types import SimpleNamespace
from utilities.course import Worker
worker = Worker({str(path)!r}, client=SimpleNamespace(base_url="http://127.0.0.1:9", api_key="x"))
pathlib.Path({str(pid_file)!r}).write_text(worker.wait_for(""))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", kernel]).returncode == 9
    pid = int(pid_file.read_text())

    def gone():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return open(f"/proc/{pid}/stat").read().split()[2] == "Z" if os.path.exists(f"/proc/{pid}") else True

    wait_for(gone)
    assert ORPHANED


def test_a_program_that_is_not_there_is_told(client):
    with pytest.raises(
        FileNotFoundError, match=r"there is no program nothing\.py, nor one of that name in .*workers"
    ):
        run_worker("nothing.py", client=client)

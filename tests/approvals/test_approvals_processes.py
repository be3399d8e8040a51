"""Two reviewers in two processes, and threads, on one inbox: one verdict, whoever is first."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.kit.places import ROOT
from utilities.approvals import AlreadyDecided, Approval, Approvals, Replaced

pytestmark = pytest.mark.slow

# Says that it is there, waits for a line, then decides about all that it found.
REVIEWER = """
import sys
from utilities.approvals import AlreadyDecided, Approvals

path, by = sys.argv[1:]
approvals = Approvals(path)
questions = approvals.open()
print("ready", flush=True)
input()
for question in questions:
    try:
        approvals.decide(question.id, by == "Mira", by)
        print(question.call_id)
    except AlreadyDecided as late:
        assert late.approval.by != by
"""


def test_two_processes_decide_in_the_same_moment(tmp_path):
    inbox = Approvals(tmp_path / "inbox.db")
    calls = [f"sevt_{number:02}" for number in range(30)]
    for call in calls:
        inbox.ask("sesn_1", call, {"amount": "1.00"})
    command = [sys.executable, "-c", REVIEWER, str(inbox.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    reviewers = {by: subprocess.Popen([*command, by], **pipes) for by in ("Mira", "Ben")}
    for reviewer in reviewers.values():
        assert reviewer.stdout.readline() == "ready\n"
    for reviewer in reviewers.values():
        reviewer.stdin.write("go\n")
        reviewer.stdin.flush()
    won = {by: reviewer.communicate(timeout=60)[0].split() for by, reviewer in reviewers.items()}
    assert [reviewer.returncode for reviewer in reviewers.values()] == [0, 0]
    assert sorted(won["Mira"] + won["Ben"]) == calls
    for answer in inbox.answers():
        assert answer.call_id in won[answer.by] and answer.verdict is (answer.by == "Mira")


def test_threads_that_ask_and_decide_at_once(tmp_path):
    inbox = Approvals(tmp_path / "inbox.db")

    def ask_and_decide(number):
        question = inbox.ask("sesn_1", f"sevt_{number % 5}", {"amount": "1.00"})
        try:
            return inbox.decide(question.id, True, f"reviewer {number}").by
        except AlreadyDecided as late:
            return late.approval.by

    with ThreadPoolExecutor(10) as threads:
        told = list(threads.map(ask_and_decide, range(20)))
    holds = {answer.call_id: answer.by for answer in inbox.answers()}
    assert len(holds) == 5
    assert told == [holds[f"sevt_{number % 5}"] for number in range(20)]


@pytest.mark.parametrize("kind", [AlreadyDecided, Replaced])
def test_its_errors_can_leave_a_worker_process(kind):
    approval = Approval("appr_1", "s", "c", {}, datetime.now(UTC), verdict=True, by="Mira")
    error = AlreadyDecided(approval) if kind is AlreadyDecided else Replaced("appr_1", "appr_2")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) and vars(copy) == vars(error)

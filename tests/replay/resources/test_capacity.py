"""What a server keeps at most, and what it says then."""

import pytest

from tests.kit.calling import AGENT, Caller
from tests.kit.scripts import going
from utilities.replay.http.requests import Form, Upload
from utilities.replay.resources.capacity import LIMITS, MIB, Limits

rule = pytest.mark.rule


SMALL = Limits(of_a_kind=2, sessions=3, files=3, uploaded=100, events=4, sent=2_000, sent_to_all=3_000)


@pytest.fixture
def small():
    """A server with room for little."""
    return Caller(going(), limits=SMALL)


@rule(
    f"a server keeps {LIMITS.of_a_kind:,} of each kind, {LIMITS.sessions:,} sessions, "
    f"{LIMITS.uploaded // MIB:,} MiB of files, and of what one session is sent "
    f"{LIMITS.sent // MIB} MiB and {LIMITS.events:,} events; what would be more is 400",
    topic="requests", evidence="ours",
)  # fmt: skip
def test_another_of_a_kind(small):
    for _ in range(2):
        small.post("/agents", AGENT)
    assert "keeps 2 agents at most" in small.post("/agents", AGENT, 400)
    store = small.post("/memory_stores", {"name": "a"})["id"]
    small.post("/memory_stores", {"name": "b"})
    assert "keeps 2 memory_stores at most" in small.post("/memory_stores", {"name": "c"}, 400)
    small.delete(f"/memory_stores/{store}")
    small.post("/memory_stores", {"name": "c"})


def test_files_by_their_bytes_and_what_is_mounted_is_there_once(small):
    file = small.upload("a.txt", b"x" * 60)
    session = small.session(resources=[{"type": "file", "file_id": file["id"]}])
    small.upload("b.txt", b"y" * 40)
    more = Upload("c.txt", b"z", None)
    assert "keeps 3 files at most" in small.send("POST", "/files", upload=more, status=400)
    small.delete(f"/files/{session['resources'][0]['file_id']}")
    assert "storage limit exceeded" in small.send("POST", "/files", upload=more, status=400)


def test_skills_take_the_room_of_files():
    small = Caller(going(), limits=Limits(uploaded=100))
    small.upload("a.txt", b"x" * 50)
    instructions = b"---\nname: a\ndescription: d\n---\n"
    form = Form(files=(Upload("a/SKILL.md", instructions, None),))
    skill = small.send("POST", "/skills", form=form)["id"]
    for path in ("/skills", f"/skills/{skill}/versions"):
        assert "storage limit exceeded" in small.send("POST", path, form=form, status=400)
    small.delete(f"/skills/{skill}")
    small.send("POST", "/skills", form=form)


def test_events_of_a_session_and_of_all(small):
    interrupt, wide = {"type": "user.interrupt"}, {"title": "x" * 1_500}
    agent, environment = small.post("/agents", AGENT)["id"], small.post("/environments", {"name": "e"})["id"]
    made = {"agent": agent, "environment_id": environment}
    first = f"/sessions/{small.post('/sessions', made)['id']}"
    small.post(f"{first}/events", {"events": [interrupt] * 4})
    assert "a session takes 4 events" in small.post(f"{first}/events", {"events": [interrupt]}, 400)
    assert "MiB of events" in small.post("/sessions", {**made, "title": "x" * 2_000}, 400)
    second = small.post("/sessions", {**made, **wide})["id"]
    assert "all sessions together" in small.post("/sessions", {**made, **wide}, 400)
    small.delete(f"/sessions/{second}")
    small.post("/sessions", {**made, **wide})

"""The files that a client's events refer to."""

import pytest


@pytest.mark.rule(
    "a file that a message, a tool's result or a rubric refers to must be there (404), and be of the kind of "
    "its block (400)",
    topic="files", evidence="doc", source="the page about files, of requests to a model",
)  # fmt: skip
def test_files_that_events_refer_to(call):
    text, picture = (call.upload(name)["id"] for name in ("a.txt", "a.png"))
    session = call.session()["id"]

    def sent(kind, file_id, status):
        block = {"type": kind, "source": {"type": "file", "file_id": file_id}}
        event = {"type": "user.message", "content": [block, {"type": "text", "text": "go"}]}
        return call.post(f"/sessions/{session}/events", {"events": [event]}, status)

    assert "`file_gone` was not found" in sent("document", "file_gone", 404)
    assert "`file_gone` was not found" in sent("image", "file_gone", 404)
    assert "is for no document block" in sent("document", picture, 400)
    assert "is for no image block" in sent("image", text, 400)
    outcome = {"type": "user.define_outcome", "description": "d"}
    rubric = {"type": "file", "file_id": "file_gone"}
    events = {"events": [{**outcome, "rubric": rubric}]}
    assert "`file_gone` was not found" in call.post(f"/sessions/{session}/events", events, 404)
    agent, environment = call.get(f"/sessions/{session}")["agent"]["id"], call.get("/environments")["data"][0]
    body = {"agent": agent, "environment_id": environment["id"], "initial_events": events["events"]}
    assert "`file_gone` was not found" in call.post("/sessions", body, 404)
    assert "no recording continues" in sent("document", text, 400)  # the file is fine

"""The server, spoken to by curl: no client library knows what this program knows of the API.

The mark `curl` says that the program is needed: without it these tests fail; `-m "not curl"` leaves them out.
"""

import json
import shutil
import subprocess

import pytest

from tests.kit.calling import AGENT, HEADERS, SAY_GO, TURN, serving
from tests.kit.names import fresh
from tests.kit.scripts import going
from utilities.replay.http.requests import MANAGED_AGENTS

pytestmark = [pytest.mark.curl, pytest.mark.slow]
PATIENCE = 20  # seconds, after which curl gives up


def command(*options, headers=HEADERS):
    curl = shutil.which("curl")
    assert curl, 'there is no curl on this machine: leave these tests out with -m "not curl"'
    named = [option for pair in headers.items() for option in ("-H", ": ".join(pair))]
    return [curl, "--silent", "--show-error", "--max-time", str(PATIENCE), *named, *options]


def curl(*options, headers=HEADERS):
    """What curl prints."""
    ran = subprocess.run(command(*options, headers=headers), capture_output=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def post(url, body):
    return json.loads(curl(url, "-H", "content-type: application/json", "-d", json.dumps(body)))


@pytest.fixture(scope="module")
def url():
    with serving(going()) as server:
        yield f"{server.base_url}/v1"


@pytest.fixture
def session(url):
    agent, environment = post(f"{url}/agents", AGENT), post(f"{url}/environments", {"name": fresh("curl")})
    wanted = {"agent": agent["id"], "environment_id": environment["id"]}
    return f"{url}/sessions/{post(f'{url}/sessions', wanted)['id']}"


def test_a_stream_is_readable_as_it_comes(session):
    """`-N` prints what has come. The stream goes on, so it is read up to the end of the turn."""
    streaming = command("-N", "-i", f"{session}/events/stream")
    with subprocess.Popen(streaming, stdout=subprocess.PIPE, text=True, encoding="utf-8") as stream:
        try:
            head = {line.strip() for line in iter(stream.stdout.readline, "\n")}
            assert "HTTP/1.1 200 OK" in head
            assert any(line.startswith("content-type: text/event-stream") for line in head)
            (accepted,) = post(f"{session}/events", SAY_GO)["data"]
            events, names = [], []
            while not events or events[-1]["type"] != "session.status_idle":
                line = stream.stdout.readline()
                assert line, "the stream ended before the turn"
                if line.startswith("event: "):
                    names.append(line.removeprefix("event: ").strip())
                if line.startswith("data: "):
                    events.append(json.loads(line.removeprefix("data: ")))
        finally:
            stream.terminate()
    assert names == [event["type"] for event in events] == TURN
    assert accepted["id"] in [event["id"] for event in events]
    assert json.loads(curl(f"{session}/events"))["data"] == events


def test_an_error_has_its_status_its_headers_and_its_shape(url):
    told = curl("-i", f"{url}/agents/agent_none").decode()
    head, _, body = told.replace("\r\n", "\n").partition("\n\n")
    status, *fields = head.split("\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    error = json.loads(body)
    assert status.startswith("HTTP/1.1 404") and headers["content-type"] == "application/json"
    assert (error["type"], error["error"]["type"]) == ("error", "not_found_error")
    assert error["request_id"].lower() == headers["request-id"]


def test_without_the_beta_there_is_no_such_route(url):
    version = {"anthropic-version": HEADERS["anthropic-version"]}
    error = json.loads(curl(f"{url}/agents", headers=version))["error"]
    assert error["type"] == "not_found_error" and MANAGED_AGENTS in error["message"]
    assert json.loads(curl(f"{url}/skills", headers=version))["data"]  # generally available


def test_files_go_up_and_come_down(url, session, tmp_path):
    table = tmp_path / "data.csv"
    table.write_bytes(b"a,b\r\n\x00\xff")
    file = json.loads(curl(f"{url}/files", "-F", f"file=@{table};type=text/csv"))
    assert (file["filename"], file["mime_type"], file["size_bytes"]) == ("data.csv", "text/csv", 7)
    resource = post(f"{session}/resources", {"type": "file", "file_id": file["id"], "mount_path": "/t.csv"})
    assert resource["mount_path"] == "/mnt/session/uploads/t.csv"
    post(f"{session}/events", SAY_GO)
    curl(f"{session}/events")
    listed = curl("-G", f"{url}/files", "-d", f"scope_id={session.rpartition('/')[2]}")
    (output,) = [each for each in json.loads(listed)["data"] if each["downloadable"]]
    saved = tmp_path / "saved.py"
    curl(f"{url}/files/{output['id']}/content", "-o", str(saved))
    assert saved.read_text("utf-8") == "x = 1\n"


def test_a_skill_of_two_files(url, tmp_path):
    head, form = tmp_path / "SKILL.md", tmp_path / "form.md"
    head.write_text("---\nname: notes\ndescription: How notes are taken.\n---\n", "utf-8")
    form.write_text("# A form\n", "utf-8")
    parts = [f"files[]=@{head};filename=notes/SKILL.md", f"files[]=@{form};filename=notes/form.md"]
    skill = json.loads(curl(f"{url}/skills", *(option for part in parts for option in ("-F", part))))
    assert skill["display_name"] == "notes"
    zipped = curl(f"{url}/skills/{skill['id']}/versions/{skill['latest_version_id']}/content")
    assert zipped.startswith(b"PK") and b"notes/form.md" in zipped


def test_a_list_by_pages(url):
    for name in "ab":
        post(f"{url}/vaults", {"display_name": name})
    first = json.loads(curl("-G", f"{url}/vaults", "-d", "limit=1"))
    second = json.loads(curl("-G", f"{url}/vaults", "-d", "limit=1", "-d", f"page={first['next_page']}"))
    assert [page["data"][0]["display_name"] for page in (first, second)] == ["b", "a"]

"""Files as the SDK and others send them, and how long they are kept."""

import functools

import pytest
from anthropic import BadRequestError
from httpx2 import Client

from tests.kit.calling import HEADERS, SAY_GO, Caller, new_session, serving, strict
from tests.kit.scripts import going
from utilities.replay.assumptions import ASSUME_HEADER
from utilities.replay.http.requests import MANAGED_AGENTS, Form, Upload

rule = functools.partial(pytest.mark.rule, topic="files")

BYTES = bytes(range(256)) * 8000  # two megabytes that are no text


@rule("a file part without a name is taken as it is, and called `unnamed`", evidence="sdk")
def test_bytes_without_a_name_arrive_as_they_are():
    """The SDK sends plain bytes as a part without a file name. [sdk]"""
    with serving() as server, strict(server) as client:
        file = client.beta.files.upload(file=BYTES)
        assert server.api.files.contents[file.id] == BYTES
        assert (file.filename, file.mime_type) == ("unnamed.bin", "application/octet-stream")


@rule(
    'a file name has 1 to 255 characters, none of `< > : " | ? *` or control characters (400)',
    evidence="doc",
    note="the documentation forbids / and \\ too; by the SDK's later docstring what is before them is cut",
)
@pytest.mark.parametrize("name", ["a:b?.txt", "a<b", "a>b", 'a"b', "a|b", "a*b", "a\x1fb", "x" * 256])
def test_a_name_that_a_file_can_not_have(call, name):
    assert "file: the name" in call.send("POST", "/files", status=400, upload=Upload(name, b"x", None))
    assert call.get("/files")["data"] == []
    assert call.upload("x" * 255)["filename"] == "x" * 255


@rule("the content of a file that has expired is 404; its metadata stays, also in lists", evidence="doc")
def test_a_file_that_has_expired(call):
    form = Form(Upload("a.txt", b"x", "text/plain"), fields={"expires_in_seconds": "3600"})
    file = call.send("POST", "/files", form=form)
    call.now = 3599.0
    assert "can't be downloaded" in call.get(f"/files/{file['id']}/content", 400)
    call.now = 3600.0
    assert file["expires_at"] in call.get(f"/files/{file['id']}/content", 404)
    assert call.get(f"/files/{file['id']}") == file
    assert call.get("/files")["data"] == [file]
    assert call.delete(f"/files/{file['id']}")["type"] == "file_deleted"
    call.get(f"/files/{file['id']}", 404)


@rule(
    "a file that has expired can't be mounted: 404; a copy that a session has stays", evidence="ours",
    note="that its content is gone and that messages with it fail is documented",
)  # fmt: skip
def test_a_file_that_has_expired_is_not_mounted(call):
    form = Form(Upload("a.txt", b"x", "text/plain"), fields={"expires_in_seconds": "3600"})
    resource = {"type": "file", "file_id": call.send("POST", "/files", form=form)["id"]}
    session = call.session(resources=[resource])
    call.now = 3600.0
    assert "expired at" in call.session(404, resources=[resource])
    path = f"/sessions/{session['id']}/resources"
    assert "expired at" in call.post(path, {**resource, "mount_path": "b.txt"}, 404)
    (copy,) = call.get("/files", scope_id=session["id"])["data"]
    assert copy["id"] == session["resources"][0]["file_id"] and copy["expires_at"] is None


@rule(
    "`files.list(scope_id=…)` without the beta header of managed agents is 400; with `--assume "
    "files-by-session=taken` it is answered",
    evidence="unsettled",
    note="the documentation says that the header is needed; Anthropic's skill, that `scope_id` may be "
    "refused without it",
)
def test_files_of_a_session_need_a_beta_header():
    with serving() as server, strict(server) as client:
        session = new_session(client)
        with pytest.raises(BadRequestError, match="managed-agents-2026-04-01"):
            client.beta.files.list(scope_id=session)
        assert client.beta.files.list(scope_id=session, betas=[MANAGED_AGENTS]).data == []
        other = {"anthropic-beta": f"skills-2025-10-02, {MANAGED_AGENTS}"}
        assert client.beta.files.list(scope_id=session, extra_headers=other).data == []
        lenient = {ASSUME_HEADER: "files-by-session=taken"}
        assert client.beta.files.list(scope_id=session, extra_headers=lenient).data == []


def test_another_field_without_a_name_is_no_file():
    with serving() as server, Client(base_url=server.base_url, headers=HEADERS) as http:
        refused = http.post("/v1/files", files={"other": (None, b"x")})
        assert refused.status_code == 400 and "file: Field required" in refused.text
        two = http.post("/v1/files", files=[("file", ("a", b"x")), ("file", ("b", b"y"))])
        assert two.status_code == 400 and two.json()["type"] == "error"


@rule("`expires_in_seconds` is from an hour to ninety days", evidence="sdk")
def test_a_file_can_ask_to_expire():
    with serving() as server, strict(server) as client:
        file = client.beta.files.upload(file=b"x", expires_in_seconds=3600)
        assert (file.expires_at - file.created_at).total_seconds() == 3600
        assert client.beta.files.upload(file=b"x").expires_at is None
        for seconds in (3599, 90 * 86400 + 1):
            with pytest.raises(BadRequestError, match="expires_in_seconds"):
                client.beta.files.upload(file=b"x", expires_in_seconds=seconds)


# -- lists and downloads, without a socket -----------------------------------------------------------


@rule(
    "of an upload's file name only the last part is kept",
    evidence="sdk",
    source="the docstring of the file's metadata",
    note="by the documentation of August 2026 a name with / or \\ is 400",
)
@pytest.mark.parametrize(
    ("given", "kept"),
    [("a.py", "a.py"), ("/etc/x/a.py", "a.py"), ("C:\\x\\a.py", "a.py"), ("", "unnamed.txt")],
)
def test_only_the_last_part_of_a_file_name_is_kept(call, given, kept):
    assert call.upload(given, mime_type="text/plain")["filename"] == kept


@pytest.mark.rule(
    "an upload can't be downloaded again: 400 `file_not_downloadable`", topic="files", evidence="doc"
)
def test_an_upload_is_kept_but_not_downloadable(call):
    file = call.upload(content=b"\0\xff")
    assert (file["size_bytes"], file["downloadable"], file["scope"]) == (2, False, None)
    assert file["id"] in call.get(f"/files/{file['id']}/content", 400)
    assert call.delete(f"/files/{file['id']}") == {"id": file["id"], "type": "file_deleted"}
    call.get(f"/files/{file['id']}", 404)
    assert "file: Field required" in call.post("/files", {}, 400)


@pytest.mark.rule(
    "a list is `{data, next_page}`, and the next page is asked for with `page=`",
    topic="lists",
    evidence="doc",
    source="docs: session operations",
)
@pytest.mark.rule(
    "a mounted file is a copy with an id of its own, in the session's scope", topic="files", evidence="doc"
)
def test_files_by_scope_by_ids_and_by_page(call):
    files = [call.upload(f"{number}.py") for number in range(5)]
    ids = [file["id"] for file in files]
    session = call.session(resources=[{"type": "file", "file_id": ids[0]}])
    (mounted,) = call.get("/files", scope_id=session["id"])["data"]
    assert mounted["filename"] == "0.py"
    assert mounted["id"] == session["resources"][0]["file_id"] != ids[0]
    assert [f["id"] for f in call.get("/files", **{"ids[]": [ids[1], "file_gone", ids[3]]})["data"]] == [
        ids[3],
        ids[1],
    ]
    assert "ids" in call.get("/files", 400, **{"ids[]": ids[1], "limit": "1"})
    page = call.get("/files", limit="4")
    rest = call.get("/files", limit="4", page=page["next_page"])
    assert [f["id"] for f in page["data"] + rest["data"]] == [mounted["id"], *ids[::-1]]
    assert rest["next_page"] is None


@pytest.mark.rule(
    "with the beta of before general availability files are paged by `after_id` and `before_id`, and have no "
    "`expires_at`",
    topic="files", evidence="doc", source="the release notes",
    note="which keys a page had then is read in the SDK of that time",
)  # fmt: skip
def test_files_in_the_words_of_older_clients(client):
    beta = client.beta
    older = {"betas": ["files-api-2025-04-14"]}
    files = [beta.files.upload(file=(f"{number}.py", b"a"), **older) for number in range(3)]
    first = beta.files.list(limit=2, **older).to_dict()
    assert [file["filename"] for file in first["data"]] == ["2.py", "1.py"] and first["has_more"] is True
    assert (first["first_id"], first["last_id"]) == (files[2].id, files[1].id) and "next_page" not in first
    rest = beta.files.list(extra_query={"after_id": files[1].id}, **older).to_dict()
    assert [file["id"] for file in rest["data"]] == [files[0].id] and rest["has_more"] is False
    shown = [*files, *beta.files.list(**older), beta.files.retrieve_metadata(files[0].id, **older)]
    assert not any("expires_at" in file.to_dict() for file in shown)


@pytest.mark.rule(
    "files are listed by at most 100 different ids (400)",
    topic="files", evidence="sdk", source="file_list_params.py",
)  # fmt: skip
def test_files_by_too_many_ids(call):
    ids = [f"file_{number}" for number in range(101)]
    assert "ids: at most 100" in call.get("/files", 400, **{"ids[]": ids})
    assert call.get("/files", **{"ids[]": [*ids[1:], ids[1]]})["data"] == []


@pytest.mark.rule(
    "what the agent leaves in `/mnt/session/outputs` is in `files.list(scope_id=…)`, to be downloaded",
    topic="files",
    evidence="doc",
)
def test_what_a_session_writes_appears_when_it_is_written():
    call = Caller(going(), speed=1.0)
    session = call.session()["id"]
    call.post(f"/sessions/{session}/events", SAY_GO)
    call.now = 4.9
    assert call.get("/files", scope_id=session)["data"] == call.get("/files")["data"] == []
    call.now = 5.1
    (file,) = call.get("/files")["data"]  # also if nobody has asked for the session in between
    assert call.get("/files", scope_id=session)["data"] == [file]
    assert (file["filename"], file["downloadable"], file["scope"]["id"]) == ("out.py", True, session)
    assert call.get(f"/files/{file['id']}/content") == b"x = 1\n"
    call.now = 60.0
    assert len(call.get("/files", scope_id=session)["data"]) == 1

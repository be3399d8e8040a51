"""Files and mounted files."""

from __future__ import annotations

from tests.live.probe import Finding, found, probe, reply
from tests.live.probes.sessions import ONE_CENT
from tests.live.run import Run

# A picture of one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)


@probe(
    "an upload can't be downloaded again: 400 `file_not_downloadable`",
    rule="an upload can't be downloaded again",
)
def an_upload_downloaded(run: Run) -> Finding:
    got = reply(run.once.beta.files.download, run.file("download").id)
    return found(got.status == 400, got)


@probe("a file name with `:` or `?` is 400", rule="a file name has 1 to 255")
def a_file_name(run: Run) -> Finding:
    got = reply(run.once.beta.files.upload, file=(run.name("a:b?.txt"), b"a", "text/plain"))
    return found(got.status == 400, got)


@probe("a mount path that escapes is 400", rule="a mount path that escapes is 400")
def a_mount_path_that_escapes(run: Run) -> Finding:
    return _mounted(run, "escape", "../../etc/passwd")


@probe("two resources can't have one mount path: 400", rule="two resources can't have one mount path")
def one_mount_path_twice(run: Run) -> Finding:
    return _mounted(run, "same", "/same.txt", "/same.txt")


def _mounted(run: Run, what: str, *paths: str) -> Finding:
    """Whether a session with files at these paths is 400."""
    file = run.file(what).id
    resources = [{"type": "file", "file_id": file, "mount_path": path} for path in paths]
    got = reply(run.once.beta.sessions.create, **run.wanted, resources=resources)
    return found(got.status == 400, got)


@probe(
    "a mounted file is a copy with an id of its own", rule="a mounted file is a copy with an id of its own"
)
def a_mounted_copy(run: Run) -> Finding:
    file = run.file("copy").id
    session = run.session(resources=[{"type": "file", "file_id": file, "mount_path": "/copy.txt"}])
    (resource,) = session.resources
    return found(
        resource.file_id != file, f"{resource.mount_path}, with the same id: {resource.file_id == file}"
    )


@probe("a GitHub URL that ends in `.git` is 400", rule="a repository's `url` is")
def a_repository_url(run: Run) -> Finding:
    url, token = "https://github.com/octocat/Hello-World.git", "not-a-token"
    resources = [{"type": "github_repository", "url": url, "authorization_token": token}]
    got = reply(run.once.beta.sessions.create, **run.wanted, resources=resources)
    return found(got.status == 400, got)


@probe(
    "a message with a file that isn't there is 404, with a picture as a document 400",
    rule="a file that a message, a tool's result or a rubric refers to",
)
def files_of_a_message(run: Run) -> Finding:
    picture = run.client.beta.files.upload(file=(run.name("picture.png"), PIXEL, "image/png")).id
    got = []
    for file_id in ("file_01AAAAAAAAAAAAAAAAAAAAAA", picture):
        document = {"type": "document", "source": {"type": "file", "file_id": file_id}}
        session = run.session(budget=ONE_CENT)
        got.append(reply(run.send, session.id, {"type": "user.message", "content": [document]}))
    return found([one.status for one in got] == [404, 400], "; ".join(map(str, got)))


@probe(
    "with the beta of before general availability files are paged by ids",
    rule="with the beta of before general availability files are paged",
)
def files_in_the_words_of_older_clients(run: Run) -> Finding:
    run.file("older")
    page = run.client.beta.files.list(limit=1, betas=["files-api-2025-04-14"]).to_dict()
    keys = sorted({*page} | {key for file in page["data"] for key in file if key == "expires_at"})
    return found({"has_more", "first_id", "last_id"} <= {*keys} and "expires_at" not in keys, keys)

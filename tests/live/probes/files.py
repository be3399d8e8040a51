"""Files and mounted files."""

from __future__ import annotations

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run


@probe(
    "an upload can't be downloaded again: 400 `file_not_downloadable`",
    rule="an upload can't be downloaded again",
)
def an_upload_downloaded(run: Run) -> Finding:
    got = reply(run.once.beta.files.download, run.file("download").id)
    return found(got.status == 400, got)


@probe("a file name with `:` or `?` is 400")
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


@probe("a GitHub URL that ends in `.git` is 400")
def a_repository_url(run: Run) -> Finding:
    url, token = "https://github.com/octocat/Hello-World.git", "not-a-token"
    resources = [{"type": "github_repository", "url": url, "authorization_token": token}]
    got = reply(run.once.beta.sessions.create, **run.wanted, resources=resources)
    return found(got.status == 400, got)

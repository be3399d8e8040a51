"""Files as the SDK and others send them, and how long they are kept."""

import functools

import pytest
from anthropic import BadRequestError
from httpx2 import Client

from tests.kit.calling import serving, strict

rule = functools.partial(pytest.mark.rule, topic="files")

BYTES = bytes(range(256)) * 8000  # two megabytes that are no text


def stored(server, file):
    return server.api.files.contents[file["id"] if isinstance(file, dict) else file.id]


@rule("a file part without a name is taken as it is, and called `unnamed`", evidence="sdk")
def test_bytes_without_a_name_arrive_as_they_are():
    """The SDK sends plain bytes as a part without a file name. [sdk]"""
    with serving() as server, strict(server) as client:
        file = client.beta.files.upload(file=BYTES)
        assert stored(server, file) == BYTES
        assert (file.filename, file.mime_type) == ("unnamed.bin", "application/octet-stream")


@rule("only the last part of a file name is kept", evidence="sdk")
@pytest.mark.parametrize("name", ["notes.md", "../../notes.md", "C:\\notes.md"])
def test_of_a_name_the_last_part_is_kept(name):
    with serving() as server, strict(server) as client:
        file = client.beta.files.upload(file=(name, b"x", "text/markdown"))
        assert (file.filename, stored(server, file)) == ("notes.md", b"x")


def test_another_field_without_a_name_is_no_file():
    with serving() as server, Client(base_url=server.base_url) as http:
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

"""The files and fields of a multipart body that is there as a whole. With a socket it is read bit by bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..http.errors import ApiError
from ..http.requests import Form, Upload

SKILL = ("files", "files[]")  # how the parts of a skill are called [sdk: the second]


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    @property
    def told(self) -> dict[bytes, bytes]:
        """What its disposition says: its name, and perhaps the file's."""
        options: dict[bytes, bytes] = parse_options_header(self.headers.get(b"content-disposition"))[1]
        return options


def form_of(content_type: str, body: bytes) -> Form:
    """The form.

    A part named `file` or `files` is a file also without a file name: so the SDK sends plain bytes. [sdk]

    Raises:
        ApiError: 400, for a damaged body.
    """
    uploads, fields = list[tuple[str, Upload]](), dict[str, str]()
    try:
        for part in _parts(content_type, body):
            told, content = part.told, bytes(part.content)
            name, kind = told.get(b"name", b"").decode(), part.headers.get(b"content-type")
            if b"filename" in told or name.startswith("file"):
                filename = told.get(b"filename", b"").decode()
                uploads.append((name, Upload(filename, content, kind.decode() if kind else None)))
            else:
                fields[name] = content.decode()
    except (FormParserError, UnicodeDecodeError) as error:
        raise ApiError(400, f"the multipart body is damaged: {error}") from error
    file = next((upload for name, upload in uploads if name == "file"), None)
    return Form(file, tuple(upload for name, upload in uploads if name in SKILL), fields)


def _parts(content_type: str, body: bytes) -> list[_Part]:
    parts: list[_Part] = []
    name, value = bytearray(), bytearray()

    def header_ends() -> None:
        parts[-1].headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise FormParserError("its boundary is missing")
    callbacks: Any = {
        "on_part_begin": lambda: parts.append(_Part()),
        "on_part_data": lambda data, start, end: parts[-1].content.extend(data[start:end]),
        "on_header_field": lambda data, start, end: name.extend(data[start:end]),
        "on_header_value": lambda data, start, end: value.extend(data[start:end]),
        "on_header_end": header_ends,
    }
    parser = MultipartParser(boundary, callbacks)
    parser.write(body)
    parser.finalize()
    return parts

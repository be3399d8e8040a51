"""The files and fields of a multipart request, as the SDK sends them."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request as HttpRequest

from ..http.errors import ApiError
from ..http.requests import Form, Upload

SKILL = ("files", "files[]")  # how the parts of a skill are called [sdk: the second]
MOST_FILES = 1_000  # in one form [ours]


class _Parser(MultiPartParser):
    """A part named `file` or `files` is a file also without a file name: so the SDK sends plain bytes. [sdk]

    To Starlette it would be a text field, at most a megabyte long, its bytes changed by decoding.
    """

    def on_headers_finished(self) -> None:
        part = self._current_part
        disposition = (part.content_disposition or b"").lower()
        if b'name="file' in disposition and b"filename" not in disposition:
            part.content_disposition = (part.content_disposition or b"") + b'; filename=""'
        super().on_headers_finished()


async def read_form(http: HttpRequest) -> Form:
    """The request's form.

    Raises:
        ApiError: 400, for a damaged body.
    """
    most = 1 if http.url.path.rstrip("/") == "/v1/files" else MOST_FILES
    try:
        form = await _Parser(http.headers, http.stream(), max_files=most).parse()
    except MultiPartException as error:
        raise ApiError(400, f"the multipart body is damaged: {error.message}") from error
    try:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        parts = [(name, part) for name, part in form.multi_items() if isinstance(part, UploadFile)]
        uploads = [
            (name, Upload(part.filename or "", await part.read(), part.content_type)) for name, part in parts
        ]
    finally:
        await form.close()
    file = next((upload for name, upload in uploads if name == "file"), None)
    return Form(file, tuple(upload for name, upload in uploads if name in SKILL), fields)

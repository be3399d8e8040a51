"""The file in a multipart request, as the SDK sends it."""

from __future__ import annotations

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request as HttpRequest

from ..http.errors import ApiError
from ..http.requests import Upload


class _Parser(MultiPartParser):
    """A part named `file` is a file also without a file name: so the SDK sends plain bytes. [sdk]

    To Starlette it would be a text field, at most a megabyte long, its bytes changed by decoding.
    """

    def on_headers_finished(self) -> None:
        part = self._current_part
        disposition = (part.content_disposition or b"").lower()
        if b'name="file"' in disposition and b"filename" not in disposition:
            part.content_disposition = (part.content_disposition or b"") + b'; filename=""'
        super().on_headers_finished()


async def read_upload(http: HttpRequest) -> Upload | None:
    """The request's file; None if it has none.

    Raises:
        ApiError: 400, for a damaged body.
    """
    try:
        form = await _Parser(http.headers, http.stream(), max_files=1).parse()
    except MultiPartException as error:
        raise ApiError(400, f"the multipart body is damaged: {error.message}") from error
    try:
        part, expires_in = form.get("file"), form.get("expires_in_seconds")
        if part is None or isinstance(part, str):
            return None
        lifetime = expires_in if isinstance(expires_in, str) else None
        return Upload(part.filename or "", await part.read(), part.content_type, lifetime)
    finally:
        await form.close()

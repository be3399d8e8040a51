"""uvicorn's HTTP/1.1, with the hosted error shape for what can't be read as HTTP."""

from __future__ import annotations

import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..http.errors import ApiError
from ..ids import make_id


class HttpProtocol(H11Protocol):
    """uvicorn answers a damaged request with a plain text; here it gets an error as all others do. [ours]"""

    def send_400_response(self, msg: str) -> None:
        id = make_id("req", "unreadable")
        body = json.dumps(
            ApiError(400, f"{msg} This is no HTTP/1.1, or a head of more than 64 KiB.").body(id)
        )
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"request-id", id.encode()),
        ]
        try:
            self._write(h11.Response(status_code=400, headers=headers))
            self._write(h11.Data(data=body.encode()))
            self._write(h11.EndOfMessage())
        except h11.LocalProtocolError:
            self.logger.debug("an answer was already under way")  # so there is no place for this one
        self.transport.close()

    def shutdown(self) -> None:
        """The server stops; a body that is still on its way is not waited for. [ours]"""
        super().shutdown()
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def _write(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        if written := self.conn.send(event):
            self.transport.write(written)

"""The one exception that becomes an HTTP error, in the hosted API's shape."""

from __future__ import annotations

import copyreg
from typing import Any

from ..assumptions import NOTHING_ASSUMED, Assumptions

# The error type that goes with a status. [doc; 409: unsettled, see `assumptions`]
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    412: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
UNRECORDED = "unrecorded"  # the error code of what only a replay server refuses [ours]
LONGEST = 2000  # characters of a message; what a client sent is quoted in it, however long it is [ours]


class ApiError(Exception):
    """A request that the API refuses; the adapter turns it into the hosted error shape.

    Args:
        status: the HTTP status.
        message: what is wrong, with the field or the id, and what to do next.
        code: the machine-readable `details.error_code`, where the SDK has a class for it.
    """

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def __reduce__(self) -> Any:  # else it could not leave a worker process; subclasses take other arguments
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def body(self, request_id: str, assume: Assumptions = NOTHING_ASSUMED) -> dict[str, Any]:
        """The error as the hosted API sends it; a message that is too long loses its middle."""
        error: dict[str, Any] = {"type": error_type(self.status, assume), "message": self.message}
        if len(self.message) > LONGEST:
            error["message"] = f"{self.message[: LONGEST // 2]} … {self.message[-LONGEST // 2 :]}"
        if self.code:
            error["details"] = {"error_code": self.code}
        return {"type": "error", "error": error, "request_id": request_id}


def error_type(status: int, assume: Assumptions = NOTHING_ASSUMED) -> str:
    """The type of errors with this status; a status without a type of its own is like 400 or 500. [doc]"""
    if status == 409:
        return assume.of("conflict-type")
    return TYPES.get(status, "invalid_request_error" if 400 <= status < 500 else "api_error")


def not_found(kind: str, id: str) -> ApiError:
    return ApiError(404, f"{kind} `{id}` was not found. Ids come from a create call to this same server.")

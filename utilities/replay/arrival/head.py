"""A request's head: what it says about the client, and what it must say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..assumptions import ASSUME_HEADER, AssumptionError, Assumptions
from ..faults import FAULTS_HEADER, FaultError, Faults
from ..http import headers
from ..http.errors import ApiError
from ..webhooks.outbox import ORGANIZATION, WORKSPACE

FORM = "multipart/form-data"
# Whose key it is; the same as in webhooks. [doc]
IDENTITY = {"anthropic-organization-id": ORGANIZATION, "anthropic-workspace-id": WORKSPACE}


@dataclass(frozen=True)
class Head:
    """A request without its body.

    Args:
        method, path: `POST`, `/v1/sessions`.
        values: all values of a header, by its name in lower case.
    """

    method: str
    path: str
    values: Callable[[str], Sequence[str]]

    def value(self, name: str) -> str | None:
        """The first value of a header; None if it isn't there."""
        return next(iter(self.values(name)), None)

    def faults(self, otherwise: Faults) -> Faults:
        """The client's own faults, if it names any, or the server's.

        Raises:
            ApiError: 400; there is no such fault.
        """
        spec = self.value(FAULTS_HEADER)
        try:
            return otherwise if spec is None else Faults(spec)
        except FaultError as error:
            raise ApiError(400, f"{FAULTS_HEADER}: {error}") from error

    def assumed(self) -> Assumptions:
        """What the client assumes of the hosted API.

        Raises:
            ApiError: 400; there is no such question, or no such answer.
        """
        try:
            return Assumptions(self.value(ASSUME_HEADER) or "")
        except AssumptionError as error:
            raise ApiError(400, f"{ASSUME_HEADER}: {error}") from error

    def betas(self) -> frozenset[str]:
        """The betas that the client names: in one header, or in several. [doc]

        Raises:
            ApiError: one is missing, or unknown, or the API's version is; see `headers.require`.
        """
        named = ",".join(self.values("anthropic-beta")).split(",")
        betas = frozenset(beta.strip() for beta in named if beta.strip())
        headers.require(self.path, self.value("anthropic-version"), betas)
        return betas

    @property
    def kind(self) -> str:
        """The content type, without its parameters."""
        return (self.value("content-type") or "").partition(";")[0].strip().lower()

    @property
    def is_form(self) -> bool:
        return self.kind == FORM and self._takes_forms

    def require_json(self) -> None:
        """Refuse a body of another kind, which a web page could send without asking first. [ours]

        Raises:
            ApiError: 415.
        """
        if self.kind != "application/json" and not self._takes_forms:
            raise ApiError(415, f"content-type: must be application/json, not {self.kind[:80]!r}")

    @property
    def _takes_forms(self) -> bool:
        return self.path.split("/")[1:3] in (["v1", "files"], ["v1", "skills"])

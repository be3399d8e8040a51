"""Deliveries of one webhook, as the service signs them and as somebody else would send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from utilities import new_secret
from utilities.replay.webhooks.outbox import Delivery
from utilities.replay.webhooks.sender import Endpoint

__all__ = ["Delivered", "deliveries"]

ID = "whe_01lesson09"


@dataclass(frozen=True)
class Delivered:
    """A request that a receiver gets.

    Attributes:
        what: what it is, in words.
        headers, body: of the request.
        genuine: whether it is to be taken.
    """

    what: str
    headers: dict[str, str]
    body: bytes
    genuine: bool = False


def deliveries(secret: str, session_id: str) -> list[Delivered]:
    """One genuine delivery, and four that have to be refused.

    Args:
        secret: the endpoint's signing secret.
        session_id: what the webhook is about.
    """

    def signed(body: bytes, key: str = secret, ago: int = 0) -> dict[str, str]:
        when = datetime.now(UTC) - timedelta(minutes=ago)
        return Endpoint("http://127.0.0.1/", key).headers(Delivery(ID, body.decode()), when)

    data = {"type": "session.budget_reached", "id": session_id}
    where = {"organization_id": "org_1", "workspace_id": "wrkspc_1"}
    event = {"type": "event", "id": ID, "created_at": "2026-11-22T09:00:00Z", "data": data | where}
    body = json.dumps(event).encode()
    other = body.replace(session_id.encode(), b"sesn_somebodys")
    return [
        Delivered("genuine", signed(body), body, genuine=True),
        Delivered("another session in the body", signed(body), other),
        Delivered("another secret", signed(body, key=new_secret()), body),
        Delivered("six minutes old", signed(body, ago=6), body),
        Delivered("no signature", {"content-type": "application/json"}, body),
    ]

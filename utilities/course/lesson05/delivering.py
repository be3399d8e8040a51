"""Webhooks to a receiver in the notebook, from a replay server that repeats them and mixes up their order."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from string import ascii_lowercase
from typing import cast

import httpx2
from anthropic import Anthropic

from utilities import WebhookReceiver, new_secret, serving, stream_until_end_turn
from utilities.loopback import direct
from utilities.replay.webhooks.outbox import Delivery
from utilities.replay.webhooks.sender import Endpoint

from .scenes import PacedScene, replay_server

__all__ = ["POSTS", "Post", "RoughSender"]

SUBSCRIBED = ("session.status_run_started", "session.status_idled")
PATIENCE = 20.0  # seconds for what takes half of one
POSTS = (
    "the genuine delivery, once more",
    "its headers, with another session in the body",
    "signed with another secret",
    "rightly signed, but six minutes ago",
    "rightly signed, of a type that nobody here waits for",
    "the genuine body, without a signature",
)


@dataclass(frozen=True)
class Post:
    """One delivery to the receiver.

    Attributes:
        status: what was answered.
        headers, body: what came.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        """What it says has happened."""
        return str(json.loads(self.body)["data"]["type"])

    def __str__(self) -> str:
        return f"{self.status} {self.type}"


class RoughSender:
    """A replay server that delivers each webhook twice, and the second one before the first.

    It runs until the kernel ends, as the course's other servers do.

    Args:
        scene: whose agent it plays.
        receiver: gets what is delivered.
        secret: signs it.

    Attributes:
        client: of this server.
        posts: what has been delivered, in the order in which it came.
    """

    def __init__(self, scene: PacedScene, receiver: WebhookReceiver, secret: str) -> None:
        self.scene, self.receiver, self.secret = scene, receiver, secret
        self.posts: list[Post] = []
        self._open = ExitStack()
        self._url = self._open.enter_context(serving(cast(WebhookReceiver, _Noting(receiver, self.posts))))
        server = replay_server(
            webhook=Endpoint(self._url, secret, out_of_order=True, twice=True, events=SUBSCRIBED)
        )
        url = server.base_url
        self.client = Anthropic(api_key="recorded", base_url=url, **direct(Anthropic, url))

    def play(self, message: str) -> list[Post]:
        """Play a turn, and wait until all of it has been told and dealt with.

        Args:
            message: what begins the turn.

        Returns:
            What was delivered: each of the two webhooks twice.

        Raises:
            TimeoutError: not all of it came.
        """
        before = len(self.posts)
        session = self.scene.session("Told of by webhook", self.client)
        stream_until_end_turn(self.client, session.id, message)  # unread, its events would wait a second
        deadline = time.monotonic() + PATIENCE
        while len(self.posts) < before + 2 * len(SUBSCRIBED) or not self.receiver.drain(PATIENCE):
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {len(self.posts) - before} webhooks have come in {PATIENCE:.0f} s")
            time.sleep(0.01)
        return self.posts[before:]

    def forge(self, genuine: Post) -> list[tuple[str, int]]:
        """Post what `POSTS` describes, made from a genuine delivery.

        Args:
            genuine: a delivery that the receiver has accepted.

        Returns:
            For each: its letter in the prediction, and the status that was answered.
        """
        with _refusals_unlogged():
            answers = [
                httpx2.post(self._url, headers=headers, content=body, trust_env=False).status_code
                for headers, body in self._six(genuine)
            ]
        return list(zip(ascii_lowercase, answers, strict=False))

    def _six(self, genuine: Post) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of each, in the order of `POSTS`."""
        session_id = json.loads(genuine.body)["data"]["id"].encode()
        other = genuine.body.replace(session_id, b"sesn_01somebodyelses")
        unasked = genuine.body.replace(genuine.type.encode(), b"session.status_run_started")
        signed = {name: value for name, value in genuine.headers.items() if name.startswith("webhook-")}
        return [
            (signed, genuine.body),
            (signed, other),
            (self._sign(other, secret=new_secret()), other),
            (self._sign(other, minutes_ago=6), other),
            (self._sign(unasked), unasked),
            ({"content-type": "application/json"}, genuine.body),
        ]

    def _sign(self, body: bytes, *, secret: str = "", minutes_ago: int = 0) -> dict[str, str]:
        """Headers as the service makes them, with this secret, at that time."""
        when = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        delivery = Delivery(f"event_{secrets.token_hex(8)}", body.decode())
        return Endpoint(self._url, secret or self.secret).headers(delivery, when)


class _Noting:
    """A receiver that notes what came, and what it answered."""

    def __init__(self, receiver: WebhookReceiver, posts: list[Post]) -> None:
        self._receiver, self._posts = receiver, posts
        self.limit, self.start, self.close = receiver.limit, receiver.start, receiver.close

    def take(self, headers: dict[str, str], body: bytes) -> int:
        status = self._receiver.take(headers, body)
        names = {name.lower(): value for name, value in headers.items()}
        self._posts.append(Post(status, names, body))
        return status


@contextmanager
def _refusals_unlogged() -> Iterator[None]:
    """The receiver logs why it refused; what is refused on purpose is no news."""
    logger = logging.getLogger("utilities.webhook")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)

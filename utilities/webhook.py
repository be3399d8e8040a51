"""Receiving webhooks: verified, answered at once, worked on afterwards, each once.

A webhook says that something happened to a session, and no more; what, the handler asks the API. Copy
this file alone; it needs `anthropic[webhooks]`.

    def handle(session_id, types):
        result = stream_until_end_turn(client, session_id, timeout=60)   # reads the turn, sends nothing

    with serving(WebhookReceiver(secret, handle, types={"session.status_idled"})) as url: ...

`WebhookReceiver.take` is the whole of it, for any web framework: headers and body in, a status out.
`WebhookApp` puts it behind ASGI (`Route("/webhook", WebhookApp(receiver), methods=["POST"])`, or uvicorn
on its own), `serving` on this machine's loopback. Signature, timestamp and their tolerance of five
minutes are those of Standard Webhooks, checked by the SDK.
"""

from __future__ import annotations

import asyncio
import base64
import difflib
import http.server
import importlib
import inspect
import json
import logging
import os
import re
import secrets
import socketserver
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_args

from anthropic import Anthropic, AsyncAnthropic, DefaultHttpxClient
from anthropic.types.beta import BetaWebhookEventData

__all__ = ["Failure", "WebhookApp", "WebhookReceiver", "new_secret", "serving"]

ACCEPTED, NOTHING_TO_DO, REFUSED, TOO_LARGE, LATER = 202, 200, 400, 413, 503
LIMIT = 65_536  # bytes of a body; a webhook carries a few ids, some hundred bytes
FAILURES = 1_000  # failed calls that are kept
READ = 10.0  # seconds that `serving` waits for a sender
CHUNK_LINE = 1_000  # bytes of the line before a chunk
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
DATABASE = b"SQLite format 3\0"  # how its file begins
VISIBLE = re.compile(r"[!-~]{1,256}")  # safe in a log line and a database
PLAIN = re.compile(r"\w[\w.:-]{0,255}", re.ASCII)  # safe in a path too, as ".." is not
log = logging.getLogger(__name__)
Webhooks = list[tuple[str, str]]  # id and type of each


def new_secret() -> str:
    """A signing secret that nobody else has: `whsec_` and 32 random bytes in base64, as the API's own are.

    For an endpoint of yours whose sender you configure yourself, as a test's or a replay server's. The
    hosted API makes the secret when an endpoint is registered, and shows it once.
    """
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Failure:
    """A call of the handler that raised.

    Attributes:
        session_id, types: what the handler was called with.
        error: what it raised.
    """

    session_id: str
    types: tuple[str, ...]
    error: BaseException
    webhooks: Webhooks = field(default_factory=list, repr=False)


class WebhookReceiver:
    """Takes webhooks, and calls a function of yours for the sessions that they are about.

    An event that is accepted is handled at least once: one whose call raised, or that was waiting when the
    process died, is tried again by the next receiver on the same `inbox`. There is never more than one call
    for a session at a time; webhooks that come for it meanwhile wait, and are one call then. So a handler has
    to ask the API how things stand, and must not count its calls. They come in any order.

    The service makes three attempts within minutes, then drops an event without a word. What must not be
    missed in a longer outage is found by listing: `client.beta.sessions.list(statuses=["idle"])`.

    Args:
        secret: the signing secret, `whsec_` and base64. Several while one is being replaced: a webhook may be
            signed with any of them.
        handle: called in a thread of the receiver with a session id and the types of the events that led to
            the call, as "session.status_idled". Blocking is fine. A plain function; in it, `asyncio.run` is
            the way to async code.
        client: the SDK's client that verifies. It asks nobody, so any will do; without it, one is made.
        types: the events that matter, all of sessions if None. Others are acknowledged and dropped. Webhooks
            say `status_idled` where the stream says `status_idle`: what the SDK does not know is warned of.
        inbox: a file that outlives the process, SQLite: which events came, which are done. It is for one
            receiver at a time, so let one process of your server have the route. None keeps that in memory.
            In a process that was forked after it was made, a receiver takes nothing (503, and the log).
        on_error: called with a `Failure` when `handle` raised, after the log line. `failed` has it as well.
        capacity: webhooks that may wait. One too many is answered 503 and not remembered: it is sent again,
            up to twice.
        workers: calls that may run at once, each for another session.
        remember: ids of events that are done, the newest, to know a repeat by. An event keeps its `id`
            through all attempts: the SDK calls it an identifier for idempotency.
        limit: bytes that a body may have.

    Raises:
        TypeError: `handle` is async, or `types` is a string.
        ValueError: a secret, a number or a file that can't be used.
        ImportError: the SDK's extra `webhooks` is not installed.
    """

    def __init__(
        self,
        secret: str | Sequence[str],
        handle: Callable[[str, tuple[str, ...]], object],
        *,
        client: Anthropic | AsyncAnthropic | None = None,
        types: Collection[str] | None = None,
        inbox: Path | str | None = None,
        on_error: Callable[[Failure], object] | None = None,
        capacity: int = 1_000,
        workers: int = 4,
        remember: int = 10_000,
        limit: int = LIMIT,
    ) -> None:
        secrets = (secret,) if isinstance(secret, str) else tuple(secret or ())
        _check(secrets, handle, capacity=capacity, workers=workers, remember=remember, limit=limit)
        self._secrets, self._handle, self._on_error = secrets, handle, on_error
        self._client = client or Anthropic(
            api_key="not used", http_client=DefaultHttpxClient(trust_env=False)
        )
        self._types = None if types is None else _known(types)
        self._capacity, self._workers, self.limit = capacity, workers, limit
        self._failed: deque[Failure] = deque()
        self._inbox = _Inbox(inbox, remember)
        self._changed = threading.Condition()  # guards everything below, and the inbox
        self._waiting: dict[str, Webhooks] = {}  # by session, in the order in which the first came
        for id, session_id, type in self._inbox.left:
            self._waiting.setdefault(session_id, []).append((id, type))
        self._busy: dict[str, Webhooks] = {}
        self._threads: list[threading.Thread] = []
        self._closed = self._stopped = False
        self._process = os.getpid()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Verify a webhook and put it in line. Doesn't wait for the handler; any thread may call it.

        Args:
            headers: of the request; the case of names doesn't matter.
            body: of the request, the bytes as they came.

        Returns:
            The HTTP status to answer with, and nothing else: 202 accepted; 200 a repeat, or nothing that
            matters; 400 not from the sender, whatever the reason, which the log has; 413 too large;
            503 no room, or closed: the sender tries again.
        """
        if len(body) > self.limit:
            return refuse(TOO_LARGE, f"more than {self.limit} bytes")
        try:
            event: Any = self._verified(body.decode("utf-8"), dict(headers))
        except Exception as error:  # noqa: BLE001 - unwrap lets out whatever went wrong in it
            known = type(error).__name__ == "WebhookVerificationError"  # these have a fixed text
            return refuse(REFUSED, str(error) if known else f"can't be verified ({type(error).__name__})")
        # The SDK doesn't validate what it parsed: any JSON comes through.
        data = getattr(event, "data", None)
        id: Any = getattr(event, "id", None)
        about: Any = getattr(data, "id", None)
        kind: Any = getattr(data, "type", None)
        named = _matches(VISIBLE, id) and _matches(PLAIN, about) and _matches(PLAIN, kind)
        if getattr(event, "type", None) != "event" or not named:
            return refuse(REFUSED, "signed, but no event: an id, a type or what it is about is missing")
        if not kind.startswith("session.") or (self._types is not None and kind not in self._types):
            log.debug("webhook %s (%s) is not waited for", id, kind)
            return NOTHING_TO_DO
        return self._accept(id, about, kind)

    def _verified(self, text: str, headers: dict[str, str]) -> Any:
        """The event, if it is signed with one of the secrets; raises what the last one has to say."""
        *others, last = self._secrets
        for secret in others:
            with suppress(Exception):  # unwrap lets out whatever went wrong in it
                return self._client.beta.webhooks.unwrap(text, headers=headers, key=secret)
        return self._client.beta.webhooks.unwrap(text, headers=headers, key=last)

    def _accept(self, id: str, session_id: str, type: str) -> int:
        if os.getpid() != self._process:  # no worker came along, nor the inbox's lock
            log.error("webhook %s put off: this WebhookReceiver was made before a fork, make it after it", id)
            return LATER
        with self._changed:
            try:
                if self._closed:
                    return LATER
                if self._inbox.has(id):
                    log.debug("webhook %s (%s) came again", id, type)
                    return NOTHING_TO_DO
                if sum(map(len, self._waiting.values())) >= self._capacity:
                    log.warning("webhook %s for session %s put off: %d wait", id, session_id, self._capacity)
                    return LATER
                self.start()
                self._inbox.add(id, session_id, type)  # before the 2xx: after it nobody sends it again
            except sqlite3.Error as error:
                log.error("webhook %s for session %s put off: the inbox says: %s", id, session_id, error)
                return LATER
            self._waiting.setdefault(session_id, []).append((id, type))
            self._changed.notify_all()
        return ACCEPTED

    def start(self) -> None:
        """Start the workers: on what an earlier process left undone too. `take` does it if nobody has.

        Raises:
            RuntimeError: the receiver was closed.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("this WebhookReceiver was closed; make a new one")
            while len(self._threads) < self._workers:
                name = f"webhooks-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until no webhook waits and no call runs; False if that took more than `timeout` seconds, or if
        the receiver was closed and has left something undone."""
        with self._changed:

            def over() -> bool:  # once stopped, nobody works on what waits
                return not self._busy and (self._stopped or not self._waiting)

            return self._changed.wait_for(over, timeout) and not self._waiting

    @property
    def failed(self) -> tuple[Failure, ...]:
        """The calls that raised and were not tried again, the newest thousand."""
        with self._changed:
            return tuple(self._failed)

    def retry(self) -> int:
        """Put what failed in line again; returns how many calls that were."""
        with self._changed:
            failed = list(self._failed)
            self._failed.clear()
            for failure in failed:
                self._waiting.setdefault(failure.session_id, [])[:0] = failure.webhooks
            self._changed.notify_all()
        return len(failed)

    def close(self, timeout: float | None = 10.0) -> list[str]:
        """Accept nothing more, finish what waits, stop.

        Args:
            timeout: seconds to wait for that; None waits for ever. A call that still runs then is left alone.

        Returns:
            The sessions that are left undone, failed ones among them. With an `inbox` the next receiver on
            that file goes on with them; without one nobody does. The log says so.
        """
        with self._changed:
            if self._stopped:
                return []
            self._closed = True
            if self._threads:
                self.drain(timeout)
            self._stopped = True
            self._changed.notify_all()
            failed = [failure.session_id for failure in self._failed]
            left = list(dict.fromkeys([*self._busy, *self._waiting, *failed]))
            gone = self._inbox.gone
            self._inbox.close()
        if left:
            fate = "kept in the inbox for the next start" if self._inbox.path else "and there is no inbox"
            fate = "and the inbox is gone" if gone else fate
            log.warning("webhooks of %d sessions are left undone, %s: %s", len(left), fate, ", ".join(left))
        return left

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the workers ------------------------------------------------------------------------------

    def _work(self) -> None:
        while (session_id := self._next()) is not None:
            over = self._busy[session_id]
            types = tuple(dict.fromkeys(type for _, type in over))
            try:
                result = self._handle(session_id, types)
                if inspect.iscoroutine(result):
                    result.close()
                    raise TypeError("the handler returned a coroutine; asyncio.run(…) in it would run it")
            except BaseException as error:  # noqa: BLE001 - a worker that dies takes all that waits with it
                over = self._fail(Failure(session_id, types, error, over))
            self._finish(session_id, over)

    def _next(self) -> str | None:
        """A session to work on, once there is one; None when there won't be."""
        with self._changed:
            while not self._stopped:
                for session_id in self._waiting:
                    if session_id not in self._busy:
                        self._busy[session_id] = self._waiting.pop(session_id)
                        return session_id
                self._changed.wait()
            return None

    def _fail(self, failure: Failure) -> Webhooks:
        """Keep it and tell of it; returns the webhooks that are given up to make room for it."""
        about = (failure.session_id, ", ".join(failure.types))
        log.error("the handler failed for session %s (%s)", *about, exc_info=failure.error)
        with self._changed:
            self._failed.append(failure)
            oldest = self._failed.popleft() if len(self._failed) > FAILURES else None
        if oldest is not None:
            log.error("session %s is given up: %d calls failed since", oldest.session_id, FAILURES)
        if self._on_error is not None:
            try:
                self._on_error(failure)
            except BaseException:
                log.exception("on_error failed for session %s (%s)", *about)
        return [] if oldest is None else oldest.webhooks

    def _finish(self, session_id: str, over: Webhooks) -> None:
        with self._changed:
            try:
                self._inbox.done(id for id, _ in over)
            except sqlite3.Error as error:
                log.warning("session %s: that the handler is done can't be noted: %s", session_id, error)
            del self._busy[session_id]
            self._changed.notify_all()


def refuse(status: int, why: str) -> int:
    """Log why a request is refused: one line, nothing in it that the sender wrote."""
    log.warning("webhook refused: %s", why)
    return status


def _matches(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _check(secrets: tuple[str, ...], handle: object, **numbers: int) -> None:
    try:
        importlib.import_module("standardwebhooks")  # otherwise every webhook would look forged
    except ImportError as error:
        raise ImportError("to verify webhooks: pip install 'anthropic[webhooks]'") from error
    if not callable(handle) or inspect.iscoroutinefunction(handle):
        raise TypeError("handle must be a plain function; call asyncio.run(…) in it for async code")
    if not secrets or not all(map(_usable, secrets)):
        raise ValueError("webhook secret: expected whsec_ and base64; the value is not shown here")
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be 1 or more, not {number}")


def _usable(secret: str) -> bool:
    try:
        key = secret.removeprefix("whsec_")
        return secret.startswith("whsec_") and bool(
            base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
        )
    except (AttributeError, ValueError):
        return False


def _known(types: Collection[str]) -> frozenset[str]:
    """The types as a set. A word for one that never comes would only be noticed by the silence."""
    if isinstance(types, str):
        raise TypeError(f"types must be a set of event types: {{{types!r}}}")
    models = (model for union in get_args(BetaWebhookEventData)[:1] for model in get_args(union))
    known = [str(type) for model in models for type in get_args(model.model_fields["type"].annotation)]
    for type in sorted(set(types) - set(known)):
        meant = difflib.get_close_matches(type, known, 1)
        hint = f"; {meant[0]!r}?" if meant else ""
        log.warning("types: the SDK knows no webhook event %r%s", type, hint)
    return frozenset(types)


class _Inbox:
    """Which events came, and which are done. The receiver's lock guards it."""

    def __init__(self, path: Path | str | None, remember: int) -> None:
        self.path, self.remember = path, remember
        try:
            self._db = sqlite3.connect(
                path or ":memory:", timeout=1.0, isolation_level=None, check_same_thread=False
            )
            # For as long as it is open: two receivers would both do what a third has left.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("BEGIN EXCLUSIVE")
            columns = "n INTEGER PRIMARY KEY, id TEXT UNIQUE, session TEXT, type TEXT, done INTEGER DEFAULT 0"
            self._db.execute(f"CREATE TABLE IF NOT EXISTS webhooks ({columns})")
            self._db.execute("COMMIT")
            undone = "SELECT id, session, type FROM webhooks WHERE NOT done ORDER BY n"
            self.left: list[tuple[str, str, str]] = self._db.execute(undone).fetchall()
        except sqlite3.Error as error:
            if db := getattr(self, "_db", None):
                db.close()  # or it keeps the file as long as somebody keeps the error
            locked = getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY"
            hint = "close the receiver that has it, or name" if locked else "name"
            raise ValueError(f"inbox {path}: {error}; {hint} another file") from error

        self._file = self._identity()
        # Kept open: whoever closes a file gives up its locks too, the database's among them.
        self._bytes = None if path is None else open(path, "rb", buffering=0)  # noqa: SIM115

    def _identity(self) -> tuple[int, int] | None:
        if self.path is None:
            return None
        at = os.stat(self.path)
        return at.st_dev, at.st_ino

    @property
    def gone(self) -> bool:
        """Whether the file was deleted, moved or overwritten: what is in it now, no later start will find."""
        if self._bytes is None:
            return False
        try:
            self._bytes.seek(0)
            return self._identity() != self._file or self._bytes.read(len(DATABASE)) != DATABASE
        except OSError:
            return True

    def has(self, id: str) -> bool:
        return self._db.execute("SELECT 1 FROM webhooks WHERE id = ?", [id]).fetchone() is not None

    def add(self, id: str, session_id: str, type: str) -> None:
        if self.gone:
            told = "is gone or overwritten; make a new receiver"
            raise sqlite3.OperationalError(f"the file {self.path} {told}")
        self._db.execute("INSERT INTO webhooks (id, session, type) VALUES (?, ?, ?)", [id, session_id, type])

    def done(self, ids: Iterator[str]) -> None:
        these = "(SELECT value FROM json_each(?))"  # one statement, one write
        self._db.execute(f"UPDATE webhooks SET done = 1 WHERE id IN {these}", [json.dumps(list(ids))])
        oldest = "(SELECT max(n) FROM webhooks) - ?"
        self._db.execute(f"DELETE FROM webhooks WHERE done AND n <= {oldest}", [self.remember])

    def close(self) -> None:
        self._db.close()
        if self._bytes is not None:
            self._bytes.close()


# -- ways to a socket -----------------------------------------------------------------------------


class WebhookApp:
    """A receiver as an ASGI application, for a route of Starlette or FastAPI, or for a server on its own.

    On its own it starts the receiver and closes it. As a route it can't see the end: put `with receiver:`
    into your application's lifespan.
    """

    def __init__(self, receiver: WebhookReceiver) -> None:
        self.receiver = receiver

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            for do, said in ((self.receiver.start, "startup"), (self.receiver.close, "shutdown")):
                await receive()
                await asyncio.to_thread(do)
                await send({"type": f"lifespan.{said}.complete"})
            return
        if scope["type"] == "websocket":  # of no use here: refused, as 403
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        status, body, more = 405, b"", scope["method"] == "POST"
        if more:
            while more and len(body) <= self.receiver.limit:  # what comes beyond is never read
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            status = await asyncio.to_thread(self.receiver.take, headers, body)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@contextmanager
def serving(receiver: WebhookReceiver, *, port: int = 0, timeout: float | None = 10.0) -> Iterator[str]:
    """Receive on this machine's loopback for the time of a `with` block, in a notebook for example.

    Args:
        receiver: is started, and closed at the end.
        port: 0 takes a free one.
        timeout: seconds that closing waits for what is to be done; see `WebhookReceiver.close`.

    Yields:
        The URL to send webhooks to.

    Raises:
        OSError: the port is taken.
    """
    try:
        listening = _Server(("127.0.0.1", port), _Request)
    except OSError as error:
        raise OSError(
            error.errno, f"127.0.0.1 port {port}: {error.strerror}; port=0 takes a free one"
        ) from None
    with listening as server:
        server.receiver = receiver
        receiver.start()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
            receiver.close(timeout)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128
    receiver: WebhookReceiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a sender went away", exc_info=sys.exception())


class _Request(http.server.BaseHTTPRequestHandler):
    timeout = READ
    protocol_version = "HTTP/1.1"  # with it a sender that expects `100 Continue` gets it
    server: _Server

    def do_POST(self) -> None:
        length, limit = self.headers.get("content-length", ""), self.server.receiver.limit
        if self.headers.get("transfer-encoding", "").lower() == "chunked":  # tunnels send it
            try:
                body = self._chunks(limit)
            except ValueError:
                self._answer(refuse(REFUSED, "chunks that can't be read"))
                return
        elif not (length.isascii() and length.isdigit()):
            self._answer(refuse(411, "it doesn't say how long it is"))
            return
        elif len(length) > 18 or int(length) > limit:
            self._answer(refuse(TOO_LARGE, f"more than {limit} bytes"))
            return
        else:
            body = self.rfile.read(int(length))
        self._answer(self.server.receiver.take(dict(self.headers.items()), body))

    def _chunks(self, limit: int) -> bytes:
        """The body of a chunked request, no further than a little beyond the limit."""
        body = b""
        while len(body) <= limit:
            size = self.rfile.readline(CHUNK_LINE).partition(b";")[0].strip()
            if not CHUNK_SIZE.fullmatch(size):
                raise ValueError("no size of a chunk")
            if (wanted := int(size, 16)) == 0:
                break
            chunk = self.rfile.read(min(wanted, limit + 1 - len(body)))
            body += chunk
            if len(body) <= limit and (len(chunk) < wanted or self.rfile.readline(CHUNK_LINE).strip()):
                raise ValueError("a chunk that is not as long as it says")
        return body

    def do_GET(self) -> None:
        self._answer(405)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no HTTP, or another method: answered without the page that would repeat it."""
        self._answer(code)

    def _answer(self, status: int) -> None:
        self.send_response_only(status)
        self.send_header("content-length", "0")
        self.send_header("connection", "close")  # so nothing of a refused body is taken for a request
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The receiver logs what matters."""

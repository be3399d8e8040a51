"""Random requests: bodies made from the SDK's types and then damaged; ids, queries and paths of all kinds."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import datetime
from random import Random
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from utilities.replay.api import Api
from utilities.replay.http.requests import Form, Request, Upload

ID = re.compile(r"\b[a-z]{2,9}_01[0-9A-Za-z]{22}")
TEXTS = (
    *("go", "", " ", "x" * 70_000, "ünïcode 𝔘", "\0", "\u2028", "../../etc/passwd", "/mnt/memory/notes.md"),
    *("/a/./b", "/mnt/session/uploads/../x", "C:\\x", "%2e%2e/%00", "sesn_01nobody", "0", "true", "null"),
    *("2026-11-21T09:00:00Z", "9" * 400, "page_ZGVzYzow", "{}", "<script>", "whsec_AAAA", "https://x.y/z"),
)
NUMBERS = (True, False, 0, -1, 1, 2**63, 10**400, 0.5, 1e308)
VALUES = (None, *NUMBERS, "", [], {}, [[]], [None], {"type": "x"}, {"": ""})
NAMES = (
    *("limit", "page", "order", "types[]", "statuses[]", "ids[]", "scope_id", "agent_id", "agent_version"),
    *("created_at[gte]", "created_at[lt]", "include_archived", "version", "depth", "view", "path_prefix"),
    *("event_deltas[]", "expected_content_sha256", "beta", "", "x[y][z]", "limit[]"),
)
GOOD = {"limit": ("1", "5", "100"), "order": ("asc", "desc"), "include_archived": ("true", "false")}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "get", "")
BODIES = (
    *(b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": 1e999}'),
    *(b'{"a":' * 5000, b'{"name": "a"} {"name": "b"}', b"\0" * 100, b"\xef\xbb\xbf{}", b"1" * 5000),
)
FILES = ("a.py", "", "../../a", "/etc/passwd", "C:\\a.txt", "\0", "x" * 5000, ".", "..", "ü\u2028", "a/b/")
ENDS = ("/", "//", "/..", "/%2e%2e/x", "/\0", "/" + "x" * 9000, "?x=y", "/ü", "/archive/archive", "%", ";a=b")


def routes(api: Api) -> list[tuple[str, str]]:
    """The method and the path template of each route that this server has."""
    return api.routes


class Fuzzer:
    """Random requests to the routes of a server, the same ones for the same seed.

    Args:
        seed: what decides all of them.
        routes: method and path template of each route.
    """

    def __init__(self, seed: int, routes: list[tuple[str, str]]) -> None:
        self.random, self.routes = Random(seed), routes
        self.ids: dict[str, list[str]] = {}  # by kind, the first three letters: the latest that answers had
        self.types: dict[tuple[str, str], type] = {}  # what each route checks its body against, once known
        self.counts = dict.fromkeys(routes, 0)

    def learn(self, content: Any) -> None:
        """Take the ids of an answer, to ask for them."""
        for id in dict.fromkeys(ID.findall(json.dumps(content))):
            latest = self.ids.setdefault(id[:3], [])
            if id not in latest:
                latest.append(id)
                del latest[:-8]

    def request(self, number: int) -> tuple[tuple[str, str], Request]:
        """The route that it is meant for, and the request: the routes take turns."""
        route = method, template = self.routes[number % len(self.routes)]
        self.counts[route] += 1
        if self.chance(0.1):
            method = self.random.choice(METHODS)
        ends = method == "DELETE" or template.endswith("/archive")
        likely = 0.3 if ends else 0.85  # so that something is left for the other routes
        path = re.sub(r"\{\w+\}", lambda match: self.id_for(template[: match.start()], likely), template)
        if self.chance(0.1):
            path = self.odd_path(path)
        body, upload = b"", None
        if method == "POST" and (path.endswith("/files") or self.chance(0.03)) and self.chance(0.8):
            kind = self.random.choice([None, "", "x/y", "text/plain; charset=x"])
            upload = Upload(self.random.choice(FILES), self.random.randbytes(50), kind)
        elif method == "POST" or self.chance(0.1):
            body = self.body(route)
        return route, Request(method, path, self.query(), body, Form(upload))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # -- the parts of a request -----------------------------------------------------------------------

    def an_id(self, name: str) -> str:
        """One of the kind that this name calls for, if any is known, else of any kind."""
        fitting = self.ids.get(name[:3]) or [id for ids in self.ids.values() for id in ids]
        return self.random.choice(fitting or ["sesn_01nobody"])

    def id_for(self, before: str, likely: float) -> str:
        """Likely an id of the kind that belongs here, else one of another kind, or no id."""
        if self.chance(likely):
            return self.an_id(before.rstrip("/").rsplit("/", 1)[-1])
        return self.random.choice([self.an_id(""), *(text for text in TEXTS if text and "/" not in text)])

    def odd_path(self, path: str) -> str:
        at = self.random.randrange(len(path) + 1)
        changed = (
            *(path + self.random.choice(ENDS), path[:at], path[:at] + "/" + path[at:], path.upper(), ""),
            *(path.replace("/v1", "", 1), path.replace("/", "//")),
        )
        return self.random.choice(changed)

    def query(self) -> list[tuple[str, str]]:
        if self.chance(0.6):
            return []
        names = self.random.choices(NAMES, k=self.random.randint(1, 3))
        return [(name, self.random.choice([*GOOD.get(name, ()), *TEXTS, self.an_id(name)])) for name in names]

    def body(self, route: tuple[str, str]) -> bytes:
        if self.chance(0.08):
            return self.random.choice(BODIES)
        body = self.value(self.types[route], "", 0) if route in self.types else {}
        for _ in range(self.random.choice([0, 0, 1, 2])):
            body = self.damaged(body)
        raw = json.dumps(body).encode()
        return raw[: self.random.randrange(len(raw))] if self.chance(0.03) else raw

    def value(self, hint: Any, name: str, depth: int) -> Any:
        """A value of this type, as far as JSON has one."""
        origin, arguments = get_origin(hint), get_args(hint)
        if is_typeddict(hint):
            return self.fields(hint, depth)
        if origin in (Required, NotRequired, Annotated):
            return self.value(arguments[0], name, depth)
        if origin is Literal:
            return self.random.choice(arguments)
        if origin is dict:
            return {str(self.random.choice(TEXTS[:8])): self.value(arguments[1], name, depth + 1)}
        if origin is Union or str(origin) == "<class 'types.UnionType'>":
            return self.value(self.random.choice(arguments), name, depth)
        if arguments:  # every kind of list
            size = 0 if depth > 6 else self.random.choice([0, 1, 1, 2, 5])
            return [self.value(arguments[0], name, depth + 1) for _ in range(size)]
        return self.simple(hint, name)

    def fields(self, hint: Any, depth: int) -> dict[str, Any]:
        hints = get_type_hints(hint, include_extras=True)
        wanted = [k for k in hints if k in hint.__required_keys__ or (depth < 6 and self.chance(0.25))]
        # The SDK's modules postpone their annotations, so that only the hints know what is required.
        required = [key for key, value in hints.items() if get_origin(value) is Required]
        names = [key for key in dict.fromkeys([*required, *wanted]) if key not in ("betas", "workspace_id")]
        return {name: self.value(hints[name], name, depth + 1) for name in names}

    def simple(self, hint: Any, name: str) -> Any:
        if hint is bool:
            return self.chance(0.5)
        if hint in (int, float):
            return self.random.choice([0, 1, 2, 5, -1])
        if hint is type(None):
            return None
        if hint is datetime:
            return "2026-11-21T09:00:00Z"
        if name[:3] in self.ids and self.chance(0.9):
            return self.an_id(name)
        return self.random.choice(
            ["go", "look up", "clean up", "a/b.py", "/notes/a.md", *TEXTS, self.an_id("")]
        )

    def damaged(self, body: Any) -> Any:
        """The body with one thing in it changed, added or taken away."""
        if not isinstance(body, dict | list) or not body or self.chance(0.15):
            return self.random.choice([self.odd(), {"a": body}, [body], self.nested(body)])
        keys = list(body) if isinstance(body, dict) else list(range(len(body)))
        key: Any = self.random.choice(keys)
        change = self.random.choice(["inside", "inside", "remove", "replace", "add"])
        if change == "inside":
            body[key] = self.damaged(body[key])
        elif change == "remove":
            del body[key]
        elif change == "replace":
            body[key] = self.odd()
        elif isinstance(body, dict):
            body[self.random.choice(["x", "type", "id", "", *keys])] = self.odd()
        else:
            body += body[:1] * self.random.choice([1, 60])
        return body

    def odd(self) -> Any:
        return deepcopy(self.random.choice([*VALUES, *TEXTS]))

    def nested(self, value: Any) -> Any:
        for _ in range(self.random.choice([5, 150, 190, 300])):
            value = {"type": value}
        return value

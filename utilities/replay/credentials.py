"""Secrets in a recording that is about to be written: found by detect-secrets, shown, and masked.

What a secret looks like changes, so the patterns are those of a detector that others keep. Those for
"a text without order" are left out: ids, hashes and pictures are what a session is full of. The patterns of
ours are those of the API itself, which the detector doesn't know: its keys, and the secrets of webhooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Secret", "masked", "search"]

OURS = {
    "Anthropic API Key": re.compile(r"sk-ant-[\w-]{10,}"),
    "Webhook Secret": re.compile(r"whsec_[A-Za-z0-9+/=_-]{16,}"),
}
KEY = "PRIVATE KEY(?: BLOCK)?-----"
KEY_BLOCK = re.compile(rf"-----BEGIN [A-Z ]*{KEY}.*?(?:-----END [A-Z ]*{KEY}|\Z)", re.S)
FIELD = re.compile(r"(?i)(?:^|[_-])(?:token|secret|password|passwd|api[_-]?key|authorization|credentials?)$")
HEADER = re.compile(r"(?i)\b(?:(?:bearer|basic)\s+|x-api-key\s*:\s*)([\w.~+/=-]{12,})")
NOT_SECRET = ("id", "type", "processed_at", "created_at", "filename", "mime_type", "encoding", "sdk")
LEFT_OUT = ("Entropy", "IPPublic", "Keyword")  # the last is asked below, in its two ways
SHORTEST = 6  # characters of a value that is assigned to a name
LONGEST = 5_000  # characters of a line; a longer one is data, and the patterns would take minutes


@dataclass(frozen=True)
class Secret:
    """One secret.

    Attributes:
        kind: what it looks like.
        value: the secret itself.
        line: of the file, from 1.
        where: the fields that lead to it.
    """

    kind: str
    value: str
    line: int
    where: str

    def __str__(self) -> str:
        """Where it is and how it begins, without giving it away."""
        value = self.value.replace("\n", " ")
        shown = value[: min(4, len(value) // 3)]
        return f"line {self.line}, {self.where}: {self.kind}, {shown}… ({len(value)} characters)"


def search(lines: list[str]) -> list[Secret]:
    """The secrets in a recording, each of them once, where it comes first.

    Args:
        lines: the file's, each a JSON object.
    """
    found: dict[str, Secret] = {}
    for number, line in enumerate(lines, start=1):
        for where, key, text in _texts(json.loads(line), ""):
            for kind, value in _in_text(key, text):
                found.setdefault(value, Secret(kind, value, number, where))
    return list(found.values())


def masked(value: Any, found: list[Secret]) -> Any:
    """The same object with a mark in the place of each secret, one mark for one secret."""
    marks = {f.value: f"[MASKED {f.kind} {n}]" for n, f in enumerate(found, start=1)}
    return _replaced(value, dict(sorted(marks.items(), key=lambda item: -len(item[0]))))


def _replaced(value: Any, marks: dict[str, str]) -> Any:
    if isinstance(value, str):
        for secret, mark in marks.items():
            value = value.replace(secret, mark)
        return value
    if isinstance(value, list):
        return [_replaced(part, marks) for part in value]
    if isinstance(value, dict):
        return {key: part if key in NOT_SECRET else _replaced(part, marks) for key, part in value.items()}
    return value


def _texts(value: Any, where: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Each text with the fields that lead to it and the last of these, but ids, types and times."""
    if isinstance(value, str):
        yield where, key, value
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _texts(part, f"{where}[{number}]", key)
    elif isinstance(value, dict) and value.get("encoding") != "base64":
        for name, part in value.items():
            if name not in NOT_SECRET and not name.endswith("_id"):
                yield from _texts(part, f"{where}.{name}".lstrip("."), name)


def _in_text(key: str, text: str) -> Iterator[tuple[str, str]]:
    if text[:1] in "{[" and (value := _json(text)) is not None:  # as tools answer
        for _, name, inner in _texts(value, "", key):
            yield from _in_text(name, inner)
        return
    for block in KEY_BLOCK.findall(text):
        yield "Private Key", block
    text = KEY_BLOCK.sub("", text)
    if FIELD.search(key) and len(text) >= SHORTEST and " " not in text.strip():
        yield f"{key}", text
    for kind, pattern in OURS.items():
        yield from ((kind, value) for value in pattern.findall(text))
    for line in text.splitlines():
        if len(line) < LONGEST:
            yield from _in_line(line)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    for value in HEADER.findall(line):
        yield "Authorization header", value
    for plugin in _plugins():
        for value in plugin.analyze_string(line):
            yield plugin.secret_type, _whole(value, line)
    yield from _named("x.py", line)  # in quotes
    yield from ((kind, value) for kind, value in _named("x.ini", line) if re.search(r"\d", value))


def _named(filename: str, line: str) -> Iterator[tuple[str, str]]:
    """What is assigned to a name like `password`."""
    from detect_secrets.filters import heuristic
    from detect_secrets.plugins.keyword import KeywordDetector

    for secret in KeywordDetector().analyze_line(filename=filename, line=line, line_number=1):
        value = secret.secret_value or ""
        chance = heuristic.is_templated_secret(value) or heuristic.is_sequential_string(value)
        if len(value) >= SHORTEST and not chance and not value.startswith("[MASKED"):
            yield secret.type, value


@cache
def _plugins() -> tuple[Any, ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    kinds: Any = get_mapping_from_secret_type_to_class().values()  # takes a moment, so only when it is needed
    return tuple(kind() for kind in kinds if not any(name in kind.__name__ for name in LEFT_OUT))


def _whole(value: str, line: str) -> str:
    """The word that it stands in: of some tokens the detector gives only how they begin."""
    around = re.search(rf"[\w.~+/=-]*{re.escape(value)}[\w.~+/=-]*", line)
    return around[0] if around and "://" not in around[0] and "@" not in line else value

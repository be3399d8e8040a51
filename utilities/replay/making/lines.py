"""Where in a TOML file a key stands. The standard library's parser doesn't say."""

from __future__ import annotations

import re

KEY = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
DOTTED = rf"{KEY}(?:\s*\.\s*{KEY})*"
TABLE = re.compile(rf"\s*\[\s*({DOTTED})\s*\]\s*(?:#.*)?$")
TABLES = re.compile(rf"\s*\[\[\s*({DOTTED})\s*\]\]\s*(?:#.*)?$")
ASSIGNED = re.compile(rf"\s*({DOTTED})\s*=\s*(.*)$")

Place = tuple[str | int, ...]


def line_of(text: str, place: Place) -> int:
    """The line, counted from 1, of a key or of the nearest thing around it.

    Args:
        text: the file.
        place: keys, and for lists the number of the item, from 0.
    """
    known = _places(text)
    while place and place not in known:
        place = place[:-1]
    return known.get(place, 1)


def _places(text: str) -> dict[Place, int]:
    places: dict[Place, int] = {(): 1}
    counts: dict[Place, int] = {}
    table: Place = ()
    closing = ""  # of a text that goes over several lines
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            if closing in line:
                closing = ""
            continue
        if match := TABLES.match(line):
            parent, last = _table(_parts(match[1]), counts)
            counts[(*parent, last)] = counts.get((*parent, last), -1) + 1
            table = (*parent, last, counts[(*parent, last)])
            places.setdefault((*parent, last), number)
            places[table] = number
        elif match := TABLE.match(line):
            parent, last = _table(_parts(match[1]), counts)
            table = (*parent, last)
            places.setdefault(table, number)
        elif match := ASSIGNED.match(line):
            keys = _parts(match[1])
            for end in range(1, len(keys) + 1):
                places.setdefault((*table, *keys[:end]), number)
            for quotes in ('"""', "'''"):
                if quotes in match[2] and match[2].count(quotes) % 2:
                    closing = quotes
    return places


def _parts(dotted: str) -> list[str]:
    return [key.strip("\"'") for key in re.findall(KEY, dotted)]


def _table(keys: list[str], counts: dict[Place, int]) -> tuple[Place, str]:
    """The place of a table's parent, the newest item of each list of tables on the way, and its own name."""
    place: Place = ()
    for key in keys[:-1]:
        place = (*place, key)
        if place in counts:
            place = (*place, counts[place])
    return place, keys[-1]

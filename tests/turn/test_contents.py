"""What data people's tools return keeps what it says."""

import collections
import io
import sqlite3
import types
from datetime import date
from xml.etree import ElementTree

import pytest

from tests.kit.serving import served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import one_call
from utilities.turn.contents import result_content

Point = collections.namedtuple("Point", "id status")


class View(collections.abc.Mapping):
    """A mapping of one's own."""

    def __init__(self, inner):
        self.inner = inner

    def __getitem__(self, key):
        return self.inner[key]

    def __iter__(self):
        return iter(self.inner)

    def __len__(self):
        return len(self.inner)


class Table:
    """As pandas' tables: going through one gives its columns, and `str` leaves out the middle."""

    index = (0, 1)

    def __iter__(self):
        return iter(["order", "status"])

    def keys(self):
        return ["order", "status"]

    def to_string(self):
        return "   order   status\n0      7  shipped"

    def __str__(self):
        return "..."


class Records:
    """As polars' tables."""

    columns = ("order",)

    def __iter__(self):
        return iter([[7]])

    def to_dicts(self):
        return [{"order": 7}]


class Array:
    """As numpy's arrays and numbers."""

    def __init__(self, inner):
        self.inner = inner

    def __iter__(self):
        return iter(self.inner)

    def tolist(self):
        return self.inner


def row():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    return connection.execute("select 7 as id, 'shipped' as status").fetchone()


@pytest.mark.parametrize(
    ("returned", "sent"),
    [
        (Table(), Table().to_string()),
        ({"table": Table()}, '{"table": "   order   status\\n0      7  shipped"}'),
        (Records(), '[{"order": 7}]'),
        (row(), '{"id": 7, "status": "shipped"}'),
        ([row()], '[{"id": 7, "status": "shipped"}]'),
        (Point(7, "shipped"), '{"id": 7, "status": "shipped"}'),
        ([Point(7, "shipped")], '[{"id": 7, "status": "shipped"}]'),
        (types.MappingProxyType({"status": "shipped"}), '{"status": "shipped"}'),
        (View({"status": "shipped"}), '{"status": "shipped"}'),
        ({"n": Array(3)}, '{"n": 3}'),
        (Array([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        (Array(3), "3"),
        ({"days": {1}, "more": (n for n in (2,))}, '{"days": [1], "more": [2]}'),
        (ElementTree.fromstring("<order><id>7</id></order>"), "<order><id>7</id></order>"),
        (date(2026, 11, 27), '"2026-11-27"'),
        (map(str, [1, 2]), '["1", "2"]'),
    ],
)
def test_nothing_loses_what_it_says(returned, sent):
    assert result_content(returned) == [{"type": "text", "text": sent}]


@pytest.mark.parametrize(
    ("returned", "name"),
    [
        (io.StringIO("a"), "StringIO"),
        (object(), "object"),
        (print, "builtin_function_or_method"),
        (int, "type"),
    ],
)
@pytest.mark.parametrize("within", [lambda value: value, lambda value: {"inner": [value]}])
def test_what_cannot_be_written_down_says_so(returned, name, within):
    with pytest.raises(TypeError, match=f"the tool returned a {name}, which can't be written down"):
        result_content(within(returned))


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b"\x89PNG"}}


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (object(), "the tool returned a object, which can't be written down"),
        (PICTURE, "the tool returned a block, image, that can't be sent: bytes is no JSON"),
        ({"type": "text", "text": "a", "n": float("nan")}, "a block, text, that can't be sent"),
    ],
)
def test_the_agent_hears_of_it(kind, returned, told):
    with served(one_call(), strict=False) as session:
        result = session.follow(kind, "go", tools=[make_tool(kind, lambda name: returned)])
    [call] = result.tool_calls
    assert call.is_error
    assert told in call.text

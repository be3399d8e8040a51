"""Query strings and pages: what every list route needs, once."""

from __future__ import annotations

import base64
import hashlib
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..ids import parse_time
from .errors import ApiError

POSITION = re.compile("[0-9]{1,12}")
COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


@dataclass(frozen=True)
class Query:
    """The query of one request; every method names the parameter when it is wrong.

    Attributes:
        pairs: the parameters as they came.
        of: what is asked for, so that a cursor of one list is none of another.
    """

    pairs: Sequence[tuple[str, str]]
    of: str = ""

    def text(self, name: str) -> str | None:
        return next((value for key, value in self.pairs if key == name), None)

    def texts(self, name: str) -> list[str]:
        """All values of an array parameter, as the SDK writes it: `types[]=a&types[]=b`."""
        return [value for key, value in self.pairs if key in (name, f"{name}[]")]

    def chosen(self, name: str, known: Sequence[str]) -> list[str]:
        """All values of an array parameter that has a closed list of them."""
        wanted = self.texts(name)
        if unknown := next((value for value in wanted if value not in known), None):
            raise ApiError(400, f"{name}: {unknown!r} is unknown, expected {', '.join(known)}")
        return wanted

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most or len(text) > 9:
            raise ApiError(400, f"{name}: must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    def flag(self, name: str) -> bool:
        text = self.text(name) or "false"
        if text not in ("true", "false"):
            raise ApiError(400, f"{name}: must be true or false, not {text!r}")
        return text == "true"

    def order(self, default: str) -> str:
        order = self.text("order") or default
        if order not in ("asc", "desc"):
            raise ApiError(400, f"order: must be asc or desc, not {order!r}")
        return order

    def within(self, name: str) -> Callable[[str], bool] | None:
        """Tells whether a time lies in the range that `name[gt]`, `[gte]`, `[lt]` and `[lte]` give.

        None if none of them is given. A wrong one is refused here, also when there is nothing to compare.
        """
        limits = [
            (compare, self._time(f"{name}[{test}]", text))
            for test, compare in COMPARE.items()
            if (text := self.text(f"{name}[{test}]")) is not None
        ]
        if not limits:
            return None
        return lambda moment: all(compare(parse_time(moment), limit) for compare, limit in limits)

    def cursor(self, place: str) -> str:
        """A cursor for a place in the list that is asked for."""
        text = f"{self._list()}:{place}".encode()
        return "page_" + base64.urlsafe_b64encode(text).decode().rstrip("=")

    def place(self) -> str | None:
        """Where the cursor in `page` stands; None without one.

        Raises:
            ApiError: 400, it is none of this list's.
        """
        if (cursor := self.text("page")) is None:
            return None
        text = cursor.removeprefix("page_")
        try:
            made_for, _, place = (
                base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
            )
        except ValueError as error:
            raise self.no_cursor() from error
        if made_for != self._list():
            raise self.no_cursor()
        return place

    def no_cursor(self) -> ApiError:
        """What a cursor that is none of this list's gets."""
        return ApiError(400, f"page: {self.text('page')!r} is not a cursor of this list; use its `next_page`")

    def _list(self) -> str:
        return hashlib.sha256(self.of.encode()).hexdigest()[:8]

    @staticmethod
    def _time(name: str, text: str) -> datetime:
        try:
            # A "+" that nobody escaped arrives as a blank.
            return parse_time(text.replace(" ", "+"))
        except ValueError as error:
            raise ApiError(400, f"{name}: {text!r} is not an RFC 3339 time") from error


def page_of(
    rows: Sequence[Any], query: Query, *, default: int, most: int, least: int = 0,
    order: str = "asc", back: bool = False, number: Callable[[Any], int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One page of a list: `{"data", "next_page"}`, with `prev_page` too if `back`.

    A cursor is a position counted from the oldest row, in both orders: what is added while somebody
    turns the pages moves none of them, and page k costs what page 1 costs.

    Args:
        rows: oldest first.
        query: has `limit` and `page`.
        default: the limit if none is asked for.
        most: the largest limit.
        least: the smallest one; 0, where the API states none, is the default. [ours]
        order: "desc" to list the newest first.
        back: whether this list can be paged backwards.
        number: the place of a row among all that there are, where the rows are some of them: then a cursor
            stays valid when another filter chooses others.
    """
    limit = query.number("limit", default, least, most) or default
    at, count = position_of(query, order), len(rows)
    numbers = range(count) if number is None else [number(row) for row in rows]
    at = at if at is None else bisect_left(numbers, at)
    if order == "desc":
        end = count if at is None else min(at, count)
        start = max(0, end - limit)
        data, following, before = rows[start:end][::-1], start, min(count, end + limit)
        more, earlier = start > 0, end < count
    else:
        start = at or 0
        end = start + limit
        data, following, before = rows[start:end], end, max(0, start - limit)
        more, earlier = end < count, start > 0

    def cursor(index: int) -> str:
        return query.cursor(f"{order}:{numbers[index] if index < count else numbers[-1] + 1}")

    page: dict[str, Any] = {"data": list(data), "next_page": cursor(following) if more else None}
    if back:
        page["prev_page"] = cursor(before) if earlier else None
    return page


def position_of(query: Query, order: str) -> int | None:
    """Where the cursor of a request stands; None if it has none."""
    place = query.place()
    if place is None:
        return None
    made_in, _, number = place.partition(":")
    if not POSITION.fullmatch(number):
        raise query.no_cursor()
    if made_in != order:  # [doc]
        raise ApiError(400, f"page: this cursor was made with another order than {order}; begin anew")
    return int(number)


def page_by_id(ids: Sequence[str], query: Query) -> dict[str, Any]:
    """One page of a list whose cursors are ids, in `data`: what is after `after_id`, or before `before_id`.

    So are models listed [sdk], and files for clients from before their general availability. [doc]
    """
    limit = query.number("limit", 20, 1, 1000)
    after, before = _index(query, "after_id", ids), _index(query, "before_id", ids)
    rows = ids[0 if after is None else after + 1 : before]
    backwards = before is not None and after is None
    data, more = rows[-limit:] if backwards else rows[:limit], len(rows) > limit
    first, last = (data[0], data[-1]) if data else (None, None)
    return {"data": list(data), "has_more": more, "first_id": first, "last_id": last}


def _index(query: Query, name: str, ids: Sequence[str]) -> int | None:
    id = query.text(name)
    if id is None:
        return None
    if id not in ids:
        raise ApiError(400, f"{name}: {id!r} is not in this list")
    return ids.index(id)

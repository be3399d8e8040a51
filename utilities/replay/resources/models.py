"""The models that the installed SDK names. What else the service knows of them isn't in it."""

from __future__ import annotations

import re
from typing import Any, get_args

from anthropic.types.model import Model

from ..http.errors import not_found
from ..http.paging import Query, page_by_id
from ..http.validation import Resource
from ..recordings.costs import FAST, PRICES

IDS: tuple[str, ...] = get_args(get_args(Model)[0])  # newest first, as the service lists them [sdk]
DATE = re.compile(r"-\d{8}$")
LIFECYCLES = ("active", "deprecated", "retired")  # [sdk]
UNKNOWN = "1970-01-01T00:00:00Z"  # a date that isn't known [sdk: "may be set to an epoch value"]
UNTOLD = ("capabilities", "deprecated_at", "line", "max_input_tokens", "max_tokens", "retires_at")


def alias_of(id: str) -> str:
    """The model that an id stands for: itself, or the dated one that the SDK names beside it."""
    return next((other for other in IDS if other != id and DATE.sub("", other) == id), id)


NAMED = re.compile(r"claude-([a-z]+)-(\d{1,2})(?:-(\d{1,2}))?(?:-\d{8})?")
FAMILIES = {parts[1] for id in IDS if (parts := NAMED.fullmatch(id))}
OLDEST = (4, 5)  # that runs agents [doc]
PINNED = (4, 6)  # the oldest that can be pinned to a region [doc]
MODELS = tuple(id for id in IDS if alias_of(id) == id)


def runs_agents(id: str) -> bool:
    """Whether a model can be an agent's: Claude 4.5 and later. [doc]

    Which ones there are only the service knows. Here they are those of the families that the SDK names, newer
    versions than it names too. [ours]
    """
    parts = NAMED.fullmatch(id)
    if parts is None:
        return id in IDS and not re.search(r"\d", id)  # a preview has no version
    return parts[1] in FAMILIES and (int(parts[2]), int(parts[3] or 0)) >= OLDEST


# How capable a model is beside others, by the table of who may advise whom. [doc: the page about the advisor
# tool, whose pairs hold for agents too]
CAPABILITY = {
    "claude-haiku-4-5": 0,
    "claude-sonnet-4-6": 1,
    "claude-opus-4-6": 2,
    "claude-sonnet-5": 3,
    **dict.fromkeys(("claude-opus-4-7", "claude-opus-4-8"), 4),
    **dict.fromkeys(("claude-opus-5", "claude-fable-5", "claude-mythos-5"), 5),
}
LEAST_ADVISOR = CAPABILITY["claude-sonnet-4-6"]
NOT_IN_THE_TABLE = ("claude-opus-4-5", "claude-sonnet-4-5")  # though they run agents, so no pair has them


def advises(advisor: str, model: str) -> bool:
    """Whether a model may advise an agent that runs another one. [doc]

    It has to be Sonnet 4.6 or more capable, and not less capable than the agent's own. The table is of August
    2026: a pair with a model that came later is taken, as nobody says how capable it counts. [ours]
    """
    pair = [DATE.sub("", id) for id in (advisor, model)]
    if any(id in NOT_IN_THE_TABLE for id in pair):
        return False
    given, needed = map(CAPABILITY.get, pair)
    return given is None or given >= max(LEAST_ADVISOR, needed or 0)


def can_be_pinned(id: str) -> bool:
    """Whether a model takes `inference_geo`: Claude 4.6 and later. [doc]"""
    parts = NAMED.fullmatch(id)
    return parts is None or (int(parts[2]), int(parts[3] or 0)) >= PINNED


# How hard a model can be told to work; a newer one than the documentation's takes all. [doc: effort]
EFFORTS = ("low", "medium", "high", "max", "xhigh")
FEWER_EFFORTS = {
    # None is documented; but what an agent of theirs shows can be sent back. [ours]
    **dict.fromkeys(("claude-haiku-4-5", "claude-sonnet-4-5"), ("high",)),
    "claude-opus-4-5": EFFORTS[:3],
    **dict.fromkeys(("claude-opus-4-6", "claude-sonnet-4-6", "claude-mythos-preview"), EFFORTS[:4]),
}


def efforts(id: str) -> tuple[str, ...]:
    """The levels of effort that a model takes; others are refused when an agent is saved. [doc]"""
    return FEWER_EFFORTS.get(DATE.sub("", id), EFFORTS)


def runs_fast(id: str) -> bool:
    """Whether a model has a fast mode; of one newer than the documentation nobody says. [doc; ours]"""
    name = DATE.sub("", id)
    return name in FAST or name not in PRICES


def shown(id: str) -> Resource:
    """A model; what isn't known here is null. A client sees no more than its own SDK says. [ours]"""
    words = DATE.sub("", id).replace("-", " ").title()
    known = {"id": id, "type": "model", "created_at": UNKNOWN, "lifecycle": "active"}
    return {**known, "display_name": re.sub(r"(\d) (?=\d)", r"\1.", words), **dict.fromkeys(UNTOLD)}


def retrieve(id: str) -> Resource:
    """One model, by its id or an alias. [sdk]"""
    if id not in IDS:
        raise not_found("Model", id)
    return shown(alias_of(id))


def page(query: Query) -> dict[str, Any]:
    """A page of models: `after_id` and `before_id` are ids, unlike the cursors of other lists. [sdk]"""
    wanted = query.chosen("lifecycle", LIFECYCLES)
    found = page_by_id(MODELS if not wanted or "active" in wanted else (), query)
    return {**found, "data": [shown(id) for id in found["data"]]}

"""The expenses policy as code: what lesson 08's agents may approve by themselves."""

from __future__ import annotations

import json
from decimal import Decimal

from ..places import DATA

__all__ = ["MINUTES", "RECEIPTS", "facts_of", "lane", "why_a_person"]

Receipt = dict[str, str]
RECEIPTS: dict[str, Receipt] = {
    receipt["id"]: receipt for receipt in json.loads((DATA / "expenses/receipts.json").read_text("utf-8"))
}
CATEGORIES = ("travel", "meals", "office")
LIMIT = Decimal("100.00")
MINUTES = 4  # that a person takes for a receipt


def why_a_person(receipt: Receipt) -> str | None:
    """Why a person has to decide; None if the agent may."""
    if receipt["currency"] != "EUR":
        return "it is not in euros"
    if receipt["category"] not in CATEGORIES:
        return "it has no category of the policy"
    place = (receipt["vendor"], receipt["date"])
    others = [o for o in RECEIPTS.values() if (o["vendor"], o["date"]) == place and o["id"] != receipt["id"]]
    if any(o["amount"] == receipt["amount"] and o["id"] < receipt["id"] for o in others):
        return "the same bill came before"
    if (total := sum(Decimal(o["amount"]) for o in [receipt, *others])) > LIMIT:
        return f"{total} from one vendor on one day is above {LIMIT}"
    return None


def lane(receipt: Receipt) -> str:
    """Who decides: "agent" or "person"."""
    return "person" if why_a_person(receipt) else "agent"


def facts_of(receipt: Receipt) -> dict[str, str | None]:
    """What a person is asked about, and why: without what the receipt says about itself."""
    seen = {key: receipt[key] for key in ("vendor", "amount", "currency")}
    return {"receipt": receipt["id"], **seen, "why": why_a_person(receipt)}

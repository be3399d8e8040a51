"""What is known of prices: by model, by its speed, by where it runs."""

from decimal import Decimal

import pytest

from utilities.replay.recordings.costs import price_of, token_price
from utilities.replay.resources.models import IDS

MILLION = Decimal(1_000_000)


@pytest.mark.rule(
    "a model's tokens cost what the page about prices says, fast or with `inference_geo: us` more; "
    "a model that isn't on it has no price",
    topic="sessions", evidence="doc", source="the page about prices of August 2026",
)  # fmt: skip
def test_prices_of_models():
    """In dollars for a million input tokens."""
    priced = {id: price * MILLION / 100 for id in IDS if (price := token_price(id)) is not None}
    assert priced["claude-opus-5"] == 5 and priced["claude-fable-5"] == 10 and priced["claude-sonnet-5"] == 2
    assert priced["claude-haiku-4-5-20251001"] == priced["claude-haiku-4-5"] == 1
    assert set(IDS) - set(priced) == {
        *("claude-fable-5-2", "claude-mythos-5-2", "claude-haiku-5-5", "claude-sonnet-5-5"),
        *("claude-fable-5-1", "claude-opus-5-5", "claude-mythos-5-1", "claude-mythos-preview"),
    }  # newer than the page, or not on it
    fast = {"id": "claude-opus-4-8", "speed": "fast", "inference_geo": "us"}
    assert token_price(fast) == Decimal("0.001") * Decimal("1.1")
    assert token_price({"id": "claude-opus-4-6", "speed": "fast"}) == token_price("claude-opus-4-6")
    assert token_price("claude-2") is None and token_price(None) is None


def test_what_was_used_at_list_prices():
    hour_and_search = price_of("claude-haiku-4-5", MILLION, 3600.0, searches=2)
    assert hour_and_search == 100 + 8 + 2  # cents: the tokens, the hour, the searches
    assert price_of("claude-fable-5-2", MILLION, 3600.0) is None

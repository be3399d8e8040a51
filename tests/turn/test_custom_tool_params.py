"""Tools as `agents.create` takes them: what the hosted API refuses is refused, or written in another way."""

import json
from typing import Annotated, Literal

import pytest
from anthropic import BadRequestError, beta_async_tool, beta_tool
from pydantic import BaseModel, Field, TypeAdapter

from tests.kit.calling import serving, strict
from utilities import custom_tool_params
from utilities.turn.schemas import inlined


class Item(BaseModel):
    sku: str = Field(description="what is on the label")
    count: int = 1


class Order(BaseModel):
    items: list[Item]
    gift: Item | None = None


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Cash(BaseModel):
    kind: Literal["cash"]


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


@beta_tool
def place(order: Order, note: Annotated[str, Field(max_length=80)] = "") -> str:
    """Place an order."""
    return f"{order} {note}"


@beta_async_tool
async def pay(with_what: Annotated[Card | Cash, Field(discriminator="kind")]) -> str:
    """Pay."""
    return str(with_what)


@beta_tool
def plant(tree: Tree) -> str:
    """Plant a tree."""
    return str(tree)


@beta_tool
def silent(order: str) -> str:
    return order


def test_nested_models_are_written_out_and_the_server_takes_them():
    params = custom_tool_params([place, pay])
    assert "$ref" not in json.dumps(params) and "$defs" not in json.dumps(params)
    items = params[0]["input_schema"]["properties"]["order"]["properties"]["items"]["items"]
    assert items["properties"]["sku"]["description"] == "what is on the label"
    assert items["required"] == ["sku"]
    with serving() as server, strict(server) as client:
        agent = client.beta.agents.create(name="a", model="claude-opus-5", tools=params)
        assert [tool.name for tool in agent.tools] == ["place", "pay"]
        raw = {"type": "custom", "name": "place", "description": "d", "input_schema": place.input_schema}
        with pytest.raises(BadRequestError, match=r"\$ref is not supported"):
            client.beta.agents.create(name="a", model="claude-opus-5", tools=[raw])


def test_a_model_that_contains_itself_names_the_tool():
    with pytest.raises(ValueError, match="the tool 'plant' can't be described: Tree contains itself"):
        custom_tool_params([plant])


def test_a_tool_without_a_description_is_named_with_what_to_add():
    with pytest.raises(ValueError, match="'silent' has no description.* give its function a docstring"):
        custom_tool_params([place, silent])


def test_what_stands_beside_a_reference_is_kept():
    schema = TypeAdapter(dict[str, Annotated[Item, Field(description="of this order")]]).json_schema()
    assert inlined(schema)["additionalProperties"]["description"] == "of this order"
    named = {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "string"}}}
    assert inlined(named) == {"type": "string"}


def test_a_property_may_have_the_name_of_a_keyword():
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}, "discriminator": {}}}
    assert inlined(schema) == schema


@pytest.mark.parametrize(
    ("reference", "told"),
    [("#", "contains itself"), ("#/$defs/None", "isn't in its"), ("https://x.y/z", "isn't in its")],
)
def test_a_reference_that_leads_nowhere(reference, told):
    with pytest.raises(ValueError, match=told):
        inlined({"type": "object", "properties": {"a": {"$ref": reference}}, "$defs": {}})

"""The reference page of scenarios, SCENARIOS.md, made of the types that a file is checked against.

python -m utilities.replay.making.page --write    # make scenarios
python -m utilities.replay.making.page --check    # a test does this
"""

from __future__ import annotations

import argparse
import sys
import types
import typing
from pathlib import Path
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .examples import EXAMPLES, HEAD
from .format import OUTSIDE, Scenario
from .parsing import model_of

PAGE = Path(__file__).parents[1] / "SCENARIOS.md"
INTRO = """\
# Scenarios: all keys

Written by `make scenarios` from `utilities/replay/making/format.py`, which is also what a file is checked
against.

A scenario is a TOML file that becomes a recording: what the agent says and calls, in order, and what the
client sends between. Built-in calls are executed, everything else is written by hand, and the recording
says which.

    python -m utilities.replay.scenario example_data/scenarios --write           # a folder
    python -m utilities.replay.scenario example_data/scenarios/NAME.toml --write   # one
    python -m utilities.replay.scenario example_data/scenarios --verify          # execute again and compare

The *data folder* is the one that the folder of scenarios is in: `source`, `folder` and `zip` are relative
to it and below it, and the recordings go to its `recordings/`.

**What a scenario executes is confined.** On Linux with user namespaces its commands see the system's
programs and Python, to read, and empty `/mnt`, `/workspace` and `/tmp` in memory; nothing else of the
author's files, no environment of the author's, no network, and what they leave running ends with the
scenario. Where a system has no user namespaces (macOS, some containers), a scenario with built-in calls is
refused, unless you say `--unconfined`: then its commands can do what you can. `make recordings` and `make
verify` say it, because what they execute is this project's own. Read a scenario from elsewhere before you
do. Paths in a scenario are confined always.

A wrong key, a missing one or a wrong type is refused in one line with the file, the line and the key;
`turns[2]` is the second turn. An executed call that fails is reported when it is recorded, unless the
scenario says `fails = true`. Times that commands print of themselves (`in 0.03s`) are no difference for
`--verify`. Any model can be named; where its list price isn't known, `list_cost` is null.
"""


def page() -> str:
    """The page's text."""
    parts = [INTRO]
    for title, text, toml in EXAMPLES:
        parts.append(f"## {title}\n\n{text}\n\n```toml\n{toml.strip()}\n```\n")
    parts.append("## Keys\n\nEach example needs these, too:\n\n" + f"```toml\n{HEAD.strip()}\n```\n")
    for model in _models(Scenario):
        rows = [_row(name, field) for name, field in model.model_fields.items()]
        if model is Scenario:
            rows += [f"| `{key}` | | {meaning} |" for key, meaning in OUTSIDE.items()]
        doc = " ".join((model.__doc__ or "").split())
        table = ["| key | what it is | meaning |", "|---|---|---|", *rows]
        parts.append(f"### {model.__name__}\n\n{doc}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those that its fields are, each once."""
    found = {model: None}
    for field in model.model_fields.values():
        if inner := model_of(field.annotation):
            found |= dict.fromkeys(_models(inner))
    return list(found)


def _row(name: str, field: FieldInfo) -> str:
    kind = _kind(field.annotation) + _bounds(field)
    default = field.get_default()
    if field.is_required():
        kind += ", **needed**"
    elif default not in (None, "", False, PydanticUndefined) and not isinstance(default, list | dict):
        kind += f", default {default}"
    return f"| `{name}` | {kind} | {field.description} |".replace("\n", " ")


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_kind(part) for part in inner if part is not type(None))
    if origin is list:
        return f"list of {_kind(inner[0])}"
    if origin is dict or annotation is dict:
        return "table"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return {str: "text", bool: "true or false", int: "whole number", float: "number"}.get(annotation, "any")


def _bounds(field: FieldInfo) -> str:
    said = [f"{bound.ge} or more" for bound in field.metadata if isinstance(bound, Ge)]
    said += [f"at most {bound.le}" for bound in field.metadata if isinstance(bound, Le)]
    return "".join(f", {part}" for part in said)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m utilities.replay.making.page")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="write SCENARIOS.md")
    task.add_argument("--check", action="store_true", help="say whether it is as it should be")
    options = parser.parse_args(argv)
    if options.write:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.read_text("utf-8") != page():
        print(f"{PAGE.name} is not what the format says: make scenarios", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

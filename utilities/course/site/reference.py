"""The reference: what each room's docstrings say of its public names."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from utilities import _HOME

from ..places import ROOT

# Where the public names are at home; what is copied, and not of these; the doors of `replay/`.
MODULES = [
    *sorted(set(_HOME.values())),
    *("leftovers", "replay.testing", "replay.scenario", "replay.export", "replay.recorder"),
]
WITHOUT_ALL = {
    "replay.export": "export",
    "replay.recorder": "Recorder, by_hand",
}  # that is: without `__all__`


@cache
def pages() -> dict[str, str]:
    """The pages in Markdown, by their paths."""
    listed = [f"- [{_title(name)}]({_file(name)}): `utilities.{name}`" for name in MODULES]
    index = [
        "# The helpers",
        "Each name, with what it takes, returns and raises, as its docstring says it.",
        "\n".join(listed),
        "\n".join(["```{toctree}", ":hidden:", "", *map(_file, MODULES), "```"]),
    ]
    return {"reference/index.md": "\n\n".join(index) + "\n"} | {
        f"reference/{_file(name)}": _page(name) for name in MODULES
    }


def _file(name: str) -> str:
    return f"{name.rpartition('.')[2]}.md"


def _source(name: str) -> str:
    """The module's folder or file, from the repository's root."""
    path = f"utilities/{name.replace('.', '/')}"
    return f"{path}/" if (ROOT / path).is_dir() else f"{path}.py"


def _title(name: str) -> str:
    """How its docstring begins: up to the first colon or full stop."""
    path = ROOT / _source(name)
    text = (path / "__init__.py" if path.is_dir() else path).read_text("utf-8")
    return re.split(r"[:.](?= |$)", (ast.get_docstring(ast.parse(text)) or name).splitlines()[0])[0]


def _page(name: str) -> str:
    source = _source(name)
    return f"""# {_title(name)}

`utilities.{name}` · source: [`{source}`](../{source.removesuffix("/")})

```{{eval-rst}}
.. automodule:: utilities.{name}
   :members: {WITHOUT_ALL.get(name, "")}
   :imported-members:
```
"""


def as_rst(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Makes of a docstring what Sphinx reads; called for each, before its sections are looked at.

    `code` in single backticks is code by the configuration. A paragraph that ends with a colon and is
    followed by indented lines announces code; a star is a star.
    """
    if what in ("attribute", "property") and lines:
        lines[:0] = ["..", ""]  # says nothing; without it napoleon takes words before a colon for the type
    for number, line in enumerate(lines):
        line = re.sub(r"(`[^`]+`)(?=\w)", r"\1\\ ", line)
        lines[number] = re.sub(r"(?<![`\w])(\*{1,2})(?=\w)(?![^`]*`)", r"\\\1", line)
        after = lines[number + 1 : number + 3]
        if line.rstrip().endswith(":") and len(after) == 2 and not after[0].strip():
            indent = len(line) - len(line.lstrip())
            if after[1].startswith(" " * (indent + 4)):
                lines[number] = f"{line.rstrip()}:"

"""The reference: what each room's docstrings say of its public names."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

MODULES = {
    "turn": ("utilities.turn", "A turn, followed to its end"),
    "made": ("utilities.made", "What was made, ended"),
    "memory": ("utilities.memory", "An agent that remembers"),
    "show": ("utilities.show", "What happened, for people's eyes"),
    "webhook": ("utilities.webhook", "Webhooks received"),
    "client": ("utilities.client", "The client"),
    "testing": ("utilities.replay.testing", "Tests of your own"),
    "scenario": ("utilities.replay.scenario", "Recordings from scenarios"),
    "export": ("utilities.replay.export", "Recordings from sessions"),
    "recorder": ("utilities.replay.recorder", "Recordings of messages"),
}
SOURCES = {"turn", "memory", "show"}  # folders; the others are a file
WITHOUT_ALL = {"client": "connect", "export": "export", "recorder": "Recorder, by_hand"}


def pages() -> dict[str, str]:
    """The pages in Markdown, by their paths."""
    listed = [f"- [{title}]({name}.md): `{module}`" for name, (module, title) in MODULES.items()]
    entries = [f"{name}.md" for name in MODULES]
    index = [
        "# The helpers",
        "Each name, with what it takes, returns and raises, as its docstring says it.",
        "\n".join(listed),
        "\n".join(["```{toctree}", ":hidden:", "", *entries, "```"]),
    ]
    return {"reference/index.md": "\n\n".join(index) + "\n"} | {
        f"reference/{name}.md": _page(name, module, title) for name, (module, title) in MODULES.items()
    }


def _page(name: str, module: str, title: str) -> str:
    file = import_module(module).__name__.replace(".", "/")
    where = f"../{file}" if name in SOURCES else f"../{file}.py"
    shown = where.removeprefix("../") + ("/" if name in SOURCES else "")
    members = WITHOUT_ALL.get(name, "")
    directive = [f".. automodule:: {module}", f"   :members: {members}", "   :imported-members:"]
    return (
        "\n".join(
            [
                f"# {title}: `{module}`",
                "",
                f"Source: [`{shown}`]({where})",
                "",
                "```{eval-rst}",
                *directive,
                "```",
            ]
        )
        + "\n"
    )


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

"""The sentences of the SDK's docstrings that say what must be, is at most, or is refused.

A rule of the service often stands there before it stands in the documentation. Each sentence is named by a
digest, with one of its places: the table of what became of them needs no copy of the SDK's text.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import anthropic

from tests.newest_sdk.surface import OURS, TYPES

SAYS = re.compile(
    r"\b(must|at most|at least|up to|required|requires|reject\w*|refuse\w*|maximum|max|minimum|cannot|can't|"
    r"only|exceed\w*|not (allowed|supported|permitted)|unique(?! (id|identifier|object|event))|between \d|"
    r"\d+[–-][\d,]+ characters|4\d\d)\b",
    re.I,
)
# What describes an answer or chooses rows, though it has one of these words.
TELLS_NOTHING = re.compile(
    r"(Return only|Maximum number of|Maximum results|The maximum number of)\b(?!.*\d)|"
    r"(write|start|read)-only",
    re.I,
)
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'\[(])|\n\s*\n|\n\s*- ")


def sentences(package: Path) -> dict[str, tuple[str, str]]:
    """Those of the resources of Managed Agents in this folder's `anthropic`.

    Returns:
        For the digest of each: a place where it stands (`agent_create_params.AgentCreateParams.name`), and
        the sentence, in one line.
    """
    found: dict[str, tuple[str, str]] = {}
    for path, module in _modules(package):
        tree = ast.parse(path.read_text("utf-8"))
        for place, text in _docstrings(tree, module):
            for sentence in (" ".join(part.split()) for part in END.split(text)):
                if SAYS.search(sentence) and not TELLS_NOTHING.search(sentence):
                    digest = hashlib.sha256(sentence.encode()).hexdigest()[:8]
                    found.setdefault(digest, (place, sentence))
    return found


def _modules(package: Path) -> Iterator[tuple[Path, str]]:
    types, resources = package / "types" / "beta", package / "resources" / "beta"
    for path in sorted(types.rglob("*.py")):
        inside = path.relative_to(types).with_suffix("").parts
        if inside[0] in OURS or (len(inside) == 1 and TYPES.match(inside[0])):
            yield path, inside[-1]
    for path in sorted(resources.rglob("*.py")):
        inside = path.relative_to(resources).with_suffix("").parts
        if inside[0] in OURS:
            yield path, "/".join(inside)


def _docstrings(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    """Of classes, of what stands behind a field, and of methods what comes before their arguments.

    A method's arguments are the fields of a type, which says of them the same.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield f"{module}.{node.name}", ast.get_docstring(node) or ""
        elif isinstance(node, ast.FunctionDef):
            yield f"{module}.{node.name}", (ast.get_docstring(node) or "").partition("Args:")[0]
        if isinstance(node, ast.ClassDef | ast.Module):
            for before, after in zip(node.body, node.body[1:], strict=False):
                if isinstance(before, ast.AnnAssign) and (said := _said(after)):
                    prefix = f"{module}.{node.name}" if isinstance(node, ast.ClassDef) else module
                    yield f"{prefix}.{ast.unparse(before.target)}", said


def _said(node: ast.stmt) -> str:
    """What a docstring says, its lines as they are; nothing if the statement is none."""
    said = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
    return said if isinstance(said, str) else ""


if __name__ == "__main__":
    for digest, (place, said) in sentences(Path(anthropic.__file__).parent).items():
        print(digest, place, said, sep="  ")

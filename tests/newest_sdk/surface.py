"""What a version of the SDK offers for Managed Agents, read in its source: nothing of it is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Resources of Managed Agents, as they are called below `resources/beta` and `types/beta`.
OURS = (
    *("agents", "deployment_runs", "deployments", "dreams", "environments", "files", "memory_stores"),
    *("sessions", "skills", "vaults", "webhooks"),
)
# Modules right below `types/beta` that describe them.
TYPES = re.compile(
    r"(beta_managed_agents|agent|beta_cloud|beta_(un)?limited|beta_packages|beta_self_hosted|beta_webhook|"
    r"(beta_)?(deployment|dream|environment|file|memory_store|session|skill|vault|webhook))_?"
)
HELPERS = ("environments", "sessions", "tools")
RULE = re.compile(r"\b(must|at most|at least|required|reject\w*|maximum|cannot|only)\b", re.I)
HEADER = re.compile(r"Authorization$|[A-Za-z]+-[A-Za-z-]+$")
BETA = re.compile(r"[a-z-]+-20\d\d-\d\d-\d\d")


@dataclass
class Surface:
    """Each part by name, with what may change about it.

    Attributes:
        routes: `POST /v1/agents`, and the betas that the SDK sends with it.
        elsewhere: the routes of other resources.
        types: `module.Class.field`, and how it is typed.
        rules: the same, and what its docstring says of what must be: server rules often begin there.
        helpers: classes and functions of `anthropic.lib` for sessions, environments and tools, and
            their parameters.
        headers: what a client sends with every request.
    """

    routes: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def surface(package: Path) -> Surface:
    """What the `anthropic` package in this folder offers."""
    found = Surface()
    for path in sorted((package / "resources").rglob("*.py")):
        inside = path.relative_to(package / "resources").with_suffix("").parts
        ours = inside[0] == "beta" and inside[1:2] != () and inside[1] in OURS
        (found.routes if ours else found.elsewhere).update(_routes(_tree(path)))
    for path in sorted((package / "types" / "beta").rglob("*.py")):
        inside = path.relative_to(package / "types" / "beta").with_suffix("").parts
        if inside[0] in OURS or (len(inside) == 1 and TYPES.match(inside[0])):
            for name, typed, said in _members(_tree(path), ".".join(inside)):
                found.types[name] = typed
                if said and RULE.search(said):
                    found.rules[name] = said
    for room in HELPERS:
        for path in sorted((package / "lib" / room).rglob("*.py")):
            module = ".".join(path.relative_to(package / "lib").with_suffix("").parts)
            found.helpers.update(_signatures(_tree(path), module))
    found.headers.update(_headers(_tree(package / "_client.py")))
    return found


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _routes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """From `self._post(path_template("/v1/…", …), …)`, in each function that makes a request."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
        betas = sorted({text for text in texts if isinstance(text, str) and BETA.fullmatch(text)})
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args):
            asks = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if asks not in ("_get", "_post", "_put", "_patch", "_delete", "_get_api_list"):
                continue
            paths = [node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)]
            verb = asks.removeprefix("_").removesuffix("_api_list").upper()
            for path in paths:
                if isinstance(path, str) and path.startswith("/"):
                    yield f"{verb} {path.removesuffix('?beta=true')}", ", ".join(betas)


def _members(tree: ast.Module, module: str) -> Iterator[tuple[str, str, str]]:
    """Fields of classes, and aliases: name, type, docstring."""
    for scope in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
        prefix = f"{module}.{scope.name}" if isinstance(scope, ast.ClassDef) else module
        following = [*scope.body[1:], None]
        for node, after in zip(scope.body, following, strict=True):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                is_alias = ast.unparse(node.annotation) == "TypeAlias" and node.value is not None
                typed = ast.unparse(node.value if is_alias and node.value else node.annotation)
                yield f"{prefix}.{node.target.id}", typed, _text(after)


def _text(node: ast.stmt | None) -> str:
    """What a docstring says, in one line; nothing if the statement is none."""
    said = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
    return " ".join(said.split()) if isinstance(said, str) else ""


def _signatures(tree: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}.{node.name}", ", ".join(map(ast.unparse, node.bases))
            yield from _signatures(node, f"{prefix}.{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            node.name == "__init__" or not node.name.startswith("_")
        ):
            yield f"{prefix}.{node.name}", ast.unparse(node.args)


def _headers(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and HEADER.match(key.value):
                    yield key.value, ast.unparse(value)

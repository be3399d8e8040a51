"""The settings of a brain: those of a SQLite file, or an Astrocyte YAML, in which every key counts."""

from __future__ import annotations

import dataclasses
import difflib
import sqlite3
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from astrocyte.config import AstrocyteConfig, load_config
from astrocyte.errors import AstrocyteError

__all__ = ["BrainError", "sqlite_settings", "yaml_settings"]

# Within a chunk of 512 characters two versions of a fact ("12 March", "19 March") come out at up to 0.9985
# (measured): at Astrocyte's own threshold of 0.95 the update would be dropped as a duplicate. The same words
# come out at 1, in whatever order: this embedding doesn't see the order, `SameWords` does.
DEDUP_THRESHOLD = 0.9995
ALIASES = {"mip"}  # keys that Astrocyte reads without having a field for them


class BrainError(ValueError):
    """A brain can't be opened: the path, the file or the configuration, and what to do about it."""


def sqlite_settings(path: Path) -> AstrocyteConfig:
    """The settings of a brain in this SQLite file, which is made if it isn't there.

    Raises:
        BrainError: the path can't be written; the file is damaged, or of something else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute(
                "PRAGMA user_version = 0" if not path.stat().st_size else "SELECT * FROM sqlite_master"
            )
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
        connection.close()
    except sqlite3.DatabaseError as error:
        raise BrainError(_unusable(path, error)) from error
    except OSError as error:
        raise BrainError(f"{path}: {error.strerror}; choose a path that you may write to") from error
    if tables and "astrocyte_vectors" not in tables:
        raise BrainError(
            f"{path} is a SQLite file of something else (it has {', '.join(sorted(tables)[:3])})"
        )
    settings = AstrocyteConfig(vector_store="sqlite", vector_store_config={"path": str(path)})
    settings.signal_quality.dedup.similarity_threshold = DEDUP_THRESHOLD
    # Five failures in a row, be they of completions, would cut Astrocyte off from its store for 30 seconds:
    # recall would find nothing, as if there were nothing. A file has no outages to be protected from.
    settings.escalation.circuit_breaker.failure_threshold = 1_000_000
    settings.observability.log_level = "warning"
    return settings


def _unusable(path: Path, error: sqlite3.DatabaseError) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"{path}: {error}; choose a path that you may write to"
    return f"{path}: {error}. It is damaged or no brain: move it away to begin a new one"


# -- configurations ---------------------------------------------------------------------------


def yaml_settings(path: Path) -> AstrocyteConfig:
    """The settings in an Astrocyte YAML.

    Raises:
        BrainError: it can't be read, has a key that Astrocyte would ignore, or names no store.
    """
    yaml: Any = import_module("yaml")  # it comes with Astrocyte, whose own loader drops unknown keys
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise BrainError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BrainError(f"{path}: not YAML: {error}") from error
    if not isinstance(given, dict):
        raise BrainError(f"{path}: a mapping was expected, with `vector_store` among its keys")
    if unknown := list(_unknown_keys(given, AstrocyteConfig)):
        raise BrainError(f"{path}: {unknown[0]}")  # Astrocyte itself would say nothing and ignore it
    try:
        settings = load_config(path)
    except (AstrocyteError, TypeError, ValueError) as error:
        told = "; set them first" if "Unresolved environment" in str(error) else ""
        raise BrainError(f"{path}: {error}{told}") from error
    if settings.vector_store is None:
        raise BrainError(f"{path}: no `vector_store`: name sqlite, postgres or qdrant")
    if settings.vector_store == "sqlite" and "path" not in (settings.vector_store_config or {}):
        raise BrainError(f"{path}: no `vector_store_config.path`, the SQLite file")  # it would be one at home
    return settings


def _unknown_keys(given: Mapping[str, Any], kind: type, within: str = "") -> Iterator[str]:
    """A sentence for each key that no field of Astrocyte's own configuration classes takes."""
    types = typing.get_type_hints(kind)
    for key, value in given.items():
        if key not in types:
            if key in ALIASES and not within:
                continue
            close = difflib.get_close_matches(str(key), types, n=1)
            yield f"unknown key `{within}{key}`" + (f"; did you mean `{within}{close[0]}`?" if close else "")
        elif isinstance(value, Mapping):
            section, keyed = _section(types[key])
            for name, part in value.items() if keyed else [("", value)]:
                if section is not None and isinstance(part, Mapping):
                    yield from _unknown_keys(part, section, f"{within}{key}." + (f"{name}." if keyed else ""))


def _section(hint: Any) -> tuple[type | None, bool]:
    """The configuration class in a field's type, and whether the field holds many of them by name."""
    if dataclasses.is_dataclass(hint):
        return typing.cast(type, hint), False
    for part in typing.get_args(hint):
        section, keyed = _section(part)
        if section is not None:
            return section, keyed or typing.get_origin(hint) is dict
    return None, False

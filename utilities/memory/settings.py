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
NO_BREAKER = 1_000_000  # failures in a row
SQLITE_STORES = ("vector_store", "document_store")  # those that astrocyte-sqlite is
ALIASES = {"mip"}  # keys that Astrocyte reads without having a field for them


class BrainError(ValueError):
    """A brain can't be opened, or its store has failed since: what happened, and what to do about it."""


def sqlite_settings(path: Path) -> AstrocyteConfig:
    """The settings of a brain in this SQLite file, which is made if it isn't there.

    Raises:
        BrainError: the path can't be written; the file is damaged, or of something else.
    """
    path = _bound(path)
    _require_brain(path)
    settings = AstrocyteConfig(vector_store="sqlite", vector_store_config={"path": str(path)})
    settings.signal_quality.dedup.similarity_threshold = DEDUP_THRESHOLD
    # Five failures in a row, be they of completions, would cut Astrocyte off from its store for 30 seconds:
    # recall would find nothing, as if there were nothing. A file has no outages to be protected from.
    settings.escalation.circuit_breaker.failure_threshold = NO_BREAKER
    settings.escalation.degraded_mode = "error"
    settings.observability.log_level = "warning"
    return settings


def _bound(path: Path | str) -> Path:
    """The path in full: it names the same file when the working folder has changed."""
    try:
        return Path(path).expanduser().absolute()
    except (OSError, RuntimeError) as error:  # no working folder any more; no home of that name
        raise BrainError(f"{path}: {error}; name the file by its full path") from error


def _require_brain(path: Path) -> None:
    """Make the file if it isn't there; raise BrainError if it can't be a brain."""
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
    for store in SQLITE_STORES:
        options = getattr(settings, f"{store}_config", None) or {}
        if getattr(settings, store) == "sqlite" and "path" in options:
            options["path"] = str(_bound(options["path"]))
            _require_brain(Path(options["path"]))
    _never_empty(settings, given)
    return settings


def _never_empty(settings: AstrocyteConfig, given: Mapping[str, Any]) -> None:
    """Where the YAML doesn't say otherwise, a store that is out of reach is an error.

    Astrocyte's own: after five failures, be they of completions, recall answers with no hits for 30 seconds.
    """
    said = given.get("escalation") or {}
    if "degraded_mode" not in said:
        settings.escalation.degraded_mode = "error"
    if "circuit_breaker" not in said:
        settings.escalation.circuit_breaker.failure_threshold = NO_BREAKER


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

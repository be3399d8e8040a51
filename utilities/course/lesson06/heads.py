"""What a forge has been through, as a table: each state of the files, and what was decided about it."""

from __future__ import annotations

from ..table import Table
from .forge import Forge

__all__ = ["chain"]


def chain(forge: Forge) -> Table:
    """Each head that the forge has seen, with what it found and decided about this one.

    Args:
        forge: the forge; the table is made from its log.
    """
    rows: dict[str, dict[str, str]] = {}
    empty = {"came by": "", "visible, hidden": "", "approved": "", "merged": ""}
    for entry in forge.log:
        if not entry.head or (entry.what == "refused" and entry.head not in rows):
            continue
        row = rows.setdefault(entry.head, dict(empty))
        if entry.what in ("opened", "pushed"):
            row["came by"] = entry.what
            for older in rows.values():
                if older is not row and older["approved"] == "yes":
                    older["approved"] = "void"
        elif entry.what == "checked":
            counts, _, colour = entry.why.rpartition(": ")
            row["visible, hidden"] = f"{counts.replace('visible ', '').replace('hidden ', '')}, {colour}"
        elif entry.what in ("approved", "merged"):
            row[entry.what] = "yes"
    return Table("Heads of the pull requests", rows or {"none": empty})

"""What only lesson 04 and what goes deeper need: a bank or a memory store, and on what evidence."""

from . import more_rows, rows
from .appending import appending
from .charts import chart_of
from .comparison import nine_rows
from .deleting import deleting
from .finding import grepping
from .lookups import looked_up
from .losing import lost_updates
from .obeying import obeyed
from .retrieval import measure
from .row import Row, Seen
from .scene import HANDBOOK, NOTES, Scene, scene
from .sorting import needs
from .tenth import tenth
from .undoing import undoing

__all__ = [
    "HANDBOOK",
    "NOTES",
    "Row",
    "Scene",
    "Seen",
    "appending",
    "chart_of",
    "deleting",
    "grepping",
    "looked_up",
    "lost_updates",
    "measure",
    "more_rows",
    "needs",
    "nine_rows",
    "obeyed",
    "rows",
    "scene",
    "tenth",
    "undoing",
]

"""Code that a lesson moved out of its cells, one click away: shown read-only in the page."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pygments import lex
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from utilities.show.html_table import escape

from .places import DATA, ROOT

# JupyterLab's own colours for code, light and dark; elsewhere the text's colour.
COLOURS = {
    Comment: "comment",
    Keyword: "keyword",
    String: "string",
    Number: "number",
    Name.Builtin: "builtin",
    Name.Decorator: "meta",
    Name.Function: "def",
    Operator.Word: "keyword",
}
PRE = "margin:0;padding:8px;overflow-x:auto;line-height:1.3;border-left:3px solid rgba(128,128,128,.4)"


@dataclass(frozen=True)
class ShownCode:
    """A piece of code: text first, then HTML.

    Attributes:
        where: its file, and the line where it begins: `utilities/course/table.py, line 17`.
        code: the code.
    """

    where: str
    code: str

    def __str__(self) -> str:
        return f"# {self.where}\n{self.code}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        body = "".join(_span(kind, text) for kind, text in lex(self.code, PythonLexer()))
        page = (
            '<div class="tex2jax_ignore mathjax_ignore"><details open>'
            f"<summary>{escape(self.where)}</summary>"
            f'<pre style="{PRE}"><code>{body.rstrip()}</code></pre></details></div>'
        )
        return {"text/plain": str(self), "text/html": page}


def show_source(thing: Callable[..., Any] | type | Path | str) -> ShownCode:
    """The code of a function, a class or a file, to be looked at.

    Args:
        thing: a function or a class; or a file: a path, or one below `example_data`, `"workers/x.py"`.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: it has no source in Python.
    """
    if isinstance(thing, Path | str):
        path = next((path for path in (Path(thing), DATA / thing) if path.is_file()), None)
        if path is None:
            raise FileNotFoundError(f"there is no file {thing}, nor one of that name in {DATA}")
        return ShownCode(_named(path), path.read_text("utf-8").rstrip())
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(thing))
        path = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")
    except (TypeError, OSError) as error:
        raise TypeError(f"{thing!r:.80} has no source to show: {error}") from error
    return ShownCode(f"{_named(path)}, line {first}", textwrap.dedent("".join(lines)).rstrip())


def _named(path: Path) -> str:
    """The path as seen from the clone, so that it is the same on every machine."""
    path = path.resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def _span(kind: Any, text: str) -> str:
    escaped = escape(text)
    for family, colour in COLOURS.items():
        if kind in family:
            return f'<span style="color:var(--jp-mirror-editor-{colour}-color)">{escaped}</span>'
    return escaped

"""What pytest prints, as much of it as fits a page, and the same in every run.

Left out is what differs from run to run (seconds, a port), pytest's headings, and the JSON around a message;
`…` is in its place.
"""

from __future__ import annotations

import re
import textwrap

WIDTH = 88
SENTENCE = re.compile(r"""(Error code: \d+ - )\{.*?'message': (["'])(?P<said>.*)\2, 'details'.*""")
SECTION = re.compile(r"-+ Captured .* -+$")


def short(text: str) -> str:
    """What a run of `pytest -q --tb=short` printed: dots, the way to each error, and the count."""
    lines, hidden = list[str](), False
    for line in text.splitlines():
        if hidden or SECTION.match(line):
            hidden = not line.startswith(("=", "_"))
        if not (hidden or line.startswith(("=", "FAILED ", "ERROR ")) or not line.strip(" ^~")):
            lines += _line(line)
    return "\n".join(lines)


def _line(line: str) -> list[str]:
    if line.startswith("_"):
        return [line.strip("_ ") + ":"]
    if line.rstrip() == "E" or re.match(r"E +(\?  |Use -v )", line):  # a blank line, and marks below a text
        return []
    line = re.sub(r" +\[ *\d+%\]$", "", line)
    line = re.sub(r" in [\d.]+s$", "", line)
    return wrapped(sentence(line), "    " if line.startswith("E") else "")


def sentence(error: str) -> str:
    """An error of the API without the JSON around what it says."""
    return SENTENCE.sub(r"\1… \g<said>", masked(error))


def masked(text: str) -> str:
    """Without the port, which differs in each run."""
    return re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:…", text)


def wrapped(line: str, indent: str = "") -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent) or [""]

"""Drawing one picture of the course: SVG by a few words, and the map that every picture has.

The map is three places: *your process*, *the service*, *the container*, with the parts that the lessons are
about. A picture shows its own parts in colour and the rest in grey. Blue is what the service does, orange
what you do, a hatch is where nothing happens; no meaning rests on the colour alone. The ground is white, so
that a picture can be read in a light and in a dark theme.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape

WIDTH = 800
ON, YOURS, OFF = "on", "yours", "off"  # kinds: the service, you, and what isn't this lesson's
MOST_WORDS = 9  # of what stands beside a number

STYLE = (
    "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1b1f24}"
    ".b{font-weight:600}.c{font-family:ui-monospace,Menlo,Consolas,monospace}"
    "rect,path,line{stroke-width:1.5;fill:none}"
    ".on{fill:#e3eefb;stroke:#1d5fa6}.yours{fill:#fdeedd;stroke:#b4540a}.off{fill:#f6f7f8;stroke:#c3c8cd}"
    ".place{fill:#fff;stroke:#9aa1a8}.l-on{stroke:#1d5fa6}.l-yours{stroke:#b4540a}.l-off{stroke:#9aa1a8}"
    "text.off{fill:#666d75;stroke:none}text.on{fill:#174d87;stroke:none}text.yours{fill:#8f4308;stroke:none}"
    ".wait{fill:url(#hatch);stroke:#9aa1a8}"
    ".n-on{fill:#1d5fa6}.n-yours{fill:#b4540a}text.n{fill:#fff;font-weight:700}"
)
DEFINITIONS = (
    '<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0V8" stroke="#9aa1a8" stroke-width="2"/></pattern>'
    + "".join(
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" '
        'markerWidth="13" markerHeight="13" '
        f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" style="fill:{colour};stroke:none"/></marker>'
        for kind, colour in ((ON, "#1d5fa6"), (YOURS, "#b4540a"), (OFF, "#9aa1a8"))
    )
)


class Drawing:
    """An SVG picture, 800 units wide.

    Args:
        height: in units.
        title: what it is, in a few words.
        description: what it shows, for somebody who doesn't see it; also the alt text.
    """

    def __init__(self, height: float, title: str, description: str) -> None:
        self.height, self.title, self.description = height, title, description
        self._parts: list[str] = []

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        text: str = "",
        kind: str = OFF,
        *,
        size: float = 14,
        code: bool = False,
        dashed: bool = False,
    ) -> None:
        """A rectangle with its text in the middle, a line for each line of the text."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._add(f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="5"{dash}/>')
        lines = text.split("\n") if text else []
        top = y + h / 2 - (len(lines) - 1) * size * 0.62 + size * 0.35
        for number, line in enumerate(lines):
            words = kind if kind in (ON, YOURS, OFF) else ""
            self.text(x + w / 2, top + number * size * 1.25, line, words, size=size, middle=True, code=code)

    def hatch(self, x: float, y: float, w: float, h: float) -> None:
        """A stretch in which nothing happens."""
        self._add(f'<rect class="wait" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}"/>')

    def text(self, x: float, y: float, text: str, kind: str = "", *, size: float = 14, bold: bool = False,
             middle: bool = False, code: bool = False) -> None:  # fmt: skip
        classes = " ".join(filter(None, [kind, "b" * bold, "c" * code]))
        given = f' class="{classes}"' if classes else ""
        anchor = ' text-anchor="middle"' if middle else ""
        words = escape(text, quote=False)
        self._add(f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{given}{anchor}>{words}</text>')

    def line(
        self, path: str, kind: str = ON, *, arrow: bool = False, dashed: bool = False, width: float = 1.8
    ) -> None:
        """A line along an SVG path, with a head at its end if it is an arrow."""
        end = f' marker-end="url(#{kind})"' if arrow else ""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._add(f'<path class="l-{kind}" style="stroke-width:{width:g}" d="{path}"{end}{dash}/>')

    def number(self, x: float, y: float, number: int, kind: str = ON) -> None:
        self._add(f'<circle class="n-{kind}" cx="{x:g}" cy="{y:g}" r="10"/>')
        self._add(
            f'<text class="n" x="{x:g}" y="{y + 4.5:g}" font-size="13" text-anchor="middle">{number}</text>'
        )

    def legend(self, y: float, *rows: tuple[str, str], columns: int = 2, x: float = 26) -> None:
        """What the numbers mean, 1 first: kind and text of each.

        Raises:
            ValueError: a text is too long to be read at a glance.
        """
        each = -(-len(rows) // columns)
        for index, (kind, text) in enumerate(rows):
            if len(text.split()) > MOST_WORDS:
                raise ValueError(f"{text!r} has more than {MOST_WORDS} words: say it shorter")
            left, top = x + index // each * (WIDTH - 20) / columns, y + index % each * 28
            self.number(left, top, index + 1, kind)
            self.text(left + 19, top + 5, text)

    def svg(self) -> str:
        """The file's text."""
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:g}" width="{WIDTH}" '
            f'height="{self.height:g}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(self.title, quote=False)}</title>',
            f'<desc id="d">{escape(self.description, quote=False)}</desc>',
            f"<style>{STYLE}</style><defs>{DEFINITIONS}</defs>",
            f'<rect x="1" y="1" width="{WIDTH - 2}" height="{self.height - 2:g}" rx="8" '
            'style="fill:#fff;stroke:#c3c8cd"/>',
            *self._parts,
            "</svg>\n",
        ])  # fmt: skip

    def _add(self, part: str) -> None:
        self._parts.append(part)


# -- the map ---------------------------------------------------------------------------------------------

PLACES = {"your process": (16, 168), "the service": (246, 306), "the container": (602, 182)}  # x and width
# Each part's place, and where it is on the map: x, y, width, height.
PARTS = {
    "your program": (30, 54, 140, 192),
    "your tools": (30, 258, 66, 40),
    "your bank": (104, 258, 66, 40),
    "agent": (260, 54, 132, 40),
    "environment": (406, 54, 132, 40),
    "session": (260, 106, 278, 48),
    "event log": (260, 166, 278, 80),
    "memory store": (260, 258, 132, 40),
    "vault": (406, 258, 132, 40),
    "/mnt/session/uploads": (612, 54, 162, 40),
    "/mnt/user": (612, 114, 162, 40),
    "/mnt/session/outputs": (612, 174, 162, 40),
    "/mnt/memory": (612, 258, 162, 40),
}
SMALL = {"your process": (16, 178), "the service": (202, 328), "the container": (538, 246)}
ROWS = {
    "your process": (("your program", "your tools"), ("your bank",)),
    "the service": (("agent", "environment", "session"), ("event log", "memory store", "vault")),
    "the container": (("/mnt/session/uploads", "/mnt/user"), ("/mnt/session/outputs", "/mnt/memory")),
}


def full_map(
    drawing: Drawing,
    own: Collection[str],
    yours: Collection[str] = (),
    *,
    at: Mapping[str, tuple[float, float, float, float]] | None = None,
) -> None:
    """The map in its whole size, 310 high.

    Args:
        drawing: gets it.
        own, yours: the parts in colour, the service's and yours.
        at: parts that are elsewhere in this picture: x, y, width, height.
    """
    for place, (left, width) in PLACES.items():
        drawing.box(left, 14, width, 298, kind="place")
        drawing.text(left + width / 2, 38, place, size=15, bold=True, middle=True)
    for part, (x, y, w, h) in (PARTS | dict(at or {})).items():
        code = part.startswith("/")
        name = part.replace("your ", "") if w < 80 else part
        size = 12.5 if code else 14
        drawing.box(x, y, w, h, name, _kind(part, own, yours), size=size, code=code)


def small_map(drawing: Drawing, own: Collection[str], yours: Collection[str] = ()) -> None:
    """The map as a strip at the top, 92 high."""
    for place, (left, width) in SMALL.items():
        drawing.box(left, 10, width, 80, kind="place")
        drawing.text(left + width / 2, 27, place, size=13, bold=True, middle=True)
        for row, parts in enumerate(ROWS[place]):
            w = (width - 8) / len(parts)
            for column, part in enumerate(parts):
                name = part.replace("/mnt/session/", "…/").replace("your ", "")
                drawing.box(
                    left + 6 + column * w, 35 + row * 26, w - 4, 22, name, _kind(part, own, yours), size=12
                )


def _kind(part: str, own: Collection[str], yours: Collection[str]) -> str:
    return ON if part in own else YOURS if part in yours else OFF

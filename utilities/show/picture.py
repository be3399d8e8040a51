"""A picture with words that say the same: `drawn` makes one, a notebook shows it.

Where matplotlib isn't installed, in a browser for example, the words stand in the picture's place.

All pictures of this house are drawn here, so that each is the same bytes in every run, whatever the reader's
settings of matplotlib. Nothing here imports matplotlib before a picture is asked for.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .html_table import escape
from .untrusted import encodable

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

    Axes: TypeAlias = matplotlib.axes.Axes
    Figure: TypeAlias = matplotlib.figure.Figure

__all__ = ["Picture", "drawn", "outlined", "plain"]

WIDTH, DPI, SHOWN_WIDTH = 8.6, 160, 800  # inches, pixels per inch, pixels on the page
INK = "#333333"
STYLES = {  # Okabe-Ito's colours, told apart by hatching and place too
    "model": ("#0072B2", ""),
    "tools": ("#E69F00", "////"),
    "running": ("#A6D8F5", ""),
    "idle": ("#FFFFFF", "...."),
}


@dataclass
class Picture:
    """A notebook shows the picture, a screen reader reads `alt`.

    Attributes:
        alt: what the picture shows, in words and numbers.
        figure: the `matplotlib.figure.Figure`, to change or save; None without matplotlib.
        png: the picture, the same bytes in every run; empty without matplotlib.
    """

    alt: str
    figure: Figure | None = field(repr=False)
    png: bytes = field(repr=False)

    def __str__(self) -> str:
        return encodable(self.alt)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        if not self.png:
            words = f"<p><em>The picture, in words:</em> {escape(self.alt)}</p>"
            return {"text/plain": self.alt, "text/html": words}, {}
        png = base64.b64encode(self.png).decode("ascii")
        # In HTML too, because notebooks show a PNG without its alt text.
        image = f'<img alt="{escape(self.alt)}" width="{SHOWN_WIDTH}" src="data:image/png;base64,{png}">'
        data = {"text/plain": self.alt, "text/html": image, "image/png": png}
        return data, {"image/png": {"alt": self.alt, "width": SHOWN_WIDTH}}


def drawn(draw: Callable[[Figure], None], height: float, alt: str) -> Picture:
    """The picture that `draw` makes of an empty figure, which is `WIDTH` inches wide.

    Args:
        draw: adds axes to the figure, and what is in them.
        height: of the figure, in inches.
        alt: what the picture shows, in words and numbers.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return Picture(alt, None, b"")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the reader's settings, the same picture
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        draw(figure)
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return Picture(alt, figure, png.getvalue())


def plain(axes: Axes, *edges: str) -> None:
    """Axes with these of their four edges only ("left", "bottom", …), and small numbers on them."""
    axes.spines[[edge for edge in ("left", "right", "top", "bottom") if edge not in edges]].set_visible(False)
    axes.tick_params(labelsize=9)


def outlined(colour: str, hatch: str = "") -> dict[str, Any]:
    """How a bar looks, as arguments of matplotlib's `bar`, `barh` and `broken_barh`."""
    return {"facecolor": colour, "hatch": hatch, "edgecolor": INK, "linewidth": 0.6}

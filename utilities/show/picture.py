from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


WIDTH, DPI, SHOWN_WIDTH = 8.6, 160, 800  # inches, pixels per inch, pixels on the page


STYLES = {  # Okabe-Ito's colours, told apart by hatching and place too
    "model": ("#0072B2", "", "white"),  # colour, hatching, colour of the words in it
    "tools": ("#E69F00", "////", "black"),
    "running": ("#A6D8F5", "", "black"),
    "idle": ("#FFFFFF", "....", "black"),
}


@dataclass
class Picture:
    """What `timeline` returns: a notebook shows the picture, a screen reader reads `alt`.

    Attributes:
        alt: what the picture shows, in words and numbers.
        figure: the `matplotlib.figure.Figure`, to change or save.
        png: the picture, the same bytes in every run.
    """

    alt: str
    figure: Figure = field(repr=False)
    png: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.alt

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        png = base64.b64encode(self.png).decode("ascii")
        # In HTML too, because notebooks show a PNG without its alt text.
        image = f'<img alt="{html.escape(self.alt)}" width="{SHOWN_WIDTH}" src="data:image/png;base64,{png}">'
        data = {"text/plain": self.alt, "text/html": image, "image/png": png}
        return data, {"image/png": {"alt": self.alt, "width": SHOWN_WIDTH}}

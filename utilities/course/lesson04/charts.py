"""A bar chart of what the searches found, for lesson 04."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utilities.show.picture import Picture, drawn, outlined, plain

from .retrieval import KINDS, Measured, Results

if TYPE_CHECKING:
    from utilities.show.picture import Axes, Figure

HEIGHT = 3.2  # inches
BAR = 0.38  # of the distance between two methods
LEGEND = ["first (top-1)", "among the first three (top-3)", "95 % interval"]
STYLES = {1: ("#0072B2", ""), 3: ("#A6D8F5", "////")}  # Okabe-Ito's blue and a lighter one, hatched


def chart_of(results: Results) -> Picture:
    """How many questions each search answered, first and among the first three: a bar each, with its number.

    Args:
        results: of `measure`. The thin line on a bar is the 95 % interval (see `chance.interval`).
    """

    def draw(figure: Figure) -> None:
        import matplotlib

        matplotlib.rcParams["hatch.linewidth"] = 0.6
        total = max(row.total for row in results.rows)
        for number, kind in enumerate(KINDS):
            axes = figure.add_axes((0.075 + number * 0.47, 0.10, 0.44, 0.70))
            rows = [results[method, kind] for method in results.methods]
            _draw(axes, rows, total)
            axes.set_title(f"{kind} questions", fontsize=10, weight="bold", loc="left")
            if number:
                axes.tick_params(axis="y", labelleft=False)
            else:
                axes.set_ylabel(f"found, of {total}", fontsize=9)
        legend = dict(zip(*reversed(figure.axes[0].get_legend_handles_labels()), strict=True))
        names = sorted(legend, key=LEGEND.index)
        figure.legend([legend[name] for name in names], names, loc="upper left", bbox_to_anchor=(0.065, 1.0),
                      ncols=3, fontsize=9, frameon=False, handlelength=1.6)  # fmt: skip

    return drawn(draw, HEIGHT, _alt(results))


def _draw(axes: Axes, rows: list[Measured], total: int) -> None:
    for place, row in enumerate(rows):
        for side, (top, style) in enumerate(STYLES.items()):
            count = row.found(top)
            x = place + (side - 0.5) * (BAR + 0.03)
            label = LEGEND[side] if not place else None
            axes.bar(x, count, BAR, label=label, **outlined(*style))
            low, high = (share * row.total for share in row.interval(top))
            name = LEGEND[2] if not place and not side else None
            for colour, width in (("#FFFFFF", 3.2), ("#000000", 1.3)):  # a white edge, to be seen on blue
                axes.plot([x, x], [low, high], color=colour, linewidth=width, solid_capstyle="butt",
                          label=name if width < 2 else None)  # fmt: skip
            axes.text(x, high + total * 0.02, str(count), fontsize=10, weight="bold", ha="center")
    axes.set(xlim=(-0.6, len(rows) - 0.4), ylim=(0, total * 1.1))
    axes.set_yticks([round(total * part / 3) for part in range(4)])
    axes.set_xticks(range(len(rows)), [row.method for row in rows])
    plain(axes, "left", "bottom")
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def _alt(results: Results) -> str:
    parts = [f"Bar chart: questions whose fact was found, of {max(row.total for row in results.rows)}."]
    for kind in KINDS:
        rows = (results[method, kind] for method in results.methods)
        told = "; ".join(f"{row.method} {row.top1} first, {row.top3} among the first three" for row in rows)
        parts.append(f"{kind.capitalize()} questions: {told}.")
    return " ".join(parts)

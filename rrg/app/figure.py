"""The plot of alignment against hardness, as matplotlib figures for a light and a dark page.

Knows numbers and names only: no model, no page.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rrg.types import HardNegatives

if TYPE_CHECKING:  # imported where it is used: the page opens without matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Inks:
    """Colours of one page theme; the two series differ in colour, dash and marker, never by colour alone."""

    text: str
    grid: str
    series: tuple[str, str]


LIGHT = Inks("#1f2933", "#d5dbe1", ("#a8480b", "#0b5cad"))
DARK = Inks("#e6eaee", "#3a444f", ("#f4a261", "#7cc0ff"))
_MARKERS = ("o", "s")


def alignment_figure(
    curves: Sequence[tuple[str, HardNegatives]], hardness: float, inks: Inks, wide: bool = True
) -> Figure:
    """cos(z, h_lambda) of up to two models as lambda falls from 1 to 0, each with its cos(z, positive)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.5) if wide else (5.0, 3.5), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot()
    for i, (name, negatives) in enumerate(curves):
        _draw_series(axes, name.replace("$", r"\$"), negatives, inks.series[i], _MARKERS[i])
    axes.axvline(hardness, color=inks.text, linewidth=1.2, alpha=0.7)
    _dress(axes, inks)
    return figure


def _draw_series(axes: Axes, name: str, negatives: HardNegatives, colour: str, marker: str) -> None:
    path = sorted(negatives.path, key=lambda point: -point.hardness)
    axes.plot(
        [p.hardness for p in path],
        [p.alignment for p in path],
        color=colour,
        marker=marker,
        markevery=max(1, len(path) // 10),
        markersize=4.5,
        linewidth=2.0,
        label=f"{name}: synthesised negative",
    )
    axes.axhline(
        negatives.positive_alignment,
        color=colour,
        linestyle=(0, (5, 3)),
        linewidth=1.5,
        label=f"{name}: positive",
    )


def _dress(axes: Axes, inks: Inks) -> None:
    axes.patch.set_alpha(0.0)
    axes.set_xlim(1.02, -0.02)
    axes.set_xlabel("λ   (1 = the mined peer, 0 = the hardest negative)", color=inks.text)
    axes.set_ylabel("cosine with the image", color=inks.text)
    axes.tick_params(colors=inks.text)
    axes.grid(color=inks.grid, linewidth=0.7)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        labelcolor=inks.text,
        fontsize=9,
    )


def to_svg(figure: Figure) -> str:
    """The figure as SVG text with glyphs as paths, so that it needs no font."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()

"""The plots of page and app: numbers in, a matplotlib Figure out. Knows no result file, no page and no screen.

Backgrounds are transparent and every colour is legible on white and on near-black; series differ by mark as well as by
colour. `to_svg` gives markup for an HTML page in which ink follows the text colour around it. Nothing here touches
pyplot, so several threads may draw at once.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rrg.evaluation.resampling import Level

INK = "#76818c"  # on white 4.0 : 1, on #161c23 4.3 : 1; `to_svg` turns it into the text colour
GRID = "#8f99a4"
COLOURS = ("#3b82c4", "#d9772b", "#2f9e6e", "#9b6fd1", "#c2577f", "#7d8894")
MARKS = ("o", "s", "^", "D", "v", "P")
WIDTH, NARROW = 7.2, 5.2  # inches; a page scales them, two narrow ones side by side

Points = Sequence[tuple[float, float]]
Interval = Mapping[str, Any]  # "accuracy", "low", "high"; the bounds may be None

_lock = threading.Lock()  # matplotlib's settings are the process's


def recall_curves(curves: Mapping[str, Points], chance: Points, title: str = "") -> Figure:
    """Name -> (k, share of queries whose first relevant item is among the k nearest), and what drawing blindly gives."""
    figure, axes = _axes(NARROW, 3.2, title)
    for place, (name, points) in enumerate(curves.items()):
        mark = MARKS[place % len(MARKS)] if len(points) < 12 else ""
        axes.plot(
            *zip(*points, strict=True), color=_colour(place), marker=mark, label=name, lw=2, ls=_dash(place)
        )
    if chance:
        axes.plot(*zip(*chance, strict=True), color=INK, lw=1.2, ls=":", label="chance")
    axes.set(xscale="log", ylim=(0, 1.02), xlabel="k (nearest looked at)", ylabel="recall@k")
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= _last(curves)]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.minorticks_off()
    return _finish(figure, axes)


def intervals(series: Mapping[str, Mapping[str, Interval | None]], label: str, chance: float = 0.5) -> Figure:
    """System -> kind -> share with its interval; a row for each kind, the chance line dashed."""
    kinds = list(dict.fromkeys(kind for found in series.values() for kind in found))
    figure, axes = _axes(NARROW, 0.9 + 0.2 * len(kinds) * (len(series) + 1))
    for place, (name, found) in enumerate(series.items()):
        rows = [
            (i, value)
            for i, kind in enumerate(kinds)
            if (value := found.get(kind)) and value["accuracy"] is not None
        ]
        heights = [_offset(i, place, len(series)) for i, _ in rows]
        for height, (_, value) in zip(heights, rows, strict=True):
            if value.get("low") is not None and value.get("high") is not None:
                axes.plot(
                    [value["low"], value["high"]],
                    [height] * 2,
                    color=_colour(place),
                    lw=2,
                    solid_capstyle="butt",
                )
        shares = [value["accuracy"] for _, value in rows]
        axes.plot(shares, heights, MARKS[place % len(MARKS)], color=_colour(place), ms=6, label=name)
    axes.axvline(chance, color=INK, lw=1.2, ls="--")
    axes.set(xlim=(0, 1.02), xlabel=label)
    _rows(axes, kinds)
    return _finish(figure, axes)


def bars(
    series: Mapping[str, Mapping[str, float | None]], label: str, notes: Mapping[str, str] | None = None
) -> Figure:
    """System -> row -> value in [0, 1], None where there is none; `notes` stand behind the name of a row."""
    names = list(dict.fromkeys(row for found in series.values() for row in found))
    figure, axes = _axes(WIDTH, 0.9 + 0.17 * len(names) * (len(series) + 0.8))
    for place, (name, found) in enumerate(series.items()):
        heights = [_offset(i, place, len(series)) for i in range(len(names))]
        values = [found.get(row) or 0.0 for row in names]
        axes.barh(heights, values, height=0.8 / (len(series) + 0.4), color=_colour(place), label=name)
        for height, row in zip(heights, names, strict=True):
            if found.get(row) is None:
                axes.text(0.004, height, "no value", va="center", fontsize=7, color=INK)
    axes.set(xlim=(0, 1), xlabel=label)
    _rows(axes, [f"{row}  {notes[row]}" if notes and row in notes else row for row in names])
    return _finish(figure, axes)


def histograms(series: Mapping[str, Sequence[float]], label: str) -> Figure:
    """System -> margins, true minus false: outlines over one set of bins, the line at 0 parts right from wrong."""
    figure, axes = _axes(NARROW, 2.5)
    values = np.concatenate([np.asarray(each, np.float64) for each in series.values()] or [np.zeros(0)])
    low, high = np.quantile(values, [0.005, 0.995]) if len(values) else (-1.0, 1.0)
    edges = np.linspace(min(low, 0), max(high, 0) + 1e-9, 31)
    for place, (name, each) in enumerate(series.items()):
        clipped = np.clip(np.asarray(each, np.float64), edges[0], edges[-1])
        axes.hist(
            clipped, edges.tolist(), histtype="step", lw=2, color=_colour(place), ls=_dash(place), label=name
        )
    axes.axvline(0, color=INK, lw=1.2, ls="--")
    axes.set(xlabel=label, ylabel="count")
    return _finish(figure, axes)


def pairs(rows: Mapping[str, Mapping[str, tuple[float, float]]], label: str, ends: tuple[str, str]) -> Figure:
    """System -> row -> (first, second) value: filled and hollow mark, joined; `ends` names the two."""
    names = list(dict.fromkeys(row for found in rows.values() for row in found))
    figure, axes = _axes(WIDTH, 0.9 + 0.17 * len(names) * (len(rows) + 0.8))
    for place, (name, found) in enumerate(rows.items()):
        mark, colour = MARKS[place % len(MARKS)], _colour(place)
        for i, row in enumerate(names):
            if row in found:
                height = _offset(i, place, len(rows))
                axes.plot(found[row], [height] * 2, color=colour, lw=1.5)
                axes.plot(found[row][:1], [height], mark, color=colour, ms=6)
                axes.plot(found[row][1:], [height], mark, color=colour, ms=6, mfc="none", mew=1.5)
        axes.plot([], [], mark, color=colour, ms=6, label=f"{name}: {ends[0]} filled, {ends[1]} hollow")
    axes.set(xlabel=label, xlim=(0, None))
    _rows(axes, names)
    return _finish(figure, axes)


def forest(
    rows: Mapping[str, Mapping[str, Any]], label: str = "difference, B minus A", width: float = WIDTH
) -> Figure:
    """Measure -> "difference", "low", "high", "finding": hollow unless a difference is found."""
    figure, axes = _axes(width, 0.8 + 0.32 * len(rows))
    for height, value in enumerate(rows.values()):
        outside = value["finding"].startswith("B is")
        axes.plot([value["low"], value["high"]], [height] * 2, color=COLOURS[0], lw=2)
        axes.plot(
            value["difference"],
            height,
            "o",
            color=COLOURS[0],
            ms=6,
            mfc=COLOURS[0] if outside else "none",
            mew=1.5,
        )
    axes.axvline(0, color=INK, lw=1.2, ls="--")
    axes.set(xlabel=label)
    _rows(axes, list(rows))
    return _finish(figure, axes)


def rungs(levels: Mapping[str, Level], label: str, chance: float | None = None) -> Figure:
    """Rung -> its score with an interval; a row for each, every run hollow beside the mean, the chance line dashed."""
    figure, axes = _axes(NARROW, 0.8 + 0.3 * len(levels))
    for height, level in enumerate(levels.values()):
        axes.plot([level.low, level.high], [height] * 2, color=COLOURS[0], lw=2, solid_capstyle="butt")
        if len(level.runs.values) > 1:
            runs = [height + 0.28] * len(level.runs.values)
            axes.plot(level.runs.values, runs, "o", color=COLOURS[0], ms=3.5, mfc="none")
        axes.plot(level.runs.mean, height, "o", color=COLOURS[0], ms=6)
    if chance is not None:
        axes.axvline(chance, color=INK, lw=1.2, ls="--")
    axes.set(xlabel=label)
    _rows(axes, list(levels))
    return _finish(figure, axes)


def to_svg(figure: Figure, description: str) -> str:
    """Markup for inline use: text stays text, ink is the page's text colour, described for those who do not see it."""
    stream = io.StringIO()
    with _lock, mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rrg"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    markup = stream.getvalue()
    markup = re.sub(r"<(metadata|style)\b.*?</\1>", "", markup[markup.index("<svg") :], flags=re.DOTALL)
    markup = markup.replace("xlink:href", "href")  # needs no namespace
    markup = re.sub(r"(?<!-)\bfont: ([0-9.]+)px [^;\"]*", r"font-size: \1px; font-family: inherit", markup)
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", markup))
    markup = re.sub(
        r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", markup
    )  # unique on a page
    markup = re.sub(
        r'<svg [^>]*viewBox="([^"]+)"[^>]*>',
        rf'<svg viewBox="\1" stroke-linejoin="round" role="img" aria-label="{_plain(description)}">',
        markup,
    )
    return markup.replace(INK, "currentColor")


# --- Shared ---


def _axes(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    return figure, axes


def _finish(figure: Figure, axes: Axes) -> Figure:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.xaxis.label.set(color=INK, fontsize=9)
    axes.yaxis.label.set(color=INK, fontsize=9)
    axes.grid(True, axis="x", color=GRID, alpha=0.3, lw=0.6)
    axes.set_axisbelow(True)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    return figure


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """One name a row, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _offset(row: int, place: int, of: int) -> float:
    """Where the mark of system `place` of `of` stands within its row."""
    return row + (place - (of - 1) / 2) * 0.8 / (of + 0.4)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _dash(place: int) -> Any:
    return ("-", (0, (6, 2)), (0, (2, 1.5)), "-.")[place % 4]


def _last(curves: Mapping[str, Points]) -> float:
    return max((points[-1][0] for points in curves.values() if points), default=1)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\\", r"\\")

"""An exported reading as a PDF: the films, then the lines of `export_text` on A4 pages, marked on every one.

Knows values and pixels, no page of the app. matplotlib draws; no text is ever read as mathematics or markup.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rrg.app.export_text import Kind, Line, lines, marks
from rrg.types import Radiograph

if TYPE_CHECKING:  # imported where it is used: the page opens without matplotlib
    from matplotlib.figure import Figure

PAGE = (8.27, 11.69)  # A4 in inches
LEFT, TOP, BOTTOM = 0.75, 0.9, 0.85  # inches
FILM_HEIGHT = 3.6  # inches
FILM_PIXELS = 900  # longest side in the file


@dataclass(frozen=True)
class Style:
    """Points, wrap (characters that fit a line in DejaVu Sans), space above in inches."""

    size: float
    columns: int
    above: float
    bold: bool = False
    indent: int = 0


STYLES: Mapping[Kind, Style] = {
    "title": Style(16, 50, 0.0, bold=True),
    "warning": Style(10, 78, 0.06, bold=True),
    "heading": Style(12, 66, 0.24, bold=True),
    "text": Style(10, 88, 0.06),
    "item": Style(8.5, 92, 0.08, bold=True, indent=2),
    "small": Style(8.5, 100, 0.03, indent=2),
}
WHOLE = 8  # rows of a paragraph that is not divided between two pages
HEADS: Mapping[Kind, int] = {"heading": 3, "item": WHOLE + 2}  # rows that there must be place for, its own too
KEPT: Any = {"pdf.fonttype": 42, "image.composite_image": False}  # words as words, pictures pixel by pixel
_lock = threading.Lock()  # matplotlib's settings are the process's


def as_pdf(value: Mapping[str, Any], films: Sequence[Radiograph]) -> bytes:
    """`value` is what `rrg.app.export.export` made of a study with these films. Same reading, same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    stream = io.BytesIO()
    told = {
        "Title": "Reading of a chest film by two models",
        "Subject": value["notice"],
        "CreationDate": None,
    }
    with _lock, mpl.rc_context(KEPT), PdfPages(stream, metadata=told) as pages:
        sheets = list(_paged(lines(value), FILM_HEIGHT + 0.3 if films else 0.0))
        for number, sheet in enumerate(sheets, 1):
            figure = _sheet(sheet, films if number == 1 else (), bool(value["simulated"]))
            _edges(figure, value["notice"], f"{number} of {len(sheets)}", marks(value) if number > 1 else ())
            pages.savefig(figure)
    return stream.getvalue()


@dataclass(frozen=True)
class Placed:
    """One printed line; `y` in inches from the top of the page."""

    text: str
    style: Style
    y: float


def _paged(told: Iterator[Line], films: float) -> Iterator[list[Placed]]:
    """Wrapped lines on pages; the films take `films` inches below title and warnings of the first."""
    sheet: list[Placed] = []
    y, room_taken = TOP, films == 0.0
    for line in told:
        style = STYLES[line.kind]
        if not room_taken and line.kind not in ("title", "warning"):
            y, room_taken = y + films, True
        rows = textwrap.wrap(line.text, style.columns, subsequent_indent=" " * style.indent) or [""]
        height = style.size * 1.35 / 72
        keep = HEADS.get(line.kind, min(len(rows), WHOLE))
        if y + style.above + keep * height > PAGE[1] - BOTTOM:
            yield sheet
            sheet, y = [], TOP
        y += style.above
        for row in rows:
            if y + height > PAGE[1] - BOTTOM:
                yield sheet
                sheet, y = [], TOP
            sheet.append(Placed(row, style, y))
            y += height
    yield sheet


def _sheet(sheet: Sequence[Placed], films: Sequence[Radiograph], simulated: bool) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=PAGE)
    for line in sheet:
        figure.text(
            (LEFT + 0.1 * line.style.indent) / PAGE[0], 1 - line.y / PAGE[1], line.text, va="top", parse_math=False,
            fontsize=line.style.size, fontweight="bold" if line.style.bold else "normal",
        )  # fmt: skip
    if films:
        warned = [line for line in sheet if line.style in (STYLES["title"], STYLES["warning"])]
        below = max((line.y + line.style.size * 1.35 / 72 for line in warned), default=TOP)
        _films(figure, films, below + 0.15, "simulated" if simulated else "")
    return figure


def _films(figure: Figure, films: Sequence[Radiograph], top: float, told: str) -> None:
    width = (PAGE[0] - 2 * LEFT - 0.2) / 2
    for place, film in enumerate(films):
        bounds = (
            (LEFT + place * (width + 0.2)) / PAGE[0], 1 - (top + FILM_HEIGHT) / PAGE[1],
            width / PAGE[0], (FILM_HEIGHT - 0.25) / PAGE[1],
        )  # fmt: skip
        axes = figure.add_axes(bounds, anchor="NW")
        axes.imshow(_shrunk(film.pixels), cmap="gray", vmin=0, vmax=255, interpolation="none")
        axes.set_axis_off()
        title = ", ".join(
            part for part in (f"Film {place + 1}", f"view {film.view.name.lower()}", told) if part
        )
        axes.set_title(title, fontsize=8.5, loc="left", pad=4)


def _shrunk(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    image = Image.fromarray(np.rint(np.clip(pixels, 0.0, 1.0) * 255).astype(np.uint8))
    image.thumbnail((FILM_PIXELS, FILM_PIXELS))
    return np.asarray(image)


def _edges(figure: Figure, notice: str, number: str, marked: Sequence[str]) -> None:
    """The notice at the foot of every page, and marks at the head; on the first they stand below the title."""
    foot: dict[str, Any] = {"fontsize": 8.5, "parse_math": False, "va": "bottom"}
    figure.text(LEFT / PAGE[0], 0.4 / PAGE[1], notice, fontweight="bold", **foot)
    figure.text(1 - LEFT / PAGE[0], 0.4 / PAGE[1], f"page {number}", ha="right", **foot)
    for row, mark in enumerate(marked):
        figure.text(
            LEFT / PAGE[0], 1 - (0.35 + 0.18 * row) / PAGE[1], mark, fontsize=8.5, fontweight="bold", va="top",
            parse_math=False,
        )  # fmt: skip

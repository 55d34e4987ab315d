"""The scoreboard as HTML: tables, plots with their intervals, the largest misses. Pure: values in, markup out.

Which numbers stand in which table and plot is decided in `rrg.evaluation.page_tables` and `page_figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rrg.app.benchmark import Board, Result
from rrg.app.present import banner, card, esc, nothing_yet
from rrg.app.present_reports import tag

if TYPE_CHECKING:  # imported where it is used: the page opens without matplotlib
    from rrg.evaluation.page_cases import Case
    from rrg.evaluation.page_figures import Plot
    from rrg.evaluation.page_words import Table

CAUTION = (
    "Text scores alone say little: a report that never looked at the film can reach them, which is why rows of constants "
    "and nearest neighbours stand between the models. A gap is what a score loses when every study gets another’s film."
)
NO_GALLERY = (
    "The largest misses need per-study results, which are not shipped. `make checkpoints` leaves them in `runs/`, and so "
    "does `python -m rrg evaluate --out runs/COLLECTION/NAME/val.json`."
)


def scoreboard(board: Board, references: Mapping[str, str]) -> str:
    """Everything that is known of a collection, and what is not."""
    missing = "".join(banner("note", f"Not shown. {each}") for each in board.missing)
    if not board.results:
        return missing + nothing_yet("No checkpoint of this collection has scores that can be shown.")
    from rrg.evaluation import page_tables

    data = board.results[0]["data"]
    words, findings = page_tables.scoreboard(board.results)
    margins = page_tables.margins(board.results)
    head = f'<p class="lead">{esc(data["studies"])} studies of the split {esc(data["split"])}. {CAUTION}</p>'
    tables = [("Words", words), ("Findings, retrieval, variety", findings)]
    shown = "".join(f"<h3>{title}</h3>{table(each, title)}" for title, each in tables if each.rows)
    every = _all_margins(margins) if margins.rows else ""
    misses = gallery(board, references)
    return (
        f'<section class="survey board">{head}{missing}{shown}{plots(board.results)}{every}{misses}</section>'
    )


def _all_margins(margins: Table) -> str:
    """Long, and drawn in the plots already: shown on demand."""
    title = "True report against a false one"
    body = table(margins, title)
    return f"<h3>{title}</h3><details><summary>Every margin, with its interval</summary>{body}</details>"


def table(found: Table, title: str) -> str:
    """A table of words; rows of company are marked, a row without cells is a heading."""
    groups = "".join(f'<th scope="colgroup" colspan="{n}">{esc(words)}</th>' for words, n in found.groups)
    head = "".join(f'<th scope="col">{esc(name)}</th>' for name in found.head)
    rows = []
    for row in found.rows:
        if not row.cells:
            rows.append(
                f'<tr class="group"><th scope="rowgroup" colspan="{len(found.head)}">{esc(row.name)}</th></tr>'
            )
            continue
        mark = ' <span class="quiet">(no model)</span>' if row.kind == "company" else ""
        cells = "".join(f"<td>{esc(cell)}</td>" for cell in row.cells)
        rows.append(f'<tr class="{esc(row.kind)}"><th scope="row">{esc(row.name)}{mark}</th>{cells}</tr>')
    above = f"<tr>{groups}</tr>" if groups else ""
    notes = "".join(f'<p class="quiet">{esc(note)}</p>' for note in found.notes)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(title)}, table">'
        f'<table class="findings numbers"><thead>{above}<tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        + notes
    )


def plots(results: Sequence[Result]) -> str:
    """Every plot that the files give, with its words."""
    from rrg.evaluation import page_figures

    drawn = "".join(_figure(plot) for _, plot in page_figures.all_plots(results))
    return f'<h3>Plots</h3><div class="plots">{drawn}</div>' if drawn else ""


def _figure(plot: Plot) -> str:
    from rrg.evaluation.figures import to_svg

    return f'<figure class="chart">{to_svg(plot.figure, plot.words)}<figcaption>{esc(plot.words)}</figcaption></figure>'


# -- the largest misses


def gallery(board: Board, references: Mapping[str, str]) -> str:
    """The studies that each model got most wrong, where a local result file tells of studies."""
    if not board.detailed:
        return "<h3>Largest misses</h3>" + banner("note", NO_GALLERY)
    from rrg.evaluation.page_cases import worst_cases

    parts = []
    for result in board.detailed:
        cases = "".join(_case(each) for each in worst_cases(result, references))
        parts.append(
            f'<details><summary>{esc(result["system"]["name"])}</summary><div class="cases">{cases}</div></details>'
        )
    lead = (
        "Studies with most findings missed or made up, by the labeller. A report’s own text is the model’s; the reference "
        "is shown only where its data folder is given."
    )
    return f'<h3>Largest misses</h3><p class="lead">{lead}</p>{"".join(parts)}'


def _case(each: Case) -> str:
    told = [
        *(tag("contradicts", "−", f"missed: {label}") for label in each.missed),
        *(tag("alone", "+", f"made up: {label}") for label in each.wrong),
        *(tag("agrees", "✓", f"found: {label}") for label in each.found),
    ]
    texts = "".join(
        f'<p class="verbatim"><b>{who}.</b> {esc(text)}</p>'
        for who, text in (("Model", each.text), ("Reference", each.reference))
        if text is not None
    )
    return card(f"Study {each.study}", f"<p>{' '.join(told)}</p>{texts}")

"""The scoreboard as HTML: tables, plots with their intervals, the largest misses. Pure: values in, markup out.

Which numbers stand in which table and plot is decided in `rrg.evaluation.page_tables` and `page_figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rrg.app import present_words
from rrg.app.benchmark import Board, Result
from rrg.app.present import banner, card, esc, nothing_yet, scroll
from rrg.app.present_reports import tag

if TYPE_CHECKING:  # imported where it is used: the page opens without matplotlib
    from rrg.app.headline import Line, Value
    from rrg.evaluation.page_cases import Case
    from rrg.evaluation.page_figures import Plot
    from rrg.evaluation.page_words import Table

CAUTION = (
    "A number says something only beside those of writers who never saw the film: a coin, one constant sentence, the report "
    "of the nearest training film. Intervals are 95 %, each model’s own: whether two differ is asked of the same studies in "
    "pairs (the command “python -m rrg compare”), not read off two intervals."
)
TEXTS = (
    "Text scores alone say little: a report that never looked at the film can reach them, which is why rows of constants "
    "and nearest neighbours stand between the models. “Films swapped”: what a score loses when every study gets another’s "
    "film."
)
NO_GALLERY = (
    "No largest misses are shown here: they need the result of every study, which is not shipped. They appear once "
    "“make checkpoints”, or “python -m rrg evaluate --out runs/COLLECTION/NAME/val.json”, has left it in “runs/”."
)


def scoreboard(board: Board, references: Mapping[str, str]) -> str:
    """Everything that is known of a collection, and what is not."""
    missing = "".join(banner("note", f"Not shown. {each}") for each in board.missing)
    if not board.results:
        return missing + nothing_yet("No checkpoint of this collection has scores that can be shown.")
    data = board.results[0]["data"]
    said = f"{data['studies']} studies of the split {data['split']}. {CAUTION}"
    return (
        f'<section class="survey board"><p class="lead">{esc(said)}</p>{headline(board.results)}{missing}'
        f"{_folded(board, references)}</section>"
    )


def headline(results: Sequence[Result]) -> str:
    """Five numbers of every model and its company, and what they mean."""
    from rrg.app.headline import lines, questions

    asked = questions(results)
    head = "".join(f'<th scope="col" title="{esc(each.words)}">{esc(each.title)}</th>' for each in asked)
    rows = "".join(_headline_row(line) for line in lines(results))
    blind = "".join(f"<td>{esc(each.blind)}</td>" for each in asked)
    legend = "".join(f"<dt>{esc(each.title)}</dt><dd>{esc(each.words)}</dd>" for each in asked)
    drawn = (
        f'<table class="findings numbers headline"><thead><tr><th scope="col">Who wrote it</th>{head}</tr></thead><tbody>'
        f'{rows}<tr class="company"><th scope="row">without looking</th>{blind}</tr></tbody></table>'
    )
    return (
        scroll(drawn, "The five numbers to read first")
        + f'<details class="legend" open><summary>What each number means</summary><dl>{legend}</dl></details>'
    )


def _headline_row(line: Line) -> str:
    cells = "".join(f"<td>{_value(each)}</td>" for each in line.values)
    kind, mark = ("company", _NO_MODEL) if line.company else ("system", "")
    return f'<tr class="{kind}"><th scope="row">{esc(line.name)}{mark}</th>{cells}</tr>'


def _value(each: Value) -> str:
    if each.value is None:
        return '<span class="quiet">not asked</span>'
    within = "" if each.low is None or each.high is None else f"<br><small>[{each.low:.2f}, {each.high:.2f}]</small>"
    return f"<b>{each.value:.3f}</b>{within}"


def _folded(board: Board, references: Mapping[str, str]) -> str:
    """All else that the files hold, each part on demand."""
    from rrg.evaluation import page_tables

    words, findings = page_tables.scoreboard(board.results)
    margins = page_tables.margins(board.results)
    parts = {
        "Words, every row": table(words, "Words") if words.rows else "",
        "Findings, looking up and variety, every row": table(findings, "Findings, looking up, variety"),
        "The true report against a false one, every margin": table(margins, "Margins") if margins.rows else "",
        "Plots": plots(board.results),
        "Largest misses": gallery(board, references),
    }
    lead = f'<p class="lead">{esc(TEXTS)}</p>'
    return lead + "".join(
        f'<details class="part"><summary>{esc(title)}</summary>{body}</details>' for title, body in parts.items() if body
    )


def table(found: Table, title: str) -> str:
    """A table of words; rows of company are marked, a row without cells is a heading."""
    groups = "".join(_head_cell(words, f'scope="colgroup" colspan="{n}"') for words, n in found.groups)
    head = "".join(_head_cell(name, 'scope="col"') for name in found.head)
    rows = []
    for row in found.rows:
        if not row.cells:
            rows.append(
                f'<tr class="group"><th scope="rowgroup" colspan="{len(found.head)}">{esc(row.name)}</th></tr>'
            )
            continue
        mark = _NO_MODEL if row.kind == "company" else ""
        cells = "".join(f"<td>{esc(cell)}</td>" for cell in row.cells)
        rows.append(f'<tr class="{esc(row.kind)}"><th scope="row">{esc(present_words.row(row.name))}{mark}</th>{cells}</tr>')
    above = f"<tr>{groups}</tr>" if groups else ""
    notes = "".join(f'<p class="quiet">{esc(present_words.note(note))}</p>' for note in found.notes)
    drawn = f'<table class="findings numbers"><thead>{above}<tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return scroll(drawn, title) + notes


_NO_MODEL = ' <span class="quiet">(no model)</span>'


def _head_cell(name: str, attributes: str) -> str:
    """A column's name in plain words; the explanation shows on pointing at it, and to screen readers."""
    shown, words = present_words.head(name)
    told = f' title="{esc(words)}"' if words else ""
    return f"<th {attributes}{told}>{esc(shown)}</th>"


def plots(results: Sequence[Result]) -> str:
    """Every plot that the files give, with its words."""
    from rrg.evaluation import page_figures

    drawn = "".join(_figure(plot) for _, plot in page_figures.all_plots(results))
    return f'<div class="plots">{drawn}</div>' if drawn else ""


def _figure(plot: Plot) -> str:
    from rrg.evaluation.figures import to_svg

    words = present_words.caption(plot.words)
    return f'<figure class="chart">{to_svg(plot.figure, words)}<figcaption>{esc(words)}</figcaption></figure>'


# -- the largest misses


def gallery(board: Board, references: Mapping[str, str]) -> str:
    """The studies that each model got most wrong, where a local result file tells of studies."""
    if not board.detailed:
        return banner("note", NO_GALLERY)
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
    absent = [result["system"]["name"] for result in board.results if not result.get("studies")]
    told = banner("note", f"No results of single studies are at hand of {', '.join(absent)}.") if absent else ""
    return f'<p class="lead">{lead}</p>{"".join(parts)}{told}'


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

"""One self-contained HTML page from result files: tables, plots, worst cases. Knows markup, computes no metric.

No script, no font, no image and no request: what the page shows is in the page. Every word that comes from a file or a
report is escaped by the template engine; the only markup that passes is that of our own plots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rrg.evaluation import page_figures, page_tables
from rrg.evaluation.measures import HEADLINE
from rrg.evaluation.page_cases import Case, holds_texts, worst_cases
from rrg.evaluation.page_figures import Plot
from rrg.evaluation.page_words import ABSENT, Result, Table, decoding_words, names_of, number, short
from rrg.evaluation.result_file import look_up
from rrg.types import RrgError

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Drawn:
    """A plot as markup of our own, and its words."""

    svg: Markup
    words: str


def page(
    results: Sequence[Result],
    comparisons: Sequence[Mapping[str, Any]] = (),
    references: Mapping[str, str] | None = None,
    texts: bool = True,
) -> str:
    """HTML of one or more results of one split, comparisons of them, and reference texts by study id where at hand.

    Without `texts` no sentence of a report is on the page. RrgError where the results are of different studies.
    """
    _check(results)
    known = dict(references or {}) if texts else {}
    cases = _cases(results, known, texts)
    told = [(f"comparison-{i}", _title(each)) for i, each in enumerate(comparisons, start=1)]
    html: str = template("page.html").render(
        title=f"Scoreboard: {', '.join(names_of(results))}",
        split=results[0]["data"]["split"],
        studies=results[0]["data"]["studies"],
        schema=results[0]["schema"],
        has_texts=any(holds_texts(each) for _, each in cases),
        has_references=bool(known),
        contents=_contents(told, bool(cases)),
        cards=_cards(results),
        tables=_tables(results),
        plots={name: _drawn(plot) for name, plot in page_figures.all_plots(results)},
        scores=page_figures.SHOWN,
        comparisons=[_comparison(each) for each in comparisons],
        cases=cases,
        commands=[
            (name, result.get("command")) for name, result in zip(names_of(results), results, strict=True)
        ],
    )
    return html


def write_page(path: str | Path, html: str) -> None:
    """RrgError where `path` cannot be written."""
    try:
        Path(path).write_text(html, encoding="utf-8")
    except OSError as error:
        raise RrgError(f"cannot write {path}: {error.strerror or error}") from error


def template(name: str) -> Any:
    """One of the pages beside this module, its style inside it."""
    loader = Environment(
        loader=FileSystemLoader(HERE), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return loader.get_template(name, globals={"css": Markup((HERE / "page.css").read_text("utf-8"))})


def _check(results: Sequence[Result]) -> None:
    splits = {(result["data"]["split"], result["data"]["studies"]) for result in results}
    if len(splits) != 1:
        words = (
            ", ".join(f"{count} studies of {split!r}" for split, count in sorted(splits))
            or "no result at all"
        )
        raise RrgError(f"a page shows systems scored on the same studies; given were {words}")


def _cases(
    results: Sequence[Result], references: Mapping[str, str], texts: bool
) -> list[tuple[str, list[Case]]]:
    return [
        (name, worst_cases(result, references, texts))
        for name, result in zip(names_of(results), results, strict=True)
        if result.get("studies")
    ]


def _contents(comparisons: Sequence[tuple[str, str]], cases: bool) -> list[tuple[str, str]]:
    return [
        ("scoreboard", "Scoreboard"), ("findings", "Findings"), ("discrimination", "Discrimination"),
        ("reading", "Reading or reciting"), ("demonstration", "What scores are worth"), *comparisons,
        *([("cases", "Worst cases")] if cases else []), ("provenance", "Provenance"),
    ]  # fmt: skip


def _tables(results: Sequence[Result]) -> dict[str, Any]:
    named = list(zip(names_of(results), results, strict=True))
    return {
        "scoreboard": page_tables.scoreboard(results),
        "protocols": page_tables.both_protocols(results),
        "faults": page_tables.faults(results),
        "clinical": page_tables.clinical(results),
        "coded": page_tables.clinical(results, "coded"),
        "attributes": page_tables.attributes(results),
        "per_class": [(name, page_tables.per_class(result)) for name, result in named],
        "per_finding": [(name, page_tables.per_finding(result)) for name, result in named],
        "retrieval": page_tables.retrieval(results),
        "margins": page_tables.margins(results),
        "directions": page_tables.margins(results, directions=True),
        "pairs": page_tables.pairs(results),
        "variety": page_tables.variety(results),
        "demonstration": page_tables.demonstration(results),
    }


def _cards(results: Sequence[Result]) -> list[dict[str, Any]]:
    """What each system is, and the few numbers to begin with."""
    ways = {
        "BLEU-4 (r2gen)": ("text", "r2gen", "BLEU-4"),
        "F1 of 14 classes, micro": ("clinical", "reference", *page_tables.F1_WAYS["micro 14"]),
        "F1 of 5 classes, micro": ("clinical", "reference", *page_tables.F1_WAYS["micro 5"]),
        "recall@10, own text": ("retrieval", "image-to-report", "same text", "recall@10"),
        "flipped fact told, by embedding": ("margins", "counterfactual", "embedding", "all", "balanced"),
        "distinct reports": ("variety", "distinct"),
    }
    return [
        {
            "name": name,
            "rows": [
                ("what", result["system"]["kind"]),
                ("revision", result["system"].get("revision") or ABSENT),
                ("decoding", decoding_words(result.get("decoding"))),
                *((words, number(look_up(result["metrics"], way))) for words, way in ways.items()),
            ],
        }
        for name, result in zip(names_of(results), results, strict=True)
    ]


def _comparison(found: Mapping[str, Any]) -> dict[str, Any]:
    plot, table = page_figures.differences(found), page_tables.comparison(found)
    rows = {row.name: row for row in table.rows}
    headline = Table(
        table.head, tuple(replace(rows[name], name=short(name)) for name in HEADLINE if name in rows)
    )
    return {
        "title": _title(found),
        "method": found["method"],
        "studies": found["studies"]["shared"],
        "resamples": found["resamples"],
        "plot": _drawn(plot) if plot else None,
        "headline": headline,
        "table": table,
        "words": found["multiplicity"]["words"],
        "notes": found["notes"],
        "not_compared": list(found["not compared"].items()),
    }


def _title(found: Mapping[str, Any]) -> str:
    sides = [", ".join(dict.fromkeys(run["name"] for run in found[side])) for side in ("a", "b")]
    return f"{sides[1]} less {sides[0]}"


def _drawn(plot: Plot) -> Drawn:
    return Drawn(Markup(page_figures.figures.to_svg(plot.figure, plot.words)), plot.words)

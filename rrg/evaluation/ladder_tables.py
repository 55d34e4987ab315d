"""The tables of a ladder: levels and differences in, rows of words out; and all of them as Markdown. Knows no markup.

A star marks a difference whose interval leaves zero out. A dagger marks what a rung was trained on: reports with a flipped
fact tell nothing new of a model that has seen such reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rrg.evaluation.ladder import ALIGNMENT, BASE, PLAIN, SHOWN, Ladder, Rung
from rrg.evaluation.page_words import ABSENT, Row, Table
from rrg.evaluation.resampling import FEWEST, Difference, Level
from rrg.evaluation.result_file import look_up
from rrg.evaluation.results import CAUTION
from rrg.evaluation.results import table as markdown_table

DAGGER, STAR = "†", "*"
FLIPPED = "One fact flipped"
Company = Mapping[str, Mapping[str, Any]]  # row name -> metrics

EXPLAINED: Mapping[str, str] = {
    "Telling reports apart": (
        "An image's own report among all of the split, by embedding; how often the true report scores above the mined "
        "peer's."
    ),
    **{
        f"{FLIPPED}, by {score}": (
            "How often the true report scores above itself with one clinical fact flipped: the mean over opposite flips, so "
            "0.5 is a coin, and always preferring the normal report too."
        )
        for score in ("embedding", "likelihood")
    },
    "Findings, F1": (
        "Labels of the written report against those of the reference, 14 and 5 CheXpert classes, uncertain as positive."
    ),
    "Words, r2gen": "Lower case, cut at 60 tokens, rare words unknown. A constant sentence scores as high: see the company.",
    "Variety": "Means over seeds, and the range where there are several. No resample of studies gives these numbers.",
    "Image-shuffle gap": (
        "The score less the same score with the images permuted among the studies; nought where images are not read. "
        "Means over seeds, and the range."
    ),
}  # fmt: skip


def scores(ladder: Ladder, group: str, company: Company | None = None) -> Table:
    """Every rung's level with its interval; below them the rows of company that have such a number."""
    names = SHOWN[group]
    rows: list[Row] = []
    for heading, rungs in ladder.groups.items():
        rows.append(Row(heading))
        for rung in rungs:
            levels = ladder.levels[rung.name]
            cells = tuple(level_words(levels.get(name)) for name in names.values())
            rows.append(Row(_marked(rung, group), cells, "system"))
    rows += _company(company or {}, [tuple(_way(name)) for name in names.values()])
    return Table(("rung (seeds)", *names), tuple(rows))


def plain(ladder: Ladder, group: str, company: Company | None = None) -> Table:
    """As `scores`, for numbers that no resample gives: the mean of the seeds and their range."""
    ways = PLAIN[group]
    rows: list[Row] = []
    for heading, rungs in ladder.groups.items():
        rows.append(Row(heading))
        for rung in rungs:
            found = [[look_up(r["metrics"], way) for r in rung.results] for way in ways.values()]
            rows.append(Row(_marked(rung, ""), tuple(map(range_words, found)), "system"))
    rows += _company(company or {}, list(ways.values()))
    return Table(("rung (seeds)", *ways), tuple(rows))


def gains(ladder: Ladder, group: str, role: str) -> Table:
    """Every rung that has such a reference, less it."""
    names = SHOWN[group]
    rows: list[Row] = []
    for heading, rungs in ladder.groups.items():
        lines = [
            Row(
                f"{_marked(rung, group)} less {ladder.references[rung.name, role]}",
                tuple(gain_words(ladder.differences[rung.name, role].get(name)) for name in names.values()),
                "system",
            )
            for rung in rungs
            if (rung.name, role) in ladder.references
        ]
        rows += [Row(heading), *lines] if lines else []
    return Table((f"less {role}", *names), tuple(rows))


def notes(ladder: Ladder) -> list[str]:
    """What the tables say and what they do not."""
    judged = [d for each in ladder.differences.values() for d in each.values() if d.studies >= FEWEST]
    outside = sum(d.outside for d in judged)
    found = [
        f"{ladder.studies} studies of {ladder.split}; {len(ladder.rungs)} rungs, {sum(len(r.seeds) for r in ladder.rungs)} "
        f"runs. In brackets 95 % percentile intervals of {ladder.resamples} resamples: studies with replacement, the "
        "same for all rungs, and where a rung has several seeds all but one of them. Of one seed, an interval says "
        "nothing about training again.",
        f"{STAR}: the interval leaves zero out. Without it: no difference found, which is no evidence of none. Of "
        f"{len(judged)} differences about {0.05 * len(judged):.0f} would leave zero out by chance; {outside} do.",
    ]
    if any(rung.saw_flips for rung in ladder.rungs):
        found.append(
            f"{DAGGER}: trained on reports with a fact flipped by the same rules, so these numbers are in-distribution "
            "and no evidence of what the other rungs are asked."
        )
    return found


def markdown(ladder: Ladder, company: Company | None = None, command: str = "") -> str:
    """All tables with their words."""
    parts = ["# The ladder", *notes(ladder)]
    for group in SHOWN:
        parts += [f"## {group}", EXPLAINED[group], as_markdown(scores(ladder, group, company))]
        parts += [as_markdown(each) for role in (ALIGNMENT, BASE) if (each := gains(ladder, group, role)).rows]
    for group in PLAIN:
        parts += [f"## {group}", EXPLAINED[group], as_markdown(plain(ladder, group, company))]
    parts += [CAUTION, *([f"Made by:\n\n```\n{command}\n```"] if command else [])]
    return "\n\n".join(parts) + "\n"


def level_words(level: Level | None) -> str:
    """ "0.142 [0.110, 0.170]" """
    if level is None:
        return ABSENT
    return f"{_digits(level.runs.mean)} [{_digits(level.low)}, {_digits(level.high)}]"


def gain_words(found: Difference | None) -> str:
    """ "+0.012 [−0.004, +0.030]", with a star where zero is outside."""
    if found is None:
        return ABSENT
    low, value, high = (_signed(each) for each in (found.low, found.difference, found.high))
    return f"{value} [{low}, {high}]" + (f" {STAR}" if found.outside else "")


def range_words(values: Sequence[float | None]) -> str:
    """ "0.031 (0.020 to 0.040)"; one number where there is one."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return ABSENT
    mean = _digits(sum(known) / len(known))
    return mean if len(known) == 1 else f"{mean} ({_digits(min(known))} to {_digits(max(known))})"


def _digits(value: float) -> str:
    """Three decimals; of ranks and counts one."""
    shown = f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}".removesuffix(".0")
    return shown.replace("-", "−") if float(shown) else shown.replace("-", "")


def _signed(value: float) -> str:
    shown = _digits(value)
    return shown if shown.startswith("−") or not float(shown) else f"+{shown}"


def _marked(rung: Rung, group: str) -> str:
    dagger = f" {DAGGER}" if rung.saw_flips and group.startswith(FLIPPED) else ""
    return f"{rung.name}{dagger} ({len(rung.seeds)})"


def _company(company: Company, ways: Sequence[Sequence[str]]) -> Iterator[Row]:
    rows = [(name, [look_up(metrics, way) for way in ways]) for name, metrics in company.items()]
    told = [(name, values) for name, values in rows if any(value is not None for value in values)]
    if told:
        yield Row("company: reports that nobody wrote by looking")
    for name, values in told:
        yield Row(name, tuple(ABSENT if v is None else _digits(float(v)) for v in values), "company")


def _way(measure: str) -> Iterator[str]:
    """Where a measure stands in a result's metrics: "14 classes/micro f1" is ("14 classes", "micro", "f1")."""
    for part in measure.split("/"):
        yield from part.rsplit(" ", 1) if part.endswith(" f1") else [part]


def as_markdown(table: Table) -> str:
    """Headings of groups become rows in bold."""
    empty = ("",) * (len(table.head) - 1)
    lines = [(row.name, *row.cells) if row.cells else (f"**{row.name}**", *empty) for row in table.rows]
    return markdown_table([table.head, *lines])

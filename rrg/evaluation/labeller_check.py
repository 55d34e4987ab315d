"""The findings labeller against the labels that people coded: `python -m rrg.evaluation.labeller_check`. Knows no
image and no model.

The coders read findings and impression together, so the labeller does here. Train and one half of val (every
second id in order) are for tuning the rules; the other half reports, and `--tuning` leaves it out while rules
change. The result holds study ids and numbers, no text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from rrg.data.coded_labels import coded_labels, names
from rrg.data.datasets import load_studies
from rrg.data.findings import LABELS, label_report, statuses
from rrg.types import RrgError, Status, Study

SCHEMA = 1
ENOUGH = 50  # coded studies from which on a class is judged by its F1
TUNING, REPORTING = "val, tuning half", "val, reporting half"


@dataclass(frozen=True)
class Judged:
    """One study: classes that people coded, that the text has words for, and that the labeller found."""

    id: str
    coded: frozenset[str]
    named: frozenset[str]
    found: Mapping[str, Status]

    def says(self, label: str, uncertain: bool) -> bool:
        """Whether the labeller found it; `uncertain`: whether a doubtful finding counts as found."""
        status = self.found.get(label)
        return status is Status.PRESENT or (uncertain and status is Status.UNCERTAIN)


def judge(study: Study) -> Judged | None:
    """What coder and labeller make of one study; None where nobody coded it."""
    coded = coded_labels(study)
    if coded is None:
        return None
    text = f"{study.report}\n\n{study.impression}"
    named = frozenset(label for label in LABELS if names(text, label))
    return Judged(study.id, coded, named, statuses(label_report(text)))


def parts(studies: Iterable[Study]) -> dict[str, list[Judged]]:
    """Train, and val in its two halves: of its ids in order, the first, third ... tune, the others report."""
    by_split: dict[str, list[Judged]] = {"train": [], "val": []}
    for study in sorted(studies, key=lambda study: study.id):
        judged = judge(study) if study.split in by_split else None
        if judged:
            by_split[study.split].append(judged)
    val = by_split["val"]
    return {"train": by_split["train"], TUNING: val[::2], REPORTING: val[1::2]}


def agreement(
    judged: Sequence[Judged], label: str, *, uncertain: bool = True, named: bool = False
) -> dict[str, Any]:
    """Counts, precision, recall, F1 and Cohen's kappa in [-1, 1] of the labeller against the coders.

    `named`: leave out coded studies whose text has no word for the class. A ratio without a denominator is None.
    """
    kept = [j for j in judged if not named or label not in j.coded or label in j.named]
    pairs = [(label in j.coded, j.says(label, uncertain)) for j in kept]
    both, missed = pairs.count((True, True)), pairs.count((True, False))
    extra, neither = pairs.count((False, True)), pairs.count((False, False))
    return {
        "coded": both + missed, "found": both + extra, "both": both,
        "precision": _ratio(both, both + extra), "recall": _ratio(both, both + missed),
        "f1": _ratio(2 * both, 2 * both + missed + extra), "kappa": _kappa(both, missed, extra, neither),
    }  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _kappa(both: int, missed: int, extra: int, neither: int) -> float | None:
    """Agreement beyond chance (Cohen 1960); None where chance alone agrees fully."""
    n = both + missed + extra + neither
    by_chance = (both + missed) * (both + extra) + (neither + missed) * (neither + extra)
    return _ratio((both + neither) * n - by_chance, n * n - by_chance)


def check(studies: Iterable[Study], *, tuning: bool = False, command: str = "") -> dict[str, Any]:
    """The whole comparison as plain JSON values. `tuning` leaves the reporting half out of everything.

    RrgError where no study of train and val carries labels that people coded.
    """
    divided = parts(studies)
    if tuning:
        divided[REPORTING] = []
    everything = [judged for part in divided.values() for judged in part]
    if not everything:
        raise RrgError(
            "no study of train or val carries labels coded by people; give IU X-Ray with its studies.csv"
        )
    scored = {**divided, "train and val": everything}
    return {
        "schema": SCHEMA,
        "command": command,
        "data": {name: len(part) for name, part in scored.items()},
        "scores": {name: _scores(part) for name, part in scored.items() if part},
        "judged by F1": [label for label in LABELS if _judged_by_f1(everything, label)],
        "disagreements": {label: _disagreements(everything, label) for label in LABELS},
    }


def _scores(judged: Sequence[Judged]) -> dict[str, Any]:
    counted = {
        "all": partial(agreement, judged),
        "named": partial(agreement, judged, named=True),
        "named, uncertain as negative": partial(agreement, judged, named=True, uncertain=False),
    }
    return {name: {label: score(label) for label in LABELS} for name, score in counted.items()}


def _judged_by_f1(judged: Sequence[Judged], label: str) -> bool:
    return sum(label in j.coded and label in j.named for j in judged) >= ENOUGH


def _disagreements(judged: Sequence[Judged], label: str) -> dict[str, list[str]]:
    """Study ids: coded but not found though named, coded and not named, found but not coded."""
    missed = [j for j in judged if label in j.coded and not j.says(label, True)]
    return {
        "missed": [j.id for j in missed if label in j.named],
        "not named": [j.id for j in missed if label not in j.named],
        "extra": [j.id for j in judged if label not in j.coded and j.says(label, True)],
    }


def as_table(result: Mapping[str, Any], part: str, counted: str = "named") -> str:
    """One part's scores as a Markdown table."""
    columns = ("coded", "found", "both", "precision", "recall", "f1", "kappa")
    lines = [f"| {part} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for label, score in result["scores"][part][counted].items():
        lines.append(f"| {label} | {' | '.join(_cell(score[column]) for column in columns)} |")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"


def main(
    data: Annotated[Path, typer.Option(help="IU X-Ray with its coded labels.")],
    out: Annotated[Path, typer.Option(help="Where the result goes, as JSON.")],
    tuning: Annotated[bool, typer.Option(help="Leave the reporting half of val unread.")] = False,
) -> None:
    """Score the findings labeller against the labels that people coded."""
    try:
        command = f"python -m rrg.evaluation.labeller_check --data {data} --out {out}{' --tuning' * tuning}"
        result = check(load_studies(data), tuning=tuning, command=command)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except RrgError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    for part in result["scores"]:
        typer.echo(as_table(result, part) + "\n")


if __name__ == "__main__":
    typer.run(main)

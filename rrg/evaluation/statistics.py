"""Two systems beside each other, from their result files: which differences are more than chance.

Knows the files that `evaluate` writes, and how many differences it looked at; no model and no text. The interval is
that of `resampling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rrg.evaluation.measures import HEADLINE, NOT_COMPARED, measures
from rrg.evaluation.pair_summary import compared_pairs
from rrg.evaluation.resampling import (
    FEWEST,
    LEVEL,
    NO_DIFFERENCE,
    RESAMPLES,
    TOO_FEW,
    Difference,
    differences,
)
from rrg.evaluation.schema import COMPARISON, SCHEMA
from rrg.types import RrgError

Result = Mapping[str, Any]


def compare(
    a: Sequence[Result], b: Sequence[Result], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Runs of system A and runs of system B (results of `evaluate`), paired by study id, as JSON values.

    RrgError where they come from different splits or labels, share fewer than two studies, or a run is given twice.
    """
    runs = [*a, *b]
    _check_runs(a, b)
    tables = [{study["id"]: study for study in run["studies"]} for run in runs]
    shared = [study for study in tables[0] if all(study in table for table in tables)]
    if len(shared) < 2:
        counts = ", ".join(str(len(table)) for table in tables)
        raise RrgError(f"the runs have {counts} studies and share {len(shared)}; at least 2 are needed")
    rows = [[table[study] for study in shared] for table in tables]
    _check_references(rows)
    found = [measures(each) for each in rows]
    result = differences(found[: len(a)], found[len(a) :], rng, resamples)
    result |= _pair_differences(a, b, rng, resamples)
    return {
        "schema": SCHEMA,
        "kind": COMPARISON,
        "a": [_system(run) for run in a],
        "b": [_system(run) for run in b],
        "split": runs[0]["data"]["split"],
        "studies": {"shared": len(shared), "not shared": len(set().union(*tables)) - len(shared)},
        "resamples": resamples,
        "level": LEVEL,
        "method": _method(len(a), len(b)),
        "notes": list(_notes(a, b)),
        "multiplicity": multiplicity(result),
        "differences": {name: value.as_json() for name, value in result.items()},
        "not compared": NOT_COMPARED,
    }


def _pair_differences(
    a: Sequence[Result], b: Sequence[Result], rng: np.random.Generator, resamples: int
) -> dict[str, Difference]:
    """Of the counterfactual pairs that all runs have; a resample draws pairs. None where fewer than two are shared."""
    tables = [{row["id"]: row for row in run.get("pairs", ())} for run in (*a, *b)]
    shared = [pair for pair in tables[0] if all(pair in table for table in tables)]
    if len(shared) < 2:
        return {}
    found = [compared_pairs([table[pair] for pair in shared]) for table in tables]
    return differences(found[: len(a)], found[len(a) :], rng, resamples)


def multiplicity(found: Mapping[str, Difference]) -> dict[str, Any]:
    """How many differences were looked at, how many intervals leave zero out, how many would by chance alone."""
    headline = {name: found[name] for name in HEADLINE if name in found}
    counts = {"headline": _count(headline), "all": _count(found)}
    words = (
        f"{counts['all']['comparisons']} differences were looked at. Were there none at all, about "
        f"{counts['all']['expected by chance']:.1f} intervals would leave zero out by chance; "
        f"{counts['all']['outside']} do. Of the {counts['headline']['comparisons']} named beforehand, "
        f"{counts['headline']['outside']} do ({counts['headline']['expected by chance']:.1f} by chance). Many measures "
        "are near copies of one another, so chance findings come in groups."
    )
    return {**counts, "words": words}


def _count(found: Mapping[str, Difference]) -> dict[str, float]:
    judged = [value for value in found.values() if value.finding != TOO_FEW]
    outside = sum(value.outside for value in judged)
    return {"comparisons": len(judged), "outside": outside, "expected by chance": len(judged) * (1 - LEVEL)}


def _check_runs(a: Sequence[Result], b: Sequence[Result]) -> None:
    splits = list(dict.fromkeys(run["data"]["split"] for run in (*a, *b)))
    if len(splits) > 1:
        raise RrgError(f"the runs are of the splits {', '.join(map(repr, splits))}; compare one split")
    for side in (a, b):
        for number, run in enumerate(side):
            if any(run["studies"] == other["studies"] for other in side[:number]):
                name = run["system"]["name"]
                raise RrgError(f"the result of {name!r} was given twice on one side; a run counts once")


def _check_references(rows: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    """The same study must have the same reference: else the labeller or the data changed in between."""
    for same in zip(*rows, strict=True):
        if len({study.get("reference findings") for study in same}) > 1:
            raise RrgError(
                f"the findings of the reference of {same[0]['id']} differ between the results: they were "
                "labelled by different rules or are of different data. Evaluate all of them again"
            )


def _system(run: Result) -> dict[str, Any]:
    return dict(run["system"])


def _method(a: int, b: int) -> str:
    studies = "paired percentile bootstrap over studies"
    if a == b == 1:
        return studies
    return f"hierarchical: of {a} runs of A and {b} of B all but one are drawn (a single run stands), apart; then {studies}"


def _notes(a: Sequence[Result], b: Sequence[Result]) -> list[str]:
    notes = [
        f"B minus A. Where an interval covers zero: {NO_DIFFERENCE}, which is no evidence of none. Of fewer than "
        f"{FEWEST} studies: {TOO_FEW} to say."
    ]
    single = [name for name, runs in (("A", a), ("B", b)) if len(runs) == 1]
    if single:
        notes.append(
            f"{' and '.join(single)}: one run. The intervals tell these weights apart on other studies; they do not tell "
            "what training again with another seed would give."
        )
    if len(single) < 2:
        notes.append(
            "With few runs the spread between them is itself uncertain: read narrow intervals with care."
        )
    settings = {str(run.get("decoding")) for run in (*a, *b)}
    if len(settings) > 1:
        notes.append("The reports were decoded differently: " + "; ".join(sorted(settings)) + ".")
    return notes


def as_table(result: Mapping[str, Any]) -> str:
    """The result of `compare`, a line for each difference, those named beforehand first."""
    found = result["differences"]
    names = [name for name in HEADLINE if name in found]
    rest = [name for name in found if name not in names]
    width = max(map(len, found), default=0)
    sides = [f"{side.upper()}: {', '.join(map(_name, result[side]))}" for side in ("a", "b")]
    return "\n".join(
        [
            f"{result['studies']['shared']} studies of {result['split']}; {result['method']}",
            *sides,
            *(_line(name, found[name], width) for name in names),
            *([""] if names and rest else []),
            *(_line(name, found[name], width) for name in rest),
            "",
            result["multiplicity"]["words"],
            *result["notes"],
        ]
    )


def _name(system: Mapping[str, Any]) -> str:
    return f"{system['name']} ({system['revision']})" if system.get("revision") else str(system["name"])


def _line(name: str, d: Mapping[str, Any], width: int) -> str:
    sides = " ".join(f"{d[side]['mean']:9.4f}{_spread(d[side])}" for side in ("a", "b"))
    better = f" ({d['favours']} is better)" if d["favours"] else ""
    return f"{name:<{width}} {sides}  {d['difference']:+.4f} [{d['low']:+.4f}, {d['high']:+.4f}]  {d['finding']}{better}"


def _spread(runs: Mapping[str, Any]) -> str:
    return "" if runs["sd"] is None else f" ± {runs['sd']:.4f}"

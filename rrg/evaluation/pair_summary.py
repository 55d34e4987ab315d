"""Margins of counterfactual pairs -> accuracies with intervals. Knows numbers only.

A pair is two films of one body that differ in one fact, and their reports. A margin is the score of a film's own report
minus that of its twin's; each pair has two. The scheme is that of Winoground (Thrush et al. 2022, arXiv:2204.03162). What
is thought of the reports without looking stands in both margins of a pair with opposite signs: who does not look is right
for exactly one of the two films, so its accuracy is 0.5, and it is never right for both. Intervals are percentile
bootstraps over pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.evaluation.margin_summary import RESAMPLES
from rrg.evaluation.measure import Measure, mean_of, ratio_of
from rrg.evaluation.resampling import FEWEST, LEVEL

SCORES = ("embedding", "likelihood")
CHANGES = ("presence", "side", "severity", "place")
TOO_FEW = f"fewer than {FEWEST} pairs, so no interval"

Row = Mapping[str, Any]  # "id", "change", "kind", and for each score its two margins, None where not finite
Array = NDArray[np.float64]


def kinds_of(rows: Sequence[Row]) -> list[str]:
    """ "all", the changes that there are, then "kind: pleural effusion" and so on."""
    changes = [change for change in CHANGES if any(row["change"] == change for row in rows)]
    return ["all", *changes, *sorted({f"kind: {row['kind']}" for row in rows})]


def pair_measures(rows: Sequence[Row], kind: str, score: str) -> dict[str, Measure]:
    """Of the pairs of one kind, a value a pair: "accuracy" over both films, "both" right, "matched" (the two margins
    together above 0: whatever is thought of the reports alone cancels), and the mean "margin". A tie is half, of "both"
    none.
    """
    chosen = [row[score] if kind in ("all", row["change"], f"kind: {row['kind']}") else None for row in rows]
    finite = [margins if margins and None not in margins else None for margins in chosen]
    twice = [2.0 if margins else None for margins in finite]
    return {
        "accuracy": ratio_of([sum(map(_right, m)) if m else None for m in finite], twice),
        "both": mean_of([float(min(m) > 0) if m else None for m in finite]),
        "matched": mean_of([_right(sum(m)) if m else None for m in finite]),
        "margin": ratio_of([float(sum(m)) if m else None for m in finite], twice),
    }


def _right(margin: float) -> float:
    return 0.5 if margin == 0 else float(margin > 0)


def summarise_pairs(
    rows: Sequence[Row], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, dict[str, dict[str, Any]]]:
    """Score -> kind -> each of `pair_measures` with its 95 % limits over pairs ("low", "both low" ...), and "pairs"."""
    draws = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), resamples).astype(np.float64)
    return {
        score: {kind: _summary(pair_measures(rows, kind, score), draws) for kind in kinds_of(rows)}
        for score in SCORES
    }


def _summary(measures: Mapping[str, Measure], draws: Array) -> dict[str, Any]:
    pairs = int(measures["accuracy"].present.sum())
    found: dict[str, Any] = {"pairs": pairs}
    for name, measure in measures.items():
        found |= _limits(name, measure, draws if pairs >= FEWEST else draws[:0])
    return found if pairs >= FEWEST else found | {"absent": TOO_FEW}


def _limits(name: str, measure: Measure, draws: Array) -> dict[str, float | None]:
    whole = float(measure.score(measure.columns.sum(axis=0)))
    resampled = measure.score(draws @ measure.columns)
    resampled = resampled[np.isfinite(resampled)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail]).tolist() if len(resampled) else (None, None)
    ends = (
        ("low", "high") if name == "accuracy" else (f"{name} low", f"{name} high")
    )  # as other margins have them
    return {name: whole if np.isfinite(whole) else None, ends[0]: low, ends[1]: high}


def compared_pairs(rows: Sequence[Row]) -> dict[str, Measure]:
    """Name -> measure of P pairs, in their order: what a comparison of two systems resamples."""
    found = {
        f"pairs/{score}/{kind}/{name}": measure
        for score in SCORES
        for kind in kinds_of(rows)
        for name, measure in pair_measures(rows, kind, score).items()
    }
    return {name: measure for name, measure in found.items() if measure.present.any()}

"""Margins of many studies -> accuracy, balanced accuracy, area under the curve, each with an interval. Knows numbers only.

Ties count one half, so that a scorer which gives every report the same is at exactly 0.5. Intervals are percentile
bootstraps over **studies** (Efron, 1979): the edits of one study share its image and most of its words, so they stay
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.evaluation.answers import HARDNESS, SCORES, Answers, FactAnswer
from rrg.evaluation.resampling import FEWEST, LEVEL

RESAMPLES = 2_000
FACTS = ("presence", "side", "severity", "place")
OPPOSITES = (
    ("added", "removed"), ("to the left", "to the right"), ("to one side", "to both sides"), ("heavier", "lighter"),
    ("higher", "lower"),
)  # fmt: skip
NO_PAIR = "no pair of reports of this kind"
TOO_FEW = f"fewer than {FEWEST} studies, so no interval"

Array = NDArray[np.float64]


def summarise_margins(
    answers: Sequence[Answers], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """JSON: "peer" by score, "hardness" by lambda, "counterfactual" by score and kind.

    Kinds are "all", the four facts, and each direction of a fact ("presence: added"). Of each: pairs, studies, accuracy,
    margin, and auc, the chance that a true report scores above an edited one of any study; "low" and "high" behind them
    are 95 % limits. "balanced" is the mean accuracy of opposite directions, that of "all" the mean of the facts': who
    always prefers the normal, the left or the mild report has 0.5, however many edits go each way. What cannot be
    computed is null; "absent" says why there is no pair or no interval.
    """
    draws = _draws(len(answers), rng, resamples)
    return {
        "peer": {score: _summary([_peer(each, score) for each in answers], draws) for score in SCORES},
        "hardness": {
            str(step): _summary([_Margins(each.hardness.get(step)) for each in answers], draws)
            for step in HARDNESS
        },
        "counterfactual": {score: _kinds(answers, score, draws) for score in SCORES},
    }


@dataclass(frozen=True, eq=False)
class _Margins:
    """Of one study: margins, and the score of its true report; what is None is left out."""

    margins: Array
    true: float | None

    def __init__(self, *margins: float | None, true: float | None = None) -> None:
        object.__setattr__(self, "margins", np.array([m for m in margins if m is not None], np.float64))
        object.__setattr__(self, "true", true)


def _peer(answers: Answers, score: str) -> _Margins:
    return _Margins(answers.peer(score), true=answers.true.get(score))


def _kinds(answers: Sequence[Answers], score: str, draws: Array) -> dict[str, Any]:
    """Every kind of edit by one score."""

    def chosen(fact: str, direction: str | None = None) -> list[_Margins]:
        return [
            _Margins(
                *(edit.margin(score) for edit in each.facts if _of_kind(edit, fact, direction)),
                true=each.true.get(score),
            )
            for each in answers
        ]

    directions = {
        fact: sorted({edit.direction for each in answers for edit in each.facts if edit.fact == fact})
        for fact in FACTS
    }
    balanced = {
        fact: _mean(
            [
                _accuracies(chosen(fact, each), draws)
                for pair in OPPOSITES
                for each in pair
                if set(pair) <= set(directions[fact])
            ]
        )
        for fact in FACTS
    }
    found: dict[str, Any] = {}
    for fact in ("all", *FACTS):
        part = _mean(list(balanced.values())) if fact == "all" else balanced[fact]
        studies = chosen(fact)
        found[fact] = _summary(studies, draws) | _limits("balanced", part, _enough(studies))
    for fact in FACTS:
        for direction in directions[fact]:
            found[f"{fact}: {direction}"] = _summary(chosen(fact, direction), draws)
    return found


def _of_kind(edit: FactAnswer, fact: str, direction: str | None) -> bool:
    return fact in ("all", edit.fact) and direction in (None, edit.direction)


def _summary(studies: Sequence[_Margins], draws: Array) -> dict[str, Any]:
    asked, enough = [each for each in studies if len(each.margins)], _enough(studies)
    accuracy = _limits("accuracy", _accuracies(studies, draws), enough)
    found = {
        "pairs": sum(len(each.margins) for each in asked),
        "studies": len(asked),
        **{name.removeprefix("accuracy ") if name != "accuracy" else name: v for name, v in accuracy.items()},
        **_limits("margin", _ratios([each.margins.sum() for each in studies], studies, draws), enough),
        **_limits("auc", _areas(studies, draws), enough),
    }
    return found if enough else found | {"absent": TOO_FEW if asked else NO_PAIR}


def _enough(studies: Sequence[_Margins]) -> bool:
    return sum(len(each.margins) > 0 for each in studies) >= FEWEST


# --- Each with its resamples: (1 + R,), the whole sample first; NaN where there is nothing ---


def _draws(studies: int, rng: np.random.Generator, resamples: int) -> Array:
    """(1 + R, N): how often each study is in the sample."""
    drawn = (
        rng.multinomial(studies, np.full(studies, 1 / studies), resamples) if studies else np.zeros((0, 0))
    )
    return np.concatenate([np.ones((1, studies)), drawn])


def _ratios(sums: Sequence[float], studies: Sequence[_Margins], draws: Array) -> Array:
    counts = draws @ np.array([len(each.margins) for each in studies], np.float64)
    return _divided(draws @ np.array(sums, np.float64), counts)


def _accuracies(studies: Sequence[_Margins], draws: Array) -> Array:
    right = [float((each.margins > 0).sum() + (each.margins == 0).sum() / 2) for each in studies]
    return _ratios(right, studies, draws)


def _areas(studies: Sequence[_Margins], draws: Array) -> Array:
    """Mann-Whitney over all true and all false reports of the sample, one true report a study."""
    rows = [i for i, each in enumerate(studies) if each.true is not None and len(each.margins)]
    if not rows:
        return np.full(len(draws), np.nan)
    true = np.array([studies[i].true for i in rows], np.float64)
    wins = np.stack([_wins(true, true[at] - studies[i].margins) for at, i in enumerate(rows)], axis=1)
    weights = draws[:, rows]
    edits = np.array([len(studies[i].margins) for i in rows], np.float64)
    return _divided(((weights @ wins) * weights).sum(1), weights.sum(1) * (weights @ edits))


def _wins(true: Array, false: Array) -> Array:
    """(N,): over how many of the false scores each true one stands; a tie is half."""
    ordered = np.sort(np.round(false, 6))
    at = np.round(true, 6)
    below, not_above = np.searchsorted(ordered, at, "left"), np.searchsorted(ordered, at, "right")
    half: Array = (below + not_above) / 2
    return half


def _mean(parts: Sequence[Array]) -> Array:
    """Mean over the parts that exist in the whole sample; a resample without one of them has none."""
    kept = [each for each in parts if np.isfinite(each[0])]
    return np.mean(kept, axis=0) if kept else np.full(1, np.nan)


def _divided(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)


def _limits(name: str, values: Array, enough: bool) -> dict[str, float | None]:
    """The value of the whole sample and its percentile limits, these where there are enough studies."""
    own, resampled = float(values[0]), values[1:][np.isfinite(values[1:])]
    tail = (1 - LEVEL) / 2
    low, high = (
        np.quantile(resampled, [tail, 1 - tail]).tolist() if enough and len(resampled) else (None, None)
    )
    return {name: own if np.isfinite(own) else None, f"{name} low": low, f"{name} high": high}

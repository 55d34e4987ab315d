"""Do two reports say the same of the patient: clinical precision, recall and F1 of sets of findings.

Knows findings and classes, no text, no image and no model. Conventions, all stated because each moves the numbers:

* A class is positive in a report that calls it present; "uncertain" counts as positive or as negative, and both
  are given. What is absent or not mentioned is negative.
* "No Finding" is one of the 14 classes and counts like any other, as the labeller sets it: present where no class
  but Support Devices is present *or uncertain*. A constant normal report therefore earns much on the 14 classes
  and nothing on the 5, nor on the "13 findings", which are the 14 without it. Where uncertain counts as
  negative, a report whose findings are all uncertain has no positive class at all.
* micro: all decisions pooled. macro: mean over the classes with at least one positive in the reference, whose
  number is given; of these, a class that is never named has precision 0. example: mean over studies, where a
  study with no positive in either set scores 1 and one with positives in only one of them scores 0 throughout.
  "example of positives" is the same mean over the studies whose reference has a positive: nothing is earned there by
  keeping silent.
* What is 0/0 otherwise is None, never 0: a recall without a positive, a precision without a class that is named.

Everything is computed from counts (hits, wrong, missed), so that a resample of studies is scored by the same code.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from rrg.data.findings import LABELS, NO_FINDING, statuses
from rrg.types import Finding, RrgError, Side, Status

FIVE = ("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion")
CLASSES: Mapping[str, tuple[str, ...]] = {
    "14 classes": LABELS,
    "13 findings": tuple(label for label in LABELS if label != NO_FINDING),
    "5 classes": FIVE,
}
UNCERTAIN: Mapping[str, frozenset[Status]] = {
    "uncertain as positive": frozenset({Status.PRESENT, Status.UNCERTAIN}),
    "uncertain as negative": frozenset({Status.PRESENT}),
}
RATIOS = ("precision", "recall", "f1")

Positive = NDArray[np.bool_]  # (N, 14), columns in the order of LABELS
Tally = NDArray[np.int64]  # (..., 3, 14): hits, wrong (named, not there), missed


def clinical_scores(
    reference: Sequence[Sequence[Finding]], generated: Sequence[Sequence[Finding]]
) -> dict[str, Any]:
    """Findings of N reference and N generated reports -> every clinical number, JSON values.

    "uncertain as positive"/"uncertain as negative" -> "14 classes"/"13 findings"/"5 classes" -> "micro", "macro", "example",
    "example of positives" -> precision, recall, f1; -> "per class" -> label -> the same, support, named, found.
    "side" and "severity": see `agreement`. RrgError where the lists are empty or not equally long.
    """
    scores: dict[str, Any] = {"studies": len(reference)}
    for name in UNCERTAIN:
        scores[name] = set_scores(
            positives([positive_labels(each, name) for each in reference]),
            positives([positive_labels(each, name) for each in generated]),
        )
    return scores | agreement(reference, generated)


def coded_scores(
    coded: Sequence[Collection[str] | None], generated: Sequence[Sequence[Finding]]
) -> dict[str, Any] | None:
    """The same against classes coded by people, which know neither doubt nor side nor severity.

    Studies without coded labels (None) are left out and counted; None where no study has any.
    """
    _check(coded, generated)
    pairs = [(labels, found) for labels, found in zip(coded, generated, strict=True) if labels is not None]
    if not pairs:
        return None
    gold = positives([labels for labels, _ in pairs])
    scores: dict[str, Any] = {"studies": len(pairs), "not coded": len(coded) - len(pairs)}
    for name in UNCERTAIN:
        scores[name] = set_scores(gold, positives([positive_labels(found, name) for _, found in pairs]))
    return scores


def positive_labels(findings: Sequence[Finding], uncertain: str) -> frozenset[str]:
    """The classes that count as positive under "uncertain as positive" or "uncertain as negative"."""
    counted = UNCERTAIN[uncertain]
    return frozenset(label for label, status in statuses(findings).items() if status in counted)


def positives(sets: Sequence[Collection[str]]) -> Positive:
    """N sets of labels -> (N, 14) bool. RrgError names a label that is not one of the 14."""
    unknown = {label for each in sets for label in each} - set(LABELS)
    if unknown:
        raise RrgError(f"{sorted(unknown)} are no classes; accepted are {', '.join(LABELS)}")
    return np.array([[label in each for label in LABELS] for each in sets], dtype=bool).reshape(
        -1, len(LABELS)
    )


# --- From sets to counts to numbers ---


def set_scores(gold: Positive, found: Positive) -> dict[str, Any]:
    """gold, found (N, 14) -> "14 classes", "13 findings", "5 classes", "per class" of `clinical_scores`."""
    _check(gold, found)
    counts = tally(gold, found)
    scores: dict[str, Any] = {}
    for name, labels in CLASSES.items():
        columns = [LABELS.index(label) for label in labels]
        scores[name] = _averages(counts[..., columns], gold[:, columns], found[:, columns])
    return scores | {"per class": _per_class(counts.sum(axis=0))}


def tally(gold: Positive, found: Positive) -> Tally:
    """gold, found (N, L) -> (N, 3, L): hits, wrong, missed, each 0 or 1."""
    return np.stack([gold & found, found & ~gold, gold & ~found], axis=1).astype(np.int64)


def ratios(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """counts (..., 3, L) of hits, wrong, missed -> (..., 3, L) precision, recall, F1; NaN where 0/0."""
    hits, wrong, missed = (counts[..., i, :].astype(np.float64) for i in range(3))
    with np.errstate(invalid="ignore"):
        parts = [hits / (hits + wrong), hits / (hits + missed), 2 * hits / (2 * hits + wrong + missed)]
    return np.stack(parts, axis=-2)


def micro(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """counts (..., 3, L) -> (..., 3) precision, recall, F1 of all decisions pooled; NaN where 0/0."""
    return ratios(counts.sum(axis=-1, keepdims=True))[..., 0]


def macro(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """counts (..., 3, L) -> (..., 3): mean over classes with a positive in the reference; NaN where none has."""
    support = (counts[..., 0, :] + counts[..., 2, :]) > 0
    kept = np.where(support[..., None, :], np.nan_to_num(ratios(counts)), 0.0)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = kept.sum(axis=-1) / support.sum(axis=-1)[..., None]
    return mean


def example(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """counts (N, 3, L) -> (N, 3): precision, recall, F1 of each study over its classes; 1 where both are empty."""
    pooled = counts.sum(axis=-1)
    empty = pooled.sum(axis=-1) == 0
    return np.where(empty[:, None], 1.0, np.nan_to_num(micro(counts)))


def _averages(counts: Tally, gold: Positive, found: Positive) -> dict[str, Any]:
    total, each = counts.sum(axis=0), example(counts)
    told = gold.any(axis=1)
    return {
        "micro": _named(micro(total)),
        "macro": _named(macro(total)) | {"classes": int(gold.any(axis=0).sum())},
        "example": _named(each.mean(axis=0)) | {"both empty": int((~told & ~found.any(axis=1)).sum())},
        "example of positives": _named(each[told].mean(axis=0) if told.any() else np.full(3, np.nan))
        | {"studies": int(told.sum())},
    }


def _per_class(total: Tally) -> dict[str, Any]:
    values = ratios(total)
    return {
        label: _named(values[:, i])
        | {"support": int(hits + missed), "named": int(hits + wrong), "found": int(hits)}
        for i, (label, (hits, wrong, missed)) in enumerate(zip(LABELS, total.T, strict=True))
    }


def _named(values: NDArray[np.float64]) -> dict[str, float | None]:
    return {name: None if math.isnan(v) else float(v) for name, v in zip(RATIOS, values, strict=True)}


def _check(first: Sequence[Any] | NDArray[Any], second: Sequence[Any] | NDArray[Any]) -> None:
    if len(first) != len(second) or len(first) == 0:
        raise RrgError(
            f"{len(second)} generated reports for {len(first)} references; give one for each, at least one"
        )


# --- For each study, and for each class beside an answer ---


def per_study_clinical(
    reference: Sequence[Sequence[Finding]],
    generated: Sequence[Sequence[Finding]],
    coded: Sequence[Collection[str] | None] | None = None,
) -> list[dict[str, Any]]:
    """Each study's example F1, as "reference/uncertain as positive/14 classes/example f1" and so on.

    With `coded`, also "coded/...", None where the study has no coded labels. Micro and macro are no means
    over studies: a resample sums `tally` over its studies and hands the sums to `micro` and `macro`.
    """
    _check(reference, generated)
    rows: list[dict[str, Any]] = [{} for _ in reference]
    for name in UNCERTAIN:
        found = positives([positive_labels(each, name) for each in generated])
        gold = positives([positive_labels(each, name) for each in reference])
        _add_examples(rows, f"reference/{name}", gold, found)
        if coded is not None:
            _check(coded, generated)
            told = [labels is not None for labels in coded]
            _add_examples(rows, f"coded/{name}", positives([each or () for each in coded]), found, told)
    return rows


def _add_examples(
    rows: Sequence[dict[str, Any]], name: str, gold: Positive, found: Positive, told: Sequence[bool] = ()
) -> None:
    """Add a column for each set of classes; None for a study that `told` says nothing of."""
    for classes, labels in CLASSES.items():
        columns = [LABELS.index(label) for label in labels]
        values = example(tally(gold[:, columns], found[:, columns]))[:, RATIOS.index("f1")]
        for row, value, known in zip(rows, values, told or [True] * len(rows), strict=True):
            row[f"{name}/{classes}/example f1"] = float(value) if known else None


def per_finding(gold: Positive, found: Positive) -> dict[str, Any]:
    """Per class what stands beside it in the app: of the held-out positives how many were found, and of the
    times it was named how many were right, as counts and with Wilson's 95 % intervals.
    """
    _check(gold, found)
    total = tally(gold, found).sum(axis=0)
    rows = {}
    for label, (hits, wrong, missed) in zip(LABELS, total.T.tolist(), strict=True):
        rows[label] = {
            "held-out positives": hits + missed,
            "found": hits,
            "found share": wilson(hits, hits + missed),
            "named": hits + wrong,
            "right": hits,
            "right share": wilson(hits, hits + wrong),
        }
    return rows


def wilson(hits: int, of: int) -> dict[str, float] | None:
    """hits of `of` as "share", with the 95 % interval "low", "high" (Wilson, 1927); None where `of` is 0."""
    if of == 0:
        return None
    interval = binomtest(hits, of).proportion_ci(0.95, "wilson")
    return {"share": hits / of, "low": float(interval.low), "high": float(interval.high)}


# --- Side and severity ---


def agreement(
    reference: Sequence[Sequence[Finding]], generated: Sequence[Sequence[Finding]]
) -> dict[str, dict[str, Any]]:
    """ "side" and "severity", over every pair of study and class that both reports call present or uncertain.

    "both name": such pairs; "both say": of these, both reports give a side (a severity); "agree": of these, the
    same; "share" with its interval: agree of both say, None where there are none. Left and right together are bilateral.
    """
    _check(reference, generated)
    counts = {name: {"both name": 0, "both say": 0, "agree": 0} for name in ("side", "severity")}
    for first, second in zip(reference, generated, strict=True):
        ours, theirs = _attributes(first), _attributes(second)
        for label in ours.keys() & theirs.keys():
            for count, a, b in zip(counts.values(), ours[label], theirs[label], strict=True):
                count["both name"] += 1
                count["both say"] += bool(a and b)
                count["agree"] += bool(a and a == b)
    return {
        name: {**count, "share": wilson(count["agree"], count["both say"])} for name, count in counts.items()
    }


def _attributes(findings: Sequence[Finding]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """label -> its sides and its severities, of what is present or uncertain; "No Finding" has none."""
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for finding in findings:
        if finding.status is not Status.ABSENT and finding.label != NO_FINDING:
            sides, severities = found.get(finding.label, (frozenset(), frozenset()))
            sides |= {finding.side} if finding.side else set()
            severities |= {finding.severity} if finding.severity else set()
            found[finding.label] = (_both(sides), severities)
    return found


def _both(sides: frozenset[str]) -> frozenset[str]:
    return frozenset({Side.BILATERAL}) if len(sides) > 1 else sides

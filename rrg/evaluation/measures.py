"""The per-study part of results as sums: what each study adds to a measure, and the score of any selection.

Knows the files that `evaluate` writes, no model, no text and no random number. A measure's columns add up over
studies, and its score is a function of the sums. So a resample is a weighted sum, a corpus score (BLEU, micro F1)
is recomputed and not averaged, and all facts of one study stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rrg.data.findings import LABELS, NO_FINDING, decode_findings
from rrg.evaluation.clinical import (
    CLASSES,
    RATIOS,
    UNCERTAIN,
    macro,
    micro,
    positive_labels,
    positives,
    tally,
)
from rrg.evaluation.corpus import COUNTS, corpus_bleu
from rrg.evaluation.discrimination import DEPTHS
from rrg.evaluation.nlg import BLEU

Better = Literal["higher", "lower"]
Score = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Studies = Sequence[Mapping[str, Any]]
Values = Sequence[float | None]

# What no sum over studies gives, and why it is not compared.
NOT_COMPARED = {
    "distinct reports": "a resample draws studies repeatedly, so it repeats their reports by itself",
    "self-BLEU": "a resample compares reports with their own copies",
    "longest constant prefix": "a minimum over reports: a resample can only lengthen it",
    "median rank": "no mean over studies; the recalls, which are, say the same of the ranks",
    "area under the curve": "compares edits of different studies; each result gives it with an interval of its own",
    "image-shuffle gap": "two readings of the same studies; each result gives it",
}


@dataclass(frozen=True, eq=False)
class Measure:
    """columns (N, K): what each study adds; present (N,) bool: has it a value at all; score: (..., K) -> (...)."""

    columns: NDArray[np.float64]
    present: NDArray[np.bool_]
    score: Score
    better: Better | None

    def of(self, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The columns, with studies that are not `kept` adding nothing."""
        return np.where(kept[:, None], self.columns, 0.0)


def measures(studies: Studies) -> dict[str, Measure]:
    """Name -> measure of N studies of one result, in their order. What no study has is not there."""
    found: dict[str, Measure] = {}
    for part in (_loss, _text, _clinical, _retrieval, _margins, _all_normal):
        found.update(part(studies))
    return {name: measure for name, measure in found.items() if measure.present.any()}


def mean_of(values: Values, better: Better | None = "higher") -> Measure:
    """One number a study, None where it has none; scored by their mean."""
    return ratio_of(values, [None if value is None else 1.0 for value in values], better)


def ratio_of(values: Values, counts: Values, better: Better | None = "higher") -> Measure:
    """Sum of values over sum of counts, e.g. right answers over questions; None where a study has none."""
    present = np.array(
        [value is not None and bool(count) for value, count in zip(values, counts, strict=True)]
    )
    columns = np.array(
        [(v, c) if there else (0.0, 0.0) for v, c, there in zip(values, counts, present, strict=True)],
        np.float64,
    ).reshape(-1, 2)
    return Measure(columns, present, _ratio, better)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


# --- What there is ---


def _loss(studies: Studies) -> Iterator[tuple[str, Measure]]:
    """Nats per token: of all tokens, where their numbers are known."""
    losses, tokens = [study.get("loss") for study in studies], [study.get("tokens") for study in studies]
    if all(count is None for count in tokens):
        yield "loss", mean_of(losses, "lower")
    else:
        nats = [None if x is None or n is None else x * n for x, n in zip(losses, tokens, strict=True)]
        yield "loss", ratio_of(nats, tokens, "lower")


def _text(studies: Studies) -> Iterator[tuple[str, Measure]]:
    """Corpus BLEU from the counts; the others are means over studies."""
    for protocol in _keys(studies, "statistics"):
        counts = [study.get("statistics", {}).get(protocol, {}).get("BLEU") for study in studies]
        present = np.array([row is not None for row in counts])
        columns = np.array([row or [0] * COUNTS for row in counts], np.float64)
        for order, name in enumerate(BLEU):
            yield f"text/{protocol}/{name}", Measure(columns, present, _bleu(order), "higher")
    for protocol in _keys(studies, "scores"):
        rows = [study.get("scores", {}).get(protocol, {}) for study in studies]
        for name in dict.fromkeys(name for row in rows for name in row if name not in BLEU):
            yield f"text/{protocol}/{name}", mean_of([row.get(name) for row in rows])


def _bleu(order: int) -> Score:
    return lambda sums: corpus_bleu(sums)[..., order]


def _clinical(studies: Studies) -> Iterator[tuple[str, Measure]]:
    """Example F1 is a mean over studies; micro and macro F1 are recomputed from each study's classes."""
    for name in _keys(studies, "clinical"):
        yield f"clinical/{name}", mean_of([study.get("clinical", {}).get(name) for study in studies])
    generated = [_findings(study, "findings") for study in studies]
    reference = [_findings(study, "reference findings") for study in studies]
    for doubt in UNCERTAIN:
        found = [None if each is None else positive_labels(each, doubt) for each in generated]
        gold = [None if each is None else positive_labels(each, doubt) for each in reference]
        yield from _f1(f"clinical/reference/{doubt}", gold, found)
        yield from _f1(f"clinical/coded/{doubt}", [study.get("coded") for study in studies], found)


def _f1(name: str, gold: Sequence[Any], found: Sequence[Any]) -> Iterator[tuple[str, Measure]]:
    present = np.array([a is not None and b is not None for a, b in zip(gold, found, strict=True)])
    counts = tally(positives([each or () for each in gold]), positives([each or () for each in found]))
    columns = counts.reshape(len(counts), -1).astype(np.float64)
    for classes, labels in CLASSES.items():
        chosen = [LABELS.index(label) for label in labels]
        yield f"{name}/{classes}/micro f1", Measure(columns, present, _f1_of(micro, chosen), "higher")
        yield f"{name}/{classes}/macro f1", Measure(columns, present, _f1_of(macro, chosen), "higher")


def _f1_of(average: Score, chosen: Sequence[int]) -> Score:
    def score(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = sums.reshape(*sums.shape[:-1], 3, len(LABELS))[..., chosen]
        return np.asarray(average(counts)[..., RATIOS.index("f1")])

    return score


def _retrieval(studies: Studies) -> Iterator[tuple[str, Measure]]:
    for name in _keys(studies, "ranks"):
        ranks = [study.get("ranks", {}).get(name) for study in studies]
        for depth in DEPTHS:
            hits = [None if rank is None else float(rank <= depth) for rank in ranks]
            yield f"retrieval/{name}/recall@{depth}", mean_of(hits)
        yield f"retrieval/{name}/mean rank", mean_of(ranks, "lower")


def _all_normal(studies: Studies) -> Iterator[tuple[str, Measure]]:
    found = [_findings(study, "findings") for study in studies]
    said = [
        None if each is None else float(NO_FINDING in positive_labels(each, "uncertain as negative"))
        for each in found
    ]
    yield "variety/all-normal share", mean_of(said, None)


def _margins(studies: Studies) -> Iterator[tuple[str, Measure]]:
    """Accuracy and mean margin against the peer, along the hardness, and for each kind of fact."""
    rows = [study.get("margins") or {} for study in studies]
    for key in ("peer embedding", "peer likelihood"):
        yield from _answers(f"margins/{key.replace(' ', '/')}", [_single(row.get(key)) for row in rows])
    for step in dict.fromkeys(step for row in rows for step in row.get("hardness", {})):
        answers = [_single(row.get("hardness", {}).get(step)) for row in rows]
        yield from _answers(f"margins/hardness/{step}", answers)
    facts = [row.get("facts", []) for row in rows]
    for kind in ("all", *dict.fromkeys(fact[0] for each in facts for fact in each)):
        for place, score in ((2, "embedding"), (3, "likelihood")):
            answers = [
                [f[place] for f in each if kind in ("all", f[0]) and f[place] is not None] for each in facts
            ]
            yield from _answers(f"margins/counterfactual/{score}/{kind}", answers)


def _answers(name: str, margins: Sequence[Sequence[float]]) -> Iterator[tuple[str, Measure]]:
    """Each study's margins, true minus false: the share above 0, and their mean. A tie is no answer."""
    counts = [float(len(each)) or None for each in margins]
    yield f"{name}/accuracy", ratio_of([float(sum(m > 0 for m in each)) for each in margins], counts)
    yield f"{name}/margin", ratio_of([float(sum(each)) for each in margins], counts)


def _single(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _findings(study: Mapping[str, Any], key: str) -> Any:
    code = study.get(key)
    return None if code is None else decode_findings(code)


def _keys(studies: Studies, part: str) -> list[str]:
    return list(dict.fromkeys(name for study in studies for name in study.get(part) or {}))

"""The per-study part of results as measures that can be resampled, by name. Knows the files that `evaluate` writes, no
model, no text and no random number.

Corpus scores (BLEU, micro and macro F1) are recomputed from sums, CIDEr is a mean over studies whose document
frequencies are those of all references, whatever is drawn, and all facts of one study stay together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.data.findings import LABELS, NO_FINDING, decode_findings
from rrg.evaluation.answers import SCORES
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
from rrg.evaluation.margin_summary import FACTS, OPPOSITES
from rrg.evaluation.measure import Measure, Score, mean_of, ratio, ratio_of
from rrg.evaluation.nlg import BLEU

Studies = Sequence[Mapping[str, Any]]

# Named before any comparison was made; read first, and counted apart. What else is found is a hint.
HEADLINE = (
    "clinical/reference/uncertain as positive/14 classes/micro f1",
    "clinical/reference/uncertain as positive/14 classes/macro f1",
    "clinical/reference/uncertain as positive/5 classes/micro f1",
    "retrieval/image-to-report/same findings/recall@10",
    "margins/counterfactual/embedding/all/balanced accuracy",
    "margins/counterfactual/image gain/all/balanced accuracy",
    "text/r2gen/BLEU-4",
    "text/r2gen/CIDEr",
    "loss",
    "pairs/embedding/all/accuracy",
    "pairs/likelihood/all/accuracy",
)

# What no sum over studies gives, and why it is not compared.
NOT_COMPARED = {
    "distinct reports": "a resample draws studies repeatedly, so it repeats their reports by itself",
    "self-BLEU": "a resample compares reports with their own copies",
    "longest constant prefix": "a minimum over reports: a resample can only lengthen it",
    "area under the curve": "compares edits of different studies; each result gives it with an interval of its own",
    "image-shuffle gap": "two readings of the same studies; each result gives it",
}


def measures(studies: Studies) -> dict[str, Measure]:
    """Name -> measure of N studies of one result, in their order. What no study has is not there."""
    found: dict[str, Measure] = {}
    for part in (_loss, _text, _clinical, _retrieval, _margins, _all_normal):
        found.update(part(studies))
    return {name: measure for name, measure in found.items() if measure.present.any()}


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
            shown = (
                f"{name}, mean of studies" if name == "METEOR" else name
            )  # its corpus score is another number
            yield f"text/{protocol}/{shown}", mean_of([row.get(name) for row in rows])


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
        if name.startswith("image-to-report/"):
            yield f"retrieval/{name}/median rank", _median_rank(ranks)


def _median_rank(ranks: Sequence[int | None]) -> Measure:
    """A study counts in the column of its rank, so that the sums are the histogram of a selection's ranks."""
    present = np.array([rank is not None for rank in ranks])
    columns = np.zeros((len(ranks), max((rank or 0 for rank in ranks), default=0) or 1))
    for row, rank in zip(columns, ranks, strict=True):
        if rank is not None:
            row[rank - 1] = 1.0
    return Measure(columns, present, _median, "lower")


def _median(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """counts (..., K) of the ranks 1 to K -> (...): the middle one, or the mean of the two in the middle."""
    up_to = counts.cumsum(axis=-1)
    total = up_to[..., -1:]
    first, second = ((up_to <= np.floor(place)).sum(axis=-1) for place in ((total - 1) / 2, total / 2))
    return np.asarray(np.where(total[..., 0] > 0, 1 + (first + second) / 2, np.nan))


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
    for score in SCORES:
        yield from _answers(f"margins/peer/{score}", [_single(row.get(f"peer {score}")) for row in rows])
    for step in dict.fromkeys(step for row in rows for step in row.get("hardness", {})):
        answers = [_single(row.get("hardness", {}).get(step)) for row in rows]
        yield from _answers(f"margins/hardness/{step}", answers)
    facts = [row.get("facts", []) for row in rows]
    for place, score in enumerate(SCORES, start=2):
        edits = [[(f[0], _direction(f), f[place]) for f in each if _has(f, place)] for each in facts]
        for kind in ("all", *FACTS):
            name = f"margins/counterfactual/{score}/{kind}"
            chosen = [[edit for edit in each if kind in ("all", edit[0])] for each in edits]
            yield from _answers(name, [[margin for *_, margin in each] for each in chosen])
            yield f"{name}/balanced accuracy", _balanced(chosen)


def _answers(name: str, margins: Sequence[Sequence[float]]) -> Iterator[tuple[str, Measure]]:
    """Each study's margins, true minus false: the share above 0, a tie being half, and their mean."""
    counts = [float(len(each)) or None for each in margins]
    yield f"{name}/accuracy", ratio_of([sum(map(_right, each)) for each in margins], counts)
    yield f"{name}/margin", ratio_of([float(sum(each)) for each in margins], counts)


def _right(margin: float) -> float:
    return 0.5 if margin == 0 else float(margin > 0)


def _balanced(edits: Sequence[Sequence[tuple[str, str, float]]]) -> Measure:
    """Mean over facts of the mean accuracy of opposite directions: who always prefers one of the two has 0.5.

    edits: (fact, direction, margin) of each study. A direction whose opposite nobody asked about says nothing.
    """
    counts = np.zeros((len(edits), *_BALANCE))
    for row, each in zip(counts, edits, strict=True):
        for fact, direction, margin in each:
            for pair, opposites in enumerate(OPPOSITES):
                if direction in opposites:
                    row[FACTS.index(fact), pair, opposites.index(direction)] += (_right(margin), 1.0)
    asked = (counts.sum(axis=0)[..., 1] > 0).all(axis=-1)  # (facts, pairs)
    columns = counts.reshape(len(edits), -1)
    return Measure(columns, np.asarray(columns.any(axis=1)), _balance(asked), "higher")


_BALANCE = (len(FACTS), len(OPPOSITES), 2, 2)  # fact, pair of directions, direction, (right, asked)


def _balance(asked: NDArray[np.bool_]) -> Score:
    """`asked` (facts, pairs): what the mean is of. A selection that lacks one of them has no score: the mean of the
    others would be one of another question.
    """
    weights = asked / np.maximum(asked.sum(axis=1, keepdims=True), 1)
    weights /= max(asked.any(axis=1).sum(), 1)

    def score(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        pairs = ratio(sums.reshape(*sums.shape[:-1], *_BALANCE)).mean(axis=-1)
        mean = np.where(asked, pairs * weights, 0.0).sum(axis=(-2, -1))
        return np.asarray(np.where(asked.any(), mean, np.nan))

    return score


def _has(fact: Sequence[Any], place: int) -> bool:
    return len(fact) > place and fact[place] is not None


def _direction(fact: Sequence[Any]) -> str:
    """The last entry, behind the scores."""
    at = 2 + len(SCORES)
    return str(fact[at]) if len(fact) > at else ""


def _single(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _findings(study: Mapping[str, Any], key: str) -> Any:
    code = study.get(key)
    return None if code is None else decode_findings(code)


def _keys(studies: Studies, part: str) -> list[str]:
    return list(dict.fromkeys(name for study in studies for name in study.get(part) or {}))

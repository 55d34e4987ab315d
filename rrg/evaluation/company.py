"""The rows that every model must stand beside: reports that were written without looking, or by the nearest neighbour.

Knows train reports, no model: the nearest neighbours are given as indices. The same code serves any data set. A constant
is never chosen on the studies that it is scored on: the best one is chosen on val, and on train where val is scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rrg.data.reports import normalise
from rrg.evaluation.corpus import ORDERS, corpus_bleu
from rrg.evaluation.protocols import R2GenTokens
from rrg.types import RrgError, Study

MOST_FREQUENT, BEST_CONSTANT, HAND_WRITTEN = (
    "most frequent report",
    "best constant",
    "hand-written normal report",
)
RANDOM, NEAREST = "random train report", "nearest train report"

Gram = tuple[str, ...]

# Nobody's report: written by hand, for no study in particular, to score well without a look at any image.
NORMAL_REPORT = (
    "The heart is normal in size. The mediastinal contours are within normal limits. The lungs are clear. "
    "There is no focal consolidation, pleural effusion, or pneumothorax. No acute bony abnormality."
)


def company(
    train: Sequence[Study],
    studies: Sequence[Study],
    rng: np.random.Generator,
    neighbours: NDArray[np.integer] | Sequence[int] | None = None,
    val: Sequence[Study] = (),
) -> dict[str, list[str]]:
    """Row name -> N texts, one for each of the N `studies`.

    `neighbours` (N,) are rows of `train`, the nearest by the model's image embedding; without them that row is not
    there. `val` chooses the best constant, unless one of its studies is scored or it is empty: then `train` does.
    RrgError where no train study has a report, or a neighbour is no row of `train`.
    """
    reports = [study.report for study in train if study.report.strip()]
    if not reports:
        raise RrgError(
            f"none of the {len(train)} train studies has a report; the rows of company are made from them"
        )
    count = len(studies)
    rows = {
        MOST_FREQUENT: [most_frequent(reports)] * count,
        BEST_CONSTANT: [best_constant(reports, choosing_reports(train, studies, val))] * count,
        HAND_WRITTEN: [NORMAL_REPORT] * count,
        RANDOM: [reports[i] for i in rng.integers(0, len(reports), count).tolist()],
    }
    if neighbours is not None:
        rows[NEAREST] = _nearest(train, neighbours, count)
    return rows


def chosen_on(studies: Sequence[Study], val: Sequence[Study]) -> str:
    """ "val" or "train": where the best constant for these studies is chosen."""
    scored = {study.id for study in studies}
    told = [study for study in val if study.report.strip()]
    return "val" if told and not any(study.id in scored for study in told) else "train"


def choosing_reports(train: Sequence[Study], studies: Sequence[Study], val: Sequence[Study]) -> list[str]:
    """The reports that the best constant is chosen on."""
    chosen = val if chosen_on(studies, val) == "val" else train
    return [study.report for study in chosen if study.report.strip()]


def most_frequent(reports: Sequence[str]) -> str:
    """The report whose normalised text occurs most often, as first written; ties go to the first."""
    counts = Counter(map(normalise, reports))
    best = max(counts, key=counts.__getitem__)  # max keeps the first of equals, Counter the order of reports
    return next(report for report in reports if normalise(report) == best)


def best_constant(candidates: Sequence[str], references: Sequence[str]) -> str:
    """The candidate with the highest corpus BLEU-4 (`r2gen`, vocabulary of the candidates) as everybody's report."""
    tokenise = R2GenTokens.from_train(candidates)
    distinct = list(dict.fromkeys(candidates))
    scores = constant_bleu([tokenise(text) for text in distinct], [tokenise(text) for text in references])
    return distinct[int(np.argmax(scores))]


def constant_bleu(
    constants: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Token lists -> (C,) corpus BLEU-4 of each constant against all N references at once, [0, 1].

    Equal to pycocoevalcap's for C x N pairs, at the cost of C + N: the clipped matches of an n-gram that a constant
    holds c times are the sum over k = 1..c of how many references hold it at least k times.
    """
    holding = Counter(
        (gram, k)
        for tokens in references
        for gram, count in _grams(tokens).items()
        for k in range(1, count + 1)
    )
    length = sum(map(len, references))
    sums = [_sums(tokens, holding, len(references), length) for tokens in constants]
    bleu: NDArray[np.float64] = corpus_bleu(np.reshape(sums, (len(constants), -1)))[:, -1]
    return bleu


def _sums(tokens: Sequence[str], holding: Counter[tuple[Gram, int]], count: int, length: int) -> list[int]:
    """What `bleu_statistics` of one constant and each of `count` references of `length` tokens in all add up to."""
    matches = [0] * ORDERS
    for gram, times in _grams(tokens).items():
        matches[len(gram) - 1] += sum(holding[gram, k] for k in range(1, times + 1))
    written = [max(len(tokens) - n, 0) * count for n in range(ORDERS)]
    return [*matches, *written, len(tokens) * count, length]


def _grams(tokens: Sequence[str]) -> Counter[Gram]:
    return Counter(tuple(tokens[i : i + n]) for n in range(1, ORDERS + 1) for i in range(len(tokens) - n + 1))


def _nearest(
    train: Sequence[Study], neighbours: NDArray[np.integer] | Sequence[int], count: int
) -> list[str]:
    rows = [int(i) for i in neighbours]
    if len(rows) != count or not all(0 <= i < len(train) for i in rows):
        raise RrgError(
            f"{len(rows)} nearest neighbours for {count} studies, rows of {len(train)} train studies: give one "
            f"row from 0 to {len(train) - 1} for each study"
        )
    return [train[i].report for i in rows]

"""Can a model tell a study from the others: ranks and recalls.

Knows embeddings and texts, no network and no file. Ties count against the model: a relevant item comes
after every irrelevant one of the same similarity, so a model that embeds everything alike ranks last, not
first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrg.data.reports import normalise
from rrg.types import RrgError

DEPTHS = (1, 5, 10)
DIRECTIONS = ("image-to-report", "report-to-image")
RELEVANCES = ("study", "same text")
DECIMALS = 6  # similarities closer than this are ties: one text in two batches embeds to within some 1e-7

Relevant = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Discrimination:
    """`ranks`: "relevance/direction" -> (N,) ranks from 1; `metrics`: relevance -> direction -> numbers."""

    ranks: Mapping[str, NDArray[np.int64]]
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]]


def discriminate(
    image: NDArray[np.floating], report: NDArray[np.floating], texts: Sequence[str]
) -> Discrimination:
    """image (N, E), report (N, E) of unit norm, row i of the study whose report is texts[i].

    Relevance "study": the study's own report and no other. "same text": any report with the same normalised
    text.
    """
    if not len(image) == len(report) == len(texts) or len(image) == 0:
        raise RrgError(f"{len(image)} images, {len(report)} reports, {len(texts)} texts: one of each, please")
    similarity = np.asarray(image, np.float64) @ np.asarray(report, np.float64).T
    relevances = dict(zip(RELEVANCES, (np.eye(len(texts), dtype=bool), same_text(texts)), strict=True))
    ranks: dict[str, NDArray[np.int64]] = {}
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for name, relevant in relevances.items():
        found = (ranks_of(similarity, relevant), ranks_of(similarity.T, relevant.T))
        ranks |= {f"{name}/{direction}": r for direction, r in zip(DIRECTIONS, found, strict=True)}
        chance = chance_recall(relevant)
        metrics[name] = {d: recalls(r) | chance for d, r in zip(DIRECTIONS, found, strict=True)}
    return Discrimination(ranks, metrics)


def ranks_of(similarity: NDArray[np.floating], relevant: Relevant) -> NDArray[np.int64]:
    """similarity (Q, N), relevant (Q, N) with at least one True a row -> (Q,) rank of the best relevant
    item.

    The rank is 1 + the number of irrelevant items at least as similar; relevant ones never push each other
    down.
    """
    rounded = np.round(similarity, DECIMALS)
    best = np.where(relevant, rounded, -np.inf).max(axis=1, keepdims=True)
    ranks: NDArray[np.int64] = 1 + ((rounded >= best) & ~relevant).sum(axis=1)
    return ranks


def recalls(ranks: NDArray[np.int64]) -> dict[str, float]:
    """Share of queries whose rank is at most 1, 5, 10, and the median rank."""
    shares = {f"recall@{k}": float((ranks <= k).mean()) for k in DEPTHS}
    return shares | {"median rank": float(np.median(ranks))}


def chance_recall(relevant: Relevant) -> dict[str, float]:
    """What drawing without looking would reach, given the number of relevant items; and how many items."""
    queries, n = relevant.shape
    counts = relevant.sum(axis=1).tolist()
    chance = {}
    for depth in DEPTHS:
        drawn = min(depth, n)
        hits = (1 - math.comb(n - m, drawn) / math.comb(n, drawn) for m in counts)
        chance[f"chance@{depth}"] = math.fsum(hits) / queries
    return chance | {"candidates": float(n)}


def same_text(texts: Sequence[str]) -> Relevant:
    """(N, N), True where two texts are equal up to case, punctuation and white space."""
    keys = {text: key for key, text in enumerate(dict.fromkeys(map(normalise, texts)))}
    codes = np.array([keys[normalise(text)] for text in texts])
    return codes[:, None] == codes[None, :]

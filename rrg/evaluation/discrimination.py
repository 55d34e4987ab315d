"""Can a system tell a study from the others: ranks and recalls.

Knows similarities, texts and findings, no network and no file. Ties count against the system: a relevant item comes
after every irrelevant one of the same similarity, so a model that embeds everything alike ranks last, not
first.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from rrg.data.findings import NO_FINDING
from rrg.data.reports import normalise
from rrg.types import Finding, RrgError, Status

DEPTHS = (1, 5, 10)
DIRECTIONS = ("image-to-report", "report-to-image")
DECIMALS = 6  # similarities closer than this are ties: one text in two batches embeds to within some 1e-7

Relevant = NDArray[np.bool_]
Similarity = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Discrimination:
    """`ranks`: "direction/relevance" -> (N,) ranks from 1; `metrics`: direction -> relevance -> numbers."""

    ranks: Mapping[str, NDArray[np.int64]]
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]]


def discriminate(similarity: Similarity, relevances: Mapping[str, Relevant]) -> Discrimination:
    """similarity (N, N): row i is what the system makes of image i, column j the report of study j.

    What is no number is less similar than anything else. `relevances`: name -> (N, N), each study relevant to itself.
    """
    if similarity.ndim != 2 or len(set(similarity.shape)) != 1 or not len(similarity):
        raise RrgError(
            f"the similarities are {similarity.shape}: as many images as reports, please, at least one"
        )
    known = np.nan_to_num(np.asarray(similarity, np.float64), nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    ranks: dict[str, NDArray[np.int64]] = {}
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for direction, values in zip(DIRECTIONS, (known, known.T), strict=True):
        turned = {name: each if values is known else each.T for name, each in relevances.items()}
        found = {name: ranks_of(values, relevant) for name, relevant in turned.items()}
        ranks |= {f"{direction}/{name}": each for name, each in found.items()}
        metrics[direction] = {
            name: recalls(found[name]) | chance_recall(turned[name]) | blind_recall(turned[name])
            for name in found
        }
    return Discrimination(ranks, metrics)


def relevances(texts: Sequence[str], findings: Sequence[Sequence[Finding]]) -> dict[str, Relevant]:
    """ "same text": equal up to case, punctuation and white space. "same findings": the same facts (label, side,
    severity, place) are present or uncertain, which for most pairs means that neither report names any.
    """
    return {
        "same text": _equal([normalise(text) for text in texts]),
        "same findings": _equal([_facts(each) for each in findings]),
    }


def cosines(image: Similarity, report: Similarity) -> Similarity:
    """image, report (N, E) of unit norm -> (N, N)."""
    similarity: Similarity = np.asarray(image, np.float64) @ np.asarray(report, np.float64).T
    return similarity


class TextSimilarity:
    """What stands in for an embedding where a system shows its texts only: the cosine of TF-IDF vectors of 1- and
    2-grams between what it wrote for an image and each reference.
    """

    def __init__(self, references: Sequence[str]) -> None:
        """RrgError where no reference holds a word."""
        self.vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
        try:
            self.references = self.vectorizer.fit_transform(map(normalise, references))
        except ValueError as error:
            raise RrgError("the references hold no words, so no text can be told from another") from error

    def __call__(self, texts: Sequence[str]) -> Similarity:
        """N texts -> (N, N) in [0, 1]."""
        generated = self.vectorizer.transform(map(normalise, texts))
        similarity: Similarity = (generated @ self.references.T).toarray()
        return similarity


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


def blind_recall(relevant: Relevant) -> dict[str, float]:
    """The most that one order, the same for every query, can reach; above chance where some items suit many queries.

    relevant (N, N) of an equivalence: the best such order begins with one item of each of the largest classes.
    """
    sizes = np.sort(np.bincount(relevant.argmax(axis=1)))[::-1]
    return {f"blind@{depth}": float(sizes[:depth].sum() / len(relevant)) for depth in DEPTHS}


def _equal(keys: Sequence[Hashable]) -> Relevant:
    """(N, N), True where two keys are equal."""
    codes = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    column = np.array([codes[key] for key in keys])
    same: Relevant = column[:, None] == column[None, :]
    return same


def _facts(findings: Sequence[Finding]) -> frozenset[tuple[object, ...]]:
    return frozenset(
        (f.label, f.side, f.severity, f.place)
        for f in findings
        if f.status is not Status.ABSENT and f.label != NO_FINDING
    )

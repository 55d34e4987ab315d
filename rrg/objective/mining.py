"""The closest peer of every report that is a true negative. Knows texts as features and findings, no image, no network.

Near is, by wording, the cosine of TF-IDF vectors of 1- and 2-grams; by findings, the number of facts that only one of two
reports names, and their wording where it is equal. A nearest text is no peer if it says the same: it must differ in at
least one finding (label, side, severity or place), and must not be of the same patient. The difference is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import MultiLabelBinarizer

from rrg.data.findings import differing_fact, stated_facts
from rrg.data.reports import normalise
from rrg.types import Finding, RrgError

CHUNK = 1024  # rows of the similarity matrix held at once

Nearness = Literal["wording", "findings"]


@dataclass(frozen=True)
class Peer:
    """The mined hard negative of one report."""

    index: int  # row among the texts given to `PeerIndex`
    similarity: float  # cosine of TF-IDF vectors, [0, 1]
    reason: str  # the fact in which it differs


class PeerIndex:
    """All texts that may serve as peers (train split only), ready to be searched."""

    def __init__(
        self,
        texts: Sequence[str],
        patients: Sequence[str],
        findings: Sequence[Sequence[Finding]],
        by: Nearness = "wording",
    ) -> None:
        if not len(texts) == len(patients) == len(findings):
            raise ValueError("texts, patients and findings must be of one length")
        self.normalised = [normalise(text) for text in texts]
        self.patients = list(patients)
        self.findings = [tuple(each) for each in findings]
        self.by = by
        self.vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        try:
            self.matrix = self.vectorizer.fit_transform(self.normalised)
        except ValueError as error:
            raise RrgError("The training reports hold no words, so no peer can be mined.") from error

    def __len__(self) -> int:
        return len(self.normalised)

    def nearest(self, text: str, patient: str, findings: Sequence[Finding]) -> Peer | None:
        """The closest true negative of a text that need not be among the indexed ones; None if there is none."""
        similarity = (self.vectorizer.transform([normalise(text)]) @ self.matrix.T).toarray()[0]
        return next(self._true_negatives(similarity, normalise(text), patient, findings), None)

    def mine(self, among: int = 1) -> list[tuple[Peer, ...]]:
        """The `among` closest true negatives of every indexed text, closest first, ties by index; fewer where there are."""
        return [
            tuple(
                islice(
                    self._true_negatives(row, self.normalised[i], self.patients[i], self.findings[i]), among
                )
            )
            for i, row in enumerate(self._rows())
        ]

    def _rows(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self), CHUNK):
            yield from (self.matrix[start : start + CHUNK] @ self.matrix.T).toarray()

    def _true_negatives(
        self, similarity: NDArray[np.float32], text: str, patient: str, findings: Sequence[Finding]
    ) -> Iterator[Peer]:
        near = similarity if self.by == "wording" else similarity - 2 * self._facts_apart(findings)
        for index in np.argsort(-near, kind="stable"):
            if self.patients[index] == patient or self.normalised[index] == text:
                continue
            reason = differing_fact(findings, self.findings[index])
            if reason is not None:
                yield Peer(int(index), float(similarity[index]), reason)

    @cached_property
    def _facts(self) -> tuple[MultiLabelBinarizer, NDArray[np.float32]]:
        """Every fact that is stated anywhere, and (N, facts) which report states which; built for peers by findings only."""
        binarizer = MultiLabelBinarizer()
        stated = binarizer.fit_transform([stated_facts(each) for each in self.findings])
        return binarizer, stated.astype(np.float32)

    def _facts_apart(self, findings: Sequence[Finding]) -> NDArray[np.float32]:
        """(N,): how many facts only one of the two reports names, up to what is the same for all N."""
        binarizer, stated = self._facts
        known = stated_facts(findings) & set(binarizer.classes_)
        own = binarizer.transform([known])[0].astype(np.float32)
        apart: NDArray[np.float32] = stated.sum(1) - 2 * stated @ own
        return apart

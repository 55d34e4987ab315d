"""The closest peer of every report that is a true negative. Knows texts as features and findings, no image, no network.

Similarity is the cosine of TF-IDF vectors of 1- and 2-grams. A nearest text is no peer if it says the same: it must differ
in at least one finding (label, side, severity or place), and must not be of the same patient. The difference is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from rrg.data.findings import differing_fact
from rrg.data.reports import normalise
from rrg.types import Finding, RrgError

CHUNK = 1024  # rows of the similarity matrix held at once


@dataclass(frozen=True)
class Peer:
    """The mined hard negative of one report."""

    index: int  # row among the texts given to `PeerIndex`
    similarity: float  # cosine of TF-IDF vectors, [0, 1]
    reason: str  # the fact in which it differs


class PeerIndex:
    """All texts that may serve as peers (train split only), ready to be searched."""

    def __init__(
        self, texts: Sequence[str], patients: Sequence[str], findings: Sequence[Sequence[Finding]]
    ) -> None:
        if not len(texts) == len(patients) == len(findings):
            raise ValueError("texts, patients and findings must be of one length")
        self.normalised = [normalise(text) for text in texts]
        self.patients = list(patients)
        self.findings = [tuple(each) for each in findings]
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
        return self._first_true_negative(similarity, normalise(text), patient, findings)

    def mine(self) -> list[Peer | None]:
        """The peer of every indexed text, ties by index."""
        return [
            self._first_true_negative(row, self.normalised[i], self.patients[i], self.findings[i])
            for i, row in enumerate(self._rows())
        ]

    def _rows(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self), CHUNK):
            yield from (self.matrix[start : start + CHUNK] @ self.matrix.T).toarray()

    def _first_true_negative(
        self, similarity: NDArray[np.float32], text: str, patient: str, findings: Sequence[Finding]
    ) -> Peer | None:
        for index in np.argsort(-similarity, kind="stable"):
            if self.patients[index] == patient or self.normalised[index] == text:
                continue
            reason = differing_fact(findings, self.findings[index])
            if reason is not None:
                return Peer(int(index), float(similarity[index]), reason)
        return None

"""Asking a model about counterfactual pairs: which of two reports belongs to which of two films? Knows no screen.

Of each pair every film is scored with every report; `pair_summary.py` says what the margins mean and sums them up.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from rrg.data.batch import StudyImages, load_images
from rrg.data.preprocess import Preprocessing, to_pixels
from rrg.data.simulated import Pair
from rrg.evaluation.answers import DECIMALS
from rrg.evaluation.margins import embed, likelihoods, words_of
from rrg.evaluation.pair_summary import SCORES
from rrg.evaluation.partial import Partial
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded

BATCH = 8  # pairs
FIRST = 50_000  # number of the first batch of pairs in a `Partial`, behind those of the studies


@dataclass(frozen=True)
class PairAnswer:
    """`margins`: score -> that of the first film and that of the second, above 0 where its own report fits better."""

    id: str
    change: str
    kind: str
    margins: Mapping[str, tuple[float, float]]

    def row(self) -> dict[str, Any]:
        """As the result file has it."""
        both = {score: [m if math.isfinite(m) else None for m in self.margins[score]] for score in SCORES}
        return {"id": self.id, "change": self.change, "kind": self.kind, **both}


def read_pairs(
    checkpoint: Checkpoint,
    preprocessing: Preprocessing,
    pairs: Sequence[Pair],
    partial: Partial,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """A row for each pair whose four images can be read. Finished batches wait in `partial`."""
    if not pairs:
        return []
    films = load_images([study for pair in pairs for study in (pair.first, pair.second)], preprocessing, None)
    at = {study.id: place for place, study in enumerate(films.studies)}
    whole = [pair for pair in pairs if pair.first.id in at and pair.second.id in at]
    starts = tqdm(range(0, len(whole), BATCH), "reading pairs", unit="batch", disable=not progress)
    rows: list[dict[str, Any]] = []
    for number, start in enumerate(starts):
        work = functools.partial(_batch, checkpoint, films, at, whole[start : start + BATCH])
        rows += partial.get(FIRST + number, work)
    return rows


@torch.no_grad()
def _batch(
    checkpoint: Checkpoint, films: StudyImages, at: Mapping[str, int], pairs: Sequence[Pair]
) -> list[dict[str, Any]]:
    rows = np.array([at[study.id] for pair in pairs for study in (pair.first, pair.second)])
    encoded = checkpoint.model.encode(to_pixels(films.squares[rows]), torch.from_numpy(films.views[rows]))
    return [answer.row() for answer in ask_pairs(checkpoint, encoded, pairs)]


@torch.no_grad()
def ask_pairs(checkpoint: Checkpoint, encoded: Encoded, pairs: Sequence[Pair]) -> list[PairAnswer]:
    """`encoded`: the 2 P studies of P pairs, the first and the second of each."""
    texts = [(pair.first.report, pair.second.report) for pair in pairs]
    vectors = embed(checkpoint, (text for both in texts for text in both))
    images = checkpoint.embed_images(encoded)
    means = likelihoods(checkpoint, encoded, [both for both in texts for _film in both])
    known = [[words.known for words in words_of(checkpoint, both)] for both in texts]

    def scores(pair: int, film: int, report: int) -> dict[str, float]:
        cosine = images[2 * pair + film] @ vectors[texts[pair][report]]
        return {
            "embedding": float(cosine),
            "likelihood": means[2 * pair + film][report] * known[pair][report],
        }

    found = []
    for p, pair in enumerate(pairs):
        first = _margin(scores(p, 0, 0), scores(p, 0, 1))
        second = _margin(scores(p, 1, 1), scores(p, 1, 0))
        margins = {score: (first[score], second[score]) for score in SCORES}
        found.append(PairAnswer(pair.id, pair.change, pair.kind, margins))
    return found


def _margin(own: Mapping[str, float], twin: Mapping[str, float]) -> dict[str, float]:
    return {score: round(own[score] - twin[score], DECIMALS[score]) for score in SCORES}

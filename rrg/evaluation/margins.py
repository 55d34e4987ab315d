"""Which of two reports fits this image better: the true one, or one that differs in a fact. Knows texts and a
checkpoint, no file and no screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rrg.data.counterfactuals import Counterfactual, counterfactuals
from rrg.data.findings import label_report
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded
from rrg.objective.mining import PeerIndex
from rrg.types import Study


@dataclass(frozen=True)
class Questions:
    """What is asked of one study: the text of its mined peer (None where there is none), and its edits."""

    peer: str | None
    counterfactuals: tuple[Counterfactual, ...]


@dataclass(frozen=True)
class FactAnswer:
    """Margins of one edit, true minus edited: above 0 where the true report fits better."""

    fact: str  # "presence", "side", "severity" or "place"
    kind: str  # as `fact`, but "finding added" or "finding removed" for presence
    label: str
    embedding: float  # cosine
    likelihood: float  # nats, whole text
    likelihood_per_token: float  # nats per known token
    image_gain: float | None = None  # nats: `likelihood` less the same margin under other images


@dataclass(frozen=True)
class Answers:
    """All answers of one study."""

    peer_embedding: float | None = None
    peer_likelihood: float | None = None
    hardness: Mapping[float, float] = field(default_factory=dict)  # lambda -> cos(z, u) - cos(z, h_lambda)
    facts: tuple[FactAnswer, ...] = ()


def make_questions(studies: Sequence[Study], train: Sequence[Study]) -> list[Questions]:
    """One a study; peers are the nearest true negatives (TF-IDF) of other patients among `train`."""
    index = (
        PeerIndex(
            [study.report for study in train],
            [study.patient for study in train],
            [label_report(study.report) for study in train],
        )
        if train
        else None
    )
    return [Questions(_peer(index, study, train), tuple(counterfactuals(study.report))) for study in studies]


def _peer(index: PeerIndex | None, study: Study, train: Sequence[Study]) -> str | None:
    found = index.nearest(study.report, study.patient, label_report(study.report)) if index else None
    return train[found.index].report if found else None


def ask(
    checkpoint: Checkpoint, encoded: Encoded, references: Sequence[str], questions: Sequence[Questions]
) -> list[Answers]:
    """A batch of studies: `encoded` of B studies, their true reports and what is asked of them."""
    raise NotImplementedError


def summarise_margins(answers: Sequence[Answers], rng: np.random.Generator) -> dict[str, Any]:
    """Accuracy, margin and area under the curve, as JSON values."""
    raise NotImplementedError

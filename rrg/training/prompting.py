"""Which findings are predicted from the image, and a linear predictor of them. Knows no decoder and no loss.

What a network predicts of studies that it was fitted to is surer than what it predicts of others. So the decoder is trained
on predictions of held-out folds (and, for a share of the studies, on what people coded), and learns how far to trust them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import KFold
from torch import Tensor

from rrg.data.batch import StudyImages
from rrg.data.findings import NO_FINDING, label_report
from rrg.models.prompt import FindingPrompt, join_views
from rrg.training.config import PromptConfig
from rrg.types import Status, Study

CERTAIN = 0.95  # strength of a finding that people coded; its absence is one minus this
SIDES = ("left", "right", "bilateral")


@dataclass(frozen=True, eq=False)
class Prompted:
    """Strengths (N, K) in [0, 1]: as `predicted` by a fold that has not seen the study, and as `coded`.

    `truth` is the share of studies that are shown the latter.
    """

    predicted: Tensor
    coded: Tensor
    truth: float

    def draw(self, indices: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """Strengths (B, K) of the studies at `indices`, each study wholly of one kind."""
        rows = torch.from_numpy(indices)
        told = torch.from_numpy(rng.random(len(indices)) < self.truth)
        return torch.where(told[:, None], self.coded[rows], self.predicted[rows])


def findings_of(study: Study) -> frozenset[str]:
    """What people coded of a study, heading by heading, with its side where one is given; else what the labeller reads."""
    if study.labels:
        return frozenset(name for label in study.labels for name in _coded_names(label))
    found = [f for f in label_report(study.report) if f.status is Status.PRESENT and f.label != NO_FINDING]
    return frozenset(f.label for f in found) | {f"{f.label}/{f.side.value}" for f in found if f.side}


def _coded_names(label: str) -> list[str]:
    heading, *qualifiers = (part.strip() for part in label.split("/"))
    return [heading, *(f"{heading}/{side}" for side in SIDES if side in qualifiers)]


def finding_names(studies: Sequence[Study], at_least: int | None) -> list[str]:
    """The findings of at least so many studies, commonest first; none where no number is given."""
    if at_least is None:
        return []
    counts = Counter(name for study in studies for name in findings_of(study))
    return [name for name, count in counts.most_common() if count >= at_least]


def fit_prompt(
    prompt: FindingPrompt,
    features: NDArray[np.float16],
    images: StudyImages,
    names: Sequence[str],
    config: PromptConfig,
) -> Prompted:
    """Fill `prompt` with a predictor of all studies; the result holds what predictors of the other folds say of each.

    Ridge regression on the coded findings, its output put on the logistic scale and moved so that one half is the value at
    which calling the finding has the best F1 (both from the held-out predictions).
    """
    joined, known = join_views(
        torch.from_numpy(np.stack([study.astype(np.float32).mean(1) for study in features])),
        torch.from_numpy(images.views),
    )
    centre, spread = joined.mean(0), joined.std(0).clamp(min=1e-6)
    x = ((joined - centre) / spread * known).numpy()
    y = np.array([[name in findings_of(study) for name in names] for study in images.studies], np.float32)
    held_out = np.zeros_like(y)
    for fit, rest in KFold(config.folds, shuffle=True, random_state=0).split(x):
        held_out[rest] = Ridge(alpha=config.ridge).fit(x[fit], y[fit]).predict(x[rest]).reshape(len(rest), -1)
    slope, shift = np.array([_called_at(held_out[:, k], y[:, k]) for k in range(len(names))], np.float32).T
    whole = Ridge(alpha=config.ridge).fit(x, y)
    for name, value in (
        ("centre", centre),
        ("spread", spread),
        ("weight", torch.from_numpy(np.atleast_2d(whole.coef_) * slope[:, None])),
        ("bias", torch.from_numpy(whole.intercept_ * slope + shift)),
    ):
        getattr(prompt, name).copy_(value)
    predicted = torch.sigmoid(torch.from_numpy(held_out * slope + shift))
    return Prompted(
        predicted, torch.from_numpy(np.where(y > 0, CERTAIN, 1 - CERTAIN).astype(np.float32)), config.truth
    )


def _called_at(predicted: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and shift that put a prediction on the logistic scale, with its best-F1 threshold at zero."""
    if len(np.unique(truth)) < 2:
        return 1.0, -1.0
    logistic = LogisticRegression(C=1e6).fit(predicted[:, None], truth)
    precision, recall, thresholds = precision_recall_curve(truth, predicted)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    slope = max(float(logistic.coef_[0, 0]), 0.0)  # what is learned of one fold may mean nothing in the next
    return slope, -slope * float(thresholds[int(f1[:-1].argmax())])

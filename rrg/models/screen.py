"""Is this picture a chest radiograph, and from which side? Statistics of the image features, no network of its own.

Knows no file and no report. Fitted on the training films of a checkpoint: the subspace that their pooled backbone
features span, how far films lie from it, and the direction that best tells frontal from lateral. A picture that lies further
from the subspace than any validation film, by a margin, is no film of the kind that the model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from rrg.types import View


@dataclass(frozen=True)
class Verdict:
    """`distance` 1.0 is the limit of what counts as a chest radiograph; `lateral` in [0, 1]."""

    distance: float
    lateral: float

    @property
    def is_chest(self) -> bool:
        return self.distance <= 1.0

    @property
    def view(self) -> View:
        return View.LATERAL if self.lateral >= 0.5 else View.FRONTAL


@dataclass(frozen=True, eq=False)
class Screen:
    """mean (F,), axes (K, F) orthonormal, limit (), direction (F,), offset ()."""

    mean: Tensor
    axes: Tensor
    limit: Tensor
    direction: Tensor
    offset: Tensor

    def examine(self, features: Tensor) -> list[Verdict]:
        """features (N, F) pooled backbone features, one row per film."""
        distance = distance_from(features, self.mean, self.axes) / self.limit
        lateral = torch.sigmoid(features.float() @ self.direction + self.offset)
        return [Verdict(float(d), float(p)) for d, p in zip(distance, lateral, strict=True)]

    def tensors(self) -> dict[str, Tensor]:
        return {field.name: getattr(self, field.name).contiguous() for field in fields(self)}


def distance_from(features: Tensor, mean: Tensor, axes: Tensor) -> Tensor:
    """Distance of each row from the subspace through `mean` along `axes`: (N, F) -> (N,)."""
    centred = features.float() - mean
    return (centred - centred @ axes.T @ axes).norm(dim=1)


def fit_screen(
    train: Tensor, views: Tensor, held_out: Tensor, *, rank: int = 384, margin: float = 1.1
) -> Screen:
    """train (N, F) and held_out (M, F) pooled features of films, views (N,) of `View`.

    The limit is `margin` times the distance of the furthest held-out film. Rank 384 of 1280 told a leg, CT, MR and
    ultrasound pictures from films better than smaller ones and than nearest neighbours (EXPERIMENTS.md).
    """
    mean = train.float().mean(0)
    rank = min(rank, len(train) // 2, train.shape[1] // 2)
    axes = torch.linalg.svd(train.float() - mean, full_matrices=False)[2][:rank]
    direction, offset = _discriminant(train.float(), views == View.LATERAL)
    limit = margin * distance_from(held_out, mean, axes).max()
    return Screen(mean, axes, limit, direction, offset)


def _discriminant(features: Tensor, lateral: Tensor) -> tuple[Tensor, Tensor]:
    """Fisher's linear discriminant with a shrunken covariance: (F,), ()."""
    if not lateral.any() or lateral.all():
        return torch.zeros(features.shape[1]), torch.tensor(20.0 if bool(lateral.any()) else -20.0)
    low, high = features[~lateral].mean(0), features[lateral].mean(0)
    within = features - torch.where(lateral[:, None], high, low)
    covariance = within.T @ within / len(features)
    covariance += 0.1 * covariance.diagonal().mean() * torch.eye(len(covariance))
    direction = torch.linalg.solve(covariance, high - low)
    return direction, -direction @ (low + high) / 2

"""Is this picture a chest radiograph, and from which side? Statistics of the image features, no network of its own.

Knows no file and no report. Fitted on the training films of a checkpoint: a subspace of their pooled backbone
features, how far films lie from it, and the direction that best tells frontal from lateral. A picture that lies further
from the subspace than any validation film, by a margin, is no film of the kind that the model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from rrg.types import View


@dataclass(frozen=True, eq=False)
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
    """mean (F,), axes (K, F) orthonormal, spread (K,), residual (), limit (), direction (K,), offset ()."""

    mean: Tensor
    axes: Tensor
    spread: Tensor
    residual: Tensor
    limit: Tensor
    direction: Tensor
    offset: Tensor

    def examine(self, features: Tensor) -> list[Verdict]:
        """features (N, F) pooled backbone features, one row per film."""
        coordinates = self._coordinates(features)
        distance = self._distance(features, coordinates) / self.limit
        lateral = torch.sigmoid(coordinates @ self.direction + self.offset)
        return [Verdict(float(d), float(p)) for d, p in zip(distance, lateral, strict=True)]

    def tensors(self) -> dict[str, Tensor]:
        return {field.name: getattr(self, field.name).contiguous() for field in fields(self)}

    def _coordinates(self, features: Tensor) -> Tensor:
        return (features.float() - self.mean) @ self.axes.T / self.spread

    def _distance(self, features: Tensor, coordinates: Tensor) -> Tensor:
        """Root mean square of the distance within the subspace and of that from it, each in its own spread."""
        inside = coordinates.square().mean(1)
        rest = (features.float() - self.mean).square().sum(1) - (coordinates * self.spread).square().sum(1)
        return (inside + rest.clamp(min=0) / self.residual).div(2).sqrt()


def fit_screen(train: Tensor, views: Tensor, held_out: Tensor, *, rank: int = 48, margin: float = 1.15) -> Screen:
    """train (N, F) and held_out (M, F) pooled features of films, views (N,) of `View`; limit = margin x the furthest held-out film."""
    mean = train.float().mean(0)
    centred = train.float() - mean
    rank = min(rank, *centred.shape)
    _, values, axes = torch.linalg.svd(centred, full_matrices=False)
    axes, spread = axes[:rank], (values[:rank] / len(train) ** 0.5).clamp(min=1e-6)
    coordinates = centred @ axes.T / spread
    residual = (centred.square().sum(1) - (coordinates * spread).square().sum(1)).clamp(min=1e-6).mean()
    direction, offset = _discriminant(coordinates, views == View.LATERAL)
    open_ended = Screen(mean, axes, spread, residual, torch.ones(()), direction, offset)
    furthest = open_ended._distance(held_out, open_ended._coordinates(held_out)).max()
    return Screen(mean, axes, spread, residual, furthest * margin, direction, offset)


def _discriminant(coordinates: Tensor, lateral: Tensor) -> tuple[Tensor, Tensor]:
    """Fisher's linear discriminant; coordinates are whitened, so the pooled covariance within classes is all it needs."""
    if not lateral.any() or lateral.all():
        return torch.zeros(coordinates.shape[1]), torch.tensor(20.0 if bool(lateral.any()) else -20.0)
    low, high = coordinates[~lateral].mean(0), coordinates[lateral].mean(0)
    within = coordinates - torch.where(lateral[:, None], high, low)
    covariance = within.T @ within / len(coordinates) + 1e-3 * torch.eye(coordinates.shape[1])
    direction = torch.linalg.solve(covariance, high - low)
    return direction, -direction @ (low + high) / 2

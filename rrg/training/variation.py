"""The same study taken otherwise: another pose and exposure, one view less. Never mirrored: reports name sides."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from rrg.types import View

TURN, SCALE, SHIFT = math.radians(7), 0.1, 0.08  # largest changes of pose; the shift in halves of the film
GAMMA, GAIN = 0.25, 0.15  # of exposure: exponent exp(+-GAMMA), factor 1 +- GAIN


def vary(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """(B, V, 1, S, S) in [0, 1] -> the same: each study a little turned, scaled and moved, each film exposed otherwise."""
    studies, views = pixels.shape[:2]

    def draw(size: int) -> Tensor:
        return torch.rand(size, generator=generator) * 2 - 1

    angle, scale = draw(studies) * TURN, 1 + draw(studies) * SCALE
    rows = [
        torch.stack([scale * angle.cos(), -scale * angle.sin(), draw(studies) * SHIFT], 1),
        torch.stack([scale * angle.sin(), scale * angle.cos(), draw(studies) * SHIFT], 1),
    ]
    poses = torch.stack(rows, 1).repeat_interleave(views, 0)
    films = pixels.flatten(0, 1)
    films = grid_sample(
        films,
        affine_grid(poses, list(films.shape), align_corners=False),
        padding_mode="border",
        align_corners=False,
    )
    gamma = (draw(len(films)) * GAMMA).exp().view(-1, 1, 1, 1)
    gain = (1 + draw(len(films)) * GAIN).view(-1, 1, 1, 1)
    return (films.clamp(1e-4, 1) ** gamma * gain).clamp(0, 1).view_as(pixels)


def drop_views(views: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """(B, V) -> the same, one view of a `share` of the studies with more than one made absent."""
    views = views.clone()
    chosen = (torch.rand(len(views), generator=generator) < share) & (views != View.ABSENT).all(1)
    which = torch.randint(0, views.shape[1], (len(views),), generator=generator)
    views[chosen, which[chosen]] = int(View.ABSENT)
    return views

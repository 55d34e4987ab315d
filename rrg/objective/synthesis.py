"""Harder negatives made in the embedding space: the inner maximisation. Knows no network, no text and no data set.

z image embedding, u the report embedding of the same study, n that of its mined peer: (B, E) float32 on the unit sphere.
`hardness` is lambda: 1 gives the peer itself, 0 the hardest negative. `arc` is ours; `chord` is the formula of
arXiv:2305.07176, per sample: their results are detached, for they are the auxiliary variables of the minimisation step.
`released` is what the paper's code computes, and gradients pass through it; `rrg.objective.released` alone uses it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

SHORT_OF_POSITIVE = 0.1  # delta: ascent stops at this fraction of the way before the positive
DEGENERATE = 1e-4  # below this |u - (n.u) n| peer and positive span no arc (n = u or n = -u)


@dataclass(frozen=True, eq=False)
class Arc:
    """The great circle from peer to positive. peer, tangent (B, E); span, reach (B,) radians."""

    peer: Tensor
    tangent: Tensor
    span: Tensor  # theta: angle between peer and positive
    reach: Tensor  # phi_max: where ascent of the alignment from the peer ends

    def at(self, angle: Tensor) -> Tensor:
        """Points at `angle` (B,) radians from the peer -> (B, E), unit norm."""
        return normalize(
            torch.cos(angle)[:, None] * self.peer + torch.sin(angle)[:, None] * self.tangent, dim=-1
        )


@torch.no_grad()
def great_circle(z: Tensor, u: Tensor, n: Tensor, delta: float = SHORT_OF_POSITIVE) -> Arc:
    """The arc of every triple, and the angle that maximises cos(z, h) on it, short of the positive."""
    z, u, n = z.float(), u.float(), n.float()
    cosine = (n * u).sum(-1)
    across = u - cosine[:, None] * n
    length = across.norm(dim=-1)
    proper = length > DEGENERATE
    tangent = across / length.clamp(min=DEGENERATE)[:, None]
    span = torch.atan2(length, cosine)
    rise = (z * tangent).sum(-1)
    peak = torch.atan2(rise, (z * n).sum(-1))
    reach = torch.where(proper & (rise > 0), torch.minimum(peak, (1 - delta) * span), torch.zeros_like(span))
    return Arc(n, tangent, span, reach)


@torch.no_grad()
def arc(z: Tensor, u: Tensor, n: Tensor, hardness: float, delta: float = SHORT_OF_POSITIVE) -> Tensor:
    """h at (1 - lambda) of the way to the alignment's maximum: cos(z, h) never falls as lambda falls."""
    circle = great_circle(z, u, n, delta)
    moved = circle.at((1 - hardness) * circle.reach)
    return torch.where((circle.reach > 0)[:, None], moved, circle.peer)


@torch.no_grad()
def chord(z: Tensor, u: Tensor, n: Tensor, hardness: float, delta: float = SHORT_OF_POSITIVE) -> Tensor:
    """Projection of z on the segment from n to u, mixed with n and put back on the sphere. Not monotone in lambda."""
    z, u, n = z.float(), u.float(), n.float()
    along = u - n
    t = ((z - n) * along).sum(-1) / along.square().sum(-1).clamp(min=DEGENERATE**2)
    nearest = n + t.clamp(0, 1 - delta)[:, None] * along
    return normalize(hardness * n + (1 - hardness) * nearest, dim=-1)


def released(z: Tensor, u: Tensor, n: Tensor, hardness: float) -> Tensor:
    """As the released code has it, faults and all: (z-n)(u-n)^T is B x B, so every row mixes in the whole batch;
    divided by |u-n|, not its square; neither clipped nor put back on the sphere."""
    z, u, n = z.float(), u.float(), n.float()
    along = u - n
    mixed = ((z - n) @ along.T) @ along / along.norm(dim=-1, keepdim=True).clamp(min=DEGENERATE)
    return hardness * n + (1 - hardness) * (n + mixed)


SYNTHESES: dict[str, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "arc": arc,
    "chord": chord,
}


def hardness_at(step: int, steps: int, end: float = 0.1, start: float = 1.0) -> float:
    """lambda falls exponentially from `start` at step 0 to `end` at the last step."""
    return float(start * (end / start) ** (step / max(steps - 1, 1)))


def hardness_of_epoch(epoch: int, decay: float = 0.01) -> float:
    """lambda of `released`: exp(-decay * epoch) with epochs counted from 1, so that it never is the peer alone."""
    return float(math.exp(-decay * epoch))

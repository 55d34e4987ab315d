"""Predicted findings as further tokens beside the patches, so that the decoder need not find them in pixels again.

Knows no text: a finding is a number here, its name lives in the configuration. The predictor is linear, on the image
network's own pooled features, fitted before training (`rrg.training.prompting`) and then held fixed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rrg.types import View

KINDS = 2  # frontal and lateral features, side by side


class FindingPrompt(nn.Module):
    """`features` F of the image network, `count` findings K, tokens of `width` D."""

    centre: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, features: int, count: int, width: int) -> None:
        super().__init__()
        for name, shape in (("centre", (KINDS * features,)), ("spread", (KINDS * features,))):
            self.register_buffer(name, torch.zeros(shape))
        self.register_buffer("weight", torch.zeros(count, KINDS * features))
        self.register_buffer("bias", torch.zeros(count))
        self.present = nn.Embedding(count, width)
        self.absent = nn.Embedding(count, width)

    def strengths(self, backbone: Tensor, views: Tensor) -> Tensor:
        """backbone (B, V, F), views (B, V) -> (B, K) in [0, 1]; one half is the bar at which a finding is called."""
        joined, known = join_views(backbone, views)
        standard = (joined - self.centre) / self.spread.clamp(min=1e-6) * known
        return torch.sigmoid(standard @ self.weight.T + self.bias)

    def forward(self, strengths: Tensor) -> Tensor:
        """(B, K) -> tokens (B, K, D), between each finding's two embeddings, on the scale of the patches.

        Without that scale the decoder hardly sees them: embeddings start a sixteenth as long as patches are.
        """
        share = strengths[..., None]
        between = share * self.present.weight + (1 - share) * self.absent.weight
        return nn.functional.layer_norm(between, between.shape[-1:])


def join_views(backbone: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """(B, V, F), (B, V) -> frontal and lateral means (B, 2 F), and (B, 2 F) that is 1 where there is such a view."""
    lateral = views == View.LATERAL
    joined, known = [], []
    for kind in ((views != View.ABSENT) & ~lateral, lateral):
        weight = kind[..., None].to(backbone.dtype)
        joined.append((backbone * weight).sum(1) / weight.sum(1).clamp(min=1))
        known.append((weight.sum(1) > 0).to(backbone.dtype).expand_as(joined[-1]))
    return torch.cat(joined, -1), torch.cat(known, -1)

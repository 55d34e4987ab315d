"""The seam between the method and any report generator. Knows no architecture, no text and no loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rrg.types import Report


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the image encoder saw, paid for once. All else (generation, retrieval, saliency) takes this value.

    patches (B, P, D) float32; mask (B, P) bool, True where a patch belongs to a view that is present;
    pooled (B, D) float32, the mean over real patches; backbone (B, V, F) float32, the image network's own pooled
    features per view (zeros where absent), used only to tell what kind of picture it is.
    """

    patches: Tensor
    mask: Tensor
    pooled: Tensor
    backbone: Tensor

    def __len__(self) -> int:
        return self.patches.shape[0]

    def __getitem__(self, index: slice | Tensor) -> Encoded:
        """Some of the batch: a slice, e.g. `encoded[3:4]`, or row numbers (R,)."""
        return Encoded(self.patches[index], self.mask[index], self.pooled[index], self.backbone[index])

    def expand(self, times: int) -> Encoded:
        """The same study `times` times over, in a row (B = 1 before)."""
        return Encoded(
            *(t.expand(times, *t.shape[1:]) for t in (self.patches, self.mask, self.pooled, self.backbone))
        )


class AlignmentHeads(nn.Module):
    """Two linear maps onto the unit sphere and a temperature: all that alignment adds to a generator.

    Baseline and hard-negative models both own them; plain generation uses neither.
    """

    MAX_LOGIT_SCALE = 4.6052  # exp = 100, the clamp of CLIP (arXiv:2103.00020, section 2.5)

    def __init__(
        self,
        width: int,
        embedding: int,
        initial_temperature: float = 0.07,
        image_width: int | None = None,  # of pooled image features, where it is not the decoder's
    ) -> None:
        super().__init__()
        self.image = nn.Linear(image_width or width, embedding, bias=False)
        self.report = nn.Linear(width, embedding, bias=False)
        self.initial_temperature = initial_temperature
        self.logit_scale = nn.Parameter(torch.empty(()))
        self.reset()

    def reset(self) -> None:
        """Start anew: unit-variance directions, the given temperature."""
        for linear in (self.image, self.report):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5)
        nn.init.constant_(self.logit_scale, -math.log(self.initial_temperature))

    def embed_image(self, pooled: Tensor) -> Tensor:
        """(B, D) -> (B, E), float32, unit norm."""
        return nn.functional.normalize(self.image(pooled).float(), dim=-1)

    def embed_report(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, E), float32, unit norm."""
        return nn.functional.normalize(self.report(features).float(), dim=-1)

    def scale(self) -> Tensor:
        """Inverse temperature, clamped to [1, 100]."""
        return self.logit_scale.clamp(0.0, self.MAX_LOGIT_SCALE).exp()


@runtime_checkable
class ReportGenerator(Protocol):
    """What reading a film needs."""

    def encode(self, pixels: Tensor, views: Tensor) -> Encoded:
        """pixels (B, V, 1, H, W) float32 in [0, 1]; views (B, V) int64 of `View`, ABSENT where there is no image."""
        ...

    def generate_reports(self, encoded: Encoded, **decoding: Any) -> list[Report]:
        """One report per study. `decoding` goes to `transformers`' `generate`; the default is greedy."""
        ...


@runtime_checkable
class TrainableGenerator(ReportGenerator, Protocol):
    """What the objective needs beside that, and no more."""

    heads: AlignmentHeads

    def report_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """tokens (B, T) int64, mask (B, T) bool -> (B, D): the text alone, mean over real tokens."""
        ...

    def report_logits(self, encoded: Encoded, tokens: Tensor, mask: Tensor) -> Tensor:
        """Teacher forcing: tokens (B, T) starting with BOS -> logits (B, T, V); position t predicts token t + 1."""
        ...


@runtime_checkable
class SeeingReader(TrainableGenerator, Protocol):
    """An extra that no objective but `rrg.objective.released` asks for."""

    def report_states(self, tokens: Tensor, mask: Tensor, encoded: Encoded | None = None) -> Tensor:
        """tokens, mask (B, T) -> decoder states (B, T, D), read with the image in sight where one is given."""
        ...

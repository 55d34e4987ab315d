"""One training step's losses, from tensors and the protocol alone. Not a line of it knows a family of generators.

The ladder is a matter of settings: `detach` stops the alignment at the heads (the fair baseline), `peers` adds mined
reports to the contrast, `synthesis` adds the increasingly hard ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from rrg.models.protocol import Encoded, TrainableGenerator
from rrg.objective.losses import Negatives, alignment_loss, report_loss
from rrg.objective.synthesis import SYNTHESES

Gather = Callable[
    [Tensor], Tensor
]  # joins a (B, ...) tensor of every process along the first axis, with gradients


@dataclass(frozen=True)
class ObjectiveSettings:
    """Weights and switches of L = report * L_report + alignment * L_align."""

    report: float = 1.0
    alignment: float = 1.0
    detach: bool = False  # the generator learns nothing from the alignment
    peers: bool = False
    synthesis: str | None = None  # "arc", "chord" or None: mined peers only
    lambda_end: float = 0.1
    label_smoothing: float = 0.0


@dataclass(frozen=True, eq=False)
class Batch:
    """Anchors and the texts of their peers. views (B, V); tokens, mask (B, T); text (B,) numbers of normalised texts.

    Either pixels (B, V, 1, S, S) or kept features (B, V, G*G, F). peer_valid is False where a study has no peer.
    """

    views: Tensor
    tokens: Tensor
    mask: Tensor
    text: Tensor
    pixels: Tensor | None = None
    features: Tensor | None = None
    peer_tokens: Tensor | None = None
    peer_mask: Tensor | None = None
    peer_text: Tensor | None = None
    peer_valid: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        moved: dict[str, Any] = {k: v if v is None else v.to(device) for k, v in vars(self).items()}
        return Batch(**moved)


def identity(tensor: Tensor) -> Tensor:
    return tensor


class GenerationTask(nn.Module):
    """Wraps a generator so that one call gives all losses (and so that several processes can share gradients)."""

    def __init__(
        self,
        model: nn.Module,
        settings: ObjectiveSettings,
        unknown: int,
        gather: Gather = identity,
        processes: int = 1,
    ) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.unknown = unknown
        self.gather = gather
        self.processes = processes

    def forward(self, batch: Batch, hardness: float) -> dict[str, Tensor]:
        """-> named terms, each (), and their weighted sum under "loss"."""
        model = cast(TrainableGenerator, self.model)
        encoded = _encode(model, batch)
        terms = {
            "report": self._report_term(model, encoded, batch),
            "alignment": self._alignment_term(model, encoded, batch, hardness),
        }
        terms["loss"] = self.settings.report * terms["report"] + self.settings.alignment * terms["alignment"]
        return terms

    def _report_term(self, model: TrainableGenerator, encoded: Encoded, batch: Batch) -> Tensor:
        """Mean over the tokens of all processes; gradients are averaged over processes, hence the factor."""
        logits = model.report_logits(encoded, batch.tokens, batch.mask)
        total, count = report_loss(
            logits, batch.tokens, batch.mask, self.unknown, self.settings.label_smoothing
        )
        everywhere = self.gather(count[None].float()).sum().detach()
        return total * self.processes / everywhere.clamp(min=1)

    def _alignment_term(
        self, model: TrainableGenerator, encoded: Encoded, batch: Batch, hardness: float
    ) -> Tensor:
        features = self._report_features(model, batch)
        pooled = encoded.pooled.detach() if self.settings.detach else encoded.pooled
        z = self.gather(model.heads.embed_image(pooled))
        reports = model.heads.embed_report(features)
        u = self.gather(reports[: len(batch.tokens)])
        negatives = self._negatives(z, u, reports[len(batch.tokens) :], batch, hardness)
        return alignment_loss(z, u, model.heads.scale(), self.gather(batch.text), negatives)

    def _report_features(self, model: TrainableGenerator, batch: Batch) -> Tensor:
        """Anchors, then peers, in one pass of the decoder without images."""
        tokens, mask = batch.tokens, batch.mask
        if self.settings.peers:
            assert batch.peer_tokens is not None
            assert batch.peer_mask is not None
            tokens, mask = _stack(tokens, batch.peer_tokens), _stack(mask, batch.peer_mask)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.settings.detach):
            return model.report_features(tokens, mask)

    def _negatives(
        self, z: Tensor, u: Tensor, peers: Tensor, batch: Batch, hardness: float
    ) -> Negatives | None:
        if not self.settings.peers:
            return None
        assert batch.peer_text is not None
        assert batch.peer_valid is not None
        n = self.gather(peers)
        h = None
        if self.settings.synthesis is not None:
            h = SYNTHESES[self.settings.synthesis](z.detach(), u.detach(), n.detach(), hardness)
        return Negatives(n, self.gather(batch.peer_text), self.gather(batch.peer_valid), h)


def _encode(model: Any, batch: Batch) -> Encoded:
    """Kept features only where the generator offers to take them; otherwise the protocol's own call."""
    if batch.features is not None:
        encoded: Encoded = model.encode(None, batch.views, batch.features)
    else:
        encoded = model.encode(batch.pixels, batch.views)
    return encoded


def _stack(first: Tensor, second: Tensor) -> Tensor:
    """Rows of both, padded with zeros to one length."""
    length = max(first.shape[1], second.shape[1])
    return torch.cat([pad(t, (0, length - t.shape[1])) for t in (first, second)])

"""One training step's losses, from tensors and the protocol alone. Not a line of it knows a family of generators.

The ladder is a matter of settings: `detach` stops the alignment at the heads (the fair baseline), `peers` adds mined
reports to the contrast, `synthesis` adds the increasingly hard ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from rrg.models.protocol import Encoded, TrainableGenerator
from rrg.objective.lengths import by_length, cut, row_by_row
from rrg.objective.losses import (
    Negatives,
    OwnNegative,
    Peers,
    alignment_loss,
    margin_loss,
    mean_likelihood,
    report_loss,
)
from rrg.objective.synthesis import SYNTHESES

Gather = Callable[
    [Tensor], Tensor
]  # joins a (B, ...) tensor of every process along the first axis, with gradients


@dataclass(frozen=True)
class ObjectiveSettings:
    """Weights and switches of L = report * L_report + alignment * L_align."""

    report: float = 1.0
    alignment: float = 1.0
    margin: float = 0.0  # weight of the likelihood margin over the peer
    repulsion: float = (
        0.0  # weight of |cos(z, z')|, the images of a study and its peer; `ReleasedTask` alone has it
    )
    detach: bool = False  # the generator learns nothing from the alignment
    peers: bool = False
    synthesis: str | None = None  # "arc", "chord" or None: mined peers only; "released" is for `ReleasedTask`
    synthesis_weight: float = 1.0  # reports of the softmax that the synthesised negative counts as
    lambda_start: float = 1.0
    lambda_end: float = 0.1
    flips: bool = False  # counterfactual reports (one fact flipped) are further negatives
    label_smoothing: float = 0.0


@dataclass(frozen=True, eq=False)
class Batch:
    """Anchors and the texts of their peers. views (B, V); tokens, mask (B, T); text (B,), equal for what counts as the same.

    Either pixels (B, V, 1, S, S) or kept features (B, V, G*G, F). peer_valid is False where a study has no peer, flip_valid
    where no fact of its report can be flipped. weight (B,) is each report's share in L_report; strengths (B, K) are
    predicted findings that stand in for the encoder's own. seen_peers are the peers as a batch of anchors, images and all,
    which the released objective alone asks for.
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
    flip_tokens: Tensor | None = None
    flip_mask: Tensor | None = None
    flip_valid: Tensor | None = None
    weight: Tensor | None = None
    strengths: Tensor | None = None
    seen_peers: Batch | None = None

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
        encoded = encode(model, batch)
        terms = {
            "report": self._report_term(model, encoded, batch),
            "alignment": self._alignment_term(model, encoded, batch, hardness),
        }
        if self.settings.margin:
            terms["margin"] = self._margin_term(model, encoded, batch)
        weights = vars(self.settings)
        terms["loss"] = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
        return terms

    def _report_term(self, model: TrainableGenerator, encoded: Encoded, batch: Batch) -> Tensor:
        """Mean over the tokens of all processes."""
        sums = [self._report_sums(model, encoded, batch, rows) for rows in by_length(batch.mask)]
        total, count = (torch.stack(each).sum() for each in zip(*sums, strict=True))
        return self._mean_everywhere(total, count)

    def _mean_everywhere(self, total: Tensor, count: Tensor) -> Tensor:
        """A sum over what all processes count; gradients are averaged over processes, hence the factor."""
        everywhere = self.gather(count[None].float()).sum().detach()
        return total * self.processes / everywhere.clamp(min=1)

    def _report_sums(
        self, model: TrainableGenerator, encoded: Encoded, batch: Batch, rows: Tensor
    ) -> tuple[Tensor, Tensor]:
        tokens, mask = cut(rows, batch.tokens, batch.mask)
        logits = model.report_logits(encoded[rows], tokens, mask)
        weight = None if batch.weight is None else batch.weight[rows]
        return report_loss(logits, tokens, mask, self.unknown, self.settings.label_smoothing, weight)

    def _alignment_term(
        self, model: TrainableGenerator, encoded: Encoded, batch: Batch, hardness: float
    ) -> Tensor:
        parts = self._report_features(model, batch)
        pooled = encoded.pooled.detach() if self.settings.detach else encoded.pooled
        z = self.gather(model.heads.embed_image(pooled))
        embedded = {name: self.gather(model.heads.embed_report(part)) for name, part in parts.items()}
        u = embedded["anchor"]
        negatives = self._negatives(z, u, embedded, batch, hardness)
        return alignment_loss(z, u, model.heads.scale(), self.gather(batch.text), negatives)

    def _report_features(self, model: TrainableGenerator, batch: Batch) -> dict[str, Tensor]:
        """Anchors, and peers and flipped reports where they are wanted, in one pass of the decoder without images."""
        texts = {"anchor": (batch.tokens, batch.mask)}
        if self.settings.peers:
            texts["peer"] = (given(batch.peer_tokens), given(batch.peer_mask))
        if self.settings.flips:
            texts["flip"] = (given(batch.flip_tokens), given(batch.flip_mask))
        tokens, mask = (_stack(each) for each in zip(*texts.values(), strict=True))
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.settings.detach):
            features = row_by_row(model.report_features, tokens, mask)
        return dict(zip(texts, features.split(len(batch.tokens)), strict=True))

    def _negatives(
        self, z: Tensor, u: Tensor, embedded: dict[str, Tensor], batch: Batch, hardness: float
    ) -> Negatives:
        """What the batch offers beside its own reports."""
        shared, own = None, []
        if self.settings.peers:
            n, valid = embedded["peer"], self.gather(given(batch.peer_valid))
            shared = Peers(n, self.gather(given(batch.peer_text)), valid)
            if self.settings.synthesis is not None:
                h = SYNTHESES[self.settings.synthesis](z.detach(), u.detach(), n.detach(), hardness)
                # The auxiliary variable of the min step.
                own.append(OwnNegative(h.detach(), valid, self.settings.synthesis_weight))
        if self.settings.flips:
            own.append(OwnNegative(embedded["flip"], self.gather(given(batch.flip_valid))))
        return Negatives(shared, tuple(own))

    def _margin_term(self, model: TrainableGenerator, encoded: Encoded, batch: Batch) -> Tensor:
        """The generator must find its own report likelier than the peer's, token for token, by `LIKELIER` nats."""
        own = mean_likelihood(
            model.report_logits(encoded, batch.tokens, batch.mask), batch.tokens, batch.mask
        )
        tokens, mask = given(batch.peer_tokens), given(batch.peer_mask)
        peer = mean_likelihood(model.report_logits(encoded, tokens, mask), tokens, mask)
        return self._mean_everywhere(*margin_loss(own, peer, given(batch.peer_valid)))


def encode(model: Any, batch: Batch) -> Encoded:
    """Kept features only where the generator offers to take them; otherwise the protocol's own call."""
    if batch.features is not None:
        encoded: Encoded = model.encode(None, batch.views, batch.features, batch.strengths)
    else:
        encoded = model.encode(batch.pixels, batch.views)
    return encoded


def _stack(parts: Sequence[Tensor]) -> Tensor:
    """Rows of all, padded with zeros to one length."""
    length = max(part.shape[1] for part in parts)
    return torch.cat([pad(part, (0, length - part.shape[1])) for part in parts])


def given(tensor: Tensor | None) -> Tensor:
    """A part that the settings ask for; AssertionError where the batch lacks it."""
    assert tensor is not None, "the settings ask for negatives that the batch does not hold"
    return tensor

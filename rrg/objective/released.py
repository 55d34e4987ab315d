"""The objective as the code released with arXiv:2305.07176 computes it, for fidelity; ours is `rrg.objective.task`.

Knows no family. Its faults are kept on purpose. Reports are embedded while the decoder looks at the image, so the alignment
can be had without reading the text. Padding enters the mean. Similarities of unrelated pairs are summed before the
softmax, and the hard term is a margin on the diagonal alone, with a temperature of its own that can switch it off. Nothing
is detached: the negative is no auxiliary variable. |cos(z, z')| repels the images of a study and its peer, whose reports
may agree. The synthesis mixes the batch. Not kept: that code mirrors images, although reports name sides.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rrg.models.protocol import AlignmentHeads, Encoded, SeeingReader
from rrg.objective.losses import report_loss
from rrg.objective.synthesis import released
from rrg.objective.task import Batch, ObjectiveSettings, encode


class HardTemperature(nn.Module):
    """The hard term's own, learned and never clamped; it starts where the heads' starts. It is no part of a checkpoint."""

    def __init__(self, heads: AlignmentHeads) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(heads.logit_scale.detach().clone())

    def scale(self) -> Tensor:
        return self.logit_scale.exp()


class ReleasedTask(nn.Module):
    """As `GenerationTask`, one call gives named terms and their sum; a batch must hold `seen_peers`.

    One process alone: it has no notion of several. A study without a peer stands in as its own.
    """

    def __init__(self, model: nn.Module, settings: ObjectiveSettings, unknown: int) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.unknown = unknown
        self.hard = HardTemperature(cast(SeeingReader, model).heads)

    def forward(self, batch: Batch, hardness: float) -> dict[str, Tensor]:
        """hardness: lambda of the synthesis -> terms, each (), and their weighted sum under "loss"."""
        assert batch.seen_peers is not None, "the released objective needs the peers' images"
        model, peers = cast(SeeingReader, self.model), batch.seen_peers
        anchor, other = encode(model, batch), encode(model, peers)
        z, z_peer = (model.heads.embed_image(each.pooled) for each in (anchor, other))
        u, n = _embed(model, batch, anchor), _embed(model, peers, other)
        logits = model.report_logits(anchor, batch.tokens, batch.mask)
        total, count = report_loss(logits, batch.tokens, batch.mask, self.unknown, weight=batch.weight)
        terms = {
            "report": total / count.clamp(min=1),
            "alignment": released_alignment(
                z, u, z_peer, n, model.heads.scale(), self.hard.scale(), hardness
            ),
            "repulsion": (z * z_peer).sum(-1).abs().mean(),
        }
        weights = vars(self.settings)
        terms["loss"] = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
        return terms


def _embed(model: SeeingReader, batch: Batch, seen: Encoded) -> Tensor:
    """(B, E): the mean over all positions, padding too, of a decoder that looks at the image."""
    return model.heads.embed_report(model.report_states(batch.tokens, batch.mask, seen).mean(1))


def released_alignment(
    z: Tensor, u: Tensor, z_peer: Tensor, n: Tensor, scale: Tensor, hard_scale: Tensor, hardness: float
) -> Tensor:
    """Symmetric cross-entropy of (t1 Z U' + t1 Z' N' - t3 diag(z_i . h_i)) / 3 -> (). z, u, z_peer, n (B, E)."""
    with torch.autocast(z.device.type, enabled=False):
        hard = torch.diag((z * released(z, u, n, hardness)).sum(-1))
        logits = (scale * z @ u.T + scale * z_peer @ n.T - hard_scale * hard) / 3
        target = torch.arange(len(z), device=z.device)
        return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2

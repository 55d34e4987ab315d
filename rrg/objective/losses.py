"""Contrast and likelihood as pure functions of tensors. Knows no network and no text.

All embeddings (B, E) float32, unit norm; `scale` is the inverse temperature, shape ().
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

IGNORED = -100  # label of a position that carries no loss
NEVER = torch.finfo(torch.float32).min


@dataclass(frozen=True, eq=False)
class Negatives:
    """What the peers add. peers, synthesised (B, E); text (B,) int64; valid (B,) bool, False where a study has no peer."""

    peers: Tensor
    text: Tensor
    valid: Tensor
    synthesised: Tensor | None = None


def alignment_loss(
    z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives | None = None
) -> Tensor:
    """Symmetric InfoNCE between images and reports -> ().

    text (B,) int64 numbers the normalised texts: equal numbers are never pushed apart. With `negatives` the
    image-to-report softmax has the batch's peers as further columns, and for row i its own synthesised negative.
    """
    with torch.autocast(
        z.device.type, enabled=False
    ):  # half precision would round the temperature's work away
        return _symmetric(z.float(), u.float(), scale.float(), text, negatives)


def _symmetric(z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives | None) -> Tensor:
    target = torch.arange(len(z), device=z.device)
    twins = (text[:, None] == text[None, :]) & (target[:, None] != target[None, :])
    logits = scale * z @ u.T
    to_report = logits.masked_fill(twins, NEVER)
    if negatives is not None:
        to_report = torch.cat([to_report, *_further_columns(z, scale, text, negatives)], dim=1)
    to_image = logits.T.masked_fill(twins, NEVER)
    return (cross_entropy(to_report, target) + cross_entropy(to_image, target)) / 2


def _further_columns(z: Tensor, scale: Tensor, text: Tensor, negatives: Negatives) -> list[Tensor]:
    own_text = (text[:, None] == negatives.text[None, :]) | ~negatives.valid[None, :]
    columns = [(scale * z @ negatives.peers.T).masked_fill(own_text, NEVER)]
    if negatives.synthesised is not None:
        own = scale * (z * negatives.synthesised.detach()).sum(-1, keepdim=True)
        columns.append(own.masked_fill(~negatives.valid[:, None], NEVER))
    return columns


def alignment_loss_slow(
    z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives | None = None
) -> Tensor:
    """The reference for `alignment_loss`: one study, one candidate at a time."""
    total = z.new_zeros(())
    for i in range(len(z)):
        reports = [scale * z[i] @ u[j] for j in range(len(u)) if j == i or text[j] != text[i]]
        images = [scale * u[i] @ z[j] for j in range(len(z)) if j == i or text[j] != text[i]]
        if negatives is not None:
            reports += [
                scale * z[i] @ negatives.peers[j]
                for j in range(len(negatives.peers))
                if negatives.valid[j] and negatives.text[j] != text[i]
            ]
            if negatives.synthesised is not None and negatives.valid[i]:
                reports.append(scale * z[i] @ negatives.synthesised[i].detach())
        own = scale * z[i] @ u[i]
        total = (
            total
            + (torch.stack(reports).logsumexp(0) - own) / 2
            + (torch.stack(images).logsumexp(0) - own) / 2
        )
    return total / len(z)


def report_loss(
    logits: Tensor, tokens: Tensor, mask: Tensor, unknown: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Token cross-entropy of teacher forcing -> its sum (nats) and the number of tokens it covers.

    logits (B, T, V), tokens (B, T), mask (B, T); position t predicts token t + 1. Unknown words carry no loss:
    nobody is taught to write a gap.
    """
    target = tokens[:, 1:].masked_fill(~mask[:, 1:] | (tokens[:, 1:] == unknown), IGNORED)
    total = cross_entropy(
        logits[:, :-1].flatten(0, 1).float(),
        target.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
        label_smoothing=smoothing,
    )
    return total, (target != IGNORED).sum()

"""Contrast and likelihood as pure functions of tensors. Knows no network and no text.

All embeddings (B, E) float32, unit norm; `scale` is the inverse temperature, shape ().
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

LIKELIER = 0.5  # nats a token by which a report must beat its peer's
IGNORED = -100  # label of a position that carries no loss
NEVER = torch.finfo(torch.float32).min


@dataclass(frozen=True, eq=False)
class Peers:
    """Mined reports that every image of the batch is told from. report (B, E); text (B,) int64; valid (B,) bool, False
    where a study has no peer."""

    report: Tensor
    text: Tensor
    valid: Tensor


@dataclass(frozen=True, eq=False)
class OwnNegative:
    """A negative of one study alone: row i is told from `report[i]`. report (B, E); valid (B,) bool.

    It counts as `weight` reports in the softmax (as hard negatives do in arXiv:2010.04592).
    """

    report: Tensor
    valid: Tensor
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Negatives:
    """What is contrasted beside the batch's own reports: peers for all rows, and negatives that belong to one row."""

    peers: Peers | None = None
    own: tuple[OwnNegative, ...] = ()


NONE = Negatives()


def alignment_loss(z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives = NONE) -> Tensor:
    """Symmetric InfoNCE between images and reports -> ().

    text (B,) int64 is equal for reports that count as the same, which are never pushed apart. With `negatives` the
    image-to-report softmax has the batch's peers as further columns, and for row i the negatives of its own.
    """
    with torch.autocast(
        z.device.type, enabled=False
    ):  # half precision would round the temperature's work away
        return _symmetric(z.float(), u.float(), scale.float(), text, negatives)


def _symmetric(z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives) -> Tensor:
    target = torch.arange(len(z), device=z.device)
    twins = (text[:, None] == text[None, :]) & (target[:, None] != target[None, :])
    logits = scale * z @ u.T
    to_report = logits.masked_fill(twins, NEVER)
    to_report = torch.cat([to_report, *_further_columns(z, scale, text, negatives)], dim=1)
    to_image = logits.T.masked_fill(twins, NEVER)
    return (cross_entropy(to_report, target) + cross_entropy(to_image, target)) / 2


def _further_columns(z: Tensor, scale: Tensor, text: Tensor, negatives: Negatives) -> list[Tensor]:
    columns = []
    if negatives.peers is not None:
        peers = negatives.peers
        unfit = (text[:, None] == peers.text[None, :]) | ~peers.valid[None, :]
        columns.append((scale * z @ peers.report.T).masked_fill(unfit, NEVER))
    for own in negatives.own:
        logit = scale * (z * own.report).sum(-1, keepdim=True) + math.log(own.weight)
        columns.append(logit.masked_fill(~own.valid[:, None], NEVER))
    return columns


def alignment_loss_slow(
    z: Tensor, u: Tensor, scale: Tensor, text: Tensor, negatives: Negatives = NONE
) -> Tensor:
    """The reference for `alignment_loss`: one study, one candidate at a time."""
    total = z.new_zeros(())
    for i in range(len(z)):
        reports = [scale * z[i] @ u[j] for j in range(len(u)) if j == i or text[j] != text[i]]
        images = [scale * u[i] @ z[j] for j in range(len(z)) if j == i or text[j] != text[i]]
        if negatives.peers is not None:
            reports += [
                scale * z[i] @ negatives.peers.report[j]
                for j in range(len(negatives.peers.report))
                if negatives.peers.valid[j] and negatives.peers.text[j] != text[i]
            ]
        reports += [
            scale * z[i] @ own.report[i] + math.log(own.weight) for own in negatives.own if own.valid[i]
        ]
        own = scale * z[i] @ u[i]
        total = (
            total
            + (torch.stack(reports).logsumexp(0) - own) / 2
            + (torch.stack(images).logsumexp(0) - own) / 2
        )
    return total / len(z)


def report_loss(
    logits: Tensor,
    tokens: Tensor,
    mask: Tensor,
    unknown: int,
    smoothing: float = 0.0,
    weight: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Token cross-entropy of teacher forcing -> its sum (nats) and the number of tokens it covers.

    With `weight` (B,), each report's tokens count that many times in both.

    logits (B, T, V), tokens (B, T), mask (B, T); position t predicts token t + 1. Unknown words carry no loss:
    nobody is taught to write a gap.
    """
    target = tokens[:, 1:].masked_fill(~mask[:, 1:] | (tokens[:, 1:] == unknown), IGNORED)
    each = cross_entropy(
        logits[:, :-1].flatten(0, 1).float(),
        target.flatten(),
        ignore_index=IGNORED,
        reduction="none",
        label_smoothing=smoothing,
    ).view(target.shape)
    share = (target != IGNORED) * (1.0 if weight is None else weight[:, None])
    return (each * share).sum(), share.sum()


def mean_likelihood(logits: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """(B, T, V), (B, T), (B, T) -> (B,): mean log-probability of each report's tokens, in nats."""
    chosen = logits[:, :-1].float().log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)
    real = mask[:, 1:]
    return (chosen * real).sum(1) / real.sum(1).clamp(min=1)


def margin_loss(
    own: Tensor, other: Tensor, valid: Tensor, margin: float = LIKELIER
) -> tuple[Tensor, Tensor]:
    """(B,) likelihoods of the true and of another report -> the sum of the valid rows' hinges and their number."""
    hinge = (margin - own + other).clamp(min=0) * valid
    return hinge.sum(), valid.sum()

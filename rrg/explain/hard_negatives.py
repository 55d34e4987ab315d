"""A path of synthesised negatives made readable: the mined peer, the arc to the positive, the reports near
it and sentences of both.

Knows nothing of training and draws nothing. The peer is chosen by the rule of training
(`rrg.objective.mining`) where the texts of the gallery are at hand, so that all models share it; else by
the model's own report embedding. Everything here is synthetic and false by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rrg.data.findings import decode_findings, differing_fact, label_report
from rrg.explain.recombination import recombine
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded
from rrg.objective.mining import PeerIndex
from rrg.objective.synthesis import Arc, great_circle
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.texts import TextSource
from rrg.types import Finding, HardNegative, HardNegatives, Neighbour, RrgError

HARDNESS = (1.0, 0.75, 0.5, 0.25, 0.0)  # lambda, from the mined peer to the hardest
NOBODY = "\0"  # a patient that no study has


@dataclass(frozen=True)
class _Excluded:
    study: str | None
    patient: str | None


def hard_negatives(
    checkpoint: Checkpoint,
    gallery: Gallery,
    texts: TextSource,
    encoded: Encoded,
    positive_text: str,
    hardness_grid: Sequence[float] = HARDNESS,
    exclude_study: str | None = None,
    exclude_patient: str | None = None,
    readable: bool = True,
) -> HardNegatives | None:
    """The negatives of one study (`encoded` with B = 1) whose true report is taken to be `positive_text`.

    `hardness_grid` holds lambdas in [0, 1]; the path comes by falling lambda. With `readable` every point is put
    into sentences of peer and positive (`recombination`), where the peer's text is at hand. None where the gallery has no
    report that differs from the positive in a finding. RrgError on an empty positive or a lambda out of
    range.
    """
    if not positive_text.strip():
        raise RrgError("The positive report is empty; give the text that stands for the truth.")
    if any(not 0 <= hardness <= 1 for hardness in hardness_grid):
        raise RrgError(f"lambda must lie in [0, 1]; got {list(hardness_grid)}")
    excluded = _Excluded(exclude_study, exclude_patient)
    positive = checkpoint.embed_reports([positive_text])
    found = _peer(gallery, texts, positive_text, _array(positive), excluded)
    if found is None:
        return None
    peer, reason = found
    image = checkpoint.embed_images(encoded)
    mined = torch.from_numpy(gallery.report[peer.index])[None]
    circle = great_circle(image, positive, mined)
    peer = texts.resolve([peer])[0]
    grid = sorted(set(hardness_grid), reverse=True)
    path = tuple(_point(gallery, texts, circle, image, hardness, excluded) for hardness in grid)
    if readable and peer.text and grid:
        points = circle.at((1 - torch.tensor(grid)) * circle.reach)
        told = recombine(checkpoint.embed_reports, points, image, peer.text, positive_text)
        path = tuple(replace(point, readable=each) for point, each in zip(path, told, strict=True))
    return HardNegatives(
        positive_alignment=_cosine(image, positive),
        peer_alignment=_cosine(image, mined),
        span=float(circle.span[0]),
        reach=float(circle.reach[0]),
        peer=peer,
        reason=reason,
        path=path,
    )


def _point(
    gallery: Gallery, texts: TextSource, circle: Arc, image: Tensor, hardness: float, excluded: _Excluded
) -> HardNegative:
    angle = (1 - hardness) * circle.reach
    negative = circle.at(angle)
    nearest = gallery.search(_array(negative), 1, excluded.study, excluded.patient)
    return HardNegative(hardness, _cosine(image, negative), float(angle[0]), texts.resolve(nearest)[0])


def _peer(
    gallery: Gallery, texts: TextSource, text: str, positive: NDArray[np.float32], excluded: _Excluded
) -> tuple[Neighbour, str] | None:
    """The closest true negative of the positive, its similarity in the model's space, and how it differs."""
    findings = label_report(text)
    index, rows = peer_index(gallery, texts)
    patient = excluded.patient or _patient_of(gallery, excluded.study)
    if index is None:
        return _peer_by_embedding(gallery, positive, findings, _Excluded(excluded.study, patient))
    peer = index.nearest(text, patient, findings)
    if peer is None:
        return None
    row = rows[peer.index]
    return gallery.neighbour(row, float(gallery.cosines(positive)[row]), 1), peer.reason


def _peer_by_embedding(
    gallery: Gallery, positive: NDArray[np.float32], findings: Sequence[Finding], excluded: _Excluded
) -> tuple[Neighbour, str] | None:
    for candidate in gallery.search(positive, len(gallery), excluded.study, excluded.patient):
        reason = differing_fact(findings, decode_findings(gallery.findings[candidate.index]))
        if reason is not None:
            return candidate, reason
    return None


def _patient_of(gallery: Gallery, study: str | None) -> str:
    return gallery.patients[gallery.study_ids.index(study)] if study in gallery.study_ids else NOBODY


def peer_index(gallery: Gallery, texts: TextSource) -> tuple[PeerIndex | None, tuple[int, ...]]:
    """Mining over the gallery reports whose text is at hand, and their rows; None where there is no text."""
    return _peer_index(gallery.study_ids, gallery.uids, gallery.patients, gallery.findings, texts)


@lru_cache(maxsize=4)
def _peer_index(
    study_ids: tuple[str, ...],
    uids: tuple[str, ...],
    patients: tuple[str, ...],
    coded: tuple[str, ...],
    texts: TextSource,
) -> tuple[PeerIndex | None, tuple[int, ...]]:
    """Built once for one set of studies (some 0.3 s for 2,000), which all models of a collection share."""
    pairs = [(row, texts.text(*ids)) for row, ids in enumerate(zip(study_ids, uids, strict=True))]
    known = [(row, text) for row, text in pairs if text]
    rows = tuple(row for row, _ in known)
    if not rows:
        return None, ()
    findings = [decode_findings(coded[row]) for row in rows]
    return PeerIndex([text for _, text in known], [patients[row] for row in rows], findings), rows


def _array(row: Tensor) -> NDArray[np.float32]:
    """(1, E) -> (E,)."""
    values: NDArray[np.float32] = row[0].detach().float().cpu().numpy()
    return values


def _cosine(a: Tensor, b: Tensor) -> float:
    return float((a.float() * b.float()).sum())

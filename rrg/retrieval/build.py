"""From a data folder's studies to a checkpoint's gallery. Knows no search and stores no text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from rrg.data.batch import load_images
from rrg.data.findings import encode_findings, label_report
from rrg.data.preprocess import to_pixels
from rrg.models.checkpoint import Checkpoint
from rrg.retrieval.gallery import Gallery
from rrg.types import RrgError, Study

BATCH = 16


def build_gallery(checkpoint: Checkpoint, studies: Sequence[Study], *, progress: bool = False) -> Gallery:
    """Embed images and reports of `studies` (one split). Studies without report or with broken images are
    left out.

    The broken ones are named in one warning of the logger "rrg.data". RrgError where nothing is left.
    """
    told = [study for study in studies if study.report.strip()]
    if not told:
        raise RrgError(f"none of the {len(studies)} studies has a report; a gallery is made of reports")
    images = load_images(told, checkpoint.preprocessing, None, progress)
    reports, films = [], []
    for start in tqdm(range(0, len(images), BATCH), desc="embedding", unit="batch", disable=not progress):
        rows = slice(start, start + BATCH)
        with torch.no_grad():
            encoded = checkpoint.model.encode(
                to_pixels(images.squares[rows]), torch.from_numpy(images.views[rows])
            )
        films.append(checkpoint.embed_images(encoded).numpy())
        reports.append(checkpoint.embed_reports([study.report for study in images.studies[rows]]).numpy())
    kept = images.studies
    return Gallery(
        np.concatenate(reports),
        np.concatenate(films),
        tuple(study.id for study in kept),
        tuple(study.uid for study in kept),
        tuple(study.patient for study in kept),
        tuple(study.labels for study in kept),
        tuple(encode_findings(label_report(study.report)) for study in kept),
        split=kept[0].split,
        revision=checkpoint.revision,
    )

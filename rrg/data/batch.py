"""Whole data sets as arrays: decoded once, kept on disk, handed out by index. Knows no model.

A broken image costs its study, not the run: it is left out and named once, at the end.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rrg.data.images import load_radiograph
from rrg.data.preprocess import Preprocessing, arrange
from rrg.types import RrgError, Study

logger = logging.getLogger("rrg.data")


@dataclass(frozen=True, eq=False)
class StudyImages:
    """Studies whose images could be read, in order, with their squares (N, V, S, S) uint8 and views (N, V) int64."""

    studies: tuple[Study, ...]
    squares: NDArray[np.uint8]
    views: NDArray[np.int64]
    key: str  # names this very set of files under this preprocessing

    def __len__(self) -> int:
        return len(self.studies)


def load_images(
    studies: Sequence[Study], preprocessing: Preprocessing, cache: Path | None, progress: bool = False
) -> StudyImages:
    """Decode every image of `studies`, or take them from `cache` if the files have not changed since."""
    if not studies:
        raise RrgError("There is no study to read images of.")
    key = _key(studies, preprocessing)
    stored = None if cache is None else cache / f"images-{key}.npz"
    if stored is not None and stored.is_file():
        with np.load(stored) as arrays:
            kept = tuple(studies[int(i)] for i in arrays["kept"])
            return StudyImages(kept, arrays["squares"], arrays["views"], key)
    kept_indices, squares, views = _decode(studies, preprocessing, progress)
    if stored is not None:
        stored.parent.mkdir(parents=True, exist_ok=True)
        part = stored.with_suffix(".part.npz")
        np.savez(part, kept=np.array(kept_indices), squares=squares, views=views)
        part.replace(stored)
    return StudyImages(tuple(studies[i] for i in kept_indices), squares, views, key)


def _decode(
    studies: Sequence[Study], preprocessing: Preprocessing, progress: bool
) -> tuple[list[int], NDArray[np.uint8], NDArray[np.int64]]:
    kept, squares, views, broken = [], [], [], []
    for index, study in enumerate(tqdm(studies, desc="decoding images", unit="study", disable=not progress)):
        try:
            films = [
                load_radiograph(path, view=view) for path, view in zip(study.images, study.views, strict=True)
            ]
            square, view_codes = arrange(films, preprocessing)
        except RrgError as error:
            broken.append(f"{study.id} ({', '.join(map(str, study.images))}): {error}")
            continue
        kept.append(index)
        squares.append(square)
        views.append(view_codes)
    if broken:
        logger.warning(
            "%d of %d studies left out, their images cannot be read:\n%s",
            len(broken),
            len(studies),
            "\n".join(broken),
        )
    if not kept:
        raise RrgError(
            f"None of the {len(studies)} studies has images that can be read. The first: {broken[0]}"
        )
    return kept, np.stack(squares), np.stack(views)


def _key(studies: Sequence[Study], preprocessing: Preprocessing) -> str:
    digest = hashlib.sha256(repr(sorted(preprocessing.to_dict().items())).encode())
    for study in studies:
        for path, view in zip(study.images, study.views, strict=True):
            size = path.stat().st_size if path.is_file() else -1
            digest.update(f"{study.id}|{path.resolve()}|{int(view)}|{size}\n".encode())
    return digest.hexdigest()[:16]

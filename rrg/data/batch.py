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

LAYOUT = 2  # of the cached file; one of another layout is made anew


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
            _warn([str(line) for line in arrays["broken"]], len(studies))
            return StudyImages(kept, arrays["squares"], arrays["views"], key)
    kept_indices, squares, views, broken = _decode(studies, preprocessing, progress)
    _warn(broken, len(studies))
    if stored is not None:
        stored.parent.mkdir(parents=True, exist_ok=True)
        part = stored.with_suffix(".part.npz")
        lines = np.array(broken, dtype=np.str_)
        np.savez(part, kept=np.array(kept_indices), squares=squares, views=views, broken=lines)
        part.replace(stored)
    return StudyImages(tuple(studies[i] for i in kept_indices), squares, views, key)


def _warn(broken: Sequence[str], studies: int) -> None:
    if broken:
        logger.warning(
            "%d of %d studies left out, their images cannot be read:\n%s",
            len(broken),
            studies,
            "\n".join(broken),
        )


def _decode(
    studies: Sequence[Study], preprocessing: Preprocessing, progress: bool
) -> tuple[list[int], NDArray[np.uint8], NDArray[np.int64], list[str]]:
    """Indices of the studies that could be read, their squares and views, and a line for each other one."""
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
    if not kept:
        raise RrgError(
            f"None of the {len(studies)} studies has images that can be read. The first: {broken[0]}"
        )
    return kept, np.stack(squares), np.stack(views), broken


def _key(studies: Sequence[Study], preprocessing: Preprocessing) -> str:
    digest = hashlib.sha256(repr((LAYOUT, sorted(preprocessing.to_dict().items()))).encode())
    for study in studies:
        for path, view in zip(study.images, study.views, strict=True):
            file = path.stat() if path.is_file() else None
            state = (file.st_size, file.st_mtime_ns) if file else None
            digest.update(f"{study.id}|{path.resolve()}|{int(view)}|{state}\n".encode())
    return digest.hexdigest()[:16]

"""A film as read to the square the models see, and back. Knows no network and no file.

Training, evaluation, command line and app all come through here, so a checkpoint always sees what it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from rrg.types import Radiograph, RrgError, View


@dataclass(frozen=True)
class Preprocessing:
    """How a checkpoint wants its pictures. Stored with its weights."""

    size: int = 160  # pixels a side
    views: int = 2  # images a study may have
    fit: str = "stretch"  # the whole film, stretched to the square, as in R2Gen's copy of IU X-Ray

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def to_square(radiograph: Radiograph, size: int) -> NDArray[np.uint8]:
    """(H, W) float32 in [0, 1] -> (size, size) uint8 in [0, 255], stretched; smoothed before it shrinks."""
    image = Image.fromarray(
        np.ascontiguousarray(radiograph.pixels, dtype=np.float32)
    )  # mode "F", no rounding yet
    small = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=None)
    return np.rint(np.clip(np.asarray(small), 0.0, 1.0) * 255.0).astype(np.uint8)


def arrange(
    radiographs: Sequence[Radiograph], preprocessing: Preprocessing
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One study -> squares (V, S, S) uint8 and views (V,) int64, frontal first, ABSENT where there is no image.

    A film of unknown view counts as frontal, unless a frontal one is there already.
    """
    if not 1 <= len(radiographs) <= preprocessing.views:
        raise RrgError(f"A study has 1 to {preprocessing.views} images; {len(radiographs)} were given.")
    films = sorted(radiographs, key=lambda film: film.view == View.LATERAL)
    squares = np.zeros((preprocessing.views, preprocessing.size, preprocessing.size), dtype=np.uint8)
    views = np.full(preprocessing.views, int(View.ABSENT), dtype=np.int64)
    for slot, film in enumerate(films):
        squares[slot] = to_square(film, preprocessing.size)
        views[slot] = int(_known(film.view, views[:slot]))
    return squares, views


def _known(view: View, taken: NDArray[np.int64]) -> View:
    if view in (View.FRONTAL, View.LATERAL):
        return view
    return View.LATERAL if int(View.FRONTAL) in taken else View.FRONTAL


def to_pixels(squares: NDArray[np.uint8]) -> Tensor:
    """(B, V, S, S) uint8 -> (B, V, 1, S, S) float32 in [0, 1]."""
    return torch.from_numpy(np.array(squares, copy=True)).unsqueeze(2).float().div_(255.0)

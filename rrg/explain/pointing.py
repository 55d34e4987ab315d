"""Where the strongest point of a heat map lies: in a true mask, at the film's rim. Knows no model and no file.

The pointing game of Zhang et al. 2016 (arXiv:1608.00507).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rrg.types import Saliency

RIM = 0.04  # of the field of view along each side: there is no chest there
Mask = NDArray[np.bool_]


def on_grid(mask: Mask, shape: tuple[int, int]) -> Mask:
    """(H, W) -> `shape`, True where the mask covers any of a cell; films are stretched to the same grid."""
    shown = Image.fromarray(mask.astype(np.float32)).resize(shape[::-1], Image.Resampling.BOX)
    return np.asarray(shown) > 0


def points_into(heat: Saliency, truth: Mask) -> bool:
    """Whether the maximum lies in the mask, both (S, S); never where a map has no evidence at all."""
    at = _strongest(heat)
    return at is not None and bool(truth[at])


def points_at_rim(heat: Saliency) -> bool:
    """Whether the maximum lies within RIM of the edge of the field of view; never where a map has no evidence at all."""
    at = _strongest(heat)
    if at is None:
        return False
    inside = np.isfinite(heat.values)
    return any(_near_end(np.flatnonzero(inside.any(axis=1 - axis)), at[axis]) for axis in (0, 1))


def _near_end(lines: NDArray[np.intp], place: int) -> bool:
    """Whether the middle of a row or column lies within RIM of the first or last of those that show anything."""
    first, last = int(lines[0]), int(lines[-1])
    share = (place + 0.5 - first) / (last + 1 - first)
    return min(share, 1 - share) < RIM


def _strongest(heat: Saliency) -> tuple[int, int] | None:
    """Row and column of the maximum, the first of several; None where there is no evidence."""
    values = np.where(np.isfinite(heat.values), heat.values, -np.inf)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return (int(row), int(column)) if values[row, column] > 0 else None

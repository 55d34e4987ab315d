"""Where the strongest point of a heat map lies, against a true mask. Knows no model and no file.

The pointing game of Zhang et al. 2016 (arXiv:1608.00507).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rrg.types import Saliency

Mask = NDArray[np.bool_]


def on_grid(mask: Mask, shape: tuple[int, int]) -> Mask:
    """(H, W) -> `shape`, True where the mask covers any of a cell; films are stretched to the same grid."""
    shown = Image.fromarray(mask.astype(np.float32)).resize(shape[::-1], Image.Resampling.BOX)
    return np.asarray(shown) > 0


def points_into(heat: Saliency, truth: Mask) -> bool:
    """Whether the maximum lies in the mask, both (S, S); never where a map has no evidence at all."""
    values = np.where(np.isfinite(heat.values), heat.values, -np.inf)
    at = np.unravel_index(int(values.argmax()), values.shape)
    return bool(values[at] > 0 and truth[at])

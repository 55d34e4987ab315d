"""Where a film shows anything at all. Knows no model and no anatomy: only the picture's own border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BLACK = 3 / 255  # air outside the beam and padding, after the rounding of 8 bits
FLAT = 2 / 255  # a row or column that varies less than this shows nothing
LEAST = 0.1  # of the film; a guess that leaves less has failed


def field_of_view(square: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W) in [0, 1] -> (H, W) bool, True where the film may show something.

    Outside are black areas that touch the border (padding, collimation, air that was never exposed) and flat
    rows and columns along it, whatever their grey. Where that would leave less than a tenth, all is inside.
    """
    black, _ = ndimage.label(square <= BLACK)
    edge = np.unique(np.concatenate([black[0], black[-1], black[:, 0], black[:, -1]]))
    inside = ~np.isin(black, edge[edge > 0])
    rows, columns = (_between(np.ptp(square, axis=axis) > FLAT) for axis in (1, 0))
    inside &= rows[:, None] & columns[None, :]
    return inside if inside.mean() >= LEAST else np.ones_like(inside)


def _between(varies: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True from the first True to the last: only flat lines along the border are outside."""
    return np.logical_or.accumulate(varies) & np.logical_or.accumulate(varies[::-1])[::-1]

"""A smooth change of a body's shape: a coarse field of displacements, applied to volumes slice by slice.

Knows nothing of bodies or organs. Linear interpolation, in an order that no thread count changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.floating[Any]]

ROUNDS = 25  # of the iteration that inverts a field; displacements change slowly, so it converges


@dataclass(frozen=True, eq=False)
class Field:
    """Where the voxels of a warped volume (Z, Y, X) come from, in voxels of that volume, on every `step`-th voxel.

    First `across` (2, z, y, x) moves (y, x) within a slice, then `along` (z, y, x) moves z: the warped volume at
    (z, y, x) is the original at (z + along, y + across[0], x + across[1]), `across` taken at the original's z.
    """

    across: Array
    along: Array
    step: int

    def moved(self, place: tuple[float, float, float]) -> tuple[float, float, float]:
        """Where a place (z, y, x) of the original lies in the warped volume, by fixed-point iteration; voxels."""
        z0, y0, x0 = z, y, x = place
        for _ in range(ROUNDS):
            y, x = y0 - self._at(self.across[0], (z0, y, x)), x0 - self._at(self.across[1], (z0, y, x))
            z = z0 - self._at(self.along, (z, y, x))
        return z, y, x

    def _at(self, coarse: Array, place: tuple[float, float, float]) -> float:
        at = [[(a + 0.5) / self.step - 0.5] for a in place]
        return float(ndimage.map_coordinates(coarse, at, order=1, mode="nearest")[0])


def coarse_shape(shape: tuple[int, ...], step: int) -> tuple[int, ...]:
    return tuple(-(-size // step) for size in shape)


def places(shape: tuple[int, ...], step: int) -> tuple[Array, Array, Array]:
    """Voxel coordinates (z, y, x) of the middle of each cell of `step` voxels, open arrays that broadcast."""
    axes = [(np.arange(size, dtype=np.float32) + 0.5) * step - 0.5 for size in coarse_shape(shape, step)]
    return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]


def warp(volume: Array, field: Field, fraction: int = 1) -> Array:
    """The volume (Z, Y, X) in its new shape; `fraction` 2 where it holds every second voxel only. Outside is 0."""
    step = field.step / fraction
    moved = _across(volume, field.across / np.float32(fraction), step)
    return _along(moved, field.along / np.float32(fraction), step)


def _across(volume: Array, shift: Array, step: float) -> Array:
    rows, columns = (np.arange(n, dtype=np.float32) for n in volume.shape[1:])
    out = np.empty_like(volume)
    for z in range(volume.shape[0]):
        dy, dx = (_grown(_plane(part, z, step), volume.shape[1:], step) for part in shift)
        dx += columns[None]
        dy += rows[:, None]
        cv2.remap(volume[z], dx, dy, cv2.INTER_LINEAR, out[z])
    return out


def _along(volume: Array, shift: Array, step: float) -> Array:
    heights, columns = (np.arange(n, dtype=np.float32) for n in volume.shape[::2])
    columns = np.ascontiguousarray(np.broadcast_to(columns[None], volume.shape[::2]))
    swapped = shift.swapaxes(0, 1)
    out = np.zeros_like(volume)
    for y in np.flatnonzero(volume.any(axis=(0, 2))).tolist():
        dz = _grown(_plane(swapped, y, step), volume.shape[::2], step)
        dz += heights[:, None]
        cv2.remap(volume[:, y], columns, dz, cv2.INTER_LINEAR, out[:, y])
    return out


def _plane(coarse: Array, at: int, step: float) -> Array:
    """The plane `at` (fine voxels along the first axis) between two of a coarse array."""
    place = min(max((at + 0.5) / step - 0.5, 0.0), len(coarse) - 1.0)
    below = int(place)
    above = min(below + 1, len(coarse) - 1)
    part = np.float32(place - below)
    return coarse[below] * (1 - part) + coarse[above] * part


def _grown(coarse: Array, shape: tuple[int, ...], step: float) -> Array:
    """A coarse plane on all voxels of its slice; cells over the edge are cut."""
    size = (round(coarse.shape[1] * step), round(coarse.shape[0] * step))
    grown = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown[: shape[0], : shape[1]], dtype=np.float32)

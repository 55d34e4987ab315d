"""A volume that findings are put into, and the shapes they are made of: clouds, edges, tubes. Knows no finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from rrg.simulation.anatomy import HALF, Anatomy, refine

Array = NDArray[np.floating[Any]]
Box = tuple[slice, slice, slice]


@dataclass(eq=False)
class Canvas:
    """`volume` (Z, Y, X) per mm, changed in place, of the anatomy; `scale` (z, y, x) of its voxels in this body."""

    anatomy: Anatomy
    volume: Array
    scale: tuple[float, float, float]
    rng: np.random.Generator

    @property
    def mm(self) -> float:
        return self.anatomy.voxel_mm

    def lift(self, box: Box, share: Array, value: float) -> None:
        """Raise the box towards `value` by a share in [0, 1]; what is denser stays."""
        part = self.volume[box]
        part += share * np.maximum(np.float32(value) - part, 0)

    def grid(self, box: Box) -> tuple[Array, Array, Array]:
        """Voxel coordinates (z, y, x) of a box, open arrays that broadcast."""
        z, y, x = (np.arange(part.start, part.stop, dtype=np.float32) for part in box)
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def cloud(self, box: Box, size_mm: float) -> Array:
        """Smooth noise over a box, standard deviation about 1, with lumps of `size_mm`."""
        shape = tuple(part.stop - part.start for part in box)
        step = max(size_mm / self.mm, 1.0)
        coarse = self.rng.standard_normal([int(n / step) + 2 for n in shape]).astype(np.float32)
        return 1.6 * refine(coarse, shape, step)


def soft(distance: Array, width: float) -> Array:
    """1 well below 0, 0 well above, over some `width`."""
    return (1 / (1 + np.exp(np.clip(distance * np.float32(4 / width), -30, 30)))).astype(np.float32)


def halved(box: Box, share: Array, shape: tuple[int, ...]) -> Array:
    """A share in a box -> its maxima over cubes of two voxels, on the whole volume: (Z/2, Y/2, X/2)."""
    out = np.zeros(tuple(-(-n // HALF) for n in shape), dtype=np.float32)
    ends = [(part.start % HALF, -part.stop % HALF) for part in box]
    padded = np.pad(share, ends)
    z, y, x = (n // HALF for n in padded.shape)
    pooled = padded.reshape(z, HALF, y, HALF, x, HALF).max(axis=(1, 3, 5))
    out[tuple(slice(p.start // HALF, p.start // HALF + n) for p, n in zip(box, (z, y, x), strict=True))] = (
        pooled
    )
    return out


def tube(points: NDArray[np.float64], radius: float, shape: tuple[int, ...]) -> tuple[Box, Array]:
    """A tube along a smooth curve through points (n, 3), voxels -> its box and share; parts outside are cut."""
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    curve = CubicSpline(run, points)(np.arange(0, run[-1], 0.4))
    reach = int(np.ceil(radius)) + 1
    low = np.clip(np.floor(curve.min(axis=0)).astype(int) - reach, 0, np.array(shape) - 1)
    high = np.clip(np.ceil(curve.max(axis=0)).astype(int) + reach + 1, low + 1, shape)
    share = np.zeros(high - low, dtype=np.float32)
    near = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    cells = np.round(curve).astype(int)[:, None] + near
    away = np.linalg.norm(cells - curve[:, None], axis=2)
    inside = ((cells >= low) & (cells < high)).all(axis=2)
    at = tuple((cells[inside] - low).T)
    np.maximum.at(share, at, np.clip(radius + 0.5 - away[inside], 0, 1).astype(np.float32))
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])), share

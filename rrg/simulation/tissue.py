"""What a body's parameters do to attenuation: bone, lungs, breasts, spurs of the spine. Knows no finding and no shape."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.simulation import render
from rrg.simulation.anatomy import Anatomy
from rrg.simulation.truth import Body
from rrg.types import Side

Array = NDArray[np.floating[Any]]

BREAST = 0.95 * render.WATER_PER_MM
LARGEST, LESS_BY_MM = 1.0, 0.018  # the layer under the skin takes a breast in as it thickens
SPUR = 1.9 * render.WATER_PER_MM
THORACIC = tuple(f"vertebrae_T{n}" for n in range(4, 13))


def dress(anatomy: Anatomy, body: Body, rng: np.random.Generator) -> Array:
    """(Z, Y, X) float32: the anatomy's attenuation with this body's tissues."""
    volume: Array = anatomy.bone * np.float32(body["bone"] - 1)
    volume += anatomy.attenuation
    _spurs(volume, anatomy, body["degeneration"], rng)
    size = min(body["breast"], LARGEST - LESS_BY_MM * body["soft_mm"])
    if size > 0.05:
        for out in (-1, 1):
            _breast(volume, anatomy, size * rng.uniform(0.9, 1.1), out, rng)
    return volume


def _breast(volume: Array, anatomy: Anatomy, size: float, out: int, rng: np.random.Generator) -> None:
    """A drop that hangs on the chest wall: steep below, thin towards the collar bone."""
    mm = anatomy.voxel_mm
    z = np.arange(volume.shape[0])[:, None] * mm
    x = np.arange(volume.shape[2])[None] * mm
    middle = (min(anatomy.domes.values()) + 12) * mm + rng.normal(0, 6) - 10 * size
    aside = anatomy.midline * mm + out * (76 + 8 * size)
    radius = 52 + 24 * size
    dz, dx = (z - middle) / np.where(z > middle, 1.7 * radius, 0.8 * radius), (x - aside) / radius
    depth = (12 + 46 * size) * np.clip(1 - dz**2 - dx**2, 0, 1) ** 0.75 / mm
    front = anatomy.front
    rows = slice(int(front.max() * 0.5), volume.shape[1])
    y = np.arange(rows.start, rows.stop)[None, :, None]
    inside = (depth > 0.5)[:, None] & (y > front[:, None] - 2) & (y <= (front + depth)[:, None])
    part = volume[:, rows]
    np.maximum(part, inside * np.float32(BREAST), out=part)


def _spurs(volume: Array, anatomy: Anatomy, degree: float, rng: np.random.Generator) -> None:
    """Bony spurs at the sides and in front of the discs, and denser end plates, where the spine has aged."""
    mm = anatomy.voxel_mm
    there = [name for name in THORACIC if name in anatomy.boxes]
    for upper, lower in pairwise(there):
        size = degree * rng.uniform(0.3, 1.2)
        if size < 0.25 or "spinal_cord" not in anatomy.boxes:
            continue
        (z1, _, x1), (z0, _, x0) = anatomy.center(upper), anatomy.center(lower)
        z, x = (z0 + z1) / 2 - 6 / mm, (x0 + x1) / 2
        y = _canal(anatomy, z) + 24 / mm
        for side in (Side.LEFT, Side.RIGHT):
            out = 17 / mm * (1 if side is Side.LEFT else -1)
            _blob(volume, (z, y, x + out), (2.5, 6.0, 3.0 + 3 * size), size, mm)
        _blob(volume, (z, y + 15 / mm, x), (2.5, 3.0 + 3 * size, 8.0), size, mm)


def _canal(anatomy: Anatomy, z: float) -> float:
    box = anatomy.boxes["spinal_cord"]
    height = int(np.clip(z, box[0].start, box[0].stop - 1))
    at = np.argwhere(anatomy.structure_in((slice(height, height + 1), *box[1:]), "spinal_cord"))
    return float(at[:, 1].mean() + box[1].start) if len(at) else float(box[1].start)


def _blob(
    volume: Array, at: tuple[float, float, float], size_mm: tuple[float, ...], share: float, mm: float
) -> None:
    box = tuple(
        slice(max(0, int(c - 2 * s / mm)), int(c + 2 * s / mm) + 2) for c, s in zip(at, size_mm, strict=True)
    )
    part = volume[box]
    axes = [np.arange(n) + b.start for n, b in zip(part.shape, box, strict=True)]
    away = sum(
        ((a.reshape([-1 if k == i else 1 for k in range(3)]) - at[i]) * mm / size_mm[i]) ** 2
        for i, a in enumerate(axes)
    )
    bump = (np.clip(share, 0, 1) * np.exp(-(away**2))).astype(np.float32)
    part += bump * np.maximum(np.float32(SPUR) - part, 0)

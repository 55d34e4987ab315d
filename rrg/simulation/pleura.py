"""Fluid and air around a lung, put into a canvas. Knows nothing of the body's shape and of films.

Each function returns the box that it changed and how much of each voxel in it is the finding, in [0, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rrg.simulation.anatomy import LUNGS
from rrg.simulation.canvas import Box, Canvas, soft
from rrg.simulation.render import WATER_PER_MM
from rrg.types import Side

Array = NDArray[np.floating[Any]]

FLUID = 1.02 * WATER_PER_MM
MENISCUS_MM = 20.0  # distance from the wall over which the fluid's edge falls to a third
PLEURA_MM = 2.2  # thickness of the visceral pleura as it is drawn
LUNG_SHARE = 0.16  # attenuation of aerated lung, of water's


def effusion(canvas: Canvas, side: Side, height: float) -> tuple[Box, Array]:
    """Free fluid, upright: it climbs the chest wall in a meniscus whose top is at a fraction of the hemithorax."""
    box = canvas.anatomy.box(*LUNGS[side], margin=2)
    lung = canvas.anatomy.lung(side)[box]
    wall = canvas.anatomy.wall_mm[box]
    z, _, _ = canvas.grid(box)
    floor, apex = _sulcus(canvas, side), canvas.anatomy.apex
    climb_mm = 14 + 36 * min(height, 0.5)
    top = floor + height * (apex - floor)
    surface = top - climb_mm / canvas.mm * (1 - np.exp(-wall / MENISCUS_MM))
    room = ndimage.binary_dilation(lung, iterations=2)
    fluid = soft(z - surface, 2.0) * room
    pressed = (
        np.exp(-np.clip(z - surface, 0, None) * canvas.mm / 14).astype(np.float32) * lung * (fluid < 0.5)
    )
    canvas.lift(box, pressed * np.float32(0.16 + 0.2 * min(height, 0.5)), WATER_PER_MM)
    canvas.lift(box, fluid, FLUID)
    return box, fluid * lung


def _sulcus(canvas: Canvas, side: Side) -> float:
    """z of the lung's lowest place at the lateral wall."""
    anatomy = canvas.anatomy
    box = anatomy.box(*LUNGS[side])
    middle = (box[1].start + box[1].stop) // 2
    band = slice(middle - round(20 / canvas.mm), middle + round(20 / canvas.mm) + 1)
    lung = anatomy.lung(side)[:, band] & (anatomy.wall_mm[:, band] < 14)
    return float(np.flatnonzero(lung.any(axis=(1, 2)))[0])


def pneumothorax(canvas: Canvas, side: Side, fraction: float) -> tuple[Box, Array]:
    """Air between chest wall and lung, widest at the apex; the lung is denser for what it has lost."""
    box = canvas.anatomy.box(*LUNGS[side], margin=1)
    lung = canvas.anatomy.lung(side)[box]
    z, _, _ = canvas.grid(box)
    height = np.clip((z - box[0].start) / (box[0].stop - box[0].start), 0, 1)
    # A small one lies over the apex, a large one all around.
    width = 0.04 + 0.4 * fraction + 1.5 * height ** (3 - 2 * min(fraction, 0.5)) + 0.05 * canvas.cloud(box, 60)
    relative = canvas.anatomy.wall_mm[box] / np.maximum(width, 0.03)
    edge = np.quantile(relative[lung][::7], fraction)
    depth_mm = (relative - edge) * width  # into the lung from its surface
    air = soft(depth_mm, 1.5 * canvas.mm) * lung
    part = canvas.volume[box]
    collapsed = np.where(lung & (depth_mm > 0), min(1.15 * (1 - fraction) ** -0.8, 4.0) - 1, 0).astype(np.float32)
    part += collapsed * np.minimum(part, np.float32(LUNG_SHARE * WATER_PER_MM))
    part *= 1 - air
    shell = np.clip(1.2 - np.abs(depth_mm) / canvas.mm, 0, 1).astype(np.float32) * lung
    canvas.lift(box, shell * np.float32(PLEURA_MM / canvas.mm / 1.2), WATER_PER_MM)
    return box, air

"""A body's volume -> line integrals on a detector, by a beam that spreads from a point. Knows no body, finding or film.

Slices across the beam are enlarged by their distance from the source and summed, so that what lies far from the
detector is larger: the heart of an AP film, the right ribs of a left lateral.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Projection(StrEnum):
    PA = "PA"
    AP = "AP"
    LATERAL = "lateral"


@dataclass(frozen=True)
class Geometry:
    """Where the beam comes from and what the detector shows.

    `source_mm`: source to detector; `gap_mm`: detector to the nearest side of the volume; `field_mm`: (height, width)
    that the film shows, measured in the middle of the body; `center`: (height, across) of the volume, voxels, that lies in
    the film's middle; `pixels`: the film's side; `turned_deg`: of the film about its middle.
    """

    source_mm: float
    gap_mm: float
    field_mm: tuple[float, float]
    center: tuple[float, float]
    pixels: int = 256
    turned_deg: float = 0.0


def project(
    volume: Array, voxel_mm: tuple[float, float, float], view: Projection, geometry: Geometry
) -> Array:
    """(Z, Y, X) per mm -> line integrals (pixels, pixels) float32; head up, the patient's left on the right of a frontal
    view, the patient facing left in a lateral one.
    """
    if view is Projection.LATERAL:  # the left side at the detector
        slices, depth_mm, across_mm = volume.transpose(2, 0, 1)[::-1], voxel_mm[2], voxel_mm[1]
    else:  # PA: the chest at the detector
        slices, depth_mm, across_mm = volume.transpose(1, 0, 2), voxel_mm[1], voxel_mm[2]
        slices = slices[::-1] if view is Projection.PA else slices
    total = np.zeros((geometry.pixels, geometry.pixels), dtype=np.float32)
    middle = _magnification(geometry, len(slices) * depth_mm / 2)
    for k, plane in enumerate(slices):
        if plane.any():
            larger = _magnification(geometry, (k + 0.5) * depth_mm) / middle
            total += _on_film(plane, (voxel_mm[0], across_mm), larger, geometry, view)
    return total * np.float32(depth_mm)


def _magnification(geometry: Geometry, depth_mm: float) -> float:
    return geometry.source_mm / (geometry.source_mm - geometry.gap_mm - depth_mm)


def _on_film(
    plane: Array, voxel_mm: tuple[float, float], larger: float, geometry: Geometry, view: Projection
) -> Array:
    """One slice (Z, across) as the film sees it, (pixels, pixels)."""
    pixel = [field / geometry.pixels for field in geometry.field_mm]
    down, across = -voxel_mm[0] * larger / pixel[0], voxel_mm[1] * larger / pixel[1]
    if view is Projection.LATERAL:
        across = -across
    half = (geometry.pixels - 1) / 2
    cos, sin = np.cos(np.deg2rad(geometry.turned_deg)), np.sin(np.deg2rad(geometry.turned_deg))
    turn = np.array([[cos * across, -sin * down], [sin * across, cos * down]])
    middle = np.array([[geometry.center[1]], [geometry.center[0]]])
    matrix = np.hstack([turn, half - turn @ middle])
    size = (geometry.pixels, geometry.pixels)
    film = cv2.warpAffine(np.ascontiguousarray(plane), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(film, dtype=np.float32)

"""A body's volume -> line integrals on a detector, by a beam that spreads from a point. Knows no body, finding or film.

Slabs across the beam are enlarged by their distance from the source and summed, so that what lies far from the
detector is larger: the heart of an AP film, the right ribs of a left lateral.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

# Depth of a slab, of the way from source to detector: at the edge of 256 pixels its two faces differ by 0.4 of one.
SLAB = 0.0035


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
    lateral = view is Projection.LATERAL
    depth_mm, across_mm = (voxel_mm[2], voxel_mm[1]) if lateral else (voxel_mm[1], voxel_mm[2])
    each = max(1, int(SLAB * geometry.source_mm / depth_mm))
    count = volume.shape[2 if lateral else 1]
    slabs = _sagittal(volume, each) if lateral else _coronal(volume, each)
    middle = _magnification(geometry, count * depth_mm / 2)
    total = np.zeros((geometry.pixels, geometry.pixels), dtype=np.float32)
    for k, slab in enumerate(slabs):
        if slab.any():
            at = (k * each + min((k + 1) * each, count)) / 2
            away = (at if view is Projection.AP else count - at) * depth_mm
            larger = _magnification(geometry, away) / middle
            total += _on_film(slab, (voxel_mm[0], across_mm), larger, geometry, view)
    return total * np.float32(depth_mm)


def _coronal(volume: Array, each: int) -> Iterator[Array]:
    """Sums (Z, X) of `each` slices from the back on; the last slab may be thinner."""
    for start in range(0, volume.shape[1], each):
        yield volume[:, start : start + each].sum(axis=1)


def _sagittal(volume: Array, each: int) -> Iterator[Array]:
    """Sums (Z, Y) of `each` slices from the patient's right on; the last slab may be thinner."""
    z, y, x = volume.shape
    count = -(-x // each)
    even = np.pad(volume, [(0, 0), (0, 0), (0, count * each - x)]) if x % each else volume
    means = cv2.resize(even.reshape(z * y, -1), (count, z * y), interpolation=cv2.INTER_AREA)
    sums = means.reshape(z, y, count) * np.float32(each)
    yield from np.ascontiguousarray(sums.transpose(2, 0, 1))


def _magnification(geometry: Geometry, depth_mm: float) -> float:
    return geometry.source_mm / (geometry.source_mm - geometry.gap_mm - depth_mm)


def _on_film(
    slab: Array, voxel_mm: tuple[float, float], larger: float, geometry: Geometry, view: Projection
) -> Array:
    """One slab (Z, across) as the film sees it, (pixels, pixels)."""
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
    film = cv2.warpAffine(slab, matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(film, dtype=np.float32)

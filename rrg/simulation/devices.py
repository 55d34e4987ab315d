"""Devices in a chest: pacemaker, central line, sternal wires, put into a canvas. Knows nothing of shape and films.

Their ways are drawn through the anatomy's own structures: veins, heart, sternum. Each function returns the box that it
changed and how much of each voxel in it is the device, in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.simulation.canvas import Box, Canvas, soft, tube
from rrg.simulation.truth import Fact
from rrg.types import Side

Array = NDArray[np.floating[Any]]
Point = tuple[float, float, float]

# Attenuation per mm.
CAN, LEAD, CATHETER, STEEL = 0.22, 0.3, 0.16, 0.8
LEAD_MM, CATHETER_MM, WIRE_MM = 1.1, 1.2, 0.7  # radii


def pacemaker(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """A generator under the skin below the collar bone; one lead to the right ventricle, a second one to the atrium."""
    box = _whole(canvas)
    total = np.zeros(canvas.volume.shape, dtype=np.float32)
    middle = _pocket(canvas, fact.side)
    part, can = _can(canvas, middle, fact.parameters["tilt_deg"], _model(canvas.rng))
    canvas.lift(part, can, CAN)
    total[part] = can
    ways = [_to_ventricle(canvas), _to_atrium(canvas)][: round(fact.parameters["leads"])]
    for k, way in enumerate(ways):
        header = (
            middle[0] + (16 + 3 * k) / canvas.mm,
            middle[1] - 2 / canvas.mm,
            middle[2] + _out(fact) * -8 / canvas.mm,
        )
        _line(canvas, [header, *_subclavian(canvas, fact.side), *way], LEAD_MM, LEAD, total)
        _line(
            canvas, [tuple(np.add(way[-1], (0, 0, d))) for d in (-1.5, 0.0, 1.5)], 1.6 * LEAD_MM, LEAD, total
        )
    return box, total


def central_line(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """A catheter by a vein of neck, chest or arm to the superior vena cava, as far below the carina as the fact says."""
    box = _whole(canvas)
    total = np.zeros(canvas.volume.shape, dtype=np.float32)
    out, mm = _out(fact), canvas.mm
    top, middle = canvas.volume.shape[0], canvas.anatomy.midline
    z, y, x = _confluence(canvas, fact.side)
    if fact.place == "jugular vein":
        start: list[Point] = [
            (top - 4.0, y, middle + out * 42 / mm),
            (top - 22 / mm, y, middle + out * 36 / mm),
        ]
    else:
        start = _subclavian(canvas, fact.side)[:-1]
        edge = canvas.volume.shape[2] - 2.0 if out > 0 else 1.0
        if fact.place == "arm vein":
            wide = middle + out * 118 / mm
            start = [(z - 34 / mm, y - 30 / mm, (wide + edge) / 2), (z - 8 / mm, y - 24 / mm, wide), *start]
        else:
            start = [(z - 22 / mm, y + 10 / mm, middle + out * 92 / mm), *start]
    tip = canvas.anatomy.carina[0] - fact.parameters["tip_mm"] / mm / canvas.scale[0]
    _line(canvas, [*start, (z, y, x), *_down_to(canvas, tip)], CATHETER_MM, CATHETER, total)
    return box, total


def sternal_wires(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """Loops of steel around the sternum, twisted in front."""
    anatomy, mm, rng = canvas.anatomy, canvas.mm, canvas.rng
    box = anatomy.box("sternum", margin=8)
    total = np.zeros(canvas.volume.shape, dtype=np.float32)
    count = round(fact.parameters["wires"])
    low, high = anatomy.boxes["sternum"][0].start, anatomy.boxes["sternum"][0].stop
    # The bone's axis, straight: slice by slice its middle wanders with rib cartilage and gaps.
    bone = np.argwhere(anatomy.structure_in(box, "sternum")) + np.array([p.start for p in box])
    deep, aside = (np.polyfit(bone[:, 0], bone[:, axis], degree) for axis, degree in ((1, 2), (2, 1)))
    turn = np.linspace(0, 2 * np.pi, 17) + np.pi / 2
    for height in np.linspace(low + 0.2 * (high - low), high - 0.1 * (high - low), count):
        y, x = float(np.polyval(deep, height)), float(np.polyval(aside, height))
        tilt, wide = rng.normal(0, 1.2) / mm, rng.uniform(11, 13) / mm
        loop = np.stack(
            [height + tilt * np.cos(turn), y + 8 / mm * np.sin(turn), x + wide * np.cos(turn)], axis=1
        )
        _line(canvas, [tuple(p) for p in loop], WIRE_MM, STEEL, total)
        knot = [(height, y + 8 / mm, x), (height - 2 / mm, y + 9.5 / mm, x + rng.normal(0, 0.7) / mm),
                (height - 5 / mm, y + 9 / mm, x + rng.normal(0, 1.2) / mm)]  # fmt: skip
        _line(canvas, knot, 1.4 * WIRE_MM, STEEL, total)
    return box, total[box]


def _whole(canvas: Canvas) -> Box:
    z, y, x = canvas.volume.shape
    return slice(0, z), slice(0, y), slice(0, x)


def _out(fact: Fact) -> float:
    return 1.0 if fact.side is Side.LEFT else -1.0


def _line(canvas: Canvas, points: list[Point], radius_mm: float, value: float, total: Array) -> None:
    """A tube through the points; one thinner than a voxel is drawn a voxel wide and fainter."""
    radius = max(radius_mm / canvas.mm, 0.7)
    box, share = tube(np.array(points, dtype=float), radius, canvas.volume.shape)
    fainter = min((radius_mm / canvas.mm / radius) ** 2, 1.0)
    canvas.lift(box, share, value * fainter)
    np.maximum(total[box], share, out=total[box])


def _pocket(canvas: Canvas, side: Side | None) -> Point:
    """The middle of a generator: below the collar bone's outer half, 9 mm under the skin."""
    out = 1.0 if side is Side.LEFT else -1.0
    z = canvas.anatomy.apex - canvas.rng.uniform(28, 48) / canvas.mm
    x = canvas.anatomy.midline + out * canvas.rng.uniform(70, 88) / canvas.mm
    front = canvas.anatomy.front[round(z), round(x) - 6 : round(x) + 7]
    return float(z), float(np.median(front)) - 9 / canvas.mm, float(x)


@dataclass(frozen=True)
class Can:
    """A generator's half width, half height and half thickness in mm; how square its corners are (2: an ellipse)."""

    wide: float
    high: float
    thick: float
    square: float


def _model(rng: np.random.Generator) -> Can:
    """Between a small round pacemaker and a large square one."""
    wide = float(rng.uniform(19, 27))
    return Can(
        wide, wide * float(rng.uniform(0.8, 1.05)), float(rng.uniform(3, 5)), float(rng.uniform(2.1, 3.6))
    )


def _can(canvas: Canvas, middle: Point, degrees: float, model: Can) -> tuple[Box, Array]:
    """A flat box with round corners, tilted in the coronal plane."""
    reach = round(40 / canvas.mm)
    box: Box = tuple(  # type: ignore[assignment]
        slice(max(0, int(c) - reach), min(n, int(c) + reach))
        for c, n in zip(middle, canvas.volume.shape, strict=True)
    )
    z, y, x = ((a - c) * canvas.mm for a, c in zip(canvas.grid(box), middle, strict=True))
    angle = np.deg2rad(degrees)
    u, v = x * np.cos(angle) + z * np.sin(angle), z * np.cos(angle) - x * np.sin(angle)
    power = model.square
    beyond = (np.abs(u / model.wide) ** power + np.abs(v / model.high) ** power) ** (1 / power) - 1
    deep = np.abs(y + 0.12 * x) - model.thick
    return box, soft(beyond * model.high, 1.2 * canvas.mm) * soft(deep, canvas.mm)


def _subclavian(canvas: Canvas, side: Side | None) -> list[Point]:
    """From below the collar bone to where the veins of head and arm meet."""
    out, mm = (1.0 if side is Side.LEFT else -1.0), canvas.mm
    z, y, x = _confluence(canvas, side)
    middle = canvas.anatomy.midline
    return [
        (z - 6 / mm, y - 2 / mm, middle + out * 70 / mm),
        (z + 3 / mm, y - 4 / mm, middle + out * 50 / mm),
        (z, y, x),
    ]


def _confluence(canvas: Canvas, side: Side | None) -> Point:
    anatomy = canvas.anatomy
    name = f"brachiocephalic_vein_{side}"
    if name not in anatomy.boxes:
        z, y, _ = anatomy.carina
        return (
            z + 55 / canvas.mm,
            y + 30 / canvas.mm,
            anatomy.midline + (28 if side is Side.LEFT else -28) / canvas.mm,
        )
    box = anatomy.boxes[name]
    at = np.argwhere(anatomy.structure_in(box, name)) + [p.start for p in box]
    outer = at[np.argsort(at[:, 2] if side is Side.LEFT else at[:, 0])][-max(1, len(at) // 8) :]
    z, y, x = outer.mean(axis=0)
    return float(z), float(y), float(x)


def _down_to(canvas: Canvas, z: float) -> list[Point]:
    """The superior vena cava's axis from its top down to a height, and on into the right atrium."""
    anatomy, mm = canvas.anatomy, canvas.mm
    heart = anatomy.boxes["heart"]
    atrium = (float(heart[0].start) + 0.6 * (heart[0].stop - heart[0].start), anatomy.carina[1] + 22 / mm)
    way = []
    top = anatomy.carina[0] + 28 / mm
    for height in np.arange(top, z, -18 / mm):
        way.append(_vein_at(canvas, float(height), atrium))
    return [*way, _vein_at(canvas, z, atrium)]


def _vein_at(canvas: Canvas, z: float, atrium: tuple[float, float]) -> Point:
    """(z, y, x) on the axis of the superior vena cava or, below it, of the right atrium."""
    anatomy = canvas.anatomy
    vein = anatomy.boxes.get("superior_vena_cava")
    if vein is None:
        return z, atrium[1], anatomy.midline - 22 / canvas.mm
    inside = int(np.clip(z, vein[0].start + 3, vein[0].stop - 4))
    at = np.argwhere(anatomy.structure_in((slice(inside, inside + 1), *vein[1:]), "superior_vena_cava"))
    y, x = at[:, 1:].mean(axis=0) + np.array([vein[1].start, vein[2].start])
    return z, float(y), float(x)


def _to_ventricle(canvas: Canvas) -> list[Point]:
    (z0, z1), (y0, y1), (x0, x1) = ((p.start, p.stop) for p in canvas.anatomy.boxes["heart"])
    low = z0 + 0.42 * (z1 - z0)
    return [*_down_to(canvas, z0 + 0.75 * (z1 - z0)), (low, y0 + 0.5 * (y1 - y0), x0 + 0.2 * (x1 - x0)),
            (z0 + 0.22 * (z1 - z0), y0 + 0.62 * (y1 - y0), x0 + 0.42 * (x1 - x0)),
            (z0 + 0.18 * (z1 - z0), y0 + 0.75 * (y1 - y0), x0 + 0.66 * (x1 - x0))]  # fmt: skip


def _to_atrium(canvas: Canvas) -> list[Point]:
    (z0, z1), (y0, y1), (x0, x1) = ((p.start, p.stop) for p in canvas.anatomy.boxes["heart"])
    return [*_down_to(canvas, z0 + 0.85 * (z1 - z0)), (z0 + 0.58 * (z1 - z0), y0 + 0.5 * (y1 - y0), x0 + 0.16 * (x1 - x0)),
            (z0 + 0.56 * (z1 - z0), y0 + 0.62 * (y1 - y0), x0 + 0.24 * (x1 - x0)),
            (z0 + 0.7 * (z1 - z0), y0 + 0.72 * (y1 - y0), x0 + 0.27 * (x1 - x0))]  # fmt: skip

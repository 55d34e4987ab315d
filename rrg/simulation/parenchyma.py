"""Findings within the lungs, put into a canvas: filled, collapsed or wet tissue, nodules. Knows nothing of shape and films.

Each function returns the box that it changed and how much of each voxel in it is the finding, in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rrg.simulation.anatomy import HALF, LUNGS
from rrg.simulation.canvas import Box, Canvas, soft
from rrg.simulation.render import WATER_PER_MM
from rrg.simulation.truth import Fact
from rrg.types import Side

Array = NDArray[np.floating[Any]]

SOLID = 1.05 * WATER_PER_MM
# Filled lung and nodules are drawn denser than they are, a nodule the more so the smaller: 256 pixels must show what a full
# film would.
FILLED = 1.4 * WATER_PER_MM
TUMOUR, TUMOUR_BOOST_MM = 1.05 * WATER_PER_MM, 23.0
CALCIUM, CALCIUM_BOOST_MM = 1.5 * WATER_PER_MM, 24.0


def lobe_of(fact: Fact) -> str:
    """The structure that a fact's place and side name."""
    return f"lung_{str(fact.place).replace(' ', '_')}_{fact.side}"


def consolidation(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """Air of a part of a lobe replaced: sharp at the fissure, fluffy elsewhere, denser in its middle."""
    given = fact.parameters
    box = canvas.anatomy.box(lobe_of(fact), margin=1)
    lobe = canvas.anatomy.structure_in(box, lobe_of(fact))
    center = _fraction_of(box, given)
    radius = [max(part.stop - part.start, 2) / 2 for part in box]
    away = np.sqrt(
        sum(((a - c) / r) ** 2 for a, c, r in zip(canvas.grid(box), center, radius, strict=True))
    ).astype(np.float32)
    score = away + 0.16 * canvas.cloud(box, 26) + 0.1 * canvas.cloud(box, 9)
    limit = np.quantile(score[lobe][::7], given["extent"]) if given["extent"] < 1 else score.max() + 1
    filled = soft(score - limit, 0.3) * lobe
    lumps = np.clip(0.9 + 0.2 * canvas.cloud(box, 7), 0.35, 1)
    canvas.lift(box, filled * lumps * np.float32(0.35 + 0.65 * given["density"]), FILLED)
    return box, filled


# Where a collapsed lobe lies in its box: medial (0) to lateral, back (0) to front, foot (0) to head; and how much each
# direction counts in the distance from there.
COLLAPSED = {
    "upper lobe": ((0.0, 0.5, 1.05), (1.0, 0.5, 1.2)),
    "middle lobe": ((0.0, 0.45, 0.4), (1.0, 0.5, 1.5)),
    "lower lobe": ((0.0, 0.1, 0.0), (1.5, 0.6, 0.8)),
}


def lobar_atelectasis(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """A lobe without air, drawn together against the mediastinum; the lung beside it fills what it has left."""
    box = canvas.anatomy.box(lobe_of(fact), margin=2)
    lobe = ndimage.binary_dilation(canvas.anatomy.structure_in(box, lobe_of(fact)))
    aim, weight = COLLAPSED[str(fact.place)]
    z, y, x = (
        (a - part.start) / (part.stop - part.start) for a, part in zip(canvas.grid(box), box, strict=True)
    )
    aside = x if fact.side is Side.LEFT else 1 - x
    away = np.sqrt(
        sum((w * (a - c)) ** 2 for w, a, c in zip(weight, (aside, y, z), aim, strict=True))
    ).astype(np.float32)
    away += 0.05 * canvas.cloud(box, 45) + 0.02 * canvas.cloud(box, 14)
    loss = fact.parameters["loss"]
    limit = np.quantile(away[lobe][::7], 1 - 0.85 * loss)
    airless = soft(away - limit, 0.1) * lobe
    canvas.lift(box, airless * np.float32(0.4 + 0.6 * loss), FILLED)
    return box, airless


def bands(canvas: Canvas, fact: Fact, side: Side) -> tuple[Box, Array]:
    """Plates of collapsed tissue, seen as lines across the lower lung."""
    given = fact.parameters
    box = canvas.anatomy.box(*LUNGS[side])
    lung = canvas.anatomy.lung(side)[box]
    total = np.zeros(lung.shape, dtype=np.float32)
    for k in range(round(given["bands"])):
        total = np.maximum(total, _plate(canvas, box, fact, k) * lung)
    canvas.lift(box, total, FILLED)
    return box, total


def _plate(canvas: Canvas, box: Box, fact: Fact, k: int) -> Array:
    """One plate: its middle over the lung's base, its tilt in the coronal plane; ragged, the farther ones shorter."""
    rng, mm, given = canvas.rng, canvas.mm, fact.parameters
    low, high = (0.0, 0.2) if fact.place == "base" else (0.22, 0.5)
    lung = canvas.anatomy.structure_in(box, *(name for lobes in LUNGS.values() for name in lobes))
    across = rng.uniform(0.3, 0.65) * lung.shape[2]
    back = rng.uniform(0.35, 0.6) * lung.shape[1]
    column = lung[:, int(back), int(across)]
    base = float(column.argmax()) if column.any() else 0.0
    height = base + (low + (high - low) * 2 * given["height"]) * lung.shape[0] + (4 + rng.uniform(9, 17) * k) / mm
    z, y, x = (a - part.start for a, part in zip(canvas.grid(box), box, strict=True))
    tilt = np.deg2rad(given["tilt_deg"] * (1 if k % 2 == 0 else 0.3) + rng.normal(0, 8))
    dz, dy, dx = (z - height) * mm, (y - back) * mm, (x - across) * mm
    along, normal = dx * np.cos(tilt) + dz * np.sin(tilt), dz * np.cos(tilt) - dx * np.sin(tilt)
    length = given["length_mm"] * rng.uniform(0.75, 1) ** k
    lean = rng.normal(0, 0.05)
    bent = normal + rng.uniform(-0.002, 0.002) * along**2 + lean * dy + 0.9 * canvas.cloud(box, 22)
    # Thickest in its middle, uneven, thin towards the ends.
    taper = np.sqrt(np.clip(1 - (2 * along / (1.15 * length)) ** 2, 0, 1))
    uneven = np.clip(1 + 0.35 * canvas.cloud(box, 13), 0.4, 1.8)
    thick = np.maximum(given["thickness_mm"] / 2 * taper * uneven, 0.6 * mm)
    plate = np.exp(-((bent / thick) ** 2)) * taper * np.clip(0.8 + 0.25 * canvas.cloud(box, 18), 0.3, 1)
    return np.asarray(plate * soft(np.abs(along) - length / 2, 14) * soft(np.abs(dy) - length / 3, 14))


def oedema(canvas: Canvas, fact: Fact) -> tuple[Box, Array]:
    """Haze about the hila that spares the rim, vessels grown wide, septal lines at the lateral bases."""
    given = fact.parameters
    anatomy = canvas.anatomy
    box = anatomy.box(*LUNGS[Side.LEFT], *LUNGS[Side.RIGHT])
    lung = anatomy.lung(Side.BILATERAL)[box].astype(np.float32)
    part, wall = canvas.volume[box], anatomy.wall_mm[box]
    vessels = np.clip(part - np.float32(0.28 * WATER_PER_MM), 0, 0.8 * WATER_PER_MM) * lung
    wide = ndimage.uniform_filter(ndimage.uniform_filter(vessels, 3), 3)
    z, y, x = canvas.grid(box)
    hz, hy, _ = anatomy.carina
    hilum = [(hz - 25 / canvas.mm), hy, anatomy.midline]
    away = ((z - hilum[0]) / 52) ** 2 + ((y - hilum[1]) / 60) ** 2
    sides = np.abs(x - hilum[2]) - 38 / canvas.mm
    near = np.exp(-(away + (np.maximum(sides, 0) / 34) ** 2) * canvas.mm**2).astype(np.float32)
    low = np.clip((hz - z) * canvas.mm / 130, 0, 1).astype(np.float32)
    spread = (0.75 * near + 0.3 * low + 0.12) * np.clip(wall / 16, 0.35, 1)
    lumps = np.clip(1 + 0.3 * canvas.cloud(box, 12) + 0.25 * canvas.cloud(box, 5), 0.1, 2)
    haze = lung * spread * lumps * np.float32(given["haze"])
    # Blood is no denser than water: vessels grow into air, not in fluid or filled lung.
    part += np.minimum(wide * np.float32(2.0 * given["vessels"]), np.maximum(SOLID - part, 0))
    canvas.lift(box, np.minimum(1.5 * haze, 0.85), SOLID)
    lines = _septa(canvas, box, wall) * lung * np.float32(given["lines"])
    canvas.lift(box, lines * np.float32(0.5), SOLID)
    return box, np.clip(np.maximum(haze * (spread > 0.3), near * lung * 0.6), 0, 1)


def _septa(canvas: Canvas, box: Box, wall: Array) -> Array:
    """Short, nearly level lines that stand on the lateral pleura here and there, some 8 mm apart, in the lower third."""
    z, _, _ = canvas.grid(box)
    period = 8.0 / canvas.mm
    phase = np.abs((z + 4 * canvas.cloud(box, 30)) / period % 1 - 0.5) * period
    low = soft(z - box[0].start - 0.42 * (box[0].stop - box[0].start), 20.0)
    here = np.clip(0.3 + 0.8 * canvas.cloud(box, 16), 0, 1)
    return np.clip(1.1 - phase, 0, 1) * soft(wall - 17, 4) * low * here


def nodule(canvas: Canvas, fact: Fact, center: tuple[float, float, float]) -> tuple[Box, Array]:
    """A ball about a place (z, y, x) in voxels, more or less even."""
    given, size = fact.parameters, float(fact.size_mm or 0)
    radius = [size / 2 / (canvas.mm * s) for s in canvas.scale]
    shape = canvas.volume.shape
    box: Box = tuple(  # type: ignore[assignment]
        slice(max(0, int(c - 1.5 * r - 2)), min(n, int(c + 1.5 * r + 3)))
        for c, r, n in zip(center, radius, shape, strict=True)
    )
    away = np.sqrt(
        sum(((a - c) / r) ** 2 for a, c, r in zip(canvas.grid(box), center, radius, strict=True))
    ).astype(np.float32)
    uneven = given["irregularity"] * (
        0.24 * canvas.cloud(box, size / 2.2) + 0.1 * canvas.cloud(box, size / 5)
    )
    ball = soft((away - 1 - uneven) * np.float32(min(radius)), 1.5 + 0.15 * min(radius))
    if fact.calcified:
        lumps = np.clip(0.9 + 0.15 * canvas.cloud(box, 3), 0.5, 1)
        canvas.lift(box, ball * lumps, CALCIUM + CALCIUM_BOOST_MM / size * WATER_PER_MM)
    else:
        canvas.lift(
            box,
            ball * np.float32(0.6 + 0.4 * given["density"]),
            TUMOUR + (TUMOUR_BOOST_MM / size) ** 1.5 * WATER_PER_MM,
        )
    return box, ball


def within_lung(canvas: Canvas, fact: Fact) -> tuple[float, float, float]:
    """The place (z, y, x) of the lobe, voxels of the anatomy, nearest to the one asked for at which the ball fits, as far as
    any does.

    Where the lobe allows it the place is clear of heart, spine and belly on a frontal film: a finding that no one can see
    is no finding.
    """
    name, radius_mm = lobe_of(fact), float(fact.size_mm or 0) / 2
    box = canvas.anatomy.box(name)
    coarse: Box = tuple(slice(-(-p.start // HALF), -(-p.stop // HALF)) for p in box)  # type: ignore[assignment]
    fine = tuple(slice(p.start * HALF, p.stop * HALF, HALF) for p in coarse)
    inside = canvas.anatomy.inside_mm[coarse] * (canvas.anatomy.labels[fine] == canvas.anatomy.names[name])
    seen = inside * canvas.anatomy.clear[coarse[0], None, coarse[2]]
    inside = seen if seen.max() > 0.5 * min(radius_mm, inside.max()) else inside
    fits = np.argwhere(inside >= min(radius_mm + 2, 0.85 * inside.max()))
    wanted = np.array(_fraction_of(box, fact.parameters), dtype=float) / HALF - np.array(
        [p.start for p in coarse]
    )
    best = fits[np.argmin(((fits - wanted) ** 2).sum(axis=1))]
    z, y, x = (float(i + p.start) * HALF for i, p in zip(best, coarse, strict=True))
    return z, y, x


def _fraction_of(box: Box, given: Mapping[str, float]) -> tuple[float, float, float]:
    z, y, x = (p.start + (p.stop - p.start) * given[a] for p, a in zip(box, "zyx", strict=True))
    return z, y, x

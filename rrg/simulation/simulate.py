"""A truth and an anatomy -> both films and a mask of every finding in both. Knows no report and no file.

The order: tissues and findings are put into the anatomy, then the whole is given its shape, then what has a shape of its own
(nodules) is put in, then each view is projected and developed. So both views, and the masks, come from one volume.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.simulation.anatomy import HALF, Anatomy
from rrg.simulation.body import Shape, changed, displacements, shape_of
from rrg.simulation.canvas import Canvas
from rrg.simulation.film import develop, expose, field_of
from rrg.simulation.framing import Framing, frame
from rrg.simulation.lesions import ROUND, ball, put
from rrg.simulation.projection import Geometry, project
from rrg.simulation.tissue import dress
from rrg.simulation.truth import DEVICES, Fact, Simulated, Truth
from rrg.simulation.warp import warp
from rrg.types import View

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

VIEWS = (View.FRONTAL, View.LATERAL)
LEAST_MM = 2.5  # of a finding that a ray must cross for its pixel to be in the mask
LEAST_DEVICE_MM = 0.5
LEAST_SHARE = 0.08  # and of the longest way that any ray crosses it


def simulate(truth: Truth, anatomy: Anatomy) -> Simulated:
    """Both films and all masks; the same truth and anatomy give the same bytes. About a second and 0.6 GB."""
    volume, masks, shape = body_volume(truth, anatomy)
    voxel = voxel_of(anatomy, shape)
    images, shown = {}, {}
    for view in VIEWS:
        framing = frame(truth, anatomy, shape.scale, view, stream(truth.seed, f"film {view.name}"))
        integrals = project(volume, voxel, framing.projection, framing.geometry)
        readings = expose(integrals, framing.style, stream(truth.seed, f"noise {view.name}"))
        images[view] = develop(readings, framing.style)
        shown[view] = tuple(
            projected_mask(mask, voxel, framing, fact) for mask, fact in zip(masks, truth.facts, strict=True)
        )
    return Simulated(images, shown)


def body_volume(truth: Truth, anatomy: Anatomy) -> tuple[Array, list[Array], Shape]:
    """The body with its findings, (Z, Y, X) per mm; the share of each fact on every second voxel; its shape."""
    shape = shape_in(truth, anatomy)
    volume = dress(anatomy, truth.body, stream(truth.seed, "tissue"))
    field = displacements(shape, anatomy, stream(truth.seed, "shape"))
    masks: dict[int, Array] = {}
    canvas = Canvas(anatomy, volume, lung_scale(shape, anatomy), stream(0, ""))
    for number, fact in enumerate(truth.facts):
        if fact.kind not in ROUND:
            canvas.rng = _own(truth, fact)
            masks[number] = warp(put(canvas, fact), field, HALF)
    shaped = Canvas(anatomy, warp(canvas.volume, field), shape.scale, stream(0, ""))
    for number, fact in enumerate(truth.facts):
        if fact.kind in ROUND:
            shaped.rng = _own(truth, fact)
            masks[number] = ball(shaped, fact, field)
    return shaped.volume, [masks[number] for number in range(len(truth.facts))], shape


def _own(truth: Truth, fact: Fact) -> np.random.Generator:
    return stream(truth.seed, f"{fact.kind} {fact.side} {fact.place}")


def shape_in(truth: Truth, anatomy: Anatomy) -> Shape:
    """The shape of this body with these findings."""
    shape = shape_of(truth.body)
    for fact in truth.facts:
        shape = changed(shape, fact, anatomy)
    return shape


def lung_scale(shape: Shape, anatomy: Anatomy) -> tuple[float, float, float]:
    """What becomes of a voxel in the lungs, (z, y, x): the body's scale, and the breath's."""
    height_mm = (anatomy.apex - np.mean(list(anatomy.domes.values()))) * anatomy.voxel_mm
    breath = 1 - np.mean(list(shape.rise_mm.values())) / height_mm
    return shape.scale[0] * float(breath), shape.scale[1], shape.scale[2]


def voxel_of(anatomy: Anatomy, shape: Shape) -> tuple[float, float, float]:
    z, y, x = (anatomy.voxel_mm * scale for scale in shape.scale)
    return z, y, x


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one purpose: what is drawn for one changes nothing of another."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def projected_mask(mask: Array, voxel_mm: tuple[float, float, float], framing: Framing, fact: Fact) -> Mask:
    """A fact's share on every second voxel -> (pixels, pixels) bool: where rays cross enough of it, inside the field."""
    z, y, x = (size * HALF for size in voxel_mm)
    given = framing.geometry
    geometry = Geometry(
        given.source_mm,
        given.gap_mm,
        given.field_mm,
        (given.center[0] / HALF, given.center[1] / HALF),
        given.pixels,
    )
    length = project(mask, (z, y, x), framing.projection, geometry)
    least = LEAST_DEVICE_MM if fact.kind in DEVICES else LEAST_MM
    enough = max(least, (0.02 if fact.kind in DEVICES else LEAST_SHARE) * float(length.max()))
    return (length > enough) & field_of(given.pixels, framing.style)

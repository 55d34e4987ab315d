"""A fact -> its finding in a canvas, and the mask of it. Which module draws which kind; what shows shape only is marked.

Knows nothing of films: both views are projections of the one volume that it changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.simulation import devices, parenchyma, pleura
from rrg.simulation.anatomy import LUNGS
from rrg.simulation.canvas import Box, Canvas, halved
from rrg.simulation.truth import Fact, Kind
from rrg.simulation.warp import Field
from rrg.types import Side

Array = NDArray[np.floating[Any]]

OVER_DOME_MM = 4.0
ROUND = frozenset({Kind.NODULE, Kind.MASS})  # of a shape of their own, whatever the body's is


def put(canvas: Canvas, fact: Fact) -> Array:
    """Put a fact into the canvas; returns its mask, the share in [0, 1] on every second voxel, (Z/2, Y/2, X/2) float32."""
    total: Array | None = None
    for side in _sides(fact):
        box, share = _drawn(canvas, fact, side)
        mask = halved(box, share, canvas.volume.shape)
        total = mask if total is None else np.maximum(total, mask)
    assert total is not None
    return total


def ball(canvas: Canvas, fact: Fact, field: Field) -> Array:
    """Put a nodule or mass into a canvas that has been given its shape by the field; returns its mask as `put` does."""
    box, share = parenchyma.nodule(canvas, fact, field.moved(parenchyma.within_lung(canvas, fact)))
    return halved(box, share, canvas.volume.shape)


def _sides(fact: Fact) -> tuple[Side | None, ...]:
    return (Side.LEFT, Side.RIGHT) if fact.side is Side.BILATERAL else (fact.side,)


def _drawn(canvas: Canvas, fact: Fact, side: Side | None) -> tuple[Box, Array]:
    match fact.kind, side:
        case Kind.EFFUSION, Side():
            return pleura.effusion(canvas, side, fact.parameters["height"])
        case Kind.PNEUMOTHORAX, Side():
            return pleura.pneumothorax(canvas, side, fact.parameters["fraction"])
        case Kind.LINEAR_ATELECTASIS, Side():
            return parenchyma.bands(canvas, fact, side)
        case Kind.ELEVATED_HEMIDIAPHRAGM, Side():
            return _below_lung(canvas, side, fact.parameters["rise_mm"])
        case Kind.HYPERINFLATION, _:
            return _lucent(canvas, 1 - fact.parameters["lucency"])
        case Kind.CARDIOMEGALY, _:
            box = canvas.anatomy.box("heart", "atrial_appendage_left")
            return box, canvas.anatomy.structure_in(box, "heart", "atrial_appendage_left").astype(np.float32)
    return DRAWN[fact.kind](canvas, fact)


DRAWN = {
    Kind.CONSOLIDATION: parenchyma.consolidation,
    Kind.LOBAR_ATELECTASIS: parenchyma.lobar_atelectasis,
    Kind.OEDEMA: parenchyma.oedema,
    Kind.PACEMAKER: devices.pacemaker,
    Kind.CENTRAL_LINE: devices.central_line,
    Kind.STERNAL_WIRES: devices.sternal_wires,
}


def _lucent(canvas: Canvas, factor: float) -> tuple[Box, Array]:
    """Overinflated lungs: less tissue in each mm."""
    box = canvas.anatomy.box(*LUNGS[Side.LEFT], *LUNGS[Side.RIGHT])
    lung = canvas.anatomy.lung(Side.BILATERAL)[box]
    canvas.volume[box] *= np.where(lung, np.float32(factor), np.float32(1))
    return box, lung.astype(np.float32)


def _below_lung(canvas: Canvas, side: Side, depth_mm: float) -> tuple[Box, Array]:
    """What lies under the lung, as deep as the dome rises: changes nothing, but marks what has come up."""
    box = canvas.anatomy.box(*LUNGS[side])
    lung = canvas.anatomy.lung(side)[box]
    z, _, _ = canvas.grid(box)
    base = np.where(lung.any(axis=0), lung.argmax(axis=0), 10_000) + box[0].start
    # Columns that end on the dome or on the slope below it, not at the hilum or in a fissure.
    on_dome = base <= canvas.anatomy.domes[side] + OVER_DOME_MM / canvas.mm
    below = (z < base) & (z >= base - depth_mm / canvas.mm) & on_dome
    return box, below.astype(np.float32)

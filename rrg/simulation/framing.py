"""How a study is taken: where the beam is centred, what the field holds, which system develops it. Knows no finding."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rrg.simulation.anatomy import LUNGS, Anatomy
from rrg.simulation.film import Style, random_style
from rrg.simulation.projection import Geometry, Projection
from rrg.simulation.truth import FILM, Position, Truth
from rrg.types import Side, View

STANDING_MM, BEDSIDE_MM = 1830.0, (1000.0, 1250.0)  # source to detector
GAP_MM = 30.0


@dataclass(frozen=True)
class Framing:
    projection: Projection
    geometry: Geometry
    style: Style


def frame(
    truth: Truth, anatomy: Anatomy, scale: tuple[float, float, float], view: View, rng: np.random.Generator
) -> Framing:
    """The framing of one view, by `rng`; `scale` (height, depth, width) of the body."""
    portable = truth.position is Position.AP and view is View.FRONTAL
    style = replace(random_style(rng, portable, view is View.LATERAL), marker=_marker(rng))
    box = anatomy.box(*LUNGS[Side.LEFT], *LUNGS[Side.RIGHT])
    mm = anatomy.voxel_mm
    top = anatomy.labels.shape[0] - rng.uniform(6, 16) / mm
    bottom = max(min(anatomy.domes.values()) - rng.uniform(68, 105) / mm, 4)
    height = (top - bottom) * mm * scale[0]
    axis, margins = (2, (1.18, 1.38)) if view is View.FRONTAL else (1, (1.4, 1.8))
    across = (box[axis].stop - box[axis].start) * mm * scale[axis] * rng.uniform(*margins)
    center = (box[axis].stop + box[axis].start) / 2 + rng.normal(0, 4) / mm
    source = float(rng.uniform(*BEDSIDE_MM)) if portable else STANDING_MM
    turned = float(rng.normal(0, 1.2))
    geometry = Geometry(source, GAP_MM, (height, across), ((top + bottom) / 2, center), FILM, turned)
    return Framing(_projection(view, portable), geometry, style)


def _projection(view: View, portable: bool) -> Projection:
    if view is View.LATERAL:
        return Projection.LATERAL
    return Projection.AP if portable else Projection.PA


def _marker(rng: np.random.Generator) -> tuple[str, int, int]:
    """The letter beside the patient's left shoulder; on a lateral film it names the side at the detector."""
    return "L", int(rng.integers(4, 60)), int(rng.integers(226, 241))

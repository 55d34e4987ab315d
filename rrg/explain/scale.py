"""How much evidence is much: the unit of heat maps, one colour scale for several, and when evidence is weak.

Knows no network: the page reads it before any model is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from rrg.types import Evidence, Saliency

UNIT = "nats per 1 % of the film"
WEAK = math.log(
    1.25
)  # nats: the film makes the sentence less than a quarter more probable than an average one
FLOOR = 0.1  # nats per 1 % of the film: no map is stretched further than this


def shared_scale(maps: Iterable[Saliency]) -> float:
    """The end of one colour scale for all `maps`: their largest value, but never below `FLOOR`."""
    return max([FLOOR, *(float(np.nanmax(m.values)) for m in maps if np.isfinite(m.values).any())])


def is_weak(evidence: Evidence) -> bool:
    """Whether the model would say so of an average film nearly as readily, or more so."""
    return evidence.gain < WEAK

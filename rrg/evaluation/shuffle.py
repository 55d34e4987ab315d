"""The image-shuffle gap: the same metrics with the images permuted among the studies. Knows no model and no metric.

A report is written from its image alone. To hand the images round is therefore to hand the written reports round: they
are scored a second time against the references of other studies, and nothing is generated anew. A system that reads its
images loses by that; one that recites loses nothing, and a constant one exactly nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.data.reports import normalise

# Settings and counts; the classes one by one, whose averages are there; and a margin that compares images by itself.
NO_METRIC = frozenset({"low", "high", "candidates", "rare below", "per class", "image gain"})
BESIDE = ("chance@", "blind@")  # what a metric is compared with

Gaps = dict[str, dict[str, float | None]]


def derangement(texts: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64] | None:
    """N reference texts -> (N,): study i gets the image of study `result[i]`, never its own.

    Nor that of a study with the same normalised text, unless more than half of all have that text: then as few as can
    be. None for fewer than two studies. Study order and the generator decide, nothing else.
    """
    count = len(texts)
    if count < 2:
        return None
    groups: dict[str, list[int]] = {}
    for row in rng.permutation(count).tolist():
        groups.setdefault(normalise(texts[row]), []).append(row)
    largest = max(map(len, groups.values()))
    # Equal texts lie side by side; a step as long as the longest run leads out of every run, the ring closed. Where one
    # run is longer than the rest together, no step can, and every step within the ring keeps nobody in place.
    ring = np.array([row for rows in groups.values() for row in rows])
    images = np.empty(count, np.int64)
    images[ring] = np.roll(ring, -min(largest, count - 1))
    return images


def gaps(true: Mapping[str, Any], shuffled: Mapping[str, Any] | None) -> Gaps:
    """Two nests of the same metrics -> "a/b/c" -> {"true", "shuffled", "gap" = true - shuffled}, None where absent.

    Only what is a float, or absent, in the true nest; counts, chance and bounds of intervals are no metrics, and the
    classes one by one are left to their averages.
    """
    other = dict(_flat(shuffled)) if shuffled is not None else {}
    found: Gaps = {}
    for name, value in _flat(true):
        moved = other.get(name)
        gap = None if value is None or moved is None else value - moved
        found[name] = {"true": value, "shuffled": moved, "gap": gap}
    return found


def _flat(nest: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float | None]]:
    for key, value in nest.items():
        if key in NO_METRIC or key.startswith(BESIDE) or key.endswith((" low", " high")):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}/")
        elif value is None or isinstance(value, float):
            yield f"{before}{key}", value

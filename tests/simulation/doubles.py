"""A simulator in miniature: every fact is a bright square, its mask that square. Importable by spawned processes."""

import numpy as np

from rrg.simulation.truth import FILM, Simulated
from rrg.types import View

VIEWS = (View.FRONTAL, View.LATERAL)
SIDE = 60  # pixels of a square


def squares(truth):
    """Deterministic in the truth; the square of fact k stands k steps to the right."""
    rng = np.random.default_rng(truth.seed)
    images, masks = {}, {}
    for number, view in enumerate(VIEWS):
        film = rng.integers(0, 90, (FILM, FILM)).astype(np.uint8)
        masks[view] = tuple(_square(number, k) for k in range(len(truth.facts)))
        for fact, mask in zip(truth.facts, masks[view], strict=True):
            film[mask] = 120 + 9 * list(type(fact.kind)).index(fact.kind)
        images[view] = film
    return Simulated(images, masks)


def _square(row, column):
    mask = np.zeros((FILM, FILM), bool)
    mask[row * 100 : row * 100 + SIDE, column * 30 : column * 30 + SIDE] = True
    return mask


def make_squares():
    return squares


def make_nothing():
    raise AssertionError("nothing was left to simulate")

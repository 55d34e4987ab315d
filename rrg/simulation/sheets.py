"""Contact sheets of simulated films: random bodies without findings, and every kind of finding at three grades.

`python -m rrg.simulation.sheets OUT_DIR [KIND ...]` writes one JPEG each ("normal", "bedside", kinds); minutes for all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from rrg.simulation.anatomy import load_anatomy
from rrg.simulation.facts import GRADED, sample_fact
from rrg.simulation.sampling import BODIES, rng_of, sample_body
from rrg.simulation.simulate import VIEWS, simulate
from rrg.simulation.truth import Fact, Kind, Position, Severity, Simulated, Truth

Picture = NDArray[np.uint8]
Make = Callable[[Truth], Simulated]

NORMALS, COLUMNS = 24, 8
FIRST_SEED = 100
SIZES_MM = {Kind.NODULE: (10.0, 17.0, 26.0), Kind.MASS: (34.0, 46.0, 62.0)}
OUTLINE = (255, 70, 0)


def normals(make: Make, count: int = NORMALS) -> Picture:
    """`count` bodies without findings, the frontal view above the lateral one, eight in a row."""
    return _rows([make(Truth(seed, sample_body(rng_of(seed, BODIES)), ())) for seed in range(count)])


def bedside(make: Make, count: int = COLUMNS) -> Picture:
    """The same at the bedside: AP, from nearer, in a worse breath."""
    bodies = [sample_body(rng_of(seed, BODIES), supine=True) for seed in range(count)]
    return _rows([make(Truth(seed, body, (), Position.AP)) for seed, body in enumerate(bodies)])


def _rows(studies: list[Simulated]) -> Picture:
    count = len(studies)
    cells = [np.vstack([study.images[view] for view in VIEWS]) for study in studies]
    rows = [np.hstack(cells[at : at + COLUMNS]) for at in range(0, count, COLUMNS)]
    return np.vstack(rows)


def grades(make: Make, kind: Kind, seed: int = FIRST_SEED) -> Picture:
    """Three grades of a finding in one body, three sizes of a nodule or mass, three examples of a device: plain, then with
    the masks' outlines.
    """
    body = sample_body(rng_of(seed, BODIES))
    seeds = [seed] * 3 if kind in GRADED else [seed + k for k in range(3)]
    studies = [make(Truth(own, body, (fact,))) for own, fact in zip(seeds, _three(kind, seed), strict=True)]
    plain = [np.vstack([np.stack([study.images[view]] * 3, axis=2) for view in VIEWS]) for study in studies]
    marked = [np.vstack([_outlined(study.images[v], study.masks[v][0]) for v in VIEWS]) for study in studies]
    return np.hstack(plain + marked)


def _three(kind: Kind, seed: int) -> list[Fact]:
    if kind in GRADED:
        return [sample_fact(kind, np.random.default_rng(seed), severity=grade) for grade in Severity]
    found = [sample_fact(kind, np.random.default_rng(seed + k)) for k in range(3)]
    if kind not in SIZES_MM:
        return found
    return [
        replace(fact, size_mm=size, calcified=False) for fact, size in zip(found, SIZES_MM[kind], strict=True)
    ]


def _outlined(film: Picture, mask: NDArray[np.bool_]) -> Picture:
    coloured = np.stack([film] * 3, axis=2)
    coloured[mask & ~ndimage.binary_erosion(mask)] = OUTLINE
    return coloured


SHEETS: dict[str, Callable[[Make], Picture]] = {"normal": normals, "bedside": bedside}


def main(arguments: list[str]) -> int:
    names = [*SHEETS, *(str(kind) for kind in Kind)]
    if not arguments or not set(arguments[1:]) <= set(names):
        print(
            f"usage: python -m rrg.simulation.sheets OUT_DIR [KIND ...]; kinds: {', '.join(names)}",
            file=sys.stderr,
        )
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    make = partial(simulate, anatomy=load_anatomy())
    for name in arguments[1:] or names:
        sheet = SHEETS[name](make) if name in SHEETS else grades(make, Kind(name))
        Image.fromarray(sheet).save(folder / f"{name.replace(' ', '_')}.jpg", quality=72, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Single findings: drawn, graded, and whether one goes with another. Knows no clinical picture, no body and no image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from rrg.simulation.truth import DEVICES, LOBES, PARAMETERS, VEINS, Fact, Kind, Severity
from rrg.types import Side

DECIMALS = 4

# The parameter that grows with the grade, and its range at each; the ranges do not touch.
GRADED: Mapping[Kind, Mapping[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]] = {
    Kind.CARDIOMEGALY: {"scale": ((1.14, 1.24), (1.28, 1.38), (1.43, 1.58))},
    Kind.EFFUSION: {"height": ((0.1, 0.2), (0.28, 0.42), (0.52, 0.75))},
    Kind.PNEUMOTHORAX: {"fraction": ((0.08, 0.17), (0.24, 0.4), (0.5, 0.75))},
    Kind.CONSOLIDATION: {
        "extent": ((0.18, 0.32), (0.42, 0.6), (0.75, 1.0)),
        "density": ((0.4, 0.6), (0.6, 0.8), (0.85, 1.0)),
    },
    Kind.LINEAR_ATELECTASIS: {
        "bands": ((1, 1), (2, 2), (3, 4)),
        "thickness_mm": ((1.5, 2.5), (2.8, 3.8), (4.2, 5.8)),
    },
    Kind.LOBAR_ATELECTASIS: {"loss": ((0.32, 0.45), (0.52, 0.68), (0.76, 0.92))},
    Kind.OEDEMA: {
        "haze": ((0.08, 0.22), (0.32, 0.52), (0.7, 0.98)),
        "vessels": ((0.25, 0.4), (0.5, 0.7), (0.75, 1.0)),
    },
    Kind.HYPERINFLATION: {
        "flattening": ((0.25, 0.4), (0.5, 0.7), (0.8, 1.0)),
        "deepening": ((0.1, 0.3), (0.4, 0.6), (0.7, 1.0)),
        "lucency": ((0.06, 0.14), (0.18, 0.28), (0.32, 0.45)),
    },
    Kind.ELEVATED_HEMIDIAPHRAGM: {"rise_mm": ((20, 28), (34, 44), (52, 68))},
}
GRADES = (0.52, 0.31, 0.17)  # of mild, moderate, severe
SIDES: Mapping[Kind, Mapping[Side, float]] = {
    Kind.EFFUSION: {Side.BILATERAL: 0.3, Side.RIGHT: 0.38, Side.LEFT: 0.32},
    Kind.LINEAR_ATELECTASIS: {Side.BILATERAL: 0.34, Side.LEFT: 0.36, Side.RIGHT: 0.3},
    Kind.PACEMAKER: {Side.LEFT: 0.88, Side.RIGHT: 0.12},
    Kind.CENTRAL_LINE: {Side.RIGHT: 0.72, Side.LEFT: 0.28},
    Kind.ELEVATED_HEMIDIAPHRAGM: {Side.RIGHT: 0.6, Side.LEFT: 0.4},
}
INTEGERS = {"bands", "leads", "wires"}

T = TypeVar("T")
Rng = np.random.Generator


def sample_fact(
    kind: Kind,
    rng: Rng,
    *,
    side: Side | None = None,
    severity: Severity | None = None,
    place: str | None = None,
    calcified: bool | None = None,
) -> Fact:
    """A fact of one kind; attributes that the kind has and that are None here are drawn."""
    side = side or _side(kind, rng)
    severity = severity or (choose(rng, list(Severity), GRADES) if kind in GRADED else None)
    place = place or _place(kind, side, rng)
    size = None
    if kind in {Kind.NODULE, Kind.MASS}:
        if calcified is None:
            calcified = bool(kind is Kind.NODULE and rng.random() < 0.4)
        low, high = (31.0, 75.0) if kind is Kind.MASS else (7.0, 15.0) if calcified else (10.0, 28.0)
        size = float(round(low + (high - low) * rng.beta(1.4, 2.0)))
    parameters = _parameters(kind, severity, rng)
    return Fact(kind, side, severity, place, size, calcified, parameters)


def _parameters(kind: Kind, severity: Severity | None, rng: Rng) -> dict[str, float]:
    graded = GRADED.get(kind, {})
    found = {}
    for name, limits in PARAMETERS[kind].items():
        low, high = graded[name][list(Severity).index(severity)] if name in graded and severity else limits
        share = rng.beta(2.5, 2.5) if name in {"x", "y", "z"} else rng.random()
        value = low + (high - low) * share
        found[name] = float(round(value)) if name in INTEGERS else rounded(value)
    return found


def regraded(fact: Fact, severity: Severity) -> Fact:
    """The fact at another grade: its parameters stand where they stood, in the other grade's range."""
    old, new = (list(Severity).index(grade) for grade in (fact.severity or severity, severity))
    parameters = dict(fact.parameters)
    for name, limits in GRADED[fact.kind].items():
        (low, high), (low_new, high_new) = limits[old], limits[new]
        share = (parameters[name] - low) / (high - low) if high > low else 0.0
        value = low_new + (high_new - low_new) * float(np.clip(share, 0, 1))
        parameters[name] = float(round(value)) if name in INTEGERS else rounded(value)
    return Fact(fact.kind, fact.side, severity, fact.place, fact.size_mm, fact.calcified, parameters)


def _side(kind: Kind, rng: Rng) -> Side | None:
    if kind in {Kind.CARDIOMEGALY, Kind.OEDEMA, Kind.HYPERINFLATION, Kind.STERNAL_WIRES}:
        return None
    shares = SIDES.get(kind, {Side.RIGHT: 0.54, Side.LEFT: 0.46})
    return choose(rng, list(shares), list(shares.values()))


def _place(kind: Kind, side: Side | None, rng: Rng) -> str | None:
    if kind is Kind.LINEAR_ATELECTASIS:
        return choose(rng, ["base", "midlung"], (0.8, 0.2))
    if kind is Kind.CENTRAL_LINE:
        return choose(rng, list(VEINS), (0.4, 0.22, 0.38))
    if kind not in {Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS, Kind.NODULE, Kind.MASS}:
        return None
    upper, middle, lower = (0.42, 0.16, 0.42) if side is Side.RIGHT else (0.48, 0.0, 0.52)
    return choose(rng, list(LOBES), (upper, middle, lower))


# --- What goes with what ---


def goes_with(fact: Fact, others: Iterable[Fact]) -> bool:
    """Whether a fact can be seen and told beside the others: none twice in one place, none hidden by a large one, none
    that another one denies.
    """
    return not any(_denies(fact, other) or _denies(other, fact) for other in others)


def _denies(a: Fact, b: Fact) -> bool:
    kinds = {a.kind, b.kind}
    if Kind.HYPERINFLATION in kinds and kinds & {
        Kind.ELEVATED_HEMIDIAPHRAGM,
        Kind.LOBAR_ATELECTASIS,
        Kind.OEDEMA,
    }:
        return True
    if a.kind is b.kind and not (a.kind in _REPEATED and _apart(a, b)):
        return True
    if not _share_a_side(a, b) or kinds & DEVICES:
        return False
    if kinds in (
        {Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS},
        {Kind.MASS, Kind.NODULE},
        {Kind.MASS, Kind.CONSOLIDATION},
    ):
        return a.place == b.place
    if Kind.LINEAR_ATELECTASIS in kinds and kinds & {Kind.LOBAR_ATELECTASIS}:
        return True
    return _hides(a, b)


_REPEATED = {Kind.EFFUSION, Kind.CONSOLIDATION, Kind.NODULE}
_SPOTS = {Kind.NODULE, Kind.MASS, Kind.CONSOLIDATION, Kind.LINEAR_ATELECTASIS}


def _apart(a: Fact, b: Fact) -> bool:
    """Two of a kind: effusions on two sides with two grades, others in two lobes."""
    if a.kind is Kind.EFFUSION:
        return {a.side, b.side} == {Side.LEFT, Side.RIGHT} and a.severity is not b.severity
    return (a.side, a.place) != (b.side, b.place)


def _share_a_side(a: Fact, b: Fact) -> bool:
    return a.side is b.side or Side.BILATERAL in (a.side, b.side)


def _hides(big: Fact, other: Fact) -> bool:
    """A large effusion hides the lung's lower part, a middling one the base; air around the lung shrinks what it holds."""
    low = other.place in {"lower lobe", "middle lobe", "base", "midlung"}
    if big.kind is Kind.EFFUSION:
        if big.severity is Severity.SEVERE:
            return (other.kind in _SPOTS and low) or other.kind in {
                Kind.ELEVATED_HEMIDIAPHRAGM,
                Kind.PNEUMOTHORAX,
            }
        return big.severity is Severity.MODERATE and (
            (other.kind in {Kind.NODULE, Kind.MASS} and low) or other.kind is Kind.ELEVATED_HEMIDIAPHRAGM
        )
    if big.kind is Kind.PNEUMOTHORAX:
        crowded = other.kind in _SPOTS | {Kind.LOBAR_ATELECTASIS}
        return crowded and (big.severity is not Severity.MILD or other.kind is not Kind.LINEAR_ATELECTASIS)
    if big.kind in {Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS}:
        return other.kind is Kind.NODULE and big.place == other.place
    return False


def choose(rng: Rng, values: Sequence[T], weights: Sequence[float]) -> T:
    """One of the values, by weights that need not add up to one."""
    shares = np.asarray(weights, float)
    return values[int(rng.choice(len(values), p=shares / shares.sum()))]


def rounded(value: float) -> float:
    """As all numbers of a truth are."""
    return round(float(value), DECIMALS)

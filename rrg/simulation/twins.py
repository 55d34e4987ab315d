"""Counterfactual pairs: one body twice, with exactly one fact changed. Knows no image; of reports only what must be told.

Presence: the finding is there, or not. Side: left or right, one or both. Severity: another grade. Place: another lobe, zone.
The other facts, the body, the noise and whoever reports are the same: the two films and the two reports differ by that fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rrg.simulation.facts import GRADED, choose, goes_with, regraded, sample_fact
from rrg.simulation.sampling import fitting_body, sample_truth
from rrg.simulation.truth import Fact, Kind, Severity, Truth
from rrg.types import RrgError, Side

TWINS = 3  # use of a study's seed
MOST_OTHERS = 2  # facts beside the changed one
TRIES = 200
OPPOSITE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
LOBAR = {Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS, Kind.NODULE, Kind.MASS}
SIDED = (
    Kind.EFFUSION, Kind.PNEUMOTHORAX, Kind.CONSOLIDATION, Kind.LINEAR_ATELECTASIS, Kind.LOBAR_ATELECTASIS, Kind.NODULE,
    Kind.MASS, Kind.ELEVATED_HEMIDIAPHRAGM, Kind.PACEMAKER, Kind.CENTRAL_LINE,
)  # fmt: skip
# What may change of which kinds.
CHANGES: Mapping[str, tuple[Kind, ...]] = {
    "presence": tuple(Kind),
    "side": SIDED,
    "severity": tuple(GRADED),
    "place": (Kind.CONSOLIDATION, Kind.LINEAR_ATELECTASIS, Kind.LOBAR_ATELECTASIS, Kind.NODULE, Kind.MASS),
}

Rng = np.random.Generator


@dataclass(frozen=True)
class Twins:
    """Two truths of one body and one seed that differ in one fact: `before` in `first`, `after` in `second`; None where it
    is not there.
    """

    change: str  # of `CHANGES`
    kind: Kind
    first: Truth
    second: Truth
    before: Fact | None
    after: Fact | None

    @property
    def description(self) -> str:
        """ "left pleural effusion, mild | right pleural effusion, mild"."""
        return f"{_in_words(self.before)} | {_in_words(self.after)}"


def sample_twins(seed: int, number: int) -> Twins:
    """Twins from a seed; `number` counts the pairs, so that every change and every kind takes its turn."""
    changes = list(CHANGES)
    change = changes[number % len(changes)]
    kinds = CHANGES[change]
    kind = kinds[number // len(changes) % len(kinds)]
    rng = np.random.default_rng([seed, TWINS])
    for _ in range(TRIES):
        fact = sample_fact(kind, rng)
        others = _others(sample_truth(seed).facts, fact)
        after = _changed(change, fact, rng)
        if after is None and change != "presence":
            continue
        if after is None or goes_with(after, others):
            return _twins(sample_truth(seed), change, fact, after, others)
    raise RrgError(
        f"no pair of {kind} that differs in {change} was found for the seed {seed}; take another one"
    )


def _others(facts: tuple[Fact, ...], fact: Fact) -> list[Fact]:
    """The facts that stay beside the changed one."""
    kept: list[Fact] = []
    for other in facts:
        if other.kind is not fact.kind and goes_with(other, [fact, *kept]) and len(kept) < MOST_OTHERS:
            kept.append(other)
    return kept


def _twins(base: Truth, change: str, before: Fact, after: Fact | None, others: list[Fact]) -> Twins:
    body = fitting_body(base.body, [before, *others])
    order = list(Kind)

    def truth(fact: Fact | None) -> Truth:
        facts = sorted([*others, *([fact] if fact else [])], key=lambda each: order.index(each.kind))
        return Truth(base.seed, body, tuple(facts), base.position)

    return Twins(change, before.kind, truth(before), truth(after), before, after)


def _changed(change: str, fact: Fact, rng: Rng) -> Fact | None:
    """The fact after the change; None where it goes, or where this one cannot change so."""
    changers: Mapping[str, Callable[[], Iterator[Fact]]] = {
        "presence": lambda: iter(()),
        "side": lambda: _other_sides(fact),
        "severity": lambda: _other_grades(fact),
        "place": lambda: _other_places(fact),
    }
    found = list(changers[change]())
    return choose(rng, found, [1] * len(found)) if found else None


def _other_sides(fact: Fact) -> Iterator[Fact]:
    if fact.side in OPPOSITE and fact.place != "middle lobe":
        parameters = dict(fact.parameters)
        if "x" in parameters:
            parameters["x"] = round(1 - parameters["x"], 4)
        yield replace(fact, side=OPPOSITE[fact.side], parameters=parameters)
    if fact.kind in {Kind.EFFUSION, Kind.LINEAR_ATELECTASIS}:
        yield from (
            replace(fact, side=side)
            for side in Side
            if Side.BILATERAL in (side, fact.side) and side is not fact.side
        )


def _other_grades(fact: Fact) -> Iterator[Fact]:
    yield from (regraded(fact, grade) for grade in Severity if grade is not fact.severity)


def _other_places(fact: Fact) -> Iterator[Fact]:
    """Upper and lower; the middle lobe is too near to both."""
    places = ("upper lobe", "lower lobe") if fact.kind in LOBAR else ("base", "midlung")
    if fact.place in places:
        yield from (replace(fact, place=place) for place in places if place != fact.place)


def _in_words(fact: Fact | None) -> str:
    if fact is None:
        return "none"
    size = f"{fact.size_mm:.0f} mm" if fact.size_mm else None
    calcified = "calcified" if fact.calcified else None
    head = " ".join(str(part) for part in (calcified, fact.side, fact.kind) if part)
    return ", ".join(str(part) for part in (head, fact.severity, fact.place, size) if part)

"""A seed -> the truth of a study: a body and findings that keep company as they do in people. Knows no image and no word.

A study is normal with probability `NORMAL`; else it shows one of the clinical pictures below, sometimes two, and incidental
findings that grow likelier with age. The shares are chosen so that every kind is learned from some 3,000 studies; they
are no epidemiology.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rrg.simulation.facts import GRADES, SIDES, choose, goes_with, rounded, sample_fact
from rrg.simulation.truth import BODY, LOW_VOLUMES, Body, Fact, Kind, Position, Severity, Truth
from rrg.types import Side

NORMAL = 0.4
SECOND_PICTURE = 0.12
ANTEROPOSTERIOR = 0.15
BODIES, FACTS = range(2)  # uses of a study's seed

Rng = np.random.Generator


def rng_of(seed: int, use: int) -> Rng:
    """The random numbers of one study for one use, whatever else is drawn."""
    return np.random.default_rng([seed, use])


def sample_truth(seed: int) -> Truth:
    """The truth of a study; the same for the same seed, whatever was sampled before."""
    rng = rng_of(seed, FACTS)
    anteroposterior = rng.random() < ANTEROPOSTERIOR
    body = sample_body(rng_of(seed, BODIES), supine=anteroposterior)
    facts = _Facts(body, rng)
    if rng.random() >= NORMAL:
        facts.picture()
        if rng.random() < SECOND_PICTURE:
            facts.picture()
        facts.incidental()
    facts.devices(anteroposterior)
    order = list(Kind)
    found = tuple(sorted(facts.found, key=lambda fact: order.index(fact.kind)))
    return Truth(seed, fitting_body(body, found), found, Position.AP if anteroposterior else Position.PA)


# --- Bodies ---


def sample_body(rng: Rng, supine: bool = False) -> Body:
    """A person of the population; who is filmed `supine` breathes in less well."""
    age = 20 + 75 * rng.beta(2.2, 1.9)
    old = (age - 20) / 75
    female, stout = rng.random() < 0.5, rng.gamma(1.3, 7.0)
    curved = rng.random() < 0.09
    inspiration = rng.normal(0.93 if supine else 0.99, 0.05) - (rng.random() < 0.12) * rng.uniform(0.1, 0.25)
    drawn = {
        "age": age,
        "width": rng.normal(0.98 if female else 1.03, 0.045), "depth": rng.normal(0.97 + 0.08 * old, 0.06),
        "height": rng.normal(0.97 if female else 1.02, 0.035), "heart": rng.normal(0.97, 0.04),
        "diaphragm_left_mm": rng.normal(0, 4), "diaphragm_right_mm": rng.normal(0, 4),
        "inspiration": inspiration, "rotation_deg": rng.normal(0, 2.2), "soft_mm": stout - 6,
        "breast": rng.beta(2.5, 2.5) if female else 0.0,
        "bone": rng.normal(1.02 - 0.25 * old * (1.2 if female else 0.7), 0.06),
        "scoliosis_deg": rng.choice([-1, 1]) * rng.uniform(11, 32) if curved else rng.normal(0, 3),
        "degeneration": rng.beta(1.2 + 4 * old, 4.5 - 2.5 * old),
    }  # fmt: skip
    return Body({name: rounded(np.clip(drawn[name], *BODY[name])) for name in BODY})


def fitting_body(body: Body, facts: Sequence[Fact]) -> Body:
    """Hyperinflated lungs are not small, and a heart that is enlarged does not start from a small one."""
    kinds = {fact.kind for fact in facts}
    parameters = dict(body.parameters)
    if Kind.HYPERINFLATION in kinds:
        parameters["inspiration"] = max(parameters["inspiration"], 0.98)
    if Kind.CARDIOMEGALY in kinds:
        parameters["heart"] = max(parameters["heart"], 0.97)
    return Body(parameters)


# --- Facts ---


class _Facts:
    """Facts in the making; one that does not go with those found is left out."""

    def __init__(self, body: Body, rng: Rng) -> None:
        self.body, self.rng = body, rng
        self.found: list[Fact] = []

    def add(
        self,
        kind: Kind,
        chance: float = 1.0,
        *,
        side: Side | None = None,
        severity: Severity | None = None,
        place: str | None = None,
        calcified: bool | None = None,
    ) -> Fact | None:
        """A fact of the kind with the given chance; attributes that are None are drawn."""
        fact = sample_fact(kind, self.rng, side=side, severity=severity, place=place, calcified=calcified)
        if self.rng.random() >= chance or not goes_with(fact, self.found):
            return None
        self.found.append(fact)
        return fact

    def picture(self) -> None:
        """One clinical picture."""
        pictures: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.19, self._failure), (0.12, self._effusion), (0.14, self._pneumonia), (0.13, self._bands),
            (0.06, self._collapse), (0.11, self._pneumothorax), (0.08, self._emphysema), (0.1, self._nodules),
            (0.06, self._mass), (0.08, lambda: self._only(Kind.CARDIOMEGALY)), (0.05, self._raised),
        )  # fmt: skip
        choose(self.rng, [picture for _, picture in pictures], [weight for weight, _ in pictures])()

    def incidental(self) -> None:
        """What old age and a poor breath bring along."""
        old = (self.body["age"] - 20) / 75
        self.add(Kind.CARDIOMEGALY, 0.12 * old, severity=Severity.MILD)
        self.add(Kind.NODULE, 0.05, calcified=True)
        poor = self.body["inspiration"] < LOW_VOLUMES + 0.05
        self.add(Kind.LINEAR_ATELECTASIS, 0.3 if poor else 0.04, severity=Severity.MILD, place="base")

    def devices(self, bedside: bool) -> None:
        kinds = {fact.kind for fact in self.found}
        old = (self.body["age"] - 20) / 75
        heart = Kind.CARDIOMEGALY in kinds
        self.add(Kind.STERNAL_WIRES, 0.02 + 0.08 * old + 0.08 * heart)
        self.add(Kind.PACEMAKER, 0.06 * old + 0.09 * heart)
        self.add(Kind.CENTRAL_LINE, 0.3 if bedside else 0.05)

    def _only(self, kind: Kind) -> None:
        self.add(kind)

    def _failure(self) -> None:
        severity = choose(self.rng, list(Severity), GRADES)
        self.add(Kind.CARDIOMEGALY, 0.88, severity=severity if self.rng.random() < 0.6 else None)
        self.add(Kind.OEDEMA, 0.72, severity=severity)
        side = choose(self.rng, [Side.BILATERAL, Side.RIGHT, Side.LEFT], (0.6, 0.28, 0.12))
        self._fluid(side, 0.6)
        self.add(Kind.LINEAR_ATELECTASIS, 0.12, place="base")

    def _effusion(self) -> None:
        side = choose(self.rng, list(SIDES[Kind.EFFUSION]), list(SIDES[Kind.EFFUSION].values()))
        self._fluid(side, 1)
        lobar = self.rng.random() < 0.25 and side is not Side.BILATERAL
        if lobar:
            self.add(Kind.LOBAR_ATELECTASIS, side=side, place="lower lobe")
        else:
            self.add(Kind.LINEAR_ATELECTASIS, 0.5, side=side, place="base")

    def _fluid(self, side: Side, chance: float) -> None:
        """One effusion, or on both sides sometimes one of each grade."""
        if side is Side.BILATERAL and self.rng.random() < 0.3:
            grades = self.rng.permutation(3)[:2]
            if self.rng.random() < chance:
                for one, grade in zip((Side.RIGHT, Side.LEFT), grades, strict=True):
                    self.add(Kind.EFFUSION, side=one, severity=tuple(Severity)[grade])
        else:
            self.add(Kind.EFFUSION, chance, side=side)

    def _pneumonia(self) -> None:
        first = self.add(Kind.CONSOLIDATION)
        self.add(Kind.CONSOLIDATION, 0.22)
        if first and first.side:
            self.add(Kind.EFFUSION, 0.28, side=first.side, severity=Severity.MILD)

    def _bands(self) -> None:
        self.add(Kind.LINEAR_ATELECTASIS)

    def _collapse(self) -> None:
        fact = self.add(Kind.LOBAR_ATELECTASIS)
        if fact and fact.place == "lower lobe":
            self.add(Kind.EFFUSION, 0.4, side=fact.side, severity=Severity.MILD)

    def _pneumothorax(self) -> None:
        fact = self.add(Kind.PNEUMOTHORAX)
        self.add(Kind.HYPERINFLATION, 0.3)
        if fact:
            self.add(Kind.EFFUSION, 0.14, side=fact.side, severity=Severity.MILD)
            self.add(Kind.LINEAR_ATELECTASIS, 0.15, side=fact.side, place="base")

    def _emphysema(self) -> None:
        self.add(Kind.HYPERINFLATION)
        self.add(Kind.NODULE, 0.12, calcified=False)
        self.add(Kind.LINEAR_ATELECTASIS, 0.15)
        self.add(Kind.CARDIOMEGALY, 0.08, severity=Severity.MILD)

    def _nodules(self) -> None:
        self.add(Kind.NODULE)
        self.add(Kind.NODULE, 0.2)
        self.add(Kind.HYPERINFLATION, 0.1)

    def _mass(self) -> None:
        fact = self.add(Kind.MASS)
        if fact:
            self.add(Kind.EFFUSION, 0.22, side=fact.side)
            self.add(Kind.NODULE, 0.18, calcified=False)

    def _raised(self) -> None:
        fact = self.add(Kind.ELEVATED_HEMIDIAPHRAGM)
        if fact:
            self.add(Kind.LINEAR_ATELECTASIS, 0.4, side=fact.side, place="base")

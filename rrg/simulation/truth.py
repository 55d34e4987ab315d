"""What is true of a simulated study: a body, its findings, how the film was taken. Knows no image, no word of a report and
no random number.

All numbers are rounded to four decimals, so that a truth written as JSON and read again is the same truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.types import RrgError, Side, View

FILM = 256  # pixels of a simulated film's side


class Kind(StrEnum):
    """A finding that can be put into a body."""

    CARDIOMEGALY = "cardiomegaly"
    EFFUSION = "pleural effusion"
    PNEUMOTHORAX = "pneumothorax"
    CONSOLIDATION = "consolidation"
    LINEAR_ATELECTASIS = "linear atelectasis"
    LOBAR_ATELECTASIS = "lobar atelectasis"
    OEDEMA = "oedema"
    NODULE = "nodule"
    MASS = "mass"
    HYPERINFLATION = "hyperinflation"
    ELEVATED_HEMIDIAPHRAGM = "elevated hemidiaphragm"
    PACEMAKER = "pacemaker"
    CENTRAL_LINE = "central line"
    STERNAL_WIRES = "sternal wires"


class Severity(StrEnum):
    """Three grades; of an effusion, a pneumothorax and the like they are called small, moderate and large."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Position(StrEnum):
    """How the beam passes for the frontal view."""

    PA = "PA"
    AP = "AP"


LOBES = ("upper lobe", "middle lobe", "lower lobe")  # the middle one on the right only
VEINS = ("jugular vein", "subclavian vein", "arm vein")  # by which a central line enters; the last is a PICC

# kind -> its parameters: name -> (lowest, highest) over all grades, and what it means.
PARAMETERS: Mapping[Kind, Mapping[str, tuple[float, float]]] = {
    # Factor on the transverse size of the body's own heart.
    Kind.CARDIOMEGALY: {"scale": (1.12, 1.6)},
    # Height of the fluid at the lateral chest wall, a fraction of the hemithorax.
    Kind.EFFUSION: {"height": (0.08, 0.8)},
    # Part of the hemithorax that is air outside the lung.
    Kind.PNEUMOTHORAX: {"fraction": (0.06, 0.8)},
    # Part of the lobe that is filled; how much of the air in it is replaced; its centre in the lobe's box (left-right,
    # back-front, foot-head), fractions.
    Kind.CONSOLIDATION: {"extent": (0.15, 1), "density": (0.4, 1), "x": (0, 1), "y": (0, 1), "z": (0, 1)},
    # Number of bands, their thickness and length in mm, their tilt against the horizontal in degrees, and the height of
    # the lowest one above the diaphragm, a fraction of the lung's height.
    Kind.LINEAR_ATELECTASIS: {
        "bands": (1, 4), "thickness_mm": (1.5, 6), "length_mm": (25, 90), "tilt_deg": (-35, 35), "height": (0.02, 0.5),
    },
    # Part of the lobe's volume that is lost.
    Kind.LOBAR_ATELECTASIS: {"loss": (0.3, 0.95)},
    # Perihilar haze, distended vessels, and septal lines, each from none to full.
    Kind.OEDEMA: {"haze": (0, 1), "vessels": (0, 1), "lines": (0, 1)},
    # Centre in the lobe's box, fractions as above; density from 0 (ground glass) to 1 (solid); irregularity of the outline.
    Kind.NODULE: {"x": (0, 1), "y": (0, 1), "z": (0, 1), "density": (0.4, 1), "irregularity": (0, 1)},
    Kind.MASS: {"x": (0, 1), "y": (0, 1), "z": (0, 1), "density": (0.4, 1), "irregularity": (0, 1)},
    # How far the diaphragm is flattened and the chest deepened, from none to full; share of the lungs' attenuation lost.
    Kind.HYPERINFLATION: {"flattening": (0.2, 1), "deepening": (0, 1), "lucency": (0, 0.5)},
    Kind.ELEVATED_HEMIDIAPHRAGM: {"rise_mm": (18, 70)},
    # Leads in the heart (2: atrium and ventricle); tilt of the generator in degrees.
    Kind.PACEMAKER: {"leads": (1, 2), "tilt_deg": (-40, 40)},
    # How far the tip lies below the carina, in mm: SVC to 35, cavoatrial junction to 55, right atrium beyond.
    Kind.CENTRAL_LINE: {"tip_mm": (5, 75)},
    Kind.STERNAL_WIRES: {"wires": (4, 7)},
}  # fmt: skip

# Body parameter -> (lowest, highest).
BODY: Mapping[str, tuple[float, float]] = {
    "age": (20, 95),  # years
    "width": (0.85, 1.18), "depth": (0.8, 1.25), "height": (0.88, 1.12),  # factors on the thorax
    "heart": (0.88, 1.08),  # factor on the heart's transverse size; never enlarged
    "diaphragm_left_mm": (-12, 12), "diaphragm_right_mm": (-12, 12),  # towards the head
    "inspiration": (0.68, 1.06),  # factor on the lungs' height; below LOW_VOLUMES they are small
    "rotation_deg": (-9, 9),  # about the long axis; positive turns the patient's left side forward
    "soft_mm": (-8, 45),  # soft tissue added all round
    "breast": (0, 1),  # none to large
    "bone": (0.6, 1.15),  # factor on the bones' excess attenuation
    "scoliosis_deg": (-35, 35),  # Cobb angle of the thoracic curve, positive where convex to the right
    "degeneration": (0, 1),  # of the thoracic spine
}  # fmt: skip
LOW_VOLUMES = 0.8  # inspiration below which a report speaks of low lung volumes
SCOLIOSIS_DEG = 10.0  # the definition of scoliosis (Cobb)
DEGENERATION = 0.55  # from which on a report may speak of it
ROTATED_DEG = 5.0  # from which on a report may say that the patient is rotated

_SIDED: Mapping[Kind, tuple[Side, ...]] = {Kind.EFFUSION: tuple(Side), Kind.LINEAR_ATELECTASIS: tuple(Side)} | dict.fromkeys(
    (
        Kind.PNEUMOTHORAX, Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS, Kind.NODULE, Kind.MASS,
        Kind.ELEVATED_HEMIDIAPHRAGM, Kind.PACEMAKER, Kind.CENTRAL_LINE,
    ),
    (Side.LEFT, Side.RIGHT),
)  # fmt: skip
_PLACES: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONSOLIDATION: LOBES, Kind.LOBAR_ATELECTASIS: LOBES, Kind.NODULE: LOBES, Kind.MASS: LOBES,
    Kind.LINEAR_ATELECTASIS: ("base", "midlung"), Kind.CENTRAL_LINE: VEINS,
}  # fmt: skip
_SIZES_MM = {Kind.NODULE: (6.0, 30.0), Kind.MASS: (30.0, 80.0)}
DEVICES = frozenset({Kind.PACEMAKER, Kind.CENTRAL_LINE, Kind.STERNAL_WIRES})
UNGRADED = DEVICES | {Kind.NODULE, Kind.MASS}


@dataclass(frozen=True)
class Fact:
    """One finding. What its kind does not have (a heart's side, a nodule's grade) is None.

    `side` is the patient's; BILATERAL has the same parameters on both. `place` is a lobe, "base" or "midlung", of a central
    line its vein. `size_mm` is the diameter of a nodule or mass, which alone may be `calcified`. RrgError where an attribute
    does not belong to the kind.
    """

    kind: Kind
    side: Side | None = None
    severity: Severity | None = None
    place: str | None = None
    size_mm: float | None = None
    calcified: bool | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _one_of(self, "side", self.side, _SIDED.get(self.kind, (None,)))
        _one_of(self, "severity", self.severity, (None,) if self.kind in UNGRADED else tuple(Severity))
        _one_of(self, "place", self.place, _PLACES.get(self.kind, (None,)))
        if self.place == "middle lobe" and self.side is not Side.RIGHT:
            raise RrgError(f"{self.kind} in a middle lobe of side {self.side}: it is on the right only")
        sized = _SIZES_MM.get(self.kind)
        _one_of(self, "calcified", self.calcified, (True, False) if sized else (None,))
        if (sized is None) != (self.size_mm is None):
            raise RrgError(
                f"{self.kind} with size {self.size_mm} mm: nodules and masses have one, nothing else"
            )
        if sized and self.size_mm is not None:
            _within(f"{self.kind}: size_mm", self.size_mm, sized)
        _check_parameters(self.kind, self.parameters, PARAMETERS[self.kind])


@dataclass(frozen=True)
class Body:
    """A person without findings; `parameters` as in `BODY`. Those that are left out are at the CT's own (`NEUTRAL`)."""

    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_parameters("body", {**NEUTRAL, **self.parameters}, BODY)

    def __getitem__(self, name: str) -> float:
        return self.parameters.get(name, NEUTRAL[name])


# The body that the CT shows.
NEUTRAL: Mapping[str, float] = {
    "age": 60.0, "width": 1.0, "depth": 1.0, "height": 1.0, "heart": 1.0, "diaphragm_left_mm": 0.0,
    "diaphragm_right_mm": 0.0, "inspiration": 1.0, "rotation_deg": 0.0, "soft_mm": 0.0, "breast": 0.0, "bone": 1.0,
    "scoliosis_deg": 0.0, "degeneration": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """One study. `seed` is where every random detail (texture, noise, words) starts from; the facts are not random."""

    seed: int
    body: Body
    facts: tuple[Fact, ...]
    position: Position = Position.PA

    @property
    def normal(self) -> bool:
        """No finding but devices."""
        return all(fact.kind in DEVICES for fact in self.facts)


@dataclass(frozen=True, eq=False)
class Simulated:
    """Both films of a truth, (256, 256) uint8 each, bright = dense, and for each view one mask (256, 256) bool a fact, in
    the order of `truth.facts`: where the fact changes the film.

    The frontal film has the patient's left on the right of the picture; in the lateral one the patient faces left.
    """

    images: Mapping[View, NDArray[np.uint8]]
    masks: Mapping[View, tuple[NDArray[np.bool_], ...]]


def as_json(truth: Truth) -> dict[str, Any]:
    """Plain JSON values; `from_json` undoes it. Attributes that a fact does not have are left out."""
    facts = []
    for fact in truth.facts:
        values = {name: getattr(fact, name) for name in ("side", "severity", "place", "size_mm", "calcified")}
        kept = {name: str(v) if isinstance(v, StrEnum) else v for name, v in values.items() if v is not None}
        facts.append({"kind": str(fact.kind), **kept, "parameters": dict(fact.parameters)})
    return {
        "seed": truth.seed, "position": str(truth.position), "body": dict(truth.body.parameters), "facts": facts,
    }  # fmt: skip


def from_json(value: Mapping[str, Any]) -> Truth:
    """The truth that `as_json` wrote. RrgError where it is not one."""
    try:
        facts = tuple(_fact(each) for each in value["facts"])
        return Truth(int(value["seed"]), Body(dict(value["body"])), facts, Position(value["position"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RrgError(
            f"not the truth of a simulated study ({error!r}); simulate the cohort again"
        ) from error


def _fact(value: Mapping[str, Any]) -> Fact:
    return Fact(
        Kind(value["kind"]),
        Side(value["side"]) if "side" in value else None,
        Severity(value["severity"]) if "severity" in value else None,
        value.get("place"), value.get("size_mm"), value.get("calcified"), dict(value["parameters"]),
    )  # fmt: skip


def _one_of(fact: Fact, name: str, value: object, accepted: tuple[object, ...]) -> None:
    if value not in accepted:
        known = ", ".join(str(each) for each in accepted)
        raise RrgError(f"{fact.kind} with {name} {value}: accepted is {known}")


def _check_parameters(
    owner: str, given: Mapping[str, float], accepted: Mapping[str, tuple[float, float]]
) -> None:
    if set(given) != set(accepted):
        raise RrgError(f"{owner} has the parameters {sorted(given)}; needed are {sorted(accepted)}")
    for name, value in given.items():
        _within(f"{owner}: {name}", value, accepted[name])


def _within(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise RrgError(f"{name} is {value}; it lies between {low:g} and {high:g}")

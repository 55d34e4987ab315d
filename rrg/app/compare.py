"""Two reports side by side: which sentences agree, contradict or stand alone, and a table of findings.

Decided by the findings that the labeller reads out of the words; knows no model, no image and no screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rrg.data.findings import label_report
from rrg.data.reports import normalise, sentences
from rrg.types import Finding, Side, Status

NO_FINDING = "No Finding"
_WEIGHT = {Status.PRESENT: 2, Status.UNCERTAIN: 1, Status.ABSENT: 0}


class Labelled(Protocol):
    """A report in sentences with the findings in them; a `ModelReading` is one."""

    @property
    def sentences(self) -> tuple[str, ...]: ...

    @property
    def findings(self) -> tuple[Finding, ...]: ...


@dataclass(frozen=True)
class LabelledText:
    """A report that no model of ours wrote."""

    sentences: tuple[str, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, text: str) -> LabelledText:
        return cls(tuple(sentences(text)), tuple(label_report(text)))


class Verdict(StrEnum):
    AGREES = "agrees"
    ALONE = "only here"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report and how it stands to the other report; `reason` says what decided it."""

    text: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class FindingRow:
    """One finding in both reports and the reference; None where one does not mention it, which is not "absent".

    `verdict` is on the two reports alone.
    """

    label: str
    first: Finding | None
    second: Finding | None
    verdict: Verdict
    reference: Finding | None = None


def compare_sentences(
    mine: Labelled, other: Labelled, called: str = "the other report"
) -> tuple[Sentence, ...]:
    """Every sentence of `mine` judged against the whole of `other`, which reasons call `called`."""
    same_words = {normalise(text) for text in other.sentences}
    return tuple(
        _judge(text, _named_in(mine, i), other.findings, normalise(text) in same_words, called)
        for i, text in enumerate(mine.sentences)
    )


def _named_in(report: Labelled, sentence: int) -> list[Finding]:
    """The findings of one sentence. A report tells each fact once, so a repetition is labelled by itself."""
    named = [f for f in report.findings if f.sentence == sentence and f.label != NO_FINDING]
    return named or [f for f in label_report(report.sentences[sentence]) if f.label != NO_FINDING]


def findings_table(
    first: Labelled, second: Labelled, reference: Labelled | None = None
) -> tuple[FindingRow, ...]:
    """One row per finding that any of them names; conflicts first, then what is present, then absent."""
    left, right = strongest(first.findings), strongest(second.findings)
    truth = strongest(reference.findings) if reference is not None else {}
    labels = [label for label in (*left, *right, *truth) if label != NO_FINDING]
    rows = [
        _row(label, left.get(label), right.get(label), truth.get(label)) for label in dict.fromkeys(labels)
    ]
    return tuple(sorted(rows, key=_row_order))


def strongest(findings: Sequence[Finding]) -> dict[str, Finding]:
    """The finding that speaks for each label: present before uncertain before absent, then the first."""
    chosen: dict[str, Finding] = {}
    for finding in findings:
        held = chosen.get(finding.label)
        if held is None or _WEIGHT[finding.status] > _WEIGHT[held.status]:
            chosen[finding.label] = finding
    return chosen


def describe(finding: Finding | None) -> str:
    """ "right Pleural Effusion present", "not mentioned"."""
    if finding is None:
        return "not mentioned"
    parts = (finding.severity, finding.side, finding.label, finding.status)
    return " ".join(str(part) for part in parts if part)


def conflict(mine: Finding, theirs: Finding) -> bool:
    """Present against absent, or one side against the other. Uncertain conflicts with neither."""
    if {mine.status, theirs.status} == {Status.PRESENT, Status.ABSENT}:
        return True
    if Status.ABSENT in {mine.status, theirs.status}:
        return False
    return {mine.side, theirs.side} == {Side.LEFT, Side.RIGHT}


def _judge(
    text: str, named: Sequence[Finding], theirs: Sequence[Finding], same_words: bool, called: str
) -> Sentence:
    if same_words:
        return Sentence(text, Verdict.AGREES, f"the same words in {called}")
    for finding in named:
        against = _opponent(finding, theirs)
        if against is not None:
            return Sentence(text, Verdict.CONTRADICTS, f"{called}: {describe(against)}")
    if named and all(_match(finding, theirs) for finding in named):
        return Sentence(text, Verdict.AGREES, "; ".join(describe(f) for f in named))
    missing = [f for f in named if not _match(f, theirs)]
    reason = f"{called} does not say: " + "; ".join(describe(f) for f in missing) if missing else ""
    return Sentence(text, Verdict.ALONE, reason or f"no such sentence in {called}")


def _opponent(finding: Finding, others: Sequence[Finding]) -> Finding | None:
    """What contradicts `finding`, unless the other report says the same as well (left and right)."""
    if _match(finding, others):
        return None
    return next((o for o in others if o.label == finding.label and conflict(finding, o)), None)


def _match(finding: Finding, others: Sequence[Finding]) -> bool:
    return any(
        o.label == finding.label and o.status == finding.status and not conflict(finding, o) for o in others
    )


def _row(label: str, first: Finding | None, second: Finding | None, reference: Finding | None) -> FindingRow:
    if first is None or second is None:
        verdict = Verdict.ALONE
    elif conflict(first, second):
        verdict = Verdict.CONTRADICTS
    else:
        verdict = Verdict.AGREES if first.status == second.status else Verdict.ALONE
    return FindingRow(label, first, second, verdict, reference)


def _row_order(row: FindingRow) -> tuple[bool, int, str]:
    weight = max(_WEIGHT[f.status] for f in (row.first, row.second, row.reference) if f is not None)
    return row.verdict is not Verdict.CONTRADICTS, -weight, row.label

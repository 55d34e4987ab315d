"""Two reports side by side: which sentences agree, differ, contradict or stand alone, and a table of findings.

Decided by the findings that the labeller reads out of the words; knows no model, no image and no screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from rrg.data.findings import differing_attributes, label_report
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
    """From best to worst. Findings differ where both state another severity, place or extent (bilateral, one side)."""

    AGREES = "agrees"
    ALONE = "only here"
    DIFFERS = "differs"
    CONTRADICTS = "contradicts"


OTHERWISE = (Verdict.DIFFERS, Verdict.CONTRADICTS)  # where the reason is worth reading
_ORDER = list(Verdict)


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report and how it stands to the other report; `reason` says what decided it."""

    text: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class FindingRow:
    """One label in both reports and the reference: in each all findings of the firmest status that it gives the label.

    Empty where one does not mention it, which is not "absent". `verdict` is on the two reports alone; `differing` names
    the attributes in which they differ.
    """

    label: str
    first: tuple[Finding, ...]
    second: tuple[Finding, ...]
    verdict: Verdict
    reference: tuple[Finding, ...] = ()
    differing: tuple[str, ...] = ()


def compare_sentences(
    mine: Labelled, other: Labelled, called: str = "the other report"
) -> tuple[Sentence, ...]:
    """Every sentence of `mine` judged against the whole of `other`, which reasons call `called`."""
    same_words = {normalise(text) for text in other.sentences}
    own, theirs = _alike(mine.findings, other.findings)
    told = [
        (text, _split(_named_in(mine, i), other.findings), normalise(text) in same_words)
        for i, text in enumerate(mine.sentences)
    ]
    return tuple(_judge(text, named, own, theirs, same, called) for text, named, same in told)


def _named_in(report: Labelled, sentence: int) -> list[Finding]:
    """The findings of one sentence. A report tells each fact once, so a repetition is labelled by itself."""
    named = [f for f in report.findings if f.sentence == sentence and f.label != NO_FINDING]
    return named or [f for f in label_report(report.sentences[sentence]) if f.label != NO_FINDING]


def findings_table(
    first: Labelled, second: Labelled, reference: Labelled | None = None
) -> tuple[FindingRow, ...]:
    """One row per finding that any of them names; conflicts first, then what is present, then absent."""
    left, right = firmest(first.findings), firmest(second.findings)
    truth = firmest(reference.findings) if reference is not None else {}
    labels = [label for label in (*left, *right, *truth) if label != NO_FINDING]
    rows = [
        FindingRow(label, left.get(label, ()), right.get(label, ()), verdict, truth.get(label, ()), differing)
        for label in dict.fromkeys(labels)
        for verdict, differing in [_judge_label(label, first.findings, second.findings)]
    ]
    return tuple(sorted(rows, key=_row_order))


def firmest(findings: Sequence[Finding]) -> dict[str, tuple[Finding, ...]]:
    """label -> all findings of its firmest status, in order: present before uncertain before absent."""
    chosen: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        held = chosen.get(finding.label, ())
        firmer = _WEIGHT[finding.status] - _WEIGHT[held[0].status] if held else 1
        if firmer >= 0:
            chosen[finding.label] = (finding,) if firmer else (*held, finding)
    return chosen


def describe(finding: Finding) -> str:
    """ "right Consolidation (lower lobe) present"."""
    place = f"({finding.place})" if finding.place else None
    parts = (finding.severity, finding.side, finding.label, place, finding.status)
    return " ".join(str(part) for part in parts if part)


def conflict(mine: Finding, theirs: Finding) -> bool:
    """Present against absent, of the same side, severity and place as far as both state them; or, of what is present or
    possible, left against right.
    """
    opposite = {mine.side, theirs.side} == {Side.LEFT, Side.RIGHT}
    if {mine.status, theirs.status} == {Status.PRESENT, Status.ABSENT}:
        return not opposite and not {"severity", "place"} & set(differing_attributes(mine, theirs))
    return opposite and Status.ABSENT not in (mine.status, theirs.status)


def contradicted(mine: Sequence[Finding], theirs: Sequence[Finding]) -> bool:
    """Whether one of `mine` contradicts the findings of another report."""
    own, others = _alike(mine, theirs)
    return any(_against(finding, own, others)[0] is Verdict.CONTRADICTS for finding in own)


def _judge(
    text: str,
    named: Sequence[Finding],
    own: Sequence[Finding],
    theirs: Sequence[Finding],
    same_words: bool,
    called: str,
) -> Sentence:
    if same_words:
        return Sentence(text, Verdict.AGREES, f"the same words in {called}")
    judged = [(finding, *_against(finding, own, theirs)) for finding in named]
    for worst in reversed(OTHERWISE):
        for finding, verdict, other in judged:
            if verdict is worst and other is not None:
                return Sentence(text, verdict, _otherwise(finding, other, called))
    missing = [finding for finding, verdict, _ in judged if verdict is Verdict.ALONE]
    if named and not missing:
        return Sentence(text, Verdict.AGREES, "; ".join(map(describe, named)))
    reason = f"{called} does not say: " + "; ".join(map(describe, missing)) if missing else ""
    return Sentence(text, Verdict.ALONE, reason or f"no such sentence in {called}")


def _otherwise(mine: Finding, other: Finding, called: str) -> str:
    """ "the reference: small right Pleural Effusion present (differs in severity: large / small)"."""
    said = f"{called}: {describe(other)}"
    if Status.ABSENT in (mine.status, other.status):
        return said
    differing = (f"{name}: {getattr(mine, name)} / {getattr(other, name)}" for name in differing_attributes(mine, other))
    return f"{said} (differs in {', '.join(differing)})"


def _against(
    finding: Finding, own: Sequence[Finding], theirs: Sequence[Finding]
) -> tuple[Verdict, Finding | None]:
    """How a finding of the report `own` stands to the report `theirs`, and which finding there says otherwise."""
    if any(_same(finding, other) for other in theirs):
        return Verdict.AGREES, None
    alike = [other for other in theirs if other.label == finding.label]
    for other in alike:
        if Status.ABSENT in (finding.status, other.status) and conflict(finding, other):
            return Verdict.CONTRADICTS, other
    rivals = _rivals(finding, own, alike)
    echoed = any(not differing_attributes(finding, other) for other in alike)  # the same, but for its certainty
    if finding.status is Status.ABSENT or echoed or not rivals:
        return Verdict.ALONE, None
    nearest = min(rivals, key=lambda other: _distance(finding, other))
    return (Verdict.CONTRADICTS if conflict(finding, nearest) else Verdict.DIFFERS), nearest


def _rivals(finding: Finding, own: Sequence[Finding], alike: Sequence[Finding]) -> list[Finding]:
    """What of the same label there is to hold against `finding`: that to which nothing else in `own` comes nearer.

    A left effusion beside the right one does not contradict a report that names the right one alone.
    """
    stated = [mine for mine in own if mine.label == finding.label and mine.status is not Status.ABSENT]
    return [
        other
        for other in alike
        if other.status is not Status.ABSENT
        and not any(_distance(mine, other) < _distance(finding, other) for mine in stated)
    ]


def _same(mine: Finding, other: Finding) -> bool:
    return mine.label == other.label and mine.status is other.status and not differing_attributes(mine, other)


def _distance(mine: Finding, other: Finding) -> tuple[bool, int]:
    differing = differing_attributes(mine, other)
    return "side" in differing, len(differing)


def _alike(mine: Sequence[Finding], other: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Both reports' findings, told side by side wherever one of the reports tells them so."""
    return _split(mine, other), _split(other, mine)


def _split(findings: Sequence[Finding], other: Sequence[Finding]) -> list[Finding]:
    """A bilateral finding as one of each side where the other report names the sides one by one."""
    sides = {(each.label, each.side) for each in other}
    found: list[Finding] = []
    for each in findings:
        both = {(each.label, Side.LEFT), (each.label, Side.RIGHT)} <= sides
        split = each.side is Side.BILATERAL and both
        found += [replace(each, side=side) for side in (Side.LEFT, Side.RIGHT)] if split else [each]
    return found


def _judge_label(
    label: str, first: Sequence[Finding], second: Sequence[Finding]
) -> tuple[Verdict, tuple[str, ...]]:
    """How two reports stand to each other in all that they say of a label, the absent included, and what differs."""
    mine, theirs = ([each for each in said if each.label == label] for said in (first, second))
    if not mine or not theirs:
        return Verdict.ALONE, ()
    left, right = _alike(mine, theirs)
    judged = [(each, *_against(each, own, other)) for own, other in ((left, right), (right, left)) for each in own]
    worst = max((verdict for _, verdict, _ in judged), key=_ORDER.index)
    differing = [name for each, _, other in judged if other for name in differing_attributes(each, other)]
    return worst, tuple(dict.fromkeys(differing))


def _row_order(row: FindingRow) -> tuple[int, int, str]:
    weight = max(_WEIGHT[f.status] for f in (*row.first, *row.second, *row.reference))
    return -max(_ORDER.index(row.verdict), _ORDER.index(Verdict.ALONE)), -weight, row.label

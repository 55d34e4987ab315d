"""A report with one clinical fact flipped: presence, side, severity or place. Knows no image and no model.

The wording is in `counterfactuals.yaml`; one sentence is edited in `counterfactual_sentences.py`. Here each edit
is put back into its report and shown to the labeller, which must find that fact flipped and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rrg.data.counterfactual_sentences import edited_sentences
from rrg.data.counterfactual_wording import load_wording
from rrg.data.finding_sentences import label_sentence
from rrg.data.findings import NO_FINDING, label_report
from rrg.data.reports import sentences
from rrg.types import Finding, Side, Status


class Fact(StrEnum):
    """What a counterfactual flips."""

    PRESENCE = "presence"
    SIDE = "side"
    SEVERITY = "severity"
    PLACE = "place"


LONGEST_REPORT = 60  # sentences that are edited; those of radiographs have some ten
_BOTH = re.compile(r"(?<![\w-])(?:bi|both)", re.IGNORECASE)

LIGHT = frozenset({"borderline", "minimal", "small", "mild"})  # severities; the others are heavy
HIGH = frozenset({"upper lobe", "apex"})
LOW = frozenset({"lower lobe", "base"})


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
    def direction(self) -> str:
        """ "added", "removed", "to the left", ...: who always prefers one direction is right in it, wrong in the other."""
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        return _direction(self.fact, self.before, self.after)


def counterfactuals(report: str) -> list[Counterfactual]:
    """Every edit that the labeller confirms to flip one fact and nothing else, in the order of the sentences.

    Of several wordings of one flip of one sentence the first stays. Deterministic; any string returns.
    """
    return [edit for edit in proposals(report) if isinstance(edit, Counterfactual)]


def proposals(report: str) -> Iterator[Counterfactual | str]:
    """Every edit that was tried: the counterfactual, or why the labeller rejects it, in words."""
    parts = sentences(report)
    before = label_report(report)
    at = 0
    for index, part in enumerate(parts[:LONGEST_REPORT]):
        span = _span(report, part, at)
        at = span[1]
        told: set[tuple[object, ...]] = set()
        for meant, edited in edited_sentences(part):
            text = report[: span[0]] + edited + report[span[1] :]
            edit = _judge(before, text, parts, index, edited)
            if isinstance(edit, Counterfactual) and edit.fact != meant:
                edit = "another fact flips than was meant"
            if isinstance(edit, Counterfactual):
                key = (edit.fact, edit.label, edit.direction)
                if key in told:
                    continue
                told.add(key)
            yield edit


def _span(report: str, part: str, start: int) -> tuple[int, int]:
    """Where a sentence stands in the report; its white space may be folded."""
    found = report.find(part, start)
    if found >= 0:
        return found, found + len(part)
    match = re.compile(r"\s+".join(map(re.escape, part.split()))).search(report, start)
    return match.span() if match else (start, start)


def _judge(
    before: Sequence[Finding], text: str, parts: Sequence[str], index: int, edited: str
) -> Counterfactual | str:
    gone, come = _difference(before, label_report(text))
    if not gone and not come:
        return "no fact changes"
    labels = {finding.label for finding in (*gone, *come)}
    if len(labels) > 1:
        return "another finding changes too"
    if len(gone) != 1 or len(come) != 1:
        return "the finding is told twice"
    fact = _flipped(gone[0], come[0])
    if fact is None:
        return "more than one fact of the finding changes"
    if (
        fact is Fact.SIDE
        and Side.BILATERAL in (gone[0].side, come[0].side)
        and not _BOTH.search(parts[index] + edited)
    ):
        return "only one of two words for the side changes"
    if fact is Fact.PRESENCE:
        reason = _incoherent(come[0], parts, index, edited)
        if reason:
            return reason
    (label,) = labels
    told = _in_words(fact, gone[0], come[0])
    return Counterfactual(text, fact, label, gone[0], come[0], index, parts[index], edited, told)


def _difference(a: Sequence[Finding], b: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Findings only in a, and only in b; in which sentence they stand does not count, nor does "No Finding"."""
    ours, theirs = ({_key(each): each for each in side if each.label != NO_FINDING} for side in (a, b))
    gone = [each for key, each in ours.items() if key not in theirs]
    return gone, [each for key, each in theirs.items() if key not in ours]


def _key(finding: Finding) -> tuple[object, ...]:
    return finding.label, finding.status, finding.side, finding.severity, finding.place


def _flipped(before: Finding, after: Finding) -> Fact | None:
    """The one fact in which two findings of one label differ; None where it is not exactly one."""
    firm = {before.status, after.status}
    if firm == {Status.PRESENT, Status.ABSENT}:
        return Fact.PRESENCE
    if Status.ABSENT in firm:
        return None  # "no large effusion" and "no small effusion" may both be true
    graded = before.severity != after.severity
    if len(firm) > 1 and not (graded and "borderline" in (before.severity, after.severity)):
        return None
    changed = [
        fact
        for fact, differs in (
            (Fact.SIDE, before.side is not after.side),
            (Fact.SEVERITY, graded),
            (Fact.PLACE, before.place != after.place),
        )
        if differs
    ]
    return changed[0] if len(changed) == 1 and _opposite(changed[0], before, after) else None


def _opposite(fact: Fact, before: Finding, after: Finding) -> bool:
    """Both have a value of the fact: what is lost or new is no flip."""
    return all(getattr(each, fact.value) is not None for each in (before, after))


def _incoherent(after: Finding, parts: Sequence[str], index: int, edited: str) -> str | None:
    """Whether the edited report contradicts itself, which a reader of the text alone would see."""
    told = [*parts[:index], *sentences(edited), *parts[index + 1 :]]
    statuses = {
        finding.status is Status.ABSENT
        for part in told
        for finding in label_sentence(part.lower())
        if finding.label == after.label
    }
    if len(statuses) > 1:
        return "the report says the opposite elsewhere"
    if after.status is Status.ABSENT and load_wording().refers.match("".join(parts[index + 1 : index + 2])):
        return "the next sentence speaks of it"
    if after.status is Status.PRESENT and any(
        after.label in each.labels and any(map(each.phrases.search, told))
        for each in load_wording().contradictions
    ):
        return "the report says elsewhere that all is clear"
    return None


def _direction(fact: Fact, before: Finding, after: Finding) -> str:
    if fact is Fact.PRESENCE:
        return "removed" if after.status is Status.ABSENT else "added"
    if fact is Fact.SIDE:
        if Side.BILATERAL in (before.side, after.side):
            return "to both sides" if after.side is Side.BILATERAL else "to one side"
        return f"to the {after.side}"
    if fact is Fact.SEVERITY:
        return "lighter" if after.severity in LIGHT else "heavier"
    if before.place in LOW or after.place in HIGH:
        return "higher"
    return "lower" if before.place in HIGH or after.place in LOW else "elsewhere"


def _in_words(fact: Fact, before: Finding, after: Finding) -> str:
    """ "Pleural Effusion: absent -> present"."""
    values = ("status" if fact is Fact.PRESENCE else fact.value,) * 2
    old, new = (getattr(each, value) for each, value in zip((before, after), values, strict=True))
    return f"{before.label}: {old} → {new}"

"""Text -> findings: the 14 CheXpert classes with status, side, severity and place. Knows no image and no
model.

The rules are words, kept in `findings.yaml`; here they are applied sentence by sentence. Classes, precedence
and the meaning of "No Finding" follow Irvin et al. 2019 (arXiv:1901.07031). Every string gets an answer in
time that grows linearly with its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

from rrg.data.finding_sentences import SUPPORT_DEVICES, label_sentence
from rrg.data.reports import sentences
from rrg.types import Finding, RrgError, Side, Status

LABELS = (
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
    "No Finding",
)
NO_FINDING = "No Finding"

_STATUS_CODES = {Status.PRESENT: "+", Status.ABSENT: "-", Status.UNCERTAIN: "?"}
_STATUS_OF = {code: status for status, code in _STATUS_CODES.items()}
_SIDE_OF = {side.value[0].upper(): side for side in Side}
_CODED = re.compile(r"([0-9]{1,2})([-+?])([LRB]?)\|([^|;@]*)\|([^|;@]*)@([0-9]{1,9})")
_STRENGTH = {Status.PRESENT: 2, Status.UNCERTAIN: 1, Status.ABSENT: 0}


def label_report(text: str) -> list[Finding]:
    """What a report says, in the order of its sentences; what it does not mention is not there.

    Each fact is told once, at the sentence that names it first; a vaguer mention of a fact (no side, no
    place) goes where a fuller one exists, and an unsided "no effusion" where an effusion is found elsewhere.
    "No Finding" is present where no class but Support Devices is present or uncertain. Text without a word
    has no finding at all.
    """
    parts = sentences(text)
    mentions = [
        replace(finding, sentence=index)
        for index, part in enumerate(parts)
        for finding in label_sentence(part.lower())
    ]
    findings = _condense(mentions)
    abnormal = any(f.status is not Status.ABSENT and f.label != SUPPORT_DEVICES for f in findings)
    if parts and not abnormal:
        findings.append(Finding(NO_FINDING, Status.PRESENT))
    return findings


def statuses(findings: Iterable[Finding]) -> dict[str, Status]:
    """label -> status: present before uncertain before absent. Labels that are not mentioned are not in
    it.
    """
    found: dict[str, Status] = {}
    for finding in findings:
        held = found.get(finding.label, Status.ABSENT)
        found[finding.label] = max(held, finding.status, key=_STRENGTH.__getitem__)
    return found


# --- A whole report ---


def _condense(mentions: Iterable[Finding]) -> list[Finding]:
    """One finding a fact; what a fuller or firmer mention already says goes."""
    distinct: dict[tuple[object, ...], Finding] = {}
    for mention in mentions:
        distinct.setdefault((mention.status, *_fact(mention)), mention)
    kept = list(distinct.values())  # few: the classes and attributes are closed sets
    return [mention for mention in kept if not any(_covers(other, mention) for other in kept)]


def _covers(fuller: Finding, vaguer: Finding) -> bool:
    """Whether `fuller` makes `vaguer` superfluous: same label, as firm, and no attribute lost."""
    if fuller is vaguer or fuller.label != vaguer.label:
        return False
    if vaguer.status is Status.ABSENT and fuller.status is not Status.ABSENT:
        return vaguer.side is None or vaguer.side is fuller.side
    firm = _STRENGTH[fuller.status] - _STRENGTH[vaguer.status]
    ours, theirs = _fact(fuller)[1:], _fact(vaguer)[1:]
    included = all(word is None or word == held for held, word in zip(ours, theirs, strict=True))
    return included and firm >= 0 and (firm > 0 or ours != theirs)


# --- Comparing ---


def differing_fact(a: Sequence[Finding], b: Sequence[Finding]) -> str | None:
    """The first of `differing_facts`; None where two reports differ in no fact."""
    return next(differing_facts(a, b), None)


def differing_facts(
    a: Sequence[Finding], b: Sequence[Finding], here: str = "here", there: str = "there"
) -> Iterator[str]:
    """Every label in which two reports differ, in words; `here` names where `a` stands, `there` where `b`.

    Facts are what is present or uncertain: label, side, severity and place. Labels that only one report has
    come before those whose attributes differ; what is absent, "No Finding" and wording do not count.
    """
    ours, theirs = _facts(a), _facts(b)
    for label in LABELS:
        if bool(ours.get(label)) != bool(theirs.get(label)):
            facts, where = (ours[label], here) if ours.get(label) else (theirs[label], there)
            yield f"{_in_words(next(iter(facts)))} only {where}"
    for label in LABELS:
        mine, other = ours.get(label, {}), theirs.get(label, {})
        if mine and other and set(mine) != set(other):
            only_here = next((fact for fact in mine if fact not in other), next(iter(mine)))
            only_there = next((fact for fact in other if fact not in mine), next(iter(other)))
            yield f"{_in_words(only_here)} {here}, {_in_words(only_there)} {there}"


def differing_attributes(a: Finding, b: Finding) -> tuple[str, ...]:
    """Which of side, severity and place both findings state, and differently; what one leaves open does not count."""
    stated = (("side", a.side, b.side), ("severity", a.severity, b.severity), ("place", a.place, b.place))
    return tuple(name for name, mine, other in stated if mine and other and mine != other)


_Fact = tuple[str, Side | None, str | None, str | None]


def _fact(finding: Finding) -> _Fact:
    return finding.label, finding.side, finding.severity, finding.place


def _facts(findings: Iterable[Finding]) -> dict[str, dict[_Fact, None]]:
    """label -> its present or uncertain facts, in order."""
    found: dict[str, dict[_Fact, None]] = {}
    for finding in findings:
        if finding.status is not Status.ABSENT and finding.label != NO_FINDING:
            found.setdefault(finding.label, {})[_fact(finding)] = None
    return found


def stated_facts(findings: Iterable[Finding]) -> frozenset[str]:
    """What is present or uncertain, each with its severity, side and place in words."""
    return frozenset(_in_words(fact) for facts in _facts(findings).values() for fact in facts)


def _in_words(fact: _Fact) -> str:
    """ "small right Pleural Effusion (base)"."""
    label, side, severity, place = fact
    words = " ".join(word for word in (severity, side, label) if word)
    return f"{words} ({place})" if place else words


# --- Coding ---


def encode_findings(findings: Iterable[Finding]) -> str:
    """Findings as one ASCII string without report text, e.g. "9+R|small|base@2;8-||@3". `decode_findings`
    undoes it.
    """
    return ";".join(
        f"{LABELS.index(f.label)}{_STATUS_CODES[f.status]}{f.side.value[0].upper() if f.side else ''}"
        f"|{quote(f.severity or '', safe=' ')}|{quote(f.place or '', safe=' ')}@{f.sentence}"
        for f in findings
    )


def decode_findings(code: str) -> tuple[Finding, ...]:
    """The findings of `encode_findings`. RrgError where the string is not one of its."""
    return tuple(_decode(part) for part in code.split(";")) if code else ()


def _decode(part: str) -> Finding:
    found = _CODED.fullmatch(part)
    if not found or int(found[1]) >= len(LABELS):
        raise RrgError(
            f"{part[:40]!r} is not a coded finding such as '9+R|small|base@2'. Build the gallery again."
        )
    number, status, side, severity, place, sentence = found.groups()
    return Finding(
        LABELS[int(number)], _STATUS_OF[status], _SIDE_OF.get(side),
        unquote(severity) or None, unquote(place) or None, int(sentence),
    )  # fmt: skip

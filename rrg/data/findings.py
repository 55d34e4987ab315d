"""Text -> findings: the 14 CheXpert classes with status, side, severity and place. Knows no image and no model.

The rules are words, kept in `findings.yaml`; here they are applied sentence by sentence. Classes, precedence and the
meaning of "No Finding" follow Irvin et al. 2019 (arXiv:1901.07031). Every string gets an answer in time that
grows linearly with its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote, unquote

from rrg.data.finding_rules import Rules, load_rules
from rrg.data.reports import sentences
from rrg.types import Finding, RrgError, Side, Status

LABELS = (
    "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia",
    "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices", "No Finding",
)  # fmt: skip
NO_FINDING = "No Finding"
SUPPORT_DEVICES = "Support Devices"

_STATUS_CODES = {Status.PRESENT: "+", Status.ABSENT: "-", Status.UNCERTAIN: "?"}
_STATUS_OF = {code: status for status, code in _STATUS_CODES.items()}
_SIDE_OF = {side.value[0].upper(): side for side in Side}
_CODED = re.compile(r"([0-9]{1,2})([-+?])([LRB]?)\|([^|;@]*)\|([^|;@]*)@([0-9]{1,9})")
_STRENGTH = {Status.PRESENT: 2, Status.UNCERTAIN: 1, Status.ABSENT: 0}
_LISTED = re.compile(r"\s?,? ?(?:or|nor|and)? ?(?:\w{3,12} ){0,2}")
_WITH = re.compile(r"\bwith\b")
_PREPOSITION = re.compile(r"\s*(?:in|at|of|within|on|over|overlying|along|involving|near|to|seen|noted|projecting)\b")


def label_report(text: str) -> list[Finding]:
    """What a report says, in the order of its sentences; what it does not mention is not there.

    Each fact is told once, at the sentence that names it first; a vaguer mention of a fact (no side, no place) goes where
    a fuller one exists, and an unsided "no effusion" where an effusion is found elsewhere. "No Finding" is
    present where no class but Support Devices is present or uncertain. Text without a word has no finding at all.
    """
    parts = sentences(text)
    mentions = [
        replace(finding, sentence=index) for index, part in enumerate(parts) for finding in _label_sentence(part.lower())
    ]
    findings = _condense(mentions)
    abnormal = any(f.status is not Status.ABSENT and f.label != SUPPORT_DEVICES for f in findings)
    if parts and not abnormal:
        findings.append(Finding(NO_FINDING, Status.PRESENT))
    return findings


def statuses(findings: Iterable[Finding]) -> dict[str, Status]:
    """label -> status: present before uncertain before absent. Labels that are not mentioned are not in it."""
    found: dict[str, Status] = {}
    for finding in findings:
        held = found.get(finding.label, Status.ABSENT)
        found[finding.label] = max(held, finding.status, key=_STRENGTH.__getitem__)
    return found


# --- One sentence ----------------------------------------------------------------------------------------------------


@dataclass
class _Mention:
    """One phrase found in a sentence; positions count characters."""

    label: str
    start: int
    end: int
    sided: bool
    status: Status | None = None  # None: a question or history, not a reading
    side: Side | None = None
    severity: str | None = None
    place: str | None = None

    def finding(self) -> Finding:
        return Finding(self.label, self.status or Status.ABSENT, self.side, self.severity, self.place)


@lru_cache(maxsize=20_000)
def _label_sentence(sentence: str) -> tuple[Finding, ...]:
    """Findings of one lower-case sentence; reports repeat their sentences, so the answers are kept."""
    rules = load_rules()
    found: list[Finding] = []
    for clause in _clauses(sentence, rules):
        mentions = _mentions(clause, rules)
        if mentions:
            _set_status(clause, mentions, rules)
            _set_attributes(clause, mentions, rules)
        found += [mention.finding() for mention in mentions if mention.status]
    named = {finding.label for finding in found}
    implied = [
        Finding(rule.label, Status.ABSENT)
        for rule in rules.classes
        if rule.label not in named and rule.implies_absent.search(sentence)
    ]
    return tuple(found + implied)


def _clauses(sentence: str, rules: Rules) -> list[str]:
    """The stretches over which a negation or a doubt reaches; a turn such as "but" opens the next one."""
    cuts = [0, *(found.start() for found in rules.clause_ends.finditer(sentence)), len(sentence)]
    return [sentence[start:end] for start, end in pairwise(cuts) if start < end]


def _mentions(clause: str, rules: Rules) -> list[_Mention]:
    """All phrases in order; one that lies inside a longer one of another class ("nodular opacity") is part of that."""
    found = [
        _Mention(rule.label, match.start(), match.end(), rule.sided)
        for rule in rules.classes
        for match in rule.phrases.finditer(clause)
    ]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[_Mention] = []
    reach = (-1, -1)
    for mention in found:
        if mention.end > reach[1] or (mention.start, mention.end) == reach:
            kept.append(mention)
            reach = (mention.start, mention.end)
    return kept


def _set_status(clause: str, mentions: Sequence[_Mention], rules: Rules) -> None:
    """Negation, doubt and history from the cues before, inside and behind each mention."""
    masked = rules.not_a_negation.sub(lambda found: "_" * len(found[0]), clause)
    no = next((cue.start() for cue in rules.negation.before.finditer(masked)), len(clause))
    doubts = [cue.start() for cue in rules.uncertainty.before.finditer(clause)]
    ignored = next((cue.start() for cue in rules.ignored_before.finditer(clause)), len(clause))
    behind: Status | None = None
    for mention, following in zip(reversed(mentions), [None, *reversed(mentions)], strict=False):
        stop = following.start if following else len(clause)
        between = clause[mention.end : stop]
        behind = _status_behind(between, rules) or (behind if following and _LISTED.fullmatch(between) else None)
        mention.status = behind or Status.PRESENT
        if no < mention.end and behind is not Status.UNCERTAIN:
            mention.status = Status.ABSENT
        elif mention.status is Status.PRESENT and _in_doubt(clause, mention, doubts):
            mention.status = Status.UNCERTAIN
        if ignored < mention.start:
            mention.status = None


def _status_behind(between: str, rules: Rules) -> Status | None:
    if rules.uncertainty.behind.search(between):
        return Status.UNCERTAIN
    return Status.ABSENT if rules.negation.behind.search(between) else None


def _in_doubt(clause: str, mention: _Mention, doubts: Sequence[int]) -> bool:
    """A doubt before or inside the mention, not parted from it by "with"."""
    last = max((start for start in doubts if start < mention.end), default=None)
    return last is not None and not _WITH.search(clause, last, mention.start)


# --- Side, severity, place -------------------------------------------------------------------------------------------


def _set_attributes(clause: str, mentions: Sequence[_Mention], rules: Rules) -> None:
    """From the words around each mention; a mention without a side or place of its own takes those of the one before."""
    edges = [0, *(_joint(clause, a.end, b.start, rules) for a, b in pairwise(mentions)), len(clause)]
    previous: _Mention | None = None
    for mention, (start, end) in zip(mentions, pairwise(edges), strict=True):
        start, end = min(start, mention.start), max(end, mention.end)
        before, behind = clause[start : mention.end], clause[mention.end : end]
        mention.severity = _last(before, rules.severities) or _last(behind, rules.severities)
        if not mention.sided:
            continue
        side, place = _side(before + behind, rules), _place(mention.label, before, behind, rules)
        if previous and not side and not place and mention.status == previous.status:
            side, place = previous.side, previous.place
        mention.side, mention.place = side, place
        previous = mention


def _joint(clause: str, start: int, stop: int, rules: Rules) -> int:
    """Where the words between two mentions part: at the last joint, else where the second one's own words begin."""
    joints = [found.start() for found in rules.joints.finditer(clause, start, stop)]
    if joints:
        return joints[-1]
    return stop if _PREPOSITION.match(clause, start, stop) else start


def _side(words: str, rules: Rules) -> Side | None:
    if rules.sides["bilateral"].search(words):
        return Side.BILATERAL
    left, right = rules.sides["left"].search(words), rules.sides["right"].search(words)
    if left and right:
        return Side.BILATERAL
    return Side.LEFT if left else Side.RIGHT if right else None


def _place(label: str, before: str, behind: str, rules: Rules) -> str | None:
    """The nearest place that this class can have: bones for a fracture, the lung for the others."""
    bones = label == "Fracture"
    table = {name: words for name, words in rules.places.items() if (name in rules.bone_places) == bones}
    if label == SUPPORT_DEVICES:
        table = {}
    return _last(before, table) or _first(behind, table)


def _last(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase ends last."""
    found = [(match.end(), name) for name, pattern in table.items() for match in pattern.finditer(words)]
    return max(found)[1] if found else None


def _first(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase begins first."""
    found = [(match.start(), name) for name, pattern in table.items() if (match := pattern.search(words))]
    return min(found)[1] if found else None


# --- A whole report ---------------------------------------------------------------------------------------------------


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


# --- Comparing --------------------------------------------------------------------------------------------------------


def differing_fact(a: Sequence[Finding], b: Sequence[Finding]) -> str | None:
    """The first fact in which two reports differ, in words ("here" is `a`, "there" is `b`); None where none does.

    Facts are what is present or uncertain: label, side, severity and place. A label that only one report has comes
    before an attribute that differs; what is absent, "No Finding" and wording do not count.
    """
    here, there = _facts(a), _facts(b)
    for label in LABELS:
        if bool(here.get(label)) != bool(there.get(label)):
            facts, where = (here[label], "here") if here.get(label) else (there[label], "there")
            return f"{_in_words(next(iter(facts)))} only {where}"
    for label in LABELS:
        ours, theirs = here.get(label, {}), there.get(label, {})
        if set(ours) != set(theirs):
            only_here = next((fact for fact in ours if fact not in theirs), next(iter(ours), None))
            only_there = next((fact for fact in theirs if fact not in ours), next(iter(theirs), None))
            return f"{_in_words(only_here)} here, {_in_words(only_there)} there"
    return None


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


def _in_words(fact: _Fact | None) -> str:
    """"small right Pleural Effusion (base)"."""
    if fact is None:
        return "none"
    label, side, severity, place = fact
    words = " ".join(word for word in (severity, side, label) if word)
    return f"{words} ({place})" if place else words


# --- Coding -----------------------------------------------------------------------------------------------------------


def encode_findings(findings: Iterable[Finding]) -> str:
    """Findings as one ASCII string without report text, e.g. "9+R|small|base@2;8-||@3". `decode_findings` undoes it."""
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
        raise RrgError(f"{part[:40]!r} is not a coded finding such as '9+R|small|base@2'. Build the gallery again.")
    number, status, side, severity, place, sentence = found.groups()
    return Finding(
        LABELS[int(number)], _STATUS_OF[status], _SIDE_OF.get(side), unquote(severity) or None, unquote(place) or None,
        int(sentence),
    )  # fmt: skip

"""One sentence -> its findings, by the rules of `findings.yaml`. Knows no report, no other sentence and no
data set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rrg.data.finding_rules import Rules, load_rules
from rrg.types import Finding, Side, Status

SUPPORT_DEVICES = "Support Devices"

_LISTED = re.compile(r"\s?,? ?(?:or|nor|and)? ?(?:\w{3,12} ){0,2}")
_WITH = re.compile(r"\bwith\b")
_PREPOSITION = re.compile(
    r"\s*(?:in|at|of|within|on|over|overlying|along|involving|near|to|seen|noted|projecting)\b"
)


@dataclass
class _Mention:
    """One phrase found in a sentence; positions count characters."""

    label: str
    start: int
    end: int
    kind: str
    status: Status | None = None  # None: a question or history, not a reading
    side: Side | None = None
    severity: str | None = None
    place: str | None = None

    def finding(self) -> Finding:
        return Finding(self.label, self.status or Status.ABSENT, self.side, self.severity, self.place)


@lru_cache(maxsize=20_000)
def label_sentence(sentence: str) -> tuple[Finding, ...]:
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
    """All phrases in order; one that lies inside a longer one of another class ("nodular opacity") is part of
    that.
    """
    found = [
        _Mention(rule.label, match.start(), match.end(), rule.kind)
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
        behind = _status_behind(between, rules) or (
            behind if following and _LISTED.fullmatch(between) else None
        )
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


# --- Side, severity, place ---


def _set_attributes(clause: str, mentions: Sequence[_Mention], rules: Rules) -> None:
    """From the words around each mention; a mention without a side or place of its own takes those of the one
    before.
    """
    edges = [0, *(_joint(clause, a.end, b.start, rules) for a, b in pairwise(mentions)), len(clause)]
    previous: _Mention | None = None
    for mention, (start, end) in zip(mentions, pairwise(edges), strict=True):
        start, end = min(start, mention.start), max(end, mention.end)
        before, behind = clause[start : mention.end], clause[mention.end : end]
        mention.severity = _last(before, rules.severities) or _last(behind, rules.severities)
        if mention.kind == "heart":
            continue
        mention.side = _side(before + behind, rules)
        mention.place = _place(mention.kind, before, behind, rules)
        _inherit(mention, previous)
        previous = mention


def _inherit(mention: _Mention, previous: _Mention | None) -> None:
    """ "Left basilar opacity or atelectasis": the second has no words of its own and shares those of the
    first.
    """
    if previous is None or mention.side or mention.place or mention.kind not in {"lung", "pleura"}:
        return
    if (mention.status is Status.ABSENT) == (previous.status is Status.ABSENT):
        mention.side = previous.side
        mention.place = previous.place if mention.kind == previous.kind == "lung" else None


def _joint(clause: str, start: int, stop: int, rules: Rules) -> int:
    """Where the words between two mentions part: at the last joint, else where the second one's own words
    begin.
    """
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


def _place(kind: str, before: str, behind: str, rules: Rules) -> str | None:
    """The nearest place that this kind can have: bones for a fracture, none for a device, the lung for the
    others.
    """
    if kind == "device":
        return None
    table = {
        name: words for name, words in rules.places.items() if (name in rules.bone_places) == (kind == "bone")
    }
    return _last(before, table) or _first(behind, table)


def _last(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase ends last."""
    found = [(match.end(), name) for name, pattern in table.items() for match in pattern.finditer(words)]
    return max(found)[1] if found else None


def _first(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase begins first."""
    found = [(match.start(), name) for name, pattern in table.items() if (match := pattern.search(words))]
    return min(found)[1] if found else None

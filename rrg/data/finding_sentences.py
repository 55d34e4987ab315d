"""One sentence -> its findings, by the rules of `findings.yaml`. Knows no report, no other sentence and no
data set.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rrg.data.finding_rules import Rules, load_rules
from rrg.types import Finding, Side, Status

SUPPORT_DEVICES = "Support Devices"


class _Part(NamedTuple):
    """What one stretch of words says of a finding."""

    side: Side | None
    severity: str | None
    place: str | None


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
    parts: tuple[_Part, ...] = ()  # where it stands in several places, each with words of its own

    def findings(self) -> list[Finding]:
        """One finding, or one a part; none where the mention is no reading."""
        if self.status is None:
            return []
        parts = self.parts or (_Part(self.side, self.severity, self.place),)
        return [Finding(self.label, self.status, part.side, part.severity, part.place) for part in parts]


@lru_cache(maxsize=20_000)
def label_sentence(sentence: str) -> tuple[Finding, ...]:
    """Findings of one lower-case sentence; reports repeat their sentences, so the answers are kept."""
    return apply_rules(sentence, load_rules())


def apply_rules(sentence: str, rules: Rules) -> tuple[Finding, ...]:
    """Findings of one lower-case sentence by the given rules."""
    sentence = rules.of_something_else.sub(_without_words, sentence)
    found: list[Finding] = []
    last: _Mention | None = None
    introduced = doubted = False
    for clause in _clauses(sentence, rules):
        mentions = _mentions(clause, rules)
        if mentions:
            _set_status(clause, mentions, rules, doubted)
            _set_attributes(
                clause, mentions, rules, last if introduced or rules.relatives.match(clause) else None
            )
            last, introduced = mentions[-1], False
        elif introduced := rules.introductions.match(clause.lstrip(" ,;")) is not None:
            last = _introduction(clause, rules)
        doubted = doubted or rules.lasting_doubt.search(clause) is not None
        found += [finding for mention in mentions for finding in mention.findings()]
    named = {finding.label for finding in found}
    implied = [
        Finding(rule.label, Status.ABSENT)
        for rule in rules.classes
        if rule.label not in named and rule.implies_absent.search(sentence)
    ]
    return tuple(found + implied)


def _without_words(found: re.Match[str]) -> str:
    """The match, its words that are no finding blotted out and the length kept."""
    return found[0].removesuffix(found["words"]) + "_" * len(found["words"])


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


def _set_status(clause: str, mentions: Sequence[_Mention], rules: Rules, doubted: bool = False) -> None:
    """Negation, doubt and history from the cues before, inside and behind each mention.

    `doubted`: an earlier clause of the sentence began a list of what it might be.
    """
    masked = rules.not_a_negation.sub(lambda found: "_" * len(found[0]), clause)
    no = next((cue.start() for cue in rules.negation.before.finditer(masked)), len(clause))
    doubts = [0] * doubted + [cue.start() for cue in rules.uncertainty.before.finditer(clause)]  # in order
    ignored = next((cue.start() for cue in rules.ignored_before.finditer(clause)), len(clause))
    behind: Status | None = None
    for mention, following in zip(reversed(mentions), [None, *reversed(mentions)], strict=False):
        stop = following.start if following else len(clause)
        between = slice(mention.end, stop)
        behind = _status_behind(clause[between], masked[between], rules) or (
            behind if following and rules.lists.fullmatch(clause[between]) else None
        )
        mention.status = behind or Status.PRESENT
        either = (
            following and following.label != mention.label and rules.alternatives.fullmatch(clause[between])
        )
        if no < mention.end and behind is not Status.UNCERTAIN:
            mention.status = Status.ABSENT
        elif mention.status is Status.PRESENT and _in_doubt(clause, mention, doubts, rules):
            mention.status = Status.UNCERTAIN
        if either and following:
            _doubt(mention, following)
        if ignored < mention.start:
            mention.status = None


def _doubt(*mentions: _Mention) -> None:
    """One or the other, who knows: what was present is uncertain."""
    if all(mention.status is Status.PRESENT for mention in mentions):
        for mention in mentions:
            mention.status = Status.UNCERTAIN


def _status_behind(between: str, masked: str, rules: Rules) -> Status | None:
    if rules.uncertainty.behind.search(between):
        return Status.UNCERTAIN
    return Status.ABSENT if rules.negation.behind.search(masked) else None


def _in_doubt(clause: str, mention: _Mention, doubts: Sequence[int], rules: Rules) -> bool:
    """A doubt before or inside the mention, not parted from it by a word such as "with"."""
    before = bisect_left(doubts, mention.end)
    return before > 0 and not rules.doubt_ends.search(clause, doubts[before - 1], mention.start)


# --- Side, severity, place ---


def _set_attributes(
    clause: str, mentions: Sequence[_Mention], rules: Rules, previous: _Mention | None
) -> None:
    """From the words around each mention; a mention without a side or place of its own takes those of the one
    before (`previous`, where the clause refers back to one).
    """
    edges = [0, *(_joint(clause, a.end, b.start, rules) for a, b in pairwise(mentions)), len(clause)]
    for mention, (start, end) in zip(mentions, pairwise(edges), strict=True):
        start, end = min(start, mention.start), max(end, mention.end)
        before, behind = clause[start : mention.end], clause[mention.end : end]
        mention.severity = _last(before, rules.severities) or _last(behind, rules.severities)
        if mention.kind == "heart":
            continue
        mention.side = _side(before + behind, rules)
        mention.place = _place(mention.kind, before, behind, rules)
        # The whole: "a small effusion on the right and a large one on the left".
        stretches = (before, behind, clause[start:end])
        mention.parts = next(filter(None, (_parts(words, mention, rules) for words in stretches)), ())
        _inherit(mention, previous)
        previous = mention


def _parts(words: str, mention: _Mention, rules: Rules) -> tuple[_Part, ...]:
    """ "Small left and moderate right effusions", "nodules in the right upper and left lower lobes": one part a
    stretch of the enumeration, where at least two have a place or a severity beside a side. A stretch without
    one of them has that of its neighbours.
    """
    cuts = [0, *(found.start() for found in rules.enumerations.finditer(words)), len(words)]
    if len(cuts) == 2:
        return ()
    said = [part for part in _stretches(words, cuts, _places(mention.kind, rules), rules) if any(part)]
    placed = {(part.side, part.place) for part in said if part.place}
    graded = {part.side for part in said if part.side and part.severity}
    if len(placed) < 2 and len(graded) < 2:
        return ()
    sides = _carried([part.side for part in said])
    places = [part.place or said[-1].place or mention.place for part in said]
    own = sum(part.severity is not None for part in said) > 1
    severities = [part.severity if own else mention.severity for part in said]
    return tuple(dict.fromkeys(map(_Part, sides, severities, places)))


def _stretches(
    words: str, cuts: Sequence[int], places: Mapping[str, re.Pattern[str]], rules: Rules
) -> Iterator[_Part]:
    """What each stretch between two cuts says; a phrase belongs to the stretch in which it begins."""
    sides, severities, located = (
        _sorted_in(words, cuts, table) for table in (rules.sides, rules.severities, places)
    )
    for side, severity, place in zip(sides, severities, located, strict=True):
        yield _Part(_one_side(set(side)), next(iter(severity), None), next(iter(place), None))


def _sorted_in(words: str, cuts: Sequence[int], table: Mapping[str, re.Pattern[str]]) -> list[list[str]]:
    """For each stretch, the canonical words that it names, the last one first."""
    hits = [(found.start(), name) for name, pattern in table.items() for found in pattern.finditer(words)]
    found: list[list[str]] = [[] for _ in cuts[1:]]
    for start, name in sorted(hits, reverse=True):
        found[bisect_right(cuts, start) - 1].append(name)
    return found


def _carried(sides: Sequence[Side | None]) -> list[Side | None]:
    """A stretch without a side stands on that of the one before it."""
    carried: list[Side | None] = []
    for side in sides:
        carried.append(side or (carried[-1] if carried else None))
    return carried


def _introduction(clause: str, rules: Rules) -> _Mention:
    """ "In the left base, there is ...": no finding, but the side and the place of the next one."""
    place = _place("lung", clause, "", rules)
    return _Mention("", 0, len(clause), "lung", side=_side(clause, rules), place=place)


def _inherit(mention: _Mention, previous: _Mention | None) -> None:
    """ "Left basilar opacity or atelectasis": the second has no words of its own and shares those of the
    first.
    """
    if previous is None or mention.kind not in {"lung", "pleura"}:
        return
    if not previous.label:
        mention.side, mention.place = mention.side or previous.side, mention.place or previous.place
        return
    if mention.side or mention.place:
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
    return stop if rules.prepositions.match(clause, start, stop) else start


def _side(words: str, rules: Rules) -> Side | None:
    return _one_side({name for name, pattern in rules.sides.items() if pattern.search(words)})


def _one_side(names: Set[str]) -> Side | None:
    """Both sides are bilateral."""
    return Side(next(iter(names))) if len(names) == 1 else Side.BILATERAL if names else None


def _place(kind: str, before: str, behind: str, rules: Rules) -> str | None:
    """The nearest place that this kind can have."""
    table = _places(kind, rules)
    return _last(before, table) or _first(behind, table)


def _places(kind: str, rules: Rules) -> Mapping[str, re.Pattern[str]]:
    """Bones for a fracture, none for a device, the lung for the others."""
    return {} if kind == "device" else rules.bones if kind == "bone" else rules.lung_places


def _last(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase ends last."""
    found = [(match.end(), name) for name, pattern in table.items() for match in pattern.finditer(words)]
    return max(found)[1] if found else None


def _first(words: str, table: Mapping[str, re.Pattern[str]]) -> str | None:
    """The canonical word whose phrase begins first."""
    found = [(match.start(), name) for name, pattern in table.items() if (match := pattern.search(words))]
    return min(found)[1] if found else None

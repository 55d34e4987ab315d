"""Presence in one sentence: what it denies is asserted, what it asserts is denied. Knows no report and no model.

The results are texts without a stop at the end; two sentences are parted by a line break. The words are those of
`counterfactuals.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rrg.data.counterfactual_wording import NUMBERS, Wording
from rrg.data.findings import NO_FINDING, label_report

_LOOKS = r"(?:is|are|appears?|remains?)"
_SEPARATOR = re.compile(r"\s*,\s*(?:(?:or|and|nor)\s+)?|\s+(?:or|and|nor)\s+|\s*/\s*")
_AGAIN = re.compile(r"^(?:no|without|of|for)\s+", re.IGNORECASE)
_VERB = re.compile(
    r"(?<![\w-])(?:is|are|was|were|has|have|had|appears?|seems?|remains?|may|can|could|there|the|which|but|although"
    r"|seen|noted|identified|demonstrated|visuali[sz]ed|present)(?![\w-])",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:[\s,;:]+|\s(?:and|with|but|or|which|there|is|are|appears?|in|seen|noted|the))+$", re.IGNORECASE
)
# Behind "the lungs are free of" nothing is left once the finding is gone.
_PREDICATE = re.compile(
    rf"(?:\s|^)(?:free|clear|negative)\s(?:and\s\w+\s)?(?:for|of|from)(?![\w-])|{_LOOKS}\s+(?:\w+ly\s+)?without",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*,?\s+(?:and|with|but|as well as)\s+|\s*,\s+", re.IGNORECASE)
_NO_SUBJECT = re.compile(
    r"(?:xxxx|\w+ly|in|on|at|from|to|of|by|for|which|most|more|less|than)(?![\w-])", re.IGNORECASE
)
_NEGATED = re.compile(r"^(?:no|without)(?![\w-])", re.IGNORECASE)
_BE = re.compile(r"(?<![\w-])(is|are|was|were)(?![\w-])", re.IGNORECASE)
PLURAL = re.compile(
    r"(?:contours|silhouettes|structures|lungs|hila|angles|sulci|bones|ribs|markings|spaces|\w{3,}[^su'i]s)$"
)  # a subject in the plural


@dataclass(frozen=True)
class _Item:
    """One thing that is denied; `number` is None where it is no finding of ours."""

    text: str
    number: str | None
    label: str | None


def asserted(core: str, wording: Wording) -> Iterator[str]:
    """Each label that a sentence denies, taken out and asserted."""
    cue = wording.denial.search(core)
    if cue is None or not core[cue.end() :].startswith(" "):
        return
    left, deny = core[: cue.start()], core[cue.start() : cue.end()]
    listed, conjunction, tail, right = _list(core[cue.end() :].strip(), wording)
    items = [_item(text, wording) for text in listed]
    for label in dict.fromkeys(item.label for item in items if item.label):
        flipped = [item for item in items if item.label == label]
        kept = [item for item in items if item.label != label]
        said = _assertion(flipped, wording)
        if kept:
            yield f"{left}{_denial(deny, kept, conjunction, tail)}{right}\n{said}"
            continue
        place = tail if wording.located.match(tail) else ""
        before = _DANGLING.sub("", left)
        predicate = _PREDICATE.search(left + deny)
        said_before = any(map(str.isalpha, before)) and not predicate
        if said_before and not wording.adverb.match(f"{left.strip(', ')} "):
            yield f"{before}\n{said}{place}{right}"
        yield f"{said}{place}{right}"


def _list(text: str, wording: Wording) -> tuple[list[str], str, str, str]:
    """What is denied, its conjunction, the " is seen" behind it, and what follows with a subject of its own."""
    pieces, seams = _parted(text, wording)
    joined = next((word for seam in seams for word in ("nor", "and", "or") if word in seam.split()), "or")
    tail, end = "", len(pieces)
    for index, piece in enumerate(pieces):
        noun, behind = _noun(piece, index == len(pieces) - 1, wording)
        if index and _VERB.search(_AGAIN.sub("", noun)):
            end = index
            break
        if behind:
            pieces[index], tail, end = noun, behind, index + 1
            break
    right = "".join(seam + piece for seam, piece in zip(seams[end - 1 :], pieces[end:], strict=True))
    return [_AGAIN.sub("", piece.strip()) for piece in pieces[:end] if piece.strip()], joined, tail, right


def _parted(text: str, wording: Wording) -> tuple[list[str], list[str]]:
    """The pieces of a list and what stands between them."""
    seams = [seam[0] for seam in _SEPARATOR.finditer(text)]
    return _whole(_SEPARATOR.split(text), seams, wording)


def _noun(piece: str, last: bool, wording: Wording) -> tuple[str, str]:
    """A piece without what stands behind its noun: " is seen", or the place at the end of the list."""
    seen = wording.seen.search(piece)
    behind = seen[0] if seen else ""
    bare = piece[: len(piece) - len(behind)]
    found = wording.finding.search(bare)
    if last and found and wording.located.match(bare[found.end() :]):
        return bare[: found.end()], bare[found.end() :]
    return bare, behind


def _last(found: Iterator[re.Match[str]]) -> re.Match[str] | None:
    return next(reversed(list(found)), None)


def _whole(pieces: Sequence[str], seams: Sequence[str], wording: Wording) -> tuple[list[str], list[str]]:
    """Pieces of adjectives only ("acute, displaced fracture") put together with what they belong to."""
    joined, kept = [pieces[0]], []
    for seam, piece in zip(seams, pieces[1:], strict=True):
        if wording.adjectives.match(joined[-1]):
            joined[-1] += seam + piece
        else:
            joined.append(piece)
            kept.append(seam)
    return joined, kept


def _item(text: str, wording: Wording) -> _Item:
    bare = wording.vague.sub("", text)
    found = _last(wording.finding.finditer(bare))
    if found is None or found.end() != len(bare) or _VERB.search(bare):
        return _Item(text, None, None)
    number = next(name for name in NUMBERS if found[name])
    labels = {finding.label for finding in label_report(f"No {bare}.")} - {NO_FINDING}
    return _Item(text, number, labels.pop() if len(labels) == 1 else None)


def _denial(deny: str, items: Sequence[_Item], conjunction: str, tail: str) -> str:
    """ "There is no", "a", "b" -> "there is no a or b", with verbs that agree."""
    texts = [item.text for item in items]
    comma = ", " if len(texts) > 2 else " "
    listed = ", ".join(texts[:-1]) + f"{comma}{conjunction} {texts[-1]}" if len(texts) > 1 else texts[0]
    if "evidence" not in deny.lower():
        deny = _agree(deny, _many(items[0]))
    return f"{deny} {listed}{_agree(tail, _many(items[-1]))}"


def _many(item: _Item) -> bool:
    return item.number == "many" if item.number else bool(PLURAL.search(item.text))


def _agree(words: str, many: bool) -> str:
    """The first form of "to be" in `words`, made singular or plural."""
    forms = {"is": "are", "was": "were"} if many else {"are": "is", "were": "was"}
    return _BE.sub(lambda found: forms.get(found[1].lower(), found[1]), words, count=1)


def _assertion(items: Sequence[_Item], wording: Wording) -> str:
    """ "There is a pneumothorax"."""
    texts = []
    for item in items:
        bare = wording.vague.sub("", item.text)
        texts.append(f"{article(bare)}{bare}" if item.number == "one" else bare)
    verb = "are" if items[0].number == "many" else "is"
    return f"There {verb} {' and '.join(texts)}"


def article(words: str) -> str:
    return "an " if words[:1].lower() in "aeiou" else "a "


# --- Asserted -> denied ---


def denied(core: str, wording: Wording) -> Iterator[str]:
    """Each finding that a sentence asserts, denied; what else the sentence says stays."""
    if wording.denial.match(core):
        return
    opener = wording.opener.match(core)
    start = opener.end() if opener else 0
    found = list(wording.finding.finditer(core, start))
    for match in found:
        many = bool(match["many"])
        before, behind = core[start : match.start()], core[match.end() :]
        name = _small(match[0])
        there = opener[0] if opener and opener[0].lower().startswith("there ") else ""
        if wording.adjectives.match(before):
            no = f"There {'are' if many else 'is'} no {name}" if there else f"No {name}"
            yield from _with_rest(no, behind, there, many, wording)
            continue
        joint = _last(_JOINT.finditer(before))
        if joint is None or not wording.adjectives.match(before[joint.end() :]):
            continue
        first = core[: start + joint.start()]
        shared = "and" in joint[0].lower() and _VERB.search(behind)  # "a and b are present"
        if _stands_alone(first, wording) and not shared:
            yield from (f"{first}\n{each}" for each in _with_rest(f"No {name}", behind, "", many, wording))


def _small(words: str) -> str:
    """Without the capital of a sentence's beginning."""
    return words[:1].lower() + words[1:] if words[1:].islower() else words


def _stands_alone(words: str, wording: Wording) -> bool:
    """Whether the beginning or end of a sentence says something by itself."""
    if wording.unfinished.search(words) or wording.both_sides.match(words) or _NO_SUBJECT.match(words):
        return False
    return bool(wording.clause.search(words) or label_report(words)[:-1] or wording.finding.search(words))


def _with_rest(no: str, behind: str, there: str, many: bool, wording: Wording) -> Iterator[str]:
    """The denial with what may follow it: a place, " is seen", or a second statement."""
    seen = wording.seen.search(behind)
    joint = _JOINT.match(behind)
    if not behind or wording.located.match(behind):
        yield no + behind
    elif seen and seen.start() == 0:
        yield no if there else no + _agree(behind, many)
    elif joint and _stands_alone(behind[joint.end() :], wording):
        yield f"{no}\n{_second(behind[joint.end() :], there, wording)}"
    if joint is None or "and" not in joint[0].lower():
        yield no


def _second(words: str, there: str, wording: Wording) -> str:
    """ "small effusions" -> "There are small effusions"; a verb of its own agrees with its subject."""
    verb = _VERB.search(words)
    if verb:
        return _agree(words, bool(PLURAL.search(words[: verb.start()].strip())))
    found = wording.finding.search(words)
    if not there or _NEGATED.match(words) or not found:
        return words
    bare = found["many"] or found["much"] or re.match(r"(an?|the) ", words)
    return f"There {'are' if found['many'] else 'is'} {'' if bare else article(words)}{words}"

"""One sentence -> the ways to flip a fact in it, in English. Knows no report and no model.

The edits are proposals, the best wording of each first: `counterfactuals.py` shows them to the labeller and
keeps what flips one fact. Three ways: a finding is taken out of what is denied, or denied where it is asserted; a
normal statement is rewritten; a word is swapped for its opposite. The words are those of `counterfactuals.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zlib import crc32

from rrg.data.counterfactual_presence import PLURAL, article, asserted, denied
from rrg.data.counterfactual_wording import Swap, Wording, load_wording

LONGEST = 400  # characters of a sentence that is edited; nobody writes longer ones

_STOP = re.compile(r"[\s.?!;:,]*$")
_IS_MARK = re.compile(r"<is>")


Proposal = tuple[
    str, str
]  # the fact that is meant to flip ("presence", "side", "severity", "place"), and the text


@lru_cache(maxsize=20_000)
def edited_sentences(sentence: str) -> tuple[Proposal, ...]:
    """Proposals to stand in the place of `sentence`, each one sentence or two; empty where none is known."""
    if len(sentence) > LONGEST:
        return ()
    wording = load_wording()
    stop = _STOP.search(sentence)
    core = sentence[: stop.start()] if stop else sentence
    presence = [*asserted(core, wording), *denied(core, wording)]
    proposals = [("presence", text) for text in presence]
    proposals += [*_rewritten(core, wording), *_swapped(core, wording)]
    tidy = ((fact, _sentences(text, sentence)) for fact, text in proposals if _balanced(text))
    return tuple(dict.fromkeys((fact, text) for fact, text in tidy if text != sentence))


def _balanced(text: str) -> bool:
    """Whether every sentence closes the brackets that it opens."""
    return all(part.count("(") == part.count(")") for part in text.split("\n"))


def _sentences(text: str, original: str) -> str:
    """Capitals where the original has them, and a stop at the end."""
    parts = [part.strip() for part in text.split("\n") if part.strip()]
    capital = not original[:1].islower()
    return " ".join((part[:1].upper() + part[1:] if capital else part) + "." for part in parts)


# --- Rewritten and swapped ---


def _rewritten(core: str, wording: Wording) -> Iterator[Proposal]:
    for rewrite in wording.rewrites:
        found = rewrite.sentence.match(core)
        if found:
            text = found.expand(rewrite.instead).replace(". ", "\n").replace("<side>", _one_side(core))
            parts = [_two(_with_verb(part)) for part in text.split("\n")]
            yield rewrite.fact, "\n".join(parts) + (found["more"] or "")


def _two(sentence: str) -> str:
    """ "a, and b are" -> "a and b are": a list that lost its first of three."""
    return sentence.replace(", and ", " and ") if sentence.count(",") == 1 else sentence


def _with_verb(sentence: str) -> str:
    """<is> becomes "is" or "are", by its subject."""
    before = _IS_MARK.split(sentence)[0].strip()
    many = bool(PLURAL.search(before)) or " and " in before
    return _IS_MARK.sub("are" if many else "is", sentence)


def _one_side(text: str) -> str:
    """Left or right, evenly over texts and the same for one text at any time."""
    return ("left", "right")[crc32(text.lower().encode()) % 2]


def _swapped(core: str, wording: Wording) -> Iterator[Proposal]:
    """All words of a fact at once where they say the same or speak of a place, then each alone."""
    fixed = [found.span() for found in wording.fixed.finditer(core)]
    found: dict[str, list[tuple[re.Match[str], Swap]]] = {}
    for swap in wording.swaps:
        for match in swap.words.finditer(core):
            inside = any(a <= match.start() and match.end() <= b and (a, b) != match.span() for a, b in fixed)
            if not inside and not (swap.fact == "side" and wording.both_sides.search(core)):
                found.setdefault(swap.fact, []).append((match, swap))
    for fact, each in found.items():
        each.sort(key=lambda pair: (pair[0].start(), -pair[0].end()))
        apart = [pair for i, pair in enumerate(each) if not i or pair[0].start() >= each[i - 1][0].end()]
        if len({_word(match) for match, _ in apart}) == 1 or fact == "place":
            yield fact, _with_all(core, apart)
        if len(apart) == 1 or (fact != "place" and len(apart) == 2):
            yield from ((fact, _with_all(core, [pair])) for pair in each)


def _word(match: re.Match[str]) -> str:
    return match[0][len(match["article"] or "") :].lower()


def _with_all(core: str, swapped: Sequence[tuple[re.Match[str], Swap]]) -> str:
    """The sentence with these occurrences, in order and apart, swapped."""
    done, at = "", 0
    for match, swap in swapped:
        done += core[at : match.start()] + _instead(match, swap, core)
        at = match.end()
    return done + core[at:]


def _instead(match: re.Match[str], swap: Swap, core: str) -> str:
    """The other word, in the case of the first, behind an article that agrees."""
    other = swap.instead.replace("<side>", _one_side(core))
    plain = match[0][len(match["article"] or "") :]
    other = other.upper() if plain.isupper() and len(plain) > 1 else other
    if match["article"]:
        return article(other) + other
    return other[:1].upper() + other[1:] if plain[:1].isupper() else other

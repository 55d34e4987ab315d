"""Reports that a scorer must not be fooled by: the references, and the references with their negations flipped.

Knows words, not the labeller's rules: an adversary that shared them would test nothing. A flipped report says
of everything that was denied that it is there. Few words change, so a score of words hardly moves; a clinical
score must crash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ORACLE = "references (oracle)"
FLIPPED = "references with negations flipped"

_SENTENCE = re.compile(r"[^.;!?\n]*(?:\.(?=\d)[^.;!?\n]*)*[.;!?\n]*")  # "3.7 cm" is of one sentence
_CHANGE = r"(?:\w+ ){0,2}(?:changes?|increase|decrease)\b"  # "no significant change" denies no finding
_FLIPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{words}", re.IGNORECASE), flipped)
    for words, flipped in (
        (rf"without(?! {_CHANGE})\b", "with"),
        (r"negative for\b", "positive for"),
        (r"absence of\b", "presence of"),
        (r"absent\b", "present"),
        (r"(?:free|clear) (?:of|from)\b", "full of"),
        (r"neither\b", "both"),
        (r"nor\b", "and"),
        (rf"no (?!longer\b|{_CHANGE})", ""),
        (r"not (?!only\b|(?:\w+ )?(?:changed|excluded)\b)", ""),
    )
)
_OR = re.compile(r"\bor\b")


def adversarial_rows(references: Sequence[str]) -> dict[str, list[str]]:
    """Row name -> one text for each reference: a system that cheats, and one that says the opposite."""
    return {ORACLE: list(references), FLIPPED: [flip_negations(text) for text in references]}


def flip_negations(text: str) -> str:
    """`text` with what it denies affirmed, "No pneumothorax." -> "Pneumothorax."; the rest word for word.

    Any string is accepted, in time linear in its length. A text without a negation is returned as it is.
    """
    return "".join(_flip_sentence(sentence) for sentence in _SENTENCE.findall(text))


def _flip_sentence(sentence: str) -> str:
    flipped = sentence
    for pattern, words in _FLIPS:
        flipped = pattern.sub(words, flipped)
    if flipped == sentence:
        return sentence
    flipped = _OR.sub("and", flipped)  # a list of what is not there becomes one of what is
    return _as_begun(sentence, flipped)


def _as_begun(sentence: str, flipped: str) -> str:
    """The flipped sentence begins with a capital where the sentence did."""
    first = next((c for c in sentence if c.isalpha()), "")
    at = next((i for i, c in enumerate(flipped) if c.isalpha()), None)
    if at is None or not first.isupper():
        return flipped
    return flipped[:at] + flipped[at].upper() + flipped[at + 1 :]

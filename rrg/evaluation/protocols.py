"""The two ways of turning a report into scored tokens. Knows no metric and no model.

`full` scores against the untouched reference. `r2gen` is the form in which the literature's IU X-Ray
numbers are stated (R2Gen, arXiv:2010.16056): cleaned, cut and with rare words unknown, and so easier than
the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rrg.data.reports import words

CUT = 60  # tokens; the length at which R2Gen cuts IU X-Ray reports
RARE = 3  # a word seen fewer times in the train reports is unknown
UNKNOWN = "<unk>"

# What R2Gen's sentence cleaner removes. Its character class holds the range ":" to "[", meant as three
# characters; after lower-casing, its effect is the punctuation between them. Hyphens therefore survive.
_REMOVED = str.maketrans("", "", ".,?;*!%^&_+():<=>@[]{}\"/\\'")
_NUMBERED = tuple((before + number + ". ", ". ") for before in (". ", " ") for number in "2345")


class Protocol(StrEnum):
    FULL = "full"
    R2GEN = "r2gen"


def full_tokens(text: str) -> list[str]:
    """Lower-case words and single punctuation marks, decimals whole; nothing removed, nothing cut."""
    return [token.lower() for token in words(text)]


def r2gen_clean(text: str) -> list[str]:
    """Tokens as R2Gen's cleaning of IU X-Ray leaves them, before cutting; de-identified words stay as
    "xxxx".

    Sentences end at ". " and nowhere else; decimals lose their point ("3.7" becomes "37"), as they do
    there.
    """
    for _ in range(3):
        text = text.replace("..", ".")
    text = text.replace("1. ", "")
    for enumeration, stop in _NUMBERED:
        text = text.replace(enumeration, stop)
    sentences = text.strip().lower().split(". ")
    cleaned = " . ".join(sentence.translate(_REMOVED) for sentence in sentences)
    return [*cleaned.split(), "."]


@dataclass(frozen=True)
class R2GenTokens:
    """R2Gen's cleaning, cut and vocabulary; the same function for references and hypotheses."""

    known: frozenset[str]

    @classmethod
    def from_train(cls, reports: Iterable[str]) -> R2GenTokens:
        """Count the words of the *train* reports and keep those that occur at least `RARE` times."""
        counts = Counter(token for report in reports for token in r2gen_clean(report))
        return cls(frozenset(token for token, count in counts.items() if count >= RARE))

    def __call__(self, text: str) -> list[str]:
        """At most `CUT` tokens, unknown ones replaced."""
        return [token if token in self.known else UNKNOWN for token in r2gen_clean(text)[:CUT]]

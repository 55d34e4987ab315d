"""What is wrong with the reports to be scored: named and counted, never dropped in silence. Knows texts and ids, no metric.

A study without a report, or with an empty one, is scored as empty text, so it costs what it should. A report too long for
the metrics is cut. The rest is scored as it stands and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from rrg.data.reports import normalise
from rrg.types import Study

LONGEST = 1000  # words, ROUGE-L and METEOR take the square of it; the longest IU X-Ray train report has 162
LONGEST_WORDS = 20 * LONGEST  # characters, for text without spaces
FEWEST = 3  # words below which nothing is said of the language

TREATMENT: Mapping[str, str] = {
    "missing": "no report was given for the study: scored as empty text",
    "unknown": "a report was given for an id that the split does not have: not scored",
    "empty": "the report holds no word: scored as empty text",
    "too long": f"cut at {LONGEST} words, {LONGEST_WORDS} characters, for every metric",
    "not English": "most of its words are in no reference and are no common English words: scored as it stands",
    "not finite": "the model's loss or embedding is no finite number: the loss is null, the study ranks last",
    "unreadable images": "no report can be written: left out of every metric",
}


@dataclass
class Faults:
    """Ids by the kinds of `TREATMENT`, in the order of the data."""

    ids: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in TREATMENT})

    def add(self, kind: str, study: str) -> None:
        self.ids[kind].append(study)


def prepare(
    texts: Sequence[str], studies: Sequence[Study], known: frozenset[str], faults: Faults
) -> list[str]:
    """The texts as they are scored, one for each study; what is wrong with them goes into `faults`."""
    prepared = []
    for text, study in zip(texts, studies, strict=True):
        if not any(character.isalnum() for character in text):
            faults.add("empty", study.id)
            text = ""
        if is_too_long(text):
            faults.add("too long", study.id)
            text = cut(text)
        if not is_english(text, known):
            faults.add("not English", study.id)
        prepared.append(text)
    return prepared


def align(
    reports: Mapping[str, str], studies: Sequence[Study], split: Iterable[Study], faults: Faults
) -> list[str]:
    """One text for each of `studies`, empty where there is none; ids that `split`, of which they are, lacks are unknown."""
    ids = {study.id for study in split}
    faults.ids["unknown"] += [name for name in reports if name not in ids]
    faults.ids["missing"] += [study.id for study in studies if study.id not in reports]
    return [reports.get(study.id, "") for study in studies]


def is_too_long(text: str) -> bool:
    return len(text) > LONGEST_WORDS or len(text.split()) > LONGEST


def cut(text: str) -> str:
    """The first `LONGEST` words, and of these the first `LONGEST_WORDS` characters."""
    return " ".join(text.split()[:LONGEST])[:LONGEST_WORDS]


def known_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of `texts` and the common words of English."""
    return frozenset(word for text in texts for word in normalise(text).split()) | ENGLISH_STOP_WORDS


def is_english(text: str, known: frozenset[str]) -> bool:
    """Are half of its words known, and half of its letters Latin? Of fewer than `FEWEST` words only the letters count."""
    letters = [character for character in text if character.isalpha()]
    if 2 * sum(character.isascii() for character in letters) < len(letters):
        return False
    words = [word for word in normalise(text).split() if word.isalpha()]
    return len(words) < FEWEST or 2 * sum(word in known for word in words) >= len(words)

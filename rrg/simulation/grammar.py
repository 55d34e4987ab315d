"""Templates -> sentences, by the words of a grammar file. Knows no finding, no report and no image.

A template is text with choices `[a|b|]`, slots `{name}` and `a~` for the article that the next word asks for. Choices are
drawn from the generator that is passed in, so the same one gives the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from rrg.types import RrgError

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\ba~ (?=(\S*))", re.IGNORECASE)
_VOWEL = re.compile(r"(?i:[aeiou])|8|1[18](?!\d)|[LRFHMNSX](?![a-z])")  # as it is spoken: "an 8 mm", "an RUL"
_DEEPEST = 20

Rng = np.random.Generator
Words = Mapping[str, Any]  # name -> templates, or key -> templates


def draw(templates: Sequence[Any], rng: Rng, taste: str = "") -> Any:
    """One of the templates. With a `taste` each of them is likelier or rarer by a weight that taste and template fix: so one
    person has wordings of their own.
    """
    if not taste:
        return templates[int(rng.random() * len(templates))]
    liking = [(crc32(f"{taste}|{template}".encode()) % 1000 / 1000) ** 2 + 0.02 for template in templates]
    edges = np.cumsum(liking) / sum(liking)
    return templates[min(int(np.searchsorted(edges, rng.random(), side="right")), len(templates) - 1)]


class Expansion:
    """Expands templates with the slots of one finding; `used` names the slots that went into the text.

    `keys` choose among words that depend on the finding: the first key that such a group has.
    """

    def __init__(self, words: Words, slots: Mapping[str, str], keys: Sequence[str], rng: Rng) -> None:
        self.words, self.slots, self.keys, self.rng = words, slots, keys, rng
        self.used: set[str] = set()

    def __call__(self, template: str) -> str:
        """The text, with single spaces, without a capital and a full stop. RrgError where a slot is unknown."""
        text = template
        for _ in range(_DEEPEST):
            while found := _CHOICE.search(text):
                text = text[: found.start()] + draw(found[1].split("|"), self.rng) + text[found.end() :]
            text = _SLOT.sub(lambda slot: self._value(slot[1]), text)
            if not _SLOT.search(text) and not _CHOICE.search(text):
                return tidy(text)
        raise RrgError(f"the template {template!r} never ends: a word of the grammar names itself")

    def _value(self, name: str) -> str:
        self.used.add(name)
        if name in self.slots:
            return self.slots[name]
        group = self.words.get(name)
        if isinstance(group, Mapping):
            key = next((key for key in self.keys if key in group), None)
            group = None if key is None else group[key]
        if group is None:
            raise RrgError(f"the grammar has no {{{name}}} for {', '.join(self.keys) or 'this sentence'}")
        return str(draw(group, self.rng))


def tidy(text: str) -> str:
    """Single spaces, none before a stop, "a" or "an" as the next word asks."""
    text = " ".join(text.split())
    text = _ARTICLE.sub(lambda found: "an " if _VOWEL.match(found[1]) else "a ", text)
    return re.sub(r"\s+(?=[,.;:])|,(?=,)", "", text).strip(" ,")


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""

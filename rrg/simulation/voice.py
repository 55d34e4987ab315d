"""Who reports, and in which words: the grammar, one radiologist's habits, and a stream of random numbers for each thing
to be said. Knows no sentence of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import yaml

from rrg.simulation.grammar import Expansion, Rng, draw
from rrg.simulation.truth import Fact, Kind, Truth
from rrg.types import Finding

GRAMMAR_FILE = Path(__file__).with_name("language.yaml")
WORDS = 7  # use of a study's seed


@dataclass(frozen=True)
class Said:
    """One sentence, without capital and full stop; `told` is what it tells, `facts` of which facts."""

    text: str
    told: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()


@lru_cache(maxsize=1)
def load_grammar() -> Mapping[str, Any]:
    """The project's grammar, read once."""
    grammar: Mapping[str, Any] = yaml.safe_load(GRAMMAR_FILE.read_text(encoding="utf-8"))
    return grammar


@dataclass(eq=False)
class Voice:
    """The radiologist of one truth. `deny`: kinds that must be denied in words where they are not there; `precise`: kinds of
    which grade and size must be told, without doubt.
    """

    truth: Truth
    deny: Collection[Kind] = ()
    precise: Collection[Kind] = ()
    grammar: Mapping[str, Any] = field(default_factory=load_grammar)
    style: Mapping[str, Any] = field(init=False)
    taste: str = field(init=False)
    doubted: list[Fact] = field(
        default_factory=list
    )  # told as doubtful, so the impression does not know better

    def __post_init__(self) -> None:
        self.style = draw(self.grammar["radiologists"], self.rng("radiologist"))
        self.taste = self.style["name"]

    def rng(self, *names: str) -> Rng:
        """Random numbers of this study for one thing to be said."""
        return np.random.default_rng([self.truth.seed, WORDS, *(crc32(name.encode()) for name in names)])

    def entry(self, kind: Kind) -> Mapping[str, Any]:
        """What the grammar knows of a kind."""
        found: Mapping[str, Any] = self.grammar["findings"][str(kind)]
        return found

    def plain(self, template: str, rng: Rng, slots: Mapping[str, str] | None = None) -> str:
        """A template that no finding fills."""
        return Expansion(self.grammar["words"], slots or {}, (), rng)(template)

    def form(self, rng: Rng) -> str:
        """ "short" (telegraphic) or "full"."""
        return "short" if rng.random() < self.style["short"] else "full"

    def spelled(self, text: str) -> str:
        for usual, own in self.style.get("spelling", {}).items():
            text = text.replace(usual, own).replace(usual.capitalize(), own.capitalize())
        return text

    def same_kind(self, fact: Fact) -> list[Fact]:
        """The facts of its kind, itself among them."""
        return [other for other in self.truth.facts if other.kind is fact.kind]

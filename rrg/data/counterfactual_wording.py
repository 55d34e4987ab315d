"""The wording of `counterfactuals.yaml`, compiled to regular expressions. Knows how it is written, not how it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rrg.types import RrgError

WORDING_FILE = Path(__file__).with_name("counterfactuals.yaml")
NUMBERS = ("many", "one", "much")  # how a finding is counted; the order in which they are looked for

_GROUP = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class Rewrite:
    """A sentence and what stands in its place; the group `more` is a clause behind it."""

    fact: str
    sentence: re.Pattern[str]
    instead: str


@dataclass(frozen=True)
class Swap:
    """Words and what stands in their place; the group `article` is an article before them."""

    fact: str
    words: re.Pattern[str]
    instead: str


@dataclass(frozen=True)
class Contradiction:
    """What a report may not say elsewhere where a finding of these labels is added."""

    labels: frozenset[str]
    phrases: re.Pattern[str]


@dataclass(frozen=True)
class Wording:
    """Everything that `counterfactuals.yaml` says."""

    finding: re.Pattern[str]  # groups "many", "one", "much"
    denial: re.Pattern[str]  # "there is no evidence of"
    vague: re.Pattern[str]  # words at the beginning of what is denied
    seen: re.Pattern[str]  # " is seen" at the end of what is denied
    opener: re.Pattern[str]  # "there is"
    adjectives: re.Pattern[str]  # nothing but words that may stand before a finding
    located: re.Pattern[str]  # " in the left base"
    clause: re.Pattern[str]
    unfinished: re.Pattern[str]  # the end of what is no sentence
    adverb: re.Pattern[str]  # "specifically, "
    rewrites: tuple[Rewrite, ...]
    fixed: re.Pattern[str]
    both_sides: re.Pattern[str]
    refers: re.Pattern[str]  # the beginning of a sentence that speaks of the one before
    swaps: tuple[Swap, ...]
    contradictions: tuple[Contradiction, ...]


@lru_cache(maxsize=1)
def load_wording() -> Wording:
    """The project's wording, read and compiled once."""
    return compile_wording(WORDING_FILE.read_text(encoding="utf-8"))


def compile_wording(text: str) -> Wording:
    """Compile the text of a wording file. RrgError names what is missing or not a regular expression."""
    try:
        return _compile(yaml.safe_load(text))
    except (KeyError, TypeError, AttributeError, ValueError, re.error, yaml.YAMLError) as error:
        raise RrgError(
            f"The wording of counterfactual reports is broken ({error!r}). Mend counterfactuals.yaml."
        ) from error


def _compile(source: Mapping[str, Any]) -> Wording:
    groups: Mapping[str, list[str]] = source["groups"]

    def expand(phrase: str) -> str:
        for _ in range(3):  # groups may hold groups
            phrase = _GROUP.sub(lambda found: f"(?:{'|'.join(groups[found[1]])})", phrase)
        return re.sub(r" (?![*+?])", "[ -]", phrase).replace(" ?", "[ -]?")

    def one_of(phrases: Iterable[str]) -> str:
        return f"(?:{'|'.join(map(expand, phrases))})"

    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    def words(name: str) -> re.Pattern[str]:
        return compiled(rf"(?<![\w-]){one_of(source[name])}(?![\w-])")

    counted = "|".join(f"(?P<{number}>{one_of(source['findings'][number])})" for number in NUMBERS)
    films = one_of(source["whole_film"])
    seen = expand(source["seen"])
    return Wording(
        finding=compiled(rf"(?<![\w-])(?:{counted})(?![\w-])"),
        denial=compiled(rf"(?<![\w-]){one_of(source['deny'])}(?: {expand(source['evidence'])})?(?![\w-])"),
        vague=compiled(rf"^(?:{one_of(source['vague'])} ){{1,4}}"),
        seen=compiled(rf"(?: {seen})?(?: {films})?$"),
        opener=compiled(rf"^{one_of(source['openers'])} "),
        adjectives=compiled(rf"^(?:(?:{one_of(source['adjectives'])}|\d[\d.]*)(?:, | |$)){{0,9}}$"),
        located=compiled(rf"^ {expand(source['located'])}$"),
        clause=words("clause_words"),
        unfinished=compiled(rf"(?<![\w-])(?:{one_of(source['unfinished'])}|{one_of(source['adjectives'])})$"),
        adverb=compiled(rf"^{one_of(source['adverbs'])},? $"),
        rewrites=tuple(
            Rewrite(
                fact, compiled(rf"^{expand(each['from'])}(?P<more>(?:,| and| with| but) .+)?$"), each["to"]
            )
            for fact, rewrites in source["rewrites"].items()
            for each in rewrites
        ),
        fixed=words("fixed"),
        both_sides=words("both_sides"),
        refers=compiled(rf"^{one_of(source['refers'])}(?![\w-])"),
        swaps=tuple(_swaps(source["swaps"], expand)),
        contradictions=tuple(
            Contradiction(
                frozenset(each["labels"]), compiled(rf"(?<![\w-]){one_of(each['phrases'])}(?![\w-])")
            )
            for each in source["contradictions"]
        ),
    )


def _swaps(source: Mapping[str, list[list[str]]], expand: Any) -> Iterable[Swap]:
    for name, pairs in source.items():
        for words, instead in pairs:
            directions = [(words, instead)] if "one way" in name else [(words, instead), (instead, words)]
            for this, other in directions:
                this = this.replace("<side>", "(?:left|right)")
                yield Swap(
                    name.split()[0],
                    re.compile(rf"(?<![\w-])(?P<article>an? )?(?:{expand(this)})(?![\w])", re.IGNORECASE),
                    other,
                )

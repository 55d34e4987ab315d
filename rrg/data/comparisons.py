"""Text -> sentences that compare with an earlier film ("unchanged", "since the previous study"). Knows no image.

A model that sees one study has no earlier film, so each such sentence of its is a turn of phrase. The rules are
words, kept in `comparisons.yaml`. Every string gets an answer in time that grows linearly with its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rrg.data.reports import sentences
from rrg.types import RrgError

RULES_FILE = Path(__file__).with_name("comparisons.yaml")
_GROUP = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class Comparison:
    """One sentence that compares: its index into `sentences(report)` and the words that say so, lower-case."""

    sentence: int
    words: str


@dataclass(frozen=True)
class ComparisonRules:
    """What `comparisons.yaml` says."""

    compares: re.Pattern[str]
    exceptions: re.Pattern[str]


def comparisons(text: str) -> list[Comparison]:
    """The sentences of a report that compare with an earlier film, each once, by its first such words.

    "No prior for comparison", advice to compare, and prior surgery or disease do not count.
    """
    rules = load_rules()
    found = []
    for index, sentence in enumerate(sentences(text)):
        # A mark that is no word and no space: nothing is read across what was taken out.
        told = rules.compares.search(rules.exceptions.sub("|", sentence.lower()))
        if told:
            found.append(Comparison(index, told[0]))
    return found


@lru_cache(maxsize=1)
def load_rules() -> ComparisonRules:
    """The project's rules, read and compiled once."""
    return compile_rules(RULES_FILE.read_text(encoding="utf-8"))


def compile_rules(text: str) -> ComparisonRules:
    """Compile the text of a rules file. RrgError names what is missing or not a regular expression."""
    try:
        source = yaml.safe_load(text)
        groups = source["groups"]
        return ComparisonRules(
            _words(source["comparisons"], groups), _words(source["not_a_comparison"], groups)
        )
    except (KeyError, TypeError, AttributeError, re.error, yaml.YAMLError) as error:
        raise RrgError(f"The rules of comparisons are broken ({error!r}). Mend comparisons.yaml.") from error


def _words(phrases: Iterable[str], groups: Mapping[str, Any]) -> re.Pattern[str]:
    """Any of the phrases, as whole words."""
    joined = "|".join(phrases)
    expanded = _GROUP.sub(lambda found: "(?:" + "|".join(groups[found[1]]) + ")", joined)
    return re.compile(rf"(?<!\w)(?:{expanded.replace(' ', '[ -]')})(?!\w)")

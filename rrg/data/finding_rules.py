"""The rules of `findings.yaml`, compiled to regular expressions. Knows how rules are written, not how they
are applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rrg.types import RrgError

RULES_FILE = Path(__file__).with_name("findings.yaml")

_GROUP = re.compile(r"\{([a-z]+)\}")
_BREAK = r"[\s,:/()'-]{1,3}"
_FEW_WORDS = r"(?:[\w-]{2,20} ){0,4}"
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class ClassRules:
    """The rules of one label."""

    label: str
    kind: str  # "lung", "pleura", "bone", "device" or "heart"
    phrases: re.Pattern[str]
    implies_absent: re.Pattern[str]


@dataclass(frozen=True)
class Cues:
    """Words before or behind a finding that change its status."""

    before: re.Pattern[str]
    behind: re.Pattern[str]


@dataclass(frozen=True)
class Rules:
    """Everything that `findings.yaml` says."""

    classes: tuple[ClassRules, ...]
    clause_ends: re.Pattern[str]
    negation: Cues
    not_a_negation: re.Pattern[str]
    uncertainty: Cues
    lasting_doubt: re.Pattern[str]
    of_something_else: re.Pattern[str]  # the group "words" of a match is no finding
    ignored_before: re.Pattern[str]
    joints: re.Pattern[str]
    enumerations: re.Pattern[str]
    lists: re.Pattern[str]
    doubt_ends: re.Pattern[str]
    prepositions: re.Pattern[str]
    relatives: re.Pattern[str]
    introductions: re.Pattern[str]
    alternatives: re.Pattern[str]
    sides: Mapping[str, re.Pattern[str]]
    severities: Mapping[str, re.Pattern[str]]
    lung_places: Mapping[str, re.Pattern[str]]
    bones: Mapping[str, re.Pattern[str]]


class _Compiler:
    """Turns phrases into patterns, with the groups and gaps of one file."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self.groups: Mapping[str, list[str]] = source["groups"]
        self.gap = _gap(source["gap_stops"], 6)
        self.wide_gap = _gap(source["wide_gap_stops"], 10)

    def expand(self, phrase: str) -> str:
        for _ in range(3):  # groups may hold groups
            phrase = _GROUP.sub(lambda found: "(?:" + "|".join(self.groups[found[1]]) + ")", phrase)
        phrase = phrase.replace(" ... ", "\0").replace(" ~ ", "\1").replace(" ", "[ -]")
        return phrase.replace("\0", self.gap).replace("\1", self.wide_gap)

    def words(self, phrases: Iterable[str]) -> re.Pattern[str]:
        """Any of the phrases, as whole words; nothing at all where there is no phrase."""
        expanded = "|".join(self.expand(phrase) for phrase in phrases)
        return re.compile(rf"(?<!\w)(?:{expanded})(?!\w)") if expanded else _NEVER

    def table(self, entries: Mapping[str, list[str]]) -> dict[str, re.Pattern[str]]:
        return {name: self.words(phrases) for name, phrases in entries.items()}


def _gap(stops: Iterable[str], words: int) -> str:
    """Up to `words` words, none of the stops, and what stands between words. Bounded, so linear."""
    barred = "|".join(stop.replace(" ", "[ -]") for stop in stops)
    return rf"(?:{_BREAK}(?!(?:{barred})(?!\w))[\w.]{{1,30}}){{0,{words}}}?{_BREAK}"


@lru_cache(maxsize=1)
def load_rules() -> Rules:
    """The project's rules, read and compiled once."""
    return compile_rules(RULES_FILE.read_text(encoding="utf-8"))


def compile_rules(text: str) -> Rules:
    """Compile the text of a rules file. RrgError names what is missing or not a regular expression."""
    try:
        return _compile(yaml.safe_load(text))
    except (KeyError, TypeError, AttributeError, re.error, yaml.YAMLError) as error:
        raise RrgError(
            f"The rules of the findings labeller are broken ({error!r}). Mend findings.yaml."
        ) from error


def _compile(source: Mapping[str, Any]) -> Rules:
    compiler = _Compiler(source)
    words, table = compiler.words, compiler.table
    after_comma = words(source["clause_ends_after_comma"]).pattern
    return Rules(
        classes=tuple(_class(compiler, label, rules) for label, rules in source["classes"].items()),
        clause_ends=re.compile(rf";|, (?:{after_comma})|{words(source['clause_ends']).pattern}"),
        negation=_cues(compiler, source["negation"]),
        not_a_negation=words(source["not_a_negation"]),
        uncertainty=_cues(compiler, source["uncertainty"]),
        lasting_doubt=words(source["lasting_doubt"]),
        of_something_else=_of_something_else(compiler, source["of_something_else"]),
        ignored_before=words(source["ignored_before"]),
        joints=re.compile(rf"[,/]|{words(source['joints']).pattern}"),
        enumerations=re.compile(rf",|{words(source['enumerations']).pattern}"),
        relatives=words(source["relatives"]), introductions=words(source["introductions"]),
        lists=re.compile(rf"\s?,? ?(?:{words(source['lists']).pattern})? ?{_FEW_WORDS}"),
        doubt_ends=words(source["doubt_ends"]),
        prepositions=re.compile(rf"\s{{0,3}}{words(source['prepositions']).pattern}"),
        alternatives=re.compile(rf"\s?,? ?{words(source['alternatives']).pattern} {_FEW_WORDS}"),
        sides=table(source["sides"]), severities=table(source["severities"]),
        lung_places=table(source["lung_places"]), bones=table(source["bones"]),
    )  # fmt: skip


def _class(compiler: _Compiler, label: str, rules: Mapping[str, Any]) -> ClassRules:
    absent = compiler.words(rules.get("implies_absent", ()))
    return ClassRules(label, rules.get("kind", "lung"), compiler.words(rules["phrases"]), absent)


def _of_something_else(compiler: _Compiler, rules: Mapping[str, str]) -> re.Pattern[str]:
    before, words = (compiler.expand(rules[part]) for part in ("behind", "words"))
    return re.compile(rf"(?<!\w)(?:{before}){compiler.gap}(?P<words>{words})(?!\w)")


def _cues(compiler: _Compiler, rules: Mapping[str, list[str]]) -> Cues:
    return Cues(compiler.words(rules["before"]), compiler.words(rules["behind"]))

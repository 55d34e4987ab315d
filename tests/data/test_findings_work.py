"""The labeller's work is bounded: counted in characters handed to patterns and lines of Python, never in seconds."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data import finding_sentences
from rrg.data.finding_rules import Rules, load_rules
from rrg.data.finding_sentences import apply_rules
from rrg.data.findings import label_report
from rrg.data.reports import sentences

WIDEST = 1_000  # characters that one match may span


class Counted:
    """A pattern that counts the characters it is given to search."""

    def __init__(self, pattern: re.Pattern[str], count: Callable[[int], None]) -> None:
        self.original, self.count, self.pattern = pattern, count, pattern.pattern

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            text, *ends = given[1:] if name == "sub" else given
            start, stop = (*ends, *[0, len(text)][len(ends) :])
            self.count(max(0, stop - start))
            return getattr(self.original, name)(*given)

        return call


def counted(rules: Any, count: Callable[[int], None]) -> Any:
    """The same rules, every pattern counted."""
    if isinstance(rules, re.Pattern):
        return Counted(rules, count)
    if isinstance(rules, dict):
        return {name: counted(pattern, count) for name, pattern in rules.items()}
    if isinstance(rules, tuple):
        return tuple(counted(rule, count) for rule in rules)
    if is_dataclass(rules):
        return replace(rules, **{f.name: counted(getattr(rules, f.name), count) for f in fields(rules)})
    return rules


def work(sentence: str) -> int:
    """Characters given to patterns, and lines of the labeller run, for one sentence."""
    total = 0

    def count(amount: int) -> None:
        nonlocal total
        total += amount

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != finding_sentences.__file__:
            return None
        count(event == "line")
        return line

    before = sys.gettrace()
    rules: Rules = counted(load_rules(), count)
    sys.settrace(line)
    try:
        apply_rules(sentence, rules)
    finally:
        sys.settrace(before)
    return total


UNITS = [
    "no ", "opacity, ", "no effusion and ", "mild left opacity or ", "possible effusion with ", "nodular aa ",
    "which may be left ", "in the left base there is ", "effusion, left and right ", "heart, ", "not seen ",
    "edema but no ", "small left and moderate right upper and lower ", "previously not well ", "(", "left, ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("opening", ["", "effusion "])
def test_twice_the_sentence_is_twice_the_work(opening: str, unit: str) -> None:
    once, twice = (work(opening + unit * count + "opacity") for count in (60, 120))
    assert twice < 2.3 * once


def test_the_count_sees_work_that_grows_with_the_square() -> None:
    total = 0

    def count(amount: int) -> None:
        nonlocal total
        total += amount

    pattern = Counted(re.compile("a"), count)
    for start in range(100):
        pattern.search("b" * 100, start)
    assert total == sum(range(1, 101))


def patterns(rules: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(rules, re.Pattern):
        yield rules
    elif isinstance(rules, dict):
        for rule in rules.values():
            yield from patterns(rule)
    elif isinstance(rules, tuple):
        for rule in rules:
            yield from patterns(rule)
    elif is_dataclass(rules):
        for field in fields(rules):
            yield from patterns(getattr(rules, field.name))


def widest(pattern: re.Pattern[str]) -> int:
    return int(re._parser.parse(pattern.pattern).getwidth()[1])  # type: ignore[attr-defined]


def test_no_pattern_spans_an_unbounded_stretch() -> None:
    """So an attempt at one position costs no more in a long text than in a short one."""
    assert {p.pattern[:60]: widest(p) for p in patterns(load_rules()) if widest(p) > WIDEST} == {}
    assert widest(re.compile("no(?: very)* large")) > WIDEST


VOCABULARY = sorted(
    {word for p in patterns(load_rules()) for word in re.findall(r"[a-z]{2,14}", p.pattern)}
    | {",", ".", ";", ":", "/", "-", "(", "3.7", "cm", "xxxx", "\n", "\n\n", "1.", "«", "🫁"}
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY), max_size=60).map(" ".join))
def test_any_words_of_the_rules_cost_a_bounded_amount_per_character(text: str) -> None:
    for part in sentences(text):
        assert work(part.lower()) <= 500 * len(part) + 5_000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400) | st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_string_is_labelled(text: str) -> None:
    said = len(sentences(text))
    assert all(finding.sentence < max(said, 1) for finding in label_report(text))

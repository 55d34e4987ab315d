"""Texts that something is wrong with: the bounds between a fault and none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrg.evaluation.faults import (
    LONGEST,
    LONGEST_WORDS,
    Faults,
    cut,
    is_english,
    is_too_long,
    known_words,
    prepare,
)
from rrg.types import Study

KNOWN = known_words(["The cardiomediastinal silhouette is normal.", "No pleural effusion."])


def studies(n):
    return [Study(f"s{i}", f"p{i}", "val", (), (), "Clear.") for i in range(n)]


def test_what_is_whole_is_left_as_it_is():
    found, texts = Faults(), [" No  effusion.\n", "Clear"]
    assert prepare(texts, studies(2), KNOWN, found) == texts
    assert not any(found.ids.values())


def test_one_report_may_have_several_faults():
    found = Faults()
    prepared = prepare(["ja nein " * LONGEST, "..."], studies(2), KNOWN, found)
    assert found.ids["too long"] == found.ids["not English"] == ["s0"]
    assert found.ids["empty"] == ["s1"]
    assert prepared[1] == ""


def test_the_cut():
    assert not is_too_long("word " * LONGEST)
    assert is_too_long("word " * (LONGEST + 1))
    assert len(cut("word " * 5000).split()) == LONGEST
    assert is_too_long("x" * (LONGEST_WORDS + 1))
    assert len(cut("x" * 10**6)) == LONGEST_WORDS


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("No pleural effusion.", True),
        ("There is something about the cardiomediastinal silhouette.", True),
        ("Normal.", True),  # too few words to tell
        ("Herz normal.", True),
        ("Das Herz ist normal und die Lunge frei.", False),
        ("No hay derrame pleural ni neumotórax visible.", False),
        ("心影正常", False),
        ("Сердце нормальное", False),
        ("3.7 12 / 4", True),
        ("", True),
    ],
)
def test_language(text, english):
    assert is_english(text, KNOWN) is english


@given(st.text(max_size=300))
def test_any_string_is_prepared(text):
    found = Faults()
    (prepared,) = prepare([text], studies(1), KNOWN, found)
    assert not is_too_long(prepared)
    assert bool(found.ids["empty"]) == (prepared == "")

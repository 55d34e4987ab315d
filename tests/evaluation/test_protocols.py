"""Both protocols on made-up sentences, each property one of R2Gen's effects."""

import pytest

from rrg.evaluation.protocols import CUT, UNKNOWN, R2GenTokens, full_tokens, r2gen_clean


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The kite is red. It flies.", "the kite is red . it flies ."),
        ("No end stop", "no end stop ."),
        ("A nodule of 3.7 cm.", "a nodule of 37 cm ."),
        ("1. First thing. 2. Second thing.", "first thing . second thing ."),
        ("Follow-up (old) [new] A:B; c/d?", "follow-up old new ab cd ."),
        ("Wait... what.. now. ", "wait . what . now ."),
        ("XXXX year old; \"x\" 'y'.", "xxxx year old x y ."),
        ("a < b = c > d @ e # f", "a b c d e # f ."),
        ("line one.\nline two.", "line one line two ."),
        ("", "."),
    ],
)
def test_r2gen_cleaning_has_the_known_effects(text, tokens):
    assert r2gen_clean(text) == tokens.split()


def test_r2gen_keeps_the_stop_of_an_empty_sentence():
    assert r2gen_clean("One. (). Two.") == ["one", ".", ".", "two", "."]


def test_r2gen_vocabulary_comes_from_train_and_unknown_words_are_one_word():
    tokenise = R2GenTokens.from_train(["red kite.", "red kite.", "red boat."])
    assert tokenise("Red kite boat.") == ["red", UNKNOWN, UNKNOWN, "."]


def test_r2gen_cuts():
    tokenise = R2GenTokens.from_train(["word " * 5])
    assert tokenise("word " * 100) == ["word"] * CUT


def test_cleaning_of_cleaned_text_changes_nothing():
    once = r2gen_clean("The kite, 3.7 cm, is (very) red. It flies!")
    assert r2gen_clean(" ".join(once)) == once


def test_full_keeps_everything_and_splits_punctuation():
    assert full_tokens("The Kite is 3.7 cm, red. XXXX.") == [
        "the",
        "kite",
        "is",
        "3.7",
        "cm",
        ",",
        "red",
        ".",
        "xxxx",
        ".",
    ]
    assert len(full_tokens("word " * 100)) == 100

"""Cleaning, sentences, tokens and back, on made-up sentences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data.reports import clean, normalise, sentences, tidy, words

PIECES = st.sampled_from(
    [
        "1. ",
        "2.",
        "3) ",
        "XXXX",
        "x-XXXX",
        "___",
        "[UNK]",
        "3.7 cm",
        "(",
        ")",
        ". ",
        ", ",
        "\n",
        " ",
        "T1.",
        "Mild",
        "-",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=20).map("".join))


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("1. Mild edema. 2. No effusion.", "Mild edema. No effusion."),
        ("1.Mild edema. 2.No effusion.", "Mild edema. No effusion."),
        ("A nodule of 3.7 cm at T1. Low-lying tube.", "A nodule of 3.7 cm at T1. Low-lying tube."),
        ("It measures .5 cm. 1.2 cm before.", "It measures .5 cm. 1.2 cm before."),
        ("Edema\n1. One\n2. Two", "Edema. One. Two"),
        ("Levels 3. Then edema.", "Levels 3. Then edema."),
        ("Wide\n  heart .. Clear , lungs", "Wide heart. Clear, lungs"),
        ("Seen<BR>before.", "Seen before."),
        ("2.5 cm mass.", "2.5 cm mass."),
        ("", ""),
    ],
)
def test_clean_drops_layout_and_keeps_content(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "without", "marked"),
    [
        ("XXXX XXXX look sound.", "look sound.", "[UNK] look sound."),
        ("Compared to x-XXXX, stable.", "Compared to, stable.", "Compared to [UNK], stable."),
        ("XXXX-year-old. Old (XXXX) scar.", "Old scar.", "[UNK]. Old ([UNK]) scar."),
        ("Seen by ___ on ___ ___.", "Seen by on.", "Seen by [UNK] on [UNK]."),
        ("Stable. XXXX.", "Stable.", "Stable. [UNK]."),
    ],
)
def test_hidden_words_become_one_gap_a_run(raw: str, without: str, marked: str) -> None:
    assert clean(raw) == without
    assert clean(raw, gap="[UNK]") == marked


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["", "[UNK]"]))
def test_clean_is_idempotent_and_hides_everything(text: str, gap: str) -> None:
    once = clean(text, gap)
    assert clean(once, gap) == once
    assert "XXX" not in once
    assert "__" not in once
    assert "\n" not in once


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_normalise_is_idempotent_and_blind_to_case_and_spacing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(f"  {once.upper()}!" if once.isascii() else once) == once


def test_normalise_tells_numbers_apart() -> None:
    assert normalise("Nodule, 3.7 cm.") == normalise("nodule 3.7 CM")
    assert normalise("3.7 cm") != normalise("37 cm")
    assert normalise("3.7 cm") != normalise("3 7 cm")
    assert normalise(".5 cm") != normalise("5 cm")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A 3.7 cm mass. No edema.", ["A 3.7 cm mass.", "No edema."]),
        ("heart is normal . no edema .", ["heart is normal .", "no edema ."]),
        ("1. Mild edema. 2. No mass.", ["1. Mild edema.", "2. No mass."]),
        ("Seen by Dr. Smith. Edema vs. pneumonia.", ["Seen by Dr. Smith.", "Edema vs. pneumonia."]),
        ("No mass.No edema.", ["No mass.", "No edema."]),
        ("No mass\n\nNo edema", ["No mass", "No edema"]),
        ("Wrapped\nline.. Next?", ["Wrapped line..", "Next?"]),
        (" . ", []),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_sentences_lose_no_word(text: str) -> None:
    assert normalise(" ".join(sentences(text))).replace(" ", "") == normalise(text).replace(" ", "")


def test_words_keep_decimals_hyphens_and_the_unknown_token() -> None:
    tokens = words("A 3.7 cm, low-lying [UNK] (patient's) mass and/or scar at T1.")
    assert tokens == [
        "a", "3.7", "cm", ",", "low-lying", "[UNK]", "(", "patient's", ")", "mass", "and", "/", "or",
        "scar", "at", "t1", "."
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "A 3.7 cm, low-lying mass (new) and/or scar at T1. No edema; well-known COPD.",
        "Is it stable? Lungs: clear. A PICC ends in the SVC.",
        "",
    ],
)
def test_tidy_undoes_words(text: str) -> None:
    assert tidy(" ".join(words(text))) == text


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_tidy_is_idempotent_and_keeps_every_character(text: str) -> None:
    readable = tidy(" ".join(words(text)))
    assert tidy(readable) == readable
    assert [c for c in readable.lower() if c.isalnum()] == [
        c for c in "".join(words(text)).lower() if c.isalnum()
    ]


@pytest.mark.parametrize("unit", ["(", ".", "() ", "1. ", "XXXX ", "\n", "1.1.", "-", "X", "a"])
def test_long_odd_texts_return(unit: str) -> None:
    """Work is linear: a text of 5,000 units would not return in a lifetime if any pattern backtracked."""
    text = unit * 5_000
    assert isinstance(clean(text), str)
    assert isinstance(sentences(text), list)
    assert isinstance(tidy(" ".join(words(text))), str)

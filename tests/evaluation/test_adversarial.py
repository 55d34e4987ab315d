"""What is denied becomes affirmed, nothing else moves, and a clinical score sees what BLEU does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data.findings import NO_FINDING, label_report, statuses
from rrg.evaluation.adversarial import FLIPPED, ORACLE, adversarial_rows, flip_negations
from rrg.evaluation.corpus import bleu_statistics, corpus_bleu
from rrg.evaluation.protocols import full_tokens
from rrg.types import Status

NORMAL = (
    "The heart size and mediastinal contours are within normal limits. The lungs are well expanded on both views. "
    "There is no focal consolidation, pleural effusion or pneumothorax. The visible bones are unremarkable."
)


@pytest.mark.parametrize(
    ("text", "flipped"),
    [
        ("No pneumothorax.", "Pneumothorax."),
        ("There is no pleural effusion or pneumothorax.", "There is pleural effusion and pneumothorax."),
        ("Lungs are clear, without effusion.", "Lungs are clear, with effusion."),
        ("The heart is not enlarged.", "The heart is enlarged."),
        ("Negative for fracture.", "Positive for fracture."),
        ("Neither effusion nor edema.", "Both effusion and edema."),
        ("The lungs are clear of edema. No effusion.", "The lungs are full of edema. Effusion."),
        ("A nodule of 3.7 cm, no effusion.", "A nodule of 3.7 cm, effusion."),
    ],
)
def test_what_is_denied_is_affirmed(text, flipped):
    assert flip_negations(text) == flipped


@pytest.mark.parametrize(
    "text",
    [
        "",
        "There is a small left effusion or scar.",
        "No significant interval change.",
        "The drain is no longer seen.",
        "An effusion cannot be excluded.",
        "A nodule is not entirely excluded.",
        "Normal nodes, notable spine.",
        "Heart size 3.7 cm.\nStable.",
    ],
)
def test_what_denies_no_finding_stays_word_for_word(text):
    assert flip_negations(text) == text


@settings(max_examples=200, deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(["no", "not", "without", "or", ".", "Effusion", "3.7"])).map(" ".join)
)
def test_any_text_is_answered_and_one_without_negation_stays(text):
    flipped = flip_negations(text)
    assert len(flipped) <= 2 * len(text)
    if not any(
        word in text.lower() for word in ("no", "without", "neither", "free", "clear", "negative", "absen")
    ):
        assert flipped == text


def test_every_row_has_a_text_for_every_reference():
    rows = adversarial_rows([NORMAL, "No fracture."])
    assert rows == {ORACLE: [NORMAL, "No fracture."], FLIPPED: [flip_negations(NORMAL), "Fracture."]}


def test_the_clinical_reading_turns_while_the_words_stay():
    flipped = flip_negations(NORMAL)
    before, after = statuses(label_report(NORMAL)), statuses(label_report(flipped))
    assert before[NO_FINDING] is Status.PRESENT
    assert NO_FINDING not in after
    for label in ("Consolidation", "Pleural Effusion", "Pneumothorax"):
        assert before[label] is Status.ABSENT
        assert after[label] is Status.PRESENT
    bleu = corpus_bleu(bleu_statistics(full_tokens(flipped), full_tokens(NORMAL)))
    assert np.all(bleu > 0.8)

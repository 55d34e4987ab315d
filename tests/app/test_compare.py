"""Sentences and findings of two made-up reports, judged side by side."""

import pytest

from rrg.app.compare import LabelledText, Verdict, compare_sentences, conflict, describe, findings_table
from rrg.types import Finding, Side, Status


def verdicts(mine: str, other: str) -> list[str]:
    return [s.verdict.value for s in compare_sentences(LabelledText.of(mine), LabelledText.of(other))]


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ("No pneumothorax.", "no PNEUMOTHORAX", "agrees"),
        ("There is no evidence of pneumothorax.", "No pneumothorax.", "agrees"),
        ("No pleural effusion.", "Small pleural effusion.", "contradicts"),
        ("Right pleural effusion.", "Left pleural effusion.", "contradicts"),
        ("Right pleural effusion.", "Pleural effusions on the right and on the left.", "agrees"),
        ("Rib fracture.", "No pneumothorax.", "only here"),
        ("Words without a finding.", "No pneumothorax.", "only here"),
    ],
)
def test_a_sentence_is_judged_by_the_findings_it_names(mine, other, expected):
    assert verdicts(mine, other) == [expected]


def test_a_contradiction_is_said_in_words():
    mine, other = LabelledText.of("No pleural effusion."), LabelledText.of("Small right pleural effusion.")
    (sentence,) = compare_sentences(mine, other)
    assert "right" in sentence.reason
    assert "present" in sentence.reason


def test_a_repeated_fact_is_judged_each_time():
    mine = "No pleural effusion. Again, there is no pleural effusion."
    assert verdicts(mine, "Large pleural effusion.") == ["contradicts", "contradicts"]


def test_conflict_is_symmetric_and_uncertainty_is_none():
    effusion = "Pleural Effusion"
    right, left = (Finding(effusion, Status.PRESENT, side) for side in (Side.RIGHT, Side.LEFT))
    absent, unsure = Finding(effusion, Status.ABSENT), Finding(effusion, Status.UNCERTAIN)
    assert conflict(right, left)
    assert conflict(left, right)
    assert conflict(absent, right)
    assert conflict(right, absent)
    assert not conflict(unsure, right)
    assert not conflict(unsure, absent)


def test_the_table_puts_conflicts_first_and_keeps_silence_apart_from_absence():
    first = LabelledText.of("No pleural effusion. No pneumothorax. Rib fracture.")
    second = LabelledText.of("Large left pleural effusion. No pneumothorax.")
    rows = {row.label: row for row in findings_table(first, second)}
    assert next(iter(rows)) == "Pleural Effusion"
    assert rows["Pleural Effusion"].verdict is Verdict.CONTRADICTS
    assert rows["Fracture"].second is None
    assert rows["Pneumothorax"].second is not None
    assert describe(rows["Fracture"].second) == "not mentioned"
    assert "No Finding" not in rows

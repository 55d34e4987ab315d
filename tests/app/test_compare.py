"""Sentences and findings of two made-up reports, judged side by side."""

import pytest

from rrg.app.compare import (
    LabelledText,
    Verdict,
    compare_sentences,
    conflict,
    contradicted,
    describe,
    findings_table,
)
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
        ("Right pleural effusion.", "Pleural effusions on the right and on the left.", "differs"),
        ("Bilateral pleural effusions.", "Right pleural effusion.", "differs"),
        ("Bilateral pleural effusions.", "Left pleural effusion. Right pleural effusion.", "agrees"),
        ("Large right effusion.", "Small right effusion.", "differs"),
        ("Large right effusion.", "Right effusion.", "agrees"),
        ("Large right effusion.", "Small left effusion. Small right effusion.", "differs"),
        ("Left lower lobe consolidation.", "Left upper lobe consolidation.", "differs"),
        ("Left lower lobe consolidation.", "Right lower lobe consolidation.", "contradicts"),
        ("Right pleural effusion.", "Left pleural effusion. Right pleural effusion.", "agrees"),
        ("Right pleural effusion.", "Possible right effusion. Left pleural effusion.", "only here"),
        ("No left pleural effusion.", "No right pleural effusion.", "only here"),
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


@pytest.mark.parametrize(
    ("mine", "other", "differing"),
    [
        ("Large right effusion.", "Small right effusion.", "(differs in severity: large / small)"),
        ("Left lower lobe consolidation.", "Left upper lobe consolidation.", "(differs in place: lower lobe / upper lobe)"),
        ("Bilateral effusions.", "Right effusion.", "(differs in side: bilateral / right)"),
    ],
)
def test_what_differs_is_said_in_words(mine, other, differing):
    (sentence,) = compare_sentences(LabelledText.of(mine), LabelledText.of(other))
    assert sentence.reason.endswith(differing)
    assert sentence.reason.startswith("the other report: ")


def test_what_a_report_says_of_both_sides_does_not_contradict_one_of_them():
    assert verdicts("Left effusion. Right effusion.", "Right effusion.") == ["only here", "agrees"]
    assert verdicts("Left effusion. Right effusion.", "Bilateral effusions.") == ["agrees", "agrees"]
    assert verdicts("Left effusion. Large right effusion.", "Small right effusion.") == ["only here", "differs"]
    assert verdicts("Small left effusion. Large right effusion.", "Bilateral small effusions.") == ["agrees", "differs"]


@pytest.mark.parametrize(
    ("first", "second", "verdict", "differing"),
    [
        ("Right effusion.", "Left effusion. Right effusion.", "only here", ()),
        ("Right effusion.", "Left effusion.", "contradicts", ("side",)),
        ("Right effusion. Left effusion.", "Bilateral effusions.", "agrees", ()),
        ("Large right effusion.", "Small right effusion.", "differs", ("severity",)),
        ("Left effusion. Large right effusion.", "Left effusion. Small right effusion.", "differs", ("severity",)),
        ("Possible right effusion.", "Left effusion. Right effusion.", "only here", ()),
        ("Possible right effusion.", "Right effusion.", "only here", ()),
    ],
)
def test_a_row_is_judged_over_all_findings_of_its_label(first, second, verdict, differing):
    (row,) = findings_table(LabelledText.of(first), LabelledText.of(second))
    assert (row.verdict.value, row.differing) == (verdict, differing)
    assert len(row.first) == first.count(".")
    assert len(row.second) == second.count(".")


def test_the_table_puts_contradictions_before_differences():
    first = LabelledText.of("Large right effusion. No pneumothorax. Left consolidation.")
    second = LabelledText.of("Small right effusion. No pneumothorax. No consolidation.")
    assert [row.verdict.value for row in findings_table(first, second)] == ["contradicts", "differs", "agrees"]


def test_only_a_contradiction_counts_as_one():
    small, large, none = (LabelledText.of(text).findings for text in ("Small effusion.", "Large effusion.", "No effusion."))
    assert contradicted(small, none)
    assert not contradicted(small, large)
    assert not contradicted((), small)


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
    assert rows["Fracture"].second == ()
    assert [describe(each) for each in rows["Pneumothorax"].second] == ["Pneumothorax absent"]
    assert "No Finding" not in rows


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ("No left pleural effusion.", "Right pleural effusion."),
        ("No upper lobe consolidation.", "Lower lobe consolidation."),
        ("No large pleural effusion.", "Small pleural effusion."),
    ],
)
def test_what_is_absent_here_does_not_contradict_what_is_present_elsewhere(mine, other):
    a, b = LabelledText.of(mine), LabelledText.of(other)
    for left, right in ((a, b), (b, a)):
        assert compare_sentences(left, right)[0].verdict is Verdict.ALONE
        assert findings_table(left, right)[0].verdict is Verdict.ALONE


def test_a_row_is_judged_on_what_is_absent_too():
    one, two = LabelledText.of("Left effusion. No right effusion."), LabelledText.of("Left effusion. Right effusion.")
    assert [each.verdict for each in compare_sentences(one, two)] == [Verdict.AGREES, Verdict.CONTRADICTS]
    assert findings_table(one, two)[0].verdict is Verdict.CONTRADICTS

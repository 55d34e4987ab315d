"""Counterfactual reports: one fact flips, nothing else, in English. All sentences are made up."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data.counterfactual_wording import WORDING_FILE, compile_wording
from rrg.data.counterfactuals import LONGEST_REPORT, Counterfactual, Fact, counterfactuals, proposals
from rrg.data.findings import NO_FINDING, label_report, statuses
from rrg.types import RrgError, Side, Status

REPORT = (
    "The heart size is normal. There is a small left pleural effusion, new today. Mild atelectasis at the right lung "
    "base. No pneumothorax, focal consolidation or rib fracture is seen."
)
# Sentences that a made report is built of; no two of them speak of one label.
SENTENCES = (
    ("Heart size is normal.", "The heart is moderately enlarged.", "Stable mild cardiomegaly."),
    ("There is no pneumothorax.", "There is a tiny right apical pneumothorax.", "Negative for pneumothorax."),
    ("No large pleural effusions.", "Small bilateral pleural effusions.", "Moderate left pleural effusion."),
    ("No displaced rib fracture.", "Healed left rib fractures are noted.", "The bony structures are intact."),
    ("Streaky right basilar atelectasis.", "There is minimal atelectasis in the left upper lobe."),
    ("No pulmonary edema is identified.", "There is mild pulmonary edema."),
    ("A 7 mm nodule is present in the left apex.", "There are no nodules."),
)
REPORTS = st.tuples(*(st.sampled_from(["", *each]) for each in SENTENCES)).map(
    lambda parts: " ".join(part for part in parts if part)
)


def edited(report: str) -> dict[str, str]:
    return {edit.description: edit.edited for edit in counterfactuals(report)}


def facts(text: str) -> set[tuple[object, ...]]:
    return {
        (f.label, f.status, f.side, f.severity, f.place) for f in label_report(text) if f.label != NO_FINDING
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("No pneumothorax.", "There is a pneumothorax."),
        ("No visible effusions.", "There are effusions."),
        ("There is no evidence of pulmonary edema.", "There is pulmonary edema."),
        ("No airspace opacity is seen.", "There is an airspace opacity."),
        ("The lungs are free of focal consolidation.", "There is a focal consolidation."),
        ("There are no effusions or pneumothorax.", "There is no pneumothorax. There are effusions."),
        ("There is no effusion or pneumothoraces.", "There is no effusion. There are pneumothoraces."),
        (
            "No pneumothorax, effusion or dislocation is identified.",
            "No pneumothorax or dislocation is identified. There is an effusion.",
        ),
        (
            "Neat film, with no pneumothorax, and the aorta is calm.",
            "Neat film. There is a pneumothorax, and the aorta is calm.",
        ),
        ("No acute, displaced fracture.", "There is an acute, displaced fracture."),
        ("There is a small left pleural effusion.", "There is no pleural effusion."),
        ("There are patchy opacities in both bases.", "There are no opacities in both bases."),
        ("Old right rib fractures are noted.", "No rib fractures are noted."),
        ("Low volumes with bibasilar atelectasis.", "Low volumes. No atelectasis."),
        (
            "Small effusions and left basilar atelectasis.",
            "No effusions. Left basilar atelectasis.",
        ),
        (
            "There is a large effusion with a rib fracture.",
            "There is no effusion. There is a rib fracture.",
        ),
        ("Heart size is normal.", "Heart size is enlarged."),
        ("The heart is mildly enlarged.", "The heart is normal in size."),
        (
            "Heart size and mediastinal contours are normal.",
            "Heart size is enlarged. The mediastinal contours are normal.",
        ),
        (
            "The heart, mediastinum, and aorta are normal.",
            "The heart is enlarged. The mediastinum and aorta are normal.",
        ),
        ("The cardiomediastinal silhouette is unremarkable.", "The mediastinum is enlarged. The heart is unremarkable."),
        ("Both lungs are clear.", "There are patchy opacities in the lungs."),
        ("Left basilar consolidation.", "Right basilar consolidation."),
        ("RLL consolidation.", "LLL consolidation."),
        ("There are small bilateral effusions.", "There is a small"),
        ("Trace effusion.", "Large effusion."),
        ("There is a subtle opacity.", "There is an extensive opacity."),
        ("Mass in the right upper lobe.", "Mass in the right lower lobe."),
        ("Biapical scarring.", "Bibasilar scarring."),
    ],
)  # fmt: skip
def test_the_edit_is_english(before, after):
    assert any(text.startswith(after) for text in edited(before).values()), edited(before)


def test_a_report_is_edited_in_place_and_says_what_was_flipped():
    edits = counterfactuals(REPORT)
    found = {edit.description: edit for edit in edits}
    side = found["Pleural Effusion: left → right"]
    assert side.text == REPORT.replace("small left", "small right")
    assert (side.fact, side.label, side.sentence) == (Fact.SIDE, "Pleural Effusion", 1)
    assert (side.before.side, side.after.side) == (Side.LEFT, Side.RIGHT)
    assert side.direction == "to the right"
    assert {edit.fact for edit in edits} == set(Fact)
    assert {edit.direction for edit in edits} >= {"added", "removed", "heavier", "higher", "to the left"}
    assert [edit.sentence for edit in edits] == sorted(edit.sentence for edit in edits)


def test_white_space_and_layout_of_the_report_stay():
    report = "1. No \n  pneumothorax.\n\n2.  Heart   normal in size, as was.  "
    (edit,) = (e for e in counterfactuals(report) if e.label == "Pneumothorax")
    assert edit.text.endswith("\n\n2.  Heart   normal in size, as was.  ")
    assert "There is a pneumothorax." in edit.text


@settings(max_examples=150, deadline=None)
@given(REPORTS)
def test_one_fact_flips_and_nothing_else(report):
    for edit in counterfactuals(report):
        gone, come = facts(report) - facts(edit.text), facts(edit.text) - facts(report)
        assert len(gone) == len(come) == 1
        (before,), (after,) = gone, come
        assert before[0] == after[0] == edit.label
        assert edit.text != report
        assert edit.edited in edit.text
        if edit.fact is Fact.PRESENCE:
            assert {before[1], after[1]} == {Status.PRESENT, Status.ABSENT}
        else:
            place = {Fact.SIDE: 2, Fact.SEVERITY: 3, Fact.PLACE: 4}[edit.fact]
            assert Status.ABSENT not in (before[1], after[1])
            assert before[place] != after[place]
            assert all(before[i] == after[i] for i in (2, 3, 4) if i != place)


@settings(max_examples=80, deadline=None)
@given(REPORTS)
def test_editing_twice_gives_the_fact_back(report):
    for edit in counterfactuals(report):
        if edit.direction in {"added", "removed", "to the left", "to the right"}:
            back = [e for e in counterfactuals(edit.text) if (e.fact, e.label) == (edit.fact, edit.label)]
            held = [
                statuses(label_report(e.text))[edit.label] == edit.before.status
                if edit.fact is Fact.PRESENCE
                else e.after.side is edit.before.side
                for e in back
            ]
            assert any(held), (edit.original, edit.edited)


@settings(max_examples=30, deadline=None)
@given(REPORTS)
def test_edits_are_the_same_every_time(report):
    assert counterfactuals(report) == counterfactuals(report)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from([*re.findall(r"\w+|[.,]", REPORT), "no", "(", ")", "XXXX", "and", "with", "/"]),
            max_size=40,
        ).map(" ".join),
    )
)
def test_any_string_returns(text):
    for edit in counterfactuals(text):
        assert isinstance(edit, Counterfactual)
        assert len(facts(text) ^ facts(edit.text)) == 2


@pytest.mark.parametrize("unit", ["no ", "left ", "no effusion, ", "effusion and ", "(", "a, ", "heart and "])
def test_a_long_sentence_is_let_alone(unit):
    assert counterfactuals("No pneumothorax " + unit * 5000) == []


def test_a_report_without_end_is_edited_at_its_beginning():
    edits = counterfactuals("No pneumothorax. " + "There is a small left effusion. " * 500)
    assert max((edit.sentence for edit in edits), default=0) < LONGEST_REPORT


def test_a_report_that_would_contradict_itself_is_no_counterfactual():
    assert "Consolidation: absent → present" not in edited("No consolidation. The lungs are clear.")
    assert "Pneumothorax: absent → present" not in edited("No pneumothorax. Again: without pneumothorax.")
    assert "Pleural Effusion: present → absent" not in edited("Small effusion. This is new.")
    assert "Pneumothorax: absent → present" in edited("No pneumothorax. The lungs are clear.")


def test_what_is_absent_has_no_side_or_size_to_flip():
    assert {e.fact for e in counterfactuals("No large left pleural effusion.")} == {Fact.PRESENCE}


def test_words_that_mean_no_side_stay():
    assert all("left atrium" not in text for text in edited("Catheter tip in the right atrium.").values())
    assert not any(
        e.fact is Fact.SIDE for e in counterfactuals("Bibasilar opacities, left greater than right.")
    )


def test_rejected_proposals_say_why():
    told = list(proposals("No consolidation. The lungs are clear."))
    assert "the report says elsewhere that all is clear" in told


def test_edits_can_be_kept_and_sent():
    edits = counterfactuals(REPORT)
    assert pickle.loads(pickle.dumps(edits)) == edits
    assert hash(edits[0]) == hash(counterfactuals(REPORT)[0])


def test_broken_wording_is_named():
    text = WORDING_FILE.read_text()
    with pytest.raises(RrgError, match=r"counterfactuals\.yaml"):
        compile_wording(text.replace("deny:", "denied:"))
    with pytest.raises(RrgError, match=r"counterfactuals\.yaml"):
        compile_wording(text.replace("'clear lungs'", "'clear ('"))

"""The findings labeller on made-up sentences; what it compares and codes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data.finding_rules import compile_rules
from rrg.data.findings import (
    LABELS,
    NO_FINDING,
    decode_findings,
    differing_attributes,
    differing_fact,
    differing_facts,
    encode_findings,
    label_report,
    statuses,
)
from rrg.types import Finding, RrgError, Side, Status

P, A, U = Status.PRESENT, Status.ABSENT, Status.UNCERTAIN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "No pneumothorax, effusion or consolidation.",
            {"Pneumothorax": A, "Pleural Effusion": A, "Consolidation": A},
        ),
        ("No pneumothorax, but a small effusion.", {"Pneumothorax": A, "Pleural Effusion": P}),
        ("No pneumothorax; new consolidation.", {"Pneumothorax": A, "Consolidation": P}),
        ("No mass. However there is edema.", {"Lung Lesion": A, "Edema": P}),
        ("Heart size is quite normal.", {"Cardiomegaly": A}),
        ("Heart and mediastinum are unremarkable.", {"Cardiomegaly": A, "Enlarged Cardiomediastinum": A}),
        ("The heart is not much enlarged.", {"Cardiomegaly": A}),
        ("The heart is markedly enlarged.", {"Cardiomegaly": P}),
        ("Size of the heart near the upper limits of normal.", {"Cardiomegaly": A}),
        ("Borderline cardiomegaly.", {"Cardiomegaly": U}),
        ("The mediastinum is widened.", {"Enlarged Cardiomediastinum": P}),
        ("Both lungs are clear.", {"Lung Opacity": A}),
        ("Lungs are clear except for a left opacity.", {"Lung Opacity": P}),
        ("Pleural spaces are both clear.", {"Pleural Effusion": A}),
        ("Bony structures are all intact.", {"Fracture": A}),
        ("Opacity may represent pneumonia.", {"Lung Opacity": P, "Pneumonia": U}),
        ("Atelectasis versus infiltrate.", {"Atelectasis": U, "Lung Opacity": U}),
        ("Pneumonia cannot be excluded.", {"Pneumonia": U}),
        ("Pneumothorax is not seen.", {"Pneumothorax": A}),
        ("The effusion has resolved.", {"Pleural Effusion": A}),
        ("No change in the nodule.", {"Lung Lesion": P}),
        ("A nodular opacity is seen.", {"Lung Lesion": P}),
        ("No pericardial effusion.", {}),
        ("History of pneumonia.", {}),
        ("Removal of the chest tube.", {"Support Devices": A}),
        ("Pulmonary vascular congestion.", {"Edema": P}),
        ("Mild pleural thickening.", {"Pleural Other": P}),
    ],
)
def test_status(text: str, expected: dict[str, Status]) -> None:
    found = statuses(label_report(text))
    found.pop(NO_FINDING, None)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Rather small left pleural effusion.", ("Pleural Effusion", Side.LEFT, "small", None)),
        ("Bibasilar opacities.", ("Lung Opacity", Side.BILATERAL, None, "base")),
        ("There is opacity in the right upper lobe.", ("Lung Opacity", Side.RIGHT, None, "upper lobe")),
        ("Tiny right apical pneumothorax.", ("Pneumothorax", Side.RIGHT, "minimal", "apex")),
        ("Fracture of the left seventh rib.", ("Fracture", Side.LEFT, None, "rib")),
        ("Moderately enlarged heart on the left.", ("Cardiomegaly", None, "moderate", None)),
        ("Right greater than left effusions.", ("Pleural Effusion", Side.BILATERAL, None, None)),
        ("Right PICC line.", ("Support Devices", Side.RIGHT, None, None)),
    ],
)
def test_side_severity_and_place(text: str, fact: tuple[object, ...]) -> None:
    found = label_report(text)[0]
    assert (found.label, found.side, found.severity, found.place) == fact


def test_each_finding_has_its_own_side() -> None:
    found = {f.label: f.side for f in label_report("Small left effusion and right basilar atelectasis.")}
    assert found == {"Pleural Effusion": Side.LEFT, "Atelectasis": Side.RIGHT}


def test_shared_words_are_shared() -> None:
    found = label_report("Left basilar opacity may represent atelectasis or pneumonia.")
    assert {(f.side, f.place) for f in found} == {(Side.LEFT, "base")}


def test_sentence_index_counts_sentences() -> None:
    found = label_report("Clear trachea. No edema. A 3.7 cm mass. Small effusion.")
    assert {f.label: f.sentence for f in found} == {"Edema": 1, "Lung Lesion": 2, "Pleural Effusion": 3}


def test_a_fuller_mention_replaces_a_vaguer_one() -> None:
    assert label_report("No large effusion. Small left effusion. Stable effusion.") == [
        Finding("Pleural Effusion", P, Side.LEFT, "small", None, 1)
    ]


def test_an_absence_on_the_other_side_stays() -> None:
    found = label_report("Right pneumothorax. No left pneumothorax.")
    assert [(f.status, f.side) for f in found] == [(P, Side.RIGHT), (A, Side.LEFT)]


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("Heart size is quite normal.", True),
        ("A PICC line is in place.", True),
        ("Clear trachea.", True),
        ("Possible edema.", False),
        ("Cardiomegaly.", False),
    ],
)
def test_no_finding(text: str, present: bool) -> None:
    assert (Finding(NO_FINDING, P) in label_report(text)) is present


@pytest.mark.parametrize("text", ["", "  ", "...", "\n\n"])
def test_no_words_no_findings(text: str) -> None:
    assert label_report(text) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "no",
                "heart",
                "is",
                "normal",
                "left",
                "opacity",
                "effusion",
                ",",
                ".",
                "but",
                "may",
                "mild",
                "and",
                "\n",
                "√",
            ]
        ),
        max_size=40,
    ).map(" ".join)
    | st.text(max_size=200)
)
def test_any_text_is_labelled_within_the_closed_sets(text: str) -> None:
    for finding in label_report(text):
        assert finding.label in LABELS
        assert finding.side is None or finding.side in Side
    assert label_report(text) == label_report(text)


@pytest.mark.parametrize(
    "unit", ["no ", "heart ", "opacity, ", "no effusion and ", "mild left opacity or ", "lungs "]
)
def test_long_sentences_return(unit: str) -> None:
    """One sentence of 5,000 units: linear work, where backtracking would never come back."""
    assert isinstance(label_report(unit * 5_000), list)


def test_differing_fact_names_the_first_difference() -> None:
    left, right = label_report("Small left effusion."), label_report("Small right effusion. No edema.")
    assert (
        differing_fact(left, right) == "small left Pleural Effusion here, small right Pleural Effusion there"
    )
    assert differing_fact(left, left) is None
    assert differing_fact(left, label_report("Lungs are clear.")) == "small left Pleural Effusion only here"
    assert differing_fact([], label_report("Mild cardiomegaly.")) == "mild Cardiomegaly only there"


def test_every_differing_label_is_named_once_and_those_of_one_report_come_first() -> None:
    mine = label_report("Small left pleural effusion. Mild cardiomegaly.")
    theirs = label_report("Small right pleural effusion. Large pneumothorax.")
    assert list(differing_facts(mine, theirs, "in A", "in B")) == [
        "mild Cardiomegaly only in A",
        "large Pneumothorax only in B",
        "small left Pleural Effusion in A, small right Pleural Effusion in B",
    ]
    assert list(differing_facts(mine, mine)) == []


def test_attributes_differ_only_where_both_are_stated():
    large = Finding("Pleural Effusion", Status.PRESENT, Side.RIGHT, "large", "base")
    assert differing_attributes(large, replace(large, severity="small", side=Side.BILATERAL)) == ("side", "severity")
    assert differing_attributes(large, replace(large, severity=None, place="apex")) == ("place",)
    assert differing_attributes(large, large) == ()


def test_differing_fact_ignores_absence_and_certainty() -> None:
    assert differing_fact(label_report("Heart size is quite normal."), label_report("No effusion.")) is None
    assert differing_fact(label_report("Edema."), label_report("Possible edema.")) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [("Mild edema.", "Severe edema."), ("Opacity in the right base.", "Opacity in the right upper lobe.")],
)
def test_differing_fact_sees_severity_and_place(a: str, b: str) -> None:
    assert differing_fact(label_report(a), label_report(b)) is not None


FINDINGS = st.builds(
    Finding,
    st.sampled_from(LABELS),
    st.sampled_from(Status),
    st.none() | st.sampled_from(Side),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.integers(0, 500),
)


@settings(deadline=None)
@given(st.lists(FINDINGS, max_size=8))
def test_coding_there_and_back(findings: list[Finding]) -> None:
    code = encode_findings(findings)
    assert code.isascii()
    assert decode_findings(code) == tuple(findings)


@pytest.mark.parametrize("code", ["edema", "99+||@0", "1*||@0", "1+|@0", "1+||@0;"])
def test_broken_codes_are_refused(code: str) -> None:
    with pytest.raises(RrgError, match="not a coded finding"):
        decode_findings(code)


@pytest.mark.parametrize(
    "text", ["", "a: [", "groups: {}", "groups: {}\ngap_stops: ['(']\nwide_gap_stops: []"]
)
def test_broken_rules_are_refused(text: str) -> None:
    with pytest.raises(RrgError, match=r"findings\.yaml"):
        compile_rules(text)

"""Coded headings read as classes, on entries of the coders' kind."""

from pathlib import Path

import pytest

from rrg.data.coded_labels import coded_labels, load_mapping, names, read_mapping
from rrg.data.findings import LABELS, NO_FINDING
from rrg.types import RrgError, Study


def _study(*labels: str) -> Study:
    return Study("CXR1", "iu:1", "val", (Path("0.png"),), (), "", labels=labels)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (("Cardiomegaly/mild", "Pleural Effusion/left"), {"Cardiomegaly", "Pleural Effusion"}),
        (("Cardiac Shadow/enlarged",), {"Cardiomegaly"}),
        (("Cardiac Shadow/irregular",), {NO_FINDING}),
        (("Opacity/lung/base/left",), {"Lung Opacity"}),
        (("Opacity/lung/round",), {"Lung Opacity", "Lung Lesion"}),
        (("Opacity/ribs/left/round",), {NO_FINDING}),
        (("Cicatrix/pleura/apex",), {"Pleural Other"}),
        (("Hydropneumothorax/left",), {"Pneumothorax", "Pleural Effusion"}),
        (("Fractures, Bone/ribs/left",), {"Fracture"}),
        (("Medical Device",), {"Support Devices", NO_FINDING}),
        (("normal",), {NO_FINDING}),
        (("Spine/degenerative",), {NO_FINDING}),
    ],
)
def test_entries_speak_for_classes(entries: tuple[str, ...], expected: set[str]) -> None:
    assert coded_labels(_study(*entries)) == expected


@pytest.mark.parametrize("entries", [(), ("No Indexing",), ("Edema/present", "Fracture/absent")])
def test_what_nobody_coded_is_none(entries: tuple[str, ...]) -> None:
    assert coded_labels(_study(*entries)) is None


def test_every_class_but_no_finding_has_a_rule() -> None:
    assert set(load_mapping().classes) == set(LABELS) - {NO_FINDING}


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "classes: {}", "not_coded: []\nclasses: {Edema: [{heading: Edema, whit: [x]}]}"],
)
def test_broken_mappings_are_refused(text: str) -> None:
    with pytest.raises(RrgError, match=r"coded_labels\.yaml"):
        read_mapping(text)


@pytest.mark.parametrize(
    ("text", "label", "named"),
    [
        ("No air-space disease.", "Lung Opacity", True),
        ("Postoperative changes.", "Lung Opacity", False),
        ("Resolved PNEUMONIA.", "Pneumonia", True),
        ("Bronchial walls.", "Pneumonia", False),
        ("", NO_FINDING, True),
    ],
)
def test_a_text_names_a_class_by_its_words(text: str, label: str, named: bool) -> None:
    assert names(text, label) is named


def test_no_class_is_refused() -> None:
    with pytest.raises(RrgError, match="14 CheXpert"):
        names("text", "Tuberculosis")

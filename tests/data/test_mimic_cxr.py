"""MIMIC-CXR in its two layouts, on small made folders of the same shape."""

import gzip
import json
from pathlib import Path

import pytest

from rrg.data.datasets import load_studies
from rrg.data.mimic_cxr import sections
from rrg.types import RrgError, View

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with cough

 FINDINGS:

 The two lungs are clear.  A nodule
 of 3.7 cm is new.

 IMPRESSION:

 New nodule.
"""


def jpg_layout(folder: Path, reports: str = "files", compressed: bool = False) -> Path:
    """Two studies of one patient in train, one of another in validate whose report has no findings, one in
    test.
    """
    rows = [
        ("a1", "10000001", "50000001", "LATERAL", "train"),
        ("a2", "10000001", "50000001", "PA", "train"),
        ("a3", "10000001", "50000001", "PA", "train"),
        ("b1", "10000001", "50000002", "AP", "train"),
        ("c1", "11000001", "50000003", "", "validate"),
        ("d1", "11000002", "50000004", "PA", "test"),
    ]
    metadata = "dicom_id,subject_id,study_id,ViewPosition\n" + "".join(
        ",".join(row[:4]) + "\n" for row in rows
    )
    split = "dicom_id,study_id,subject_id,split\n" + "".join(f"{r[0]},{r[2]},{r[1]},{r[4]}\n" for r in rows)
    chexpert = "subject_id,study_id,Edema,Fracture,No Finding\n10000001,50000001,-1.0,,1.0\n"
    for name, text in {"metadata": metadata, "split": split, "chexpert": chexpert}.items():
        path = folder / f"mimic-cxr-2.0.0-{name}.csv"
        if compressed:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text)
    for dicom, subject, study, _, _ in rows:
        place = Path(f"p{subject[:2]}") / f"p{subject}" / f"s{study}"
        image = folder / "files" / place / f"{dicom}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
        text = folder / reports / place.with_suffix(".txt")
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("IMPRESSION: Nothing." if study == "50000003" else REPORT)
    return folder


def test_sections() -> None:
    found = sections(REPORT)
    assert " ".join(found["FINDINGS"].split()) == "The two lungs are clear. A nodule of 3.7 cm is new."
    assert found["IMPRESSION"] == "New nodule."
    assert found["INDICATION"] == "___F with cough"
    assert sections("Clear.") == {"": "Clear."}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("reports", ["files", "mimic-cxr-reports/files", "mimic-cxr-reports"])
def test_jpg_layout(tmp_path: Path, reports: str, compressed: bool) -> None:
    first, second = load_studies(jpg_layout(tmp_path, reports, compressed), "train")
    assert (first.id, first.patient, second.patient) == ("s50000001", "mimic:10000001", "mimic:10000001")
    assert first.views == (View.FRONTAL, View.LATERAL)
    assert [path.stem for path in first.images] == ["a2", "a1"]
    assert first.labels == ("Edema/uncertain", "No Finding/present")
    assert "3.7 cm" in first.report
    assert first.impression == "New nodule."
    assert second.labels == ()


def test_all_splits_and_a_split_without_findings(tmp_path: Path) -> None:
    folder = jpg_layout(tmp_path)
    assert [study.split for study in load_studies(folder, None)] == ["train", "train", "test"]
    with pytest.raises(RrgError, match="no findings section"):
        load_studies(folder, "val")
    with pytest.raises(RrgError, match="test, train, val"):
        load_studies(folder, "holdout")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    folder = jpg_layout(tmp_path)
    (folder / "mimic-cxr-2.0.0-split.csv").unlink()
    with pytest.raises(RrgError, match=r"split\.csv"):
        load_studies(folder, "train")


def test_a_table_without_its_columns_is_named(tmp_path: Path) -> None:
    folder = jpg_layout(tmp_path)
    (folder / "mimic-cxr-2.0.0-metadata.csv").write_text("dicom_id,subject_id\n")
    with pytest.raises(RrgError, match="study_id is needed"):
        load_studies(folder, "train")


def r2gen_layout(folder: Path) -> Path:
    entries = [
        {"id": name, "study_id": study, "subject_id": subject, "report": "Clear.", "split": "train",
         "image_path": [f"p10/p{subject}/s{study}/{name}.jpg"]}
        for name, study, subject in [("a1", 5001, 10000001), ("a2", 5001, 10000001), ("b1", 5002, 10000002)]
    ]  # fmt: skip
    for entry in entries:
        image = folder / "images" / str(entry["image_path"][0])
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    (folder / "annotation.json").write_text(
        json.dumps({"train": [*entries, {"subject_id": 3}], "val": [], "test": []})
    )
    return folder


def test_r2gen_groups_the_images_of_a_study(tmp_path: Path) -> None:
    first, second = load_studies(r2gen_layout(tmp_path), "train")
    assert (first.id, first.patient, len(first.images)) == ("s5001", "mimic:10000001", 2)
    assert (second.id, second.patient, second.views) == ("s5002", "mimic:10000002", (View.UNKNOWN,))


def test_r2gen_takes_views_from_a_metadata_table(tmp_path: Path) -> None:
    folder = r2gen_layout(tmp_path)
    (folder / "mimic-cxr-2.0.0-metadata.csv").write_text("dicom_id,ViewPosition\na1,LL\na2,AP\n")
    first = load_studies(folder, "train")[0]
    assert first.views == (View.FRONTAL, View.LATERAL)
    assert [path.stem for path in first.images] == ["a2", "a1"]


def test_an_empty_split_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RrgError, match=r"'val'.*train \(2\)"):
        load_studies(r2gen_layout(tmp_path), "val")

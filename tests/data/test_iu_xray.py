"""IU X-Ray in its three layouts, on small made folders (the images are empty files: nothing here reads
pixels).
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rrg.data.datasets import load_studies
from rrg.data.iu_xray import uid_of
from rrg.types import RrgError, View

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "iu_xray"


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def entry(name: str, count: int = 2, **more: Any) -> dict[str, Any]:
    return {"id": name, "report": "Clear.", "image_path": [f"{name}/{i}.png" for i in range(count)], **more}


def r2gen(folder: Path, train: Sequence[Any], val: Sequence[Any] = ()) -> Path:
    (folder / "annotation.json").write_text(json.dumps({"train": train, "val": val}))
    for item in [*train, *val]:
        for path in item.get("image_path", []) if isinstance(item, dict) else []:
            touch(folder / "images" / path)
    return folder


def report_xml(uid: str, images: Sequence[str], findings: str = "Lungs are clear.") -> str:
    parents = "".join(f'<parentImage id="{name}"/>' for name in images)
    return (
        f'<eCitation><uId id="CXR{uid}"/><AbstractText Label="FINDINGS">{findings}</AbstractText>'
        f'<AbstractText Label="IMPRESSION">None.</AbstractText><major>normal</major>{parents}</eCitation>'
    )


def openi(folder: Path) -> Path:
    """Two good studies, one without findings, one whose images are missing, one broken file."""
    reports = folder / "ecgen-radiology"
    reports.mkdir(parents=True)
    pictures = {
        "1": ["CXR1_IM-0001-3001", "CXR1_IM-0001-4001"],
        "2": ["CXR2_IM-0652-1001", "CXR2_IM-0652-2001"],
    }
    for uid, names in pictures.items():
        (reports / f"{uid}.xml").write_text(report_xml(uid, names))
        for name in names:
            touch(folder / f"{name}.png")
    (reports / "3.xml").write_text(report_xml("3", ["CXR1_IM-0001-3001"], findings=""))
    (reports / "4.xml").write_text(report_xml("4", ["CXR4_IM-0009-1001"]))
    (reports / "5.xml").write_text("<eCitation><uId")
    return folder


def kaggle(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "indiana_reports.csv").write_text(
        "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
        '1,normal,normal,Xray,Cough,None,"Clear, both.",Normal.\n'
        "2,Cardiomegaly/mild;Edema,Cardiomegaly,Xray,,,Large heart.,Large.\n"
        "3,normal,normal,Xray,,,,Nothing.\n"
    )
    (folder / "indiana_projections.csv").write_text(
        "uid,filename,projection\n1,1_IM-0001-3001.dcm.png,Lateral\n1,1_IM-0001-4001.dcm.png,Frontal\n"
        "2,2_IM-0652-1001.dcm.png,Frontal\n3,3_IM-0003-1001.dcm.png,Frontal\n"
    )
    for name in ("1_IM-0001-3001", "1_IM-0001-4001", "2_IM-0652-1001", "3_IM-0003-1001"):
        touch(folder / "images" / "images_normalized" / f"{name}.dcm.png")
    return folder


@pytest.mark.parametrize(
    ("name", "uid"), [("CXR12_IM-0001", "12"), ("CXR12", "12"), ("12", "12"), ("x", ""), ("", "")]
)
def test_uid_of(name: str, uid: str) -> None:
    assert uid_of(name) == uid


def test_r2gen_by_convention(tmp_path: Path) -> None:
    folder = r2gen(tmp_path, [entry("CXR1_IM-1")], [entry("CXR2_IM-2", 1), entry("CXR3_IM-3")])
    (study,) = load_studies(folder, "train")
    assert (study.id, study.uid, study.patient, study.split) == ("CXR1_IM-1", "1", "iu:1", "train")
    assert study.views == (View.FRONTAL, View.LATERAL)
    assert study.images == tuple(folder / "images" / "CXR1_IM-1" / f"{i}.png" for i in range(2))
    assert len(load_studies(folder, "val")) == 2
    assert len(load_studies(folder, None)) == len(load_studies(folder, "all")) == 3


def test_r2gen_views_and_table(tmp_path: Path) -> None:
    folder = r2gen(tmp_path, [entry("CXR1_IM-1", 3, views=["lateral", "lateral", "frontal"])])
    (folder / "studies.csv").write_text(
        "id,uid,split,mesh,problems,impression,indication\n"
        "CXR1_IM-1,1,train,Edema/mild;Spine,Edema,Wet lungs.,Cough.\n"
    )
    (study,) = load_studies(folder, "train")
    assert study.views == (View.FRONTAL, View.LATERAL)
    assert [path.name for path in study.images] == ["2.png", "0.png"]
    assert (study.labels, study.impression, study.indication) == (
        ("Edema/mild", "Spine"),
        "Wet lungs.",
        "Cough.",
    )


def test_broken_entries_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = [
        "text",
        {},
        {"id": "CXR5_IM-5", "report": "Clear.", "image_path": []},
        {**entry("CXR6_IM-6"), "report": 3},
    ]
    folder = r2gen(tmp_path, [entry("CXR1_IM-1"), *bad, entry("CXR9_IM-9")])
    for number in (0, 1):
        (folder / "images" / "CXR9_IM-9" / f"{number}.png").unlink()
    with caplog.at_level(logging.WARNING, logger="rrg.data"):
        assert [study.id for study in load_studies(folder, "train")] == ["CXR1_IM-1"]
    (message,) = [record.getMessage() for record in caplog.records]
    assert "5 entries skipped" in message
    assert "4 x malformed entry" in message
    assert str(folder / "images" / "CXR9_IM-9" / "0.png") in message


def test_one_missing_view_leaves_the_other(tmp_path: Path) -> None:
    folder = r2gen(tmp_path, [entry("CXR1_IM-1")])
    (folder / "images" / "CXR1_IM-1" / "0.png").unlink()
    assert load_studies(folder, "train")[0].views == (View.LATERAL,)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"train": 3}'])
def test_a_broken_annotation_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "annotation.json").write_text(content)
    with pytest.raises(RrgError, match=r"annotation\.json"):
        load_studies(tmp_path, "train")


def test_openi(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="rrg.data"):
        first, second = load_studies(openi(tmp_path), "all")
    assert (first.id, first.patient, first.labels, first.impression) == (
        "CXR1_IM-0001",
        "iu:1",
        ("normal",),
        "None.",
    )
    assert first.views == second.views == (View.FRONTAL, View.LATERAL)
    assert [path.stem for path in first.images] == ["CXR1_IM-0001-4001", "CXR1_IM-0001-3001"]
    message = caplog.records[0].getMessage()
    assert "3 entries skipped" in message
    assert all(
        reason in message for reason in ("no findings section", "image missing", "broken XML", "5.xml")
    )


def test_openi_believes_a_projections_table(tmp_path: Path) -> None:
    folder = openi(tmp_path)
    (folder / "indiana_projections.csv").write_text(
        "uid,filename,projection\n2,2_IM-0652-2001.dcm.png,Frontal\n"
    )
    assert load_studies(folder, None)[1].views == (View.FRONTAL, View.FRONTAL)


def test_openi_with_pictures_and_reports_in_folders(tmp_path: Path) -> None:
    folder = openi(tmp_path / "flat")
    nested = tmp_path / "nested"
    (nested / "NLMCXR_reports").mkdir(parents=True)
    (folder / "ecgen-radiology").rename(nested / "NLMCXR_reports" / "ecgen-radiology")
    (nested / "NLMCXR_png").mkdir()
    for path in folder.glob("*.png"):
        path.rename(nested / "NLMCXR_png" / path.name)
    assert len(load_studies(nested, "all")) == 2


def test_kaggle(tmp_path: Path) -> None:
    first, second = load_studies(kaggle(tmp_path), "all")
    assert (first.id, first.uid, first.report, first.indication) == (
        "CXR1_IM-0001",
        "1",
        "Clear, both.",
        "Cough",
    )
    assert first.views == (View.FRONTAL, View.LATERAL)
    assert second.views == (View.FRONTAL,)
    assert second.labels == ("Cardiomegaly/mild", "Edema")


@pytest.mark.parametrize("layout", [openi, kaggle])
def test_a_named_split_needs_a_table(tmp_path: Path, layout: Any) -> None:
    folder = layout(tmp_path)
    with pytest.raises(RrgError, match=r"splits\.csv with the columns uid,split"):
        load_studies(folder, "val")
    (folder / "splits.csv").write_text("uid,split\nCXR1,train\n2,validate\n")
    assert [study.uid for study in load_studies(folder, "val")] == ["2"]
    with pytest.raises(RrgError, match=r"'test'.*train \(1\), val \(1\)"):
        load_studies(folder, "test")


def test_the_annotation_gives_the_split_to_an_openi_folder(tmp_path: Path) -> None:
    folder = openi(tmp_path)
    (folder / "annotation.json").write_text(json.dumps({"train": [{"id": "CXR2_IM-0652"}]}))
    assert [study.uid for study in load_studies(folder, "train")] == ["2"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared IU X-Ray data are not here")
def test_the_shared_folder_loads_whole() -> None:
    train, val = load_studies(SHARED, "train"), load_studies(SHARED, "val")
    assert (len(train), len(val)) == (2069, 296)
    assert not {study.patient for study in train} & {study.patient for study in val}
    assert all(study.uid and study.labels and len(study.images) == 2 for study in train + val)

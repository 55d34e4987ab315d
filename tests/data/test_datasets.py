"""The door to all data folders: what it says when there is nothing behind it, and the rules the readers
share.
"""

import json
import logging
from pathlib import Path

import pytest

from rrg.data.datasets import load_studies
from rrg.data.layout import Skipped, order_views, read_table, split_name
from rrg.types import RrgError, View

F, L, X = View.FRONTAL, View.LATERAL, View.UNKNOWN


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RrgError, match=r"nowhere does not exist.*annotation\.json"):
        load_studies(tmp_path / "nowhere", "train")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    with pytest.raises(RrgError, match="is a file"):
        load_studies(tmp_path / "a.json", "train")


def test_an_unknown_layout_names_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(RrgError, match="the folder is empty"):
        load_studies(tmp_path, "train")
    for number in range(10):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(RrgError, match=r"Looked for annotation\.json.*Found 0\.txt, 1\.txt.* and 2 more"):
        load_studies(str(tmp_path), "train")


def test_a_layout_one_folder_down_is_pointed_at(tmp_path: Path) -> None:
    inner = tmp_path / "iu_xray"
    inner.mkdir()
    (inner / "annotation.json").write_text(json.dumps({"train": []}))
    with pytest.raises(RrgError, match=r"Did you mean .*iu_xray\?"):
        load_studies(tmp_path, "train")


def test_an_empty_data_set_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "annotation.json").write_text(json.dumps({"train": []}))
    with pytest.raises(RrgError, match="no readable study"):
        load_studies(tmp_path)


@pytest.mark.parametrize(
    ("views", "order"),
    [
        ([L, F], [1, 0]),
        ([F, L], [0, 1]),
        ([L, L, F], [2, 0]),
        ([F, F, L], [0, 2]),
        ([L, X], [1, 0]),
        ([F, F], [0, 1]),
        ([L], [0]),
        ([], []),
    ],
)
def test_frontal_first_and_one_of_each(views: list[View], order: list[int]) -> None:
    images = [(Path(str(place)), view) for place, view in enumerate(views)]
    paths, kinds = order_views(images)
    assert [int(path.name) for path in paths] == order
    assert list(kinds) == [views[place] for place in order]


@pytest.mark.parametrize(
    ("name", "known"), [("validate", "val"), (" Train ", "train"), ("test", "test"), ("x", "x")]
)
def test_split_names(name: str, known: str) -> None:
    assert split_name(name) == known


def test_the_summary_counts_and_cuts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    skipped = Skipped()
    with caplog.at_level(logging.WARNING, logger="rrg.data"):
        skipped.report(tmp_path)
        assert caplog.records == []
        for number in range(30):
            skipped.add(f"path{number}", "image missing")
        skipped.report(tmp_path)
    (record,) = caplog.records
    assert "30 entries skipped (30 x image missing): path0; " in record.getMessage()
    assert record.getMessage().endswith("path19; and 10 more")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"\xff\xfe\x00\x01"),
        ("t.csv", b""),
        ("t.csv.gz", b"uid\n1\n"),
        ("t.csv.gz", b"\x1f\x8b\x08" + b"x" * 40),
    ],
)
def test_an_unreadable_table_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RrgError, match=r"t\.csv"):
        read_table(path, "uid")


def test_a_table_with_a_byte_order_mark_and_short_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffuid,split\n1,train\n2\n3,val,more\n".encode())
    assert read_table(path, "uid", "split") == [
        {"uid": "1", "split": "train"}, {"uid": "2", "split": ""}, {"uid": "3", "split": "val"}
    ]  # fmt: skip

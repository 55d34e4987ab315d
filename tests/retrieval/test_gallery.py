"""Exact search beside a slow reference, ties, exclusions, and the file."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from rrg.retrieval.gallery import FILE, Gallery, check_revision
from rrg.types import RrgError


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make(report, image=None, patients=None, **more):
    n = len(report)
    return Gallery(
        report,
        report if image is None else image,
        tuple(f"S{i}" for i in range(n)),
        tuple(str(100 + i) for i in range(n)),
        tuple(patients or [f"iu:{i}" for i in range(n)]),
        tuple(("Opacity/left",) if i % 2 else () for i in range(n)),
        tuple("" for _ in range(n)),
        **more,
    )


def slow_search(gallery, query, k, study=None, patient=None):
    scored = []
    for row in range(len(gallery)):
        if gallery.study_ids[row] == study or gallery.patients[row] == patient:
            continue
        dot = sum(float(a) * float(b) for a, b in zip(gallery.report[row], query, strict=True))
        scored.append((-dot / float(np.sqrt(sum(float(b) ** 2 for b in query))), row))
    return [row for _, row in sorted(scored)][:k]


@pytest.mark.parametrize("k", [1, 4, 37, 90])
def test_search_equals_the_slow_reference(k):
    rng = np.random.default_rng(3)
    gallery = make(unit(rng.normal(size=(37, 9))), patients=[f"iu:{i // 3}" for i in range(37)])
    query = rng.normal(size=9) * 5
    found = gallery.search(query, k, "S8", "iu:4")
    assert [n.index for n in found] == slow_search(gallery, query, k, "S8", "iu:4")
    assert [n.rank for n in found] == list(range(1, len(found) + 1))
    assert len(found) == min(k, 37 - 4)


def test_cosines_of_known_angles():
    degrees = np.deg2rad([0, 60, 90, 180])
    gallery = make(np.stack([np.cos(degrees), np.sin(degrees)], 1).astype(np.float32))
    assert [round(n.similarity, 5) for n in gallery.search(np.array([3.0, 0.0]), 9)] == [1.0, 0.5, 0.0, -1.0]


def test_ties_keep_the_order_of_the_rows():
    row = unit(np.random.default_rng(0).normal(size=(1, 33)))
    gallery = make(np.repeat(row, 21, axis=0))
    assert [n.index for n in gallery.search(row[0], 21)] == list(range(21))


def test_exclusions_leave_out_the_study_and_its_patient_only():
    gallery = make(unit(np.eye(4) + 0.1), patients=["a", "a", "b", ""])
    assert {n.study_id for n in gallery.search(np.ones(4), 9, "S2", "a")} == {"S3"}
    assert len(gallery.search(np.ones(4), 9, None, "")) == 4  # an unknown patient excludes nobody


def test_a_study_is_found_by_id_or_uid():
    gallery = make(np.eye(3, dtype=np.float32), patients=["a", "b", "b"])
    assert gallery.whose("S1") == gallery.whose("101") == ("S1", "b")
    for name in ("S9", ""):
        with pytest.raises(RrgError, match="no study"):
            gallery.whose(name)


def test_image_space_searches_the_image_rows():
    eye = np.eye(3, dtype=np.float32)
    gallery = make(eye, eye[::-1].copy())
    assert gallery.search(eye[0], 1)[0].index == 0
    assert gallery.search(eye[0], 1, space="image")[0].index == 2


@pytest.mark.parametrize("query", [np.ones(4), np.zeros(3), np.array([np.nan, 0, 0])])
def test_a_query_that_cannot_be_searched_is_refused(query):
    with pytest.raises(RrgError):
        make(np.eye(3, dtype=np.float32)).search(query, 1)


def test_k_below_one_is_refused():
    with pytest.raises(RrgError, match="at least one"):
        make(np.eye(3, dtype=np.float32)).search(np.ones(3), 0)


def test_round_trip_keeps_everything_within_half_precision(tmp_path):
    report = unit(np.random.default_rng(1).normal(size=(5, 8)))
    gallery = make(report, report[::-1].copy(), revision="abc", split="train")
    path = gallery.save(tmp_path)
    again = Gallery.load(tmp_path)
    for name in ("study_ids", "uids", "patients", "labels", "findings", "split", "revision"):
        assert getattr(again, name) == getattr(gallery, name), name
    np.testing.assert_allclose(again.report, gallery.report, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(again.report, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(again.image, gallery.image, atol=1e-3)
    with safe_open(path, framework="numpy") as file:
        assert file.get_tensor("report").dtype == np.float16
        assert json.loads(file.metadata()["uids"]) == list(gallery.uids)


def test_missing_broken_and_foreign_files_are_named(tmp_path):
    with pytest.raises(RrgError, match="no gallery"):
        Gallery.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"not a tensor file")
    with pytest.raises(RrgError, match="cannot be read"):
        Gallery.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [("uids", None), ("labels", None), ("uids", "[1"), ("patients", "3"), ("findings", "[1,2]"),
     ("labels", "[1,2]"), ("study_ids", '["one"]'), ("study_ids", "null"), ("schema", None)],
)  # fmt: skip
def test_damaged_metadata_is_refused(tmp_path, name, damage):
    path = make(np.eye(2, dtype=np.float32)).save(tmp_path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    metadata.pop(name)
    save_file(load_file(path), path, metadata=metadata if damage is None else metadata | {name: damage})
    with pytest.raises(RrgError, match="rebuild it"):
        Gallery.load(tmp_path)


@pytest.mark.parametrize("rows", [np.zeros(2), np.float64(1), np.zeros((2, 2, 2)), np.zeros((2, 3)), None])
def test_embeddings_of_another_shape_are_refused(tmp_path, rows):
    path = make(np.eye(2, dtype=np.float32)).save(tmp_path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path) | {"report": np.asarray(rows)} if rows is not None else {}
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(RrgError):
        Gallery.load(tmp_path)


def test_an_oversized_gallery_is_refused(tmp_path):
    rows = np.zeros((40_000, 64), dtype=np.float32)
    with pytest.raises(RrgError, match="exceed"):
        make(rows).save(tmp_path)


def test_columns_of_other_lengths_are_refused():
    eye = np.eye(2, dtype=np.float32)
    with pytest.raises(RrgError, match="differ in length"):
        Gallery(eye, eye, ("a",), ("1", "2"), ("p", "q"), ((), ()), ("", ""))


def test_another_revision_is_warned_of():
    gallery = make(np.eye(2, dtype=np.float32), revision="old")
    assert check_revision(gallery, "old") is None
    assert "rebuild" in check_revision(gallery, "new")

"""A gallery of the made cohort: what it holds, and that it holds no sentence."""

from dataclasses import replace

import numpy as np
import pytest

from rrg.data.datasets import load_studies
from rrg.data.findings import decode_findings, label_report
from rrg.models.checkpoint import load_checkpoint
from rrg.retrieval.build import build_gallery
from rrg.types import RrgError


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint):
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def train(cohort):
    return load_studies(cohort, "train")


@pytest.fixture(scope="module")
def gallery(checkpoint, train):
    return build_gallery(checkpoint, train)


def test_rows_are_the_studies_and_their_own_embeddings(gallery, checkpoint, train):
    assert gallery.study_ids == tuple(study.id for study in train)
    assert gallery.uids == tuple(study.uid for study in train)
    assert gallery.labels == tuple(study.labels for study in train)
    assert (gallery.split, gallery.revision) == ("train", checkpoint.revision)
    for row in (0, 17, len(train) - 1):
        alone = checkpoint.embed_reports([train[row].report])[0].numpy()
        np.testing.assert_allclose(gallery.report[row], alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(gallery.image, axis=1), 1, atol=1e-5)


def test_findings_are_coded(gallery, train):
    assert decode_findings(gallery.findings[3]) == tuple(label_report(train[3].report))


def test_the_file_holds_no_sentence(gallery, train, tmp_path):
    content = gallery.save(tmp_path).read_bytes()
    assert train[0].id.encode() in content
    for study in train:
        assert not any(part.strip().encode() in content for part in study.report.split(".") if part.strip())


def test_studies_that_cannot_be_used_are_left_out(checkpoint, train, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    spoilt = replace(train[0], images=(broken,) * len(train[0].images))
    built = build_gallery(checkpoint, [spoilt, replace(train[1], report=" "), train[2]])
    assert built.study_ids == (train[2].id,)
    with pytest.raises(RrgError, match="report"):
        build_gallery(checkpoint, [replace(train[1], report="")])

"""What lies beside a checkpoint: searches are kept to studies that can be shown, and the texts are the sample's own."""

import numpy as np
import pytest

from rrg.data.datasets import load_studies
from rrg.data.simulated import shipped_beside
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.shipped import at_hand
from rrg.types import RrgError
from tests.app.simulated import GALLERY, make_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("shipped"))


def gallery(folder, ids):
    rows = np.eye(len(ids), 8, dtype=np.float32)
    nothing = ("",) * len(ids)
    Gallery(rows, rows, tuple(ids), nothing, tuple(ids), ((),) * len(ids), nothing).save(folder)


def test_a_search_is_kept_to_the_studies_of_the_sample(sample, tmp_path):
    ids = [study.id for study in load_studies(sample, "train")]
    folder = sample.parent / "model"
    gallery(folder, ["elsewhere", *ids[::-1]])
    found = at_hand(folder)
    assert found.gallery.study_ids == tuple(ids[::-1])
    assert found.note == f"Searched are the {GALLERY} training studies that are shipped, of {GALLERY + 1}."
    (near,) = found.texts.resolve(found.gallery.search(np.eye(8)[1], 1))
    assert (near.study_id, near.index) == (ids[-1], 0)
    assert near.text == next(s.report for s in load_studies(sample, "train") if s.id == near.study_id)


def test_a_gallery_of_shipped_studies_only_needs_no_note(sample):
    folder = sample.parent / "whole"
    gallery(folder, [study.id for study in load_studies(sample, "train")])
    assert (len(at_hand(folder).gallery), at_hand(folder).note) == (GALLERY, "")


def test_a_sample_of_other_studies_leaves_the_search_whole_and_says_so(sample):
    folder = sample.parent / "strange"
    gallery(folder, ["one", "two"])
    assert len(at_hand(folder).gallery) == 2
    assert "no texts" in at_hand(folder).note


def test_without_a_sample_everything_is_as_before(tmp_path):
    gallery(tmp_path / "model", ["one"])
    assert shipped_beside(tmp_path / "model") is None
    assert at_hand(tmp_path / "model").note == ""
    with pytest.raises(RrgError, match="no gallery"):
        at_hand(tmp_path)

"""The path of negatives on embeddings at known angles, and on a tiny trained model."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrg.data.datasets import load_studies
from rrg.data.findings import differing_fact, encode_findings, label_report
from rrg.explain.hard_negatives import hard_negatives, peer_index
from rrg.models.checkpoint import load_checkpoint
from rrg.objective.synthesis import arc
from rrg.retrieval.build import build_gallery
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.texts import TextSource
from rrg.types import RrgError

POSITIVE = "There is a small left pleural effusion. The heart is normal."
TEXTS = (
    "There is a small left pleural effusion. Heart is normal!",  # says the same as the positive
    "There is a small right pleural effusion. The heart is normal.",
    "Large left pneumothorax. Old rib fracture.",
)


def at(degrees):
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


class Plane:
    """A checkpoint in two dimensions: the image at 60 degrees, every report at 90."""

    def embed_images(self, encoded):
        return torch.tensor([at(60)])

    def embed_reports(self, texts):
        return torch.tensor([at(90) for _ in texts])


def plane_gallery(degrees=(88, 0, 45), patients=("a", "b", "c")):
    rows = np.array([at(d) for d in degrees], dtype=np.float32)
    codes = tuple(encode_findings(label_report(text)) for text in TEXTS)
    return Gallery(rows, rows, ("S0", "S1", "S2"), ("", "", ""), patients, ((), (), ()), codes)


def source(texts=TEXTS):
    return TextSource(lambda study, uid: texts[int(study[1])], "made")


@pytest.fixture
def found():
    return hard_negatives(Plane(), plane_gallery(), source(), None, POSITIVE, (0.0, 0.5, 1.0))


def test_the_peer_is_the_closest_text_that_differs(found):
    assert found.peer.study_id == "S1"
    assert found.peer.text == TEXTS[1]
    assert found.reason == differing_fact(label_report(POSITIVE), label_report(TEXTS[1]))


def test_the_arc_by_hand(found):
    # Peer at 0 degrees, positive at 90, image at 60: ascent ends under the image, 60 degrees from the peer.
    assert found.span == pytest.approx(math.radians(90), abs=1e-5)
    assert found.reach == pytest.approx(math.radians(60), abs=1e-5)
    assert found.positive_alignment == pytest.approx(math.cos(math.radians(30)), abs=1e-5)
    assert found.peer_alignment == pytest.approx(0.5, abs=1e-5)
    assert [point.hardness for point in found.path] == [1.0, 0.5, 0.0]
    assert [point.angle for point in found.path] == pytest.approx(
        [math.radians(d) for d in (0, 30, 60)], abs=1e-5
    )
    expected = [math.cos(math.radians(d)) for d in (60, 30, 0)]
    assert [point.alignment for point in found.path] == pytest.approx(expected, abs=1e-5)
    assert [point.nearest.study_id for point in found.path] == ["S1", "S2", "S2"]
    assert found.path[1].nearest.text == TEXTS[2]


def test_without_texts_the_model_s_own_space_chooses_and_identical_findings_are_passed_over():
    found = hard_negatives(Plane(), plane_gallery(), TextSource.absent("none"), None, POSITIVE)
    assert found.peer.study_id == "S2"  # S0 at 88 degrees says the same; S2 at 45 is nearer than S1 at 0
    assert found.peer.text is None


@pytest.mark.parametrize("texts", [source(), TextSource.absent("none")])
def test_study_and_patient_are_excluded_everywhere(texts):
    gallery = plane_gallery(patients=("a", "b", "b"))
    for exclusion in ({"exclude_study": "S1", "exclude_patient": "b"}, {"exclude_patient": "b"}):
        assert hard_negatives(Plane(), gallery, texts, None, POSITIVE, **exclusion) is None
    other = hard_negatives(
        Plane(), plane_gallery(), texts, None, POSITIVE, exclude_study="S1", exclude_patient="b"
    )
    assert other.peer.study_id == "S2"
    assert all(point.nearest.study_id != "S1" for point in other.path)


def test_excluding_a_study_alone_excludes_its_patient_from_peers():
    gallery = plane_gallery(patients=("a", "b", "b"))
    assert hard_negatives(Plane(), gallery, source(), None, POSITIVE, exclude_study="S1") is None


@pytest.mark.parametrize(("text", "grid"), [(" ", (1.0,)), (POSITIVE, (1.5,)), (POSITIVE, (-0.1,))])
def test_senseless_input_is_refused(text, grid):
    with pytest.raises(RrgError):
        hard_negatives(Plane(), plane_gallery(), source(), None, text, grid)


def test_the_index_is_built_once_for_a_gallery_and_its_texts():
    gallery, texts = plane_gallery(), source()
    assert peer_index(gallery, texts)[0] is peer_index(gallery, texts)[0]
    assert (
        peer_index(replace(gallery), texts)[0] is peer_index(gallery, texts)[0]
    )  # as two models of a collection hold it
    partly = source((None, *TEXTS[1:]))
    assert peer_index(gallery, partly)[1] == (1, 2)


def test_on_a_trained_model_the_path_is_that_of_the_objective_and_never_falls(tiny_checkpoint, cohort):
    checkpoint = load_checkpoint(tiny_checkpoint)
    gallery = build_gallery(checkpoint, load_studies(cohort, "train"))
    encoded = SimpleNamespace(pooled=torch.randn(1, 32, generator=torch.Generator().manual_seed(0)))
    grid = (1.0, 0.75, 0.5, 0.25, 0.0)
    found = hard_negatives(checkpoint, gallery, TextSource.folder(cohort), encoded, POSITIVE, grid)
    image, positive = checkpoint.embed_images(encoded), checkpoint.embed_reports([POSITIVE])
    peer = torch.from_numpy(gallery.report[found.peer.index])[None]
    expected = [float((image * arc(image, positive, peer, hardness)).sum()) for hardness in grid]
    assert [point.alignment for point in found.path] == pytest.approx(expected, abs=1e-6)
    assert all(a.alignment <= b.alignment + 1e-6 for a, b in zip(found.path, found.path[1:], strict=False))
    assert found.path[0].nearest.similarity == pytest.approx(1, abs=1e-5)


def test_every_point_has_a_readable_negative_where_the_peer_can_be_read(found):
    assert all(point.readable is not None for point in found.path)
    assert found.path[0].readable.differences == (
        "small right Pleural Effusion in the negative, small left Pleural Effusion in the positive",
    )
    for texts, readable in ((source(), False), (TextSource.absent("none"), True)):
        bare = hard_negatives(Plane(), plane_gallery(), texts, None, POSITIVE, readable=readable)
        assert all(point.readable is None for point in bare.path)


def test_at_the_peer_the_readable_negative_is_at_least_as_close_as_the_peer(tiny_checkpoint, cohort):
    checkpoint = load_checkpoint(tiny_checkpoint)
    gallery = build_gallery(checkpoint, load_studies(cohort, "train"))
    encoded = SimpleNamespace(pooled=torch.randn(1, 32, generator=torch.Generator().manual_seed(0)))
    found = hard_negatives(checkpoint, gallery, TextSource.folder(cohort), encoded, POSITIVE)
    mined = torch.from_numpy(gallery.report[found.peer.index])
    whole = float(checkpoint.embed_reports([found.peer.text])[0] @ mined)
    assert found.path[0].readable.similarity >= whole - 1e-6

"""The average film: a mean by hand, its way to disk and back, and what is refused."""

import pytest
import torch

from rrg.data.batch import load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import to_pixels
from rrg.explain.average import FILE, AverageFilm, average_film, build_average_film
from rrg.models.checkpoint import load_checkpoint
from rrg.types import RrgError, View
from tests.app.checkpoints import make_collection

VIEWS = torch.tensor([[View.FRONTAL, View.LATERAL], [View.UNKNOWN, View.ABSENT]])


@pytest.fixture
def checkpoint(tmp_path):
    return load_checkpoint(make_collection(tmp_path, ("baseline",)) / "made" / "baseline")


def test_it_is_the_mean_of_what_the_network_sees(checkpoint, cohort):
    studies = load_studies(cohort, "val")
    images = load_images(studies, checkpoint.preprocessing, None)
    with torch.no_grad():
        maps = checkpoint.model.encoder.feature_maps(
            to_pixels(images.squares), torch.from_numpy(images.views)
        )
    built = build_average_film(checkpoint, studies)
    assert built.studies == 8
    torch.testing.assert_close(built.frontal, maps[:, 0].mean(0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(built.lateral, maps[:, 1].mean(0), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(built.frontal, built.lateral)


def test_every_view_gets_its_own_map_and_an_absent_one_none():
    film = AverageFilm(torch.full((4, 3), 1.0), torch.full((4, 3), 2.0), 1, "")
    maps = film.maps(VIEWS)
    assert maps.shape == (2, 2, 4, 3)
    assert maps.mean((2, 3)).tolist() == [[1.0, 2.0], [1.0, 0.0]]


def test_it_comes_back_from_disk(checkpoint, cohort):
    built = build_average_film(checkpoint, load_studies(cohort, "val"))
    built.save(checkpoint.folder)
    loaded = average_film(checkpoint)
    torch.testing.assert_close(loaded.frontal, built.frontal, atol=1e-2, rtol=1e-3)
    assert (loaded.studies, loaded.revision) == (8, checkpoint.revision)


def test_a_missing_a_damaged_and_a_foreign_one_are_refused(tmp_path):
    root = make_collection(tmp_path, ("a", "b", "c")) / "made"
    a, b, c = (load_checkpoint(root / name) for name in "abc")
    (root / "a" / FILE).unlink(missing_ok=True)
    with pytest.raises(RrgError, match=r"has no average film.*rrg gallery"):
        average_film(a)
    (root / "b" / FILE).write_bytes(b"nothing")
    with pytest.raises(RrgError, match="cannot be read"):
        average_film(b)
    AverageFilm(torch.zeros(4, 3), torch.zeros(4, 3), 1, "another").save(root / "c")
    with pytest.raises(RrgError, match="other weights"):
        average_film(c)

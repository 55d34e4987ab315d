"""The cache of decoded images: when it is used, when it is not, and what it does not hush up."""

import os

import numpy as np
import pytest
from PIL import Image

from rrg.data.batch import load_images
from rrg.data.preprocess import Preprocessing
from rrg.types import Study, View

SQUARE = Preprocessing(size=32)


@pytest.fixture
def studies(tmp_path):
    made = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        _picture(path, number)
        made.append(Study(f"S{number}", f"p{number}", "train", (path,), (View.FRONTAL,), "Made."))
    return made


def _picture(path, seed):
    noise = np.random.default_rng(seed).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(path, compress_level=0)  # equal sizes, whatever is in them


def test_the_cache_gives_the_same_arrays(studies, tmp_path):
    first, again = (load_images(studies, SQUARE, tmp_path / "cache") for _ in range(2))
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert first.key == again.key
    assert first.studies == again.studies
    np.testing.assert_array_equal(first.squares, again.squares)
    np.testing.assert_array_equal(first.views, again.views)


def test_another_picture_of_the_same_size_in_bytes_is_decoded_anew(studies, tmp_path):
    path = studies[1].images[0]
    before, file = load_images(studies, SQUARE, tmp_path / "cache"), path.stat()
    _picture(path, 77)
    os.utime(path, ns=(file.st_atime_ns, file.st_mtime_ns + 1))
    assert path.stat().st_size == file.st_size
    after = load_images(studies, SQUARE, tmp_path / "cache")
    assert not np.array_equal(before.squares[1], after.squares[1])


def test_studies_left_out_are_named_again_from_the_cache(studies, tmp_path, caplog):
    studies[1].images[0].write_bytes(b"no picture")
    said = []
    for _ in range(2):
        caplog.clear()
        assert [s.id for s in load_images(studies, SQUARE, tmp_path / "cache").studies] == ["S0", "S2"]
        said.append(caplog.text)
    assert said[0] == said[1]
    assert "1 of 3 studies left out" in said[0]
    assert "S1" in said[0]

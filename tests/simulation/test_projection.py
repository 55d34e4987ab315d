"""Perspective by hand: one dense voxel, seen from in front, from behind and from the side."""

from __future__ import annotations

import numpy as np
import pytest

from rrg.simulation.projection import Geometry, Projection, project
from rrg.simulation.warp import Field, coarse_shape, warp


def geometry(**changed):
    given = {
        "source_mm": 1000.0,
        "gap_mm": 0.0,
        "field_mm": (64.0, 64.0),
        "center": (15.5, 15.5),
        "pixels": 64,
    }
    return Geometry(**{**given, **changed})


def voxel(at):
    volume = np.zeros((32, 32, 32), dtype=np.float32)
    volume[at] = 1.0
    return volume


def middle_of(film):
    weights = film / film.sum()
    rows, columns = np.indices(film.shape)
    return (rows * weights).sum(), (columns * weights).sum()


def test_head_is_up_and_the_left_side_on_the_right():
    row, column = middle_of(project(voxel((28, 16, 28)), (1, 1, 1), Projection.PA, geometry()))
    assert row < 25
    assert column > 38


def test_the_patient_of_a_lateral_view_faces_left():
    row, column = middle_of(project(voxel((28, 28, 16)), (1, 1, 1), Projection.LATERAL, geometry()))
    assert row < 25
    assert column < 26


def test_what_is_far_from_the_detector_is_larger():
    def size(y, view):
        volume = np.zeros((32, 32, 32), dtype=np.float32)
        volume[8:24, y, 8:24] = 1
        return project(volume, (1, 1, 1), view, geometry(source_mm=100.0)).sum()

    assert size(4, Projection.PA) > size(28, Projection.PA)
    assert size(28, Projection.AP) > size(4, Projection.AP)


def test_a_block_has_the_line_integral_of_its_thickness():
    volume = np.ones((32, 32, 32), dtype=np.float32)
    film = project(volume, (1, 2, 1), Projection.PA, geometry(source_mm=1e6))
    assert film[32, 32] == pytest.approx(64, rel=1e-3)


def test_a_warp_moves_by_its_field_and_no_field_moves_nothing():
    volume = np.random.default_rng(0).random((16, 12, 20)).astype(np.float32)
    shape = coarse_shape(volume.shape, 4)
    still = Field(np.zeros((2, *shape), np.float32), np.zeros(shape, np.float32), 4)
    np.testing.assert_allclose(warp(volume, still), volume, atol=1e-6)
    moved = Field(still.across + np.array([0, 3], np.float32)[:, None, None, None], still.along - 2, 4)
    np.testing.assert_allclose(warp(volume, moved)[2:, :, :-3], volume[:-2, :, 3:], atol=1e-5)

"""The border of made pictures."""

import numpy as np

from rrg.explain.field import field_of_view


def picture(height=40, width=30):
    return np.random.default_rng(0).uniform(0.2, 0.9, (height, width)).astype(np.float32)


def test_a_film_without_a_border_is_all_inside():
    assert field_of_view(picture()).all()


def test_black_padding_and_slanted_collimation_are_outside():
    film = picture()
    film[:, :4] = 0.0
    film[:3] = 1 / 255
    for row in range(40):
        film[row, 30 - max(0, row - 25) :] = 0.0  # a black corner
    inside = field_of_view(film)
    assert not inside[:, :4].any()
    assert not inside[:3].any()
    assert not inside[39, 17:].any()
    assert inside[3:25, 4:].all()


def test_black_within_the_body_stays_inside():
    film = picture()
    film[10:20, 10:20] = 0.0
    assert field_of_view(film).all()


def test_a_flat_white_frame_is_outside_but_flat_lines_within_are_not():
    film = picture()
    film[:, -5:] = 1.0
    film[20, :-5] = 0.5
    inside = field_of_view(film)
    assert not inside[:, -5:].any()
    assert inside[:, :-5].all()


def test_a_guess_that_leaves_nothing_is_not_believed():
    film = np.zeros((40, 30), np.float32)
    film[0, 0] = 0.5
    assert field_of_view(film).all()

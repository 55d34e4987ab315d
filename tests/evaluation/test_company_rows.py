"""The nearest neighbour by image, by hand: never of the same patient, never from beyond the train split."""

import numpy as np
import pytest

from rrg.evaluation.company_rows import nearest
from rrg.retrieval.gallery import Gallery
from rrg.types import Study

DEGREES = {"a": 0, "b": 30, "c": 60, "d": 90}


def points(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def study(name, patient="", report="Clear."):
    return Study(name, patient or f"p-{name}", "train", (), (), report)


@pytest.fixture
def gallery():
    n = len(DEGREES)
    nothing = tuple(() for _ in range(n))
    image = points(*DEGREES.values())
    patients = tuple(f"p-{name}" for name in DEGREES)
    return Gallery(image[::-1].copy(), image, tuple(DEGREES), ("",) * n, patients, nothing, ("",) * n)


def test_by_image_and_in_rows_of_train(gallery):
    train = [study(name) for name in "dcba"]  # another order than the gallery's
    asked = [study("x"), study("y")]
    assert nearest(gallery, points(5, 80), asked, train) == [3, 0]


def test_own_patient_and_what_train_lacks_are_left_out(gallery):
    train = [study("a"), study("c"), study("d", report=" ")]  # no text of d, no b
    assert nearest(gallery, points(5), [study("x", patient="p-a")], train) == [1]
    assert nearest(gallery, points(85), [study("x")], train) == [1]


def test_an_image_that_is_no_number_gets_one_all_the_same(gallery):
    train = [study(name) for name in DEGREES]
    assert nearest(gallery, np.full((1, 2), np.nan, np.float32), [study("x", patient="p-a")], train) == [1]


def test_none_where_nothing_is_left(gallery):
    assert nearest(gallery, points(5), [study("x")], [study("elsewhere")]) is None
    assert nearest(gallery, points(5), [study("x", patient="p-a")], [study("a")]) is None

"""Permutations that hand every image on, and gaps between two nests of numbers."""

from collections import Counter

import numpy as np
import pytest

from rrg.evaluation.shuffle import derangement, gaps


@pytest.mark.parametrize("seed", range(30))
def test_nobody_keeps_an_image_or_gets_one_of_the_same_text_where_that_can_be(seed):
    rng = np.random.default_rng(seed)
    texts = [f"text {kind}" for kind in rng.integers(0, rng.integers(1, 12), rng.integers(2, 40))]
    images = derangement(texts, rng)
    assert sorted(images) == list(range(len(texts)))
    assert all(images != np.arange(len(texts)))
    alike = sum(texts[i] == texts[image] for i, image in enumerate(images))
    commonest = max(Counter(texts).values())
    assert alike == max(0, 2 * commonest - len(texts))  # fewer cannot be: the others have too few images


def test_texts_are_the_same_up_to_case_and_punctuation():
    images = derangement(["Clear lungs.", "clear lungs", "Nodule.", "nodule"], np.random.default_rng(0))
    assert {tuple(sorted((i, int(image)))) for i, image in enumerate(images)} <= {
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
    }


def test_the_generator_decides():
    texts = [f"text {i}" for i in range(20)]
    one, again, other = (derangement(texts, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize("texts", [[], ["alone"]])
def test_one_alone_has_nobody_to_change_with(texts):
    assert derangement(texts, np.random.default_rng(0)) is None


def test_gaps_by_hand():
    true = {
        "a": 0.75,
        "b": {"c": 1.0, "d": None, "chance@5": 0.1, "low": 0.2, "auc low": 0.1},
        "n": 7,
        "per class": {"e": 1.0},
    }
    shuffled = {"a": 0.5, "b": {"c": None, "d": 0.3}}
    assert gaps(true, shuffled) == {
        "a": {"true": 0.75, "shuffled": 0.5, "gap": 0.25},
        "b/c": {"true": 1.0, "shuffled": None, "gap": None},
        "b/d": {"true": None, "shuffled": 0.3, "gap": None},
    }
    assert gaps({"a": 0.75}, None) == {"a": {"true": 0.75, "shuffled": None, "gap": None}}

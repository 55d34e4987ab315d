"""Ranks by hand and beside a slow reference; ties count against the model."""

import numpy as np
import pytest

from rrg.evaluation.discrimination import (
    chance_recall,
    discriminate,
    ranks_of,
    recalls,
    same_text,
)
from rrg.types import RrgError


def slow_ranks(similarity, relevant):
    ranks = []
    for row, wanted in zip(similarity.tolist(), relevant.tolist(), strict=True):
        # Relevant items last among equals: the pessimist's order.
        order = sorted(range(len(row)), key=lambda i: (-row[i], wanted[i]))
        hits = [i for i in order if wanted[i]]
        ranks.append(1 + sum(not wanted[i] for i in order[: order.index(hits[0])]))
    return ranks


@pytest.mark.parametrize("seed", range(5))
def test_ranks_equal_the_slow_reference_with_ties_and_several_relevant(seed):
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 4, size=(13, 17)) / 4  # many ties
    relevant = rng.random((13, 17)) < 0.2
    relevant[np.arange(13), rng.integers(0, 17, 13)] = True
    assert ranks_of(similarity, relevant).tolist() == slow_ranks(similarity, relevant)


def test_a_model_that_embeds_everything_alike_ranks_last():
    same = np.ones((6, 2)) / np.sqrt(2)
    found = discriminate(same, same, [f"report {i}" for i in range(6)])
    assert found.ranks["study/image-to-report"].tolist() == [6] * 6
    assert found.metrics["study"]["image-to-report"]["recall@5"] == 0


def test_rounding_noise_is_a_tie():
    similarity = np.array([[0.5, 0.5 - 1e-9]])
    assert ranks_of(similarity, np.array([[True, False]])).tolist() == [2]


def test_perfect_and_turned_embeddings_by_hand():
    degrees = np.deg2rad([0, 30, 90])
    points = np.stack([np.cos(degrees), np.sin(degrees)], 1)
    assert discriminate(points, points, ["a", "b", "c"]).ranks["study/report-to-image"].tolist() == [1, 1, 1]
    turned = discriminate(points, points[[1, 2, 0]], ["a", "b", "c"])
    # Image 0 (0 deg) sees reports at 30, 90, 0; image 1 (30 deg) at 0, 60, 30; image 2 (90 deg) at 60, 0, 90.
    assert turned.ranks["study/image-to-report"].tolist() == [2, 3, 3]


def test_the_two_relevances_and_directions_differ_where_they_should():
    image = np.eye(3)
    report = np.array([[0.0, 1, 0], [1.0, 0, 0], [0, 0, 1]])  # studies 0 and 1 hold each other's report
    found = discriminate(image, report, ["The lungs are clear.", "the lungs are clear", "Other."])
    assert found.ranks["study/image-to-report"].tolist() == [3, 3, 1]
    assert found.ranks["same text/image-to-report"].tolist() == [1, 1, 1]
    lopsided = discriminate(np.array([[1.0, 0], [0.8, 0.6]]), np.array([[1.0, 0], [0.0, 1]]), ["a", "b"])
    assert lopsided.ranks["study/image-to-report"].tolist() == [1, 2]
    assert lopsided.ranks["study/report-to-image"].tolist() == [1, 1]


def test_same_text_folds_case_and_punctuation():
    assert same_text(["Clear.", "clear", "Not clear."]).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_recalls_by_hand():
    found = recalls(np.array([1, 3, 6, 11]))
    assert found == {"recall@1": 0.25, "recall@5": 0.5, "recall@10": 0.75, "median rank": 4.5}


def test_chance_by_hand_and_by_drawing():
    assert chance_recall(np.eye(20, dtype=bool))["chance@10"] == pytest.approx(0.5)
    relevant = np.zeros((1, 12), dtype=bool)
    relevant[0, :3] = True
    rng = np.random.default_rng(0)
    drawn = np.mean([relevant[0, rng.permutation(12)[:5]].any() for _ in range(20_000)])
    assert chance_recall(relevant)["chance@5"] == pytest.approx(drawn, abs=0.01)
    assert chance_recall(np.eye(3, dtype=bool))["chance@10"] == 1


def test_unequal_lengths_are_refused():
    with pytest.raises(RrgError):
        discriminate(np.eye(2), np.eye(2), ["one"])

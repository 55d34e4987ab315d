"""Ranks by hand and beside a slow reference; ties count against the model."""

import numpy as np
import pytest

from rrg.data.findings import label_report
from rrg.evaluation.discrimination import (
    TextSimilarity,
    blind_recall,
    chance_recall,
    cosines,
    discriminate,
    ranks_of,
    recalls,
    relevances,
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


def own(n):
    """Relevant is a study's own report and no other."""
    return {"own": np.eye(n, dtype=bool)}


def test_a_model_that_embeds_everything_alike_ranks_last():
    found = discriminate(np.ones((6, 6)), own(6))
    assert found.ranks["image-to-report/own"].tolist() == [6] * 6
    assert found.metrics["report-to-image"]["own"]["recall@5"] == 0


def test_what_is_no_number_ranks_last_and_pushes_nobody_down():
    similarity = np.eye(4)
    similarity[1], similarity[:, 2] = np.nan, np.inf  # one image and one report have no embedding
    found = discriminate(similarity, own(4))
    assert found.ranks["image-to-report/own"].tolist() == [1, 4, 4, 1]
    assert found.ranks["report-to-image/own"].tolist() == [1, 4, 4, 1]


def test_rounding_noise_is_a_tie():
    similarity = np.array([[0.5, 0.5 - 1e-9]])
    assert ranks_of(similarity, np.array([[True, False]])).tolist() == [2]


def test_perfect_and_turned_embeddings_by_hand():
    degrees = np.deg2rad([0, 30, 90])
    points = np.stack([np.cos(degrees), np.sin(degrees)], 1)
    assert discriminate(cosines(points, points), own(3)).ranks["report-to-image/own"].tolist() == [1, 1, 1]
    turned = discriminate(cosines(points, points[[1, 2, 0]]), own(3))
    # Image 0 (0 deg) sees reports at 30, 90, 0; image 1 (30 deg) at 0, 60, 30; image 2 (90 deg) at 60, 0, 90.
    assert turned.ranks["image-to-report/own"].tolist() == [2, 3, 3]


def test_the_directions_differ_where_they_should():
    lopsided = discriminate(np.array([[1.0, 0.0], [0.8, 0.6]]), own(2))
    assert lopsided.ranks["image-to-report/own"].tolist() == [1, 2]
    assert lopsided.ranks["report-to-image/own"].tolist() == [1, 1]


def test_the_two_relevances():
    texts = [
        "Clear lungs.",
        "clear lungs",
        "No effusion.",
        "Small left effusion.",
        "Small effusion on the left.",
    ]
    found = relevances(texts, [label_report(text) for text in texts])
    assert found["same text"].sum(1).tolist() == [2, 2, 1, 1, 1]
    assert found["same findings"].sum(1).tolist() == [3, 3, 3, 2, 2]  # three name none, two the same
    swapped = np.eye(5)[[1, 0, 2, 3, 4]]  # studies 0 and 1 hold each other's report
    ranks = discriminate(swapped, found).ranks
    assert ranks["image-to-report/same text"].tolist() == [1] * 5


def test_texts_stand_in_for_embeddings():
    references = ["The heart is large.", "Small left effusion.", "No acute disease."]
    similarity = TextSimilarity(references)([references[1], "The heart is normal.", ""])
    assert similarity[0].tolist() == pytest.approx([0, 1, 0])
    assert similarity[1].argmax() == 0
    assert not similarity[2].any()
    with pytest.raises(RrgError, match="no words"):
        TextSimilarity(["...", ""])


@pytest.mark.parametrize("seed", range(3))
def test_no_fixed_order_beats_the_blind_bound(seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 5, 30) ** 2
    relevant = kinds[:, None] == kinds[None, :]
    bound = blind_recall(relevant)
    for _ in range(50):
        order = np.tile(rng.permutation(30).astype(float), (30, 1))
        found = discriminate(order, {"kind": relevant}).metrics["image-to-report"]["kind"]
        assert all(found[f"recall@{k}"] <= bound[f"blind@{k}"] + 1e-12 for k in (1, 5, 10))
    best = np.zeros(30)
    best[np.flatnonzero(kinds == np.bincount(kinds).argmax())[0]] = 1  # one of the commonest kind comes first
    found = discriminate(np.tile(best, (30, 1)), {"kind": relevant}).metrics["image-to-report"]["kind"]
    assert found["recall@1"] == pytest.approx(bound["blind@1"])
    assert blind_recall(np.eye(20, dtype=bool))["blind@5"] == 5 / 20


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


@pytest.mark.parametrize("shape", [(2, 3), (0, 0), (4,)])
def test_unequal_lengths_are_refused(shape):
    with pytest.raises(RrgError):
        discriminate(np.ones(shape), own(2))

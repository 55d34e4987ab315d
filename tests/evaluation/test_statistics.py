"""Intervals that cover, verdicts that follow from them, and pairing by study."""

import numpy as np
import pytest

from rrg.evaluation.statistics import NO_DIFFERENCE, as_table, compare, difference, paired_bootstrap
from rrg.types import RrgError


def generator():
    return np.random.default_rng(7)


def test_the_interval_is_that_of_a_plain_loop():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(0.3, size=30)
    loop = np.random.default_rng(7)
    means = []
    for _ in range(500):
        rows = loop.integers(0, 30, 30)
        means.append(np.mean(b[rows]) - np.mean(a[rows]))
    assert paired_bootstrap(a, b, generator(), 500) == pytest.approx(np.quantile(means, [0.025, 0.975]))


def test_chunks_change_nothing(monkeypatch):
    a, b = np.random.default_rng(1).normal(size=(2, 11))
    whole = paired_bootstrap(a, b, generator(), 1000)
    monkeypatch.setattr("rrg.evaluation.statistics.CHUNK", 11 * 7)
    assert paired_bootstrap(a, b, generator(), 1000) == pytest.approx(whole)


def test_the_interval_agrees_with_the_normal_one_and_the_seed_repeats_it():
    a, b = np.random.default_rng(2).normal(size=(2, 400))
    low, high = paired_bootstrap(a, b, generator())
    half = 1.96 * np.std(b - a) / 20
    assert (low, high) == pytest.approx(((b - a).mean() - half, (b - a).mean() + half), abs=0.02)
    assert paired_bootstrap(a, b, generator()) == (low, high)


def test_pairing_finds_what_the_spread_of_studies_hides():
    spread = np.random.default_rng(3).normal(0, 10, 50)
    found = difference(spread.tolist(), (spread + 0.1).tolist(), generator())
    assert found.finding == "B is higher"
    assert found.difference == pytest.approx(0.1)
    assert difference((spread + 0.1).tolist(), spread.tolist(), generator()).finding == "B is lower"


def test_noise_and_equality_are_no_difference():
    a, b = np.random.default_rng(4).normal(size=(2, 60)).tolist()
    assert difference(a, b, generator()).finding == NO_DIFFERENCE
    assert difference(a, a, generator()).finding == NO_DIFFERENCE


def test_absent_values_are_left_out_and_counted():
    found = difference([1.0, None, 3.0, 4.0], [2.0, 2.0, None, 5.0], generator())
    assert (found.studies, found.left_out, found.a, found.b) == (2, 2, 2.5, 3.5)
    assert difference([1.0, None], [1.0, 1.0], generator()) is None


def result(ids, shift, split="val"):
    studies = [
        {"id": i, "loss": float(n), "scores": {"full": {"BLEU-4": 0.1 * n + shift, "METEOR": None}},
         "ranks": {"study/image-to-report": 10 if shift else 11}}
        for n, i in enumerate(ids)
    ]  # fmt: skip
    return {"system": {"name": "m", "revision": "r"}, "data": {"split": split}, "studies": studies}


def test_compare_pairs_by_id_whatever_the_order():
    a, b = result("abcd", 0.0), result("abcd", 0.05)
    b["studies"] = [*reversed(b["studies"]), {"id": "x", "loss": 99.0, "scores": {}, "ranks": {}}]
    found = compare(a, b, generator())
    assert found["studies"] == {"shared": 4, "only in a": 0, "only in b": 1}
    bleu = found["differences"]["full/BLEU-4"]
    assert bleu["difference"] == pytest.approx(0.05)
    assert bleu["finding"] == "B is higher"
    assert "full/METEOR" not in found["differences"]
    assert found["differences"]["study/image-to-report/recall@10"]["b"] == 1
    assert found["differences"]["study/image-to-report/rank"]["difference"] == -1
    assert found["differences"]["loss"]["finding"] == NO_DIFFERENCE
    assert "no difference found" in as_table(found)


@pytest.mark.parametrize("other", [result("wxyz", 0), result("abcd", 0, split="train"), result("a", 0)])
def test_evaluations_that_do_not_match_are_refused(other):
    with pytest.raises(RrgError):
        compare(result("abcd", 0), other, generator())

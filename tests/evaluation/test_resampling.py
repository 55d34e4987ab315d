"""Intervals that cover, verdicts that follow from them, pairing by study, and runs drawn before studies."""

import numpy as np
import pytest

from rrg.evaluation.measure import mean_of, ratio_of
from rrg.evaluation.resampling import (
    NO_DIFFERENCE,
    TOO_FEW,
    differences,
    draw_runs,
    interval,
    paired_bootstrap,
    resample,
)
from rrg.types import RrgError


def generator():
    return np.random.default_rng(7)


def one(values, better="higher"):
    return {"m": mean_of(values, better)}


def difference(a, b, **options):
    """The one difference of two single runs."""
    return differences([one(a)], [one(b)], generator(), **options)["m"]


def test_the_interval_is_that_of_a_plain_loop():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(0.3, size=30)
    loop = np.random.default_rng(7)
    means = []
    for _ in range(500):
        rows = loop.integers(0, 30, 30)
        means.append(np.mean(b[rows]) - np.mean(a[rows]))
    expected = pytest.approx(np.quantile(means, [0.025, 0.975]))
    assert paired_bootstrap(a, b, generator(), 500) == expected
    found = difference(a.tolist(), b.tolist(), resamples=500)
    assert (found.low, found.high) == expected


def test_weights_count_draws_and_chunks_change_nothing(monkeypatch):
    whole = np.concatenate(list(resample(11, generator(), 50)))
    monkeypatch.setattr("rrg.evaluation.resampling.CHUNK", 11 * 7)
    chunks = list(resample(11, generator(), 50))
    assert [len(each) for each in chunks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    assert (whole.sum(axis=1) == 11).all()


def test_the_interval_agrees_with_the_normal_one_and_the_seed_repeats_it():
    a, b = np.random.default_rng(2).normal(size=(2, 400))
    low, high = paired_bootstrap(a, b, generator())
    half = 1.96 * np.std(b - a) / 20
    assert (low, high) == pytest.approx(((b - a).mean() - half, (b - a).mean() + half), abs=0.02)
    assert paired_bootstrap(a, b, generator()) == (low, high)


def test_pairing_finds_what_the_spread_of_studies_hides():
    spread = np.random.default_rng(3).normal(0, 10, 50)
    found = difference(spread.tolist(), (spread + 0.1).tolist())
    assert (found.finding, found.favours) == ("B is higher", "B")
    assert found.difference == pytest.approx(0.1)
    assert difference((spread + 0.1).tolist(), spread.tolist()).favours == "A"


def test_which_side_is_favoured_depends_on_what_is_better():
    values = list(range(30))
    more = [value + 1 for value in values]
    for better, favoured in (("higher", "B"), ("lower", "A"), (None, None)):
        found = differences([one(values, better)], [one(more, better)], generator(), 200)["m"]
        assert (found.finding, found.favours) == ("B is higher", favoured)


def test_noise_and_equality_are_no_difference():
    a, b = np.random.default_rng(4).normal(size=(2, 60)).tolist()
    assert difference(a, b).finding == NO_DIFFERENCE
    same = difference(a, a)
    assert (same.finding, same.low, same.high, same.favours) == (NO_DIFFERENCE, 0, 0, None)


def test_of_few_studies_nothing_is_said():
    assert difference([0.0] * 19, [1.0] * 19, resamples=50).finding == TOO_FEW
    assert difference([0.0] * 20, [1.0] * 20, resamples=50).finding == "B is higher"


def test_absent_values_are_left_out_on_both_sides_and_counted():
    found = difference([1.0, None, 3.0, 4.0], [2.0, 2.0, None, 5.0], resamples=50)
    assert (found.studies, found.left_out, found.a.mean, found.b.mean) == (2, 2, 2.5, 3.5)
    assert differences([one([1.0, None])], [one([1.0, 1.0])], generator(), 50) == {}


def test_facts_of_one_study_stay_together():
    """Eight facts in each of 20 studies, all right or all wrong: the interval is that of 20 studies, not of 160 facts."""
    right = np.array([0.0, 8.0] * 10)
    facts = {"m": ratio_of(right.tolist(), [8.0] * 20)}
    none = {"m": ratio_of([0.0] * 20, [8.0] * 20)}
    found = differences([none], [facts], generator())["m"]
    half = 1.96 * 0.5 / 20**0.5
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.03)


# --- Runs ---


def test_the_score_of_runs_is_the_mean_of_their_scores_with_the_spread_shown():
    base = np.zeros(30)
    runs = [one((base + shift).tolist()) for shift in (0.1, 0.2, 0.6)]
    found = differences([one(base.tolist())], runs, generator(), 2000)["m"]
    assert found.b.values == pytest.approx((0.1, 0.2, 0.6))
    assert (found.b.mean, found.b.sd) == pytest.approx((0.3, np.std([0.1, 0.2, 0.6], ddof=1)))
    assert found.a.sd is None


def test_between_runs_the_resamples_spread_as_the_mean_of_runs_does():
    """Studies all alike, so the runs alone make the interval; its variance must be s^2 / S, not s^2 (S - 1) / S^2."""
    shifts = np.array([0.1, 0.2, 0.6])
    drawn = draw_runs(3, generator(), 200_000) @ shifts
    assert drawn.var() == pytest.approx(shifts.var(ddof=1) / 3, rel=0.02)
    runs = [one([shift] * 25) for shift in shifts]
    found = differences([one([0.0] * 25)], runs, generator(), 4000)["m"]
    assert (found.low, found.high) == pytest.approx((0.1, 0.6))


def test_runs_that_disagree_take_a_difference_back():
    random = np.random.default_rng(5)
    base = random.normal(size=60)
    gains = (0.0, 0.05, 0.9)
    runs = [one((base + gain + random.normal(0, 0.1, 60)).tolist()) for gain in gains]
    assert differences([one(base.tolist())], runs[2:], generator(), 1000)["m"].finding == "B is higher"
    assert differences([one(base.tolist())], runs, generator(), 1000)["m"].finding == NO_DIFFERENCE


def test_runs_that_agree_leave_the_interval_of_the_studies():
    base, gain = np.random.default_rng(6).normal(size=(2, 80))
    run = one((base + gain).tolist())
    single = differences([one(base.tolist())], [run], generator())["m"]
    three = differences([one(base.tolist())] * 2, [run] * 3, generator())["m"]
    assert (three.low, three.high) == pytest.approx((single.low, single.high))


def test_the_interval_of_pooled_runs_covers():
    """100 studies, 3 runs a side, spread between runs as large as that of the studies' mean. 95 % is what is said; with
    3 runs a bootstrap cannot keep that (it knows no t distribution), but studies alone would cover far less.
    """
    random = np.random.default_rng(8)
    covered, alone = [], []
    for _ in range(150):
        study = random.normal(0, 1, 100)
        sides = [
            [study + random.normal(0, 0.1) + random.normal(0, 1, 100) for _ in range(3)] for _ in range(2)
        ]
        found = differences(
            [one(run.tolist()) for run in sides[0]], [one(run.tolist()) for run in sides[1]], random, 400
        )["m"]
        covered.append(found.low <= 0 <= found.high)
        low, high = paired_bootstrap(np.mean(sides[0], 0), np.mean(sides[1], 0), random, 400)
        alone.append(low <= 0 <= high)
    assert np.mean(covered) > 0.9
    assert np.mean(alone) < np.mean(covered)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([], [one([1.0, 2.0])]),
        ([one([1.0, 2.0])], []),
        ([one([1.0, 2.0])], [one([1.0, 2.0, 3.0])]),
        ([one([1.0])],) * 2,
    ],
)
def test_what_cannot_be_compared_is_refused(a, b):
    with pytest.raises(RrgError, match="comparison"):
        differences(a, b, generator(), 10)


def test_unequal_lists_and_single_values_are_refused():
    with pytest.raises(RrgError, match="at least 2"):
        paired_bootstrap([1.0], [2.0], generator())


def test_the_middle_of_the_values():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))

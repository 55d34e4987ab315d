"""Truths drawn from seeds: the same for a seed, findings that go together, shares as said."""

from collections import Counter

import numpy as np
import pytest

from rrg.simulation.facts import GRADED, goes_with, regraded, sample_fact
from rrg.simulation.sampling import sample_truth
from rrg.simulation.truth import UNGRADED, Fact, Kind, Severity
from rrg.types import Side

TRUTHS = [sample_truth(seed) for seed in range(1_500)]


def of(kind, **fixed):
    return sample_fact(kind, np.random.default_rng(0), **fixed)


def share(kind, among=TRUTHS):
    return sum(any(fact.kind is kind for fact in truth.facts) for truth in among) / len(among)


def test_a_seed_gives_the_same_truth_whatever_was_drawn_before():
    assert sample_truth(1_234) == TRUTHS[1_234]
    assert len({str(truth.body) for truth in TRUTHS}) == len(TRUTHS)


def test_every_finding_goes_with_those_beside_it():
    for truth in TRUTHS:
        for at, fact in enumerate(truth.facts):
            assert goes_with(fact, [*truth.facts[:at], *truth.facts[at + 1 :]]), truth


def test_some_forty_percent_are_normal_and_every_kind_is_there():
    assert 0.35 < sum(truth.normal for truth in TRUTHS) / len(TRUTHS) < 0.47
    assert min(share(kind) for kind in Kind) > 0.015


def test_findings_keep_company():
    wet = [truth for truth in TRUTHS if any(fact.kind is Kind.OEDEMA for fact in truth.facts)]
    assert share(Kind.CARDIOMEGALY, wet) > 0.7 > 3 * share(Kind.CARDIOMEGALY)
    assert share(Kind.EFFUSION, wet) > 2 * share(Kind.EFFUSION)
    collapsed = [truth for truth in TRUTHS if any(fact.kind is Kind.PNEUMOTHORAX for fact in truth.facts)]
    assert share(Kind.HYPERINFLATION, collapsed) > 2 * share(Kind.HYPERINFLATION)


def test_mild_is_commoner_than_severe():
    grades = Counter(fact.severity for truth in TRUTHS for fact in truth.facts if fact.severity)
    assert grades[Severity.MILD] > grades[Severity.MODERATE] > grades[Severity.SEVERE] > 100


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in UNGRADED])
def test_the_graded_parameter_grows_with_the_grade_and_no_other_changes(kind):
    mild = of(kind, severity=Severity.MILD)
    grades = [mild, regraded(mild, Severity.MODERATE), regraded(mild, Severity.SEVERE)]
    for name in mild.parameters:
        values = [fact.parameters[name] for fact in grades]
        assert values == sorted(values)
        assert (len(set(values)) == 3) == (name in GRADED[kind])
    assert regraded(grades[2], Severity.MILD) == mild


def test_what_a_large_effusion_would_hide_is_not_put_there():
    large = of(Kind.EFFUSION, side=Side.LEFT, severity=Severity.SEVERE)
    assert not goes_with(of(Kind.NODULE, side=Side.LEFT, place="lower lobe"), [large])
    assert goes_with(of(Kind.NODULE, side=Side.LEFT, place="upper lobe"), [large])
    assert goes_with(of(Kind.NODULE, side=Side.RIGHT, place="lower lobe"), [large])
    assert not goes_with(large, [of(Kind.NODULE, side=Side.LEFT, place="lower lobe")])


def test_two_effusions_stand_on_two_sides_with_two_grades():
    small = of(Kind.EFFUSION, side=Side.LEFT, severity=Severity.MILD)
    assert goes_with(of(Kind.EFFUSION, side=Side.RIGHT, severity=Severity.MODERATE), [small])
    assert not goes_with(of(Kind.EFFUSION, side=Side.RIGHT, severity=Severity.MILD), [small])
    assert not goes_with(of(Kind.EFFUSION, side=Side.LEFT, severity=Severity.MODERATE), [small])


def test_attributes_that_are_asked_for_are_kept():
    fact = of(Kind.NODULE, side=Side.RIGHT, place="middle lobe", calcified=True)
    assert isinstance(fact, Fact)
    assert (fact.side, fact.place, fact.calcified) == (Side.RIGHT, "middle lobe", True)
    assert 6 <= fact.size_mm <= 14

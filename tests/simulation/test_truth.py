"""Truths of simulated studies: what is accepted, and the way through JSON."""

import json

import pytest

from rrg.simulation.truth import (
    BODY,
    NEUTRAL,
    Body,
    Fact,
    Kind,
    Position,
    Severity,
    Truth,
    as_json,
    from_json,
)
from rrg.types import RrgError, Side

EFFUSION = Fact(Kind.EFFUSION, Side.LEFT, Severity.MILD, parameters={"height": 0.15})
NODULE = Fact(
    Kind.NODULE, Side.RIGHT, place="middle lobe", size_mm=12.0, calcified=False,
    parameters={"x": 0.5, "y": 0.4, "z": 0.3, "density": 0.9, "irregularity": 0.2},
)  # fmt: skip


def test_json_gives_the_same_truth_back():
    truth = Truth(7, Body({"age": 71.0, "heart": 0.95}), (EFFUSION, NODULE), Position.AP)
    assert from_json(json.loads(json.dumps(as_json(truth)))) == truth


def test_a_body_is_the_cts_own_where_nothing_is_said():
    assert set(NEUTRAL) == set(BODY)
    assert Body({"width": 1.1})["width"] == 1.1
    assert Body()["width"] == 1.0


def test_devices_alone_leave_a_study_normal():
    wires = Fact(Kind.STERNAL_WIRES, parameters={"wires": 6})
    assert Truth(0, Body(), (wires,)).normal
    assert not Truth(0, Body(), (wires, EFFUSION)).normal


@pytest.mark.parametrize(
    ("kind", "values", "named"),
    [
        (Kind.EFFUSION, {"severity": Severity.MILD, "parameters": {"height": 0.2}}, "side"),
        (Kind.CARDIOMEGALY, {"side": Side.LEFT, "severity": Severity.MILD}, "side"),
        (Kind.PNEUMOTHORAX, {"side": Side.BILATERAL, "severity": Severity.MILD}, "side"),
        (Kind.STERNAL_WIRES, {"severity": Severity.MILD}, "severity"),
        (Kind.LOBAR_ATELECTASIS, {"side": Side.LEFT, "severity": Severity.MILD, "place": "middle lobe"}, "right"),
        (Kind.NODULE, {"side": Side.LEFT, "place": "upper lobe", "calcified": True}, "size"),
        (Kind.NODULE, {"side": Side.LEFT, "place": "upper lobe", "calcified": True, "size_mm": 70.0}, "size_mm"),
        (Kind.EFFUSION, {"side": Side.LEFT, "severity": Severity.MILD}, "height"),
        (Kind.EFFUSION, {"side": Side.LEFT, "severity": Severity.MILD, "parameters": {"height": 3.0}}, "height"),
    ],
)  # fmt: skip
def test_an_attribute_that_does_not_fit_is_refused(kind, values, named):
    with pytest.raises(RrgError, match=named):
        Fact(kind, **values)


def test_a_body_that_no_one_has_is_refused():
    with pytest.raises(RrgError, match="width"):
        Body({"width": 3.0})


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"seed": 1, "body": {}, "facts": 3, "position": "PA"},
        {"seed": 1, "body": {}, "facts": [{"kind": "fish"}], "position": "PA"},
    ],
)
def test_json_that_is_no_truth_is_refused(broken):
    with pytest.raises(RrgError, match="truth"):
        from_json(broken)

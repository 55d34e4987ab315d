"""Findings put into a chest of ellipsoids: on their side, larger with their grade, in both views, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy import ndimage

from rrg.simulation.body import displacements, shape_of
from rrg.simulation.facts import sample_fact
from rrg.simulation.film import field_of
from rrg.simulation.framing import frame
from rrg.simulation.simulate import VIEWS, body_volume, shape_in, simulate, stream
from rrg.simulation.truth import Body, Kind, Position, Severity, Truth
from rrg.simulation.warp import warp
from rrg.types import Side, View
from tests.simulation.phantom import chest

SEED = 5
BODY = Body({"heart": 1.0})


@pytest.fixture(scope="module")
def anatomy():
    return chest()


def study(anatomy, *facts, body=BODY, **rest):
    return simulate(Truth(SEED, body, facts, **rest), anatomy)


def fact(kind, grade=None, side=None, **rest):
    return sample_fact(kind, np.random.default_rng(1), severity=grade, side=side, **rest)


def halves(mask):
    """How much of a frontal mask lies on the patient's (left, right)."""
    return mask[:, 128:].sum(), mask[:, :128].sum()


SIDED = [
    (Kind.EFFUSION, Severity.MODERATE), (Kind.PNEUMOTHORAX, Severity.MODERATE), (Kind.CONSOLIDATION, Severity.SEVERE),
    (Kind.LOBAR_ATELECTASIS, Severity.MILD), (Kind.ELEVATED_HEMIDIAPHRAGM, Severity.SEVERE), (Kind.MASS, None),
    (Kind.LINEAR_ATELECTASIS, Severity.SEVERE), (Kind.NODULE, None),
]  # fmt: skip


def _place(kind):
    if kind is Kind.LINEAR_ATELECTASIS:
        return {"place": "base"}
    lobar = {Kind.CONSOLIDATION, Kind.LOBAR_ATELECTASIS, Kind.MASS, Kind.NODULE}
    return {"place": "lower lobe"} if kind in lobar else {}


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
@pytest.mark.parametrize(("kind", "grade"), SIDED)
def test_a_finding_is_on_its_side_in_the_mask_and_in_the_film(anatomy, kind, grade, side):
    found = study(anatomy, fact(kind, grade, side, **_place(kind)))
    left, right = halves(found.masks[View.FRONTAL][0])
    here, there = (left, right) if side is Side.LEFT else (right, left)
    assert here > 10 * max(there, 1)
    changed = np.abs(found.images[View.FRONTAL].astype(float) - study(anatomy).images[View.FRONTAL])
    least = 4 if kind is Kind.LINEAR_ATELECTASIS else 12  # a band is thinner than the phantom's voxels
    left, right = halves(np.where(changed > least, changed, 0))
    assert (left > right) if side is Side.LEFT else (right > left)


@pytest.mark.parametrize("kind", [Kind.EFFUSION, Kind.PNEUMOTHORAX, Kind.CONSOLIDATION])
def test_a_graver_finding_is_larger_in_the_mask_and_in_the_volume(anatomy, kind):
    plain, _, _ = body_volume(Truth(SEED, BODY, ()), anatomy)
    masks, changes = [], []
    for grade in Severity:
        truth = Truth(SEED, BODY, (fact(kind, grade, Side.LEFT),))
        volume, (mask,), _ = body_volume(truth, anatomy)
        masks.append(mask.sum())
        changes.append(np.abs(volume - plain).sum())
    assert masks[0] < masks[1] < masks[2]
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_a_graver_effusion_changes_more_of_the_projection(anatomy, side):
    plain = study(anatomy).images[View.FRONTAL].astype(float)
    changes = []
    for grade in Severity:
        film = study(anatomy, fact(Kind.EFFUSION, grade, side)).images[View.FRONTAL]
        left, right = halves(np.abs(film - plain))
        changes.append(left if side is Side.LEFT else right)
    assert changes[0] < changes[1] < changes[2]


def test_a_large_heart_is_wider_with_its_grade(anatomy):
    widths = []
    for grade in Severity:
        mask = study(anatomy, fact(Kind.CARDIOMEGALY, grade)).masks[View.FRONTAL][0]
        widths.append(mask.any(axis=0).sum())
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_shows_in_both_views_at_one_height_and_inside_the_field(anatomy, kind):
    truth = Truth(SEED, BODY, (fact(kind),))
    found = simulate(truth, anatomy)
    for view in VIEWS:
        mask = found.masks[view][0]
        style = frame(truth, anatomy, (1, 1, 1), view, stream(SEED, f"film {view.name}")).style
        assert mask.shape == (256, 256)
        assert mask.dtype == bool
        assert mask.any()
        assert not (mask & ~field_of(256, style)).any()
    heights = [np.argwhere(found.masks[view][0])[:, 0].mean() for view in VIEWS]
    assert abs(heights[0] - heights[1]) < 30


def test_a_body_without_findings_has_no_mask_and_ordinary_films(anatomy):
    found = study(anatomy)
    for view in VIEWS:
        assert found.masks[view] == ()
        assert found.images[view].shape == (256, 256)
        assert found.images[view].dtype == np.uint8
    film = found.images[View.FRONTAL].astype(float)
    middle, left_lung, right_lung = film[110:150, 122:134], film[80:120, 170:200], film[80:120, 56:86]
    assert middle.mean() > max(left_lung.mean(), right_lung.mean()) + 30


def test_lungs_stay_lungs_in_every_body(anatomy):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        limits = {
            "soft_mm": (0, 40),
            "rotation_deg": (-9, 9),
            "scoliosis_deg": (-30, 30),
            "inspiration": (0.7, 1.05),
        }
        body = Body({name: float(rng.uniform(*ends)) for name, ends in limits.items()})
        volume, _, _ = body_volume(Truth(seed, body, ()), anatomy)
        air = (volume > 0.0005) & (volume < 0.009)
        share = air.sum() / anatomy.lung(Side.BILATERAL).sum()
        assert 0.6 < share < 1.7
        pieces = ndimage.label(ndimage.binary_erosion(air))[0]
        assert (np.bincount(pieces.ravel())[1:] > 0.2 * air.sum() / 2).sum() == 2


def test_the_same_truth_gives_the_same_bytes_whatever_the_threads(anatomy):
    facts = (fact(Kind.CONSOLIDATION), fact(Kind.STERNAL_WIRES))
    threads = cv2.getNumThreads()
    first = study(anatomy, *facts)
    try:
        cv2.setNumThreads(1)
        second = study(anatomy, *facts)
    finally:
        cv2.setNumThreads(threads)
    other = simulate(Truth(SEED + 1, BODY, facts), anatomy)
    for view in VIEWS:
        assert first.images[view].tobytes() == second.images[view].tobytes()
        assert first.masks[view][0].tobytes() == second.masks[view][0].tobytes()
        assert first.images[view].tobytes() != other.images[view].tobytes()


def test_one_more_fact_changes_the_film_only_where_it_lies(anatomy):
    mass = fact(Kind.MASS, side=Side.RIGHT, place="upper lobe")
    wires = fact(Kind.STERNAL_WIRES)
    one, two = study(anatomy, wires), study(anatomy, wires, mass)
    changed = np.abs(one.images[View.FRONTAL].astype(int) - two.images[View.FRONTAL]) > 25
    near = ndimage.binary_dilation(two.masks[View.FRONTAL][1], iterations=12)
    assert changed.any()
    assert not (changed & ~near).any()


def test_the_heart_of_an_ap_film_is_larger(anatomy):
    large = fact(Kind.CARDIOMEGALY, Severity.MODERATE)
    shares = {}
    for position in Position:
        truth = Truth(SEED, BODY, (large,), position)
        scale = frame(
            truth, anatomy, (1, 1, 1), View.FRONTAL, stream(SEED, "film FRONTAL")
        ).geometry.field_mm[1]
        shares[position] = simulate(truth, anatomy).masks[View.FRONTAL][0].any(axis=0).sum() * scale
    assert shares[Position.AP] > shares[Position.PA]


@pytest.mark.parametrize("kind", [Kind.NODULE, Kind.MASS])
def test_a_nodule_stays_round_and_in_its_size_however_the_body_is_shaped(anatomy, kind):
    body = Body({"inspiration": 0.7, "height": 0.9, "depth": 1.2, "width": 1.1})
    given = replace(
        fact(kind, side=Side.RIGHT, place="lower lobe", calcified=False),
        size_mm=60.0 if kind is Kind.MASS else 30.0,
    )
    smooth = replace(given, parameters={**given.parameters, "irregularity": 0.0})
    _, (mask,), shape = body_volume(Truth(SEED, body, (smooth,)), anatomy)
    at = np.argwhere(mask > 0.5) * np.array(shape.scale) * 2 * anatomy.voxel_mm
    extent = np.ptp(at, axis=0) + 2 * anatomy.voxel_mm
    assert extent == pytest.approx(given.size_mm, abs=4 * anatomy.voxel_mm)


def test_a_place_is_found_again_in_the_warped_body(anatomy):
    field = displacements(
        shape_of(Body({"inspiration": 0.75, "rotation_deg": 6.0})), anatomy, stream(SEED, "shape")
    )
    place = (40.0, 22.0, 40.0)
    z, y, x = np.ogrid[: anatomy.labels.shape[0], : anatomy.labels.shape[1], : anatomy.labels.shape[2]]
    ball = np.exp(-((z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2) / 8).astype(np.float32)
    moved = warp(ball, field)
    assert field.moved(place) == pytest.approx(ndimage.center_of_mass(moved), abs=0.5)


@pytest.mark.parametrize("kind", [Kind.EFFUSION, Kind.PNEUMOTHORAX])
def test_much_fluid_or_air_pushes_the_mediastinum_away_and_little_does_not(anatomy, kind):
    shifts = [
        shape_in(Truth(SEED, BODY, (fact(kind, grade, Side.LEFT),)), anatomy).shift_mm for grade in Severity
    ]
    assert shifts[0] == 0
    assert shifts[2] < -6

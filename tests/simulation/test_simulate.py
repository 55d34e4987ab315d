"""Findings put into a chest of ellipsoids: on their side, larger with their grade, in both views, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy import ndimage

from rrg.simulation.anatomy import ARMS
from rrg.simulation.anatomy import _without_arms as without_arms
from rrg.simulation.body import displacements, shape_of
from rrg.simulation.facts import sample_fact
from rrg.simulation.film import field_of
from rrg.simulation.framing import frame
from rrg.simulation.render import WATER_PER_MM
from rrg.simulation.simulate import VIEWS, body_volume, projected_mask, shape_in, simulate, stream, voxel_of
from rrg.simulation.truth import Body, Kind, Position, Severity, Truth
from rrg.simulation.warp import warp
from rrg.types import Side, View
from tests.simulation.phantom import VOXEL_MM, chest

SEED = 5
BODY = Body({"heart": 1.0})


@pytest.fixture(scope="module")
def anatomy():
    return chest()


def study(anatomy, *facts, body=BODY, **rest):
    return simulate(Truth(SEED, body, facts, **rest), anatomy)


def fact(kind, grade=None, side=None, **rest):
    return sample_fact(kind, np.random.default_rng(1), severity=grade, side=side, **rest)


def framing_of(truth, anatomy, view):
    return frame(truth, anatomy, (1, 1, 1), view, stream(truth.seed, f"film {view.name}"))


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
def test_a_graver_effusion_is_larger_in_both_masks_and_changes_more_of_both_films(anatomy, side):
    plain = study(anatomy).images
    grades = [study(anatomy, fact(Kind.EFFUSION, grade, side)) for grade in Severity]
    for view in VIEWS:
        # Of a frontal film its own side; in a lateral one both sides lie over each other.
        own = np.ones((256, 256), dtype=bool)
        own[:, :128] = view is View.LATERAL or side is Side.RIGHT
        own[:, 128:] = view is View.LATERAL or side is Side.LEFT
        masks = [(found.masks[view][0] & own).sum() for found in grades]
        changes = [np.abs(found.images[view].astype(float) - plain[view])[own].sum() for found in grades]
        assert masks[0] < masks[1] < masks[2]
        assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("kind", list(Kind))
def test_both_films_show_a_finding_where_its_masks_lie(anatomy, kind):
    plain, found = study(anatomy), study(anatomy, fact(kind))
    for view in VIEWS:
        changed = np.abs(found.images[view].astype(float) - plain.images[view])
        mask = found.masks[view][0]
        # A collapsed lung is denser, and the tone curve follows the whole film: there is change outside, too.
        assert changed[mask].mean() > 1.4 * changed[~mask].mean()


def test_a_large_heart_is_wider_with_its_grade(anatomy):
    widths = []
    for grade in Severity:
        mask = study(anatomy, fact(Kind.CARDIOMEGALY, grade)).masks[View.FRONTAL][0]
        widths.append(mask.any(axis=0).sum())
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_mask_in_both_views_at_one_height(anatomy, kind):
    found = study(anatomy, fact(kind))
    for view in VIEWS:
        mask = found.masks[view][0]
        assert mask.shape == (256, 256)
        assert mask.dtype == bool
        assert mask.any()
    heights = [np.argwhere(found.masks[view][0])[:, 0].mean() for view in VIEWS]
    assert abs(heights[0] - heights[1]) < 30  # each view has a field of its own


@pytest.mark.parametrize("place", ["upper lobe", "lower lobe"])
def test_a_mass_has_one_height_in_the_body_from_both_sides(anatomy, place):
    truth = Truth(SEED, BODY, (fact(Kind.MASS, side=Side.LEFT, place=place),))
    found, heights = simulate(truth, anatomy), []
    for view in VIEWS:
        geometry = framing_of(truth, anatomy, view).geometry
        row = np.argwhere(found.masks[view][0])[:, 0].mean()
        down_mm = (row - 127.5) * geometry.field_mm[0] / geometry.pixels
        heights.append(geometry.center[0] * VOXEL_MM - down_mm)
    assert heights[0] == pytest.approx(heights[1], abs=1.5 * VOXEL_MM)


@pytest.mark.parametrize("kind", list(Kind))
def test_masks_lie_inside_the_field(anatomy, kind):
    truth = Truth(SEED, BODY, (fact(kind),))
    _, (mask,), shape = body_volume(truth, anatomy)
    for view in VIEWS:
        wide = framing_of(truth, anatomy, view)
        row, column = np.argwhere(projected_mask(mask, voxel_of(anatomy, shape), wide, truth.facts[0])).mean(
            axis=0
        )
        # An operator who cuts through the middle of the finding.
        narrow = replace(wide, style=replace(wide.style, collimated=(int(row), 0, 0, 255 - int(column))))
        cut = projected_mask(mask, voxel_of(anatomy, shape), narrow, truth.facts[0])
        field = field_of(256, narrow.style)
        whole = projected_mask(mask, voxel_of(anatomy, shape), wide, truth.facts[0])
        assert (whole & ~field).any()
        assert (cut == (whole & field)).all()


def test_a_body_without_findings_has_no_mask_and_ordinary_films(anatomy):
    found = study(anatomy)
    for view in VIEWS:
        assert found.masks[view] == ()
        assert found.images[view].shape == (256, 256)
        assert found.images[view].dtype == np.uint8
    film = found.images[View.FRONTAL].astype(float)
    middle, left_lung, right_lung = film[110:150, 122:134], film[80:120, 170:200], film[80:120, 56:86]
    assert middle.mean() > max(left_lung.mean(), right_lung.mean()) + 30


def test_bones_of_raised_arms_become_soft_tissue_and_others_stay(anatomy):
    arms = dict(zip(ARMS, (100, 101), strict=True))
    raised = replace(
        anatomy,
        attenuation=anatomy.attenuation.copy(),
        labels=anatomy.labels.copy(),
        names={**anatomy.names, **arms},
    )
    for number, x in zip(arms.values(), (50, 4), strict=True):
        raised.labels[56:62, 20:26, x : x + 3] = number
        raised.attenuation[56:62, 20:26, x : x + 3] = 2 * WATER_PER_MM
    without_arms(raised)
    assert raised.attenuation[raised.structure(*ARMS)].max() <= 1.1 * WATER_PER_MM
    spine = anatomy.structure("vertebrae_T8", "vertebrae_T9")
    assert (raised.attenuation[spine] == anatomy.attenuation[spine]).all()


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
        scale = framing_of(truth, anatomy, View.FRONTAL).geometry.field_mm[1]
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


@pytest.mark.parametrize("kind", [Kind.EFFUSION, Kind.CONSOLIDATION])
def test_oedema_makes_nothing_denser_that_is_without_air(anatomy, kind):
    given = fact(kind, Severity.SEVERE, Side.LEFT, **_place(kind))
    alone, (mask,), _ = body_volume(Truth(SEED, BODY, (given,)), anatomy)
    wet = (given, fact(Kind.OEDEMA, Severity.SEVERE))
    both, _, _ = body_volume(Truth(SEED, BODY, wet), anatomy)
    airless = (mask > 0.95).repeat(2, 0).repeat(2, 1).repeat(2, 2)[tuple(map(slice, alone.shape))]
    airless &= alone > WATER_PER_MM
    assert airless.sum() > 1_000
    # The rest lies on an edge that was interpolated.
    assert np.quantile((both - alone)[airless], 0.9) < 0.1 * WATER_PER_MM

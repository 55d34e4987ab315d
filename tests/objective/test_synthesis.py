import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from rrg.objective.synthesis import (
    DEGENERATE,
    SHORT_OF_POSITIVE,
    SYNTHESES,
    arc,
    chord,
    great_circle,
    hardness_at,
    released,
)


def triple(seed: int, size: int, width: int):
    generator = torch.Generator().manual_seed(seed)
    return tuple(normalize(torch.randn(size, width, generator=generator), dim=-1) for _ in range(3))


def arc_slow(z, u, n, hardness, delta=SHORT_OF_POSITIVE):
    """The reference: walk the great circle in small steps from the peer and stop at the best alignment."""
    cosine = float(n @ u)
    across = u - cosine * n
    if across.norm() <= DEGENERATE:
        return n
    e = across / across.norm()
    limit = (1 - delta) * math.atan2(float(across.norm()), cosine)
    angles = torch.linspace(0, limit, 20001)
    heights = torch.cos(angles) * (z @ n) + torch.sin(angles) * (z @ e)
    fall = (heights[1:] < heights[:-1]).nonzero()
    reach = angles[fall[0, 0]] if len(fall) else angles[-1]  # ascent from the peer stops where it would fall
    phi = (1 - hardness) * reach
    return torch.cos(phi) * n + torch.sin(phi) * e


seeds = st.integers(0, 2**31 - 1)
widths = st.integers(2, 256)


@settings(max_examples=60, deadline=None)
@given(seeds, widths)
def test_arc_stays_on_the_sphere_and_never_loses_alignment_as_lambda_falls(seed, width):
    z, u, n = triple(seed, 16, width)
    alignments = []
    for hardness in (1.0, 0.9, 0.5, 0.25, 0.1, 0.0):
        h = arc(z, u, n, hardness)
        assert torch.allclose(h.norm(dim=-1), torch.ones(16), atol=1e-5)
        alignments.append((z * h).sum(-1))
    for higher, lower in zip(alignments[1:], alignments[:-1], strict=True):
        assert (higher >= lower - 1e-5).all()


@settings(max_examples=60, deadline=None)
@given(seeds, widths, st.floats(0, 1))
def test_arc_never_passes_the_positive(seed, width, hardness):
    z, u, n = triple(seed, 16, width)
    circle = great_circle(z, u, n)
    h = arc(z, u, n, hardness)
    to_positive = torch.atan2((h - (h * u).sum(-1, keepdim=True) * u).norm(dim=-1), (h * u).sum(-1))
    assert (to_positive >= SHORT_OF_POSITIVE * circle.span - 1e-3).all()
    assert (circle.reach <= (1 - SHORT_OF_POSITIVE) * circle.span + 1e-6).all()


@pytest.mark.parametrize("width", [2, 3, 64])
@pytest.mark.parametrize("hardness", [1.0, 0.6, 0.0])
def test_arc_is_what_walking_uphill_finds(width, hardness):
    z, u, n = triple(7, 12, width)
    walked = torch.stack([arc_slow(*row, hardness) for row in zip(z, u, n, strict=True)])
    assert torch.allclose(arc(z, u, n, hardness), walked, atol=2e-3)


def test_arc_by_hand_at_ninety_degrees():
    n, u = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    z = torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]])  # 30 degrees from the peer
    assert great_circle(z, u, n).reach.item() == pytest.approx(math.pi / 6)
    assert torch.allclose(arc(z, u, n, 0.0), z, atol=1e-6)
    assert torch.allclose(
        arc(z, u, n, 0.5), torch.tensor([[math.cos(math.pi / 12), math.sin(math.pi / 12)]]), atol=1e-6
    )


@pytest.mark.parametrize("name", SYNTHESES)
def test_lambda_one_is_the_peer(name):
    z, u, n = triple(3, 9, 20)
    assert torch.allclose(SYNTHESES[name](z, u, n, 1.0), n, atol=1e-6)


@pytest.mark.parametrize("synthesis", [arc, chord])
def test_batched_is_one_by_one(synthesis):
    z, u, n = triple(4, 11, 33)
    one_by_one = torch.cat([synthesis(z[i : i + 1], u[i : i + 1], n[i : i + 1], 0.3) for i in range(11)])
    assert torch.allclose(synthesis(z, u, n, 0.3), one_by_one, atol=1e-6)


def test_the_released_formula_mixes_the_batch():
    z, u, n = triple(4, 11, 33)
    alone = released(z[:1], u[:1], n[:1], 0.3)
    assert not torch.allclose(released(z, u, n, 0.3)[:1], alone, atol=1e-3)


def test_chord_is_the_nearest_point_of_the_segment():
    z, u, n = triple(5, 8, 6)
    t = torch.linspace(0, 1 - SHORT_OF_POSITIVE, 5001)
    for i, h in enumerate(chord(z, u, n, 0.0)):
        points = n[i] + t[:, None] * (u[i] - n[i])
        nearest = points[(points - z[i]).norm(dim=-1).argmin()]
        assert torch.allclose(h, normalize(nearest, dim=-1), atol=1e-3)


@pytest.mark.parametrize("synthesis", [arc, chord])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_degenerate_triples_give_a_finite_unit_vector(synthesis, sign):
    z, u, _ = triple(6, 5, 12)
    for image in (z, u, -u):
        h = synthesis(image, u, sign * u, 0.2)
        assert torch.isfinite(h).all()
        if synthesis is arc:
            assert torch.allclose(h, sign * u, atol=1e-6)


def test_an_image_that_turns_away_from_the_positive_leaves_the_peer():
    n, u = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    z = torch.tensor([[0.8, -0.6]])
    assert torch.equal(arc(z, u, n, 0.0), n)


@pytest.mark.parametrize("name", SYNTHESES)
def test_no_gradient_passes(name):
    z, u, n = (t.requires_grad_() for t in triple(8, 4, 5))
    assert not SYNTHESES[name](z, u, n, 0.4).requires_grad


def test_hardness_falls_exponentially_from_one_to_its_end():
    values = [hardness_at(step, 101, 0.1) for step in range(101)]
    assert values[0] == 1.0
    assert values[50] == pytest.approx(0.1**0.5)
    assert values[-1] == pytest.approx(0.1)
    assert hardness_at(0, 1) == 1.0

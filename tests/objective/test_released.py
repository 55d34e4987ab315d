"""The released objective against sums written out pair by pair, and its known faults, which must be there."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from rrg.models.protocol import SeeingReader
from rrg.models.registry import FAMILIES, create
from rrg.objective.released import ReleasedTask, released_alignment
from rrg.objective.synthesis import hardness_of_epoch, released
from rrg.objective.task import Batch, ObjectiveSettings
from tests.made import TINY

SETTINGS = ObjectiveSettings(report=0.7, alignment=0.1, repulsion=0.2, peers=True, synthesis="released")


def embeddings(size=5, width=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = (normalize(torch.randn(size, width, generator=generator), dim=-1) for _ in range(4))
    return [each.requires_grad_() for each in made]


def negative_slow(z, u, n, i, hardness):
    """Row i of the released synthesis: every report direction of the batch, weighed by how z_i leans to it."""
    mixed = torch.zeros_like(n[i])
    for j in range(len(z)):
        mixed = mixed + ((z[i] - n[i]) @ (u[j] - n[j])) * (u[j] - n[j])
    return hardness * n[i] + (1 - hardness) * (n[i] + mixed / (u[i] - n[i]).norm())


def alignment_slow(z, u, z_peer, n, t1, t3, hardness):
    size = len(z)
    table = [[(t1 * z[i] @ u[j] + t1 * z_peer[i] @ n[j]) / 3 for j in range(size)] for i in range(size)]
    for i in range(size):
        table[i][i] = table[i][i] - t3 * (z[i] @ negative_slow(z, u, n, i, hardness)) / 3
    total = 0
    for i in range(size):
        row, column = torch.stack(table[i]), torch.stack([table[j][i] for j in range(size)])
        total = total + row.logsumexp(0) - table[i][i] + column.logsumexp(0) - table[i][i]
    return total / (2 * size)


@pytest.mark.parametrize("hardness", [1.0, 0.99, 0.4])
@pytest.mark.parametrize("size", [2, 5])
def test_alignment_is_the_sum_written_out(size, hardness):
    fast, slow = embeddings(size), embeddings(size)
    t1, t3 = torch.tensor(9.0), torch.tensor(4.0)
    first = released_alignment(*fast, t1, t3, hardness)
    second = alignment_slow(*slow, t1, t3, hardness)
    assert first.item() == pytest.approx(second.item(), abs=1e-5)
    first.backward()
    second.backward()
    assert all(torch.allclose(a.grad, b.grad, atol=1e-5) for a, b in zip(fast, slow, strict=True))


def test_the_synthesis_is_the_sum_written_out_and_is_not_detached():
    z, u, n, _ = embeddings()
    h = released(z, u, n, 0.3)
    assert h.requires_grad
    for i in range(len(z)):
        assert torch.allclose(h[i], negative_slow(z, u, n, i, 0.3), atol=1e-5)


def test_a_low_temperature_switches_the_hard_term_off():
    z, u, other, n = embeddings()
    off = released_alignment(z, u, other, n, torch.tensor(9.0), torch.tensor(0.0), 0.5)
    assert off.item() == pytest.approx(
        released_alignment(z, u, other, n, torch.tensor(9.0), torch.tensor(1e-9), 0.9).item(), abs=1e-6
    )


def test_lambda_begins_below_one_and_has_hardly_moved_after_ten_epochs():
    assert hardness_of_epoch(1) == pytest.approx(0.990, abs=1e-3)
    assert hardness_of_epoch(10) == pytest.approx(0.905, abs=1e-3)


def part(seed, length, size=4):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.ones(size, length, dtype=torch.bool)
    mask[1, 5:] = False
    tokens = torch.randint(4, 50, (size, length), generator=generator) * mask
    pixels = torch.rand(size, 2, 1, 64, 64, generator=generator)
    return Batch(torch.tensor([[1, 2]] * size), tokens, mask, torch.arange(size) + 100 * seed, pixels)


@pytest.fixture(params=FAMILIES)
def model(request):
    torch.manual_seed(0)
    return create(request.param, vocab_size=50, image_size=64, **TINY).eval()


def terms_of(model, anchors, peers, hardness=0.9):
    return ReleasedTask(model, SETTINGS, unknown=3)(replace(anchors, seen_peers=peers), hardness)


def test_it_runs_on_every_family_and_sums_by_its_weights(model):
    terms = terms_of(model, part(0, 9), part(1, 12))
    assert set(terms) == {"report", "alignment", "repulsion", "loss"}
    summed = 0.7 * terms["report"] + 0.1 * terms["alignment"] + 0.2 * terms["repulsion"]
    assert terms["loss"].item() == pytest.approx(summed.item(), rel=1e-5)


def test_the_embedding_sees_the_image_and_counts_the_padding(model):
    assert isinstance(model, SeeingReader)
    anchors, peers = part(0, 9), part(1, 12)
    before = terms_of(model, anchors, peers)["alignment"].item()
    longer = replace(
        anchors,
        tokens=torch.nn.functional.pad(anchors.tokens, (0, 3)),
        mask=torch.nn.functional.pad(anchors.mask, (0, 3)),
    )
    assert terms_of(model, longer, peers)["alignment"].item() != pytest.approx(before, abs=1e-6)
    with torch.no_grad():
        seen = model.encode(anchors.pixels, anchors.views)
        alone = model.report_states(anchors.tokens, anchors.mask)
        looked = model.report_states(anchors.tokens, anchors.mask, seen)
    assert not torch.allclose(alone, looked, atol=1e-4)


def test_everything_learns_its_own_temperature_too(model):
    task = ReleasedTask(model, SETTINGS, unknown=3)
    task(replace(part(0, 9), seen_peers=part(1, 12)), 0.9)["loss"].backward()
    assert task.hard.logit_scale.grad is not None
    assert all(p.grad is not None for p in task.model.parameters() if p.requires_grad)


def test_a_study_and_its_own_image_repel_fully(model):
    anchors = part(0, 9)
    assert terms_of(model, anchors, anchors)["repulsion"].item() == pytest.approx(1.0, abs=1e-5)


def test_a_batch_without_the_peers_images_is_named(model):
    with pytest.raises(AssertionError, match="peers' images"):
        ReleasedTask(model, SETTINGS, unknown=3)(part(0, 9), 0.9)

from dataclasses import replace

import pytest
import torch

from rrg.models.registry import FAMILIES, create
from rrg.objective import task
from rrg.objective.losses import report_loss
from rrg.objective.task import Batch, GenerationTask, ObjectiveSettings
from tests.made import TINY

BASELINE = ObjectiveSettings(detach=True)
ALIGNED = ObjectiveSettings()
HARD = ObjectiveSettings(peers=True, synthesis="arc")


def made_batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(4, 50, (6, 9), generator=generator)
    mask = torch.ones(6, 9, dtype=torch.bool)
    mask[2, 6:] = False
    peer_tokens = torch.randint(4, 50, (6, 12), generator=generator)
    return Batch(
        views=torch.tensor([[1, 2]] * 5 + [[1, 0]]),
        tokens=tokens,
        mask=mask,
        text=torch.arange(6),
        pixels=torch.rand(6, 2, 1, 64, 64, generator=generator),
        peer_tokens=peer_tokens,
        peer_mask=torch.ones_like(peer_tokens, dtype=torch.bool),
        peer_text=torch.arange(6) + 100,
        peer_valid=torch.tensor([True] * 5 + [False]),
        flip_tokens=peer_tokens.flip(0),
        flip_mask=torch.ones_like(peer_tokens, dtype=torch.bool),
        flip_valid=torch.tensor([False] + [True] * 5),
    )


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def model(family):
    torch.manual_seed(0)
    return create(family, vocab_size=50, image_size=64, **TINY)


def gradients(model, settings, hardness=0.5):
    model.zero_grad(set_to_none=True)
    terms = GenerationTask(model.eval(), settings, unknown=3)(made_batch(), hardness)
    terms["loss"].backward()
    return terms, {name: p.grad for name, p in model.named_parameters()}


def test_the_baseline_generator_learns_nothing_from_the_alignment(model):
    _, with_heads = gradients(model, BASELINE)
    _, report_only = gradients(model, ObjectiveSettings(alignment=0.0))
    for name, gradient in with_heads.items():
        if name.startswith("heads."):
            assert gradient is not None
            assert gradient.abs().sum() > 0
        elif gradient is not None:
            assert torch.allclose(gradient, report_only[name], atol=1e-6), name


def test_alignment_reaches_image_and_text_side(model):
    _, plain = gradients(model, ObjectiveSettings(alignment=0.0))
    for settings in (ALIGNED, HARD):
        _, aligned = gradients(model, settings)
        moved = [
            n
            for n, g in aligned.items()
            if g is not None and (plain[n] is None or not torch.allclose(g, plain[n]))
        ]
        assert any(name.startswith("encoder.") for name in moved)
        assert any(name.startswith("decoder.") for name in moved)


def test_terms_are_named_finite_and_summed_by_their_weights(model):
    settings = ObjectiveSettings(report=0.7, alignment=0.3, peers=True, synthesis="chord")
    terms, _ = gradients(model, settings)
    assert set(terms) == {"report", "alignment", "loss"}
    assert terms["loss"].item() == pytest.approx(
        0.7 * terms["report"].item() + 0.3 * terms["alignment"].item(), rel=1e-5
    )


def test_hard_negatives_add_no_parameter(family):
    """Parameters of baseline and hard-negative model are equal, name by name, and both teach every one of them."""
    names = {}
    for key, settings in (("baseline", BASELINE), ("hard-negative", HARD)):
        made = create(family, vocab_size=50, image_size=64, **TINY)
        GenerationTask(made, settings, unknown=3)(made_batch(), 0.5)["loss"].backward()
        names[key] = {name: tuple(p.shape) for name, p in made.named_parameters() if p.grad is not None}
        assert len(names[key]) == len(list(made.parameters()))
    assert names["baseline"] == names["hard-negative"]


def test_harder_is_never_cheaper(model):
    losses = [gradients(model, HARD, hardness)[0]["alignment"].item() for hardness in (1.0, 0.5, 0.0)]
    assert losses == sorted(losses)


def test_no_gradient_through_the_synthesised_negative(model, monkeypatch):
    """It is the auxiliary variable of the minimisation: a constant of the same value teaches the same."""
    made = []

    def kept(z, u, n, hardness):
        made.append(z + u + n)  # a synthesis that would let gradients through
        return made[-1]

    monkeypatch.setitem(task.SYNTHESES, "arc", kept)
    _, learned = gradients(model, HARD)
    constant = made[0].detach().clone()
    monkeypatch.setitem(task.SYNTHESES, "arc", lambda z, u, n, hardness: constant)
    _, by_constant = gradients(model, HARD)
    for name, gradient in by_constant.items():
        assert gradient is None or torch.equal(gradient, learned[name]), name


def test_a_harder_negative_teaches_something_else(model):
    (_, peer), (_, hard) = (gradients(model, HARD, hardness) for hardness in (1.0, 0.1))
    assert any(not torch.equal(peer[name], hard[name]) for name in peer if peer[name] is not None)


@pytest.mark.parametrize("further", [{"flips": True}, {"margin": 0.5}])
def test_further_negatives_reach_the_generator(model, further):
    settings = ObjectiveSettings(peers=True, synthesis="arc", **further)
    terms, moved = gradients(model, settings)
    plain_terms, plain = gradients(model, HARD)
    assert terms["loss"] > plain_terms["loss"]
    assert ("margin" in terms) == ("margin" in further)
    assert any(not torch.equal(moved[name], plain[name]) for name in plain if plain[name] is not None)


def test_a_setting_without_its_texts_is_named(model):
    with pytest.raises(AssertionError, match="does not hold"):
        GenerationTask(model, ObjectiveSettings(flips=True), unknown=3)(
            replace(made_batch(), flip_tokens=None), 0.5
        )


def test_the_report_term_is_that_of_one_pass(model):
    """Texts of like length are computed together: no row may lose its image, its weight or its place by it."""
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(3, 15, (17,), generator=generator)
    mask = torch.arange(14)[None] < lengths[:, None]
    tokens = torch.randint(4, 50, mask.shape, generator=generator) * mask
    batch = Batch(
        views=torch.tensor([[1, 2]] * 17),
        tokens=tokens,
        mask=mask,
        text=torch.arange(17),
        pixels=torch.rand(17, 2, 1, 64, 64, generator=generator),
        weight=torch.rand(17, generator=generator) + 0.5,
    )
    term = GenerationTask(model.eval(), ALIGNED, unknown=3)(batch, 1.0)["report"]
    encoded = model.encode(batch.pixels, batch.views)
    total, count = report_loss(model.report_logits(encoded, tokens, mask), tokens, mask, 3, 0.0, batch.weight)
    assert term.item() == pytest.approx((total / count).item(), rel=1e-5)

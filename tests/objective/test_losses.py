import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from rrg.objective.losses import Negatives, alignment_loss, alignment_loss_slow, report_loss


def batch(size=7, width=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        normalize(torch.randn(size, width, generator=generator), dim=-1).requires_grad_() for _ in range(4)
    ]


TEXT = torch.tensor([0, 1, 2, 1, 4, 5, 5])  # two pairs of equal reports
PEER_TEXT = torch.tensor([1, 9, 0, 8, 8, 2, 7])  # some are the batch's own texts, some twice
VALID = torch.tensor([True, True, False, True, True, True, True])


@pytest.mark.parametrize("kind", ["in batch", "peers", "synthesised"])
def test_fast_is_slow_forward_and_backward(kind):
    z, u, n, h = batch()
    scale = torch.tensor(7.0, requires_grad=True)
    negatives = (
        None if kind == "in batch" else Negatives(n, PEER_TEXT, VALID, h if kind == "synthesised" else None)
    )
    inputs = [z, u, scale] + ([n] if negatives else [])
    fast = alignment_loss(z, u, scale, TEXT, negatives)
    slow = alignment_loss_slow(z, u, scale, TEXT, negatives)
    assert torch.allclose(fast, slow, atol=1e-5)
    for a, b in zip(torch.autograd.grad(fast, inputs), torch.autograd.grad(slow, inputs), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_no_gradient_through_the_synthesised_negative():
    z, u, n, h = batch()
    alignment_loss(z, u, torch.tensor(5.0), TEXT, Negatives(n, PEER_TEXT, VALID, h)).backward()
    assert h.grad is None
    assert n.grad is not None


def test_equal_texts_are_never_pushed_apart():
    z, u, _, _ = batch(2)
    same = torch.tensor([3, 3])
    assert alignment_loss(z, u, torch.tensor(5.0), same).item() == pytest.approx(0.0, abs=1e-6)


def test_a_harder_negative_costs_more():
    z, u, n, _ = batch()
    text, valid = torch.arange(7), torch.ones(7, dtype=torch.bool)
    easy = alignment_loss(z, u, torch.tensor(5.0), text, Negatives(n, text + 10, valid, -z))
    hard = alignment_loss(z, u, torch.tensor(5.0), text, Negatives(n, text + 10, valid, z))
    assert hard > easy


def test_report_loss_leaves_out_padding_and_unknown_words():
    tokens = torch.tensor([[1, 5, 3, 6, 2], [1, 7, 2, 0, 0]])
    mask = tokens != 0
    logits = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(1))
    total, count = report_loss(logits, tokens, mask, unknown=3)
    rows = [(0, 0, 5), (0, 2, 6), (0, 3, 2), (1, 0, 7), (1, 1, 2)]  # study, position, next token
    by_hand = sum(cross_entropy(logits[b, t][None], torch.tensor([y])) for b, t, y in rows)
    assert count == len(rows)
    assert total.item() == pytest.approx(by_hand.item(), abs=1e-5)

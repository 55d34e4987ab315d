from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from rrg.objective.losses import (
    Negatives,
    OwnNegative,
    Peers,
    alignment_loss,
    alignment_loss_slow,
    margin_loss,
    mean_likelihood,
    report_loss,
)


def batch(size=7, width=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        normalize(torch.randn(size, width, generator=generator), dim=-1).requires_grad_() for _ in range(4)
    ]


TEXT = torch.tensor([0, 1, 2, 1, 4, 5, 5])  # two pairs of equal reports
PEER_TEXT = torch.tensor([1, 9, 0, 8, 8, 2, 7])  # some are the batch's own texts, some twice
VALID = torch.tensor([True, True, False, True, True, True, True])


@pytest.mark.parametrize("kind", ["in batch", "peers", "own", "peers and own", "own, weighted", "two of one's own"])
def test_fast_is_slow_forward_and_backward(kind):
    z, u, n, h = batch()
    scale = torch.tensor(7.0, requires_grad=True)
    peers = Peers(n, PEER_TEXT, VALID)
    own = OwnNegative(h, VALID.flip(0))
    negatives, further = {
        "in batch": (Negatives(), []),
        "peers": (Negatives(peers), [n]),
        "own": (Negatives(own=(own,)), [h]),
        "peers and own": (Negatives(peers, (own,)), [n, h]),
        "own, weighted": (Negatives(own=(replace(own, weight=4.0),)), [h]),
        "two of one's own": (Negatives(None, (own, OwnNegative(n, VALID))), [n, h]),
    }[kind]
    inputs = [z, u, scale, *further]
    fast = alignment_loss(z, u, scale, TEXT, negatives)
    slow = alignment_loss_slow(z, u, scale, TEXT, negatives)
    assert torch.allclose(fast, slow, atol=1e-5)
    for a, b in zip(torch.autograd.grad(fast, inputs), torch.autograd.grad(slow, inputs), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_equal_texts_are_never_pushed_apart():
    z, u, _, _ = batch(2)
    same = torch.tensor([3, 3])
    assert alignment_loss(z, u, torch.tensor(5.0), same).item() == pytest.approx(0.0, abs=1e-6)


def test_a_harder_negative_costs_more():
    z, u, n, _ = batch()
    text, valid = torch.arange(7), torch.ones(7, dtype=torch.bool)
    peers = Peers(n, text + 10, valid)
    easy = alignment_loss(z, u, torch.tensor(5.0), text, Negatives(peers, (OwnNegative(-z, valid),)))
    hard = alignment_loss(z, u, torch.tensor(5.0), text, Negatives(peers, (OwnNegative(z, valid),)))
    assert hard > easy


def test_a_weight_stands_for_that_many_negatives():
    z, u, _, h = batch()
    text, own = torch.arange(7), OwnNegative(h, VALID)
    four, weighted = Negatives(own=(own,) * 4), Negatives(own=(replace(own, weight=4.0),))
    losses = [alignment_loss(z, u, torch.tensor(5.0), text, each) for each in (four, weighted)]
    assert torch.allclose(*losses, atol=1e-5)


def test_report_loss_leaves_out_padding_and_unknown_words():
    tokens = torch.tensor([[1, 5, 3, 6, 2], [1, 7, 2, 0, 0]])
    mask = tokens != 0
    logits = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(1))
    total, count = report_loss(logits, tokens, mask, unknown=3)
    rows = [(0, 0, 5), (0, 2, 6), (0, 3, 2), (1, 0, 7), (1, 1, 2)]  # study, position, next token
    by_hand = sum(cross_entropy(logits[b, t][None], torch.tensor([y])) for b, t, y in rows)
    assert count == len(rows)
    assert total.item() == pytest.approx(by_hand.item(), abs=1e-5)


def test_a_report_that_counts_twice_weighs_as_two_copies_of_it():
    tokens = torch.tensor([[1, 5, 4, 6, 2], [1, 7, 2, 0, 0]])
    mask = tokens != 0
    logits = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(1))
    weighted = report_loss(logits, tokens, mask, 3, weight=torch.tensor([2.0, 1.0]))
    rows = torch.tensor([0, 0, 1])
    copied = report_loss(logits[rows], tokens[rows], mask[rows], 3)
    assert weighted[0].item() == pytest.approx(copied[0].item(), rel=1e-6)
    assert weighted[1].item() == copied[1].item()


def test_the_margin_costs_only_where_the_other_report_comes_close():
    own, other = torch.tensor([-1.0, -1.0, -1.0]), torch.tensor([-3.0, -1.2, 5.0])
    valid = torch.tensor([True, True, False])
    total, count = margin_loss(own, other, valid, 0.5)
    assert total.item() == pytest.approx(0.0 + 0.3)
    assert count == 2
    assert margin_loss(own, other, torch.zeros(3, dtype=torch.bool), 0.5) == (0, 0)


def test_mean_likelihood_is_that_of_the_tokens_that_are_there():
    tokens = torch.tensor([[1, 5, 4, 2], [1, 2, 0, 0]])
    logits = torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(1))
    by_hand = logits.log_softmax(-1)
    likelihood = mean_likelihood(logits, tokens, tokens != 0)
    assert likelihood[0].item() == pytest.approx(
        ((by_hand[0, 0, 5] + by_hand[0, 1, 4] + by_hand[0, 2, 2]) / 3).item()
    )
    assert likelihood[1].item() == pytest.approx(by_hand[1, 0, 2].item())

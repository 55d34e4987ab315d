"""The cross-modal memory against a slow reading of the paper, one query, one head and one slot at a time."""

import math

import pytest
import torch

from rrg.models.r2gen_cmn import CrossModalMemory
from rrg.models.registry import create
from rrg.types import RrgError
from tests.made import TINY

SLOTS, WIDTH, HEADS, RESPONDING = 11, 12, 3, 4


@pytest.fixture
def memory():
    torch.manual_seed(3)
    made = CrossModalMemory(SLOTS, WIDTH, HEADS, RESPONDING)
    return made.double()


def slow_response(memory, asking):
    """Querying: D(s, i) = q k_i' / sqrt(d), the best K of all slots. Responding: their softmax over their values."""
    size = WIDTH // HEADS
    query = memory.query(asking)
    heads = []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        keys = [memory.key(slot)[part] for slot in memory.slots.weight]
        values = [memory.value(slot)[part] for slot in memory.slots.weight]
        distance = [(query[part] * key).sum() / math.sqrt(size) for key in keys]
        loudest = sorted(range(SLOTS), key=lambda i: -distance[i].item())[:RESPONDING]
        total = sum(distance[i].exp() for i in loudest)
        heads.append(sum(distance[i].exp() / total * values[i] for i in loudest))
    return memory.join(torch.cat(heads))


def test_fast_is_slow_forward_and_backward(memory):
    asking = torch.randn(2, 5, WIDTH, dtype=torch.double, requires_grad=True)
    weight = torch.randn(2, 5, WIDTH, dtype=torch.double)
    slow = torch.stack([torch.stack([slow_response(memory, one) for one in row]) for row in asking])
    fast = memory(asking)
    assert torch.allclose(fast, slow, atol=1e-10)
    wanted = [asking, *memory.parameters()]
    for first, second in zip(
        torch.autograd.grad((fast * weight).sum(), wanted),
        torch.autograd.grad((slow * weight).sum(), wanted),
        strict=True,
    ):
        assert torch.allclose(first, second, atol=1e-9)


def test_slots_that_do_not_respond_learn_nothing(memory):
    asking = torch.randn(1, 1, WIDTH, dtype=torch.double)
    memory(asking).sum().backward()
    touched = (memory.slots.weight.grad.abs().sum(1) > 0).sum()
    assert RESPONDING <= touched <= RESPONDING * HEADS


@pytest.fixture
def model():
    torch.manual_seed(0)
    return create(
        "r2gen_cmn", vocab_size=60, image_size=64, memory_slots=SLOTS, responding=RESPONDING, **TINY
    ).eval()


@torch.no_grad()
def test_patches_enter_the_encoder_with_their_response(model):
    class Seen(torch.nn.Module):
        def forward(self, patches, src_key_padding_mask):
            self.patches = patches
            return patches

    seen = Seen()
    model.encoder.layers.layers = seen
    views = torch.tensor([[1, 0]])
    features = torch.rand(1, 2, 4, model.encoder.features)
    model.encode(None, views, features)
    projected = model.encoder.project(features) + model.encoder.place_embedding.weight
    projected = (projected + model.encoder.view_embedding(views)[:, :, None]).flatten(1, 2)
    assert torch.allclose(seen.patches, projected + model.memory(projected), atol=1e-5)
    assert not torch.allclose(seen.patches, projected, atol=1e-4)


@torch.no_grad()
def test_words_enter_the_decoder_with_their_response(model):
    """Against the plain decoder, given by hand what the paper gives it: y_t + r(y_t), y_t with its place."""
    tokens = torch.tensor([[1, 9, 8, 30]])
    decoder = model.decoder
    words = decoder.embed_tokens.weight[tokens]
    placed = words + decoder.embed_positions.weight[2:6]  # mBART keeps two rows for something else
    by_hand = decoder(inputs_embeds=words + model.memory(placed), use_cache=False).last_hidden_state
    mask = torch.ones_like(tokens, dtype=torch.bool)
    assert torch.allclose(model.report_features(tokens, mask), by_hand.mean(1), atol=1e-5)
    plain = decoder(input_ids=tokens, use_cache=False).last_hidden_state
    assert not torch.allclose(model.report_features(tokens, mask), plain.mean(1), atol=1e-3)


def test_image_and_text_teach_one_memory(model):
    tokens, mask = torch.tensor([[1, 9, 8]]), torch.ones(1, 3, dtype=torch.bool)
    encoded = model.encode(torch.rand(1, 2, 1, 64, 64), torch.tensor([[1, 2]]))
    for features in (encoded.pooled, model.report_features(tokens, mask)):
        (gradient,) = torch.autograd.grad(features.square().sum(), [model.memory.slots.weight])
        assert gradient.abs().sum() > 0
    assert sum("slots" in name for name in model.state_dict()) == 1


def test_more_responding_than_there_are_slots_is_named():
    with pytest.raises(RrgError, match=r"model\.sizes\.responding is 12.*11"):
        create("r2gen_cmn", memory_slots=11, responding=12)

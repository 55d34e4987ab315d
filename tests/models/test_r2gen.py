"""Relational memory and conditional layer norm against a slow reading of the paper; the memory in a search for words."""

import math

import pytest
import torch
from transformers import DynamicCache, EncoderDecoderCache

from rrg.models.r2gen import ConditionalLayerNorm, MemoryCache, RelationalMemory
from rrg.models.registry import create
from tests.made import TINY

SLOTS, WIDTH, HEADS = 3, 8, 2


@pytest.fixture
def memory():
    torch.manual_seed(1)
    return RelationalMemory(SLOTS, WIDTH, HEADS).double()


def slow_memory(memory, read):
    """One study: read (T, D) -> the memory after each token, each slot and head by itself."""
    size = WIDTH // HEADS
    state = [torch.eye(SLOTS, WIDTH, dtype=read.dtype)[slot] for slot in range(SLOTS)]
    after = []
    for token in read:
        known = [*state, token]  # queries from the memory; keys and values from memory and token
        new = []
        for slot in state:
            heads = []
            for head in range(HEADS):
                part = slice(head * size, (head + 1) * size)
                scores = [
                    memory.query(slot)[part] @ memory.key(each)[part] / math.sqrt(size) for each in known
                ]
                weights = torch.stack(scores).softmax(0)
                heads.append(
                    sum(w * memory.value(each)[part] for w, each in zip(weights, known, strict=True))
                )
            proposed = slot + memory.join(torch.cat(heads))  # M + Z
            first, second = memory.mlp[0], memory.mlp[2]
            proposed = proposed + second(first(proposed).relu()).relu()  # f_mlp(M + Z) + M + Z
            gates = memory.gates_of_token(token) + memory.gates_of_memory(slot.tanh())
            gate_in, gate_forget = gates[:WIDTH].sigmoid(), gates[WIDTH:].sigmoid()
            new.append(gate_forget * slot + gate_in * proposed.tanh())
        state = new
        after.append(torch.stack(state))
    return torch.stack(after)


def test_the_memory_is_the_slow_one_forward_and_backward(memory):
    read = torch.randn(2, 5, WIDTH, dtype=torch.double, requires_grad=True)
    weight = torch.randn(2, 5, SLOTS, WIDTH, dtype=torch.double)
    fast, slow = memory(read), torch.stack([slow_memory(memory, each) for each in read])
    assert torch.allclose(fast, slow, atol=1e-10)
    wanted = [read, *memory.parameters()]
    for first, second in zip(
        torch.autograd.grad((fast * weight).sum(), wanted),
        torch.autograd.grad((slow * weight).sum(), wanted),
        strict=True,
    ):
        assert torch.allclose(first, second, atol=1e-9)


def test_word_by_word_is_all_at_once(memory):
    read = torch.randn(2, 6, WIDTH, dtype=torch.double)
    whole, state = memory(read), None
    for position in range(6):
        state = memory(read[:, position : position + 1], state)[:, -1]
        assert torch.allclose(state, whole[:, position], atol=1e-12)


def test_the_memory_reads_no_future(memory):
    read = torch.randn(1, 6, WIDTH, dtype=torch.double)
    changed = read.clone()
    changed[:, 4] += 1
    before, after = memory(read), memory(changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_the_layer_norm_is_the_slow_one():
    torch.manual_seed(2)
    norm = ConditionalLayerNorm(WIDTH, SLOTS * WIDTH).double()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    hidden = torch.randn(2, 3, WIDTH, dtype=torch.double)
    memory = torch.randn(2, 3, SLOTS * WIDTH, dtype=torch.double)
    fast = norm(hidden, memory)
    for study in range(2):
        for position in range(3):
            row, state = hidden[study, position], memory[study, position]
            deviation = math.sqrt(sum(float(x - row.mean()) ** 2 for x in row) / WIDTH + norm.eps)
            gamma = norm.weight + norm.scale[2](norm.scale[0](state).relu())
            beta = norm.bias + norm.shift[2](norm.shift[0](state).relu())
            slow = gamma * (row - row.mean()) / deviation + beta
            assert torch.allclose(fast[study, position], slow, atol=1e-10)


def test_a_memory_that_says_nothing_leaves_a_plain_layer_norm():
    norm, plain = ConditionalLayerNorm(WIDTH, SLOTS * WIDTH), torch.nn.LayerNorm(WIDTH)
    for part in (norm.scale[2], norm.shift[2]):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    hidden = torch.randn(2, 3, WIDTH)
    assert torch.allclose(norm(hidden, torch.randn(2, 3, SLOTS * WIDTH)), plain(hidden), atol=1e-6)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return create("r2gen", vocab_size=60, image_size=64, **TINY).eval()


def test_every_norm_of_a_layer_hears_the_memory_and_the_last_one_does_not(model):
    conditional = [name for name, part in model.named_modules() if isinstance(part, ConditionalLayerNorm)]
    assert len(conditional) == 3 * TINY["num_hidden_layers"]
    assert not isinstance(model.decoder.layer_norm, ConditionalLayerNorm)


@torch.no_grad()
def test_the_memory_steers_what_is_written(model):
    tokens, mask = torch.tensor([[1, 9, 8, 7]]), torch.ones(1, 4, dtype=torch.bool)
    before = model.report_features(tokens, mask)
    model.decoder.memory.value.weight.mul_(-3)
    assert not torch.allclose(before, model.report_features(tokens, mask), atol=1e-4)


def cache_of(memory):
    cache = MemoryCache.over(EncoderDecoderCache(DynamicCache(), DynamicCache()))
    cache.memory = memory
    return cache


def test_the_memory_follows_its_beam():
    cache = cache_of(torch.arange(3.0).view(3, 1, 1))
    cache.reorder_cache(torch.tensor([2, 2, 0]))
    assert cache.memory.flatten().tolist() == [2, 2, 0]
    cache.reset()
    assert cache.memory is None
    assert not cache.is_croppable


@torch.no_grad()
def test_two_beams_change_places_between_two_words(model):
    """Row 0 goes on where row 1 was: a cache that is reordered must give what reading row 1 anew gives."""
    encoded = model.encode(torch.rand(1, 2, 1, 64, 64), torch.tensor([[1, 2]])).expand(2)
    seen = {"patches": encoded.patches, "patch_mask": encoded.mask.long()}
    read, following = torch.tensor([[1, 9], [1, 30]]), torch.tensor([[12], [12]])
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    for column in read.T:
        _, cache = model.decode(column[:, None], None, **seen, cache=cache, use_cache=True)
    cache.reorder_cache(torch.tensor([1, 0]))
    cached, _ = model.decode(following, None, **seen, cache=cache, use_cache=True)
    anew, _ = model.decode(torch.cat([read.flip(0), following], 1), None, **seen)
    assert torch.allclose(cached[:, -1], anew[:, -1], atol=1e-5)
    assert not torch.allclose(anew[0, -1], anew[1, -1], atol=1e-3)

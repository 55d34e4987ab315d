import torch

from rrg.models.registry import create
from rrg.objective.lengths import FEWEST, PARTS, by_length, cut, row_by_row
from tests.made import TINY


def texts(rows=19, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 13, (rows,), generator=generator)
    mask = torch.arange(12)[None] < lengths[:, None]
    return torch.randint(4, 50, (rows, 12), generator=generator) * mask, mask


def test_every_row_is_in_one_group_and_groups_grow_longer():
    _, mask = texts(37)
    groups = by_length(mask)
    assert sorted(torch.cat(groups).tolist()) == list(range(37))
    assert len(groups) == PARTS
    longest = [int(mask[rows].sum(1).max()) for rows in groups]
    shortest = [int(mask[rows].sum(1).min()) for rows in groups]
    assert all(before <= after for before, after in zip(longest, shortest[1:], strict=False))


def test_a_small_batch_stays_whole():
    assert len(by_length(torch.ones(FEWEST, 3, dtype=torch.bool))) == 1


def test_only_padding_is_cut():
    tokens, mask = texts()
    for rows in by_length(mask):
        short, real = cut(rows, tokens, mask)
        assert int(real.sum()) == int(mask[rows].sum())
        assert torch.equal(short[real], tokens[rows][mask[rows]])
        assert real[:, -1].any()


def test_in_groups_is_at_once():
    torch.manual_seed(0)
    model = create("transformer", vocab_size=50, image_size=64, **TINY).eval()
    tokens, mask = texts()
    grouped, whole = row_by_row(model.report_features, tokens, mask), model.report_features(tokens, mask)
    assert torch.allclose(grouped, whole, atol=1e-5)
    given = [torch.autograd.grad(each.square().sum(), model.get_input_embeddings().weight)[0] for each in (grouped, whole)]
    assert torch.allclose(*given, atol=1e-4)

"""The predicted findings must be heard beside the patches, and say which way they were decided."""

import torch

from rrg.models.registry import create
from tests.made import TINY

NAMES = ["Cardiomegaly", "Pleural Effusion", "Opacity"]


def made():
    torch.manual_seed(0)
    return create("transformer", vocab_size=50, image_size=64, finding_names=NAMES, **TINY).eval()


@torch.no_grad()
def test_a_prompt_is_as_long_as_a_patch():
    model = made()
    views = torch.tensor([[1, 2]])
    encoded = model.encode(torch.rand(1, 2, 1, 64, 64), views)
    patches, tokens = encoded.patches[0, : -len(NAMES)], encoded.patches[0, -len(NAMES) :]
    assert tokens.norm(dim=-1).mean() > 0.5 * patches.norm(dim=-1).mean()


@torch.no_grad()
def test_one_finding_decided_the_other_way_changes_its_own_token_alone():
    prompt = made().encoder.prompt
    present = torch.tensor([[0.9, 0.1, 0.1]])
    tokens, flipped = prompt(present), prompt(1 - present)
    same = torch.nn.functional.cosine_similarity(prompt(torch.tensor([[0.9, 0.9, 0.1]]))[0], tokens[0])
    assert same[[0, 2]].min() > 0.999
    assert same[1] < 0.5
    assert torch.nn.functional.cosine_similarity(tokens[0], flipped[0]).max() < 0.5

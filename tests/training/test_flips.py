"""Flipped reports: drawn by direction, trimmed, and marked where a report has none."""

import numpy as np
import pytest
import torch

from rrg.data.findings import label_report
from rrg.data.tokenizer import build_tokenizer, tokenise
from rrg.training.flips import make_flips
from rrg.training.source import copy_weights, number_texts, rarity_weights

REPORTS = [
    "There is a small left pleural effusion. No pneumothorax. No pneumonia. No consolidation.",
    "Comparison with an earlier film.",
    "The heart is enlarged. There is a large right pneumothorax.",
]


def made():
    tokenizer = build_tokenizer(
        [*REPORTS, "There is a large small right left upper lower effusion. The heart is not enlarged."], 1
    )
    tokens, mask = tokenise(tokenizer, REPORTS, 40)
    return tokenizer, make_flips(tokenizer, REPORTS, 40), tokens, mask


def test_a_report_without_a_fact_gives_itself_marked_as_invalid():
    _, flips, tokens, mask = made()
    drawn = flips.draw(np.array([0, 1]), tokens, mask, np.random.default_rng(0))
    assert drawn["flip_valid"].tolist() == [True, False]
    length = int(mask[1].sum())
    assert torch.equal(drawn["flip_tokens"][1, :length], tokens[1, :length])
    row = drawn["flip_tokens"][0]
    assert not torch.equal(row, tokens[0, : len(row)])
    assert drawn["flip_mask"].any(0).all(), "no column is padding in every row"


def test_directions_are_drawn_alike_whatever_their_number_of_edits():
    _, flips, tokens, mask = made()
    edits = flips.edits[0]
    assert len(edits["added"]) >= 2
    assert len(edits) >= 3
    rng = np.random.default_rng(0)
    rows = [flips.draw(np.array([0]), tokens, mask, rng)["flip_tokens"][0] for _ in range(300)]
    added = [row for row in rows for other, _ in edits["added"] if torch.equal(row, other[: len(row)])]
    assert abs(len(added) / len(rows) - 1 / len(edits)) < 0.1


def test_one_seed_gives_one_draw():
    _, flips, tokens, mask = made()
    a, b = (
        flips.draw(np.array([0, 2, 0]), tokens, mask, np.random.default_rng(5))["flip_tokens"]
        for _ in range(2)
    )
    assert torch.equal(a, b)


def test_copies_of_a_text_share_their_weight():
    text = number_texts(["a b", "A b.", "c", "a  b", "d"])
    assert torch.allclose(copy_weights(text, 0.0), torch.ones(5))
    whole = copy_weights(text, 1.0)
    assert whole.mean().item() == pytest.approx(1.0)
    assert torch.allclose(whole[[0, 1, 3]].sum(), whole[2])


def test_a_report_of_rare_findings_counts_more():
    reports = ["No acute disease."] * 8 + ["Left pleural effusion."] * 2 + ["Left pleural effusion. Rib fracture."]
    found = [label_report(report) for report in reports]
    assert rarity_weights(found, 0.0) == 1.0
    weights = rarity_weights(found, 0.5)
    assert weights.mean().item() == pytest.approx(1.0)
    normal, effusion, fracture = weights[0], weights[8], weights[10]
    assert torch.allclose(effusion / normal, torch.tensor((8 / 3) ** 0.5))
    assert torch.allclose(fracture / normal, torch.tensor(8**0.5))

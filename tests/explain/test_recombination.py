"""Readable negatives against a slow search over everything, and what must hold of each of them."""

from itertools import combinations

import numpy as np
import pytest
import torch

from rrg.data.findings import differing_facts, label_report
from rrg.data.reports import normalise, sentences
from rrg.explain import recombination
from rrg.explain.recombination import Parts, recombine
from rrg.types import Origin

POSITIVE = (
    "The heart size is normal. There is a small right pleural effusion. No pneumothorax. Old rib fracture."
)
PEER = "The heart is mildly enlarged. No pneumothorax. Large left pleural effusion. Bones are intact."
LONG_PEER = (
    "Mild cardiomegaly. Aortic calcification. A pacemaker is seen. Small left effusion. The trachea is midline. "
    "There is edema. Degenerative spine. Right upper lobe nodule. Tortuous aorta. Hiatal hernia."
)
LONG_POSITIVE = (
    "Sternotomy wires. The hila are prominent. Elevated right diaphragm. Clips in the neck. Gaseous bowel. "
    "Small right pneumothorax. Calcified node. Scoliosis is noted. Low volumes."
)


class Words:
    """Embeds a text as the mean of one fixed random vector for each of its words; counts what it is asked."""

    def __init__(self, size=12):
        self.size, self.asked = size, []

    def __call__(self, texts):
        self.asked += texts
        return torch.stack([self.one(text) for text in texts])

    def one(self, text):
        rows = [
            np.random.default_rng([ord(letter) for letter in word]).normal(size=self.size)
            for word in normalise(text).split()
        ]
        return torch.nn.functional.normalize(torch.tensor(np.mean(rows, axis=0), dtype=torch.float32), dim=0)


def points(embed, peer=PEER, positive=POSITIVE, steps=7, turn=0.0):
    """Points on the way from peer to positive, with some noise of their own."""
    noise = torch.randn(embed.size, generator=torch.Generator().manual_seed(1))
    weights = torch.linspace(0, 1, steps)[:, None]
    rows = (1 - weights) * embed.one(peer) + weights * embed.one(positive) + turn * weights * noise
    return torch.nn.functional.normalize(rows, dim=-1)


def run(peer=PEER, positive=POSITIVE, turn=0.0):
    embed = Words()
    return recombine(
        embed, points(embed, peer, positive, turn=turn), points(embed)[:1], peer, positive
    ), embed


def slow(parts, embed, target):
    """The highest cosine of any coherent, false selection: every subset of sentences, looked at one by one."""
    best = -2.0
    everything = range(len(parts.sentences))
    always = {i for i in everything if parts.origins[i] is Origin.BOTH}
    for size in range(1, len(parts.sentences) + 1):
        for chosen in combinations(everything, size):
            if not always <= set(chosen) or any(parts.clash[i] >> j & 1 for i in chosen for j in chosen):
                continue
            text = " ".join(parts.sentences[i] for i in chosen)
            if list(differing_facts(label_report(text), label_report(POSITIVE))):
                best = max(best, float(embed.one(text) @ target))
    return best


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_a_small_search_finds_what_a_look_at_everything_finds(turn):
    found, embed = run(turn=turn)
    targets = points(embed, turn=turn)
    parts = Parts.of(PEER, POSITIVE)
    assert len(embed.asked) <= recombination.MOST
    for each, target in zip(found, targets, strict=True):
        assert each.similarity == pytest.approx(slow(parts, embed, target), abs=1e-5)
        assert each.similarity == pytest.approx(float(embed.one(each.text) @ target), abs=1e-5)
        assert each.alignment == pytest.approx(float(embed.one(each.text) @ points(embed)[0]), abs=1e-5)


@pytest.mark.parametrize(("peer", "positive"), [(PEER, POSITIVE), (LONG_PEER, LONG_POSITIVE)])
def test_what_must_hold_of_every_readable_negative(peer, positive):
    found, embed = run(peer, positive)
    told = {Origin.PEER: sentences(peer), Origin.POSITIVE: sentences(positive)}
    known = {origin: {normalise(text) for text in texts} for origin, texts in told.items()}
    for each in found:
        assert each.differences
        assert len(each.sentences) == len(each.origins) > 0
        for origin, texts in told.items():
            mine = [
                normalise(text)
                for text, of in zip(each.sentences, each.origins, strict=True)
                if of in (origin, Origin.BOTH)
            ]
            assert set(mine) <= known[origin]
            order = [normalise(text) for text in texts]
            assert mine == [text for text in order if text in mine]  # in the order of its report
        shared = known[Origin.PEER] & known[Origin.POSITIVE]
        assert shared <= {normalise(text) for text in each.sentences}
    start = points(embed, peer, positive)[0]
    assert found[0].similarity >= float(embed.one(peer) @ start) - 1e-6
    assert len(embed.asked) <= recombination.MOST


def test_it_is_the_same_again():
    assert run()[0] == run()[0]
    assert run(LONG_PEER, LONG_POSITIVE)[0] == run(LONG_PEER, LONG_POSITIVE)[0]


def test_a_long_search_leaves_both_reports_behind_and_comes_closer_than_either():
    found, embed = run(LONG_PEER, LONG_POSITIVE)
    middle = points(embed, LONG_PEER, LONG_POSITIVE)[3]
    for whole in (LONG_PEER, LONG_POSITIVE):
        assert found[3].similarity > float(embed.one(whole) @ middle)
    assert {Origin.PEER, Origin.POSITIVE} <= set(found[3].origins)


def test_the_beam_reaches_what_the_look_at_everything_finds(monkeypatch):
    exhaustive = run()[0]
    monkeypatch.setattr(recombination, "MOST", 24)
    narrow, embed = run()
    assert len(embed.asked) <= 24
    lost = [a.similarity - b.similarity for a, b in zip(exhaustive, narrow, strict=True)]
    assert min(lost) >= -1e-6
    assert max(lost) < 0.02


def test_sentences_that_contradict_or_repeat_never_stand_together():
    parts = Parts.of(
        "Lungs are clear. Small left effusion. Heart is normal in size.",
        "Focal consolidation. Large left effusion. Small right effusion. The heart size is normal.",
    )
    beside = {
        (parts.sentences[i], parts.sentences[j])
        for mask in parts.selections()
        for i in range(len(parts.sentences))
        for j in range(len(parts.sentences))
        if mask >> i & 1 and mask >> j & 1
    }
    assert ("Lungs are clear.", "Focal consolidation.") not in beside
    assert ("Small left effusion.", "Large left effusion.") not in beside
    assert ("Heart is normal in size.", "The heart size is normal.") not in beside
    assert ("Small left effusion.", "Small right effusion.") in beside


def test_every_selection_of_the_search_differs_from_the_positive_by_the_labeller():
    _, embed = run()
    assert embed.asked
    assert all(list(differing_facts(label_report(text), label_report(POSITIVE))) for text in embed.asked)


def test_where_nothing_differs_it_says_so():
    same = "The heart size is normal. No pneumothorax."
    found, _ = run("Normal heart size. No effusion.", same)
    assert {each.text for each in found} == {"Normal heart size. No effusion."}
    assert all(each.differences == () for each in found)


def test_a_sentence_without_a_stop_does_not_run_into_the_next():
    parts = Parts.of("No pneumothorax. Large left effusion", "Old rib fracture. Bowel gas")
    everything = sum(1 << i for i in range(4))
    assert parts.text(everything) == "No pneumothorax. Old rib fracture. Large left effusion. Bowel gas"
    assert parts.text(parts.whole(Origin.PEER)) == "No pneumothorax. Large left effusion"

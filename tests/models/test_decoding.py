"""The draft that is kept is the one closest to its image, and the seed alone decides which drafts there are."""

import pytest
import torch

from rrg.models.checkpoint import load_checkpoint
from rrg.models.decoding import CANDIDATES, GREEDY, WAYS, Decoding
from rrg.types import RrgError

PIXELS = torch.rand(3, 2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
VIEWS = torch.tensor([[1, 2], [1, 0], [2, 0]])
NUMBERS = [0, 1, 2]


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint):
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def encoded(checkpoint):
    with torch.no_grad():
        return checkpoint.model.encode(PIXELS, VIEWS)


def write(checkpoint, encoded, decoding, numbers=NUMBERS):
    return decoding.write(checkpoint.model, checkpoint, encoded, numbers)


def alignment(checkpoint, encoded, reports):
    embedded = checkpoint.embed_reports([report.text for report in reports])
    return (checkpoint.embed_images(encoded) * embedded).sum(-1)


@pytest.mark.parametrize("way", ["rerank", "rerank-beams"])
def test_the_kept_draft_is_the_closest_of_all(checkpoint, encoded, way):
    decoding = Decoding.of(way, 5)
    kept = write(checkpoint, encoded, decoding)
    for i, report in enumerate(kept):
        study = encoded[i : i + 1]
        drafts = decoding._drafts(checkpoint, study, i)
        assert len(drafts) == 5
        assert len({draft.text for draft in drafts}) > 1
        closeness = [float(alignment(checkpoint, study, [draft])) for draft in drafts]
        assert float(alignment(checkpoint, study, [report])) == pytest.approx(max(closeness), abs=1e-6)
        assert report in drafts


def test_reranking_is_never_further_than_greedy(checkpoint, encoded):
    greedy, kept = (write(checkpoint, encoded, each) for each in (GREEDY, Decoding.of("rerank", 6)))
    assert (alignment(checkpoint, encoded, kept) >= alignment(checkpoint, encoded, greedy) - 1e-6).all()
    assert kept != greedy


def test_the_seed_decides_and_batches_do_not(checkpoint, encoded):
    decoding = Decoding.of("rerank", 6, seed=3)
    torch.manual_seed(1)
    whole = write(checkpoint, encoded, decoding)
    after = torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(after, torch.random.get_rng_state())  # nobody else's draws are moved
    torch.manual_seed(99)
    alone = [write(checkpoint, encoded[i : i + 1], decoding, [i])[0] for i in NUMBERS]
    assert [report.text for report in alone] == [report.text for report in whole]
    drafts = [Decoding.of("rerank", 6, seed=seed)._drafts(checkpoint, encoded[0:1], 0) for seed in (3, 4)]
    assert drafts[0][0] == drafts[1][0]  # the greedy one
    assert drafts[0] != drafts[1]


def test_beams_are_those_of_the_model(checkpoint, encoded):
    written = write(checkpoint, encoded, Decoding.of("beam", 3))
    plain = checkpoint.model.generate_reports(encoded, num_beams=3, do_sample=False)
    assert [report.text for report in written] == [report.text for report in plain]
    beams = checkpoint.model.generate_candidates(encoded, 3, num_beams=3, do_sample=False)
    assert [each[0].text for each in beams] == [report.text for report in plain]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_says_what_it_does(way):
    decoding = Decoding.of(way)
    assert decoding.candidates == CANDIDATES[way]
    assert bool(decoding.words) == (way != "greedy")
    assert ("chosen by" in decoding.as_json()) == way.startswith("rerank")


@pytest.mark.parametrize(
    ("way", "candidates", "message"),
    [("best", None, "greedy, beam"), ("greedy", 3, "3 candidates"), ("rerank", 1, "1 candidates")],
)
def test_what_there_is_not_is_refused(way, candidates, message):
    with pytest.raises(RrgError, match=message):
        Decoding.of(way, candidates)

"""Corpus BLEU rebuilt from counts: it must be pycocoevalcap's, on the whole and on every selection."""

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu

from rrg.evaluation.corpus import bleu_statistics, corpus_bleu

WORDS = ["the", "heart", "is", "large", "no", "effusion", "in", "left", "lung", "base", ".", "clear"]


def scorer(gold, found):
    """What pycocoevalcap says: BLEU-1 to 4 of the corpus, and of each study."""
    texts = [{i: [" ".join(t)] for i, t in enumerate(each)} for each in (gold, found)]
    corpus, studies = Bleu(4).compute_score(*texts, verbose=0)
    return corpus, np.array(studies).T


def texts(rng, n):
    return [list(rng.choice(WORDS, rng.integers(0, 25))) for _ in range(n)]


@pytest.mark.parametrize("seed", range(4))
def test_the_sums_give_the_scorers_own_score_on_every_selection(seed):
    rng = np.random.default_rng(seed)
    gold, found = texts(rng, 12), texts(rng, 12)
    gold[0] = ["clear"]  # a reference of nothing at all is another test
    statistics = np.array([bleu_statistics(*pair) for pair in zip(found, gold, strict=True)])
    for rows in (np.arange(12), rng.integers(0, 12, 12), rng.integers(0, 12, 5)):
        corpus, _ = scorer([gold[i] for i in rows], [found[i] for i in rows])
        assert corpus_bleu(statistics[rows].sum(0)) == pytest.approx(corpus, abs=1e-12)


def test_one_study_gives_the_studys_score():
    gold, found = ["no", "effusion", "is", "seen", "."], ["no", "effusion", "in", "left", "lung"]
    _, studies = scorer([gold, gold], [found, gold])
    assert corpus_bleu(bleu_statistics(found, gold)) == pytest.approx(studies[0])


def test_by_hand():
    # written "a b b", reference "a b c d": one of the two "b" counts; 1 of 2 bigrams; 3 words for 4.
    counts = bleu_statistics(["a", "b", "b"], ["a", "b", "c", "d"])
    assert counts == [2, 1, 0, 0, 3, 2, 1, 0, 3, 4]
    penalty = np.exp(1 - 4 / 3)
    assert corpus_bleu(counts)[:2] == pytest.approx([penalty * 2 / 3, penalty * (2 / 3 * 1 / 2) ** 0.5])


def test_many_selections_at_once_and_texts_of_nothing():
    rng = np.random.default_rng(9)
    sums = rng.integers(1, 50, (2, 3, 10))
    together = corpus_bleu(sums)
    assert together.shape == (2, 3, 4)
    assert together[1, 2] == pytest.approx(corpus_bleu(sums[1, 2]))
    assert corpus_bleu(bleu_statistics([], ["clear", "."])) == pytest.approx(np.zeros(4), abs=1e-6)
    assert np.isfinite(corpus_bleu(bleu_statistics([], []))).all()

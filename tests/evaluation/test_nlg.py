"""Scores that can be done by hand, and absence that is not zero."""

import math
import shutil

import pytest

from rrg.evaluation.nlg import BLEU, METRICS, score_texts
from rrg.types import RrgError

RED = ["the", "kite", "is", "red", "."]
BLUE = ["a", "boat", "is", "blue", "and", "small", "."]
java = pytest.mark.skipif(shutil.which("java") is None, reason="METEOR needs Java")


@pytest.fixture
def without_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("without_java")
def test_identical_texts_score_one_and_without_java_meteor_is_absent():
    scores = score_texts([RED, BLUE], [RED, BLUE])
    assert [round(scores.corpus[name], 6) for name in (*BLEU, "ROUGE-L")] == [1.0] * 5
    assert scores.corpus["CIDEr"] == pytest.approx(10)
    assert scores.corpus["METEOR"] is None
    assert "java" in scores.absent["METEOR"]
    assert all(study["METEOR"] is None for study in scores.studies)
    assert all(tuple(study) == METRICS for study in scores.studies)


@pytest.mark.usefixtures("without_java")
def test_bleu_by_hand():
    hypothesis = ["the", "kite", "is", "the", "kite"]  # clipped: 3 of 5 words, 2 of 4 pairs
    scores = score_texts([RED, BLUE], [hypothesis, BLUE])
    assert scores.studies[0]["BLEU-1"] == pytest.approx(3 / 5)
    assert scores.studies[0]["BLEU-2"] == pytest.approx(math.sqrt(3 / 5 * 2 / 4))
    assert scores.corpus["BLEU-1"] == pytest.approx((3 + 7) / (5 + 7))  # pooled, not a mean


@pytest.mark.usefixtures("without_java")
def test_brevity_is_punished():
    scores = score_texts([RED, BLUE], [RED[:3], BLUE])
    assert scores.studies[0]["BLEU-1"] == pytest.approx(math.exp(1 - 5 / 3))


@pytest.mark.usefixtures("without_java")
def test_rouge_by_hand():
    scores = score_texts([RED, BLUE], [["kite", "red"], BLUE])
    precision, recall, beta2 = 1.0, 2 / 5, 1.2**2
    expected = (1 + beta2) * precision * recall / (recall + beta2 * precision)
    assert scores.studies[0]["ROUGE-L"] == pytest.approx(expected)


@pytest.mark.usefixtures("without_java")
def test_cider_of_a_subset_equals_its_share_of_the_whole():
    references = [RED, BLUE, ["the", "boat", "is", "red", "."]]
    hypotheses = [["the", "kite", "is", "blue", "."], BLUE, RED]
    whole = score_texts(references, hypotheses)
    part = score_texts(references[:2], hypotheses[:2], references[2:])
    assert [s["CIDEr"] for s in part.studies] == [s["CIDEr"] for s in whole.studies[:2]]
    alone = score_texts(references[:2], hypotheses[:2])
    assert alone.studies[0]["CIDEr"] != pytest.approx(whole.studies[0]["CIDEr"])


@pytest.mark.usefixtures("without_java")
def test_cider_of_one_study_is_absent_not_zero():
    scores = score_texts([RED], [RED])
    assert scores.corpus["CIDEr"] is None
    assert "two" in scores.absent["CIDEr"]


@pytest.mark.usefixtures("without_java")
def test_an_empty_hypothesis_scores_zero():
    scores = score_texts([RED, BLUE], [[], BLUE])
    assert scores.studies[0]["BLEU-4"] == pytest.approx(0, abs=1e-9)
    assert scores.studies[0]["ROUGE-L"] == 0


def test_a_dying_java_is_a_reason_and_does_not_hang(monkeypatch, tmp_path):
    fake = tmp_path / "java"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    scores = score_texts([RED, BLUE], [RED, BLUE])
    assert scores.corpus["METEOR"] is None
    assert "failed" in scores.absent["METEOR"]


@java
def test_meteor_of_equal_and_of_unrelated_texts_and_newlines_do_not_hang():
    broken = ["the", "kite\nis", "|||", "red", "."]
    scores = score_texts([RED, BLUE, RED], [broken, ["zebra"], []])
    assert scores.studies[0]["METEOR"] == pytest.approx(1.0, abs=0.01)
    assert scores.studies[1]["METEOR"] == 0
    assert 0 < scores.corpus["METEOR"] < 1


@pytest.mark.parametrize(("references", "hypotheses"), [([], []), ([RED], []), ([RED], [RED, RED])])
def test_unequal_lists_are_refused(references, hypotheses):
    with pytest.raises(RrgError):
        score_texts(references, hypotheses)

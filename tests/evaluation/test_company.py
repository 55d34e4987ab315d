"""Rows that look at no image: where they come from, and that they never see what they are scored on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rrg.data.datasets import load_studies
from rrg.data.reports import normalise
from rrg.evaluation.company import (
    BEST_CONSTANT,
    HAND_WRITTEN,
    MOST_FREQUENT,
    NEAREST,
    NORMAL_REPORT,
    RANDOM,
    best_constant,
    chosen_on,
    company,
    constant_bleu,
    most_frequent,
)
from rrg.evaluation.nlg import score_texts
from rrg.evaluation.protocols import R2GenTokens
from rrg.types import RrgError, Study

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "iu_xray"
HEART = "The heart is large and the lungs are clear today."
LUNGS = "Both lungs are dark and wide on this film."
BONES = "All of the bones that are seen here are whole."


def studies(split, *texts):
    return [Study(f"{split}{i}", f"{split}{i}", split, (), (), text) for i, text in enumerate(texts)]


TRAIN = studies("train", HEART, HEART, HEART, LUNGS, LUNGS, BONES, "")


@pytest.fixture(autouse=True)
def _without_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # METEOR is not asked for, and slow


def rng():
    return np.random.default_rng(0)


def test_every_row_has_a_text_for_every_study():
    rows = company(TRAIN, studies("test", LUNGS, BONES), rng(), [5, 0], studies("val", BONES))
    assert tuple(rows) == (MOST_FREQUENT, BEST_CONSTANT, HAND_WRITTEN, RANDOM, NEAREST)
    assert all(len(texts) == 2 for texts in rows.values())
    assert rows[MOST_FREQUENT] == [HEART, HEART]
    assert rows[HAND_WRITTEN] == [NORMAL_REPORT] * 2
    assert rows[NEAREST] == [BONES, HEART]
    assert set(rows[RANDOM]) <= {HEART, LUNGS, BONES}  # never the empty one


def test_the_nearest_are_absent_without_neighbours():
    assert NEAREST not in company(TRAIN, studies("val", LUNGS), rng())


def test_the_constant_is_chosen_on_val_for_another_split():
    val = studies("val", BONES, BONES)
    scored = studies("test", LUNGS)
    assert chosen_on(scored, val) == "val"
    assert company(TRAIN, scored, rng(), None, val)[BEST_CONSTANT] == [BONES]


def test_nothing_of_val_enters_the_choice_where_val_is_scored():
    val = studies("val", BONES, BONES, BONES)
    assert chosen_on(val[:1], val) == "train"  # also where only a part of it is
    assert company(TRAIN, val[:1], rng(), None, val)[BEST_CONSTANT] == [HEART]
    assert (
        chosen_on(val, ()) == chosen_on(val, [replace(study, id="x", report=" ") for study in val]) == "train"
    )


@pytest.mark.parametrize("scored", [HEART, LUNGS, BONES])
def test_no_row_depends_on_the_reports_that_are_scored(scored):
    val = studies("val", LUNGS, BONES)
    assert company(TRAIN, studies("test", scored), rng(), [1], val) == company(
        TRAIN, studies("test", "Other."), rng(), [1], val
    )


def test_random_rows_differ_between_studies_and_repeat_with_the_seed():
    many = studies("test", *["Any."] * 40)
    first = company(TRAIN, many, rng())[RANDOM]
    assert set(first) == {HEART, LUNGS, BONES}
    assert first == company(TRAIN, many, rng())[RANDOM]
    assert first != company(TRAIN, many, np.random.default_rng(1))[RANDOM]


def test_the_most_frequent_report_folds_case_and_ties_go_to_the_first():
    assert most_frequent([LUNGS, HEART, HEART.upper()]) == HEART
    assert most_frequent([LUNGS, HEART]) == LUNGS


def test_constants_score_what_the_library_says():
    draw = np.random.default_rng(4)
    vocabulary = ["a", "b", "c", "d", "e"]
    references = [list(draw.choice(vocabulary, draw.integers(3, 14))) for _ in range(20)]
    constants = [list(draw.choice(vocabulary, size)) for size in (3, 6, 9, 16)]
    expected = [score_texts(references, [each] * 20).corpus["BLEU-4"] for each in constants]
    assert constant_bleu(constants, references) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_the_best_constant_is_the_best_by_the_library_too():
    draw = np.random.default_rng(5)
    candidates = [" ".join(draw.choice(["a", "b", "c", "d"], 9)) for _ in range(15)]
    references = [" ".join(draw.choice(["a", "b", "c", "d"], 9)) for _ in range(25)]
    tokenise = R2GenTokens.from_train(candidates)
    gold = [tokenise(text) for text in references]
    scores = [score_texts(gold, [tokenise(text)] * 25).corpus["BLEU-4"] for text in candidates]
    assert best_constant(candidates, references) == candidates[int(np.argmax(scores))]


@pytest.mark.parametrize("neighbours", [[0], [0, 7], [0, -1], [0, 1, 2]])
def test_neighbours_that_do_not_fit_are_refused(neighbours):
    with pytest.raises(RrgError, match="nearest neighbours"):
        company(TRAIN, studies("val", HEART, LUNGS), rng(), neighbours)


def test_train_studies_without_reports_are_refused():
    with pytest.raises(RrgError, match="none of the 1"):
        company(TRAIN[-1:], studies("val", HEART), rng())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared IU X-Ray data are not here")
def test_a_report_that_saw_no_image_scores_like_the_literature():
    """On the test split a hand-written normal report was measured at BLEU-1 .511 and BLEU-4 .184; val is like it."""
    train, val = (load_studies(SHARED, split) for split in ("train", "val"))
    tokenise = R2GenTokens.from_train(study.report for study in train)
    gold = [tokenise(study.report) for study in val]
    rows = company(train, val, rng(), None, val)
    scores = {
        name: score_texts(gold, [tokenise(text) for text in rows[name]]).corpus
        for name in (HAND_WRITTEN, BEST_CONSTANT, RANDOM)
    }
    for name in (HAND_WRITTEN, BEST_CONSTANT):
        assert scores[name]["BLEU-1"] == pytest.approx(0.5, abs=0.04)
        assert 0.16 < scores[name]["BLEU-4"] < 0.21
    assert scores[RANDOM]["BLEU-4"] == pytest.approx(0.09, abs=0.02)  # .090 there
    told = {normalise(study.report) for study in (*train, *val)}
    assert normalise(NORMAL_REPORT) not in told  # it is nobody's report

"""Each measure of the whole is the number that `evaluate` gives; of a selection, that of the selected studies."""

import numpy as np
import pytest

from rrg.evaluation.answers import SCORES
from rrg.evaluation.measures import measures
from rrg.evaluation.result_file import look_up
from tests.evaluation.results import made_result


@pytest.fixture(scope="module")
def result():
    return made_result("a", 0.4, 3)


@pytest.fixture(scope="module")
def found(result):
    return measures(result["studies"])


def whole(measure):
    return float(measure.score(measure.columns.sum(axis=0)))


WAYS = {
    **{f"text/{p}/{m}": ("text", p, m) for p in ("full", "r2gen") for m in ("BLEU-1", "BLEU-4", "ROUGE-L", "CIDEr")},
    **{
        f"clinical/{against}/{doubt}/{classes}/{average} f1": ("clinical", against, doubt, classes, average, "f1")
        for against in ("reference", "coded")
        for doubt in ("uncertain as positive", "uncertain as negative")
        for classes in ("14 classes", "13 findings", "5 classes")
        for average in ("micro", "macro", "example")
    },
    **{
        f"retrieval/{way}/{same}/recall@{k}": ("retrieval", way, same, f"recall@{k}")
        for way in ("image-to-report", "report-to-image")
        for same in ("same text", "same findings")
        for k in (1, 5, 10)
    },
    **{f"retrieval/by text/image-to-report/same text/recall@{k}":
       ("retrieval by text", "image-to-report", "same text", f"recall@{k}") for k in (1, 5, 10)},
    **{f"margins/peer/{score}/accuracy": ("margins", "peer", score, "accuracy") for score in SCORES},
    **{f"margins/hardness/{step}/margin": ("margins", "hardness", step, "margin") for step in ("1.0", "0.25")},
    **{
        f"margins/counterfactual/{score}/{kind}/{name}": ("margins", "counterfactual", score, kind, key)
        for score in SCORES
        for kind in ("all", "presence", "side", "severity")
        for name, key in (("accuracy", "accuracy"), ("margin", "margin"), ("balanced accuracy", "balanced"))
    },
    "loss": ("loss",),
    "variety/all-normal share": ("variety", "all-normal share"),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_of_all_studies_it_is_what_evaluate_says(result, found, name):
    assert whole(found[name]) == pytest.approx(look_up(result["metrics"], WAYS[name]))


def test_of_a_selection_it_is_what_the_selection_alone_gives(result, found):
    rows = np.random.default_rng(0).integers(0, 40, 40)
    chosen = measures([result["studies"][i] for i in rows])
    weights = np.bincount(rows, minlength=40)
    for name, measure in found.items():
        assert float(measure.score(weights @ measure.columns)) == pytest.approx(
            whole(chosen[name]), nan_ok=True
        ), name


def test_meteor_says_that_it_is_a_mean_of_studies():
    found = measures([{"scores": {"full": {"METEOR": value, "BLEU-1": 0.5}}} for value in (0.2, 0.4)])
    assert {name: whole(measure) for name, measure in found.items()} == {
        "text/full/METEOR, mean of studies": pytest.approx(0.3)
    }


def test_a_tie_is_half_an_answer():
    study = {"margins": {"facts": [["side", "Edema", 0.0, None], ["side", "Edema", 1.0, None]]}}
    found = measures([study])
    assert whole(found["margins/counterfactual/embedding/side/accuracy"]) == 0.75
    assert "margins/counterfactual/likelihood/side/accuracy" not in found


def test_who_always_prefers_one_direction_has_one_half():
    facts = [
        ["presence", "Edema", m, None, None, None, way]
        for m, way in ((1.0, "added"),) * 3 + ((-1.0, "removed"),)
    ]
    found = measures([{"margins": {"facts": facts}}])
    assert whole(found["margins/counterfactual/embedding/presence/accuracy"]) == 0.75
    assert whole(found["margins/counterfactual/embedding/presence/balanced accuracy"]) == 0.5


def test_what_no_study_has_is_not_there():
    assert measures([{"id": "a"}, {"id": "b", "loss": None}]) == {}
    assert list(measures([{"id": "a", "loss": 2.0}, {"id": "b"}])) == ["loss"]


def test_better_is_lower_for_losses_and_ranks_and_nothing_for_normality(found):
    lower = {name for name, measure in found.items() if measure.better == "lower"}
    assert lower == {"loss", *(name for name in found if name.endswith(" rank"))}
    assert [name for name, measure in found.items() if measure.better is None] == ["variety/all-normal share"]


def test_the_median_rank_is_that_of_the_studies_drawn():
    ranks = [7, 1, 3, 3, 40]
    studies = [{"id": str(i), "ranks": {"image-to-report/same text": rank}} for i, rank in enumerate(ranks)]
    measure = measures(studies)["retrieval/image-to-report/same text/median rank"]
    for drawn in ([0, 1, 2, 3, 4], [0, 0, 1, 4], [4, 4, 4], [1, 2]):
        weights = np.bincount(drawn, minlength=5).astype(float)
        assert measure.score(weights @ measure.columns) == np.median([ranks[i] for i in drawn])
    assert np.isnan(measure.score(np.zeros(40)))

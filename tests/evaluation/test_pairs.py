"""Counterfactual pairs: margins by hand, who does not look, and the whole way from a cohort to page and comparison."""

import json
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrg.data.simulated import Pair, load_pairs
from rrg.evaluation.cohort import load_cohort
from rrg.evaluation.harness import Settings, evaluate, evaluate_reports
from rrg.evaluation.page import page
from rrg.evaluation.pair_summary import kinds_of, pair_measures, summarise_pairs
from rrg.evaluation.pairs import FIRST, ask_pairs, read_pairs
from rrg.evaluation.partial import Partial
from rrg.evaluation.result_file import in_short, summary, without_texts
from rrg.evaluation.statistics import as_table, compare
from rrg.models.checkpoint import load_checkpoint
from rrg.models.protocol import Encoded
from rrg.simulation.cohort import Settings as CohortSettings
from rrg.simulation.cohort import make_cohort
from tests.simulation.doubles import make_squares

QUICK = Settings(meteor=False, command="made")


def row(number, first, second, change="side", kind="mass", likelihood=(1.0, 1.0)):
    return {
        "id": str(number),
        "change": change,
        "kind": kind,
        "embedding": [first, second],
        "likelihood": list(likelihood),
    }


def rows(count=30):
    """The first ten right for both films, the next ten for one, the last ten for none."""
    signs = [(1, 1)] * 10 + [(2, -1)] * 10 + [(-1, -1)] * 10
    return [row(at, *signs[at], change="presence" if at % 2 else "side") for at in range(count)]


def test_accuracies_are_counted_by_hand():
    found = summarise_pairs(rows(), np.random.default_rng(0))["embedding"]
    assert found["all"]["pairs"] == 30
    assert found["all"]["accuracy"] == pytest.approx(30 / 60)
    assert found["all"]["both"] == pytest.approx(10 / 30)
    assert found["all"]["matched"] == pytest.approx(20 / 30)
    assert found["all"]["margin"] == pytest.approx((20 + 10 - 20) / 60)
    assert found["all"]["both low"] < 1 / 3 < found["all"]["both high"]
    assert found["side"]["pairs"] == found["presence"]["pairs"] == 15
    assert found["side"]["low"] is None
    assert "fewer" in found["side"]["absent"]
    assert summarise_pairs(rows(), np.random.default_rng(0))["likelihood"]["all"]["both"] == 1


def test_who_does_not_look_is_at_a_half_and_never_right_for_both():
    rng = np.random.default_rng(0)
    blind = [row(at, prior, -prior) for at, prior in enumerate(rng.normal(size=50))]
    found = summarise_pairs(blind, rng)["embedding"]["all"]
    assert (found["accuracy"], found["both"], found["matched"]) == (0.5, 0, 0.5)


def test_ties_are_half_and_what_is_no_number_is_left_out():
    measures = pair_measures([row(0, 0.0, 0.0), row(1, None, 1.0), row(2, 1.0, 1.0)], "all", "embedding")
    assert measures["accuracy"].present.tolist() == [True, False, True]
    sums = measures["accuracy"].columns.sum(axis=0)
    assert measures["accuracy"].score(sums) == pytest.approx(3 / 4)


def test_kinds_are_changes_then_findings():
    assert kinds_of([row(0, 1, 1, "place", "mass"), row(1, 1, 1, "side", "nodule")]) == [
        "all", "side", "place", "kind: mass", "kind: nodule",
    ]  # fmt: skip


class Angles:
    """A model whose embeddings stand at angles: film k at `films[k]`, a report at the angle it names."""

    tokenizer = SimpleNamespace(unk_token_id=0)

    def __init__(self, films):
        self.films = torch.tensor(films)

    def embed_images(self, encoded):
        return torch.stack([self.films.cos(), self.films.sin()], 1)

    def embed_reports(self, texts):
        angles = torch.tensor([float(text) for text in texts])
        return torch.stack([angles.cos(), angles.sin()], 1)

    def log_likelihood(self, encoded, texts):
        """Nats a token: the film's number less that of the report, negative."""
        return -(encoded.pooled[:, 0] - torch.tensor([float(text) for text in texts])).abs()

    def tokenise(self, texts):
        tokens = torch.ones(len(texts), 3, dtype=torch.long)
        return tokens, tokens > 0


def study(report):
    return SimpleNamespace(id=report, report=report)


def test_every_film_is_scored_with_every_report():
    films = [0.0, 1.0, 0.2, 0.3]
    pooled = torch.tensor(films)[:, None]
    encoded = Encoded(*(pooled,) * len(fields(Encoded)))
    pairs = [
        Pair("p", study("0.1"), study("0.9"), "side", "mass", "", (0, 0)),
        Pair("q", study("0.9"), study("0.1"), "place", "mass", "", (0, 0)),
    ]
    first, second = ask_pairs(Angles(films), encoded, pairs)
    cos = np.cos
    assert first.margins["embedding"] == pytest.approx((cos(0.1) - cos(0.9), cos(0.1) - cos(0.9)), abs=1e-5)
    assert second.margins["embedding"] == pytest.approx((cos(0.7) - cos(0.1), cos(0.2) - cos(0.6)), abs=1e-5)
    assert first.margins["likelihood"] == pytest.approx((2 * 0.8, 2 * 0.8), abs=1e-3)
    assert (first.id, second.change) == ("p", "place")


# --- The whole way ---


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "simulated"
    make_cohort(folder, CohortSettings(16, 22, seed=2), simulator=make_squares)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint):
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def result(checkpoint, simulated):
    return evaluate(checkpoint, load_cohort(simulated, "val"), QUICK)


def test_evaluate_scores_the_pairs_of_a_simulated_cohort(result, simulated):
    assert [each["id"] for each in result["pairs"]] == [pair.id for pair in load_pairs(simulated)]
    for score in ("embedding", "likelihood"):
        found = result["metrics"]["pairs"][score]
        assert found["all"]["pairs"] == 22
        assert found["all"]["low"] <= found["all"]["accuracy"] <= found["all"]["high"]
        assert {"presence", "side", "severity", "place"} <= set(found)
    json.dumps(result, allow_nan=False)


def test_the_pairs_are_in_page_summary_and_table(result):
    html = page([result], texts=False)
    assert "counterfactual pairs" in html
    assert "for both of a pair" in html
    assert "pairs" not in summary(result)
    assert summary(result)["metrics"]["pairs"]
    assert len(without_texts(result)["pairs"]) == 22
    assert "counterfactual pairs by embedding" in in_short(summary(result))


def test_a_comparison_resamples_pairs(result):
    other = json.loads(json.dumps(result))
    other["system"]["name"] = "better"
    for each in other["pairs"]:
        each["embedding"] = [1.0, 1.0]
    found = compare([result], [other], np.random.default_rng(0), 200)
    difference = found["differences"]["pairs/embedding/all/accuracy"]
    assert difference["studies"] == 22
    assert difference["b"]["mean"] == 1
    assert difference["favours"] == "B"
    assert "pairs/likelihood/all/accuracy" in as_table(found)


def test_an_interrupted_run_keeps_its_pairs(checkpoint, simulated, result, tmp_path, monkeypatch):
    pairs, partial = load_pairs(simulated), Partial(tmp_path / "partial", "key")
    assert read_pairs(checkpoint, checkpoint.preprocessing, pairs, partial) == result["pairs"]
    monkeypatch.setattr("rrg.evaluation.pairs.ask_pairs", None)  # all is stored: nothing is asked again
    assert read_pairs(checkpoint, checkpoint.preprocessing, pairs, partial) == result["pairs"]
    assert FIRST in partial
    assert 0 not in partial


def test_a_folder_without_pairs_has_none_and_texts_alone_are_not_asked(cohort, simulated):
    assert not load_cohort(cohort, "val").pairs
    data = load_cohort(simulated, "val")
    texts = {each.id: each.report for each in data.studies}
    assert "pairs" not in evaluate_reports(texts, data, QUICK, name="copies")["metrics"]

"""How varied reports are, by hand; a constant shows in every number."""

import json

import numpy as np
import pytest

from rrg.evaluation import variety as module
from rrg.evaluation.variety import (
    all_normal_share,
    constant_prefix,
    distinct,
    is_all_normal,
    rare_labels,
    rare_recall,
    self_bleu,
    variety,
)
from rrg.types import RrgError

WORDS = ["kite", "boat", "red", "blue", "small", "wind", "sail", "rope"]


def rng():
    return np.random.default_rng(0)


def test_distinct_folds_case_and_punctuation():
    assert distinct(["Clear.", "clear", "Not clear."]) == 2


def test_all_normal_is_the_labellers_word():
    assert is_all_normal("The lungs are clear. No pleural effusion.")
    assert not is_all_normal("There is a small left pleural effusion.")
    assert not is_all_normal("")
    assert all_normal_share(["The lungs are clear.", "Large right pneumothorax."]) == 0.5


def test_self_bleu_is_one_for_a_constant_and_nothing_for_strangers():
    assert self_bleu(["The lungs are clear today."] * 5, rng()) == pytest.approx(1)
    assert self_bleu(["one two three four", "five six seven eight"], rng()) == pytest.approx(0, abs=1e-6)
    assert self_bleu(["The lungs are clear."], rng()) is None


def test_self_bleu_never_holds_a_report_against_itself():
    strangers = [f"a{i} b{i} c{i} d{i} e{i}" for i in range(30)]
    assert self_bleu(strangers, rng()) < 1e-6


def test_self_bleu_repeats_itself_and_costs_no_more_for_more_reports(monkeypatch):
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(WORDS, 12)) for _ in range(260)]
    assert self_bleu(texts, rng()) == self_bleu(texts, rng())
    held = []
    monkeypatch.setattr(module, "Bleu", lambda _n: Counting(held))
    self_bleu(texts, rng())
    assert held == [module.HELD, module.HELD * module.OTHERS]


class Counting:
    """Stands in for the scorer: notes how many reports it was given, and how many others."""

    def __init__(self, held):
        self.held = held

    def compute_score(self, references, found, verbose):
        self.held += [len(found), sum(map(len, references.values()))]
        return [0] * 4, [[0.0] * len(found)] * 4


@pytest.mark.parametrize(
    ("texts", "all_", "half"),
    [
        (["The lungs are clear."] * 3, 5, 5),
        (["The lungs are clear.", "The lungs are large.", "The heart is large."], 1, 3),
        (["Heart normal.", "Heart normal.", "Lungs clear.", "Lungs dark."], 0, 3),  # half of four is two
        (["Heart normal.", "Lungs clear.", "Bones whole."], 0, 0),
        (["The lungs", "The lungs are clear", "The lungs are clear"], 2, 4),
        (["", "Clear."], 0, 2),
        (["", ""], 0, 0),
    ],
)
def test_the_constant_prefix_counts_tokens(texts, all_, half):
    assert constant_prefix(texts) == {"all": all_, "half": half}


def test_rare_is_below_the_share_and_seen_at_least_once():
    train = [{"No Finding"}] * 17 + [{"Edema"}] * 2 + [{"Fracture"}]
    assert rare_labels(train, share=0.1) == ("Fracture",)
    assert rare_labels(train, share=0.2) == ("Edema", "Fracture")
    assert rare_labels([], share=0.2) == ()


def test_recall_on_rare_findings_pools_and_ignores_the_others():
    reference = [{"Fracture", "Edema"}, {"Fracture"}, {"Edema"}, set()]
    generated = [{"Fracture", "Edema"}, set(), {"Edema"}, {"Fracture"}]
    found = rare_recall(reference, generated, ["Fracture"])
    counts = {name: found[name] for name in ("studies", "held-out positives", "found", "named")}
    assert counts == {"studies": 2, "held-out positives": 2, "found": 1, "named": 2}
    assert found["recall"]["share"] == 0.5
    assert rare_recall(reference, generated, [])["recall"] is None


def test_a_constant_shows_in_every_number():
    found = variety(["The heart is unchanged. No new effusion. The lungs are clear."] * 4, rng())
    assert found["distinct"] == 1
    assert found["all-normal share"] == 1
    assert found["self-BLEU"] == pytest.approx(1)
    assert found["longest constant prefix"] == {"all": 14, "half": 14}
    assert found["comparisons with a prior"] == {"per report": 2.0, "reports with one": 4}
    json.dumps(found, allow_nan=False)


def test_no_reports_are_refused():
    with pytest.raises(RrgError, match="no reports"):
        variety([], rng())

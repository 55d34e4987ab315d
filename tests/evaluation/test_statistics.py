"""Two systems beside each other: paired by study, refused where they do not match, honest about how much was looked at."""

import json

import numpy as np
import pytest

from rrg.evaluation.measures import HEADLINE, NOT_COMPARED
from rrg.evaluation.resampling import NO_DIFFERENCE, TOO_FEW
from rrg.evaluation.statistics import as_table, compare
from rrg.types import RrgError
from tests.evaluation.results import made_result


def generator():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def pair():
    return made_result("a", 0.2, 1), made_result("b", 0.8, 2)


@pytest.fixture(scope="module")
def found(pair):
    return compare([pair[0]], [pair[1]], generator(), 2000)


def test_the_better_system_is_found_and_its_means_are_the_results(pair, found):
    bleu = found["differences"]["text/r2gen/BLEU-4"]
    scores = [result["metrics"]["text"]["r2gen"]["BLEU-4"] for result in pair]
    assert [bleu["a"]["mean"], bleu["b"]["mean"]] == pytest.approx(scores)
    assert bleu["difference"] == pytest.approx(scores[1] - scores[0])
    assert bleu["low"] < bleu["difference"] < bleu["high"]
    assert (bleu["finding"], bleu["favours"]) == ("B is higher", "B")
    assert found["differences"]["loss"]["better"] == "lower"


def test_everything_is_json_and_repeats_itself(pair, found):
    text = json.dumps(found, allow_nan=False)
    assert json.dumps(compare([pair[0]], [pair[1]], generator(), 2000)) == text
    assert not any(study["text"] in text for study in pair[0]["studies"])
    assert {name for name in HEADLINE if not name.startswith("pairs/")} <= set(found["differences"])


def test_pairing_is_by_id_whatever_the_order_and_what_is_not_shared_is_counted(pair, found):
    turned = pair[1] | {"studies": [*reversed(pair[1]["studies"])]}
    again = compare([pair[0]], [turned], generator(), 2000)
    assert again["differences"] == found["differences"]
    fewer = pair[1] | {"studies": pair[1]["studies"][3:]}
    assert compare([pair[0]], [fewer], generator(), 50)["studies"] == {"shared": 37, "not shared": 3}


def test_a_system_does_not_differ_from_itself(pair):
    same = compare([pair[0]], [pair[0]], generator(), 200)
    assert {each["finding"] for each in same["differences"].values()} <= {NO_DIFFERENCE, TOO_FEW}
    assert {each["difference"] for each in same["differences"].values()} == {0}
    assert same["multiplicity"]["all"]["outside"] == 0


def test_how_many_were_looked_at_is_said(found):
    counts = found["multiplicity"]["all"]
    judged = [each for each in found["differences"].values() if each["finding"] != "too few studies"]
    assert counts["comparisons"] == len(judged)
    assert counts["expected by chance"] == pytest.approx(0.05 * len(judged))
    assert counts["outside"] == sum(each["finding"].startswith("B is") for each in judged)
    assert found["multiplicity"]["headline"]["comparisons"] <= len(HEADLINE)
    assert str(len(judged)) in found["multiplicity"]["words"]
    assert found["not compared"] == NOT_COMPARED


def test_seeds_are_pooled_with_their_spread(pair):
    runs = [made_result("b", 0.8, seed) for seed in (2, 3, 4)]
    found = compare([pair[0]], runs, generator(), 500)
    bleu = found["differences"]["text/full/BLEU-1"]
    values = [run["metrics"]["text"]["full"]["BLEU-1"] for run in runs]
    assert bleu["b"]["values"] == pytest.approx(values)
    assert (bleu["b"]["mean"], bleu["b"]["sd"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert bleu["a"]["sd"] is None
    assert "hierarchical" in found["method"]
    assert any(note.startswith("A: one run") for note in found["notes"])
    assert "±" in as_table(found)


def test_the_table_names_the_headline_first(found):
    lines = as_table(found).splitlines()
    names = [line.split("  ")[0].strip() for line in lines]
    assert names.index("text/r2gen/BLEU-4") < names.index("text/full/BLEU-1")
    assert "no difference found" in as_table(found)


def other(result, **changes):
    """A copy with other findings of one reference, or other studies."""
    studies = [dict(study) for study in result["studies"]]
    studies[0] |= changes
    return result | {"studies": studies}


def test_results_that_do_not_match_are_refused(pair):
    a, b = pair
    for wrong, part in (
        (b | {"data": b["data"] | {"split": "train"}}, "split"),
        (b | {"studies": b["studies"][:1]}, "share 1"),
        (b | {"studies": [study | {"id": study["id"] + "x"} for study in b["studies"]]}, "share 0"),
        (other(b, **{"reference findings": "9+||@0"}), "labelled by different rules"),
    ):
        with pytest.raises(RrgError, match=part):
            compare([a], [wrong], generator(), 10)
    with pytest.raises(RrgError, match="twice"):
        compare([a], [b, b], generator(), 10)


def test_another_decoding_is_noted(pair):
    beam = pair[1] | {"decoding": {"do_sample": False, "num_beams": 3}}
    assert any("decoded differently" in note for note in compare([pair[0]], [beam], generator(), 10)["notes"])

"""Every average beside scikit-learn's, and every convention by hand."""

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from rrg.data.findings import LABELS, NO_FINDING, label_report
from rrg.evaluation.clinical import (
    CLASSES,
    FIVE,
    UNCERTAIN,
    agreement,
    clinical_scores,
    coded_scores,
    macro,
    micro,
    per_finding,
    per_study_clinical,
    positive_labels,
    positives,
    set_scores,
    tally,
    wilson,
)
from rrg.types import Finding, RrgError, Side, Status

AS_POSITIVE, AS_NEGATIVE = UNCERTAIN
PERFECT = {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def sets(*names):
    """ "ace" -> Atelectasis, Cardiomegaly, Effusion; "" -> nothing."""
    labels = {
        "a": "Atelectasis",
        "c": "Cardiomegaly",
        "e": "Pleural Effusion",
        "n": NO_FINDING,
        "x": "Fracture",
    }
    return positives([{labels[letter] for letter in name} for name in names])


def drawn(rng, count=40, share=0.25):
    return rng.random((count, len(LABELS))) < share


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("classes", CLASSES)
def test_the_averages_are_those_of_scikit_learn(seed, classes):
    rng = np.random.default_rng(seed)
    gold, found = drawn(rng), drawn(rng)
    columns = [LABELS.index(label) for label in CLASSES[classes]]
    ours, (a, b) = set_scores(gold, found), (gold[:, columns], found[:, columns])
    for average in ("micro", "macro"):
        expected = precision_recall_fscore_support(a, b, average=average, zero_division=0)[:3]
        got = [ours[classes][average][name] for name in ("precision", "recall", "f1")]
        assert got == pytest.approx(expected)
    # zero_division is what scikit-learn gives to a study with nothing in either set.
    assert ours[classes]["example"]["f1"] == pytest.approx(f1_score(a, b, average="samples", zero_division=1))
    told = a.any(axis=1)
    of_positives = precision_recall_fscore_support(a[told], b[told], average="samples", zero_division=0)[:3]
    got = [ours[classes]["example of positives"][name] for name in ("precision", "recall", "f1")]
    assert got == pytest.approx(of_positives)


def test_each_class_is_that_of_scikit_learn():
    rng = np.random.default_rng(9)
    gold, found = drawn(rng), drawn(rng)
    expected = precision_recall_fscore_support(gold, found, average=None, zero_division=np.nan)
    rows = set_scores(gold, found)["per class"]
    for i, label in enumerate(LABELS):
        got = [rows[label][name] for name in ("precision", "recall", "f1", "support")]
        assert got == pytest.approx([column[i] for column in expected])
        assert rows[label]["named"] == found[:, i].sum()
        assert rows[label]["found"] == (found & gold)[:, i].sum()


def test_by_hand():
    scores = set_scores(sets("ac", "e", "", ""), sets("a", "ec", "", "c"))["5 classes"]
    assert scores["micro"] == pytest.approx({"precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7})
    # Atelectasis and effusion are perfect, the heart wrong throughout; two of the five classes have no positive.
    assert scores["macro"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "classes": 3})
    example = {
        "precision": (1 + 1 / 2 + 1 + 0) / 4,
        "recall": (1 / 2 + 1 + 1 + 0) / 4,
        "f1": (2 / 3 * 2 + 1) / 4,
    }
    assert scores["example"] == pytest.approx({**example, "both empty": 1})
    assert scores["example of positives"] == pytest.approx(
        {"precision": 3 / 4, "recall": 3 / 4, "f1": 2 / 3, "studies": 2}
    )


def test_silence_on_healthy_studies_earns_nothing_where_only_positives_count():
    scores = set_scores(sets("", "", "", "e"), sets("", "", "", ""))["5 classes"]
    assert scores["example"]["f1"] == 0.75
    assert scores["example"]["both empty"] == 3
    assert scores["example of positives"]["f1"] == 0
    assert scores["micro"] == {"precision": None, "recall": 0.0, "f1": 0.0}
    assert scores["macro"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "classes": 1}


def test_what_cannot_be_computed_is_none_not_zero():
    scores = set_scores(sets("n", "n"), sets("n", "a"))
    five = scores["5 classes"]
    assert five["macro"] == {"precision": None, "recall": None, "f1": None, "classes": 0}
    assert five["example of positives"] == {"precision": None, "recall": None, "f1": None, "studies": 0}
    assert scores["per class"]["Edema"]["f1"] is None
    atelectasis = scores["per class"]["Atelectasis"]
    assert (atelectasis["precision"], atelectasis["recall"]) == (0.0, None)
    assert scores["per class"]["Cardiomegaly"]["precision"] is None
    json.dumps(scores, allow_nan=False)


def test_a_class_without_support_is_not_in_the_macro_mean():
    alone = set_scores(sets("a", "a"), sets("a", "a"))
    beside = set_scores(sets("a", "a"), sets("ax", "a"))
    assert alone["14 classes"]["macro"] == beside["14 classes"]["macro"] == {**PERFECT, "classes": 1}
    assert beside["14 classes"]["micro"]["f1"] == pytest.approx(4 / 5)  # the false alarm shows there


def test_the_constant_normal_report_lives_on_no_finding_alone():
    reference = [
        label_report(text) for text in ("The lungs are clear.", "Large left effusion.", "Cardiomegaly.")
    ]
    scores = clinical_scores(reference, [label_report("The lungs are clear.")] * 3)[AS_POSITIVE]
    assert scores["14 classes"]["micro"]["f1"] == pytest.approx(1 / 3)
    assert scores["13 findings"]["micro"]["f1"] == 0
    assert scores["5 classes"]["micro"]["f1"] == 0
    assert scores["per class"][NO_FINDING]["recall"] == 1
    assert NO_FINDING not in CLASSES["13 findings"]
    assert set(FIVE) < set(CLASSES["13 findings"])


def test_uncertain_counts_both_ways():
    sure, unsure = (Finding("Edema", status) for status in (Status.PRESENT, Status.UNCERTAIN))
    scores = clinical_scores([[sure]], [[unsure]])
    assert scores[AS_POSITIVE]["14 classes"]["micro"] == PERFECT
    assert scores[AS_NEGATIVE]["14 classes"]["micro"] == {"precision": None, "recall": 0.0, "f1": 0.0}
    doubtful = label_report("Possible mild edema.")
    assert positive_labels(doubtful, AS_POSITIVE) == {"Edema"}
    assert positive_labels(doubtful, AS_NEGATIVE) == set()  # and no "No Finding" either
    assert positive_labels([Finding("Edema", Status.ABSENT)], AS_POSITIVE) == set()


def test_coded_labels_leave_out_who_was_not_coded():
    effusion = [Finding("Pleural Effusion", Status.UNCERTAIN)]
    scores = coded_scores([{"Pleural Effusion"}, None, {NO_FINDING}], [effusion, effusion, effusion])
    assert (scores["studies"], scores["not coded"]) == (2, 1)
    assert scores[AS_POSITIVE]["5 classes"]["micro"]["precision"] == 0.5
    assert scores[AS_NEGATIVE]["5 classes"]["micro"]["recall"] == 0
    assert coded_scores([None], [effusion]) is None


# --- Side and severity ---


def said(label, side=None, severity=None, status=Status.PRESENT):
    return Finding(label, status, side, severity)


def test_sides_agree_only_where_both_texts_give_one():
    ours = [said("Edema", Side.LEFT), said("Fracture", Side.LEFT), said("Atelectasis", Side.LEFT)]
    theirs = [said("Edema", Side.LEFT), said("Fracture", Side.RIGHT), said("Atelectasis")]
    side = agreement([ours], [theirs])["side"]
    assert (side["both name"], side["both say"], side["agree"]) == (3, 2, 1)
    assert side["share"]["share"] == 0.5


def test_left_and_right_are_bilateral():
    both = [said("Edema", Side.LEFT), said("Edema", Side.RIGHT)]
    assert agreement([both], [[said("Edema", Side.BILATERAL)]])["side"]["agree"] == 1
    assert agreement([both], [[said("Edema", Side.LEFT)]])["side"]["agree"] == 0


def test_severity_is_told_apart_from_side_and_doubt_counts_as_named():
    ours = [said("Edema", Side.LEFT, "mild")]
    theirs = [said("Edema", Side.LEFT, "severe", Status.UNCERTAIN)]
    found = agreement([ours], [theirs])
    assert found["side"]["agree"] == 1
    assert (found["severity"]["both say"], found["severity"]["agree"]) == (1, 0)


@pytest.mark.parametrize("other", ["Fracture", NO_FINDING])
def test_what_only_one_text_names_or_both_deny_is_no_agreement(other):
    absent = said("Edema", Side.LEFT, status=Status.ABSENT)
    found = agreement([[absent, said(other, Side.LEFT)]], [[absent, said("Atelectasis", Side.LEFT)]])
    assert found["side"] == {"both name": 0, "both say": 0, "agree": 0, "share": None}


# --- Studies, resamples, the app ---


def made(rng, count=30):
    """Findings of made reports, some without any."""
    statuses = list(Status)
    return [
        [Finding(label, statuses[rng.integers(3)]) for label in LABELS if rng.random() < 0.2]
        for _ in range(count)
    ]


def test_the_mean_over_studies_is_the_example_average():
    rng = np.random.default_rng(1)
    reference, generated = made(rng), made(rng)
    coded = [positive_labels(each, AS_POSITIVE) for each in reference]
    rows = per_study_clinical(reference, generated, [None, *coded[1:]])
    scores = clinical_scores(reference, generated)
    for uncertain in UNCERTAIN:
        for classes in CLASSES:
            mean = np.mean([row[f"reference/{uncertain}/{classes}/example f1"] for row in rows])
            assert mean == pytest.approx(scores[uncertain][classes]["example"]["f1"])
            assert rows[0][f"coded/{uncertain}/{classes}/example f1"] is None
    name = f"{AS_POSITIVE}/14 classes/example f1"
    assert all(row[f"coded/{name}"] == row[f"reference/{name}"] for row in rows[1:])
    assert not any(key.startswith("coded") for key in per_study_clinical(reference, generated)[0])


def test_a_resample_is_scored_as_if_its_studies_were_the_split():
    rng = np.random.default_rng(2)
    gold, found = drawn(rng, 12, 0.1), drawn(rng, 12, 0.1)
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=3)
    for classes, labels in CLASSES.items():
        columns = [LABELS.index(label) for label in labels]
        sums = np.tensordot(weights, tally(gold[:, columns], found[:, columns]), axes=1)
        for row, pooled, averaged in zip(weights, micro(sums), macro(sums), strict=True):
            rows = np.repeat(np.arange(12), row)
            expected = set_scores(gold[rows], found[rows])[classes]
            for i, name in enumerate(("precision", "recall", "f1")):
                assert pooled[i] == pytest.approx(expected["micro"][name])
                assert averaged[i] == pytest.approx(expected["macro"][name])


def test_a_resample_without_a_positive_is_nan():
    sums = np.tensordot(np.array([[0, 2]]), tally(sets("a", ""), sets("a", "")), axes=1)
    assert np.isnan(micro(sums)).all()
    assert np.isnan(macro(sums)).all()


def test_what_the_app_shows_beside_a_finding():
    rows = per_finding(sets("e", "e", "e", ""), sets("e", "", "", "e"))
    effusion = rows["Pleural Effusion"]
    counts = {name: effusion[name] for name in ("held-out positives", "found", "named", "right")}
    assert counts == {"held-out positives": 3, "found": 1, "named": 2, "right": 1}
    assert effusion["found share"]["share"] == pytest.approx(1 / 3)
    assert effusion["right share"]["share"] == 0.5
    assert tuple(rows) == LABELS
    assert rows["Edema"]["right share"] is rows["Edema"]["found share"] is None


def test_wilson_by_hand():
    z, p, n = 1.959964, 0.8, 10
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    assert wilson(8, 10) == pytest.approx({"share": 0.8, "low": low, "high": high}, abs=1e-5)
    assert wilson(0, 10)["high"] > 0.25  # zero of ten is no proof of never
    assert wilson(0, 0) is None


@pytest.mark.parametrize("score", [clinical_scores, coded_scores, agreement, per_study_clinical])
@pytest.mark.parametrize(("reference", "generated"), [([], []), ([[]], []), ([[]], [[], []])])
def test_unequal_or_empty_lists_are_refused(score, reference, generated):
    with pytest.raises(RrgError, match="one for each"):
        score(reference, generated)


def test_an_unknown_class_is_named():
    with pytest.raises(RrgError, match="Broken Heart"):
        positives([{"Broken Heart"}])

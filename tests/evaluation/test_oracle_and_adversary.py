"""The two systems that show what a score is worth: one that says the references, one that flips their negations.

24 made-up reports, scored by everything that judges generated text.
"""

from itertools import permutations

import numpy as np
import pytest

from rrg.data.findings import label_report
from rrg.evaluation.adversarial import FLIPPED, ORACLE, adversarial_rows
from rrg.evaluation.clinical import CLASSES, UNCERTAIN, clinical_scores, coded_scores, positive_labels
from rrg.evaluation.nlg import BLEU, score_texts
from rrg.evaluation.protocols import full_tokens
from rrg.evaluation.variety import rare_labels, rare_recall, variety

AS_POSITIVE, AS_NEGATIVE = UNCERTAIN

HEARTS = (
    "The cardiac silhouette has a normal size and shape on both of the views that were obtained",
    "Heart size and pulmonary vessels are normal for the depth of the breath",
    "The heart keeps to its usual width, and the aorta follows its usual course down the spine",
)
BONES = (
    "The ribs and the spine keep their height and line throughout the part that is seen",
    "Mild wear of the thoracic spine in keeping with the age of the patient",
)
DENIED = {
    "Pneumothorax": "No pneumothorax",
    "Pleural Effusion": "There is no pleural effusion",
    "Consolidation": "The lungs are well filled, without focal consolidation",
    "Edema": "There is no pulmonary edema in either lung",
}
FOUND = {
    "Pleural Effusion": "There is a small left pleural effusion that blunts the angle",
    "Atelectasis": "Mild right basilar atelectasis is present",
    "Consolidation": "Patchy consolidation fills the right lower lobe",
    "Cardiomegaly": "There is moderate cardiomegaly",
    "Edema": "Mild interstitial edema reaches both bases",
    "Fracture": "A fracture of the left seventh rib has healed",
}
NOTHING = "The upper zones look alike and as they should on both sides"


def made_reports():
    """24: half are normal, each denies two things, and the rest of the words is that of many reports."""
    reports = []
    for i, (first, second) in enumerate([*permutations(DENIED, 2)] * 2):
        findings = [text for label, text in FOUND.items() if label not in (first, second)]
        found = NOTHING if i < 12 else findings[i % len(findings)]
        reports.append(". ".join([HEARTS[i % 3], DENIED[first], found, DENIED[second], BONES[i % 2]]) + ".")
    return reports


@pytest.fixture(scope="module")
def reports():
    return made_reports()


@pytest.fixture(scope="module")
def findings(reports):
    return {name: [label_report(text) for text in texts] for name, texts in adversarial_rows(reports).items()}


@pytest.fixture
def text_scores(monkeypatch, tmp_path, reports):
    monkeypatch.setenv("PATH", str(tmp_path))  # without Java: METEOR is not asked for
    gold = [full_tokens(text) for text in reports]
    rows = adversarial_rows(reports)
    return {name: score_texts(gold, [full_tokens(text) for text in rows[name]]).corpus for name in rows}


def test_the_made_reports_are_worth_scoring(reports, findings):
    assert len(set(reports)) == 24
    named = [positive_labels(each, AS_POSITIVE) for each in findings[ORACLE]]
    assert sum(each == {"No Finding"} for each in named) == 12
    assert {label for each in named for label in each} >= {*CLASSES["5 classes"], "No Finding"}


def test_the_oracle_scores_one_where_it_should(text_scores, findings):
    assert [text_scores[ORACLE][metric] for metric in (*BLEU, "ROUGE-L")] == pytest.approx([1] * 5, abs=1e-6)
    assert text_scores[ORACLE]["CIDEr"] == pytest.approx(10)
    scores = clinical_scores(findings[ORACLE], findings[ORACLE])
    for uncertain in UNCERTAIN:
        for classes in CLASSES:
            for average in ("micro", "macro", "example", "example of positives"):
                got = scores[uncertain][classes][average]
                assert [got[name] for name in ("precision", "recall", "f1")] == [1.0, 1.0, 1.0]
    for attribute in ("side", "severity"):
        assert scores[attribute]["agree"] == scores[attribute]["both say"] > 0
    coded = coded_scores([positive_labels(each, AS_POSITIVE) for each in findings[ORACLE]], findings[ORACLE])
    assert coded[AS_POSITIVE]["14 classes"]["micro"]["f1"] == 1


def test_flipped_negations_crash_the_clinical_score_while_bleu_hardly_moves(text_scores, findings):
    assert text_scores[FLIPPED]["BLEU-1"] > 0.9
    assert text_scores[FLIPPED]["BLEU-4"] > 0.85
    assert text_scores[FLIPPED]["ROUGE-L"] > 0.9
    scores = clinical_scores(findings[ORACLE], findings[FLIPPED])
    for uncertain in UNCERTAIN:
        assert scores[uncertain]["14 classes"]["micro"]["f1"] < 0.35
        assert scores[uncertain]["14 classes"]["macro"]["f1"] < 0.6  # classes never denied stay right
        assert scores[uncertain]["14 classes"]["example"]["f1"] < 0.4
        assert scores[uncertain]["5 classes"]["micro"]["precision"] < 0.4
        assert scores[uncertain]["per class"]["No Finding"]["f1"] == 0  # not one healthy study is left
        assert scores[uncertain]["per class"]["Pneumothorax"]["precision"] == 0


def test_flipping_is_not_seen_by_a_count_of_distinct_reports_alone(reports):
    rows = {
        name: variety(texts, np.random.default_rng(0)) for name, texts in adversarial_rows(reports).items()
    }
    assert rows[FLIPPED]["distinct"] == rows[ORACLE]["distinct"] == 24
    assert rows[ORACLE]["all-normal share"] > 0.3
    assert rows[FLIPPED]["all-normal share"] == 0


def test_naming_everything_is_no_way_to_recall_what_is_rare(findings):
    """The adversary names rare classes too often: recall alone is kept beside how often they were named."""
    named = {name: [positive_labels(each, AS_POSITIVE) for each in rows] for name, rows in findings.items()}
    rare = rare_labels(named[ORACLE], share=0.2)
    oracle = rare_recall(named[ORACLE], named[ORACLE], rare, 0.2)
    flipped = rare_recall(named[ORACLE], named[FLIPPED], rare, 0.2)
    assert oracle["recall"]["share"] == 1
    assert oracle["named"] == oracle["found"]
    assert flipped["named"] > 2 * flipped["found"]

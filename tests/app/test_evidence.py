"""Evidence for a chosen sentence: both models asked about the same words, one scale, plain words where it is weak."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from rrg.app import evidence, present_evidence
from rrg.app.evidence import SentenceEvidence
from rrg.app.view import Page
from rrg.explain.scale import FLOOR
from rrg.types import Evidence, RrgError, Saliency, View
from tests.app.doubles import PAIR, TEXTS, film, room
from tests.app.test_present import NASTY, Tags

REFERENCE = "Large left pneumothorax. The heart size is normal."


@pytest.fixture
def opened(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    return desk, made, desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)


def test_both_models_are_asked_about_the_same_sentence_of_the_same_report(opened):
    desk, made, study = opened
    found = evidence.sentence_evidence(desk, study, 1, 1)
    assert found.source == "hard-negative"
    assert found.sentence == "Small right pleural effusion."
    assert [name for name, _ in found.models] == ["baseline", "hard-negative"]
    asked = [(1, TEXTS["hard-negative"], 1)]
    assert made["baseline"].explained == made["hard-negative"].explained == asked
    assert made["baseline"].encodings == [1]  # the reading's own


def test_one_scale_ends_at_the_largest_value_of_all_maps(opened):
    desk, _, study = opened
    found = evidence.sentence_evidence(desk, study, 0, 0)
    assert found.scale == pytest.approx(0.8)
    laid = evidence.heat(study, found)
    assert laid["scale"] == found.scale
    assert [each["model"] for each in laid["maps"]] == ["baseline", "hard-negative"]
    assert [each["films"]["0"]["largest"] for each in laid["maps"]] == pytest.approx([0.2, 0.8])


def test_a_sentence_of_the_reference_can_be_chosen(opened):
    desk, made, study = opened
    with_reference = replace(study, reference=REFERENCE)
    assert len(evidence.texts(study)) == 2
    found = evidence.sentence_evidence(desk, with_reference, 2, 0)
    assert (found.source, found.sentence) == ("reference", "Large left pneumothorax.")
    assert made["baseline"].explained == [(1, REFERENCE, 0)]


@pytest.mark.parametrize(
    ("report", "sentence", "said"),
    [
        (2, 0, "no report 3; there are 2"),
        (-1, 0, "no report"),
        (0, 9, "no sentence 10"),
        (0, -1, "no sentence"),
    ],
)
def test_what_is_not_there_is_refused_by_number(opened, report, sentence, said):
    desk, _, study = opened
    with pytest.raises(RrgError, match=said):
        evidence.sentence_evidence(desk, study, report, sentence)


def test_before_a_reading_there_is_nothing_to_ask(opened):
    desk, _, study = opened
    for unread in (None, replace(study, reading=None)):
        with pytest.raises(RrgError, match="Nothing has been read"):
            evidence.sentence_evidence(desk, unread, 0, 0)
    assert evidence.texts(replace(study, reading=None)) == ()


# -- in words


def made(gain: float, peak: float = 0.5, words=(("clear", 0.9), ("lungs", 0.2))) -> SentenceEvidence:
    maps = (Saliency(np.full((4, 4), peak, dtype=np.float32), View.FRONTAL, 0),)
    return SentenceEvidence(
        "baseline", "Clear lungs.", (("baseline", Evidence(maps, gain, words)),), max(FLOOR, peak)
    )


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (math.log(3), "3.0 times as probable"),
        (math.log(20), "20 times"),
        (20.0, "more than 1000 times"),
        (0.0, "1.00 times"),
        (-3.0, "0.05 times"),
        (-20.0, "less than 1/1000"),
    ],
)
def test_the_gain_is_said_as_how_much_more_probable(gain, said):
    assert said in Tags(present_evidence.evidence(made(gain))).text


@pytest.mark.parametrize(
    ("gain", "word", "not_said"),
    [
        (2.0, "● evidence", "Do not read"),
        (0.1, "○ weak evidence", "speaks for it all the same"),
        (-2.0, "− evidence against", "Do not read"),
    ],
)
def test_weak_evidence_and_evidence_against_are_named(gain, word, not_said):
    text = Tags(present_evidence.evidence(made(gain))).text
    assert word in text
    assert not_said not in text


def test_a_map_that_is_strongest_at_the_edge_of_the_film_says_so():
    inside, edge = (np.zeros((100, 100), np.float32) for _ in range(2))
    inside[50, 50] = edge[50, 98] = 1.0
    edge[50, 50] = 0.9

    def told(*values):
        maps = tuple(Saliency(v, view, 0) for v, view in zip(values, (View.FRONTAL, View.LATERAL), strict=False))
        return Tags(present_evidence.evidence(replace(made(1.0), models=(("one", Evidence(maps, 1.0)),)))).text

    assert "edge of the film" not in told(inside)
    assert "edge of the film" not in told(np.zeros((100, 100), np.float32))
    assert "! strongest at the edge of the film (lateral): not evidence of anything in the chest." in told(inside, edge)
    outside = edge.copy()
    outside[:, 60:] = np.nan  # the field of view ends at column 59
    outside[50, 58] = 2.0
    assert "edge of the film (frontal)" in told(outside)
    outside[50, 56] = 3.0
    assert "edge of the film" not in told(outside)


def test_words_carry_their_probability_and_a_sign_where_unsure():
    text = Tags(present_evidence.evidence(made(1.0))).text
    assert "clear 90 %" in text
    assert "lungs? 20 %" in text


def test_hostile_text_of_a_sentence_stays_text():
    found = replace(made(1.0, words=((NASTY, 0.5),)), source=NASTY, sentence=NASTY)
    html = present_evidence.evidence(found)
    assert NASTY in Tags(html).text
    assert "${" not in html


# -- on the page


@pytest.fixture
def page(tmp_path):
    return Page(room(tmp_path / "other")[0])


class Chosen:
    def __init__(self, **detail):
        self.__dict__.update(detail)


def test_a_choice_is_laid_over_the_film_and_taken_away_again(opened, page):
    _, _, study = opened
    laid = page.reports.on_choose(study, Chosen(report=1, sentence=1))
    assert laid[page.panel.viewer.marks]["heat"]["sentence"] == "Small right pleural effusion."
    assert "Small right pleural effusion." in laid[page.reports.evidence]
    gone = page.reports.on_choose(study, Chosen())
    assert gone[page.panel.viewer.marks]["heat"] == {}
    assert "Choose a sentence" in gone[page.reports.evidence]


def test_a_sentence_that_a_model_cannot_be_asked_about_is_a_refusal(opened, page):
    _, _, study = opened
    refused = page.reports.on_choose(replace(study, reference="Zyx zyx."), Chosen(report=2, sentence=0))
    assert page.panel.viewer.marks in refused or "Choose a sentence" in refused[page.reports.evidence]
    refused = page.reports.on_choose(study, Chosen(report=7, sentence=0))
    assert "There is no report 8" in refused[page.panel.notice]


def test_every_sentence_is_a_button_that_says_which_it_is(opened):
    from rrg.app import present_reports

    _, _, study = opened
    html = present_reports.reports(replace(study, reference=REFERENCE))
    buttons = re.findall(r'data-report="(\d)" data-sentence="(\d)" aria-pressed="false"', html)
    assert buttons == [(str(r), str(s)) for r, n in ((0, 3), (1, 4), (2, 2)) for s in range(n)]
    text = Tags(html).text
    assert "Reference written by a radiologist" in text
    assert "≠ reference contradicts" in text  # no pneumothorax in either draft
    assert "+ not in reference" in text
    assert "≠ baseline contradicts" in text

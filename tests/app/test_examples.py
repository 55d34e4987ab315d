"""The studies of a data folder: held out, with their reports, and never found among their own neighbours."""

import pytest

import app
from rrg.app.examples import MOST, folder_examples
from rrg.app.export import export
from rrg.types import RrgError, View
from tests.app.doubles import PAIR, room


def test_the_validation_studies_are_offered_with_their_reports(cohort):
    studies = folder_examples(cohort)
    assert 0 < len(studies) <= MOST
    assert all("split val" in study.source for study in studies)
    assert all(study.reference and study.own for study in studies)
    assert all(len(study.files) == len(study.views) == 2 for study in studies)
    assert studies[0].views == (View.FRONTAL, View.LATERAL)


def test_the_reference_is_the_positive_and_the_own_study_is_left_out(cohort, tmp_path):
    studies = folder_examples(cohort)
    desk, made = room(tmp_path, studies)
    read = desk.read_at_once(desk.open_example(studies[0].id), PAIR)
    assert read.reading.positive == studies[0].reference
    assert read.reading.positive_source == "reference"
    assert [double.owns for double in (made["baseline"], made["hard-negative"])] == [[studies[0].own]] * 2
    assert export(read)["reference"] == studies[0].reference


def test_the_reference_can_be_left_and_come_back_to(cohort, tmp_path):
    studies = folder_examples(cohort)
    desk, _ = room(tmp_path, studies)
    read = desk.read_at_once(desk.open_example(studies[0].id), PAIR)
    other = desk.with_positive(read, "Large right pneumothorax.")
    assert other.reading.positive_source == "the reader's own text"
    assert desk.with_positive(other, studies[0].reference).reading.positive_source == "reference"


def test_a_correction_keeps_reference_and_own_study(cohort, tmp_path):
    studies = folder_examples(cohort)
    desk, _ = room(tmp_path, studies)
    corrected = desk.correct(desk.open_example(studies[0].id), [])
    assert (corrected.reference, corrected.own) == (studies[0].reference, studies[0].own)


def test_an_unknown_study_names_what_there_is(cohort, tmp_path):
    desk, _ = room(tmp_path, folder_examples(cohort))
    with pytest.raises(RrgError, match="rg1, ct and 8 studies of the data folder"):
        desk.open_example("nobody")


def test_the_environment_decides_what_is_offered(cohort, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RRG_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("RRG_DATA", str(cohort))
    assert len(app.room().studies) == 8
    monkeypatch.setenv("RRG_PUBLIC", "1")
    public = app.room()
    assert public.studies == ()
    assert public.terms.public
    assert "RRG_DATA is not used" in capsys.readouterr().out
    monkeypatch.delenv("RRG_PUBLIC")
    monkeypatch.setenv("RRG_DATA", str(tmp_path))
    with pytest.raises(RrgError, match="no known layout"):
        app.room()

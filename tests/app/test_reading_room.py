"""The use cases, with doubles for the models."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rrg.app.examples import CT, RG1
from rrg.app.export import export, keeps_margin_to, readable_margins
from rrg.app.library import Key
from rrg.app.reading_room import MAX_POSITIVE, ReadingRoom
from rrg.app.study import Correction
from rrg.app.terms import Terms
from rrg.retrieval.texts import openi_link
from rrg.types import RrgError, View
from tests.app.doubles import MIXED, PAIR, PEER, TEXTS, film, library, negatives, room


@pytest.fixture
def opened(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    return desk, made, desk.open_files([film(tmp_path / "a.png")])


def test_both_models_share_the_second_ones_report_as_the_positive(opened):
    desk, made, study = opened
    reading = desk.read_at_once(study, PAIR).reading
    assert [m.report.text for m in reading.models] == [TEXTS["baseline"], TEXTS["hard-negative"]]
    assert reading.positive == TEXTS["hard-negative"]
    assert reading.positive_source == "hard-negative"
    assert made["baseline"].positives == made["hard-negative"].positives == [TEXTS["hard-negative"]]


def test_a_new_positive_never_runs_the_encoder_again(opened):
    desk, made, study = opened
    read = desk.read_at_once(study, PAIR)
    edited = desk.with_positive(read, "Large right pneumothorax.")
    assert edited.reading.positive == "Large right pneumothorax."
    assert edited.reading.positive_source == "the reader's own text"
    assert made["baseline"].encodings == made["hard-negative"].encodings == [1]
    assert read.reading.positive == TEXTS["hard-negative"]


@pytest.mark.parametrize("text", ["", "   \n", "word " * MAX_POSITIVE])
def test_an_empty_or_endless_positive_is_refused(opened, text):
    desk, _, study = opened
    with pytest.raises(RrgError, match="positive"):
        desk.with_positive(desk.read_at_once(study, PAIR), text)


def test_a_positive_before_any_reading_is_refused(opened):
    desk, _, study = opened
    with pytest.raises(RrgError, match="Nothing has been read"):
        desk.with_positive(study, "No pneumothorax.")


def test_reports_grow_while_they_are_written(opened):
    desk, _, study = opened
    steps = list(desk.read(study, PAIR))
    texts = [step.drafts[1] for step in steps if step.drafts[1]]
    assert texts[0] == "The"
    assert texts == sorted(texts, key=len)
    assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]


def test_no_report_is_drafted_of_what_is_not_a_chest_film(tmp_path):
    desk, made = room(tmp_path / "checkpoints", chest=False)
    study = desk.open_files([film(tmp_path / "leg.png")])
    steps = list(desk.read(study, PAIR))
    assert all(step.drafts == ("", "") for step in steps)
    assert steps[-1].study.reading is None
    assert made["baseline"].encodings == []
    forced = desk.read_at_once(study, PAIR, override=True)
    assert forced.overridden
    assert export(forced)["read_against_screening"] is True


def test_an_override_that_is_not_needed_is_not_marked(opened):
    desk, _, study = opened
    assert not desk.read_at_once(study, PAIR, override=True).overridden


def test_a_reader_who_leaves_in_the_middle_locks_nobody_out(opened):
    desk, _, study = opened
    left = desk.read(study, PAIR)
    for _ in range(3):
        next(left)
    assert desk.read_at_once(study, PAIR).reading is not None


def test_uploads_are_deleted_read_or_refused(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    good, bad = film(tmp_path / "a.png"), tmp_path / "b.txt"
    bad.write_text("not a picture")
    desk.open_files([good], discard=True)
    assert not good.exists()
    with pytest.raises(RrgError) as refusal:
        desk.open_files([bad], discard=True)
    assert not bad.exists()
    assert "DICOM" in str(refusal.value)
    assert "b.txt" not in str(refusal.value)


def test_one_bad_file_of_two_refuses_both_and_deletes_both(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    files = [film(tmp_path / "a.png"), tmp_path / "b.png"]
    files[1].write_bytes(b"")
    with pytest.raises(RrgError):
        desk.open_files(files, discard=True)
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize("count", [0, 3])
def test_a_study_has_one_or_two_files(tmp_path, count):
    desk, _ = room(tmp_path / "checkpoints")
    with pytest.raises(RrgError, match=f"{count} files"):
        desk.open_files([film(tmp_path / f"{i}.png") for i in range(count)])


def test_a_guessed_view_is_said_to_be_guessed(opened):
    desk, _, study = opened
    assert study.films[0].view is View.UNKNOWN
    read = desk.read_at_once(study, PAIR)
    assert read.films[0].view is View.FRONTAL
    (warning,) = read.films[0].warnings
    assert "taken for frontal from the picture" in warning


def test_a_correction_starts_from_the_film_as_it_was_opened(opened):
    desk, _, study = opened
    once = desk.correct(study, [Correction(View.LATERAL, invert=True)])
    np.testing.assert_allclose(once.films[0].pixels, 1 - study.films[0].pixels, atol=1e-6)
    assert once.films[0].view is View.LATERAL
    assert {"inverted by the reader", "view given by the reader: lateral"} <= set(once.films[0].steps)
    back = desk.correct(once, [Correction()])
    np.testing.assert_array_equal(back.films[0].pixels, study.films[0].pixels)
    assert back.films[0].view is View.UNKNOWN


def test_the_export_is_json_and_names_no_file(opened, tmp_path):
    desk, _, study = opened
    text = json.dumps(export(desk.read_at_once(study, PAIR)), allow_nan=False)
    assert "a.png" not in text
    assert str(tmp_path) not in text
    assert "not for clinical use" in text
    found = json.loads(text)["models"][0]
    assert [s["verdict"] for s in found["sentences"]] == ["agrees", "contradicts", "agrees"]
    assert found["hard_negatives"]["note"] == "synthetic, false by construction"


def test_every_readable_negative_is_measured_by_both_models(opened):
    desk, made, study = opened
    other = "The heart size is normal. Old rib fracture."
    plain = made["baseline"].read

    def with_another_text(*args, **more):
        model = plain(*args, **more)
        path = [
            replace(p, readable=replace(p.readable, text=other, alignment=0.1))
            for p in model.hard_negatives.path
        ]
        return replace(model, hard_negatives=replace(model.hard_negatives, path=tuple(path)))

    made["baseline"].read = with_another_text
    reading = desk.read_at_once(study, PAIR).reading
    assert set(reading.readable) == {other, PEER, MIXED}
    assert reading.readable[other][0] == 0.1
    assert (
        reading.readable[other][1]
        == made["hard-negative"].weigh(("encoded", "hard-negative"), [other])[0].alignment
    )
    assert reading.readable[PEER][1] == 0.35  # known from its own search, not asked again
    assert [model for model, _ in readable_margins(reading, other)] == ["baseline", "hard-negative"]
    assert readable_margins(reading, other)[0][1] == pytest.approx(0.5 - 0.1)


def test_a_public_page_never_holds_a_recombined_text_of_a_licensed_collection(tmp_path):
    shelf, _ = library(tmp_path / "checkpoints")
    for public, held in ((True, False), (False, True)):
        desk = ReadingRoom(shelf, data_file=lambda name: None, terms=Terms(public))
        read = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
        for study in (read, desk.with_positive(read, "Large left pneumothorax.")):
            paths = [model.hard_negatives.path for model in study.reading.models]
            assert all((point.readable is not None) is held for path in paths for point in path)
            assert (MIXED in json.dumps(export(study))) is held
            assert bool(study.reading.readable) is held


def test_models_of_two_collections_or_one_model_twice_are_never_compared(tmp_path):
    shelf, made = library(tmp_path / "checkpoints", ("made", "simulated"))
    desk = ReadingRoom(shelf, data_file=lambda name: None)
    study = desk.open_files([film(tmp_path / "a.png")])
    with pytest.raises(RrgError, match="made/baseline and simulated/hard-negative are of two collections"):
        desk.read_at_once(study, (PAIR[0], Key("simulated", "hard-negative")))
    with pytest.raises(RrgError, match="Both models are made/baseline; choose two different ones"):
        desk.read_at_once(study, (PAIR[0], PAIR[0]))
    assert made["baseline"].encodings == made["hard-negative"].encodings == []


@pytest.mark.parametrize("collections", [("made", "simulated"), ("simulated", "made")])
def test_a_text_is_recombined_only_where_the_terms_of_both_models_allow_it(tmp_path, collections):
    shelf, _ = library(tmp_path / "checkpoints", ("made", "simulated"))
    desk = ReadingRoom(shelf, data_file=lambda name: None, terms=Terms(public=True))
    read = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
    mixed = (Key(collections[0], "baseline"), Key(collections[1], "hard-negative"))
    study = desk.with_positive(replace(read, pair=mixed), "Large left pneumothorax.")
    assert not study.reading.readable
    assert MIXED not in json.dumps(export(study))


@pytest.mark.parametrize(("low", "high", "kept"), [(0.2, 0.45, 0.0), (0.2, 0.7, 0.45), (0.6, 0.9, None)])
def test_the_margin_is_computed_from_the_path(low, high, kept):
    assert keeps_margin_to(negatives(0.5, low, high)) == (
        None if kept is None else pytest.approx(kept, abs=0.051)
    )


def test_examples_that_are_not_installed_say_what_to_do(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    assert {e.id for e in desk.examples()} == {RG1, CT}
    with pytest.raises(RrgError, match="pip install pydicom-data"):
        desk.open_example(RG1)
    with pytest.raises(RrgError, match="no example 'mars'"):
        desk.open_example("mars")


def test_a_link_is_only_given_where_the_archive_names_the_image(monkeypatch):
    from rrg.data import openi

    reports = {
        "7": openi.OpeniReport("7", "", "", "", images=("CXR7_IM-0001-1001",)),
        "8": openi.OpeniReport("8", "", "", ""),
    }
    monkeypatch.setattr(openi, "report_texts", lambda: reports)
    assert openi_link("7") == "https://openi.nlm.nih.gov/detailedresult?img=CXR7_IM-0001-1001"
    assert openi_link("8") is None
    assert openi_link("") is None

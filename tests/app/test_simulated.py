"""Simulated studies in the reading room: truth, masks and twins, labelled wherever they are shown, complete offline."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import app
from rrg.app import evidence, present_evidence, present_neighbours, present_simulated, viewer
from rrg.app.asked import Asked, Intake
from rrg.app.endpoints import Endpoints
from rrg.app.examples import CT, folder_examples, shipped_examples
from rrg.app.export import export
from rrg.app.export_text import as_text
from rrg.app.present import notices
from rrg.app.reading_room import REFERENCE, ReadingRoom
from rrg.app.truth import NONE, KnownTruth, Twin, runs
from rrg.app.truth import SIMULATED as LABEL
from rrg.app.view import Page
from rrg.data.datasets import load_studies
from rrg.data.simulated import SimulatedFact, load_masks
from rrg.types import RrgError, Side, View
from tests.app.doubles import PAIR, film, library
from tests.app.simulated import COLLECTION, EXAMPLES, GALLERY, SIMULATED, simulated_room
from tests.app.test_present import Tags


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def desk(root):
    return simulated_room(root)


@pytest.fixture(scope="module")
def shown(desk):
    """The example of a pair in which a finding is there or not, the one with the finding."""
    found = [each for each in desk.simulated if each.twin.change == "presence" and each.twin.there == NONE]
    return found[0]


@pytest.fixture(scope="module")
def read(desk, shown):
    return desk.read_at_once(desk.open_example(shown.id), SIMULATED)


# --- What is offered, and what is known of it ---


def test_examples_come_with_their_twins_which_are_reached_only_from_them(desk):
    listed = [each for each in desk.simulated if each.listed]
    assert (len(listed), len(desk.simulated)) == (EXAMPLES, 2 * EXAMPLES)
    for each in desk.simulated:
        twin = desk.open_example(each.twin.id).truth.twin
        assert (twin.id, twin.here, twin.there) == (each.id, each.twin.there, each.twin.here)
        assert twin.listed == each.listed
        assert each.reference
        assert "LIDC-IDRI-0001" in each.simulated
        assert each.collection == COLLECTION


def test_examples_are_called_by_the_finding_that_their_twin_has_not(desk, shown):
    listed = [each for each in desk.simulated if each.listed]
    assert [each.id for each in listed] == json.loads((shown.cohort / "cohort.json").read_text())["examples"]
    for each in listed:
        here = each.twin.here.split(", ")[0]
        assert here == NONE or each.title.lower().startswith(here.removeprefix("calcified "))


def test_a_study_opens_with_the_masks_of_its_films(desk, shown):
    study = desk.open_example(shown.id)
    assert [each.view for each in study.films] == [View.FRONTAL, View.LATERAL]
    for each, masks in zip(study.films, study.truth.masks, strict=True):
        assert (masks == load_masks(shown.cohort, shown.id)[each.view]).all()
        assert masks.shape == (len(study.truth.facts), *each.pixels.shape)


def test_a_correction_keeps_what_is_known_and_clears_what_was_read(desk, read):
    corrected = desk.correct(read, [])
    assert corrected.truth is read.truth
    assert corrected.simulated
    assert (corrected.reading, corrected.screening, corrected.encoded) == (None, None, ())


def test_the_environment_offers_them_also_on_a_public_page(root, desk, monkeypatch):
    monkeypatch.setenv("RRG_CHECKPOINTS", str(root))
    monkeypatch.setenv("RRG_PUBLIC", "1")
    monkeypatch.delenv("RRG_DATA", raising=False)
    assert [each.id for each in app.room().simulated] == [each.id for each in desk.simulated]


def test_a_cohort_as_data_folder_is_offered_as_simulated_too(root):
    found = folder_examples(root / "whole")
    assert sum(each.twin is not None for each in found) == 32
    assert all(each.simulated and each.cohort for each in found)
    assert all(each.collection == "" for each in found)


def test_a_sample_without_models_is_offered_and_read_by_those_that_are_chosen(root, tmp_path, shown):
    shutil.copytree(root / COLLECTION / "cohort", tmp_path / COLLECTION / "cohort")
    alone, _ = library(tmp_path)
    desk = ReadingRoom(alone, data_file=lambda name: None, simulated=shipped_examples(alone.cohorts()))
    page = Page(desk)
    updates = list(page.panel.simulated.on_pick("baseline", "hard-negative", "made", None, Picked(shown.id)))
    assert last(updates, page.study).pair == PAIR
    assert not any(page.header.collection in update for update in updates)


def test_a_broken_sample_is_left_out(desk, root, tmp_path, caplog):
    (tmp_path / "cohort.json").write_text("{")
    assert shipped_examples({"other": tmp_path}) == ()
    assert "not offered" in caplog.text


def test_a_blind_reading_draws_from_the_collection_and_hides_the_truth(desk):
    assert {each.collection for each in desk.drawn_from(COLLECTION)} == {COLLECTION}
    assert all(not each.collection for each in desk.drawn_from("made"))


# --- Labelled wherever it is shown ---


def test_films_say_simulated(desk, read):
    assert viewer.truth(read)["label"] == "SIMULATED"
    assert viewer.truth(desk.open_example(CT)) == {"label": "SIMULATED"}
    assert viewer.truth(replace(read, simulated="", truth=None)) == {}


def test_the_card_says_what_is_true_and_whose_ct_it_was(desk, read, shown):
    seen = Tags(present_simulated.truth(read)).text
    assert LABEL in seen
    assert shown.twin.here in seen
    assert f"without the {shown.twin.here}" in seen
    assert "LIDC-IDRI-0001" in seen
    twin = desk.open_example(shown.twin.id)
    assert present_simulated.twin_button(read) != present_simulated.twin_button(twin)
    assert present_simulated.truth(replace(read, simulated="", truth=None)) == ""


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("left nodule", NONE, "without the left nodule"),
        (NONE, "left nodule", "with a finding more: left nodule"),
        ("left nodule", "right nodule", "right nodule, instead of left nodule"),
    ],
)
def test_the_difference_is_told_from_this_study_to_its_twin(here, there, said):
    assert Twin("other", "side", here, there).difference == said


def test_exports_say_it_and_hold_what_is_known(read):
    value = export(read)
    assert "LIDC-IDRI-0001" in value["simulated"]
    assert len(value["truth"]["findings"]) == len(read.truth.facts)
    assert value["truth"]["twin"]["there"] == NONE
    json.dumps(value)
    text = as_text(value)
    assert text.index(LABEL) < text.index("Films")
    assert "What is true of this simulated study" in text
    other = export(replace(read, simulated="", truth=None))
    assert (other["simulated"], other["truth"]) == (None, None)
    assert LABEL not in as_text(other)


def test_neighbours_have_films_and_texts_and_say_that_they_are_simulated(desk, read):
    found = [n.study_id for model in read.reading.models for n in model.neighbours]
    pictures = desk.pictures_of(COLLECTION).of(found)
    assert {len(pictures[name]) for name in found} == {2}
    html = present_neighbours.neighbours(read.reading, pictures, desk.notice_of(COLLECTION))
    assert html.count("<img") == 2 * 2 * GALLERY
    seen = Tags(html).text
    assert seen.count("◇ simulated") == 2 * GALLERY
    assert "LIDC-IDRI-0001" in seen
    assert "Coded by the archive" not in seen
    assert "href" not in html
    assert desk.pictures_of("made") is desk.pictures
    assert desk.notice_of("made") == ""


def test_films_unlike_those_that_the_models_learned_from_are_named(desk, read, shown, tmp_path):
    assert notices(read) == ""
    other = desk.read_at_once(desk.open_example(shown.id), PAIR)
    assert "learned from real films and this one is simulated" in notices(other)
    real = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), SIMULATED)
    assert "learned from simulated films and this one is real" in notices(real)


# --- Masks and heat maps ---


@pytest.mark.parametrize(
    ("mask", "lengths"),
    [
        ([[0, 0], [0, 0]], [4]),
        ([[1, 1], [1, 1]], [0, 4]),
        ([[0, 1], [1, 0]], [1, 2, 1]),
        ([[1, 0], [0, 1]], [0, 1, 2, 1]),
    ],
)
def test_masks_travel_as_runs(mask, lengths):
    assert runs(np.array(mask, bool)) == lengths


def test_the_viewer_is_given_every_finding_on_every_film(read):
    facts = viewer.truth(read)["facts"]
    for number, fact in enumerate(facts):
        for place, given in enumerate(fact["films"]):
            inside = np.repeat(np.arange(len(given["runs"])) % 2 == 1, given["runs"])
            mask = inside.reshape(given["height"], given["width"])
            assert (mask == read.truth.masks[place][number]).all()
    json.dumps(facts)


def test_sentences_tell_known_findings(read):
    facts = (
        SimulatedFact("pleural effusion", "Pleural Effusion", Side.RIGHT, "mild", None, 2),
        SimulatedFact("nodule", "Lung Lesion", Side.LEFT, None, "upper lobe", 0),
    )
    known = KnownTruth(facts, ())
    assert known.told_by("whatever it says", 2) == (0,)
    assert known.told_by("Small right pleural effusion.") == (0,)
    assert known.told_by("No pleural effusion.") == ()
    assert known.told_by("A nodule in the left upper lobe. Large effusion.") == (0, 1)


def test_the_maps_strongest_point_is_looked_up_in_the_mask(desk, read):
    """The doubles' maps are strongest in the left half; a square's finding stands at the top left of the frontal film."""
    place = read.truth.facts[0].sentence
    number = [name for name, _ in evidence.texts(read)].index(REFERENCE)
    found = evidence.sentence_evidence(desk, read, number, place)
    assert 0 in evidence.told(read, found)
    assert evidence.heat(read, found)["facts"] == list(evidence.told(read, found))
    hits = evidence.pointing(read, found)
    assert set(hits) == {"baseline", "hard-negative"}
    assert [view for view, _ in hits["baseline"]] == [View.FRONTAL, View.LATERAL]
    left = np.zeros_like(read.truth.masks[0])
    left[:, 128:, :64] = True
    inside = replace(read, truth=replace(read.truth, masks=(left, ~left)))
    assert evidence.pointing(inside, found)["baseline"] == ((View.FRONTAL, False), (View.LATERAL, True))
    assert evidence.pointing(replace(read, truth=None), found) == {}
    seen = Tags(present_evidence.evidence(found, evidence.pointing(inside, found))).text
    assert seen.count("✗ outside the true finding, frontal") == 2
    assert seen.count("✓ in the true finding, lateral") == 2


# --- For other programs ---


def test_truth_and_twin_have_endpoints_of_their_own(desk, shown):
    endpoints = Endpoints(Intake(desk, PAIR))
    told = endpoints.truth(shown.id)
    assert told["twin"]["id"] == shown.twin.id
    assert told["films"] == ["frontal", "lateral"]
    assert len(told["masks"]) == len(told["findings"])
    twin = endpoints.read_twin(shown.id, "", "")
    assert twin["twin"] == told["twin"]
    assert twin["reading"]["truth"]["twin"]["id"] == shown.id
    rows = {row["id"]: row for row in endpoints.examples()}
    assert rows[shown.id]["twin"] == shown.twin.id
    assert rows[shown.id]["simulated"]
    assert rows["rg1"]["twin"] is None
    for refused in (endpoints.truth, lambda name: endpoints.read_twin(name, "", "")):
        with pytest.raises(RrgError, match="only of simulated"):
            refused(CT)


def test_an_example_is_read_by_the_models_of_its_own_collection(desk, shown):
    found = Endpoints(Intake(desk, PAIR)).read(Asked(example=shown.id))
    texts = {study.id for study in load_studies(shown.cohort, "train")}
    assert {n["study"] for model in found["models"] for n in model["neighbours"]} == texts


# --- The page ---


@pytest.fixture
def page(desk):
    return Page(desk)


class Picked:
    def __init__(self, study):
        self.study = study


def last(updates, component):
    return [update[component] for update in updates if component in update][-1]


def test_a_study_of_the_strip_switches_to_its_models_and_its_twin_is_one_click_away(page, desk, shown):
    strip, truth = page.panel.simulated, page.truth
    assert page.header.collection.value == "made"
    updates = list(strip.on_pick("baseline", "hard-negative", "made", None, Picked(shown.id)))
    assert last(updates, page.header.collection) == COLLECTION
    study = last(updates, page.study)
    assert study.pair == SIMULATED
    assert last(updates, truth.twin)["visible"]
    choice = ("baseline", "hard-negative", COLLECTION)
    twin = last(list(truth.on_twin(*choice, study)), page.study)
    assert twin.truth.twin.id == shown.id
    assert last(list(truth.on_twin(*choice, twin)), page.study).own == study.own
    assert list(truth.on_twin(*choice, None)) == []


def test_other_films_have_neither_truth_nor_twin(page, tmp_path):
    updates = list(
        page.panel.on_upload([film(tmp_path / "a.png")], "baseline", "hard-negative", "made", None)
    )
    assert last(updates, page.truth.truth) == ""
    assert not last(updates, page.truth.row)["visible"]


def test_a_blind_ballot_does_not_tell_the_truth(page):
    updates = list(page.blind.on_draw("baseline", "hard-negative", COLLECTION, None, None))
    study = last(updates, page.study)
    assert (study.truth, study.reference) == (None, "")
    assert study.simulated
    assert "What is true" not in last(updates, page.truth.truth)

"""Cohorts on disk: the layout that every reader knows, the same bytes however they are made, nothing lost."""

import csv
import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from rrg.data.coded_labels import coded_labels
from rrg.data.datasets import load_studies
from rrg.data.findings import differing_fact, label_report
from rrg.data.reports import sentences
from rrg.data.simulated import is_simulated, load_facts, load_masks, load_pairs
from rrg.simulation import cohort
from rrg.simulation.cohort import Settings, make_cohort, split_of, study_seed
from rrg.simulation.facts import goes_with
from rrg.simulation.language import compose
from rrg.simulation.sampling import sample_truth
from rrg.simulation.truth import Kind, from_json
from rrg.simulation.twins import CHANGES, sample_twins
from rrg.types import RrgError, View
from tests.simulation.doubles import make_nothing, make_squares

STUDIES, PAIRS = 24, 8


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort") / "simulated"
    make_cohort(folder, Settings(STUDIES, PAIRS, seed=3), simulator=make_squares)
    return folder


def bytes_of(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_reader_finds_studies_images_views_and_labels(made):
    studies = load_studies(made)
    assert len(studies) == STUDIES + 2 * PAIRS
    for study in studies:
        assert study.views == (View.FRONTAL, View.LATERAL)
        assert study.report
        assert study.impression
        assert study.patient.startswith("simulated:")
        assert coded_labels(study) is not None
        with Image.open(study.images[0]) as image:
            assert (image.size, image.mode) == ((256, 256), "L")
    assert {study.split for study in studies} <= {"train", "val", "test", "pairs"}


def test_coded_labels_are_those_of_the_truth(made):
    for study in load_studies(made):
        record = json.loads((made / "truth" / f"{study.id}.json").read_text())
        wanted = {fact["label"] for fact in record["facts"]} - {None}
        coded = coded_labels(study)
        assert coded == wanted | (set() if wanted - {"Support Devices"} else {"No Finding"})


def test_truth_report_and_masks_belong_together(made):
    for study in load_studies(made):
        record = json.loads((made / "truth" / f"{study.id}.json").read_text())
        truth, facts, masks = (
            from_json(record["truth"]),
            load_facts(made, study.id),
            load_masks(made, study.id),
        )
        assert [fact.kind for fact in facts] == [str(fact.kind) for fact in truth.facts]
        assert set(masks) == {View.FRONTAL, View.LATERAL}
        told = sentences(study.report)
        for at, fact in enumerate(facts):
            assert np.argwhere(masks[View.FRONTAL][at])[0].tolist() == [0, 30 * at]
            assert np.argwhere(masks[View.LATERAL][at])[0].tolist() == [100, 30 * at]
            found = {found.label for found in label_report(told[fact.sentence])}
            assert fact.label is None or found & {fact.label, "Lung Opacity", "Edema"}, told[fact.sentence]


def test_a_study_without_findings_has_empty_masks(made):
    normal = [study for study in load_studies(made) if not load_facts(made, study.id)]
    assert normal
    for study in normal:
        for number in (0, 1):
            assert not np.asarray(Image.open(made / "masks" / study.id / f"{number}.png")).any()


def test_everything_says_simulated_and_names_the_ct(made):
    assert is_simulated(made)
    for name in ("cohort.json", "pairs.json"):
        notice = json.loads((made / name).read_text())["notice"]
        assert notice.startswith("SIMULATED")
        assert "LIDC-IDRI-0001" in notice
        assert "CC BY 3.0" in notice
    assert not is_simulated(made.parent)


def test_two_processes_make_the_same_bytes_as_one(made, tmp_path):
    other = tmp_path / "other"
    counts = make_cohort(other, Settings(STUDIES, PAIRS, seed=3), processes=2, simulator=make_squares)
    assert bytes_of(other) == bytes_of(made)
    assert counts["pairs"] == 2 * PAIRS
    assert sum(counts.values()) == STUDIES + 2 * PAIRS


def test_a_finished_cohort_is_not_made_again_and_a_missing_study_is(made, tmp_path):
    before = bytes_of(made)
    make_cohort(made, Settings(STUDIES, PAIRS, seed=3), simulator=make_nothing)
    lost = next((made / "truth").iterdir())
    lost.unlink()
    make_cohort(made, Settings(STUDIES, PAIRS, seed=3), simulator=make_squares)
    assert bytes_of(made) == before


def test_a_cohort_may_grow_and_what_is_there_stays(tmp_path):
    folder = tmp_path / "grows"
    make_cohort(folder, Settings(3, seed=5), simulator=make_squares)
    before = {study.id: (study.split, study.report) for study in load_studies(folder)}
    make_cohort(folder, Settings(6, 1, seed=5), simulator=make_squares)
    after = {study.id: (study.split, study.report) for study in load_studies(folder)}
    assert len(after) == 8
    assert {name: after[name] for name in before} == before


def test_seeds_and_splits():
    seeds = [study_seed(1, use, at) for use in (0, 1) for at in range(1_000)]
    assert len(set(seeds)) == 2_000
    assert not set(seeds) & {study_seed(2, 0, at) for at in range(1_000)}
    shares = [split_of(seed) for seed in seeds]
    assert 0.76 < shares.count("train") / 2_000 < 0.84
    assert 0.07 < shares.count("val") / 2_000 < 0.13


# --- Pairs ---


def test_pairs_are_one_body_with_one_fact_changed(made):
    pairs = load_pairs(made)
    assert len(pairs) == PAIRS
    assert {pair.change for pair in pairs} == set(CHANGES)
    for pair in pairs:
        records = [made / "truth" / f"{study.id}.json" for study in (pair.first, pair.second)]
        first, second = (json.loads(record.read_text())["truth"] for record in records)
        assert (first["body"], first["seed"], first["position"]) == (
            second["body"],
            second["seed"],
            second["position"],
        )
        only = [fact for fact in first["facts"] if fact not in second["facts"]]
        instead = [fact for fact in second["facts"] if fact not in first["facts"]]
        assert (len(only), len(instead)) == (1, 0 if pair.change == "presence" else 1)
        assert first["facts"][pair.fact[0]] == only[0]
        assert pair.first.patient == pair.second.patient
        assert pair.twin(pair.first.id) is pair.second
        assert pair.twin(pair.second.id) is pair.first


def test_the_reports_of_twins_differ_in_that_fact():
    for number in range(160):
        twins = sample_twins(10_000 + number, number)
        kinds = {twins.kind}
        one, other = (compose(truth, kinds, kinds) for truth in (twins.first, twins.second))
        assert one.findings != other.findings
        if twins.kind not in {Kind.HYPERINFLATION, Kind.ELEVATED_HEMIDIAPHRAGM}:  # of no class
            assert differing_fact(label_report(one.findings), label_report(other.findings)), twins.description


def test_twins_take_every_change_of_every_kind_in_turn():
    twins = [sample_twins(20_000 + number, number) for number in range(4 * len(Kind))]
    assert {(each.change, each.kind) for each in twins} == {
        (c, k) for c, kinds in CHANGES.items() for k in kinds
    }
    for each in twins:
        for truth in (each.first, each.second):
            assert all(goes_with(f, [o for o in truth.facts if o is not f]) for f in truth.facts)


def test_a_data_folder_without_pairs_has_none(tmp_path):
    assert load_pairs(tmp_path) == []


# --- Refusals ---


@pytest.mark.parametrize(
    "wrong", [{"studies": 0}, {"studies": -1}, {"studies": 3, "pairs": -2}, {"studies": 1, "seed": -1}]
)
def test_numbers_that_make_no_cohort_are_refused(wrong):
    with pytest.raises(RrgError, match="least"):
        Settings(**wrong)


def test_another_folder_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RrgError, match="something else"):
        make_cohort(tmp_path, Settings(1), simulator=make_nothing)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(RrgError, match="is a file"):
        make_cohort(tmp_path / "notes.txt", Settings(1), simulator=make_nothing)


def test_a_cohort_of_another_seed_or_version_is_not_mixed(made, monkeypatch):
    with pytest.raises(RrgError, match="another seed"):
        make_cohort(made, Settings(STUDIES, seed=4), simulator=make_nothing)
    monkeypatch.setattr(cohort, "version", lambda: "other")
    with pytest.raises(RrgError, match="another version"):
        make_cohort(made, Settings(STUDIES, seed=3), simulator=make_nothing)


def test_a_broken_record_and_broken_masks_are_told(made, tmp_path):
    folder = tmp_path / "broken"
    make_cohort(folder, Settings(2, 1, seed=8), simulator=make_squares)
    name = load_studies(folder)[0].id
    (folder / "masks" / name / "0.png").write_bytes(b"no picture")
    with pytest.raises(RrgError, match="masks"):
        load_masks(folder, name)
    (folder / "pairs.json").write_text("{}")
    with pytest.raises(RrgError, match="broken"):
        load_pairs(folder)
    (folder / "truth" / f"{name}.json").write_text("{")
    with pytest.raises(RrgError, match="again"):
        make_cohort(folder, Settings(2, 1, seed=8), simulator=make_squares)


def test_the_table_has_the_columns_of_iu_xray(made):
    with (made / "studies.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:7] == ["id", "uid", "split", "mesh", "problems", "impression", "indication"]
    assert all(row["mesh"] and row["impression"] and row["indication"] for row in rows)
    assert sample_truth(study_seed(3, 0, 0)).seed == int(rows[0]["patient"].removeprefix("simulated:"))

"""The shipped sample: every kind of finding, twins whole, a gallery of training studies, the same bytes, nothing lost."""

import json
from collections import Counter

import pytest
from PIL import Image
from typer.testing import CliRunner

from rrg.data import sample
from rrg.data.datasets import load_studies
from rrg.data.sample import SIDE, write_sample
from rrg.data.simulated import is_simulated, load_facts, load_masks, load_pairs
from rrg.simulation.cohort import Settings, make_cohort
from rrg.simulation.truth import Kind
from rrg.types import RrgError
from tests.simulation.doubles import make_squares
from tests.simulation.test_cohort import bytes_of

EXAMPLES, GALLERY = 20, 6


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "cohort"
    make_cohort(folder, Settings(12, 60, seed=4), simulator=make_squares)
    return folder


@pytest.fixture(scope="module")
def made(whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "cohort"
    write_sample(whole, folder, EXAMPLES, GALLERY)
    return folder


def test_every_reader_knows_the_sample(made, whole):
    assert is_simulated(made)
    counts = Counter(study.split for study in load_studies(made))
    assert counts == {"train": GALLERY, "pairs": 2 * EXAMPLES}
    originals = {study.id: study for study in load_studies(whole)}
    for study in load_studies(made):
        original = originals[study.id]
        assert (study.report, study.impression, study.labels, study.patient) == (
            original.report, original.impression, original.labels, original.patient,
        )  # fmt: skip
    marker = json.loads((made / "cohort.json").read_text())
    assert "LIDC-IDRI-0001" in marker["notice"]
    assert "LIDC-IDRI-0001" in json.loads((made / "pairs.json").read_text())["notice"]


def test_examples_are_whole_and_of_every_finding(made, whole):
    pairs = load_pairs(made)
    kinds = Counter(pair.kind for pair in pairs)
    assert set(kinds) == {str(kind) for kind in Kind}
    assert max(kinds.values()) - min(kinds.values()) <= 1
    assert {pair.change for pair in pairs} == {"presence", "side", "severity", "place"}
    for study in (each for pair in pairs for each in (pair.first, pair.second)):
        assert load_facts(made, study.id) == load_facts(whole, study.id)
        masks, wanted = load_masks(made, study.id), load_masks(whole, study.id)
        assert all((masks[view] == wanted[view]).all() for view in wanted)
        for path in study.images:
            assert path.read_bytes() == (whole / path.relative_to(made)).read_bytes()


def test_each_pair_shows_one_of_its_studies_and_some_are_shown_without_the_finding(made):
    shown = json.loads((made / "cohort.json").read_text())["examples"]
    pairs = load_pairs(made)
    assert sorted(name[:-1] for name in shown) == [pair.id for pair in pairs]
    without = [pair for pair in pairs if pair.second.id in shown]
    assert without
    assert all(pair.change == "presence" and pair.fact[1] is None for pair in without)


def test_the_gallery_has_small_films(made):
    for study in load_studies(made, "train"):
        for path in study.images:
            with Image.open(path) as image:
                assert (image.size, image.mode, image.format) == ((SIDE, SIDE), "L", "JPEG")


def test_the_typical_pair_is_in_the_middle(whole, monkeypatch):
    alike = [pair for pair in load_pairs(whole) if pair.kind == str(Kind.NODULE)][:3]
    sizes = dict(zip([pair.id for pair in alike], (900, 10, 50), strict=True))
    monkeypatch.setattr(sample, "_area", lambda _folder, pair: sizes[pair.id])
    assert sample._typical(whole, alike) is alike[2]


def test_the_same_cohort_gives_the_same_bytes_and_an_old_sample_is_replaced(made, whole, tmp_path):
    out = tmp_path / "cohort"
    write_sample(whole, out, 2, 1)
    (out / "left.txt").write_text("from the sample before")
    write_sample(whole, out, EXAMPLES, GALLERY)
    assert bytes_of(out) == bytes_of(made)
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]


def test_what_is_no_sample_is_left_alone(whole, tmp_path):
    with pytest.raises(RrgError, match="no simulated cohort"):
        write_sample(tmp_path, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(RrgError, match="something else"):
        write_sample(whole, tmp_path / "mine", EXAMPLES, GALLERY)
    with pytest.raises(RrgError, match="something else"):
        write_sample(whole, whole, EXAMPLES, GALLERY)
    with pytest.raises(RrgError, match="is a file"):
        write_sample(whole, tmp_path / "mine" / "notes.txt", EXAMPLES, GALLERY)


def test_too_little_and_too_much_are_refused_and_the_old_sample_stays(whole, tmp_path, monkeypatch):
    out = tmp_path / "cohort"
    write_sample(whole, out, 2, 1)
    before = bytes_of(out)
    with pytest.raises(RrgError, match="--pairs"):
        write_sample(whole, out, 61, 1)
    with pytest.raises(RrgError, match="--studies"):
        write_sample(whole, out, 2, 1000)
    monkeypatch.setattr(sample, "MOST_BYTES", 1000)
    with pytest.raises(RrgError, match="fewer --gallery"):
        write_sample(whole, out, 2, 1)
    assert bytes_of(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]


def test_the_command_says_what_it_made_and_refuses_with_code_2(whole, tmp_path):
    import typer

    app = typer.Typer()
    app.command()(sample.main)
    asked = ["--data", str(whole), "--out", str(tmp_path / "out"), "--examples", "3", "--gallery", "2"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0
    assert "3 examples with twins, 2 gallery studies" in done.output
    assert CliRunner().invoke(app, ["--data", str(tmp_path), "--out", str(tmp_path / "o")]).exit_code == 2

"""The reading room over real, if tiny, checkpoints: from a file over loopback to JSON."""

from itertools import pairwise

import pytest
from gradio_client import handle_file

from rrg.app.examples import RG1, pydicom_file
from rrg.app.library import Key, Library
from rrg.app.readers import open_reader
from rrg.app.reading_room import ReadingRoom
from tests.app.browsing import client_of, serving
from tests.app.checkpoints import make_collection
from tests.app.doubles import film

PAIR = (Key("made", "baseline"), Key("made", "hard-negative"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return ReadingRoom(Library(make_collection(tmp_path_factory.mktemp("checkpoints")), open_reader))


def test_one_film_becomes_two_readings_on_one_peer(desk, tmp_path):
    study = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
    first, second = study.reading.models
    assert first.revision != second.revision
    assert len(first.neighbours) == 4
    assert study.size == 64
    assert study.reading.positive == second.report.text


def test_the_same_film_gives_the_same_report(desk, tmp_path):
    study = desk.open_files([film(tmp_path / "a.png")])
    one, two = (desk.read_at_once(study, PAIR).reading for _ in range(2))
    assert [m.report for m in one.models] == [m.report for m in two.models]


def test_the_alignment_never_falls_as_lambda_falls(desk, tmp_path):
    study = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
    edited = desk.with_positive(study, "Small right pleural effusion.")
    for model in edited.reading.models:
        path = model.hard_negatives.path
        assert [p.hardness for p in path] == pytest.approx([i / 20 for i in range(20, -1, -1)])
        assert all(b.alignment >= a.alignment - 1e-6 for a, b in pairwise(path))


def test_a_client_reads_a_real_film_over_loopback(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with serving(desk) as url:
        client = client_of(url, download_files=False)
        installed = {e["id"] for e in client.predict(api_name="/examples") if e["installed"]}
        source = pydicom_file("RG1_UNCR.dcm") if RG1 in installed else film(tmp_path / "a.png")
        reading = client.predict([handle_file(str(source))], api_name="/read")
    assert [m["model"] for m in reading["models"]] == ["baseline", "hard-negative"]
    assert reading["films"][0]["format"] == ("DICOM" if RG1 in installed else "PNG")
    left = [file for file in (tmp_path / "uploads").rglob("*") if file.is_file() and file.stat().st_size]
    assert left == []

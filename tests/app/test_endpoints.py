"""The reading room for other programs: typed, documented, refusing in words; called over loopback as they would."""

import json
from pathlib import Path

import pytest
from gradio_client import handle_file

from rrg.app.endpoints import Endpoints
from rrg.types import RrgError
from tests.app.browsing import client_of, serving
from tests.app.doubles import PAIR, TEXTS, film, room
from tests.app.test_view import SERVED

DRAFT = TEXTS["hard-negative"]
ASKED = ("", "", False)  # first, second, override


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temporary"))
        desk, _ = room(folder / "checkpoints")
        with serving(desk) as url:
            yield client_of(url)


@pytest.fixture
def files(tmp_path):
    return [handle_file(str(film(tmp_path / "a.png")))]


@pytest.fixture
def direct(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    return Endpoints(desk, PAIR), made


def test_every_endpoint_is_typed_and_described(client):
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(described) == {f"/{name}" for name in SERVED}
    for name, each in described.items():
        assert each["description"], name
        assert all(value["label"] and value["python_type"]["type"] for value in each["parameters"]), name
        assert each["returns"], name


def test_a_probe_over_the_wire(client, files):
    (one,) = client.predict(files, DRAFT, DRAFT.replace("right", "left"), *ASKED, api_name="/probe")
    assert [model["model"] for model in one["models"]] == ["baseline", "hard-negative"]
    assert one["models"][1]["alignment_margin"] == pytest.approx(0.05)
    assert one["models"][1]["likelihood_margin"] == pytest.approx(2.0)
    assert one["models"][1]["original"]["per_token"] < 0
    every = client.predict(files, DRAFT, "", *ASKED, api_name="/probe")
    assert [each["flip"] for each in every] == client.predict(DRAFT, api_name="/flips")


def test_neighbours_and_negatives_over_the_wire(client, files):
    found = client.predict(files, *ASKED, api_name="/neighbours")
    assert [each["study"] for each in found["baseline"]] == ["MADE1", "MADE2", "MADE3"]
    mine = client.predict(files, "Large right pneumothorax.", *ASKED, api_name="/negatives")
    assert mine["positive"] == {"text": "Large right pneumothorax.", "source": "the reader's own text"}
    assert mine["models"]["hard-negative"]["note"] == "synthetic, false by construction"
    drafted = client.predict(files, "", *ASKED, api_name="/negatives")
    assert drafted["positive"]["text"] == DRAFT


def test_evidence_for_a_sentence_over_the_wire(client, files):
    found = client.predict(files, "Clear lungs. No pneumothorax.", 1, *ASKED, api_name="/evidence")
    assert (found["sentence"], found["scale"]) == ("No pneumothorax.", pytest.approx(0.8))
    weak, strong = found["models"]
    assert weak["maps"][0]["values"][1] == pytest.approx([0.2] * 4 + [0.0] * 4)
    assert strong["maps"][0]["values"][0] == [None] * 8  # outside the field of view
    assert strong["maps"][0]["view"] == "frontal"
    assert [each["word"] for each in strong["words"]] == ["no", "pneumothorax."]
    drafted = client.predict(files, "", 1, *ASKED, api_name="/evidence")
    assert drafted["sentence"] == "Small right pleural effusion."
    with pytest.raises(Exception, match="no sentence 7; counted from 0"):
        client.predict(files, "Clear lungs.", 7, *ASKED, api_name="/evidence")


def test_scores_over_the_wire_say_what_is_missing(client):
    found = client.predict("", api_name="/scores")
    assert found["collection"] == "made"
    assert found["results"] == []
    assert len(found["missing"]) == 3
    with pytest.raises(Exception, match="no collection 'nothing'; there are made"):
        client.predict("nothing", api_name="/scores")


def test_an_export_over_the_wire(client, files):
    path = Path(client.predict(files, "json", *ASKED, api_name="/export"))
    assert path.name == "reading.json"
    assert json.loads(path.read_text())["models"][0]["report"] == TEXTS["baseline"]
    assert Path(client.predict(files, "pdf", *ASKED, api_name="/export")).read_bytes().startswith(b"%PDF")


def test_refusals_keep_their_words_over_the_wire(client, files):
    with pytest.raises(Exception, match="characters; give one of 1 to"):
        client.predict("", api_name="/flips")
    with pytest.raises(Exception, match="names no checkpoint"):
        client.predict(files, "aligned", "", False, api_name="/neighbours")


def test_uploads_are_gone_and_a_wrong_format_reads_nothing(direct, tmp_path):
    served, made = direct
    source = film(tmp_path / "b.png")
    with pytest.raises(RrgError, match="no format"):
        served.export([str(source)], "docx", *ASKED)
    assert made["baseline"].encodings == []
    assert not source.exists()
    served.export([str(film(source))], "txt", *ASKED)
    assert made["baseline"].encodings == [1]
    assert not source.exists()


def test_a_leg_is_refused_by_every_endpoint_unless_overridden(tmp_path):
    desk, _ = room(tmp_path / "checkpoints", chest=False)
    served = Endpoints(desk, PAIR)
    for ask in (
        lambda f, o: served.probe(f, DRAFT, "", "", "", o),
        lambda f, o: served.neighbours(f, "", "", o),
        lambda f, o: served.negatives(f, "", "", "", o),
        lambda f, o: served.evidence(f, "", 0, "", "", o),
    ):
        with pytest.raises(RrgError, match="leg"):
            ask([str(film(tmp_path / "a.png"))], False)
        assert ask([str(film(tmp_path / "a.png"))], True)

"""The reading room for other programs: typed, documented, refusing in words; called over loopback as they would."""

import csv
import io
import json
import logging
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from gradio_client import handle_file

from rrg.app import answers, answers_told, probe
from rrg.app.asked import Asked, Intake
from rrg.app.endpoints import Endpoints
from rrg.app.endpoints_blind import BlindEndpoints
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.app.terms import Terms
from rrg.types import RrgError
from tests.app.browsing import client_of, left_in, serving
from tests.app.doubles import PAIR, SECRET, TEXTS, dicom, film, library, room
from tests.app.test_view import SERVED

DRAFT = TEXTS["hard-negative"]
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where gradio puts what is uploaded, and what is exported."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def client(tmp_path_factory, temporary):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(temporary))
        desk, _ = room(tmp_path_factory.mktemp("served"))
        with serving(desk) as url:
            yield client_of(url)


@pytest.fixture
def files(tmp_path):
    return [handle_file(str(film(tmp_path / "a.png")))]


@pytest.fixture
def direct(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    return Endpoints(Intake(desk, PAIR)), made


def test_every_endpoint_is_typed_and_described(client):
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(described) == {f"/{name}" for name in SERVED}
    for name, each in described.items():
        assert each["description"], name
        assert all(value["label"] and value["python_type"]["type"] for value in each["parameters"]), name
        assert each["returns"], name
    for name, kind in ANSWERS.items():
        for key, words in answers_told.keys(kind):
            assert words, f"{name}: {key} is not described"
            assert f"`{key}`: {words}" in described[f"/{name}"]["description"]


def test_the_readme_names_every_endpoint_and_what_it_answers():
    rows = {row.split("`")[1]: row for row in README.splitlines() if row.startswith("| `/")}
    assert set(rows) == {f"/{name}" for name in SERVED}
    for name, kind in ANSWERS.items():
        top = {
            path.split("[].")[-1].split("{}.")[-1] for path, _ in answers_told.keys(kind) if depth(path) == 1
        }
        absent = (
            {key for key in top if f"`{key}`" not in rows[f"/{name}"]}
            if name not in SAID_ELSEWHERE
            else set()
        )
        assert absent == set(), name


def depth(path: str) -> int:
    return len(path.removeprefix("[].").removeprefix("{}[].").split("."))


# Whose keys stand in another row, or in docs/export.md.
SAID_ELSEWHERE = {"read_example", "read", "neighbours"}
ANSWERS = {
    "read": answers.Reading, "read_example": answers.Reading, "read_twin": answers.TwinReading, "truth": answers.Truth,
    "examples": list[answers.Example], "checkpoints": list[answers.Checkpoint], "probe": list[answers.Probe],
    "flips": list[answers.Flip], "neighbours": dict[str, list[answers.Neighbour]], "negatives": answers.Negatives,
    "evidence": answers.Evidence, "scores": answers.Scores, "blind_ballot": answers.Ballot, "blind_vote": answers.VoteCast,
    "blind_result": answers.BlindResult,
}  # fmt: skip


def faults(value, kind, path="") -> list[str]:
    """Where a JSON value is not of a type: keys that are missing or too many, values of another kind."""
    if get_origin(kind) in (Annotated, NotRequired):
        return faults(value, get_args(kind)[0], path)
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        wrong = [f"{path}: {key}" for key in set(value) - set(hints) | (kind.__required_keys__ - set(value))]
        return wrong + [
            f for key in set(value) & set(hints) for f in faults(value[key], hints[key], f"{path}.{key}")
        ]
    if isinstance(kind, UnionType):
        parts = [part for part in get_args(kind) if part is not NoneType]
        return [] if value is None and NoneType in get_args(kind) else faults(value, parts[0], path)
    if get_origin(kind) is list:
        return [f for each in value for f in faults(each, get_args(kind)[0], f"{path}[]")]
    if get_origin(kind) is dict:
        return [f for each in value.values() for f in faults(each, get_args(kind)[1], f"{path}{{}}")]
    wanted = (int, float) if kind is float else kind
    return (
        []
        if kind is Any or (isinstance(value, wanted) and isinstance(value, bool) == (kind is bool))
        else [f"{path}: {value!r}"]
    )


def test_answers_have_exactly_the_keys_of_their_types(direct, tmp_path):
    served, _ = direct
    asked = lambda: Asked([str(film(tmp_path / "a.png"))])  # noqa: E731
    blinded = BlindEndpoints(served.intake)
    ballot, session = blinded.ballot(asked(), None, 0.0)
    cast, session = blinded.vote("left", "sure", session, 1.0)
    made = {
        "read": served.read(asked()), "probe": served.probe(asked(), DRAFT, ""), "flips": served.flips(DRAFT),
        "neighbours": served.neighbours(asked()), "negatives": served.negatives(asked(), DRAFT),
        "evidence": served.evidence(asked(), "", 1), "scores": served.scores(""), "examples": served.examples(),
        "checkpoints": served.checkpoints(), "blind_ballot": ballot, "blind_vote": cast,
        "blind_result": blinded.result(session)[0],
    }  # fmt: skip
    for name, value in made.items():
        assert value, name
        assert faults(json.loads(json.dumps(value)), ANSWERS[name], name) == []
    assert faults({"case": 1}, answers.VoteCast) == [": votes"]
    assert faults({"case": "1", "votes": 2, "more": 3}, answers.VoteCast) == [": more", ".case: '1'"]


def test_a_film_is_corrected_over_the_wire(client, files):
    plain = client.predict(files, api_name="/read")
    turned = client.predict(files, view_1="lateral", invert_1=True, api_name="/read")
    assert (plain["films"][0]["view"], plain["films"][0]["inverted"]) == ("frontal", False)
    assert (turned["films"][0]["view"], turned["films"][0]["inverted"]) == ("lateral", True)
    assert "inverted by the reader" in turned["films"][0]["steps"]
    with pytest.raises(Exception, match="Film 2 is corrected, but the study has one film"):
        client.predict(files, invert_2=True, api_name="/read")


def test_a_blind_reading_over_the_wire(client, files):
    ballot = client.predict(files, api_name="/blind_ballot")
    assert {ballot["left"], ballot["right"]} == {TEXTS["baseline"], DRAFT}
    assert client.predict("left", "fairly sure", api_name="/blind_vote") == {"case": 1, "votes": 1}
    with pytest.raises(Exception, match="no open ballot"):
        client.predict("left", "sure", api_name="/blind_vote")
    result = client.predict(api_name="/blind_result")
    (vote,), (count,) = result["votes"], result["counts"]
    assert vote["preferred"] == vote["left"]
    assert vote["blind"] == "yes"
    written = {"made/baseline@0123456789ab": TEXTS["baseline"], "made/hard-negative@0123456789ab": DRAFT}
    assert (written[vote["left"]], written[vote["right"]]) == (ballot["left"], ballot["right"])
    assert (count["first_wins"] + count["second_wins"], count["ties"]) == (1, 0)
    (row,) = csv.DictReader(io.StringIO(result["csv"]))
    assert row["preferred"] == vote["preferred"]
    client.predict(files, api_name="/blind_ballot")
    client.predict("tie", "sure", api_name="/blind_vote")
    assert client.predict(api_name="/blind_result")["votes"][1]["blind"].startswith("no")


def test_a_probe_over_the_wire(client, files):
    (one,) = client.predict(files, DRAFT, DRAFT.replace("right", "left"), api_name="/probe")
    assert [model["model"] for model in one["models"]] == ["baseline", "hard-negative"]
    assert one["models"][1]["alignment_margin"] == pytest.approx(0.05)
    assert one["models"][1]["likelihood_margin"] == pytest.approx(2.0)
    assert one["models"][1]["original"]["per_token"] < 0
    every = client.predict(files, DRAFT, "", api_name="/probe")
    assert [each["flip"] for each in every] == client.predict(DRAFT, api_name="/flips")


def test_neighbours_and_negatives_over_the_wire(client, files):
    found = client.predict(files, api_name="/neighbours")
    assert [each["study"] for each in found["baseline"]] == ["MADE1", "MADE2", "MADE3"]
    mine = client.predict(files, "Large right pneumothorax.", api_name="/negatives")
    assert mine["positive"] == {"text": "Large right pneumothorax.", "source": "the reader's own text"}
    assert mine["models"]["hard-negative"]["note"] == "synthetic, false by construction"
    drafted = client.predict(files, "", api_name="/negatives")
    assert drafted["positive"]["text"] == DRAFT


def test_evidence_for_a_sentence_over_the_wire(client, files):
    found = client.predict(files, "Clear lungs. No pneumothorax.", 1, api_name="/evidence")
    assert (found["sentence"], found["scale"]) == ("No pneumothorax.", pytest.approx(0.8))
    weak, strong = found["models"]
    assert weak["maps"][0]["values"][1] == pytest.approx([0.2] * 4 + [0.0] * 4)
    assert strong["maps"][0]["values"][0] == [None] * 8  # outside the field of view
    assert strong["maps"][0]["view"] == "frontal"
    assert [each["word"] for each in strong["words"]] == ["no", "pneumothorax."]
    drafted = client.predict(files, "", 1, api_name="/evidence")
    assert drafted["sentence"] == "Small right pleural effusion."
    with pytest.raises(Exception, match="no sentence 7; counted from 0"):
        client.predict(files, "Clear lungs.", 7, api_name="/evidence")


def test_maps_come_in_the_order_of_the_films(direct, tmp_path):
    served, _ = direct
    for views in (("lateral", "frontal"), ("frontal", "lateral")):
        asked = Asked([str(film(tmp_path / name)) for name in ("a.png", "b.png")], views=views)
        for model in served.evidence(asked, "", 0)["models"]:
            assert tuple(each["view"] for each in model["maps"]) == views


def test_flips_are_cut_where_the_description_says(client, direct):
    served, _ = direct
    many = (
        "Small right pleural effusion in the lower lobe. Large left apical pneumothorax. Left lower lobe consolidation. "
        "Right rib fracture. Mild edema. Left upper lobe nodule. Mild right lower lobe atelectasis. Mild cardiomegaly. "
        "Small right upper lobe opacity. Right upper lobe pneumonia."
    )
    assert probe.left_out(many) > 0
    assert len(served.flips(many)) == probe.MOST_FLIPS
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for name in ("/flips", "/probe"):
        assert f"the first {probe.MOST_FLIPS}" in described[name]["description"]


def test_scores_over_the_wire_say_what_is_missing(client):
    found = client.predict("", api_name="/scores")
    assert found["collection"] == "made"
    assert found["results"] == []
    assert len(found["missing"]) == 3
    with pytest.raises(Exception, match="no collection 'nothing'; there are made"):
        client.predict("nothing", api_name="/scores")


def test_an_export_over_the_wire(client, files):
    path = Path(client.predict(files, "json", api_name="/export"))
    assert path.name == "reading.json"
    assert json.loads(path.read_text())["models"][0]["report"] == TEXTS["baseline"]
    assert Path(client.predict(files, "pdf", api_name="/export")).read_bytes().startswith(b"%PDF")


def test_refusals_keep_their_words_over_the_wire(client, files):
    with pytest.raises(Exception, match="characters; give one of 1 to"):
        client.predict("", api_name="/flips")
    with pytest.raises(Exception, match="names no checkpoint"):
        client.predict(files, first="aligned", api_name="/neighbours")


def test_uploads_are_gone_and_a_wrong_format_reads_nothing(direct, tmp_path):
    served, made = direct
    source = film(tmp_path / "b.png")
    with pytest.raises(RrgError, match="no format"):
        served.export(Asked([str(source)]), "docx")
    assert made["baseline"].encodings == []
    assert not source.exists()
    served.export(Asked([str(film(source))]), "txt")
    assert made["baseline"].encodings == [1]
    assert not source.exists()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("made/baseline", "simulated/hard-negative", "are of two collections; choose two models of one"),
        ("simulated/hard-negative", "made/baseline", "are of two collections"),
        ("made/baseline", "made/baseline", "Both models are made/baseline"),
        ("made/hard-negative", "", "Both models are made/hard-negative"),
    ],
)
def test_no_endpoint_compares_two_collections_or_a_model_with_itself(tmp_path, first, second, said):
    shelf, made = library(tmp_path / "checkpoints", ("made", "simulated"))
    served = Endpoints(Intake(ReadingRoom(shelf, data_file=lambda name: None, terms=Terms(public=True)), PAIR))
    for ask in (
        served.read,
        served.neighbours,
        lambda asked: served.negatives(asked, ""),
        lambda asked: served.probe(asked, DRAFT, ""),
        lambda asked: served.evidence(asked, "", 0),
        lambda asked: served.export(asked, "json"),
        lambda asked: BlindEndpoints(served.intake).ballot(asked, None, 0.0),
    ):
        source = film(tmp_path / "a.png")
        with pytest.raises(RrgError, match=said):
            ask(Asked([str(source)], first=first, second=second))
        assert not source.exists()
    assert made["baseline"].encodings == []


def test_an_unnamed_model_is_the_default_of_the_other_ones_collection(tmp_path):
    shelf, _ = library(tmp_path / "checkpoints", ("made", "simulated"))
    intake = Intake(ReadingRoom(shelf, data_file=lambda name: None), PAIR)
    one, other = Key("simulated", "aligned"), Key("simulated", "hard-negative")
    assert intake.pair("simulated/aligned", "") == (one, other)
    assert intake.pair("", "simulated/aligned") == (Key("simulated", "baseline"), one)
    assert intake.pair("", "", "simulated") == (Key("simulated", "baseline"), other)
    assert intake.pair("made/aligned", "", "simulated") == (Key("made", "aligned"), PAIR[1])
    assert intake.pair("", "") == PAIR


@pytest.mark.parametrize(
    ("endpoint", "wrong", "said"),
    [
        ("/read", {"view_1": "oblique"}, "'oblique' is no view; choose one of as read, "),
        ("/export", {"form": "docx"}, "'docx' is no format of an export; choose one of json, txt, pdf"),
        ("/evidence", {"sentence": "third"}, "'third' is no number of a sentence"),
        ("/read", {"first": "nothing/at-all"}, "At hand: made/baseline"),
    ],
)
def test_an_upload_with_a_wrong_word_beside_it_is_gone_from_the_disk(client, temporary, files, endpoint, wrong, said):
    before = left_in(temporary)  # exports of other tests, which are swept later
    with pytest.raises(Exception, match=said):
        client.predict(files, **wrong, api_name=endpoint)
    assert left_in(temporary) == before


def test_nothing_of_a_dicom_file_reaches_an_answer_or_a_log(client, tmp_path, capfd, caplog):
    caplog.set_level(logging.INFO)
    source = dicom(tmp_path / f"{SECRET}.dcm")
    reading = client.predict([handle_file(str(source))], api_name="/read")
    assert reading["films"][0]["format"] == "DICOM"
    source.write_bytes(source.read_bytes()[:600])  # its tags are whole, its pixels are cut short
    with pytest.raises(Exception, match="DICOM") as refusal:
        client.predict([handle_file(str(source))], api_name="/read")
    told = [json.dumps(reading), str(refusal.value), *capfd.readouterr(), caplog.text]
    assert SECRET.lower() not in "".join(told).lower()


@pytest.mark.parametrize("given", [{}, {"choice": "left"}, {"confidence": "sure"}])
def test_a_forgotten_word_casts_no_vote(client, files, given):
    before = len(client.predict(api_name="/blind_result")["votes"])
    client.predict(files, api_name="/blind_ballot")
    with pytest.raises(Exception, match="No value provided for required argument"):
        client.predict(**given, api_name="/blind_vote")
    with pytest.raises(Exception, match="Choose one of left, right, tie, both unusable, and how sure you are"):
        client.predict(**{"choice": None, "confidence": None} | given, api_name="/blind_vote")
    assert len(client.predict(api_name="/blind_result")["votes"]) == before


def test_a_leg_is_refused_by_every_endpoint_unless_overridden(tmp_path):
    desk, _ = room(tmp_path / "checkpoints", chest=False)
    served = Endpoints(Intake(desk, PAIR))
    for ask in (
        lambda asked: served.probe(asked, DRAFT, ""),
        served.neighbours,
        lambda asked: served.negatives(asked, ""),
        lambda asked: served.evidence(asked, "", 0),
        lambda asked: BlindEndpoints(served.intake).ballot(asked, None, 0.0),
    ):
        with pytest.raises(RrgError, match="leg"):
            ask(Asked([str(film(tmp_path / "a.png"))]))
        assert ask(Asked([str(film(tmp_path / "a.png"))], override=True))

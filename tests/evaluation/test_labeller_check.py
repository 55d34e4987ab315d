"""The labeller against coders: the arithmetic on made studies, the floor on the real ones where they are at hand."""

import json
from pathlib import Path

import pytest
import typer
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support
from typer.testing import CliRunner

from rrg.data.datasets import load_studies
from rrg.evaluation.labeller_check import (
    REPORTING,
    TUNING,
    agreement,
    as_table,
    check,
    judge,
    main,
    parts,
)
from rrg.types import RrgError, Study

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "iu_xray"


def made(name: str, split: str, report: str, *labels: str, impression: str = "") -> Study:
    return Study(name, f"iu:{name}", split, (Path("0.png"),), (), report, impression, labels=labels)


STUDIES = [
    made("a", "train", "There is pulmonary edema.", "Pulmonary Edema"),
    made("b", "train", "Nothing much.", "Pulmonary Edema/mild", impression="Edema may be there."),
    made("c", "train", "No edema at all.", "Pulmonary Edema"),
    made("d", "train", "Postoperative chest.", "Pulmonary Edema"),
    made("e", "train", "Overt edema.", "normal"),
    made("f", "train", "Quiet chest.", "normal"),
    made("g", "train", "Edema.", "No Indexing"),
    made("v3", "val", "Edema.", "Pulmonary Edema"),
    made("v1", "val", "Quiet chest.", "normal"),
    made("v2", "val", "Edema.", "normal"),
    made("x", "test", "Edema.", "normal"),
]


def test_parts_are_halves_of_val_by_id_and_leave_out_what_nobody_coded() -> None:
    found = {name: [judged.id for judged in part] for name, part in parts(STUDIES).items()}
    assert found == {"train": ["a", "b", "c", "d", "e", "f"], TUNING: ["v1", "v3"], REPORTING: ["v2"]}


def test_agreement_counts_what_is_named_and_what_is_in_doubt() -> None:
    train = parts(STUDIES)["train"]
    counts = ("coded", "found", "both", "precision", "recall")
    everything, named = agreement(train, "Edema"), agreement(train, "Edema", named=True)
    sure = agreement(train, "Edema", uncertain=False)
    assert [everything[name] for name in counts] == [4, 3, 2, 0.6667, 0.5]
    assert [named[name] for name in counts] == [3, 3, 2, 0.6667, 0.6667]
    assert [sure[name] for name in counts] == [4, 2, 1, 0.5, 0.25]


def test_scores_equal_those_of_scikit_learn() -> None:
    train = parts(STUDIES)["train"]
    coded = ["Edema" in judged.coded for judged in train]
    found = [judged.says("Edema", True) for judged in train]
    ours = agreement(train, "Edema")
    precision, recall, f1, _ = precision_recall_fscore_support(coded, found, average="binary")
    theirs = [precision, recall, f1, cohen_kappa_score(coded, found)]
    assert [ours[name] for name in ("precision", "recall", "f1", "kappa")] == pytest.approx(theirs, abs=1e-4)


def test_what_has_no_denominator_is_absent() -> None:
    scores = agreement(parts(STUDIES)["train"], "Fracture")
    assert (scores["precision"], scores["recall"], scores["f1"], scores["kappa"]) == (None,) * 4


def test_disagreements_are_ids_and_no_text() -> None:
    result = check(STUDIES)
    assert result["disagreements"]["Edema"] == {"missed": ["c"], "not named": ["d"], "extra": ["e", "v2"]}
    assert "chest" not in json.dumps(result).lower()


def test_tuning_leaves_the_reporting_half_unread() -> None:
    result = check(STUDIES, tuning=True)
    assert REPORTING not in result["scores"]
    assert result["data"][REPORTING] == 0
    assert "v2" not in json.dumps(result)


def test_nothing_coded_is_refused() -> None:
    with pytest.raises(RrgError, match=r"studies\.csv"):
        check([made("a", "train", "Edema.")])
    assert judge(made("a", "train", "Edema.")) is None


def test_the_table_names_every_class_and_marks_what_is_absent() -> None:
    rows = as_table(check(STUDIES), "train").splitlines()
    assert len(rows) == 2 + 14
    assert rows[2 + 4] == "| Edema | 3 | 3 | 2 | 0.667 | 0.667 | 0.667 | 0.167 |"
    assert rows[2 + 11] == "| Fracture | 0 | 0 | 0 | – | – | – | – |"


@pytest.fixture
def run() -> object:
    command = typer.Typer()
    command.command()(main)
    return lambda *arguments: CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_writes_a_result_and_mends_nothing(run: object, cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "docs" / "labeller.json"
    done = run("--data", cohort, "--out", out)  # type: ignore[operator]
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text())["data"]["train"] == 24
    refused = run("--data", tmp_path / "nowhere", "--out", out)  # type: ignore[operator]
    assert refused.exit_code == 2
    assert "does not exist" in refused.output


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared IU X-Ray data are not here")
def test_classes_that_are_coded_often_agree_with_the_coders() -> None:
    result = check(load_studies(SHARED), tuning=True)
    named = result["scores"]["train and val"]["named"]
    assert set(result["judged by F1"]) >= {"Cardiomegaly", "Lung Opacity", "Lung Lesion", "Support Devices"}
    assert {label: named[label]["f1"] for label in result["judged by F1"] if named[label]["f1"] < 0.9} == {}

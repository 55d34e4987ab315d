"""The tables of docs/simulated.md: every number from a file, and the page holds what its files say."""

import json
import shutil
from pathlib import Path

import pytest

from rrg.evaluation.blocks import markers
from rrg.evaluation.simulated_tables import main

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "simulated"


def pointing(name="made", method="path", limit=60, **changed):
    each = {
        "findings": 40,
        "studies": 25,
        "map": 0.25,
        "low": 0.2,
        "high": 0.31,
        "anywhere": 0.1404,
        "centre": 0.5,
    }
    few = {**each, "findings": 4, "studies": 2, "low": None, "high": None}
    system = {"name": name, "revision": "0", "method": method}
    found = {"all": each, "lateral": few, "mass": few}
    return {"system": system, "split": "val", "limit": limit, "pointing": found} | changed


def comparison(*, outside=True, runs=1, names=("pairs/embedding/all/accuracy",)):
    said = {"difference": 0.0734, "low": 0.027, "high": 0.123, "finding": "B is higher", "studies": 150}
    nothing = {
        "difference": -0.003,
        "low": -0.037,
        "high": 0.03,
        "finding": "no difference found",
        "studies": 150,
    }
    sides = {side: [{"name": name}] * runs for side, name in (("a", "baseline"), ("b", "aligned"))}
    differences = dict.fromkeys(names, said if outside else nothing)
    return {"schema": 2, "kind": "comparison", **sides, "differences": differences}


@pytest.fixture
def fill(tmp_path, capsys):
    """Values of files -> exit code, page, error."""

    def filled(*values, blocks=("pointing", "differences")):
        page = tmp_path / "page.md"
        page.write_text("\n".join(["before", *(mark for name in blocks for mark in markers(name)), "after"]))
        files = [tmp_path / f"{number}.json" for number in range(len(values))]
        for file, value in zip(files, values, strict=True):
            file.write_text(json.dumps(value))
        code = main([str(page), *map(str, files)])
        return code, page.read_text(), capsys.readouterr().err

    return filled


def test_maps_have_a_row_for_each_model_method_and_view(fill):
    code, page, _ = fill(pointing("baseline"), pointing("aligned", "gradcam++"))
    assert code == 0
    assert "the first 60 studies" in page
    rows = [line for line in page.split("\n") if line.startswith(("| baseline", "| aligned"))]
    assert rows == [
        "| baseline | path | all | 40 | 25 | 0.250 [0.200, 0.310] | 0.140 | 0.500 |",
        "| baseline | path | lateral | 4 | 2 | 0.250 | 0.140 | 0.500 |",
        "| aligned | gradcam++ | all | 40 | 25 | 0.250 [0.200, 0.310] | 0.140 | 0.500 |",
        "| aligned | gradcam++ | lateral | 4 | 2 | 0.250 | 0.140 | 0.500 |",
    ]
    assert "all studies" in fill(pointing(limit=None))[1]


def test_differences_are_bold_where_zero_is_outside(fill):
    code, page, _ = fill(comparison(), comparison(outside=False))
    assert code == 0
    assert "| aligned less baseline | **+0.073 [+0.027, +0.123]** | – | – | – |" in page
    assert "| aligned less baseline | −0.003 [−0.037, +0.030] | – | – | – |" in page
    assert "150 counterfactual pairs" in page
    assert "One run of each model" in page
    assert "One run of each model" not in fill(comparison(runs=2))[1]


def test_a_block_without_a_file_is_left_alone(fill):
    first, last = markers("pointing")
    code, page, _ = fill(comparison())
    assert code == 0
    assert f"before\n{first}\n{last}\n" in page
    assert fill(comparison(), blocks=("differences",))[0] == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([pointing(), pointing(limit=30)], "different studies"),
        ([pointing(), pointing(split="test")], "different studies"),
        ([{"metrics": {}}], "says nothing of heat maps"),
        ([{**pointing(), "pointing": {"all": {"findings": 4}}}], "incomplete"),
        ([comparison(names=())], "no counterfactual pairs"),
        ([{**comparison(), "schema": 1}], "no longer read"),
    ],
)
def test_what_makes_no_table_is_refused_and_the_page_is_left(fill, values, words):
    code, page, err = fill(*values)
    assert code == 2
    assert words in err
    assert "|" not in page


def test_a_page_without_the_block_is_named(fill):
    code, _, err = fill(pointing(), blocks=())
    assert code == 2
    assert "<!-- pointing: begin -->" in err


def test_the_page_holds_what_the_kept_files_say(tmp_path):
    rungs = ("baseline", "aligned", "hard-negative")
    names = [
        *(f"pointing-{name}" for name in (*rungs, "hard-negative-gradcampp")),
        "hard-negative-baseline", "aligned-baseline", "hard-negative-aligned",
    ]  # fmt: skip
    files = [file for name in names if (file := RESULTS / f"{name}.json").is_file()]
    page = shutil.copy(ROOT / "docs" / "simulated.md", tmp_path)
    assert main([str(page), *map(str, files)]) == 0
    assert Path(page).read_text() == (ROOT / "docs" / "simulated.md").read_text()

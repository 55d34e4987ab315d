"""The notebooks run from start to end on made data, and what is committed of them holds no output."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from rrg.evaluation.result_file import without_texts
from tests.evaluation.results import made_result
from tests.made import write_config

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OBJECTIVES = {"base": {"detach": True}, "alignment": {}, "arc": {"peers": True, "synthesis": "arc"}}


@pytest.fixture
def execute(monkeypatch):
    """Runs a notebook from the root as its reader would; gives all that it printed and showed."""

    def run(name, **settings):
        for key, value in {"PYTHONPATH": ROOT, "OMP_NUM_THREADS": 1, **settings}.items():
            monkeypatch.setenv(key, os.fspath(value) if isinstance(value, Path) else str(value))
        notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
        client = NotebookClient(
            notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
        )
        client.execute()
        return json.dumps([cell.get("outputs", []) for cell in notebook.cells])

    return run


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["ladder", "method", "training"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_ran_is_committed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_method_in_pictures(execute):
    shown = execute("method.ipynb")
    assert shown.count("image/png") == 4
    assert "rising for" in shown


def test_training_start_to_end(execute, cohort, tmp_path):
    config = write_config(tmp_path / "config.yaml", cohort)
    shown = execute(
        "training.ipynb", RRG_DATA=cohort, RRG_CONFIG=config, RRG_RUN=tmp_path / "run", RRG_FEW=4,
        RRG_CHANGES="optimiser.epochs=1",
    )  # fmt: skip
    assert (tmp_path / "run" / "checkpoint" / "gallery.safetensors").is_file()
    assert "reranked, 4 drafts" in shown
    assert "image/png" in shown


def test_reading_the_ladder(execute, tmp_path):
    for number, (name, objective) in enumerate(OBJECTIVES.items()):
        result = without_texts(made_result(name, 0.2 + 0.2 * number, number))
        value = {**result, "run": name, "seed": 0, "config": {"objective": objective, "seed": 0}}
        (tmp_path / f"{name}-seed0.json").write_text(json.dumps(value))
    shown = execute("ladder.ipynb", RRG_RESULTS=tmp_path, RRG_RESAMPLES=200)
    assert "arc (1) less alignment" in shown
    assert shown.count("<svg") >= 12

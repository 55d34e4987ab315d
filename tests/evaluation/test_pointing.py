"""Pointing at true masks: hits by hand, chance beside them, and a tiny model on a simulated cohort."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from rrg.data.datasets import load_studies
from rrg.evaluation.pointing import as_table, main, on_grid, point, read_pointing, summarise_pointing
from rrg.explain.average import build_average_film
from rrg.models.checkpoint import load_checkpoint
from rrg.simulation.cohort import Settings, make_cohort
from rrg.types import RrgError, Saliency, View
from tests.simulation.doubles import make_squares


def heat(*, at, size=4, outside=()):
    values = np.zeros((size, size), np.float32)
    if at is not None:
        values[at] = 0.7
    for place in outside:
        values[place] = np.nan
    return Saliency(values, View.FRONTAL, 0)


def mask(rows, columns, size=8):
    found = np.zeros((size, size), bool)
    found[rows, columns] = True
    return found


LEFT_TOP = mask(slice(0, 4), slice(0, 2))  # half as high, a quarter as wide as the film


def test_the_maximum_is_looked_up_in_the_mask():
    assert point(heat(at=(1, 0)), LEFT_TOP).map
    assert not point(heat(at=(1, 1)), LEFT_TOP).map
    assert not point(heat(at=(3, 0)), LEFT_TOP).map


def test_a_map_without_evidence_points_nowhere():
    assert not point(heat(at=None), mask(slice(None), slice(None))).map


def test_chance_is_the_masks_share_of_the_field():
    found = point(heat(at=(1, 0)), LEFT_TOP)
    assert found.anywhere == pytest.approx(2 / 16)
    assert not found.centre
    outside = [(3, column) for column in range(4)]
    assert point(heat(at=(1, 0), outside=outside), LEFT_TOP).anywhere == pytest.approx(2 / 12)
    assert point(heat(at=(1, 0)), mask(slice(4, 6), slice(4, 6))).centre


def test_a_mask_outside_the_field_is_not_asked():
    assert point(heat(at=(3, 3), outside=[(0, 0)]), mask(slice(0, 2), slice(0, 2))) is None


def test_a_thin_mask_stays_on_a_coarser_grid():
    assert on_grid(mask(3, slice(None)), (4, 4)).sum() == 4


def row(study, hit, kind="mass", view="frontal"):
    return {"study": study, "kind": kind, "view": view, "map": float(hit), "anywhere": 0.1, "centre": 0.0}


def test_shares_and_intervals():
    rows = [row(str(at), at % 4 == 0, "mass" if at % 2 else "nodule") for at in range(40)]
    found = summarise_pointing(rows, np.random.default_rng(0), 500)
    assert list(found) == ["all", "frontal", "mass", "nodule"]
    assert found["all"]["map"] == 0.25
    assert found["all"]["low"] < 0.25 < found["all"]["high"]
    assert (found["mass"]["map"], found["nodule"]["map"]) == (0.0, 0.5)
    assert found["all"]["anywhere"] == pytest.approx(0.1)
    few = summarise_pointing(rows[:10], np.random.default_rng(0), 500)
    assert few["all"]["low"] is None
    assert "| all | 0.250 [" in as_table(found)


def test_a_model_points_in_every_view_of_every_finding(tiny_checkpoint, tmp_path):
    folder, model = tmp_path / "cohort", shutil.copytree(tiny_checkpoint, tmp_path / "tiny")
    make_cohort(folder, Settings(8, seed=2), simulator=make_squares)
    studies, checkpoint = load_studies(folder), load_checkpoint(model)
    build_average_film(checkpoint, studies).save(model)
    with pytest.raises(RrgError, match="no saliency method 'grad'"):
        read_pointing(checkpoint, folder, studies, "grad")
    main(model, folder, tmp_path / "out.json", "train", 2, "gradcam++")
    written = json.loads((tmp_path / "out.json").read_text())
    assert (written["limit"], written["system"]["method"]) == (2, "gradcam++")
    assert all(value == round(value, 5) for row in written["rows"] for value in (row["anywhere"], row["map"]))
    rows, unread = read_pointing(checkpoint, folder, studies)
    facts = sum(len(json.loads(path.read_text())["facts"]) for path in (folder / "truth").iterdir())
    assert len(rows) == 2 * (facts - unread)
    assert {row["view"] for row in rows} == {"frontal", "lateral"}
    assert all(0 < row["anywhere"] < 0.2 for row in rows)


def test_a_data_set_without_true_masks_is_refused(tmp_path):
    command = ("--checkpoint", tmp_path, "--data", tmp_path, "--out", tmp_path / "out.json")
    done = subprocess.run(
        [sys.executable, "-m", "rrg.evaluation.pointing", *map(str, command)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "no simulated cohort" in done.stderr

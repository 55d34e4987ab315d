"""The grid: what runs there are, in which order, and that no work is done twice or lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rrg.training.config import Config, load_config
from rrg.training.study import TAKEN, Rung, load_grid, merged, outdated, pending, result_file, work_through
from rrg.types import RrgError

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
GRID = {
    "base": {"data": {"folder": "made"}, "objective": {"alignment": 0.2}},
    "runs": {
        "base": {"objective": {"detach": True}, "seeds": [0, 1]},
        "arc": {"objective": {"peers": True, "synthesis": "arc"}, "seeds": [0, 1]},
        "chord": {"objective": {"peers": True, "synthesis": "chord"}},
    },
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(GRID, sort_keys=False))
    return path


def trained(config, run):
    Config.model_validate(yaml.safe_load(config.read_text()))
    return run / "checkpoint"


def scored(checkpoint, folder):
    return {"value": str(checkpoint.relative_to(folder))}


def test_every_first_seed_comes_before_every_second(file):
    assert [rung.id for rung in load_grid(file)] == [
        "base-seed0",
        "arc-seed0",
        "chord-seed0",
        "base-seed1",
        "arc-seed1",
    ]
    arc = load_grid(file, ["arc"])[1]
    assert arc.config["seed"] == 1
    assert arc.config["objective"] == {"alignment": 0.2, "peers": True, "synthesis": "arc"}


def test_merging_changes_neither_side():
    base, change = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": {"e": 4}}
    result = merged(base, change)
    result["d"]["e"] = 5
    assert result == {"a": {"b": 3, "c": 2}, "d": {"e": 5}}
    assert base == {"a": {"b": 1, "c": 2}}
    assert change == {"a": {"b": 3}, "d": {"e": 4}}


def test_done_stays_done_and_the_rest_is_run(file, tmp_path):
    grid, results = load_grid(file), tmp_path / "results"
    results.mkdir()
    result_file(grid[0], results).write_text("{}")
    done = work_through(grid, tmp_path / "runs", results, trained, scored)
    assert done == grid[1:]
    assert pending(grid, results) == []
    kept = json.loads(result_file(grid[1], results).read_text())
    assert kept["run"] == "arc"
    assert kept["value"] == "run/checkpoint"
    assert work_through(grid, tmp_path / "runs", results, trained, scored) == []


def test_a_failed_run_leaves_no_result_and_is_free_again(file, tmp_path):
    grid, results = load_grid(file, ["base"]), tmp_path / "results"

    def broken(checkpoint, folder):
        raise RrgError("out of luck")

    with pytest.raises(RrgError, match="out of luck"):
        work_through(grid, tmp_path / "runs", results, trained, broken)
    assert pending(grid, results) == grid
    assert len(work_through(grid, tmp_path / "runs", results, trained, scored)) == 2


def test_a_failed_run_costs_no_other_its_turn(file, tmp_path):
    grid, results, said = load_grid(file), tmp_path / "results", []

    def unlucky(config, run):
        if "arc" in str(run):
            raise RrgError("the loss is not a number")
        return trained(config, run)

    with pytest.raises(RrgError, match=r"3 runs were done here, 2 failed[\s\S]*arc-seed0: the loss[\s\S]*arc-seed1"):
        work_through(grid, tmp_path / "runs", results, unlucky, scored, said.append)
    assert [rung.name for rung in pending(grid, results)] == ["arc", "arc"]
    assert "arc-seed0: failed: the loss is not a number" in said


def test_a_result_of_another_configuration_is_named(file, tmp_path):
    grid, results = load_grid(file), tmp_path / "results"
    assert outdated(grid, results) == []
    work_through(grid, tmp_path / "runs", results, trained, scored)
    assert outdated(grid, results) == []
    changed = [Rung(rung.name, rung.seed, merged(rung.config, {"objective": {"alignment": 0.3}})) for rung in grid]
    assert outdated(changed[:1], results) == [results / "base-seed0.json"]


def test_what_a_living_process_has_is_left_to_it(file, tmp_path):
    grid, runs, results = load_grid(file, ["base"]), tmp_path / "runs", tmp_path / "results"
    (runs / grid[0].id).mkdir(parents=True)
    (runs / grid[0].id / TAKEN).write_text(str(os.getppid()))
    assert work_through(grid, runs, results, trained, scored) == grid[1:]
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (runs / grid[0].id / TAKEN).write_text(str(dead.pid))
    assert work_through(grid, runs, results, trained, scored) == grid[:1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": None}, "must hold a section"),
        ({"base": 3}, "must hold a section"),
        ({"runs": {"base": {"seeds": 3}}}, "seeds of 'base' is 3"),
        ({"runs": {"base": {"seeds": []}}}, "seeds of 'base'"),
        ({"runs": {"hard": {"objective": {"synthesis": "arc"}}}}, r"run 'hard'[\s\S]*synthesis needs peers"),
    ],
)
def test_a_grid_that_is_none_is_refused(tmp_path, change, message):
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump({**GRID, **change}))
    with pytest.raises(RrgError, match=message):
        load_grid(path)


def test_an_unknown_run_and_a_missing_file_are_named(file, tmp_path):
    with pytest.raises(RrgError, match=r"no run ladder.*base, arc, chord"):
        load_grid(file, ["ladder"])
    with pytest.raises(RrgError, match="no grid"):
        load_grid(tmp_path / "nothing.yaml")


def test_an_id_names_run_and_seed():
    assert Rung("arc", 2, {}).id == "arc-seed2"


@pytest.mark.parametrize(
    ("shipped", "rung"), [("baseline", "base"), ("aligned", "alignment"), ("hard-negative", "arc")]
)
def test_what_ships_is_a_rung_of_the_ladder(shipped, rung):
    """So the ladder's seeds speak for the models that a reader sees."""
    first = load_grid(CONFIGS / "ladder.yaml", [rung])[0]
    assert load_config(CONFIGS / "iu-xray" / f"{shipped}.yaml") == Config.model_validate(first.config)

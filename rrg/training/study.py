"""A grid of configurations times seeds: what is done stays done, what is missing is run. Knows no metric and no model.

One YAML file holds a base configuration and named runs that change it. Each run leaves one small JSON; a run that another
process has taken is left to it, so several processes may work through one grid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rrg.training.config import Config, checked
from rrg.types import RrgError

TAKEN = "taken-by"
Train = Callable[[Path, Path], Path]  # configuration file, run folder -> checkpoint
Score = Callable[[Path, Path], dict[str, Any]]  # checkpoint, run folder -> a small result


@dataclass(frozen=True)
class Rung:
    """One configuration of a grid with one seed."""

    name: str
    seed: int
    config: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.name}-seed{self.seed}"


def load_grid(path: Path, only: Sequence[str] = ()) -> list[Rung]:
    """Read a grid; with `only`, the named runs of it. All first seeds come before all second ones.

    RrgError where the file, a section or a name is missing, or a run is no configuration.
    """
    if not path.is_file():
        raise RrgError(f"There is no grid at '{path}'. Those of the results are in configs/.")
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise RrgError(f"'{path}' is not valid YAML: {error}") from error
    if not isinstance(values, dict) or not isinstance(values.get("base"), dict) or not values.get("runs"):
        raise RrgError(
            f"'{path}' must hold a section base: (a configuration) and a section runs: (what changes)."
        )
    runs: dict[str, dict[str, Any]] = values["runs"]
    unknown = sorted(set(only) - set(runs))
    if unknown:
        raise RrgError(f"'{path}' has no run {', '.join(unknown)}. It has: {', '.join(runs)}.")
    rungs = [
        Rung(name, int(seed), merged(values["base"], {**change, "seed": int(seed)}))
        for name, given in runs.items()
        if not only or name in only
        for seed, change in _seeds(name, given or {}, path)
    ]
    for rung in rungs:
        checked(rung.config, f"'{path}': the run '{rung.name}'", Config)  # now, and not after days of others
    order = {name: i for i, name in enumerate(runs)}
    return sorted(rungs, key=lambda rung: (rung.seed, order[rung.name]))


def _seeds(name: str, given: Mapping[str, Any], path: Path) -> list[tuple[int, dict[str, Any]]]:
    change = dict(given)
    seeds = change.pop("seeds", [0])
    if not isinstance(seeds, list) or not seeds or not all(isinstance(seed, int) for seed in seeds):
        raise RrgError(
            f"'{path}': seeds of '{name}' is {seeds!r}; give a list of whole numbers such as [0, 1, 2]."
        )
    return [(seed, change) for seed in seeds]


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `change`, section by section."""
    result = deepcopy(dict(base))
    for key, value in change.items():
        inner = result.get(key)
        result[key] = (
            merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else deepcopy(value)
        )
    return result


def pending(grid: Sequence[Rung], results: Path) -> list[Rung]:
    """The runs without a result."""
    return [rung for rung in grid if not result_file(rung, results).is_file()]


def result_file(rung: Rung, results: Path) -> Path:
    return results / f"{rung.id}.json"


def outdated(grid: Sequence[Rung], results: Path) -> list[Path]:
    """Results that another configuration of the same name left: they count as done until they are removed."""
    files = {result_file(rung, results): rung for rung in grid}
    return [file for file, rung in files.items() if file.is_file() and _config_in(file) != dict(rung.config)]


def _config_in(file: Path) -> Any:
    try:
        return json.loads(file.read_text()).get("config")
    except (ValueError, AttributeError):
        return None


def work_through(
    grid: Sequence[Rung],
    out: Path,
    results: Path,
    train: Train,
    score: Score,
    say: Callable[[str], None] = lambda _: None,
) -> list[Rung]:
    """Run what is pending and nobody has taken; returns what was done here. Interrupted runs are taken up again.

    A run that fails costs no other its days: RrgError names those that did, once the rest is done.
    """
    results.mkdir(parents=True, exist_ok=True)
    done, failed = [], {}
    for rung in grid:
        folder = out / rung.id
        with _taken(folder) as ours:
            if not ours or result_file(rung, results).is_file():
                continue
            try:
                _write(result_file(rung, results), _one(rung, folder, train, score, say))
            except RrgError as error:
                say(f"{rung.id}: failed: {error}")
                failed[rung.id] = error
            else:
                done.append(rung)
    if failed:
        told = "".join(f"\n- {name}: {error}" for name, error in failed.items())
        raise RrgError(f"{len(done)} runs were done here, {len(failed)} failed:{told}")
    return done


def _one(rung: Rung, folder: Path, train: Train, score: Score, say: Callable[[str], None]) -> dict[str, Any]:
    """Train and score a run; its result."""
    say(f"{rung.id}: training")
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(dict(rung.config), sort_keys=False))
    checkpoint = train(config, folder / "run")
    say(f"{rung.id}: scoring")
    own = {"run": rung.name, "seed": rung.seed, "config": dict(rung.config)}
    return {**own, **score(checkpoint, folder)}


@contextmanager
def _taken(folder: Path) -> Iterator[bool]:
    """Hold a run for this process; False where a living one has it. What a dead process held is free."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / TAKEN
    if lock.is_file() and not _alive(lock):
        lock.unlink(missing_ok=True)
    try:
        with lock.open("x") as stream:
            stream.write(str(os.getpid()))
    except FileExistsError:
        yield False
        return
    try:
        yield True
    finally:
        lock.unlink(missing_ok=True)


def _alive(lock: Path) -> bool:
    try:
        os.kill(int(lock.read_text() or 0), 0)
    except (OSError, ValueError):
        return False
    return True


def _write(file: Path, result: Mapping[str, Any]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    part.replace(file)

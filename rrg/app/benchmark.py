"""The scores of a collection's checkpoints: what their metrics.json and local result files hold. Computes none.

Knows files of `rrg.evaluation`'s schema, no gradio, no HTML and no model. A file that is missing, broken or of another
schema is named with what to do; its checkpoint is then left out, never shown as 0.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rrg.app.library import REPOSITORY, Library
from rrg.types import RrgError

METRICS = "metrics.json"
Result = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Board:
    """`results` hold a checkpoint's metrics each, its `studies` too where a local result file is at hand.

    `missing`: what is not shown and why, in words.
    """

    collection: str
    results: tuple[Result, ...]
    missing: tuple[str, ...]

    @property
    def detailed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.get("studies"))


def default_runs() -> Path:
    """`$RRG_RUNS`, else `runs` beside the package: where `make checkpoints` leaves per-study results."""
    return Path(os.environ.get("RRG_RUNS") or REPOSITORY / "runs")


def board(library: Library, collection: str, runs: Path | None = None) -> Board:
    """All checkpoints of a collection, in the order of the ladder; those of the first one's split."""
    results: list[Result] = []
    missing: list[str] = []
    for name in library.collections().get(collection, ()):
        try:
            results.append(_scored(library.root / collection / name, runs or default_runs()))
        except RrgError as error:
            missing.append(f"{name}: {error}.")
    split = _split(results[0]) if results else None
    for result in results:
        if _split(result) != split:
            told = "{1} studies of {0!r}".format(*_split(result))
            missing.append(
                f"{result['system']['name']}: scored on other studies ({told}), so not beside the others."
            )
    return Board(collection, tuple(r for r in results if _split(r) == split), tuple(missing))


def _scored(folder: Path, runs: Path) -> Result:
    file = folder / METRICS
    if not file.is_file():
        raise RrgError(f"no {METRICS}; `python -m rrg evaluate --summary` makes it")
    summary = _read(file, file.stat().st_mtime_ns)
    local = runs / folder.parent.name / folder.name / f"{summary['data']['split']}.json"
    if not local.is_file():
        return summary
    try:
        whole = _read(local, local.stat().st_mtime_ns)
    except RrgError:
        return summary  # the run's own file may be of another age
    same = whole["system"] == summary["system"]
    return {**summary, "studies": whole.get("studies", [])} if same else summary


@lru_cache(maxsize=32)
def _read(file: Path, _changed: int) -> Result:
    """RrgError in words without a path: the page is not the place for it."""
    from rrg.evaluation.schema import check_version, read_json

    try:
        value = read_json(file)
        check_version(value, file.name)
    except RrgError as error:
        raise RrgError(str(error).replace(str(file), file.name)) from error
    if not all(isinstance(value.get(part), dict) for part in ("system", "data", "metrics")):
        raise RrgError(f"{file.name} lacks system, data or metrics; evaluate again")
    if not isinstance(value["system"].get("name"), str) or not {"split", "studies"} <= set(value["data"]):
        raise RrgError(f"{file.name} does not say what was scored on which studies; evaluate again")
    return value


def _split(result: Result) -> tuple[Any, Any]:
    return result["data"]["split"], result["data"]["studies"]


def references(studies: Sequence[Any]) -> dict[str, str]:
    """Study id -> reference report of the studies of a data folder, where one was given."""
    return {study.id: study.reference for study in studies if study.reference}

"""The rungs of a ladder from the results of their runs: scores, and what each adds. Knows no page and no model.

A rung's runs differ by their seed alone and are pooled: its score is the mean of theirs, and intervals are over studies and
over runs (`rrg.evaluation.resampling`). All rungs stand on the same resamples. A rung is set beside the base and the
alignment rung of its own recipe, which differ from it in the objective alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rrg.evaluation.measures import measures
from rrg.evaluation.resampling import (
    RESAMPLES,
    Difference,
    Drawn,
    Level,
    Scores,
    difference,
    draw_runs,
    level,
    resample_runs,
)
from rrg.evaluation.schema import read_result
from rrg.types import RrgError

BASE, ALIGNMENT = "base", "alignment"  # what the others are set beside
_TEXT, _FOUND = "retrieval/image-to-report/same text", "clinical/reference/uncertain as positive"
_SCORES = {"embedding": "by embedding", "likelihood": "by likelihood"}
_KINDS = ("all", "presence", "side", "severity", "place")

# Group -> heading -> name of the measure.
SHOWN: Mapping[str, Mapping[str, str]] = {
    "Telling reports apart": {
        "recall@1": f"{_TEXT}/recall@1",
        "recall@10": f"{_TEXT}/recall@10",
        "median rank": f"{_TEXT}/median rank",
        "recall@10, same findings": "retrieval/image-to-report/same findings/recall@10",
        "mined peer, by embedding": "margins/peer/embedding/accuracy",
        "mined peer, by likelihood": "margins/peer/likelihood/accuracy",
    },
    **{
        f"One fact flipped, {words}": {
            kind: f"margins/counterfactual/{score}/{kind}/balanced accuracy" for kind in _KINDS
        }
        for score, words in _SCORES.items()
    },
    "Findings, F1": {
        f"{classes.split()[0]}: {average}": f"{_FOUND}/{classes}/{average} f1"
        for classes in ("14 classes", "5 classes")
        for average in ("micro", "macro", "example")
    },
    "Words, r2gen": {
        **{name: f"text/r2gen/{name}" for name in ("BLEU-4", "ROUGE-L", "CIDEr")},
        "nats/token": "loss",
        "all normal": "variety/all-normal share",
    },
}
# What no resample of studies gives: group -> heading -> where it stands in a result's metrics.
PLAIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Variety": {
        "distinct reports": ("variety", "distinct"),
        "self-BLEU": ("variety", "self-BLEU"),
    },
    "Image-shuffle gap": {
        **{name: ("shuffle", f"text/r2gen/{name}", "gap") for name in ("BLEU-4", "ROUGE-L")},
        **{
            f"F1 {classes.split()[0]} {average}": ("shuffle", f"{_FOUND}/{classes}/{average}/f1", "gap")
            for classes in ("14 classes", "5 classes")
            for average in ("micro", "macro", "example")
        },
        "recall@10": ("shuffle", f"{_TEXT}/recall@10", "gap"),
        **{
            f"flipped, {words}": ("shuffle", f"margins/counterfactual/{score}/all/balanced", "gap")
            for score, words in _SCORES.items()
        },
    },
}


@dataclass(frozen=True, eq=False)
class Rung:
    """One configuration and the results of its runs, in the order of their seeds."""

    name: str
    config: Mapping[str, Any]  # without the seed
    seeds: tuple[int, ...]
    results: tuple[Mapping[str, Any], ...]

    @property
    def objective(self) -> Mapping[str, Any]:
        return self.config.get("objective") or {}

    @cached_property
    def recipe(self) -> str:
        """All but the objective and its peers: equal for rungs that may be set beside each other."""
        rest = {key: value for key, value in self.config.items() if key not in ("objective", "mining")}
        mining = self.config.get("mining") or {}
        shared = {key: value for key, value in mining.items() if key not in ("by", "among")}
        return json.dumps({**rest, **({"mining": shared} if shared else {})}, sort_keys=True)

    @property
    def family(self) -> str:
        return str((self.config.get("model") or {}).get("family", "transformer"))

    @property
    def role(self) -> str:
        """Which of the two references it is, by its objective; "" where it is neither."""
        if self.objective.get("detach"):
            return BASE
        more = ("peers", "flips", "synthesis", "margin")
        return "" if any(self.objective.get(name) for name in more) else ALIGNMENT

    @property
    def saw_flips(self) -> bool:
        """It was trained on reports with a fact flipped, so these tell nothing new of it."""
        return bool(self.objective.get("flips"))

    @property
    def order(self) -> tuple[int, str]:
        """Base, alignment, mined peers, the arc, then the side rungs by name."""
        objective = {key: value for key, value in self.objective.items() if value}
        if self.role:
            return (0 if self.role == BASE else 1), self.name
        plain = set(objective) <= {"report", "alignment", "lambda_end", "peers", "synthesis"}
        plain = plain and not self.config.get("mining")
        step = {None: 2, "arc": 3}.get(objective.get("synthesis"), 4) if plain else 4
        return step, self.name


@dataclass(frozen=True, eq=False)
class Ladder:
    """rungs in order; levels: rung -> measure -> score; differences: (rung, "base" or "alignment") -> measure -> it less
    that reference; references: the same key -> the reference's name."""

    rungs: tuple[Rung, ...]
    studies: int
    split: str
    resamples: int
    levels: Mapping[str, Mapping[str, Level]]
    differences: Mapping[tuple[str, str], Mapping[str, Difference]]
    references: Mapping[tuple[str, str], str]

    @property
    def groups(self) -> dict[str, tuple[Rung, ...]]:
        """Heading of a recipe -> its rungs; the recipe with the most rungs first."""
        by_recipe: dict[str, list[Rung]] = {}
        for rung in self.rungs:
            by_recipe.setdefault(rung.recipe, []).append(rung)
        ordered = sorted(by_recipe.values(), key=len, reverse=True)
        return {recipe_words(rungs[0], ordered[0][0]): tuple(rungs) for rungs in ordered}


def recipe_words(rung: Rung, usual: Rung) -> str:
    """The family, and what else differs from the usual recipe."""
    own, other = (dict(_leaves(each.config)) for each in (rung, usual))
    changed = [
        f"{name}={own.get(name, 'unset')}"
        for name in dict.fromkeys([*own, *other])
        if own.get(name) != other.get(name) and not name.startswith("objective.") and name != "model.family"
    ]
    return ", ".join([rung.family, *changed])


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for key, each in value.items():
        if isinstance(each, Mapping):
            yield from _leaves(each, f"{before}{key}.")
        else:
            yield f"{before}{key}", each


def read_ladder(folder: Path) -> list[Rung]:
    """Every result that `study` wrote to `folder`, joined to rungs. RrgError where there is none, or they do not belong
    together: other studies, or one name with two configurations."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise RrgError(
            f"'{folder}' holds no result; `python -m rrg study GRID.yaml --results {folder}` writes them"
        )
    runs: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        result = read_result(file)
        if not isinstance(result.get("config"), dict) or "run" not in result or "seed" not in result:
            raise RrgError(f"{file} is no run of a grid; give a folder that `python -m rrg study` wrote to")
        runs.setdefault(result["run"], []).append(result)
    rungs = [_joined(name, results, folder) for name, results in runs.items()]
    _check_studies(rungs)
    return sorted(rungs, key=lambda rung: rung.order)


def _joined(name: str, results: Sequence[dict[str, Any]], folder: Path) -> Rung:
    ordered = sorted(results, key=lambda result: int(result["seed"]))
    configs = [{k: v for k, v in result["config"].items() if k != "seed"} for result in ordered]
    if any(config != configs[0] for config in configs):
        raise RrgError(
            f"the results of '{name}' in {folder} come from different configurations, so their seeds cannot be pooled; "
            "remove those of the old one and run `study` again"
        )
    return Rung(name, configs[0], tuple(int(result["seed"]) for result in ordered), tuple(ordered))


def _check_studies(rungs: Sequence[Rung]) -> None:
    results = [result for rung in rungs for result in rung.results]
    seen = {(r["data"]["split"], tuple(study["id"] for study in r["studies"])) for r in results}
    if len(seen) > 1:
        counts = ", ".join(f"{len(ids)} of {split}" for split, ids in sorted(seen))
        raise RrgError(
            f"the results are of different studies ({counts}); a ladder is scored on the same ones"
        )
    if len(next(iter(seen))[1]) < 2:
        raise RrgError("a ladder needs at least 2 studies to be scored on")


def climb(rungs: Sequence[Rung], rng: np.random.Generator, resamples: int = RESAMPLES) -> Ladder:
    """Score every rung, and set it beside its references."""
    found = [_wanted(result) for rung in rungs for result in rung.results]
    drawn = resample_runs(found, rng, resamples)
    weights = {rung.name: draw_runs(len(rung.results), rng, resamples) for rung in rungs}
    places = _places(rungs)
    references = {
        (rung.name, role): other.name
        for rung in rungs
        for role in (BASE, ALIGNMENT)
        if (other := reference(rung, rungs, role)) is not None
    }
    return Ladder(
        tuple(rungs),
        len(rungs[0].results[0]["studies"]),
        str(rungs[0].results[0]["data"]["split"]),
        resamples,
        {name: _levels(drawn, places[name], weights[name]) for name in weights},
        {
            pair: _differences(drawn, (places[other], places[pair[0]]), (weights[other], weights[pair[0]]))
            for pair, other in references.items()
        },
        references,
    )


def reference(rung: Rung, rungs: Sequence[Rung], role: str) -> Rung | None:
    """The base or alignment rung of the same recipe, with the same weight of the alignment where there are several."""
    if rung.role == role or rung.role == BASE:
        return None
    like = [other for other in rungs if other.role == role and other.recipe == rung.recipe]
    weight = rung.objective.get("alignment")
    return min(like, key=lambda other: other.objective.get("alignment") != weight, default=None)


def _wanted(result: Mapping[str, Any]) -> dict[str, Any]:
    names = {name for group in SHOWN.values() for name in group.values()}
    return {name: each for name, each in measures(result["studies"]).items() if name in names}


def _places(rungs: Sequence[Rung]) -> dict[str, list[int]]:
    """Rung -> which of all runs are its own."""
    places, start = {}, 0
    for rung in rungs:
        places[rung.name] = list(range(start, start + len(rung.results)))
        start += len(rung.results)
    return places


def _levels(drawn: Mapping[str, Drawn], runs: Sequence[int], weights: Scores) -> dict[str, Level]:
    found = {name: level(each, runs, weights) for name, each in drawn.items()}
    return {name: value for name, value in found.items() if value is not None}


def _differences(
    drawn: Mapping[str, Drawn], sides: tuple[Sequence[int], Sequence[int]], weights: tuple[Scores, Scores]
) -> dict[str, Difference]:
    found = {name: difference(each, sides, weights) for name, each in drawn.items()}
    return {name: value for name, value in found.items() if value is not None}

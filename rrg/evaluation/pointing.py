"""Does a heat map point at the finding? On simulated studies, where the truth is known for every pixel. Knows no page.

The pointing game (Zhang et al. 2016, arXiv:1608.00507): for each finding of a study, the sentence of its own report that
tells it is asked for its evidence in each view, and the place of the maximum is looked up in the finding's true mask. Beside
it stand what pointing anywhere in the field would give (the share of it that the mask covers) and what the centre of the
film would. A map without any evidence points nowhere and is wrong.

`python -m rrg.evaluation.pointing --checkpoint DIR --data COHORT --split val --out FILE.json`;
`rrg.evaluation.simulated_tables` shows such files on a page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from tqdm import tqdm

from rrg.data.batch import StudyImages, load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import to_pixels
from rrg.data.simulated import SimulatedFact, is_simulated, load_facts, load_masks
from rrg.evaluation.margin_summary import RESAMPLES
from rrg.evaluation.measure import Measure, mean_of
from rrg.evaluation.resampling import FEWEST, LEVEL
from rrg.evaluation.result_file import rounded, write_json
from rrg.explain.average import average_film
from rrg.explain.pointing import Mask, on_grid, points_into
from rrg.explain.saliency import DEFAULT, METHODS, check_method, saliency
from rrg.models.checkpoint import Checkpoint, load_checkpoint
from rrg.types import RrgError, Saliency, Study, View

POINTERS = ("map", "anywhere", "centre")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Pointed:
    """One finding in one view: does the maximum lie in the mask, how much of the field is mask, is the centre in it."""

    study: str
    kind: str
    view: View
    map: bool
    anywhere: float
    centre: bool

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "study": self.study, "kind": self.kind, "view": self.view.name.lower(), "map": float(self.map),
            "anywhere": self.anywhere, "centre": float(self.centre),
        }  # fmt: skip


def point(heat: Saliency, mask: Mask, study: str = "", kind: str = "") -> Pointed | None:
    """Of one map (S, S), NaN outside the field, and a mask (H, W); None where the mask is not in the field."""
    field, truth = np.isfinite(heat.values), on_grid(mask, heat.values.shape)
    if not (truth & field).any():
        return None
    centre = tuple(side // 2 for side in heat.values.shape)
    share = float((truth & field).sum() / field.sum())
    return Pointed(study, kind, heat.view, points_into(heat, truth), share, bool(truth[centre]))


def read_pointing(
    checkpoint: Checkpoint,
    folder: Path,
    studies: Sequence[Study],
    method: str = DEFAULT,
    progress: bool = False,
) -> tuple[list[dict[str, Any]], int]:
    """Rows of all findings of all studies in every view, and how many findings stand in sentences that this model cannot
    read. RrgError on an unknown method, and where it has no average film.
    """
    check_method(method)  # else every finding would count as one that it cannot read
    average_film(checkpoint)
    films = load_images(studies, checkpoint.preprocessing, None)
    rows: list[dict[str, Any]] = []
    unread = 0
    for at, study in enumerate(tqdm(films.studies, "pointing", unit="study", disable=not progress)):
        facts, masks = load_facts(folder, study.id), load_masks(folder, study.id)
        for number, fact in enumerate(facts):
            try:
                maps = _maps(checkpoint, films, at, study, fact, method)
            except RrgError:  # a sentence beyond the tokens it reads, or without a word that it knows
                unread += 1
                continue
            found = (
                point(heat, masks[heat.view][number], study.id, fact.kind)
                for heat in maps
                if heat.view in masks
            )
            rows += [each.row() for each in found if each]
    return rows, unread


def _maps(
    checkpoint: Checkpoint, films: StudyImages, at: int, study: Study, fact: SimulatedFact, method: str
) -> tuple[Saliency, ...]:
    pixels, views = to_pixels(films.squares[at : at + 1]), torch.from_numpy(films.views[at : at + 1])
    return saliency(checkpoint, pixels, views, study.report, fact.sentence, method)


# --- Summing up ---


def summarise_pointing(
    rows: Sequence[Row], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, dict[str, Any]]:
    """Kind ("all" first, then "frontal", "lateral", then each finding) -> "findings", "studies", the share in which each of
    `POINTERS` is right, and the 95 % limits of the map's ("low", "high"), over studies.
    """
    names = ["all", "frontal", "lateral", *sorted({row["kind"] for row in rows})]
    return {
        name: each
        for name in names
        if (each := _summary([r for r in rows if name in ("all", r["view"], r["kind"])], rng, resamples))
    }


def _summary(rows: Sequence[Row], rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    if not rows:
        return {}
    studies = list(dict.fromkeys(row["study"] for row in rows))
    found: dict[str, Any] = {"findings": len(rows), "studies": len(studies)}
    found |= {pointer: float(np.mean([row[pointer] for row in rows])) for pointer in POINTERS}
    low, high = _limits(rows, studies, rng, resamples) if len(studies) >= FEWEST else (None, None)
    return found | {"low": low, "high": high}


def _limits(
    rows: Sequence[Row], studies: Sequence[str], rng: np.random.Generator, resamples: int
) -> tuple[float, float]:
    """All findings of a study are drawn together."""
    measure: Measure = mean_of([row["map"] for row in rows])
    own = np.array([[row["study"] == study for row in rows] for study in studies], np.float64)
    columns = own @ measure.columns
    draws = rng.multinomial(len(studies), np.full(len(studies), 1 / len(studies)), resamples)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(measure.score(draws @ columns), [tail, 1 - tail]).tolist()
    return low, high


def as_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table."""
    lines = ["| findings | map (95 %) | anywhere | centre | findings | studies |", "|---" * 6 + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(name, each))} |" for name, each in found.items())])


def _cells(name: str, each: Mapping[str, Any]) -> Iterator[str]:
    limits = "" if each["low"] is None else f" [{each['low']:.2f}, {each['high']:.2f}]"
    yield name
    yield f"{each['map']:.3f}{limits}"
    yield from (f"{each[pointer]:.3f}" for pointer in POINTERS[1:])
    yield from (str(each[name]) for name in ("findings", "studies"))


def main(
    checkpoint: Annotated[Path, typer.Option(help="Folder of a trained model, with its gallery.")],
    data: Annotated[Path, typer.Option(help="A simulated cohort.")],
    out: Annotated[Path, typer.Option(help="Where the result goes, as JSON.")],
    split: Annotated[str, typer.Option(help="train, val, test or pairs.")] = "val",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N studies.")] = None,
    method: Annotated[str, typer.Option(help=f"How maps are made: {', '.join(METHODS)}.")] = DEFAULT,
) -> None:
    """Pointing accuracy of heat maps against the true masks of simulated findings."""
    try:
        if not is_simulated(data):
            raise RrgError(
                f"{data} is no simulated cohort, so no true masks are known; make one with simulate"
            )
        loaded, studies = load_checkpoint(checkpoint), load_studies(data, split)[:limit]
        rows, unread = read_pointing(loaded, data, studies, method, sys.stderr.isatty())
        found = summarise_pointing(rows, np.random.default_rng(0))
        system = {"name": loaded.name, "revision": loaded.revision, "method": method}
        result = {"system": system, "split": split, "limit": limit, "unread": unread, "pointing": found, "rows": rows}
        write_json(out, rounded(result, 5))
    except RrgError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    typer.echo(as_table(found))


if __name__ == "__main__":
    typer.run(main)

"""`study`: a grid of runs, trained and scored one after another. Knows arguments, no method."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rrg.commands.shared import writing


def study(
    grid: Annotated[Path, typer.Argument(help="YAML file with base: and runs:.", metavar="GRID.yaml")],
    out: Annotated[Path, typer.Option(help="Folder of the runs' states and weights.", metavar="DIR")],
    results: Annotated[
        Path, typer.Option(help="Folder of the results, one small JSON a run.", metavar="DIR")
    ],
    only: Annotated[
        list[str] | None, typer.Argument(help="These runs alone; all without a name.", metavar="NAME")
    ] = None,
) -> None:
    """Train and score what a grid of configurations and seeds still lacks.

    Interrupted runs are taken up by the same command; several processes may share one grid.
    """
    from rrg.evaluation.result_file import without_texts
    from rrg.training.loop import train
    from rrg.training.study import load_grid, outdated, pending, work_through

    rungs = load_grid(grid, list(only or ()))
    for file in outdated(rungs, results):
        typer.echo(f"{file} is of another configuration than {grid}'s; remove it to have the run done again")

    def score(checkpoint: Path, folder: Path) -> dict[str, Any]:
        from rrg.evaluation.cohort import load_cohort
        from rrg.evaluation.harness import Settings, evaluate
        from rrg.evaluation.partial import discard
        from rrg.models.checkpoint import load_checkpoint
        from rrg.training.config import load_config

        data = load_config(folder / "config.yaml").data
        partial = folder / "val.partial"
        settings = Settings(meteor=False, company=False, partial=partial, progress=sys.stderr.isatty())
        result = evaluate(load_checkpoint(checkpoint), load_cohort(data.folder, data.val), settings)
        discard(partial)
        return without_texts(result)

    def run(config: Path, folder: Path) -> Path:
        return train(config, [], folder)

    with writing(results):
        done = work_through(rungs, out, results, run, score, typer.echo)
    left = len(pending(rungs, results))
    typer.echo(f"{len(done)} runs done here, {len(rungs) - left} of {len(rungs)} have a result in {results}")

"""`ladder`: the results of a grid as tables and plots. Knows arguments, no metric."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import as_typed, check_writable


def ladder(
    context: typer.Context,
    results: Annotated[
        Path, typer.Argument(help="Folder that `study` writes its results to.", metavar="DIR")
    ],
    out: Annotated[Path, typer.Option(help="All tables as Markdown.", metavar="FILE.md")],
    page_file: Annotated[
        Path | None,
        typer.Option("--page", help="Tables and plots; needs nothing beside it.", metavar="PAGE.html"),
    ] = None,
    company: Annotated[
        Path | None,
        typer.Option(help="Its rows of company stand below the rungs.", metavar="METRICS.json"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
) -> None:
    """What each rung of a ladder scores and adds, its seeds pooled, from whatever is done."""
    for file in filter(None, (out, page_file)):
        check_writable(file)
    import numpy as np

    from rrg.evaluation.ladder import climb, read_ladder
    from rrg.evaluation.ladder_tables import markdown
    from rrg.evaluation.page import write_page
    from rrg.evaluation.schema import check_version, read_json

    beside = {}
    if company is not None:
        value = read_json(company)
        check_version(value, company)
        beside = value.get("company", {})
    found = climb(read_ladder(results), np.random.default_rng(seed))
    command = as_typed(context.obj)
    write_page(out, markdown(found, beside, command))
    if page_file:
        from rrg.evaluation.ladder_page import page

        write_page(page_file, page(found, beside, command))
    runs = sum(len(rung.seeds) for rung in found.rungs)
    typer.echo(
        f"{len(found.rungs)} rungs, {runs} runs: {', '.join(str(each) for each in (out, page_file) if each)}"
    )

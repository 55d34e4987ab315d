"""`compare` and `report`: result files beside each other, as numbers and as a page. Knows arguments, no metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import AsJson, check_writable, show
from rrg.types import RrgError

Results = Annotated[list[Path], typer.Argument(help="Results of `evaluate`.", metavar="RESULT.json")]
NoTexts = Annotated[
    bool, typer.Option("--no-texts", help="Leave every sentence of a report out: fit to be published.")
]


def compare(
    out: Annotated[Path, typer.Option(help="All differences with their intervals.", metavar="FILE.json")],
    pair: Annotated[
        list[Path] | None,
        typer.Argument(help="Two results of `evaluate` on one split.", metavar="A.json B.json"),
    ] = None,
    a: Annotated[
        list[Path] | None,
        typer.Option("--a", help="A run of A; once for each of its seeds.", metavar="A.json"),
    ] = None,
    b: Annotated[
        list[Path] | None,
        typer.Option("--b", help="A run of B; once for each of its seeds.", metavar="B.json"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Paired differences of two systems, B minus A, with 95 % intervals; several seeds of each are pooled."""
    first, second = _sides(pair or [], a or [], b or [])
    check_writable(out)
    import numpy as np

    from rrg.evaluation.result_file import rounded, write_json
    from rrg.evaluation.schema import read_result
    from rrg.evaluation.statistics import as_table
    from rrg.evaluation.statistics import compare as run

    runs_a, runs_b = ([read_result(file) for file in files] for files in (first, second))
    result = rounded(run(runs_a, runs_b, np.random.default_rng(seed)) | {"seed": seed}, 5)
    write_json(out, result, dense=True)
    show(result, as_table(result), as_json)


def report(
    results: Results,
    out: Annotated[Path, typer.Option(help="The page; needs nothing beside it.", metavar="PAGE.html")],
    comparison: Annotated[
        list[Path] | None, typer.Option(help="Result of `compare`; may be repeated.", metavar="FILE.json")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Where the reference texts of the worst cases are.", metavar="DIR")
    ] = None,
    no_texts: NoTexts = False,
) -> None:
    """One HTML page of one or more results: scoreboard, plots, worst cases."""
    check_writable(out)
    from rrg.evaluation.page import page, write_page
    from rrg.evaluation.schema import read_comparison, read_result

    read = [read_result(file) for file in results]
    compared = [read_comparison(file) for file in comparison or []]
    references = reference_texts(data, read[0]["data"]["split"]) if data and not no_texts else {}
    write_page(out, page(read, compared, references, texts=not no_texts))
    typer.echo(f"page: {out}" + ("" if no_texts else " (it may hold report texts: do not publish it)"))


def reference_texts(data: Path, split: str) -> dict[str, str]:
    """Study id -> report."""
    from rrg.data.datasets import load_studies

    return {study.id: study.report for study in load_studies(data, split)}


def _sides(
    pair: Sequence[Path], a: Sequence[Path], b: Sequence[Path]
) -> tuple[Sequence[Path], Sequence[Path]]:
    """Either two files, or --a and --b, once or more each."""
    if len(pair) == 2 and not a and not b:
        return pair[:1], pair[1:]
    if not pair and a and b:
        return a, b
    raise RrgError(
        f"{len(pair)} files, {len(a)} --a and {len(b)} --b were given; name two results, A.json B.json, or the runs of "
        "each system, --a A1.json --a A2.json --b B1.json --b B2.json"
    )

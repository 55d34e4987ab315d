"""`evaluate`: numbers of a system on a split. Knows arguments, no metric."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import AsJson, DataDir, as_typed, check_writable, load, show
from rrg.types import RrgError


def evaluate(
    context: typer.Context,
    data: DataDir,
    split: Annotated[str, typer.Option(help="train, val or test.", metavar="NAME")],
    out: Annotated[Path, typer.Option(help="All numbers, with every study's text.", metavar="FILE.json")],
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Folder of a trained model.", metavar="DIR")
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(help="Or the reports of any system: one object, study id to text.", metavar="FILE.json"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the system of --reports; else the file's name.")
    ] = None,
    summary_file: Annotated[
        Path | None,
        typer.Option(
            "--summary", help="Metrics alone, without a sentence: for metrics.json.", metavar="FILE.json"
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N studies.", metavar="N")] = None,
    beams: Annotated[int, typer.Option(min=1, help="Beam search; 1 is greedy.", metavar="K")] = 1,
    no_meteor: Annotated[bool, typer.Option("--no-meteor", help="Leave METEOR out: no Java.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every metric of a checkpoint, or of a file of reports, on one split, with the rows of its company.

    An interrupted run is taken up by the same command: finished batches wait in OUT.partial.
    """
    if (checkpoint is None) == (reports is None):
        raise RrgError("name what to evaluate: either --checkpoint DIR or --reports FILE.json")
    for file in filter(None, (out, summary_file)):
        check_writable(file)
    from rrg.evaluation.cohort import load_cohort
    from rrg.evaluation.harness import GREEDY, Settings, evaluate_reports
    from rrg.evaluation.harness import evaluate as run
    from rrg.evaluation.partial import discard
    from rrg.evaluation.reports_file import read_reports
    from rrg.evaluation.result_file import faults_in_words, in_short, summary, write_json

    partial = Path(f"{out}.partial")
    settings = Settings(
        limit=limit, decoding={**GREEDY, "num_beams": beams}, meteor=not no_meteor, partial=partial,
        progress=sys.stderr.isatty(), command=as_typed(context.obj),
    )  # fmt: skip
    given = read_reports(reports) if reports else {}
    cohort = load_cohort(data, split)
    if checkpoint is not None:
        result = run(load(checkpoint), cohort, settings)
    else:
        result = evaluate_reports(given, cohort, settings, name=name or (reports.stem if reports else ""))
    write_json(out, result)
    if summary_file:
        write_json(summary_file, summary(result))
    discard(partial)
    typer.echo(faults_in_words(result["data"]), err=True, nl=False)
    show(summary(result), in_short(result), as_json)


def compare(
    a: Annotated[Path, typer.Argument(help="Result of `evaluate`.", metavar="A.json")],
    b: Annotated[Path, typer.Argument(help="Result of `evaluate` on the same split.", metavar="B.json")],
    out: Annotated[Path, typer.Option(help="All differences with their intervals.", metavar="FILE.json")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Paired differences of two evaluations, B minus A, with 95 % intervals."""
    check_writable(out)
    import numpy as np

    from rrg.evaluation.result_file import write_json
    from rrg.evaluation.schema import read_result
    from rrg.evaluation.statistics import as_table
    from rrg.evaluation.statistics import compare as run

    result = run(read_result(a), read_result(b), np.random.default_rng(seed)) | {"seed": seed}
    write_json(out, result)
    show(result, as_table(result), as_json)

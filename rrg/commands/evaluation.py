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
    page_file: Annotated[
        Path | None,
        typer.Option("--page", help="The numbers as one HTML page, with report texts.", metavar="PAGE.html"),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N studies.", metavar="N")] = None,
    decoding: Annotated[
        str,
        typer.Option(
            help="greedy, beam, or the draft closest to the image: rerank (sampled), rerank-beams.",
            metavar="WAY",
        ),
    ] = "greedy",
    candidates: Annotated[
        int | None, typer.Option(min=1, help="Beams, or drafts to choose from.", metavar="K")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn: drafts, resamples, images.")] = 0,
    no_meteor: Annotated[bool, typer.Option("--no-meteor", help="Leave METEOR out: no Java.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every metric of a checkpoint, or of a file of reports, on one split, with the rows of its company.

    An interrupted run is taken up by the same command: finished batches wait in OUT.partial.
    """
    if (checkpoint is None) == (reports is None):
        raise RrgError("name what to evaluate: either --checkpoint DIR or --reports FILE.json")
    if reports is not None and (decoding, candidates) != ("greedy", None):
        raise RrgError(
            "--decoding and --candidates are for --checkpoint; the reports of --reports are written"
        )
    for file in filter(None, (out, summary_file, page_file)):
        check_writable(file)
    from rrg.evaluation.cohort import load_cohort
    from rrg.evaluation.harness import Settings, evaluate_reports
    from rrg.evaluation.harness import evaluate as run
    from rrg.evaluation.partial import discard
    from rrg.evaluation.reports_file import read_reports
    from rrg.evaluation.result_file import faults_in_words, in_short, summary, write_json
    from rrg.models.decoding import Decoding

    partial = Path(f"{out}.partial")
    settings = Settings(
        limit=limit, decoding=Decoding.of(decoding, candidates, seed), meteor=not no_meteor, seed=seed,
        partial=partial, progress=sys.stderr.isatty(), command=as_typed(context.obj),
    )  # fmt: skip
    given = read_reports(reports) if reports else {}
    cohort = load_cohort(data, split)
    if checkpoint is not None:
        result = run(load(checkpoint), cohort, settings)
    else:
        result = evaluate_reports(given, cohort, settings, name=name or (reports.stem if reports else ""))
    write_json(out, result)
    if summary_file:
        write_json(summary_file, summary(result), dense=True)
    if page_file:
        from rrg.evaluation.page import page, write_page

        write_page(page_file, page([result], references={study.id: study.report for study in cohort.told}))
    discard(partial)
    typer.echo(faults_in_words(result["data"]), err=True, nl=False)
    show(summary(result), in_short(result), as_json)

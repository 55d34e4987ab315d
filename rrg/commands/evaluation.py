"""`evaluate` and `compare`: numbers of a system on a split, and of two beside each other. Knows arguments, no metric."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import AsJson, CheckpointDir, DataDir, as_typed, check_writable, load, show
from rrg.types import RrgError


def evaluate(
    context: typer.Context,
    checkpoint: CheckpointDir,
    data: DataDir,
    split: Annotated[str, typer.Option(help="train, val or test.", metavar="NAME")],
    out: Annotated[Path, typer.Option(help="All numbers, with every study's text.", metavar="FILE.json")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N studies.", metavar="N")] = None,
    summary_file: Annotated[
        Path | None,
        typer.Option(
            "--summary", help="Metrics alone, without a sentence: for metrics.json.", metavar="FILE.json"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Loss, text scores by both protocols and retrieval of a checkpoint on one split."""
    for file in filter(None, (out, summary_file)):
        check_writable(file)
    from rrg.data.datasets import load_studies
    from rrg.evaluation.harness import evaluate as run
    from rrg.evaluation.harness import summary, write_json

    studies = load_studies(data, split)
    result = run(
        load(checkpoint), studies, train_reports=_train_reports(data), limit=limit,
        progress=sys.stderr.isatty(), command=as_typed(context.obj),
    )  # fmt: skip
    write_json(out, result)
    if summary_file:
        write_json(summary_file, summary(result))
    show(summary(result), json.dumps(summary(result)["metrics"], indent=1), as_json)


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

    from rrg.evaluation.harness import read_result, write_json
    from rrg.evaluation.statistics import as_table
    from rrg.evaluation.statistics import compare as run

    result = run(read_result(a), read_result(b), np.random.default_rng(seed)) | {"seed": seed}
    write_json(out, result)
    show(result, as_table(result), as_json)


def _train_reports(data: Path) -> list[str]:
    """The reports of the train split; none where there is no such split, and then a protocol is absent."""
    from rrg.data.datasets import load_studies

    with contextlib.suppress(RrgError):
        return [study.report for study in load_studies(data, "train")]
    return []

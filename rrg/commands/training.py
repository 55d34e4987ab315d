"""`train` and `gallery`: what makes a checkpoint and what stands beside it. Knows arguments, no method."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import AsJson, CheckpointDir, DataDir, load, show, writing


def train(
    config: Annotated[Path, typer.Argument(help="YAML file of the experiment.", metavar="CONFIG.yaml")],
    out: Annotated[Path, typer.Option(help="Folder of the run; resumed from if interrupted.", metavar="RUN")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Fields to change, e.g. optimiser.epochs=2.", metavar="key=value"),
    ] = None,
) -> None:
    """Train a model, or take up an interrupted run."""
    from rrg.training.loop import train as run

    with writing(out):
        folder = run(config, list(overrides or ()), out)
    typer.echo(f"checkpoint: {folder}")


def pretrain(
    config: Annotated[
        Path, typer.Argument(help="YAML file, e.g. configs/iu-xray/encoder.yml.", metavar="CONFIG")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run; resumed from if interrupted.", metavar="RUN")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Fields to change, e.g. epochs=2.", metavar="key=value")
    ] = None,
) -> None:
    """Teach the image network the coded findings, before any report is learned."""
    from rrg.training.config import EncoderConfig, read_config
    from rrg.training.pretraining import pretrain as run

    with writing(out):
        weights = run(read_config(config, list(overrides or ()), EncoderConfig), out)
    typer.echo(f"image network: {weights}")


def gallery(
    checkpoint: CheckpointDir,
    data: DataDir,
    split: Annotated[str, typer.Option(help="The split to search in.", metavar="NAME")] = "train",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N studies.", metavar="N")] = None,
    as_json: AsJson = False,
) -> None:
    """(Re)build a checkpoint's gallery (embeddings, ids, coded labels, no text) and the average film of its heat maps."""
    from rrg.data.datasets import load_studies
    from rrg.explain.average import build_average_film
    from rrg.retrieval.build import build_gallery

    loaded = load(checkpoint)
    studies = load_studies(data, split)[:limit]
    built = build_gallery(loaded, studies, progress=sys.stderr.isatty())
    path = built.save(checkpoint)
    build_average_film(loaded, studies).save(checkpoint)
    value = {"gallery": str(path), "studies": len(built), "split": split, "revision": loaded.revision}
    show(value, f"{len(built)} studies of {split} in {path}", as_json)

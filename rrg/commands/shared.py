"""What several commands share: options, loading a model, showing a result, writing files. Knows no command.

Heavy libraries are imported inside the functions, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rrg.types import RrgError

if TYPE_CHECKING:
    from rrg.models.checkpoint import Checkpoint

CheckpointDir = Annotated[
    Path, typer.Option("--checkpoint", help="Folder of a trained model.", metavar="DIR")
]
DataDir = Annotated[
    Path, typer.Option("--data", help="IU X-Ray or MIMIC-CXR in any known layout.", metavar="DIR")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Force = Annotated[
    bool, typer.Option("--force", help="Go on where a picture is no chest radiograph; marked as such.")
]


def show(value: dict[str, Any], text: str, as_json: bool) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) if as_json else text)


def load(folder: Path) -> Checkpoint:
    from transformers.utils import logging as transformers_logging

    from rrg.models.checkpoint import load_checkpoint

    transformers_logging.disable_progress_bar()  # a second's work needs no bar
    return load_checkpoint(folder)


def check_writable(file: Path) -> None:
    """Before minutes are spent: can `file` be written? What exists stays as it is, nothing new is left."""
    if file.is_dir():
        raise RrgError(f"cannot write {file}: it is a folder; name a file")
    fresh = not file.exists()
    with writing(file), file.open("a"):
        pass
    if fresh:
        file.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """A failure to write `path`, or a folder on the way to it or below it, is the caller's to mend."""
    try:
        yield
    except OSError as error:
        where = Path(error.filename or path)  # a full disk names no file
        if not (where.is_relative_to(path) or path.is_relative_to(where)):
            raise
        raise RrgError(f"cannot write {path}: {error.strerror or error}") from error


def as_typed(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "rrg", *arguments])

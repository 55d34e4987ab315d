"""The command line: read | score | train | evaluate | compare | gallery. Knows arguments and exit codes, no
method.

Exit codes: 0 done, 1 interrupted or a fault of the program, 2 input that a person can mend ("error: ..." on
stderr). Heavy libraries are imported inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rrg.types import Radiograph, RrgError

if TYPE_CHECKING:
    from rrg.models.checkpoint import Checkpoint
    from rrg.retrieval.texts import TextSource

INTERRUPTED = 130  # typer's code for Ctrl-C, a shell's custom; here 0, 1 and 2 are all there is

app = typer.Typer(
    name="rrg",
    help="Chest radiograph reports by learning with increasingly hard negatives. Not for clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Images = Annotated[
    list[Path], typer.Argument(help="One or two views: DICOM, PNG, JPEG or TIFF.", metavar="IMAGE")
]
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
TextsDir = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Where neighbours' texts are; else the installed Open-i reports.", metavar="DIR"
    ),
]


@app.command()
def read(
    images: Images,
    checkpoint: CheckpointDir,
    data: TextsDir = None,
    positive: Annotated[
        Path | None,
        typer.Option(help="Reference report, the positive of the hard negatives.", metavar="FILE"),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(help="Id or uid of these films' own training study: left out of search.", metavar="ID"),
    ] = None,
    k: Annotated[int, typer.Option("-k", "--neighbours", min=1, help="Nearest reports to show.")] = 5,
    seed: Annotated[int, typer.Option(help="Greedy decoding draws nothing; kept with the result.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Report, findings, nearest reports and hard negatives of one study."""
    from rrg.explain import statement
    from rrg.explain.reading import examine, read_study
    from rrg.retrieval.gallery import Gallery, check_revision

    truth = _text_of(positive) if positive else None
    films = _films(images)
    loaded, gallery, texts = _load(checkpoint), Gallery.load(checkpoint), _texts(data)
    own, patient = gallery.whose(study) if study else (None, None)
    examined = examine(loaded, films)
    _refuse(examined.refusal, force)
    reading = read_study(
        loaded, gallery, texts, examined.films, positive=truth, k=k, seed=seed,
        encoded=loaded.encode(examined.films), exclude_study=own, exclude_patient=patient,
    )  # fmt: skip
    notes = (check_revision(gallery, loaded.revision), texts.reason)
    settings = {
        "decoding": loaded.decoding, "seed": seed,
        "revision": loaded.revision, "resolution": loaded.preprocessing.size,
        "positive": "reference" if truth else "own report", "texts": texts.name, "forced": force,
        "left out": own,
    }  # fmt: skip
    value = statement.as_json(reading, examined, settings, [*examined.warnings, *filter(None, notes)])
    _show(value, statement.as_text(value), as_json)


@app.command()
def score(
    images: Images,
    checkpoint: CheckpointDir,
    report: Annotated[Path, typer.Option(help="Text of the report to score.", metavar="FILE")],
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Alignment and likelihood of a given report, beside those of the model's own."""
    from rrg.explain import statement
    from rrg.explain.reading import examine, weigh

    text = _text_of(report)
    films = _films(images)
    loaded = _load(checkpoint)
    examined = examine(loaded, films)
    _refuse(examined.refusal, force)
    encoded = loaded.encode(examined.films)
    own = loaded.model.generate_reports(encoded)[0].text
    value: dict[str, Any] = {
        "model": loaded.name,
        "revision": loaded.revision,
        "given": weigh(loaded, encoded, text),
        "own": {"text": own} | weigh(loaded, encoded, own),
        "screen": statement.screen_json(examined),
        "warnings": list(examined.warnings),
    }
    _show(value, statement.scores_as_text(value), as_json)


@app.command()
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

    with _writing(out):
        folder = run(config, list(overrides or ()), out)
    typer.echo(f"checkpoint: {folder}")


@app.command()
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
        _check_writable(file)
    from rrg.data.datasets import load_studies
    from rrg.evaluation.harness import evaluate as run
    from rrg.evaluation.harness import summary, write_json

    studies = load_studies(data, split)
    result = run(
        _load(checkpoint), studies, train_reports=_train_reports(data), limit=limit,
        progress=sys.stderr.isatty(), command=_command(context.obj),
    )  # fmt: skip
    write_json(out, result)
    if summary_file:
        write_json(summary_file, summary(result))
    _show(summary(result), json.dumps(summary(result)["metrics"], indent=1), as_json)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="Result of `evaluate`.", metavar="A.json")],
    b: Annotated[Path, typer.Argument(help="Result of `evaluate` on the same split.", metavar="B.json")],
    out: Annotated[Path, typer.Option(help="All differences with their intervals.", metavar="FILE.json")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Paired differences of two evaluations, B minus A, with 95 % intervals."""
    _check_writable(out)
    import numpy as np

    from rrg.evaluation.harness import read_result, write_json
    from rrg.evaluation.statistics import as_table
    from rrg.evaluation.statistics import compare as run

    result = run(read_result(a), read_result(b), np.random.default_rng(seed)) | {"seed": seed}
    write_json(out, result)
    _show(result, as_table(result), as_json)


@app.command()
def gallery(
    checkpoint: CheckpointDir,
    data: DataDir,
    split: Annotated[str, typer.Option(help="The split to search in.", metavar="NAME")] = "train",
    as_json: AsJson = False,
) -> None:
    """(Re)build the gallery of a checkpoint: embeddings, ids and coded labels, no text."""
    from rrg.data.datasets import load_studies
    from rrg.retrieval.build import build_gallery

    loaded = _load(checkpoint)
    built = build_gallery(loaded, load_studies(data, split), progress=sys.stderr.isatty())
    path = built.save(checkpoint)
    value = {"gallery": str(path), "studies": len(built), "split": split, "revision": loaded.revision}
    _show(value, f"{len(built)} studies of {split} in {path}", as_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(args=given, obj=tuple(given))
    except RrgError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except SystemExit as left:
        sys.exit(1 if left.code == INTERRUPTED else left.code)


def _show(value: dict[str, Any], text: str, as_json: bool) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) if as_json else text)


def _load(folder: Path) -> Checkpoint:
    from transformers.utils import logging as transformers_logging

    from rrg.models.checkpoint import load_checkpoint

    transformers_logging.disable_progress_bar()  # a second's work needs no bar
    return load_checkpoint(folder)


def _films(images: Sequence[Path]) -> list[Radiograph]:
    if len(images) > 2:
        raise RrgError(f"{len(images)} images were given; a study has one or two views")
    from rrg.data.images import load_radiograph

    films = []
    for number, path in enumerate(images, start=1):
        try:
            films.append(load_radiograph(path))
        except RrgError as error:  # it names no file; of two, say which
            raise RrgError(f"image {number}: {error}" if len(images) > 1 else str(error)) from error
    return films


def _refuse(refusal: str | None, force: bool) -> None:
    if refusal and not force:
        raise RrgError(f"{refusal}. To read it all the same, add --force")


def _text_of(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RrgError(f"cannot read the report {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RrgError(f"the report {path} is not UTF-8 text; save it as plain text") from error
    if not text:
        raise RrgError(f"the report {path} is empty; give its findings as plain text")
    return text


def _texts(data: Path | None) -> TextSource:
    from rrg.retrieval.texts import TextSource

    return TextSource.openi() if data is None else TextSource.folder(data)


def _train_reports(data: Path) -> list[str]:
    """The reports of the train split; none where there is no such split, and then a protocol is absent."""
    from rrg.data.datasets import load_studies

    with contextlib.suppress(RrgError):
        return [study.report for study in load_studies(data, "train")]
    return []


def _check_writable(file: Path) -> None:
    """Before minutes are spent: can `file` be written? What exists stays as it is, nothing new is left."""
    if file.is_dir():
        raise RrgError(f"cannot write {file}: it is a folder; name a file")
    fresh = not file.exists()
    with _writing(file), file.open("a"):
        pass
    if fresh:
        file.unlink()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """A failure to write `path`, or a folder on the way to it or below it, is the caller's to mend."""
    try:
        yield
    except OSError as error:
        where = Path(error.filename or path)  # a full disk names no file
        if not (where.is_relative_to(path) or path.is_relative_to(where)):
            raise
        raise RrgError(f"cannot write {path}: {error.strerror or error}") from error


def _command(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "rrg", *arguments])

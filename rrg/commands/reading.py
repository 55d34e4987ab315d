"""`read` and `score`: one study, one checkpoint. Knows arguments and refusals, no method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rrg.commands.shared import AsJson, CheckpointDir, load, show
from rrg.types import Radiograph, RrgError

if TYPE_CHECKING:
    from rrg.retrieval.shipped import AtHand

Images = Annotated[
    list[Path], typer.Argument(help="One or two views: DICOM, PNG, JPEG or TIFF.", metavar="IMAGE")
]
Force = Annotated[
    bool, typer.Option("--force", help="Go on where a picture is no chest radiograph; marked as such.")
]
TextsDir = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Where neighbours' texts are; else the shipped sample, else the installed Open-i reports.",
        metavar="DIR",
    ),
]


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
    from rrg.retrieval.gallery import check_revision

    truth = _text_of(positive) if positive else None
    films = _films(images)
    loaded, found = load(checkpoint), _at_hand(checkpoint, data)
    gallery, texts = found.gallery, found.texts
    own, patient = gallery.whose(study) if study else (None, None)
    examined = examine(loaded, films)
    _refuse(examined.refusal, force)
    reading = read_study(
        loaded, gallery, texts, examined.films, positive=truth, k=k, seed=seed,
        encoded=loaded.encode(examined.films), exclude_study=own, exclude_patient=patient,
    )  # fmt: skip
    notes = (check_revision(gallery, loaded.revision), texts.reason, found.note)
    settings = {
        "decoding": loaded.decoding, "seed": seed,
        "revision": loaded.revision, "resolution": loaded.preprocessing.size,
        "positive": "reference" if truth else "own report", "texts": texts.name, "forced": force,
        "left out": own,
    }  # fmt: skip
    value = statement.as_json(reading, examined, settings, [*examined.warnings, *filter(None, notes)])
    show(value, statement.as_text(value), as_json)


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
    loaded = load(checkpoint)
    examined = examine(loaded, films)
    _refuse(examined.refusal, force)
    encoded = loaded.encode(examined.films)
    own = loaded.model.generate_reports(encoded)[0].text
    given, drafted = weigh(loaded, encoded, (text, own))
    value: dict[str, Any] = {
        "model": loaded.name,
        "revision": loaded.revision,
        "given": statement.fit_json(given),
        "own": {"text": own} | statement.fit_json(drafted),
        "screen": statement.screen_json(examined),
        "warnings": list(examined.warnings),
    }
    show(value, statement.scores_as_text(value), as_json)


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


def _at_hand(checkpoint: Path, data: Path | None) -> AtHand:
    from rrg.retrieval.gallery import Gallery
    from rrg.retrieval.shipped import AtHand, at_hand
    from rrg.retrieval.texts import TextSource

    return at_hand(checkpoint) if data is None else AtHand(Gallery.load(checkpoint), TextSource.folder(data))

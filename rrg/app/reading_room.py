"""What a reader can do: open films, have them read by two models, edit the positive.

Use cases as functions of values. Knows no gradio and no HTML; holds nothing that belongs to one reader: what
a browser has opened is returned to it as a frozen value and comes back with the next request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rrg.app.examples import Example, known_examples, pydicom_file
from rrg.app.library import Key, Library, Reader, Screening, check_pair
from rrg.app.pictures import Pictures, pictures_in
from rrg.app.study import Correction, OpenStudy, Progress
from rrg.app.terms import Terms
from rrg.app.truth import load_truth
from rrg.data.images import load_radiograph
from rrg.data.reports import clean
from rrg.types import ModelReading, Radiograph, Reading, RrgError, View

MAX_FILES = 2
MAX_POSITIVE = 2000  # characters of an edited positive
SEED = 0
REFERENCE = "reference"  # the source of a positive that a radiologist wrote
VIEW_UNTOLD = (
    "The file does not say whether it shows a frontal or a lateral view."  # as the reading of files puts it
)


@dataclass(frozen=True)
class ReadingRoom:
    """The use cases over a library of checkpoints.

    A lock lets one reading at a time use the models. It is taken step by step and never held over a `yield`:
    a reader who leaves in the middle must not lock out the others.
    """

    library: Library
    data_file: Callable[[str], str | None] = pydicom_file
    studies: tuple[Example, ...] = ()  # of the data folder, if one was given
    simulated: tuple[Example, ...] = ()  # studies that come with models, and their twins
    terms: Terms = field(default_factory=Terms)
    pictures: Pictures = field(default_factory=Pictures)  # of the data folder's films
    _models: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def models(self, pair: tuple[Key, Key]) -> Iterator[tuple[Reader, ...]]:
        """Both models of a pair, loaded, and nobody else's for as long as the block lasts.

        Do one step in it and leave: a generator that yields to a browser inside would lock out the others.
        """
        readers = tuple(self.library.get(key) for key in pair)
        with self._models:
            yield readers

    # -- what there is

    def default_pair(self, collection: str) -> tuple[Key, Key] | None:
        """First and last rung of a collection's ladder; None where it has fewer than two checkpoints."""
        names = self.library.collections().get(collection, ())
        return (Key(collection, names[0]), Key(collection, names[-1])) if len(names) > 1 else None

    def cards(self, pair: tuple[Key, Key]) -> str:
        """The model cards of a pair, Markdown; empty where one cannot be loaded."""
        try:
            return "\n\n---\n\n".join(self.library.get(key).card for key in pair)
        except RrgError:
            return ""

    def examples(self) -> tuple[Example, ...]:
        """The examples, installed or not."""
        return known_examples(self.data_file)

    def offered(self) -> tuple[Example, ...]:
        """Every study that may be opened by its id: the examples, those that come with models, the data folder's."""
        return (*self.examples(), *self.simulated, *self.studies)

    def drawn_from(self, collection: str) -> tuple[Example, ...]:
        """What a blind reading draws from: the collection's own studies, else all others."""
        own = tuple(each for each in self.simulated if each.collection == collection and each.listed)
        return own or (*self.examples(), *self.studies)

    def notice_of(self, collection: str) -> str:
        """What goes with a collection's simulated studies; empty where they are none, or not at hand."""
        return next((each.simulated for each in self.simulated if each.collection == collection), "")

    def pictures_of(self, collection: str) -> Pictures:
        """Where the films of a collection's training studies are: the sample beside its models, else the data folder."""
        cohort = self.library.cohorts().get(collection)
        return pictures_in(cohort) if cohort else self.pictures

    # -- opening films

    def open_files(self, paths: Sequence[str | Path], *, discard: bool = False) -> OpenStudy:
        """Decode one or two files; `discard` deletes each as soon as it has been read, or refused.

        RrgError where there are none or too many, or a file is refused: nothing of the caller's changes then.
        """
        files = [Path(path) for path in paths]
        try:
            if not 1 <= len(files) <= MAX_FILES:
                raise RrgError(
                    f"{len(files)} files were given; a study has one or two views. Choose the frontal and, "
                    "if there is one, the lateral film."
                )
            films = tuple(load_radiograph(path) for path in files)
        finally:
            if discard:
                for path in files:
                    path.unlink(missing_ok=True)
        return OpenStudy(films, "your files", original=films)

    def open_example(self, name: str) -> OpenStudy:
        """An example by id. RrgError names what is missing, or which examples there are."""
        example = next((each for each in self.offered() if each.id == name), None)
        if example is None:
            more = f", {len(self.simulated)} simulated studies" if self.simulated else ""
            more += f" and {len(self.studies)} studies of the data folder" if self.studies else ""
            raise RrgError(f"no example {name!r}; there are {', '.join(e.id for e in self.examples())}{more}")
        if not example.files:
            raise RrgError(f"{example.title} is not installed here: {example.missing}")
        films = tuple(load_radiograph(p, view=v) for p, v in zip(example.files, example.views, strict=True))
        truth = None
        if example.cohort is not None:
            truth = load_truth(example.cohort, example.id, [film.view for film in films], example.twin)
        return OpenStudy(
            films, f"{example.title}. {example.source}", original=films, reference=example.reference,
            own=example.own, simulated=example.simulated, truth=truth, collection=example.collection,
        )  # fmt: skip

    def correct(self, study: OpenStudy, corrections: Sequence[Correction]) -> OpenStudy:
        """The same films as the reader says they are; unread again, since the models see another picture."""
        pairs = zip(study.original, corrections, strict=False)
        films = tuple(_corrected(film, correction) for film, correction in pairs)
        films += study.original[len(films) :]
        return replace(
            study, films=films, pair=None, encoded=(), screening=None, overridden=False, reading=None, size=0
        )

    # -- reading

    def read(self, study: OpenStudy, pair: tuple[Key, Key], *, override: bool = False) -> Iterator[Progress]:
        """Look whether it is a chest film, encode, draft both reports, find neighbours and negatives.

        Ends early, without a draft, where the picture is not a chest film and `override` is false. RrgError where the
        pair cannot be compared or a model cannot be had.
        """
        check_pair(*pair)
        study = replace(study, pair=pair, encoded=(), reading=None, overridden=False)
        yield Progress("Looking whether these are chest films", ("", ""), study)
        with self.models(pair) as readers:
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
        encoded: list[Any] = [None, None]
        drafts, spent = ["", ""], [0.0, 0.0]
        for i in (1, 0):  # the second model's report stands in for the truth, so it comes first
            yield Progress(f"{readers[i].name} looks at the films", tuple(drafts), study)
            begun = time.perf_counter()
            with self.models(pair):
                encoded[i] = readers[i].encode(study.films)
            for text in readers[i].draft(encoded[i]):
                drafts[i] = text
                yield Progress(f"{readers[i].name} drafts its report", tuple(drafts), study)
            spent[i] = time.perf_counter() - begun
        study = replace(study, encoded=tuple(encoded))
        yield Progress("Nearest reports and hard negatives", tuple(drafts), study)
        positive, source = (study.reference, REFERENCE) if study.reference else (drafts[1], readers[1].name)
        reading = self._gather(study, pair, positive, source, drafts)
        spent = [model.seconds + s for model, s in zip(reading.models, spent, strict=True)]
        yield Progress("Read", tuple(drafts), replace(study, reading=_timed(reading, spent)), done=True)

    def with_positive(self, study: OpenStudy, positive: str) -> OpenStudy:
        """The same reading with another text as the positive; the encoder does not run again.

        RrgError where nothing has been read or the text is empty or too long.
        """
        text = clean(positive)
        if study.reading is None or study.pair is None:
            raise RrgError("Nothing has been read yet; open a film first.")
        if not text or len(text) > MAX_POSITIVE:
            raise RrgError(f"The positive has {len(text)} characters; give a report of 1 to {MAX_POSITIVE}.")
        drafts = [model.report.text for model in study.reading.models]
        source = study.reading.models[1].model if text == clean(drafts[1]) else "the reader's own text"
        source = REFERENCE if study.reference and text == clean(study.reference) else source
        reading = self._gather(study, study.pair, text, source, drafts)
        spent = [model.seconds for model in study.reading.models]
        return replace(study, reading=_timed(reading, spent))

    def _gather(
        self, study: OpenStudy, pair: tuple[Key, Key], positive: str, source: str, drafts: Sequence[str]
    ) -> Reading:
        # Each model's peer is a text of its collection, and recombined with the positive whoever searches.
        may_adapt = all(self.terms.may_adapt(key.collection) for key in pair)
        with self.models(pair) as readers:
            models = tuple(
                reader.read(
                    study.films, encoded, positive=positive, draft=draft, own=study.own, readable=may_adapt
                )
                for reader, encoded, draft in zip(readers, study.encoded, drafts, strict=True)
            )
            readable = _readable(readers, study.encoded, models)
        notes = [note for reader in readers for note in reader.notes]
        decoding = "; ".join(dict.fromkeys(reader.decoding for reader in readers))
        settings = {"decoding": decoding, "seed": SEED, "revision": {m.model: m.revision for m in models}}
        return Reading(models, positive, source, settings, tuple(dict.fromkeys(notes)), readable)

    def read_at_once(self, study: OpenStudy, pair: tuple[Key, Key], *, override: bool = False) -> OpenStudy:
        """`read` to its end: the study as read, or as refused by the screening."""
        *_, last = self.read(study, pair, override=override)
        return last.study


def _readable(
    readers: Sequence[Reader], encoded: Sequence[Any], models: Sequence[ModelReading]
) -> dict[str, tuple[float, ...]]:
    """Every readable negative of any model -> its cosine with the image for each: the same text for all."""
    own = [_aligned(model) for model in models]
    texts = dict.fromkeys(text for each in own for text in each)
    for reader, seen, known in zip(readers, encoded, own, strict=True):
        others = [text for text in texts if text not in known]
        fits = reader.weigh(seen, others) if others else ()
        known |= {
            text: fit.alignment for text, fit in zip(others, fits, strict=True) if fit.alignment is not None
        }
    return {text: tuple(known[text] for known in own) for text in texts}


def _aligned(model: ModelReading) -> dict[str, float]:
    path = model.hard_negatives.path if model.hard_negatives else ()
    return {point.readable.text: point.readable.alignment for point in path if point.readable is not None}


def _with_views(films: Sequence[Radiograph], screening: Screening) -> tuple[Radiograph, ...]:
    """Films whose file does not name the view get the one that the picture suggests, with a warning."""
    if len(screening.views) != len(films):
        return tuple(films)
    pairs = zip(films, screening.views, strict=True)
    return tuple(_guessed(film, view) if film.view is View.UNKNOWN else film for film, view in pairs)


def _guessed(film: Radiograph, view: View) -> Radiograph:
    said = f"The file does not say which view it shows; taken for {view.name.lower()} from the picture."
    kept = tuple(warning for warning in film.warnings if warning != VIEW_UNTOLD)
    return replace(film, view=view, warnings=(*kept, said))


def _corrected(film: Radiograph, correction: Correction) -> Radiograph:
    if correction.view is not None:
        said = f"view given by the reader: {correction.view.name.lower()}"
        film = replace(film, view=correction.view, steps=(*film.steps, said))
    if correction.invert:
        pixels = (1.0 - film.pixels).astype(np.float32)
        film = replace(
            film, pixels=pixels, inverted=not film.inverted, steps=(*film.steps, "inverted by the reader")
        )
    return film


def _timed(reading: Reading, seconds: Sequence[float]) -> Reading:
    models = (replace(model, seconds=s) for model, s in zip(reading.models, seconds, strict=True))
    return replace(reading, models=tuple(models))

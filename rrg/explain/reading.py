"""The use case itself: one model reads one study. Knows no page, no command and no file format.

Report, findings, nearest reports and hard negatives, from one pass of the image encoder. Command line and
app share it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from rrg.data.findings import label_report
from rrg.data.reports import sentences
from rrg.explain.hard_negatives import HARDNESS, hard_negatives
from rrg.models.checkpoint import Checkpoint, frontal_or_lateral
from rrg.models.protocol import Encoded
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.texts import TextSource
from rrg.types import Fit, ModelReading, Radiograph, Report, RrgError

UNSCREENED = "this checkpoint cannot tell whether a picture is a chest radiograph"


@dataclass(frozen=True, eq=False)
class Examined:
    """Films as the screen sees them: untold views are guessed, pictures that are no chest films named.

    `distances` has one number for each film, at most 1 on chest radiographs; empty where a checkpoint has
    no screen.
    """

    films: tuple[Radiograph, ...]
    distances: tuple[float, ...]
    refusal: str | None
    warnings: tuple[str, ...]


def examine(checkpoint: Checkpoint, radiographs: Sequence[Radiograph]) -> Examined:
    """Is each film a chest radiograph, and from which side? Reports are drafted afterwards."""
    warnings = [warning for film in radiographs for warning in film.warnings]
    verdicts = checkpoint.examine(radiographs)
    if verdicts is None:
        return Examined(tuple(radiographs), (), None, (*warnings, UNSCREENED))
    strangers = [(i, v.distance) for i, v in enumerate(verdicts, start=1) if not v.is_chest]
    refusal = None
    if strangers:
        named = ", ".join(f"image {i} (distance {distance:.2f})" for i, distance in strangers)
        refusal = (
            f"this does not look like a chest radiograph: {named}; films it knows lie within 1.00. "
            "Frontal and lateral chest radiographs are accepted"
        )
    films = []
    for film, verdict in zip(radiographs, verdicts, strict=True):
        view = frontal_or_lateral(verdict, film)
        films.append(replace(film, view=view))
        if view != film.view:
            warnings.append(f"the view was not given; taken for {view.name.lower()} from the picture")
    return Examined(tuple(films), tuple(v.distance for v in verdicts), refusal, tuple(warnings))


def read_study(
    checkpoint: Checkpoint,
    gallery: Gallery,
    texts: TextSource,
    radiographs: Sequence[Radiograph],
    *,
    positive: str | None = None,
    k: int = 5,
    hardness: Sequence[float] = HARDNESS,
    seed: int = 0,
    force: bool = False,
    decoding: Mapping[str, Any] | None = None,
    encoded: Encoded | None = None,
    draft: str | None = None,
    exclude_study: str | None = None,
    exclude_patient: str | None = None,
    readable: bool = True,
) -> ModelReading:
    """Read a study of one or two films.

    `positive` stands for the truth on the arc of negatives; without it the model's own report does.
    `encoded` and `draft` are what `checkpoint.encode` and `checkpoint.stream` gave for these very films:
    with `encoded` neither the screen nor the encoder runs again. `decoding` goes to the generator; greedy
    without it, and `seed` matters only where it samples. Without `readable` no text is recombined. RrgError
    where the screen sees no chest radiograph, unless `force`.
    """
    start = time.perf_counter()
    if encoded is None:
        examined = examine(checkpoint, radiographs)
        if examined.refusal and not force:
            raise RrgError(examined.refusal)
        encoded = checkpoint.encode(examined.films)
    report = Report(draft) if draft is not None else _write(checkpoint, encoded, seed, decoding or {})
    image = checkpoint.embed_images(encoded)[0].numpy()
    truth = report.text if positive is None else positive
    negatives = None  # a model may write nothing at all: then nothing stands for the truth
    if truth.strip():
        negatives = hard_negatives(
            checkpoint, gallery, texts, encoded, truth, hardness, exclude_study, exclude_patient, readable
        )
    return ModelReading(
        model=checkpoint.name,
        revision=checkpoint.revision,
        report=report,
        sentences=tuple(sentences(report.text)),
        findings=tuple(label_report(report.text)),
        neighbours=tuple(texts.resolve(gallery.search(image, k, exclude_study, exclude_patient))),
        hard_negatives=negatives,
        seconds=time.perf_counter() - start,
    )


def _write(checkpoint: Checkpoint, encoded: Encoded, seed: int, decoding: Mapping[str, Any]) -> Report:
    """Draft the report; the seed is set for this draft only."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reports: list[Report] = checkpoint.model.generate_reports(encoded, **decoding)
    return reports[0]


def weigh(checkpoint: Checkpoint, encoded: Encoded, texts: Sequence[str]) -> tuple[Fit, ...]:
    """How each report fits one study (B = 1); the image encoder does not run.

    A likelihood is None where the model knows no word of the text, everything is where there is no text.
    """
    told = [text for text in texts if text.strip()]
    fits = iter(_fits(checkpoint, encoded, told) if told else ())
    return tuple(next(fits) if text.strip() else Fit(None, None, None) for text in texts)


def _fits(checkpoint: Checkpoint, encoded: Encoded, texts: Sequence[str]) -> Iterator[Fit]:
    image = checkpoint.embed_images(encoded)[0]
    cosines = (checkpoint.embed_reports(texts) @ image).tolist()
    means = checkpoint.log_likelihood(encoded.expand(len(texts)), texts).double().tolist()
    tokens, mask = checkpoint.tokenise(texts)
    unknown = (mask[:, 1:] & (tokens[:, 1:] == checkpoint.tokenizer.unk_token_id)).sum(1)
    known = (mask[:, 1:].sum(1) - unknown).tolist()
    ended = (mask & (tokens == checkpoint.tokenizer.eos_token_id)).any(1).tolist()
    for cosine, mean, count, strange, whole in zip(
        cosines, means, known, unknown.tolist(), ended, strict=True
    ):
        likely = None if math.isnan(mean) else mean
        yield Fit(cosine, None if likely is None else likely * count, likely, count, strange, not whole)

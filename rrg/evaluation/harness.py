"""A checkpoint, any generator, or a file of reports on one split: every metric, its company, and every study's numbers.

Knows no screen and no training. The result is plain JSON values, free of dates, so the same system and data give the same
file; docs/results.md names its parts. It holds generated sentences; `result_file.summary` is what a repository may keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from rrg.data.batch import StudyImages, load_images
from rrg.data.preprocess import Preprocessing
from rrg.data.simulated import Pair
from rrg.evaluation import faults
from rrg.evaluation.cohort import Cohort
from rrg.evaluation.company_rows import (
    NO_NEIGHBOUR,
    Judge,
    absent_rows,
    beside,
    gallery_of,
    nearest,
    of_pairs,
)
from rrg.evaluation.faults import Faults
from rrg.evaluation.margins import Questions, make_questions
from rrg.evaluation.meteor import Meteor
from rrg.evaluation.model_metrics import (
    MODEL_METRICS,
    NO_MODEL,
    model_metrics,
    model_metrics_permuted,
    model_rows,
)
from rrg.evaluation.outputs import BATCH, Outputs, Reader
from rrg.evaluation.pair_summary import summarise_pairs
from rrg.evaluation.pairs import read_pairs
from rrg.evaluation.partial import Partial
from rrg.evaluation.references import References, references
from rrg.evaluation.schema import SCHEMA
from rrg.evaluation.shuffle import derangement, gaps
from rrg.evaluation.variety import variety
from rrg.models.checkpoint import Checkpoint
from rrg.models.decoding import GREEDY, Decoding
from rrg.models.protocol import ReportGenerator, TrainableGenerator
from rrg.retrieval.gallery import Gallery

UNWANTED = "METEOR was not asked for (--no-meteor)"
NO_COMPANY = "the rows beside the system were not asked for"
NO_GALLERY = "a generator in memory has no gallery beside it"
GAIN = "the image gain compares images by itself; it is not asked for a second time with permuted ones"
ALONE = "one study alone has nobody to change images with"


@dataclass(frozen=True)
class Settings:
    """How to evaluate. `partial`: folder in which finished batches wait for an interrupted run to be taken up again."""

    limit: int | None = None  # the first studies only; CIDEr keeps the document frequencies of all
    decoding: Decoding = GREEDY
    meteor: bool = True
    company: bool = True  # score the rows beside the system, too; a grid of models needs them once
    seed: int = 0  # of the permutation of images, random reports and resamples
    batch: int = BATCH
    partial: Path | None = None
    progress: bool = False
    command: str = ""  # kept with the result

    def state(self, use: int) -> list[int]:
        """What a random generator for one use starts from, whatever else is drawn."""
        return [self.seed, use]

    def rng(self, use: int) -> np.random.Generator:
        return np.random.default_rng(self.state(use))


PERMUTATION, VARIETY, COMPANY, MARGINS, PAIRS = range(5)  # uses of random numbers
DEFAULT = Settings()


def evaluate(checkpoint: Checkpoint, cohort: Cohort, settings: Settings = DEFAULT) -> dict[str, Any]:
    """Every metric of a stored model; the nearest-neighbour row comes from the gallery beside it.

    RrgError where nothing can be read. Studies whose images are broken are left out and named.
    """
    name = _named(checkpoint.name, settings.decoding)
    system = {"kind": "checkpoint", "name": name, "revision": checkpoint.revision}
    reader = Reader(checkpoint.model, checkpoint, settings.decoding)
    return _read(reader, checkpoint.preprocessing, cohort, settings, system, gallery_of(checkpoint))


def evaluate_generator(
    generator: ReportGenerator,
    preprocessing: Preprocessing,
    cohort: Cohort,
    settings: Settings = DEFAULT,
    *,
    name: str,
    tokenizer: PreTrainedTokenizerFast | None = None,
) -> dict[str, Any]:
    """Every metric of any generator of the protocol (`rrg.models.protocol`); its reports must carry their text.

    Loss, retrieval by embedding and margins need a `TrainableGenerator` with a `config.max_tokens`, and its tokenizer;
    without, they are null with the reason. `settings.partial` is not used: weights in memory have no revision by which
    to know them again.
    """
    checkpoint = None
    if tokenizer is not None and isinstance(generator, TrainableGenerator):
        checkpoint = Checkpoint(generator, tokenizer, preprocessing, Path(name), "", None)
    system = {"kind": "checkpoint", "name": _named(name, settings.decoding), "revision": None}
    reader = Reader(generator, checkpoint, settings.decoding)
    return _read(reader, preprocessing, cohort, settings, system, (None, NO_GALLERY))


def evaluate_reports(
    reports: Mapping[str, str], cohort: Cohort, settings: Settings = DEFAULT, *, name: str
) -> dict[str, Any]:
    """Every metric of texts (study id -> report) that any system wrote. A missing report counts as empty text."""
    studies, found = cohort.limited(settings.limit), Faults()
    texts = faults.align(reports, studies, cohort.studies, found)
    against = references(studies, cohort.told[len(studies) :], cohort.train)
    images = derangement(against.texts, settings.rng(PERMUTATION))
    system = {"kind": "reports", "name": name, "revision": None}
    read = _Read(system, None, against, images, Outputs(tuple(texts)), found, (None, NO_MODEL))
    return _result(read, cohort, settings)


@dataclass(frozen=True, eq=False)
class _Read:
    """All that is known of a system before anything is scored."""

    system: Mapping[str, Any]
    decoding: Mapping[str, Any] | None
    against: References
    images: NDArray[np.int64] | None  # the permutation
    outputs: Outputs
    faults: Faults
    gallery: tuple[Gallery | None, str]  # or why there is none
    pairs: Sequence[Mapping[str, Any]] = ()  # rows of counterfactual pairs


def _read(
    reader: Reader,
    preprocessing: Preprocessing,
    cohort: Cohort,
    settings: Settings,
    system: Mapping[str, Any],
    gallery: tuple[Gallery | None, str],
) -> dict[str, Any]:
    chosen, found = cohort.limited(settings.limit), Faults()
    films = load_images(chosen, preprocessing, None, settings.progress)
    kept = {study.id for study in films.studies}
    found.ids["unreadable images"] += [study.id for study in chosen if study.id not in kept]
    against = references(films.studies, [s for s in cohort.told if s.id not in kept], cohort.train)
    images = derangement(against.texts, settings.rng(PERMUTATION))
    questions = make_questions(films.studies, cohort.train) if reader.checkpoint else []
    folder = settings.partial if system["revision"] else None
    pairs = cohort.pairs[: settings.limit] if reader.checkpoint else []
    partial = Partial(folder, _key(system, films, questions, pairs, settings))
    outputs = reader.read(films, images, questions, partial, batch=settings.batch, progress=settings.progress)
    rows = (
        read_pairs(reader.checkpoint, preprocessing, pairs, partial, settings.progress)
        if reader.checkpoint
        else []
    )
    if outputs.embedded is not None:
        broken = zip(films.studies, outputs.embedded.broken(), strict=True)
        found.ids["not finite"] += [study.id for study, is_broken in broken if is_broken]
    decoding = _decoding(reader, settings)
    return _result(_Read(system, decoding, against, images, outputs, found, gallery, rows), cohort, settings)


def _result(read: _Read, cohort: Cohort, settings: Settings) -> dict[str, Any]:
    against, outputs = read.against, read.outputs
    known = faults.known_words([*against.texts, *(study.report for study in cohort.train)])
    texts = faults.prepare(outputs.texts, against.studies, known, read.faults)
    with Meteor("" if settings.meteor else UNWANTED) as meteor:
        judge = Judge(against, read.images, settings.state(VARIETY), meteor, settings.progress)
        own = judge.row(texts)
        others, absent = _others(read, cohort, judge, settings)
    model = model_metrics(outputs, against, settings.rng(MARGINS))
    moved = model_metrics_permuted(outputs, read.images, against, settings.rng(MARGINS))
    permuted = None if own.permuted is None else {**moved, **own.permuted}
    return {
        "schema": SCHEMA,
        "command": settings.command,
        "system": dict(read.system),
        "data": _data(read, cohort, settings),
        "decoding": None if read.decoding is None else dict(read.decoding),
        "metrics": {
            **model,
            **own.scored.metrics,
            "references": {"variety": variety(against.texts, settings.rng(VARIETY))},
            "shuffle": gaps({**model, **of_pairs(own.scored.metrics)}, permuted),
            **({"pairs": summarise_pairs(read.pairs, settings.rng(PAIRS))} if read.pairs else {}),
            "absent": _absent(read) | absent,
        },
        **others,
        **({"pairs": [dict(row) for row in read.pairs]} if read.pairs else {}),
        "studies": [
            {**row, **more, "ranks": row["ranks"] | more["ranks"]}
            for row, more in zip(own.scored.rows, model_rows(outputs, against), strict=True)
        ],
    }


def _others(
    read: _Read, cohort: Cohort, judge: Judge, settings: Settings
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """ "company" and "adversarial", and why rows of them are not there."""
    if not settings.company:
        return {"company": {}, "adversarial": {}}, {"company": NO_COMPANY}
    neighbours, reason = _neighbours(read, cohort)
    return beside(judge, cohort, neighbours, settings.rng(COMPANY)), absent_rows(cohort, reason)


def _neighbours(read: _Read, cohort: Cohort) -> tuple[list[int] | None, str]:
    """Rows of the train split, or why there are none."""
    gallery, reason = read.gallery
    if gallery is None or read.outputs.embedded is None:
        return None, reason or NO_MODEL
    found = nearest(gallery, read.outputs.embedded.image, read.against.studies, cohort.train)
    return found, "" if found is not None else NO_NEIGHBOUR


def _absent(read: _Read) -> dict[str, str]:
    """Why metrics are None."""
    known = read.outputs.embedded is not None
    absent = {"shuffle/margins/image gain": GAIN} if known else dict.fromkeys(MODEL_METRICS, NO_MODEL)
    return absent | ({} if read.images is not None else {"shuffle": ALONE})


def _data(read: _Read, cohort: Cohort, settings: Settings) -> dict[str, Any]:
    ids = read.faults.ids
    return {
        "split": cohort.studies[0].split,
        "studies": len(read.against.studies),
        "limit": settings.limit,
        "seed": settings.seed,
        "faults": {**ids, "without a report": len(cohort.studies) - len(cohort.told)},
        "treatment": {kind: words for kind, words in faults.TREATMENT.items() if ids[kind]},
    }


def _decoding(reader: Reader, settings: Settings) -> dict[str, Any]:
    own = getattr(reader.generator, "generation_config", None)
    return {**settings.decoding.as_json(), "min_new_tokens": getattr(own, "min_new_tokens", None) or 0}


def _named(name: str, decoding: Decoding) -> str:
    """Another decoding is a row of its own."""
    return f"{name}, {decoding.words}" if decoding.words else name


def _key(
    system: Mapping[str, Any],
    films: StudyImages,
    questions: Sequence[Questions],
    pairs: Sequence[Pair],
    settings: Settings,
) -> str:
    """What a stored batch depends on: weights, images, reports, questions, pairs, decoding and the size of a batch."""
    parts = (
        SCHEMA, system["revision"], films.key, [(study.id, study.report) for study in films.studies],
        list(questions), sorted(settings.decoding.as_json().items()), settings.batch, settings.seed,
        [(pair.first.id, pair.first.report, pair.second.id, pair.second.report) for pair in pairs],
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()

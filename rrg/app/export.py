"""What is computed of a reading and never claimed, its links, and the whole of it as plain JSON values.

docs/export.md documents them. Names no file and no patient. Knows no model and no page.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from rrg.app import answers
from rrg.app.compare import compare_sentences
from rrg.app.study import NOTICE, OpenStudy
from rrg.app.truth import as_json
from rrg.retrieval.texts import OPENI, openi_link
from rrg.types import HardNegative, HardNegatives, ModelReading, Neighbour, Radiograph, Reading

SCHEMA: answers.Schema = {
    "name": "rrg reading",
    "version": 1,
}  # raised where a field changes its meaning or goes; see docs/export.md


def keeps_margin_to(negatives: HardNegatives) -> float | None:
    """The smallest lambda down to which the positive stays closer to the image than the negative.

    None where it is not even closer than the mined peer.
    """
    kept: float | None = None
    for point in sorted(negatives.path, key=lambda p: -p.hardness):
        if point.alignment >= negatives.positive_alignment:
            return kept
        kept = point.hardness
    return kept


def readable_margins(reading: Reading, text: str) -> list[tuple[str, float]]:
    """Model -> how much closer the positive is to the film than this readable negative; below 0: further away."""
    pairs = zip(reading.models, reading.readable[text], strict=True)
    known = ((model.model, model.hard_negatives, cosine) for model, cosine in pairs)
    return [(name, path.positive_alignment - cosine) for name, path, cosine in known if path is not None]


def export(study: OpenStudy) -> answers.Reading:
    """The reading as plain JSON values. Names no file and no patient."""
    result: answers.Reading = {
        "schema": SCHEMA.copy(),
        "notice": NOTICE,
        "films": [_film(film) for film in study.films],
        "simulated": study.simulated or None,
        "truth": None if study.truth is None else as_json(study.truth),
        "reference": study.reference or None,
        "attribution": OPENI if _archived(study) else None,
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
        result["readable_negatives"] = _readable(study.reading)
        result["settings"] = cast(answers.Settings, dict(study.reading.settings))
        result["warnings"] = list(study.reading.warnings)
    return result


def _archived(study: OpenStudy) -> bool:
    """Whether a report of Open-i stands in the reading: the study's own, a neighbour or a peer."""
    own = bool(study.reference and study.own and study.own[1].startswith("iu:"))
    models = study.reading.models if study.reading else ()
    peers = (model.hard_negatives.peer for model in models if model.hard_negatives)
    return own or any(each.uid for each in (*(n for m in models for n in m.neighbours), *peers))


def _film(film: Radiograph) -> answers.Film:
    height, width = film.pixels.shape
    return {
        "format": film.source_format,
        "width": width,
        "height": height,
        "bits": film.bits,
        "view": film.view.name.lower(),
        "inverted": film.inverted,
        "steps": list(film.steps),
        "warnings": list(film.warnings),
    }


def _model(mine: ModelReading, other: ModelReading) -> answers.ModelReading:
    return {
        "model": mine.model,
        "revision": mine.revision,
        "report": mine.report.text,
        "sentences": [
            cast(answers.Sentence, asdict(sentence)) for sentence in compare_sentences(mine, other)
        ],
        "findings": [cast(answers.Finding, asdict(finding)) for finding in mine.findings],
        "neighbours": [_neighbour(neighbour) for neighbour in mine.neighbours],
        "hard_negatives": _negatives(mine.hard_negatives),
        "seconds": mine.seconds,
    }


def _readable(reading: Reading) -> list[answers.ReadableMargins]:
    """Every readable negative before both models: a margin is the positive's cosine minus the negative's."""
    return [
        {
            "note": "synthetic, false by construction",
            "text": text,
            "margins": [
                {"model": name, "margin": margin} for name, margin in readable_margins(reading, text)
            ],
        }
        for text in reading.readable
    ]


def _neighbour(neighbour: Neighbour) -> answers.Neighbour:
    return {
        "study": neighbour.study_id,
        "uid": neighbour.uid,
        "similarity": neighbour.similarity,
        "labels": list(neighbour.labels),
        "text": neighbour.text,
        "link": openi_link(neighbour.uid),
    }


def _negatives(negatives: HardNegatives | None) -> answers.HardNegatives | None:
    if negatives is None:
        return None
    return {
        "note": "synthetic, false by construction",
        "positive_alignment": negatives.positive_alignment,
        "peer": {
            **_neighbour(negatives.peer),
            "alignment": negatives.peer_alignment,
            "reason": negatives.reason,
        },
        "span": negatives.span,
        "reach": negatives.reach,
        "keeps_margin_to": keeps_margin_to(negatives),
        "path": [_point(point) for point in negatives.path],
    }


def _point(point: HardNegative) -> answers.Point:
    return {
        "hardness": point.hardness,
        "alignment": point.alignment,
        "angle": point.angle,
        "nearest_study": point.nearest.study_id,
        "readable": None if point.readable is None else cast(answers.Readable, asdict(point.readable)),
    }

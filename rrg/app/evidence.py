"""Where each model finds its evidence for a sentence: the use case behind a chosen sentence, and its values.

Knows no gradio, no HTML and no network. The sentence may come from either model's draft or from the reference; both
models are asked about the same words in the same report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rrg.app import viewer
from rrg.app.library import Key
from rrg.app.reading_room import REFERENCE, ReadingRoom
from rrg.app.study import OpenStudy
from rrg.data.reports import sentences
from rrg.explain.pointing import on_grid, points_at_rim, points_into
from rrg.explain.scale import UNIT, shared_scale
from rrg.types import Evidence, RrgError, View


@dataclass(frozen=True, eq=False)
class SentenceEvidence:
    """A sentence before both models, by name. `scale` is the end of the one colour scale of all their maps."""

    source: str  # who wrote the report: a model, or "reference"
    sentence: str
    models: tuple[tuple[str, Evidence], ...]
    scale: float
    place: int = 0  # of the sentence in its report


def texts(study: OpenStudy) -> tuple[tuple[str, str], ...]:
    """Whose sentences can be chosen, and their reports: both models' in order, then the reference if there is one."""
    if study.reading is None:
        return ()
    drafts = tuple((model.model, model.report.text) for model in study.reading.models)
    return (*drafts, (REFERENCE, study.reference)) if study.reference else drafts


def sentence_evidence(
    room: ReadingRoom, study: OpenStudy | None, report: int, sentence: int
) -> SentenceEvidence:
    """Both models' evidence for one sentence; `report` counts `texts`, `sentence` the sentences of that report, from 0.

    RrgError before a reading, where there is no such sentence, and where a model cannot be asked about it.
    """
    if study is None or study.reading is None or study.pair is None:
        raise RrgError("Nothing has been read yet; open a film first.")
    offered = texts(study)
    if not 0 <= report < len(offered):
        raise RrgError(f"There is no report {report + 1}; there are {len(offered)}.")
    source, text = offered[report]
    told = sentences(text)
    if not 0 <= sentence < len(told):
        raise RrgError(f"There is no sentence {sentence + 1}; that report has {len(told)}.")
    return _asked(room, study, study.pair, source, text, sentence)


def text_evidence(room: ReadingRoom, study: OpenStudy, text: str, sentence: int) -> SentenceEvidence:
    """The same for a sentence of a text of the caller's own; of the second model's draft where that is empty."""
    if not text.strip():
        return sentence_evidence(room, study, 1, sentence)
    if study.pair is None or study.reading is None:
        raise RrgError("Nothing has been read yet; open a film first.")
    told = sentences(text)
    if not 0 <= sentence < len(told):
        raise RrgError(f"There is no sentence {sentence}; counted from 0, the text has {len(told)}.")
    return _asked(room, study, study.pair, "the caller's own text", text, sentence)


def _asked(
    room: ReadingRoom, study: OpenStudy, pair: tuple[Key, Key], source: str, text: str, sentence: int
) -> SentenceEvidence:
    with room.models(pair) as readers:
        found = tuple((reader.name, reader.evidence(study.films, text, sentence)) for reader in readers)
    scale = shared_scale(each for _, evidence in found for each in evidence.maps)
    return SentenceEvidence(source, sentences(text)[sentence], found, scale, sentence)


def told(study: OpenStudy, found: SentenceEvidence) -> tuple[int, ...]:
    """Which known findings of a simulated study the sentence tells; none where nothing is known."""
    if study.truth is None:
        return ()
    return study.truth.told_by(found.sentence, found.place if found.source == REFERENCE else None)


def pointing(study: OpenStudy, found: SentenceEvidence) -> dict[str, tuple[tuple[View, bool], ...]]:
    """Model -> for each film that shows what the sentence tells: does the map's strongest point lie in the true mask?"""
    known = told(study, found)
    if study.truth is None or not known:
        return {}
    slots = viewer.film_order(study.films)
    masks = [np.asarray(study.truth.masks[slot][list(known)].any(0)) for slot in slots]
    return {
        name: tuple(
            (each.view, points_into(each, on_grid(mask, each.values.shape)))
            for each, mask in zip(evidence.maps, masks, strict=True)
            if mask.any()
        )
        for name, evidence in found.models
    }


def at_rim(found: SentenceEvidence) -> dict[str, tuple[View, ...]]:
    """Model -> the views whose map is strongest at the edge of the film, where no chest is; only where there are such."""
    views = {name: tuple(m.view for m in each.maps if points_at_rim(m)) for name, each in found.models}
    return {name: edges for name, edges in views.items() if edges}


def heat(study: OpenStudy, found: SentenceEvidence) -> dict[str, Any]:
    """What the viewer lays over the films."""
    maps = {name: evidence.maps for name, evidence in found.models}
    return viewer.heat(
        study.films, maps, sentence=found.sentence, scale=found.scale, unit=UNIT, facts=told(study, found)
    )

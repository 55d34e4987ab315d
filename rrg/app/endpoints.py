"""What other programs may ask of the reading room: typed functions to JSON values. Knows no gradio.

Every refusal is an RrgError, which the view hands on to the caller as a message.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rrg.app import benchmark, probe
from rrg.app.evidence import SentenceEvidence, text_evidence
from rrg.app.export import export
from rrg.app.export_files import Exported, check_format, export_file
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import OpenStudy
from rrg.app.truth import KnownTruth, as_json, masks_json, twin_json
from rrg.data.counterfactuals import Counterfactual
from rrg.explain.scale import UNIT
from rrg.types import RrgError, Saliency


@dataclass(frozen=True)
class Endpoints:
    """`default` is the pair that is compared where a caller names none."""

    room: ReadingRoom
    default: tuple[Key, Key] | None

    def read(self, files: Sequence[str], first: str, second: str, override: bool) -> dict[str, Any]:
        """Read uploaded files, which are deleted, with two checkpoints named "collection/name"."""
        opened = self.room.open_files(files, discard=True)
        return export(self.room.read_at_once(opened, self._pair(first, second), override=override))

    def probe(
        self, files: Sequence[str], original: str, edited: str, first: str, second: str, override: bool
    ) -> list[dict[str, Any]]:
        """Read uploaded films, then weigh a report and its edit; without an edit, every one-fact flip of the report."""
        study = self._read(files, first, second, override)
        if edited.strip():
            return [_probe(probe.probe(self.room, study, original, edited))]
        return [_probe(each) for each in probe.probe_all(self.room, study, original)]

    def flips(self, report: str) -> list[dict[str, Any]]:
        """Every edit of a caller's own report that flips one fact, as the labeller confirms it. Runs no model."""
        return [_flip(each) for each in probe.flips(report)]

    def neighbours(
        self, files: Sequence[str], first: str, second: str, override: bool
    ) -> dict[str, list[dict[str, Any]]]:
        """Model -> its nearest training reports, as in a reading."""
        value = export(self._read(files, first, second, override))
        return {model["model"]: model["neighbours"] for model in value["models"]}

    def negatives(
        self, files: Sequence[str], positive: str, first: str, second: str, override: bool
    ) -> dict[str, Any]:
        """The positive, and model -> hard negatives, as in a reading; an empty `positive` leaves the draft to stand in."""
        study = self._read(files, first, second, override)
        value = export(self.room.with_positive(study, positive) if positive.strip() else study)
        return {
            "positive": value["positive"],
            "models": {model["model"]: model["hard_negatives"] for model in value["models"]},
        }

    def evidence(
        self, files: Sequence[str], text: str, sentence: int, first: str, second: str, override: bool
    ) -> dict[str, Any]:
        """Where both models find their evidence for one sentence, counted from 0, of a text; empty: the second's draft."""
        study = self._read(files, first, second, override)
        return _evidence(text_evidence(self.room, study, text, sentence))

    def scores(self, collection: str) -> dict[str, Any]:
        """What the metrics.json of a collection's checkpoints hold, and which is missing and why. Runs no model."""
        known = self.room.library.collections()
        name = collection or (self.default[0].collection if self.default else "")
        if name not in known:
            raise RrgError(f"no collection {name!r}; there are {', '.join(known) or 'none'}")
        board = benchmark.board(self.room.library, name)
        results = [{k: v for k, v in each.items() if k != "studies"} for each in board.results]
        return {"collection": name, "results": results, "missing": list(board.missing)}

    def export(self, files: Sequence[str], form: str, first: str, second: str, override: bool) -> Exported:
        """A reading as a file, "json", "txt" or "pdf"."""
        opened = self.room.open_files(files, discard=True)
        check_format(form)  # before any model runs, after the upload is gone
        return export_file(self.room.read_at_once(opened, self._pair(first, second), override=override), form)

    def _read(self, files: Sequence[str], first: str, second: str, override: bool) -> OpenStudy:
        """RrgError where the films are refused as no chest films."""
        opened = self.room.open_files(files, discard=True)
        study = self.room.read_at_once(opened, self._pair(first, second), override=override)
        if study.reading is None and study.screening is not None:
            raise RrgError(
                f"{study.screening.reason}. No report was drafted; `override` reads it all the same."
            )
        return study

    def read_example(self, name: str, first: str, second: str) -> dict[str, Any]:
        """Read an example by its id, by the models of its own collection where none are named."""
        opened = self.room.open_example(name)
        default = self.room.default_pair(opened.collection) or self.default or (None, None)
        pair = (self._key(first, default[0]), self._key(second, default[1]))
        return export(self.room.read_at_once(opened, pair))

    def truth(self, name: str) -> dict[str, Any]:
        """What is known of a simulated study: findings, a mask of each on each film as runs, its twin. Runs no model."""
        opened, known = self._known(name)
        films = [film.view.name.lower() for film in opened.films]
        return {"notice": opened.simulated, "films": films, **as_json(known), "masks": masks_json(known)}

    def read_twin(self, name: str, first: str, second: str) -> dict[str, Any]:
        """Read the counterfactual twin of a simulated study; `twin` says how the study that was named differs from it."""
        _, known = self._known(name)
        if known.twin is None:
            raise RrgError(f"{name} has no twin; /examples names those that have one")
        return {"twin": twin_json(known.twin), "reading": self.read_example(known.twin.id, first, second)}

    def _known(self, name: str) -> tuple[OpenStudy, KnownTruth]:
        opened = self.room.open_example(name)
        if opened.truth is None:
            raise RrgError(
                f"nothing is known for certain of {name}: only of simulated studies, see /examples"
            )
        return opened, opened.truth

    def examples(self) -> list[dict[str, Any]]:
        """id, title, source, whether each is installed, has a reference report, is simulated; collection and twin."""
        return [
            {
                "id": example.id,
                "title": example.title,
                "source": example.source,
                "installed": bool(example.files),
                "missing": example.missing,
                "reference": bool(example.reference),
                "simulated": bool(example.simulated),
                "collection": example.collection or None,
                "twin": example.twin.id if example.twin else None,
            }
            for example in self.room.offered()
        ]

    def _pair(self, first: str, second: str) -> tuple[Key, Key]:
        default = self.default or (None, None)
        return self._key(first, default[0]), self._key(second, default[1])

    def _key(self, name: str, default: Key | None) -> Key:
        if not name and default is not None:
            return default
        collection, slash, checkpoint = name.partition("/")
        if not slash:
            known = self.room.library.collections().items()
            at_hand = ", ".join(f"{c}/{n}" for c, names in known for n in names) or "none"
            raise RrgError(f"{name!r} names no checkpoint; write collection/name. At hand: {at_hand}.")
        return Key(collection, checkpoint)


def _probe(found: probe.Probe) -> dict[str, Any]:
    return {
        "original": found.original,
        "edited": found.edited,
        "changed": list(found.changed),
        "flip": None if found.flip is None else _flip(found.flip),
        "models": [
            {
                "model": each.model,
                "original": asdict(each.original),
                "edited": asdict(each.edited),
                "alignment_margin": each.alignment,
                "likelihood_margin": each.likelihood,
            }
            for each in found.models
        ],
    }


def _evidence(found: SentenceEvidence) -> dict[str, Any]:
    models = [
        {
            "model": name,
            "gain": each.gain,
            "words": [{"word": word, "probability": probability} for word, probability in each.words],
            "maps": [_map(saliency) for saliency in each.maps],
        }
        for name, each in found.models
    ]
    return {"sentence": found.sentence, "unit": UNIT, "scale": found.scale, "models": models}


def _map(each: Saliency) -> dict[str, Any]:
    """Rows from the top; None outside the field of view."""
    rows = np.round(each.values.astype(float), 4)
    values = [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]
    return {"view": each.view.name.lower(), "values": values}


def _flip(found: Counterfactual) -> dict[str, Any]:
    return {
        "text": found.text,
        "fact": str(found.fact),
        "label": found.label,
        "direction": found.direction,
        "description": found.description,
        "original": found.original,
        "edited": found.edited,
    }

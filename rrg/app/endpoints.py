"""What other programs may ask of the reading room: typed functions to JSON values. Knows no gradio.

Every refusal is an RrgError, which the view hands on to the caller as a message.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np

from rrg.app import answers, benchmark, probe
from rrg.app.asked import Asked, Intake
from rrg.app.evidence import SentenceEvidence, text_evidence
from rrg.app.export import export
from rrg.app.export_files import Exported, check_format, export_file
from rrg.app.library import title_of
from rrg.app.study import OpenStudy
from rrg.app.truth import KnownTruth, as_json, masks_json, twin_json
from rrg.app.viewer import film_order
from rrg.data.counterfactuals import Counterfactual
from rrg.explain.scale import UNIT
from rrg.types import Radiograph, RrgError, Saliency


@dataclass(frozen=True)
class Endpoints:
    """One method for each endpoint but those of blind readings (`endpoints_blind`)."""

    intake: Intake

    def read(self, asked: Asked) -> answers.Reading:
        """Both models' reading, or why none was drafted."""
        return export(self.intake.read(asked))

    def probe(self, asked: Asked, original: str, edited: str) -> list[answers.Probe]:
        """What both models make of a report and its edit; without an edit, of every one-fact flip of the report."""
        study, room = self.intake.drafted(asked), self.intake.room
        if edited.strip():
            return [_probe(probe.probe(room, study, original, edited))]
        return [_probe(each) for each in probe.probe_all(room, study, original)]

    def flips(self, report: str) -> list[answers.Flip]:
        """The edits of a caller's own report that flip one fact, at most `MOST_FLIPS`. Runs no model."""
        return [_flip(each) for each in probe.flips(report)]

    def neighbours(self, asked: Asked) -> dict[str, list[answers.Neighbour]]:
        """Model -> its nearest training reports, as in a reading."""
        value = export(self.intake.drafted(asked))
        return {model["model"]: model["neighbours"] for model in value["models"]}

    def negatives(self, asked: Asked, positive: str) -> answers.Negatives:
        """Hard negatives as in a reading; an empty `positive` leaves the reference, or the draft to stand in."""
        study = self.intake.drafted(asked)
        value = export(self.intake.room.with_positive(study, positive) if positive.strip() else study)
        return {
            "positive": value["positive"],
            "models": {model["model"]: model["hard_negatives"] for model in value["models"]},
        }

    def evidence(self, asked: Asked, text: str, sentence: float) -> answers.Evidence:
        """Where both models find their evidence for one sentence, counted from 0, of a text; empty: the second's draft."""
        study = self.intake.drafted(asked)
        return _evidence(text_evidence(self.intake.room, study, text, _whole(sentence)), study.films)

    def scores(self, collection: str) -> answers.Scores:
        """What the metrics.json of a collection's checkpoints hold, and which is missing and why. Runs no model."""
        library, default = self.intake.room.library, self.intake.default
        known = library.collections()
        name = collection or (default[0].collection if default else "")
        if name not in known:
            raise RrgError(f"no collection {name!r}; there are {', '.join(known) or 'none'}")
        board = benchmark.board(library, name)
        results = [{k: v for k, v in each.items() if k != "studies"} for each in board.results]
        return {"collection": name, "results": results, "missing": list(board.missing)}

    def export(self, asked: Asked, form: str) -> Exported:
        """A reading as a file, "json", "txt" or "pdf"."""
        opened = self.intake.open(asked)
        check_format(form)  # before any model runs, after the upload is gone
        pair = self.intake.pair(asked.first, asked.second, opened.collection)
        return export_file(self.intake.room.read_at_once(opened, pair, override=asked.override), form)

    def truth(self, name: str) -> answers.Truth:
        """What is known of a simulated study: findings, a mask of each on each film as runs, its twin. Runs no model."""
        opened, known = self._known(name)
        films = [film.view.name.lower() for film in opened.films]
        return {"notice": opened.simulated, "films": films, "masks": masks_json(known), **as_json(known)}

    def read_twin(self, name: str, first: str, second: str) -> answers.TwinReading:
        """Read the counterfactual twin of a simulated study; `twin` says how the study that was named differs from it."""
        _, known = self._known(name)
        if known.twin is None:
            raise RrgError(f"{name} has no twin; /examples names those that have one")
        return {"twin": twin_json(known.twin), "reading": self.read(Asked((), known.twin.id, first, second))}

    def _known(self, name: str) -> tuple[OpenStudy, KnownTruth]:
        opened = self.intake.room.open_example(name)
        if opened.truth is None:
            raise RrgError(
                f"nothing is known for certain of {name}: only of simulated studies, see /examples"
            )
        return opened, opened.truth

    def examples(self) -> list[answers.Example]:
        """Every study that can be named."""
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
            for example in self.intake.room.offered()
        ]

    def checkpoints(self) -> list[answers.Checkpoint]:
        """Every checkpoint that can be named, a collection's rungs in order."""
        places = dict(zip(self.intake.default or (), ("first", "second"), strict=False))
        return [
            {
                "id": f"{collection}/{name}",
                "collection": collection,
                "title": title_of(collection),
                "default": next(
                    (said for key, said in places.items() if str(key) == f"{collection}/{name}"), None
                ),
            }
            for collection, names in self.intake.room.library.collections().items()
            for name in names
        ]


def _whole(number: float) -> int:
    """RrgError for what is no whole number; whoever calls over the network may send anything."""
    if not isinstance(number, int | float) or not float(number).is_integer():
        raise RrgError(f"{number!r} is no number of a sentence; give a whole number from 0.")
    return int(number)


def _probe(found: probe.Probe) -> answers.Probe:
    return {
        "original": found.original,
        "edited": found.edited,
        "changed": list(found.changed),
        "flip": None if found.flip is None else _flip(found.flip),
        "models": [
            {
                "model": each.model,
                "original": cast(answers.Fit, asdict(each.original)),
                "edited": cast(answers.Fit, asdict(each.edited)),
                "alignment_margin": each.alignment,
                "likelihood_margin": each.likelihood,
            }
            for each in found.models
        ],
    }


def _evidence(found: SentenceEvidence, films: Sequence[Radiograph]) -> answers.Evidence:
    """A caller knows the films in the order given, which need not be the one that models see them in."""
    slots = film_order(films)
    models: list[answers.ModelEvidence] = [
        {
            "model": name,
            "gain": each.gain,
            "words": [{"word": word, "probability": probability} for word, probability in each.words],
            "maps": [_map(each.maps[slots.index(place)]) for place in range(len(films))],
        }
        for name, each in found.models
    ]
    return {"sentence": found.sentence, "unit": UNIT, "scale": found.scale, "models": models}


def _map(each: Saliency) -> answers.Map:
    """Rows from the top; None outside the field of view."""
    rows = np.round(each.values.astype(float), 4)
    values = [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]
    return {"view": each.view.name.lower(), "values": values}


def _flip(found: Counterfactual) -> answers.Flip:
    return {
        "text": found.text,
        "fact": str(found.fact),
        "label": found.label,
        "direction": found.direction,
        "description": found.description,
        "original": found.original,
        "edited": found.edited,
    }

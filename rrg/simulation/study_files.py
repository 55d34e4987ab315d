"""One simulated study on disk: two films, their masks, its truth and its report. Knows no cohort and no process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rrg.data.simulated import VIEWS, encode_masks
from rrg.simulation.coding import headings
from rrg.simulation.language import Composed, compose
from rrg.simulation.truth import Fact, Simulated, Truth, as_json
from rrg.simulation.twins import Twins
from rrg.simulation.voice import load_grammar
from rrg.types import RrgError

QUALITY = 90  # of the JPEG


def write_study(
    out: Path, study_id: str, truth: Truth, simulated: Simulated, *, split: str, twins: Twins | None = None
) -> None:
    """Films, masks, and last the record, whose presence says that the study is whole.

    Of twins the kind that differs is told precisely, and denied where it is not there.
    """
    for folder in ("images", "masks"):
        (out / folder / study_id).mkdir(parents=True, exist_ok=True)
    for number, view in enumerate(VIEWS):
        film, masks = simulated.images[view], simulated.masks[view]
        _save(film, out / "images" / study_id / f"{number}.jpg", quality=QUALITY)
        _save(encode_masks(masks, film.shape), out / "masks" / study_id / f"{number}.png", optimize=True)
    changed = {twins.kind} if twins else set()
    record = _record(study_id, truth, compose(truth, changed, changed), split)
    if twins:
        record["pair"] = _pair(truth, twins)
    path = out / "truth" / f"{study_id}.json"
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def read_record(out: Path, study_id: str) -> dict[str, Any]:
    """The record of a study that is whole. RrgError where it is broken."""
    path = out / "truth" / f"{study_id}.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RrgError(f"{path} cannot be read ({error}); delete it, and it is made again") from error
    return record


def _record(study_id: str, truth: Truth, report: Composed, split: str) -> dict[str, Any]:
    return {
        "simulated": True, "id": study_id, "split": split, "truth": as_json(truth), "headings": list(headings(truth)),
        "facts": [_fact(fact, at) for fact, at in zip(truth.facts, report.mentions, strict=True)],
        "report": report.findings, "impression": report.impression, "indication": report.indication,
        "radiologist": report.radiologist,
    }  # fmt: skip


def _fact(fact: Fact, sentence: int) -> dict[str, Any]:
    label = load_grammar()["findings"][str(fact.kind)].get("label")
    return {
        "kind": str(fact.kind), "label": label, "side": fact.side, "severity": fact.severity, "place": fact.place,
        "sentence": sentence,
    }  # fmt: skip


def _pair(truth: Truth, twins: Twins) -> dict[str, Any]:
    own = twins.before if truth is twins.first else twins.after
    return {
        "change": twins.change, "kind": str(twins.kind), "description": twins.description,
        "fact": None if own is None else truth.facts.index(own),
    }  # fmt: skip


def _save(pixels: NDArray[np.uint8], path: Path, **options: Any) -> None:
    Image.fromarray(pixels).save(path, **options)

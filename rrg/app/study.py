"""What one browser has open, as frozen values. Knows no model, no file and no page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rrg.app.library import Key, Screening
from rrg.app.truth import KnownTruth
from rrg.types import Radiograph, Reading, View

NOTICE = "Research demonstration, not for clinical use."
VIEWS = {"as read": None, "frontal": View.FRONTAL, "lateral": View.LATERAL}  # what a reader may say of a film


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
    reference: str = (
        ""  # the report as written by a radiologist, or of a simulated study composed from its truth
    )
    own: tuple[str, str] | None = None  # id and patient of the study, left out of every search
    simulated: str = ""  # the notice that goes with simulated films; empty for others
    truth: KnownTruth | None = None  # of a simulated study
    collection: str = ""  # whose models were trained on such studies, where that is known


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of a reading: what is being done, the reports as far as they are written, the study so far."""

    step: str
    drafts: tuple[str, ...]
    study: OpenStudy
    done: bool = False

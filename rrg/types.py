"""The values that travel through the house. Knows nothing of torch, files, models or the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class RrgError(Exception):
    """Input that a person can mend: the message says what was found, what is accepted and what to do.

    The command line prints it and exits with code 2; the app shows it and keeps what was on screen.
    """


class View(IntEnum):
    """Projection view of one image; the number is the index of its view embedding."""

    ABSENT = 0
    FRONTAL = 1
    LATERAL = 2
    UNKNOWN = 3

    @classmethod
    def parse(cls, name: str) -> View:
        """Read "frontal", "PA", "AP", "lateral", "LL", "RL" ...; anything else is UNKNOWN."""
        key = name.strip().upper()
        if key in {"FRONTAL", "PA", "AP"} or key.startswith(("AP ", "PA ")):
            return cls.FRONTAL
        if key in {"LATERAL", "LL", "RL", "LAT"}:
            return cls.LATERAL
        return cls.UNKNOWN


class Status(StrEnum):
    """What a report says of a finding. A finding that is not mentioned has no `Finding` at all."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One film as read: `pixels` (H, W) float32 in [0, 1], bright = dense tissue.

    Carries no patient data: no name, id, date or file name.
    """

    pixels: NDArray[np.float32]
    view: View
    source_format: str  # "DICOM", "PNG", "JPEG" or "TIFF"
    bits: int  # bits stored per pixel in the source
    steps: tuple[str, ...]  # what was done to the stored values, in order, in words
    warnings: tuple[str, ...] = ()  # what a reader must know, e.g. a polarity that was guessed
    inverted: bool = False


@dataclass(frozen=True)
class Study:
    """One examination of a data set: up to two images and, where it may be read, its report."""

    id: str
    patient: str  # the same for all studies of one person, e.g. "iu:2384" or "mimic:10000032"
    split: str
    images: tuple[Path, ...]
    views: tuple[View, ...]
    report: str  # the findings section, as written
    impression: str = ""
    indication: str = ""
    uid: str = ""  # Open-i number ("2384"); empty elsewhere
    labels: tuple[str, ...] = ()  # labels coded by people, e.g. "Cardiomegaly/borderline"


@dataclass(frozen=True)
class Finding:
    """One finding that a report names, and where it names it."""

    label: str  # one of the 14 CheXpert classes (rrg.data.findings.LABELS)
    status: Status
    side: Side | None = None
    severity: str | None = None
    place: str | None = None
    sentence: int = 0  # index into `sentences(report)`


@dataclass(frozen=True)
class Report:
    """A generated report: token ids without BOS, EOS and padding, with the log-probability (nats) of each."""

    text: str
    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """A training study found by retrieval. `text` is None where no source of texts is at hand."""

    study_id: str
    uid: str
    similarity: float  # cosine, [-1, 1]
    rank: int  # 1 = nearest
    index: int  # row of the gallery
    labels: tuple[str, ...] = ()
    text: str | None = None


class Origin(StrEnum):
    """Which report a sentence of a recombination comes from."""

    PEER = "peer"
    POSITIVE = "positive"
    BOTH = "both"


@dataclass(frozen=True)
class Recombination:
    """A negative made readable: sentences of peer and positive in one order. Synthetic, false by construction.

    `similarity` is the cosine of its report embedding with h_lambda, `alignment` that with the image; `differences`
    name every label in which it differs from the positive, empty only where the labeller finds none in the peer either.
    """

    text: str
    sentences: tuple[str, ...]
    origins: tuple[Origin, ...]  # of each sentence
    similarity: float
    alignment: float
    differences: tuple[str, ...]


@dataclass(frozen=True)
class HardNegative:
    """The negative synthesised for one hardness, as the model's own space sees it."""

    hardness: float  # lambda: 1 = the mined peer, 0 = the hardest
    alignment: float  # cos(z, h_lambda)
    angle: float  # radians from the peer along the arc towards the positive
    nearest: Neighbour  # gallery report closest to h_lambda
    readable: Recombination | None = None  # None where the peer's text is not at hand or may not be adapted


@dataclass(frozen=True)
class HardNegatives:
    """The arc from the mined peer (angle 0) to the positive (angle `span`), seen from one image."""

    positive_alignment: float  # cos(z, u)
    peer_alignment: float  # cos(z, n)
    span: float  # radians between peer and positive
    reach: float  # phi_max: radians that ascent moves the peer at lambda = 0
    peer: Neighbour
    reason: str  # why the peer is a true negative, in words
    path: tuple[HardNegative, ...]  # by falling lambda


@dataclass(frozen=True, eq=False)
class Saliency:
    """Evidence for a sentence: (H, W) float32 >= 0 on the model's input grid, NaN outside the field of view."""

    values: NDArray[np.float32]
    view: View
    sentence: int


@dataclass(frozen=True, eq=False)
class Evidence:
    """One model's evidence for one sentence: a map per view that is there, in the order models see films.

    `gain` (nats): log-probability of the sentence, given the rest of the report, with this film minus that with an average
    film. `words` are the sentence's words with the probability in [0, 1] that the model gave each, with this film.
    """

    maps: tuple[Saliency, ...]
    gain: float
    words: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Fit:
    """How well a report fits a film in one model's eyes; None where that cannot be said.

    `alignment` is the cosine of image and report embedding, [-1, 1]; `total` the log-likelihood of the whole text in
    nats and `per_token` its mean over the `tokens` that the model knows. `unknown` counts words that it does not
    know, which cost nothing; `cut` says that it read only the beginning.
    """

    alignment: float | None
    total: float | None
    per_token: float | None
    tokens: int = 0
    unknown: int = 0
    cut: bool = False


@dataclass(frozen=True)
class ModelReading:
    """What one model makes of one study."""

    model: str
    revision: str
    report: Report
    sentences: tuple[str, ...]
    findings: tuple[Finding, ...]
    neighbours: tuple[Neighbour, ...]
    hard_negatives: HardNegatives | None
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One study read by the compared models, with everything a reader needs to repeat it."""

    models: tuple[ModelReading, ...]
    positive: str  # the text that stands for the truth on the hard-negatives page
    positive_source: str  # "reference" or the model whose report stands in
    settings: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    # every readable negative of any model -> its cosine with the image for each model
    readable: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

"""Small stand-ins for a checkpoint, with made-up sentences, and rooms built on them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rrg.app.library import Key, Library, Screening
from rrg.app.reading_room import ReadingRoom
from rrg.app.viewer import film_order
from rrg.data.findings import label_report
from rrg.data.reports import sentences
from rrg.evaluation.result_file import summary
from rrg.types import (
    Evidence,
    Fit,
    HardNegative,
    HardNegatives,
    ModelReading,
    Neighbour,
    Origin,
    Recombination,
    Report,
    RrgError,
    Saliency,
    View,
)
from tests.evaluation.results import made_result

TEXTS = {
    "baseline": "The heart size is normal. No pleural effusion. No pneumothorax.",
    "aligned": "The heart is mildly enlarged. No pneumothorax.",
    "hard-negative": "The heart size is normal. Small right pleural effusion. No pneumothorax. "
    "Old rib fracture.",
}
PEER = "The heart size is normal. Large left pleural effusion."
MIXED = "The heart size is normal. Large left pleural effusion. Old rib fracture."
HOSTILE = (
    "No ${(window.ran = 1)} effusion. <img src=x onerror='window.ran=1'> {{value}} stays. `Heart` is normal."
)
SECRET = "Nightingale"  # in names of files and tags that must not be shown
FALSE = "large left Pleural Effusion in the negative, small right Pleural Effusion in the positive"
PAIR = (Key("made", "baseline"), Key("made", "hard-negative"))


def neighbour(text: str | None = PEER, rank: int = 1, uid: str = "") -> Neighbour:
    return Neighbour(f"MADE{rank}", uid, 0.9 - rank / 10, rank, rank, ("Pleural Effusion/left",), text)


def readable_negative(hardness: float) -> Recombination:
    """The peer down to lambda 0.5, a mixture of peer and positive below."""
    if hardness >= 0.5:
        texts, origins = (sentences(PEER), (Origin.BOTH, Origin.PEER))
        return Recombination(PEER, tuple(texts), origins, 0.9, 0.35, (FALSE,))
    return Recombination(
        MIXED, tuple(sentences(MIXED)), (Origin.BOTH, Origin.PEER, Origin.POSITIVE), 0.8, 0.4, (FALSE,)
    )


def negatives(positive: float, low: float, high: float, readable: bool = True) -> HardNegatives:
    """A path whose alignment rises evenly from `low` at lambda 1 to `high` at lambda 0."""
    path = tuple(
        HardNegative(
            h,
            low + (high - low) * (1 - h),
            0.8 * (1 - h),
            neighbour(),
            readable_negative(h) if readable else None,
        )
        for h in np.linspace(1, 0, 21).round(2).tolist()
    )
    return HardNegatives(positive, low, 1.0, 0.8, neighbour(), "left side instead of right", path)


@dataclass
class Double:
    """A reader that answers at once; `encoded` counts how often pictures were encoded."""

    name: str
    text: str
    chest: bool = True
    revision: str = "0123456789ab"
    size: int = 160
    decoding: str = "greedy"
    notes: tuple[str, ...] = ()
    card: str = "## A made-up card"
    encodings: list[int] = field(default_factory=list)
    positives: list[str | None] = field(default_factory=list)
    owns: list[tuple[str, str] | None] = field(default_factory=list)
    weighed: list[tuple[str, ...]] = field(default_factory=list)
    explained: list[tuple[int, str, int]] = field(default_factory=list)

    def screen(self, films) -> Screening:
        views = tuple(f.view if f.view is not View.UNKNOWN else View.FRONTAL for f in films)
        return Screening(self.chest, "" if self.chest else "this looks like a leg, distance 3.10", views)

    def encode(self, films):
        self.encodings.append(len(films))
        return ("encoded", self.name, float(films[0].pixels.mean()))

    def draft(self, encoded) -> Iterator[str]:
        words = self.text.split()
        for end in range(1, len(words) + 1):
            yield " ".join(words[:end])

    def weigh(self, encoded, texts) -> tuple[Fit, ...]:
        """Its own words fit best; each further word that a text does not share with them costs."""
        assert encoded[:2] == ("encoded", self.name)
        self.weighed.append(tuple(texts))
        return tuple(self._fit(text) for text in texts)

    def evidence(self, films, report, sentence) -> Evidence:
        """The left half of each film, four times as strong in hard-negative; outside the field of view the first row.

        Maps come in the order in which models see films.
        """
        self.explained.append((len(films), report, sentence))
        words = sentences(report)[sentence].split()
        if "zyx" in words:
            raise RrgError("The model knows no word of this sentence.")
        strength = 0.8 if self.name == "hard-negative" else 0.2
        values = np.zeros((8, 8), dtype=np.float32)
        values[:, :4] = strength
        values[0] = np.nan
        maps = tuple(Saliency(values, films[slot].view, sentence) for slot in film_order(films))
        return Evidence(maps, 5 * strength - 1, tuple((word.lower(), 0.75) for word in words))

    def _fit(self, text: str) -> Fit:
        words = text.split()
        strange = sum(word not in self.text.split() for word in words)
        total = -0.5 * len(words) - 2.0 * strange
        return Fit(0.6 - 0.05 * strange, total, total / max(1, len(words)), len(words), text.count("zyx"))

    def read(self, films: Sequence, encoded, *, positive, draft, own=None, readable=True) -> ModelReading:
        assert encoded[:2] == ("encoded", self.name)
        self.positives.append(positive)
        self.owns.append(own)
        curve = negatives(0.5, 0.2, 0.7 if self.name == "baseline" else 0.45, readable)
        return ModelReading(
            self.name,
            self.revision,
            Report(draft),
            tuple(sentences(draft)),
            tuple(label_report(draft)),
            tuple(neighbour(rank=i) for i in (1, 2, 3)),
            curve if positive else None,
            0.1,
        )


class Halting(Double):
    """Writes word by word, and looks for evidence, but stops where it is told to wait."""

    going: Any = None

    def draft(self, encoded):
        for text in super().draft(encoded):
            assert self.going.wait(600)
            yield text

    def evidence(self, films, report, sentence):
        assert self.going.wait(600)
        return super().evidence(films, report, sentence)


def library(root: Path, collections=("made",), **changes) -> tuple[Library, dict[str, Double]]:
    """A library over empty folders that name checkpoints, and the doubles it will hand out, the same in all collections."""
    made = {name: Double(name, text, **changes) for name, text in TEXTS.items()}
    for folder in (root / collection / name for collection in collections for name in made):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")

    def load(folder: Path) -> Double:
        if (folder / "broken").exists():
            raise RrgError("its weights are cut short")
        return made[folder.name]

    return Library(root, load), made


def put_scores(shelf: Library) -> None:
    """A metrics.json of made numbers beside each double."""
    for name, skill in (("baseline", 0.2), ("aligned", 0.5), ("hard-negative", 0.8)):
        value = summary(made_result(name, skill, len(name)))
        (shelf.root / "made" / name / "metrics.json").write_text(json.dumps(value))


def room(root: Path, studies=(), **changes) -> tuple[ReadingRoom, dict[str, Double]]:
    shelf, made = library(root, **changes)
    return ReadingRoom(shelf, data_file=lambda name: None, studies=studies), made


def film(path: Path, shade: int = 0) -> Path:
    """A made grey picture, not constant, as a PNG file."""
    y, x = np.mgrid[:96, :80]
    Image.fromarray(((x * 2 + y + shade) % 251).astype(np.uint8)).save(path)
    return path


def dicom(path: Path) -> Path:
    """The same picture as a DICOM file, MONOCHROME1 with 12 bits, of a patient with a name."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    y, x = np.mgrid[:96, :80]
    values = (16 * ((x * 2 + y) % 251)).astype("<u2")
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.PatientName, dataset.PatientID = f"{SECRET}^Florence", SECRET
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME1", 1
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.add_new("PixelData", "OW", values.tobytes())
    dataset.save_as(path, enforce_file_format=True)
    return path

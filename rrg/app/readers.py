"""A checkpoint on disk as the `Reader` of the reading room. Knows no page and no browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrg.app.library import Screening
from rrg.explain.hard_negatives import peer_index
from rrg.explain.reading import UNSCREENED, examine, read_study, weigh
from rrg.explain.saliency import evidence
from rrg.models.checkpoint import Checkpoint, load_checkpoint
from rrg.models.protocol import Encoded
from rrg.retrieval.gallery import Gallery, check_revision
from rrg.retrieval.shipped import at_hand
from rrg.retrieval.texts import TextSource
from rrg.types import Evidence, Fit, ModelReading, Radiograph

NEIGHBOURS = 5
GRID = tuple(i / 20 for i in range(20, -1, -1))  # the slider's steps, so that moving it costs no model
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True, eq=False)
class CheckpointReader:
    """Model, gallery and texts of one checkpoint folder."""

    checkpoint: Checkpoint
    gallery: Gallery
    texts: TextSource
    notes: tuple[str, ...]
    card: str

    @property
    def name(self) -> str:
        return self.checkpoint.name

    @property
    def revision(self) -> str:
        return self.checkpoint.revision

    @property
    def size(self) -> int:
        return self.checkpoint.preprocessing.size

    @property
    def decoding(self) -> str:
        return self.checkpoint.decoding

    def screen(self, films: Sequence[Radiograph]) -> Screening:
        examined = examine(self.checkpoint, films)
        views = tuple(film.view for film in examined.films)
        if examined.refusal is not None:
            return Screening(False, examined.refusal, views)
        return Screening(True, "" if examined.distances else UNSCREENED, views)

    def encode(self, films: Sequence[Radiograph]) -> Encoded:
        return self.checkpoint.encode(films)

    def draft(self, encoded: Encoded) -> Iterator[str]:
        return self.checkpoint.stream(encoded)

    def weigh(self, encoded: Encoded, texts: Sequence[str]) -> tuple[Fit, ...]:
        return weigh(self.checkpoint, encoded, texts)

    def evidence(self, films: Sequence[Radiograph], report: str, sentence: int) -> Evidence:
        return evidence(self.checkpoint, *self.checkpoint.read_pixels(films), report, sentence)

    def read(
        self,
        films: Sequence[Radiograph],
        encoded: Encoded,
        *,
        positive: str | None,
        draft: str | None,
        own: tuple[str, str] | None = None,
        readable: bool = True,
    ) -> ModelReading:
        study, patient = own or (None, None)
        return read_study(
            self.checkpoint, self.gallery, self.texts, films,
            positive=positive, k=NEIGHBOURS, hardness=GRID, encoded=encoded, draft=draft,
            exclude_study=study, exclude_patient=patient, readable=readable,
        )  # fmt: skip


def open_reader(folder: Path) -> CheckpointReader:
    """Load all that reading takes. RrgError names the part that is missing."""
    checkpoint, found = load_checkpoint(folder), at_hand(folder)
    peer_index(found.gallery, found.texts)  # kept: the first reading need not build it
    reason = found.texts.reason
    absent = f"The neighbours' texts are not at hand: {reason}." if reason else None
    stale = check_revision(found.gallery, checkpoint.revision)
    notes = tuple(note for note in (absent, found.note, stale) if note)
    return CheckpointReader(checkpoint, found.gallery, found.texts, notes, _card(folder))


def _card(folder: Path) -> str:
    """The model card without its YAML front matter."""
    file = folder / "README.md"
    if not file.is_file():
        return f"## {folder.name}\n\nThis checkpoint has no model card."
    return _FRONT_MATTER.sub("", file.read_text(encoding="utf-8"), count=1)

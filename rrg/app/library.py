"""The checkpoints at hand, loaded once, in the background, and shared read-only by every browser.

Knows nothing of studies, pages or gradio. What belongs to one reader never passes through here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rrg.data.simulated import SHIPPED, is_simulated
from rrg.types import Evidence, Fit, ModelReading, Radiograph, RrgError, View

REPOSITORY = Path(__file__).resolve().parents[2]
PREFERRED = ("baseline", "aligned", "hard-negative")


@dataclass(frozen=True)
class Screening:
    """Whether the films can be chest films at all, said before any report is drafted."""

    chest: bool
    reason: str  # what was seen, in words
    views: tuple[
        View, ...
    ] = ()  # per film, its own word or what the picture tells; empty where nothing can be told


class Reader(Protocol):
    """One loaded checkpoint, as the reading room needs it. `Encoded` values are opaque here."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def size(self) -> int:
        """Pixels along a side of what the model sees."""
        ...

    @property
    def decoding(self) -> str:
        """How drafts are written, e.g. "greedy"."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of this checkpoint, e.g. absent texts."""
        ...

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        ...

    def screen(self, films: Sequence[Radiograph]) -> Screening: ...

    def encode(self, films: Sequence[Radiograph]) -> Any: ...

    def draft(self, encoded: Any) -> Iterator[str]:
        """The report as it grows; the last value is the whole text."""
        ...

    def weigh(self, encoded: Any, texts: Sequence[str]) -> tuple[Fit, ...]:
        """How well each report fits the study."""
        ...

    def evidence(self, films: Sequence[Radiograph], report: str, sentence: int) -> Evidence:
        """Where the films speak for one sentence of a report, whoever wrote it."""
        ...

    def read(
        self,
        films: Sequence[Radiograph],
        encoded: Any,
        *,
        positive: str | None,
        draft: str | None,
        own: tuple[str, str] | None = None,
        readable: bool = True,
    ) -> ModelReading:
        """Report, neighbours and hard negatives. `draft` is what `draft(encoded)` ended with, if it ran.

        `own` is the id and patient of the films' own study, which no search may find. With `readable` sentences of
        peer and positive are recombined into negatives that one can read.
        """
        ...


TITLES = {"iu-xray": "IU X-Ray radiographs", "simulated": "Simulated cohort"}


def title_of(collection: str) -> str:
    """What a collection is called on the page: its folder's name where it has no other."""
    return TITLES.get(collection, collection)


@dataclass(frozen=True)
class Key:
    """Names one checkpoint: a folder `collection/name` below the library's root."""

    collection: str
    name: str

    def __str__(self) -> str:
        return f"{self.collection}/{self.name}"


def check_pair(first: Key, second: Key) -> None:
    """RrgError unless the two can be compared: two models, so that each answer has a name of its own, of one collection,
    so that one licence holds for every text.
    """
    if first == second:
        raise RrgError(f"Both models are {first}; choose two different ones.")
    if first.collection != second.collection:
        raise RrgError(f"{first} and {second} are of two collections; choose two models of one.")


@dataclass(frozen=True)
class Loading:
    """How far the checkpoints asked for have come."""

    ready: tuple[str, ...]
    waiting: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]  # name, reason

    def knows(self, *keys: Key) -> bool:
        """Whether each of these is loaded, or has failed to."""
        settled = {*self.ready, *(name for name, _ in self.failed)}
        return all(str(key) in settled for key in keys)


class Library:
    """Finds checkpoints below `root` and loads each at most once, one after another on one thread."""

    def __init__(self, root: Path, load: Callable[[Path], Reader]) -> None:
        self.root = root
        self._load = load
        self._jobs: dict[Key, Future[Reader]] = {}
        self._guard = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoints")

    @classmethod
    def default_root(cls) -> Path:
        """`$RRG_CHECKPOINTS`, else `checkpoints` beside the package, else in the working folder."""
        named = os.environ.get("RRG_CHECKPOINTS")
        beside = REPOSITORY / "checkpoints"
        return Path(named) if named else beside if beside.is_dir() else Path("checkpoints")

    def collections(self) -> dict[str, tuple[str, ...]]:
        """Collection -> its checkpoints, the ladder's rungs in order, then the others by name."""
        found: dict[str, list[str]] = {}
        for config in sorted(self.root.glob("*/*/config.json")):
            found.setdefault(config.parent.parent.name, []).append(config.parent.name)
        return {name: tuple(sorted(models, key=_rung)) for name, models in found.items()}

    def cohorts(self) -> dict[str, Path]:
        """Collection -> its sample of simulated studies, where there is one, with or without checkpoints beside it."""
        samples = sorted(self.root.glob(f"*/{SHIPPED}"))
        return {folder.parent.name: folder for folder in samples if is_simulated(folder)}

    def request(self, *keys: Key) -> None:
        """Ask for checkpoints without waiting; a failed one is tried again."""
        with self._guard:
            for key in keys:
                job = self._jobs.get(key)
                if job is None or (job.done() and job.exception() is not None):
                    self._jobs[key] = self._worker.submit(self._open, key)

    def get(self, key: Key) -> Reader:
        """The checkpoint, loading it now where need be. RrgError says why it cannot be had."""
        self.request(key)
        return self._jobs[key].result()

    def loading(self) -> Loading:
        """A look without waiting."""
        jobs = dict(self._jobs)
        done = {key: job for key, job in jobs.items() if job.done()}
        failed = {key: job.exception() for key, job in done.items() if job.exception() is not None}
        return Loading(
            tuple(str(key) for key in done if key not in failed),
            tuple(str(key) for key in jobs if key not in done),
            tuple((str(key), str(error)) for key, error in failed.items()),
        )

    def _open(self, key: Key) -> Reader:
        if not self.has(key):
            raise RrgError(f"no checkpoint {key}; at hand: {self.at_hand()}")
        try:
            return self._load(self.root / key.collection / key.name)
        except RrgError as error:
            raise RrgError(self._without_root(str(error))) from error

    def has(self, key: Key) -> bool:
        return key.name in self.collections().get(key.collection, ())

    def at_hand(self) -> str:
        """Every checkpoint by its full name, for a refusal."""
        return ", ".join(f"{c}/{n}" for c, names in self.collections().items() for n in names) or "none"

    def _without_root(self, told: str) -> str:
        """Words for every browser: where the library lies on this machine is none of a caller's business."""
        for root in (self.root.resolve(), self.root):
            told = told.replace(f"{root}{os.sep}", "")
        return told


def _rung(name: str) -> tuple[int, str]:
    return (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name)

"""What a generator makes of studies, batch by batch: texts, embeddings, likelihoods, answers. Knows no metric.

Each study's texts are also weighed with other studies' images, for the image-shuffle gap of what is no text and for the
image gain. So that no image is encoded twice, a batch weighs beside its images the texts of their own studies and of those
that get these images. A batch depends on nothing but its studies, so one that was stored is as good as one worked again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rrg.data.batch import StudyImages
from rrg.data.preprocess import to_pixels
from rrg.evaluation.margins import (
    Answers,
    Placed,
    Questions,
    Words,
    answers_of,
    embed,
    likelihoods,
    placed,
    texts_of,
    words_of,
)
from rrg.evaluation.partial import Partial
from rrg.models.checkpoint import Checkpoint
from rrg.models.decoding import Decoding
from rrg.models.protocol import ReportGenerator

BATCH = 32
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Weighed:
    """N true reports, each beside an image. loss (N,) nats a known token; answers N."""

    loss: NDArray[np.float64]
    answers: tuple[Answers, ...]


@dataclass(frozen=True, eq=False)
class Embedded:
    """What a model with heads and a tokenizer makes of N studies.

    image, report (N, E); tokens (N,) how many known tokens each loss is the mean of; `shuffled`: with others' images.
    """

    image: NDArray[np.float32]
    report: NDArray[np.float32]
    tokens: NDArray[np.int64]
    weighed: Weighed
    shuffled: Weighed | None

    def broken(self) -> NDArray[np.bool_]:
        """(N,), True where a loss or an embedding is no finite number."""
        whole = np.isfinite(self.image).all(1) & np.isfinite(self.report).all(1)
        broken: NDArray[np.bool_] = ~(whole & np.isfinite(self.weighed.loss))
        return broken


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a system makes of N studies. A file of reports, or a generator without heads, gives texts only."""

    texts: tuple[str, ...]
    embedded: Embedded | None = None


@dataclass(frozen=True, eq=False)
class Reader:
    """A generator and how it is asked. `checkpoint` is the same generator with heads and tokenizer, if it has them."""

    generator: ReportGenerator
    checkpoint: Checkpoint | None
    decoding: Decoding

    def read(
        self,
        images: StudyImages,
        permuted: Rows | None,
        questions: Sequence[Questions],
        partial: Partial,
        *,
        batch: int = BATCH,
        progress: bool = False,
    ) -> Outputs:
        """Study i is also weighed with the images of study permuted[i], and with those of the study that gets its own."""
        others = () if permuted is None else (permuted, np.argsort(permuted))
        work = _Work(self, images, others, questions)
        rows = [np.arange(at, min(at + batch, len(images))) for at in range(0, len(images), batch)]
        seen = _kept(partial, 0, rows, work.seen, "reading studies" if progress else "")
        texts = tuple(chain.from_iterable(part["texts"] for part in seen))
        if self.checkpoint is None:
            return Outputs(texts)
        image = np.array([row for part in seen for row in part["image"]], np.float32)
        told = _kept(
            partial,
            len(rows),
            rows,
            lambda each: work.told(each, image),
            "embedding reports" if progress else "",
        )
        return Outputs(texts, work.embedded(image, seen, told))


def _kept(
    partial: Partial, first: int, rows: Sequence[Rows], work: Callable[[Rows], dict[str, Any]], words: str
) -> list[dict[str, Any]]:
    """What `work` makes of each batch, numbered from `first`; taken from `partial` where it is done. `words`: of a bar."""
    bar = tqdm(rows, words, unit="batch", disable=not words)
    return [partial.get(number, functools.partial(work, each)) for number, each in enumerate(bar, start=first)]


@dataclass(frozen=True, eq=False)
class _Work:
    """N studies to be read. `others`: permutations of them, in the m-th of which study i has the images of others[m][i]."""

    reader: Reader
    images: StudyImages
    others: tuple[Rows, ...]
    questions: Sequence[Questions]

    def texts(self, study: int) -> list[str]:
        return texts_of(self.images.studies[study].report, self.questions[study])

    @torch.no_grad()
    def seen(self, rows: Rows) -> dict[str, Any]:
        """What takes the images themselves: reports, image embeddings, likelihoods.

        "likelihoods": for each image, those of its own study's texts, then of the texts of the studies that get it.
        """
        generator, checkpoint = self.reader.generator, self.reader.checkpoint
        pixels, views = to_pixels(self.images.squares[rows]), torch.from_numpy(self.images.views[rows])
        encoded = generator.encode(pixels, views)
        written = self.reader.decoding.write(generator, checkpoint, encoded, rows.tolist())
        part: dict[str, Any] = {"texts": [report.text for report in written]}
        if checkpoint is None:
            return part
        part["image"] = checkpoint.embed_images(encoded).tolist()
        asking = [[row, *(int(np.argsort(other)[row]) for other in self.others)] for row in rows.tolist()]
        texts = [[self.texts(study) for study in studies] for studies in asking]
        found = likelihoods(checkpoint, encoded, [list(chain.from_iterable(each)) for each in texts])
        part["likelihoods"] = [_split(row, each) for row, each in zip(found, texts, strict=True)]
        return part

    @torch.no_grad()
    def told(self, rows: Rows, image: NDArray[np.float32]) -> dict[str, Any]:
        """What takes the texts and image (N, E) alone: report embeddings, and where they lie around the images."""
        checkpoint = self.reader.checkpoint
        assert checkpoint is not None
        texts = {row: self.texts(row) for row in rows.tolist()}
        vectors = embed(checkpoint, chain.from_iterable(texts.values()))
        beside = [np.arange(len(image)), *self.others[:1]]
        return {
            "report": [vectors[each[0]].tolist() for each in texts.values()],
            "words": [[asdict(told) for told in words_of(checkpoint, each)] for each in texts.values()],
            "placed": [
                [
                    asdict(placed(torch.from_numpy(image[of[row]]), vectors, each[0], self.questions[row]))
                    for row, each in texts.items()
                ]
                for of in beside
            ],
        }

    def embedded(
        self, image: NDArray[np.float32], seen: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]
    ) -> Embedded:
        """All batches put together, study by study."""
        likelihood = [each for part in seen for each in part["likelihoods"]]
        own = [each[0] for each in likelihood]
        moved = [
            [likelihood[row][at] for row in other.tolist()] for at, other in enumerate(self.others, start=1)
        ]
        words = [[Words(**each) for each in texts] for part in told for texts in part["words"]]
        places = [
            [_placed(each) for part in told for each in part["placed"][of]]
            for of in range(len(told[0]["placed"]))
        ]
        report = np.array([row for part in told for row in part["report"]], np.float32)
        tokens = np.array([texts[0].known for texts in words], np.int64)
        weighed = self._weighed(words, places[0], own, moved)
        shuffled = self._weighed(words, places[1], moved[0], []) if moved else None
        return Embedded(image, report, tokens, weighed, shuffled)

    def _weighed(
        self,
        words: Sequence[Sequence[Words]],
        places: Sequence[Placed],
        own: Sequence[Sequence[float]],
        others: Sequence[Sequence[Sequence[float]]],
    ) -> Weighed:
        answers = [
            answers_of(self.questions[row], words[row], place, own[row], [other[row] for other in others])
            for row, place in enumerate(places)
        ]
        return Weighed(-np.array([each[0] for each in own], np.float64), tuple(answers))


def _split(values: Sequence[float], texts: Sequence[Sequence[str]]) -> list[list[float]]:
    """One run of values, cut into parts as long as those of `texts`."""
    ends = np.cumsum([len(each) for each in texts]).tolist()
    return [list(values[end - len(each) : end]) for end, each in zip(ends, texts, strict=True)]


def _placed(stored: Mapping[str, Any]) -> Placed:
    """JSON has texts for the numbers that hardnesses are named by."""
    hardness = {float(name): value for name, value in stored["hardness"].items()}
    return Placed(tuple(stored["cosines"]), hardness)

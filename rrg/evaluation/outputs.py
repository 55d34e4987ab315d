"""What a generator makes of studies, batch by batch: texts, embeddings, likelihoods, answers. Knows no metric.

Each study is also weighed with another study's images (`images`), for the image-shuffle gap of what is no text. A batch
depends on nothing but its studies, so one that was stored is as good as one worked again.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rrg.data.batch import StudyImages
from rrg.data.preprocess import to_pixels
from rrg.evaluation.margins import OTHERS, Answers, FactAnswer, Questions, ask
from rrg.evaluation.partial import Partial
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded, ReportGenerator

BATCH = 16


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
    decoding: Mapping[str, Any]

    def read(
        self,
        images: StudyImages,
        permuted: NDArray[np.int64] | None,
        questions: Sequence[Questions],
        partial: Partial,
        *,
        batch: int = BATCH,
        progress: bool = False,
    ) -> Outputs:
        """Study i is also weighed with the images of study permuted[i]."""
        starts = tqdm(range(0, len(images), batch), "reading studies", unit="batch", disable=not progress)
        works = (
            functools.partial(self._batch, images, slice(at, at + batch), permuted, questions)
            for at in starts
        )
        parts = [partial.get(number, work) for number, work in enumerate(works)]
        return _joined(parts)

    @torch.no_grad()
    def _batch(
        self,
        images: StudyImages,
        rows: slice,
        permuted: NDArray[np.int64] | None,
        questions: Sequence[Questions],
    ) -> dict[str, Any]:
        encoded = self._encode(images, np.arange(len(images))[rows])
        written = self.generator.generate_reports(encoded, **self.decoding)
        part: dict[str, Any] = {"texts": [report.text for report in written]}
        if self.checkpoint is None:
            return part
        texts = [study.report for study in images.studies[rows]]
        part["image"] = self.checkpoint.embed_images(encoded).tolist()
        part["report"] = self.checkpoint.embed_reports(texts).tolist()
        part["tokens"] = known_tokens(self.checkpoint, texts).tolist()
        part["weighed"] = _weigh(self.checkpoint, encoded, texts, questions[rows], OTHERS)
        if permuted is not None:
            moved = self._encode(images, permuted[rows])
            part["shuffled"] = _weigh(self.checkpoint, moved, texts, questions[rows], 0)
        return part

    def _encode(self, images: StudyImages, rows: NDArray[np.int64]) -> Encoded:
        return self.generator.encode(to_pixels(images.squares[rows]), torch.from_numpy(images.views[rows]))


def known_tokens(checkpoint: Checkpoint, texts: Sequence[str]) -> NDArray[np.int64]:
    """How many tokens of each text the likelihood is a mean of: its known words and the end, (B,)."""
    tokens, mask = checkpoint.tokenise(texts)
    known = mask[:, 1:] & (tokens[:, 1:] != checkpoint.tokenizer.unk_token_id)
    counts: NDArray[np.int64] = known.sum(1).numpy()
    return counts


def _weigh(
    checkpoint: Checkpoint,
    encoded: Encoded,
    texts: Sequence[str],
    questions: Sequence[Questions],
    others: int,
) -> dict[str, Any]:
    """`others`: with how many images of the batch each text is weighed besides, for the image gain."""
    return {
        "loss": (-checkpoint.log_likelihood(encoded, texts).double()).tolist(),
        "answers": [asdict(answers) for answers in ask(checkpoint, encoded, texts, questions, others)],
    }


def _joined(parts: Sequence[Mapping[str, Any]]) -> Outputs:
    texts = tuple(text for part in parts for text in part["texts"])
    if "weighed" not in parts[0]:
        return Outputs(texts)
    image, report = (
        np.array([row for part in parts for row in part[name]], np.float32) for name in ("image", "report")
    )
    tokens = np.array([count for part in parts for count in part["tokens"]], np.int64)
    shuffled = _weighed([part["shuffled"] for part in parts]) if "shuffled" in parts[0] else None
    return Outputs(texts, Embedded(image, report, tokens, _weighed([p["weighed"] for p in parts]), shuffled))


def _weighed(parts: Sequence[Mapping[str, Any]]) -> Weighed:
    return Weighed(
        np.array([loss for part in parts for loss in part["loss"]], np.float64),
        tuple(_answers(each) for part in parts for each in part["answers"]),
    )


def _answers(stored: Mapping[str, Any]) -> Answers:
    """JSON has texts for the numbers that hardnesses are named by, and no dataclass."""
    hardness = {float(name): value for name, value in stored["hardness"].items()}
    facts = tuple(FactAnswer(**fact) for fact in stored["facts"])
    return Answers(**{**stored, "hardness": hardness, "facts": facts})

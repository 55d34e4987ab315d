"""A trained model in a folder: weights, preprocessing, tokenizer, screen. Knows no data set and no loss.

Stored in half precision, in shards that fit a repository; loaded as float32 on the CPU.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.generation.streamers import BaseStreamer

from rrg.data.preprocess import Preprocessing, arrange, to_pixels
from rrg.data.tokenizer import readable, tokenise
from rrg.models.base import generation_inputs
from rrg.models.protocol import Encoded, TrainableGenerator
from rrg.models.registry import family_of
from rrg.models.screen import Screen, Verdict
from rrg.types import Radiograph, RrgError, View

PREPROCESSING, SCREEN, RECIPE = "preprocessor_config.json", "screen.safetensors", "training.json"
SHARD = "8MB"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model ready to read. Read-only once loaded, so it may be shared by many readers."""

    model: Any  # a PreTrainedModel that is a TrainableGenerator
    tokenizer: PreTrainedTokenizerFast
    preprocessing: Preprocessing
    folder: Path
    revision: str  # the first 12 hexadecimal digits of the SHA-256 of weights, tokenizer and configuration
    screen: Screen | None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def decoding(self) -> str:
        """How it writes unless asked otherwise, in words."""
        least = self.model.generation_config.min_new_tokens
        return f"greedy, at least {least} tokens" if least else "greedy"

    def read_pixels(self, radiographs: Sequence[Radiograph]) -> tuple[Tensor, Tensor]:
        """One study's films -> pixels (1, V, 1, S, S) float32 in [0, 1], views (1, V) int64."""
        squares, views = arrange(radiographs, self.preprocessing)
        return to_pixels(squares[None]), torch.from_numpy(views)[None]

    @torch.no_grad()
    def encode(self, radiographs: Sequence[Radiograph]) -> Encoded:
        """Films of one study -> Encoded with B = 1."""
        encoded: Encoded = self.model.encode(*self.read_pixels(radiographs))
        return encoded

    def examine(self, radiographs: Sequence[Radiograph]) -> list[Verdict] | None:
        """What the screen says of each film, in the order given; None where the checkpoint has no screen."""
        if self.screen is None:
            return None
        verdicts = []
        for film in radiographs:
            with torch.no_grad():
                verdicts += self.screen.examine(self.encode([film]).backbone[:, 0])
        return verdicts

    def tokenise(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """-> tokens (B, T) int64 with BOS and EOS, mask (B, T) bool."""
        return tokenise(self.tokenizer, texts, self.model.config.max_tokens)

    @torch.no_grad()
    def embed_reports(self, texts: Sequence[str]) -> Tensor:
        """-> (B, E) float32, unit norm; from the text alone."""
        return self.model.heads.embed_report(self.model.report_features(*self.tokenise(texts)))

    @torch.no_grad()
    def embed_images(self, encoded: Encoded) -> Tensor:
        """-> (B, E) float32, unit norm."""
        return self.model.heads.embed_image(encoded.pooled)

    @torch.no_grad()
    def log_likelihood(self, encoded: Encoded, texts: Sequence[str]) -> Tensor:
        """Mean log-probability in nats per known token of each text, given its study: (B,) float32.

        Unknown words are left out of the mean; a text of nothing else gives NaN.
        """
        tokens, mask = self.tokenise(texts)
        logits = self.model.report_logits(encoded, tokens, mask)[:, :-1]
        target = tokens[:, 1:]
        known = mask[:, 1:] & (target != self.tokenizer.unk_token_id)
        chosen = logits.float().log_softmax(-1).gather(-1, target[..., None]).squeeze(-1)
        return (chosen * known).sum(1) / known.sum(1)

    def stream(self, encoded: Encoded, **decoding: Any) -> Iterator[str]:
        """The report as it grows, B = 1, no beams. The last value is the whole text."""
        streamer = _Queue()

        def work() -> None:
            try:
                with torch.no_grad():
                    self.model.generate(**generation_inputs(encoded), streamer=streamer, **decoding)
            except Exception as error:  # carried to the reader's thread, which raises it there
                streamer.fail(error)

        worker = Thread(target=work, daemon=True)
        worker.start()
        tokens: list[int] = []
        try:
            for token in streamer:
                tokens.append(token)
                yield readable(self.tokenizer, tokens)
        finally:  # whoever listened may have left in the middle
            streamer.abandoned = True
            worker.join()


class _Queue(BaseStreamer):
    """Token ids handed from the generating thread to the reading one; the prompt (BOS) is left out."""

    def __init__(self) -> None:
        self.queue: Queue[int | Exception | None] = Queue()
        self.prompt = True
        self.abandoned = False

    def put(self, value: Tensor) -> None:
        if self.abandoned:
            raise InterruptedError("nobody listens any more")
        if self.prompt:
            self.prompt = False
            return
        for token in value.flatten().tolist():
            self.queue.put(token)

    def end(self) -> None:
        self.queue.put(None)

    def fail(self, error: Exception) -> None:
        self.queue.put(error)

    def __iter__(self) -> Iterator[int]:
        while (item := self.queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


def as_shipped(value: Tensor) -> Tensor:
    """In half precision, as checkpoints keep their weights; whole numbers as they are."""
    return (value.half() if value.is_floating_point() else value).contiguous()


def save_checkpoint(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    preprocessing: Preprocessing,
    screen: Screen | None,
    recipe: dict[str, Any],
) -> None:
    """Write weights in half precision, shards below 9 MB, and all that reading needs, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model*.safetensors*"):
        old.unlink()
    # Counters of BatchNorm are integers and stay; everything else halves. What is tied is written once.
    tied = set(model.all_tied_weights_keys)
    half = {k: as_shipped(v) for k, v in model.state_dict().items() if k not in tied}
    model.save_pretrained(folder, state_dict=half, max_shard_size=SHARD)
    tokenizer.save_pretrained(folder)
    (folder / PREPROCESSING).write_text(json.dumps(preprocessing.to_dict(), indent=2) + "\n")
    (folder / RECIPE).write_text(json.dumps(recipe, indent=2) + "\n")
    if screen is not None:
        save_file(
            {k: v.half() if v.numel() > 1 else v.float() for k, v in screen.tensors().items()},
            folder / SCREEN,
        )


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a folder written by `save_checkpoint`.

    Raises RrgError if the folder, or a part of it, is missing or does not fit.
    """
    folder = Path(folder)
    for part in ("config.json", "tokenizer.json", PREPROCESSING):
        if not (folder / part).is_file():
            raise RrgError(
                f"'{folder}' is not a checkpoint: it has no {part}. Give a folder such as checkpoints/iu-xray/baseline."
            )
    try:
        model_class = family_of(json.loads((folder / "config.json").read_text()).get("model_type", ""))
        family: Any = model_class  # transformers' annotation forgets the second value of this call
        model, told = family.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
        _refuse_gaps(told)
        model.eval()
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        preprocessing = Preprocessing(**json.loads((folder / PREPROCESSING).read_text()))
        screen = _load_screen(folder / SCREEN)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise RrgError(f"The checkpoint in '{folder}' cannot be loaded: {error}") from error
    model.words = lambda tokens: readable(tokenizer, tokens)
    if not isinstance(model, TrainableGenerator):
        raise RrgError(f"The model in '{folder}' does not offer what a report generator must.")
    return Checkpoint(model, tokenizer, preprocessing, folder, revision_of(folder), screen)


def _refuse_gaps(told: dict[str, Any]) -> None:
    """transformers only warns, and fills what is missing at random."""
    amiss = {
        kind: sorted(told[kind])
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")
        if told[kind]
    }
    if amiss:
        raise ValueError(f"its weights do not fit its configuration: {amiss}")


def _load_screen(file: Path) -> Screen | None:
    return Screen(**{k: v.float() for k, v in load_file(file).items()}) if file.is_file() else None


def revision_of(folder: Path) -> str:
    """A name for exactly these weights, this vocabulary, configuration, decoding, preprocessing and screen."""
    digest = hashlib.sha256()
    names = ("config.json", "generation_config.json", "tokenizer.json", PREPROCESSING, SCREEN)
    parts = [folder / name for name in names if (folder / name).is_file()]
    for file in sorted([*folder.glob("model*.safetensors"), *parts]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def frontal_or_lateral(verdict: Verdict, film: Radiograph) -> View:
    """The film's own word on its view where it has one, the screen's guess otherwise."""
    return film.view if film.view in (View.FRONTAL, View.LATERAL) else verdict.view

"""One checkpoint on one split: generate, score, rank, and keep every study's numbers. Knows no screen and
no training.

The result is plain JSON values, free of dates, so the same checkpoint and data give the same file. It holds
generated sentences; `summary` is the part of it that may be kept in a repository.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rrg.data.batch import load_images
from rrg.data.findings import label_report, statuses
from rrg.data.preprocess import to_pixels
from rrg.evaluation.discrimination import Discrimination, discriminate
from rrg.evaluation.nlg import TextScores, score_texts
from rrg.evaluation.protocols import Protocol, R2GenTokens, full_tokens
from rrg.evaluation.variety import all_normal_share, distinct
from rrg.models.checkpoint import Checkpoint
from rrg.types import RrgError, Study

SCHEMA = 1
GREEDY: Mapping[str, Any] = {"do_sample": False, "num_beams": 1}
BATCH = 16


@dataclass(frozen=True, eq=False)
class Output:
    """What a model makes of N studies. image, report (N, E); loss (N,) nats a token; tokens (N,) how many."""

    studies: tuple[Study, ...]
    texts: tuple[str, ...]
    image: NDArray[np.float32]
    report: NDArray[np.float32]
    loss: NDArray[np.float64]
    tokens: NDArray[np.int64]


def evaluate(
    checkpoint: Checkpoint,
    studies: Sequence[Study],
    *,
    train_reports: Sequence[str] = (),
    limit: int | None = None,
    progress: bool = False,
    decoding: Mapping[str, Any] = GREEDY,
    command: str = "",
) -> dict[str, Any]:
    """Every metric of `checkpoint` on `studies` (one split), and every study's own numbers.

    `train_reports` give the vocabulary of the `r2gen` protocol, which is absent with a reason without them.
    `limit` evaluates the first studies only; CIDEr keeps the document frequencies of all. RrgError where
    nothing can be read.
    """
    told = [study for study in studies if study.report.strip()]
    if not told:
        raise RrgError(f"none of the {len(studies)} studies has a report to score against")
    if limit is not None and limit < 1:
        raise RrgError(f"the limit is {limit}; evaluate at least one study")
    output = run(checkpoint, told[:limit], decoding=decoding, progress=progress)
    further = [study.report for study in told[limit:]] if limit is not None else []
    scores, absent = _score(output, further, train_reports)
    found = discriminate(output.image, output.report, [study.report for study in output.studies])
    return {
        "schema": SCHEMA,
        "command": command,
        "checkpoint": {"name": checkpoint.name, "revision": checkpoint.revision},
        "data": {
            "split": told[0].split,
            "studies": len(output.studies),
            "limit": limit,
            "without a report": len(studies) - len(told),
            "unreadable": len(told[:limit]) - len(output.studies),
        },
        "decoding": {**decoding, "min_new_tokens": checkpoint.model.generation_config.min_new_tokens or 0},
        "metrics": _metrics(output, scores, absent, found),
        "studies": list(_per_study(output, scores, found)),
    }


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics without a study, a sentence or an id: what metrics.json of a checkpoint holds."""
    return {key: value for key, value in result.items() if key != "studies"}


def run(
    checkpoint: Checkpoint,
    studies: Sequence[Study],
    *,
    decoding: Mapping[str, Any] = GREEDY,
    progress: bool = False,
) -> Output:
    """Encode each study once; write, embed and weigh its report. Broken images are left out, once named."""
    images = load_images(studies, checkpoint.preprocessing, None, progress)
    starts = range(0, len(images), BATCH)
    rows = [slice(start, start + BATCH) for start in starts]
    batches = [
        _run_batch(
            checkpoint,
            to_pixels(images.squares[batch]),
            torch.from_numpy(images.views[batch]),
            [study.report for study in images.studies[batch]],
            decoding,
        )
        for batch in tqdm(rows, desc="reading studies", unit="batch", disable=not progress)
    ]
    texts, *columns = zip(*batches, strict=True)
    image, report, loss, tokens = (np.concatenate(column) for column in columns)
    return Output(images.studies, tuple(text for part in texts for text in part), image, report, loss, tokens)


def _run_batch(
    checkpoint: Checkpoint,
    pixels: torch.Tensor,
    views: torch.Tensor,
    references: list[str],
    decoding: Mapping[str, Any],
) -> tuple[list[str], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    with torch.no_grad():
        encoded = checkpoint.model.encode(pixels, views)
        texts = [report.text for report in checkpoint.model.generate_reports(encoded, **decoding)]
        loss = -checkpoint.log_likelihood(encoded, references).double().numpy()
        image, report = checkpoint.embed_images(encoded).numpy(), checkpoint.embed_reports(references).numpy()
    return texts, image, report, loss, known_tokens(checkpoint, references)


def known_tokens(checkpoint: Checkpoint, texts: Sequence[str]) -> NDArray[np.int64]:
    """How many tokens of each text the likelihood is a mean of: its known words and the end, (B,)."""
    tokens, mask = checkpoint.tokenise(texts)
    known = mask[:, 1:] & (tokens[:, 1:] != checkpoint.tokenizer.unk_token_id)
    counts: NDArray[np.int64] = known.sum(1).numpy()
    return counts


def _score(
    output: Output, further: Sequence[str], train_reports: Sequence[str]
) -> tuple[dict[str, TextScores], dict[str, str]]:
    """Scores by protocol, and why a metric is absent, as "protocol/metric"."""
    tokenisers = {Protocol.FULL: full_tokens}
    absent: dict[str, str] = {}
    if any(report.strip() for report in train_reports):
        tokenisers[Protocol.R2GEN] = R2GenTokens.from_train(train_reports)
    else:
        absent[Protocol.R2GEN] = "no train reports at hand, from which this protocol takes its vocabulary"
    references = [study.report for study in output.studies]
    scores = {}
    for protocol, tokenise in tokenisers.items():
        gold, found, rest = (
            [tokenise(text) for text in texts] for texts in (references, output.texts, further)
        )
        scores[protocol.value] = score_texts(gold, found, rest)
        absent |= {f"{protocol}/{metric}": why for metric, why in scores[protocol.value].absent.items()}
    return scores, absent


def _metrics(
    output: Output, scores: Mapping[str, TextScores], absent: Mapping[str, str], found: Discrimination
) -> dict[str, Any]:
    references = [study.report for study in output.studies]
    told = output.tokens > 0
    return {
        "loss (nats per token)": float(
            (output.loss * output.tokens)[told].sum() / max(output.tokens.sum(), 1)
        ),
        **{protocol.value: None for protocol in Protocol},
        **{protocol: dict(each.corpus) for protocol, each in scores.items()},
        "absent": dict(absent),
        "retrieval": found.metrics,
        "distinct reports": distinct(output.texts),
        "distinct references": distinct(references),
        "all-normal share": all_normal_share(output.texts),
        "all-normal share of references": all_normal_share(references),
    }


def _per_study(
    output: Output, scores: Mapping[str, TextScores], found: Discrimination
) -> Iterator[dict[str, Any]]:
    for i, (study, text) in enumerate(zip(output.studies, output.texts, strict=True)):
        loss = float(output.loss[i])
        yield {
            "id": study.id,
            "text": text,
            "labels": _labels(text),
            "reference labels": _labels(study.report),
            "loss": None if math.isnan(loss) else loss,
            "tokens": int(output.tokens[i]),
            "scores": {protocol: dict(each.studies[i]) for protocol, each in scores.items()},
            "ranks": {name: int(ranks[i]) for name, ranks in found.ranks.items()},
        }


def _labels(text: str) -> dict[str, str]:
    return {label: status.value for label, status in statuses(label_report(text)).items()}


def write_json(path: str | Path, value: Mapping[str, Any]) -> None:
    """Write `value` as indented JSON; RrgError where `path` cannot be written. Absence is null, never NaN."""
    try:
        Path(path).write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise RrgError(f"cannot write {path}: {error.strerror or error}") from error


def read_result(path: str | Path) -> dict[str, Any]:
    """A file that `evaluate --out` wrote. RrgError where it is missing, broken, or of another kind."""
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RrgError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise RrgError(
            f"{path} is not JSON ({error}); give a file that `python -m rrg evaluate --out` wrote"
        ) from error
    if not _is_result(result):
        raise RrgError(
            f"{path} holds no per-study results of schema {SCHEMA}; give a file that `evaluate --out` wrote"
        )
    return dict(result)


def _is_result(value: Any) -> bool:
    """Has `value` all that a comparison takes for granted?"""
    return (
        isinstance(value, dict)
        and value.get("schema") == SCHEMA
        and isinstance(value.get("checkpoint"), dict)
        and isinstance(value.get("data"), dict)
        and isinstance(value["data"].get("split"), str)
        and isinstance(value.get("studies"), list)
        and all(_is_study(study) for study in value["studies"])
    )


def _is_study(value: Any) -> bool:
    """An id, and numbers (or their absence) under the names that `evaluate` gives them."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return False
    scores, ranks = value.get("scores", {}), value.get("ranks", {})
    if not isinstance(scores, dict) or not all(isinstance(each, dict) for each in scores.values()):
        return False
    numbers = [value.get("loss"), *(number for each in scores.values() for number in each.values())]
    told = isinstance(ranks, dict) and all(isinstance(rank, int) for rank in ranks.values())
    return told and all(number is None or isinstance(number, int | float) for number in numbers)

"""Which heat map names the places that matter? Deletion and insertion curves on validation studies.

The places a map ranks first are deleted from the film, or inserted into what stands in for it, share by share, and the
sentence's log-likelihood is asked each time. A faithful map makes it fall fast and rise fast: the score is the mean of
the insertion curve minus the mean of the deletion curve, in nats; 0 is no better than chance. Two stand-ins: the
film blurred (pixels), and an average film's features (cells of the network's last map). Controls on the same sentences:
a random map and a blob in the centre. Selection: `choose`. Writes numbers and study ids only, no text.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms.functional import gaussian_blur

from rrg.data.batch import StudyImages, load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import to_pixels
from rrg.data.reports import sentences
from rrg.explain.average import average_film
from rrg.explain.saliency import METHODS, cell_evidence, evidence
from rrg.explain.sentence_target import SentenceTarget, sentence_target
from rrg.models.checkpoint import Checkpoint, load_checkpoint
from rrg.types import View

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "checkpoints" / "iu-xray"
CONTROLS = ("random", "centre")
STAND_INS = ("blurred film", "average film")
STEPS = 8  # shares of the film: 1/8, 2/8 ... 7/8
BLUR = 0.1  # sigma, of the film's side
RESAMPLES = 2000

Maps = NDArray[np.float32]  # (N, G, G), one per view that is there


@dataclass(frozen=True, eq=False)
class Question:
    """One sentence of one study, as one model drafted it."""

    study: int
    pixels: Tensor
    views: Tensor
    report: str
    sentence: int
    target: SentenceTarget
    gain: float


def main() -> None:
    chosen = arguments()
    torch.set_num_threads(chosen.threads)
    models = [load_checkpoint(folder) for folder in chosen.checkpoints]
    rng = np.random.default_rng(chosen.seed)
    every = load_studies(chosen.data, "val")
    picked = sorted(rng.choice(len(every), min(chosen.studies, len(every)), replace=False))
    images = load_images([every[i] for i in picked], models[0].preprocessing, None)
    rows = [row for model in models for row in ask_all(model, images, chosen.sentences, rng)]
    result = {
        "command": "python benchmarks/saliency_faithfulness.py " + " ".join(sys.argv[1:]),
        "split": "val",
        "studies": [study.id for study in images.studies],
        "models": {model.name: model.revision for model in models},
        "sentences": len({(row["model"], row["study"], row["sentence"]) for row in rows}),
        "scores": scores(rows, rng),
        "chosen": choose(rows),
        "default": described(rows),
        "table": table(rows),
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(written(result))
    print(json.dumps({name: result[name] for name in ("scores", "chosen", "default")}, indent=1))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--checkpoints", type=Path, nargs="+", metavar="DIR",
                        default=[COLLECTION / "baseline", COLLECTION / "hard-negative"])  # fmt: skip
    parser.add_argument("--studies", type=int, default=15)
    parser.add_argument(
        "--sentences", type=int, default=2, help="of each draft: those that gain most by the film"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "saliency.json")
    return parser.parse_args()


def ask_all(
    model: Checkpoint, images: StudyImages, most: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """A row for every sentence, map and stand-in: its score, and for the sentence what it gains by the film."""
    rows = []
    for study in range(len(images)):
        for question in questions(model, images, study, most):
            rows += ask(model, images.studies[study].id, question, rng)
        print(f"{model.name}: {study + 1} of {len(images)}", file=sys.stderr)
    return rows


def questions(model: Checkpoint, images: StudyImages, study: int, most: int) -> list[Question]:
    """The sentences of the draft that gain most by the film: only where there is evidence can a map be wrong."""
    pixels, views = (
        to_pixels(images.squares[study : study + 1]),
        torch.from_numpy(images.views[study : study + 1]),
    )
    with torch.no_grad():
        report = model.model.generate_reports(model.model.encode(pixels, views))[0].text
    asked = []
    for i in range(len(sentences(report))):
        target = sentence_target(model, report, i)
        gain = evidence(model, pixels, views, report, i).gain
        asked.append(Question(study, pixels, views, report, i, target, gain))
    return sorted(asked, key=lambda question: -question.gain)[:most]


def ask(model: Checkpoint, study: str, question: Question, rng: np.random.Generator) -> list[dict[str, Any]]:
    begun = perf_counter()
    told = evidence(model, question.pixels, question.views, question.report, question.sentence)
    seconds = perf_counter() - begun
    with torch.no_grad():
        features = model.model.encoder.feature_maps(question.pixels, question.views)
    maps = {name: cell_evidence(model, features, question.views, question.target, name) for name in METHODS}
    common = {
        "model": model.name,
        "study": study,
        "sentence": question.sentence,
        "gain": round(question.gain, 4),
        "cells": round(float(maps["path"].sum()), 4),
        "largest": round(max(float(np.nanmax(each.values)) for each in told.maps), 4),
        "seconds": round(seconds, 3),
    }
    maps |= controls(maps["path"].shape, rng)
    return [
        {**common, "method": name, "stand-in": kind, "score": round(score(model, question, each, kind), 4)}
        for name, each in maps.items()
        for kind in STAND_INS
    ]


def controls(shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, Maps]:
    """A map that knows nothing, and one that knows where the middle is."""
    offset = np.abs(np.arange(shape[1]) - (shape[1] - 1) / 2)
    blob = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2)).astype(np.float32)
    return {"random": rng.random(shape, dtype=np.float32), "centre": np.repeat(blob[None], shape[0], 0)}


def score(model: Checkpoint, question: Question, maps: Maps, kind: str) -> float:
    """Mean of the insertion curve minus mean of the deletion curve, nats."""
    curve = _pixel_curves if kind == "blurred film" else _cell_curves
    each = curve(model, question, maps)
    return float(each[STEPS - 1 :].mean() - each[: STEPS - 1].mean())


def _pixel_curves(model: Checkpoint, question: Question, maps: Maps) -> NDArray[np.float32]:
    """Log-likelihoods (2 (STEPS - 1),): deletions by a growing share, then insertions."""
    size = question.pixels.shape[-2:]
    fine = nn.functional.interpolate(torch.from_numpy(maps)[:, None], size, mode="bilinear")[:, 0].numpy()
    there = question.views[0] != View.ABSENT
    film = question.pixels[0, there, 0]
    pieces = _mixed(film, blurred(question.pixels)[0, there, 0], ranks(fine))
    pixels = question.pixels.new_zeros(len(pieces), *question.pixels.shape[1:])
    pixels[:, there, 0] = pieces
    views = question.views.expand(len(pieces), -1)
    with torch.no_grad():
        encoded = model.model.encode(pixels, views)
        return np.asarray(question.target.log_likelihood(model.model, encoded).numpy())


def _cell_curves(model: Checkpoint, question: Question, maps: Maps) -> NDArray[np.float32]:
    """The same over the cells of the network's last map, an average film's cells standing in."""
    there = question.views[0] != View.ABSENT
    with torch.no_grad():
        seen = model.model.encoder.feature_maps(question.pixels, question.views)
        average = average_film(model).maps(question.views)
        order = ranks(maps).reshape(len(maps), -1, 1)
        pieces = _mixed(seen[0, there], average[0, there], order)
        features = seen.new_zeros(len(pieces), *seen.shape[1:])
        features[:, there] = pieces
        encoded = model.model.encode(None, question.views.expand(len(pieces), -1), features=features)
        return np.asarray(question.target.log_likelihood(model.model, encoded).numpy())


def ranks(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Place of every value among all of one study, most evidence first, as a share in [0, 1); ties by position."""
    order = np.argsort(-maps.ravel(), kind="stable")
    place = np.empty(maps.size)
    place[order] = np.arange(maps.size) / maps.size
    return place.reshape(maps.shape)


def _mixed(film: Tensor, stand_in: Tensor, order: NDArray[np.float64]) -> Tensor:
    """Deletions, then insertions, by growing share."""
    shares = [step / STEPS for step in range(1, STEPS)]
    first = [torch.from_numpy(order < share) for share in shares]
    deleted = [torch.where(each, stand_in, film) for each in first]
    return torch.stack(deleted + [torch.where(each, film, stand_in) for each in first])


def blurred(pixels: Tensor) -> Tensor:
    sigma = BLUR * pixels.shape[-1]
    width = 2 * int(2.5 * sigma) + 1
    soft: Tensor = gaussian_blur(pixels.flatten(0, 1), [width, width], [sigma, sigma])
    return soft.view_as(pixels)


def scores(rows: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> dict[str, Any]:
    """For every stand-in and map: mean score, and its difference to the random map with a 95 % interval over studies."""
    return {
        kind: {method: _against_chance(rows, kind, method, rng) for method in (*METHODS, *CONTROLS)}
        for kind in STAND_INS
    }


def _against_chance(
    rows: Sequence[Mapping[str, Any]], kind: str, method: str, rng: np.random.Generator
) -> dict[str, float]:
    studies, models = (sorted({row[name] for row in rows}) for name in ("study", "model"))
    own, chance = (
        np.array([_mean(rows, kind, name, study=study) for study in studies]) for name in (method, "random")
    )
    drawn = rng.integers(len(studies), size=(RESAMPLES, len(studies)))
    low, high = np.percentile((own - chance)[drawn].mean(1), [2.5, 97.5])
    found = {
        "mean": own.mean(),
        **{f"mean, {model}": _mean(rows, kind, method, model=model) for model in models},
        "over random": (own - chance).mean(),
        "low": low,
        "high": high,
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def _mean(rows: Sequence[Mapping[str, Any]], kind: str, method: str, **where: str) -> float:
    wanted = {"stand-in": kind, "method": method, **where}
    return float(np.mean([row["score"] for row in rows if wanted.items() <= row.items()]))


def choose(rows: Sequence[Mapping[str, Any]]) -> str:
    """The method with the best mean place over both stand-ins; the first in `METHODS` where two tie."""
    places = dict.fromkeys(METHODS, 0)
    for kind in STAND_INS:
        means = {method: _mean(rows, kind, method) for method in METHODS}
        for place, method in enumerate(sorted(METHODS, key=means.__getitem__, reverse=True)):
            places[method] += place
    return min(places, key=places.__getitem__)


def described(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The default's maps: whether the cells add up to the gain, how large values grow, how long it takes."""
    once = [row for row in rows if row["method"] == "path" and row["stand-in"] == STAND_INS[0]]
    medians = {
        "median gain": median(row["gain"] for row in once),
        "median of cells' sum minus gain": median(abs(row["cells"] - row["gain"]) for row in once),
        "median largest value": median(row["largest"] for row in once),
        "median seconds a model": median(row["seconds"] for row in once),
    }
    return {name: round(value, 4) for name, value in medians.items()}


def table(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """A line for every sentence under a line of names: what it is, what it gains, and the score of every map."""
    whole = ("model", "study", "sentence", "gain", "cells", "largest", "seconds")
    lines: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in rows:
        scored = lines.setdefault(tuple(row[name] for name in whole), {})
        scored[f"{row['method']}, {row['stand-in']}"] = row["score"]
    names = list(next(iter(lines.values())))
    return [[*whole, *names], *([*line, *(scored[name] for name in names)] for line, scored in lines.items())]


def written(result: Mapping[str, Any]) -> str:
    """JSON with one line for each part, and for each line of the table."""
    parts = []
    for name, value in result.items():
        several = isinstance(value, list) and value and isinstance(value[0], list)
        told = [json.dumps(line, allow_nan=False, separators=(",", ":")) for line in value] if several else []
        body = "[\n" + ",\n".join(told) + "\n]" if told else json.dumps(value, allow_nan=False)
        parts.append(f"{json.dumps(name)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()

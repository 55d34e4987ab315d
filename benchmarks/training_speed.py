"""Studies a second of a training step, baseline against hard negatives, on made images and made words.

Two runs are prepared exactly as training prepares them and step in turns, so that a machine that slows down slows both.
The image network learns with the rest, or with --frozen its features are kept, as in the ladder and in the models that
ship. What is timed is training's own step: batch, losses, gradients, optimiser. Prints a table on standard error and one
JSON line on standard output. The peak memory is that of both runs together, so it bounds either from above. Knows nothing
of how well a model learns.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from PIL import Image

from rrg.training import loop
from rrg.training.config import Config
from rrg.training.run import Run, prepare

OBJECTIVES: dict[str, dict[str, Any]] = {
    "baseline": {"detach": True},
    "hard-negative": {"peers": True, "synthesis": "arc"},
}
TINY = {
    "hidden_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "encoder_layers": 1,
    "embedding_size": 16,
}
WORDS = 750  # as many as IU X-Ray's vocabulary, so that the output layer costs what it costs there
FACTS = (
    "Small left pleural effusion",
    "The heart is enlarged",
    "No pneumothorax",
    "Right basilar atelectasis",
)
MEAN_WORDS, MOST_WORDS = 36, 160  # of a report of IU X-Ray
GIGABYTE = 1e9


def main() -> None:
    chosen = arguments()
    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as scratch:
        data = write_cohort(Path(scratch) / "data", 4 * chosen.batch, chosen.size)
        runs = {
            name: prepare(config(chosen, data, objective), Path(scratch) / name)
            for name, objective in OBJECTIVES.items()
        }
        seconds = measure(runs, chosen.steps, chosen.warmup)
    result = summarise(chosen, runs, seconds)
    print(table(result), file=sys.stderr)
    print(json.dumps(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16, help="studies a step")
    parser.add_argument("--size", type=int, default=160, help="pixels along a side")
    parser.add_argument("--steps", type=int, default=20, help="timed steps of each objective")
    parser.add_argument("--warmup", type=int, default=3, help="steps of each that are not timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--frozen", action="store_true", help="keep the image network's features")
    parser.add_argument("--tiny", action="store_true", help="a tiny network: does the script run at all?")
    return parser.parse_args()


def config(chosen: argparse.Namespace, data: Path, objective: dict[str, Any]) -> Config:
    """The default model and recipe; enough epochs for all steps."""
    return Config.model_validate(
        {
            "data": {"folder": data, "cache": data.parent / "cache"},
            "model": {
                "image_size": chosen.size,
                "min_frequency": 1,
                "freeze_backbone": chosen.frozen,
                "sizes": TINY if chosen.tiny else {},
            },
            "objective": objective,
            "optimiser": {"batch_size": chosen.batch, "epochs": 1 + (chosen.steps + chosen.warmup) // 4},
            "precision": chosen.precision,
        }
    )


def measure(runs: dict[str, Run], steps: int, warmup: int) -> dict[str, list[float]]:
    """Seconds of each timed step. The same batches for all; who goes first changes at every step."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for step in range(warmup + steps):
        names = list(runs) if step % 2 == 0 else list(reversed(runs))
        for name in names:
            run = runs[name]
            epoch, position = divmod(step, run.steps_per_epoch)
            order = loop.epoch_order(run.train, run.config, epoch)
            began = perf_counter()
            loop._step(run, step, order, position)
            if step >= warmup:
                seconds[name].append(perf_counter() - began)
    return seconds


def summarise(
    chosen: argparse.Namespace, runs: dict[str, Run], seconds: dict[str, list[float]]
) -> dict[str, Any]:
    """Medians, and the hard-negative step in units of the baseline's of the same batch."""
    pairs = zip(seconds["hard-negative"], seconds["baseline"], strict=True)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    return {
        **{
            key: getattr(chosen, key)
            for key in ("batch", "size", "steps", "threads", "precision", "frozen", "tiny")
        },
        "torch": str(torch.__version__),
        "parameters": {name: sum(p.numel() for p in run.model.parameters()) for name, run in runs.items()},
        "seconds_per_step": {name: round(value, 4) for name, value in medians.items()},
        "studies_per_second": {name: round(chosen.batch / value, 2) for name, value in medians.items()},
        "ratio_of_medians": round(medians["hard-negative"] / medians["baseline"], 3),
        "median_of_ratios": round(statistics.median(hard / plain for hard, plain in pairs), 3),
        "peak_memory_gb": round(peak_memory() / GIGABYTE, 2),
    }


def peak_memory() -> int:
    """Bytes that this process held at most; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def table(result: dict[str, Any]) -> str:
    lines = [f"{'objective':<14} {'s/step':>8} {'studies/s':>10}"]
    for name, seconds in result["seconds_per_step"].items():
        lines.append(f"{name:<14} {seconds:>8.3f} {result['studies_per_second'][name]:>10.2f}")
    ratios = (
        f"{result['ratio_of_medians']:.3f} (of medians), {result['median_of_ratios']:.3f} (median of pairs)"
    )
    return "\n".join([*lines, f"step ratio     {ratios}", f"peak memory    {result['peak_memory_gb']} GB"])


def write_cohort(folder: Path, train: int, size: int) -> Path:
    """R2Gen's layout with made studies of two views: noise for films, made words in reports of usual length."""
    random = np.random.default_rng(0)
    spoken = spread_words(random, train)
    annotation: dict[str, list[dict[str, Any]]] = {"train": [], "val": []}
    for number in range(train + 8):
        name, split = f"CXR{number + 1}_IM-{number:04d}", "train" if number < train else "val"
        (folder / "images" / name).mkdir(parents=True)
        paths = [f"{name}/{view}.png" for view in range(2)]
        for path in paths:
            Image.fromarray(random.integers(0, 256, (size, size), np.uint8)).save(folder / "images" / path)
        report = f"{FACTS[number % len(FACTS)]}. {' '.join(spoken[number % train])}."
        views = ["frontal", "lateral"]
        annotation[split].append(
            {"id": name, "report": report, "image_path": paths, "split": split, "views": views}
        )
    (folder / "annotation.json").write_text(json.dumps(annotation))
    return folder


def spread_words(random: np.random.Generator, reports: int) -> list[list[str]]:
    """Made words for each report; every word of the vocabulary occurs where there is room for it."""
    lengths = np.clip(random.gamma(2.5, MEAN_WORDS / 2.5, reports), 6, MOST_WORDS).astype(int)
    numbers = random.permutation(np.arange(lengths.sum()) % WORDS)
    names = [SYLLABLES[i // len(SYLLABLES)] + SYLLABLES[i % len(SYLLABLES)] for i in range(WORDS)]
    return [[names[i] for i in part] for part in np.split(numbers, np.cumsum(lengths)[:-1])]


SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstv" for vowel in "ao"] + ["ze", "zi", "zu"]

if __name__ == "__main__":
    main()

"""Seconds to read one two-view study with two checkpoints, and the memory that this takes.

Warm, greedy, the two projections that come with the install; screen, image encoder, report, neighbours and hard
negatives included, as the command line and the reading room do it. Prints a table on standard error and one JSON line on
standard output. Knows nothing of how good a report is.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from rrg.app.examples import CT, known_examples, pydicom_file
from rrg.data.images import load_radiograph
from rrg.explain.reading import read_study
from rrg.models.checkpoint import Checkpoint, load_checkpoint
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.texts import TextSource
from rrg.types import Radiograph

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints" / "iu-xray"
GIGABYTE = 1e9


@dataclass(frozen=True, eq=False)
class Model:
    checkpoint: Checkpoint
    gallery: Gallery


def main() -> None:
    chosen = arguments()
    torch.set_num_threads(chosen.threads)
    began = perf_counter()
    models = [Model(load_checkpoint(folder), Gallery.load(folder)) for folder in chosen.checkpoints]
    texts = TextSource.best()
    loaded = perf_counter() - began
    first = read_all(models, texts)
    rounds = [read_all(models, texts) for _ in range(chosen.repeats)]
    result = {
        "threads": chosen.threads,
        "repeats": chosen.repeats,
        "torch": str(torch.__version__),
        "loading_seconds": round(loaded, 3),
        "first_seconds": round(sum(first.values()), 3),
        "seconds": {name: round(statistics.median(r[name] for r in rounds), 3) for name in first},
        "both_seconds": round(statistics.median(sum(r.values()) for r in rounds), 3),
        "resident_memory_gb": round(resident_memory() / GIGABYTE, 2),
        "peak_memory_gb": round(peak_memory() / GIGABYTE, 2),
        "texts": texts.reason or "at hand",
    }
    print(table(result), file=sys.stderr)
    print(json.dumps(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, nargs="+", metavar="DIR",
                        default=[CHECKPOINTS / "baseline", CHECKPOINTS / "hard-negative"])  # fmt: skip
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def read_all(models: list[Model], texts: TextSource) -> dict[str, float]:
    """Seconds by what was done: opening the two files, and each model's whole reading."""
    began = perf_counter()
    films = example()
    seconds = {"opening": perf_counter() - began}
    for model in models:
        began = perf_counter()
        read_study(model.checkpoint, model.gallery, texts, films, force=True)
        seconds[str(Path(*model.checkpoint.folder.parts[-2:]))] = perf_counter() - began
    return seconds


def example() -> list[Radiograph]:
    ct = next(each for each in known_examples(pydicom_file) if each.id == CT)
    return [load_radiograph(file, view=view) for file, view in zip(ct.files, ct.views, strict=True)]


def resident_memory() -> int:
    """Bytes that this process holds now; its peak where the system has no /proc."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * resource.getpagesize() if status.is_file() else peak_memory()


def peak_memory() -> int:
    """Bytes that this process held at most; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def table(result: dict[str, Any]) -> str:
    rows = [
        *result["seconds"].items(),
        ("both", result["both_seconds"]),
        ("first time", result["first_seconds"]),
    ]
    lines = [f"{name:<28} {seconds:>7.3f} s" for name, seconds in rows]
    return "\n".join([*lines, f"{'resident memory':<28} {result['resident_memory_gb']:>7.2f} GB"])


if __name__ == "__main__":
    main()

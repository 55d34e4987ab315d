"""Seconds and memory to evaluate 600 studies: with a checkpoint, all metrics, and from a file of reports.

The split is doubled under new ids until there are enough studies. Memory is that of this process at its peak, without the
Java that METEOR starts beside it. Prints a table on standard error and one JSON line on standard output. Knows
nothing of how good a report is.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from rrg.evaluation.cohort import load_cohort
from rrg.evaluation.harness import Settings, evaluate, evaluate_reports
from rrg.models.checkpoint import load_checkpoint
from rrg.types import Study

ROOT = Path(__file__).resolve().parents[1]
LIMITS = {
    "checkpoint": 600.0,
    "reports": 90.0,
}  # seconds for 600 studies on two cores; reports without METEOR
MEMORY_LIMIT = 3.0  # GB
KILOBYTE, GIGABYTE = 1024, 1e9


def main() -> None:
    chosen = arguments()
    torch.set_num_threads(chosen.threads)
    cohort = load_cohort(chosen.data, chosen.split)
    cohort = replace(cohort, studies=enlarged(cohort.told, chosen.studies))
    seconds: dict[str, float] = {}
    reports = {study.id: study.report for study in reversed(cohort.studies)}
    texts = dict(zip(reports, reversed(reports.values()), strict=True))  # each the report of another
    alone = Settings(meteor=False, progress=True)
    seconds["reports"], _ = timed(lambda: evaluate_reports(texts, cohort, alone, name="benchmark"))
    memory = {"reports": peak_memory()}
    if not chosen.reports_only:
        settings = Settings(meteor=not chosen.no_meteor, progress=True)
        model = load_checkpoint(chosen.checkpoint)
        seconds["checkpoint"], result = timed(lambda: evaluate(model, cohort, settings))
        memory["checkpoint"] = peak_memory()
        print(f"absent: {result['metrics']['text']['absent'] or 'nothing'}", file=sys.stderr)
    show(chosen, len(cohort.studies), seconds, memory)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, metavar="DIR",
                        default=ROOT / "checkpoints" / "iu-xray" / "hard-negative")  # fmt: skip
    parser.add_argument(
        "--data", type=Path, metavar="DIR", default=ROOT.parent / "shared" / "data" / "iu_xray"
    )
    parser.add_argument("--split", default="val")
    parser.add_argument("--studies", type=int, default=600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--no-meteor", action="store_true", help="leave METEOR out of the checkpoint's run, too"
    )
    parser.add_argument("--reports-only", action="store_true", help="measure the file of reports alone")
    return parser.parse_args()


def enlarged(studies: Sequence[Study], count: int) -> list[Study]:
    """`count` studies; those that come again have an id and a patient of their own."""
    rounds = islice(enumerate(cycle(studies)), count)
    return [
        study
        if place < len(studies)
        else replace(study, id=f"{study.id}+{place // len(studies)}", patient=f"{study.patient}+{place}")
        for place, study in rounds
    ]


def timed(work: Callable[[], dict[str, Any]]) -> tuple[float, dict[str, Any]]:
    began = perf_counter()
    value = work()
    return perf_counter() - began, value


def peak_memory() -> float:
    """GB held at most by this process so far.

    There is no such number of Java: what the system says of a child begins with what its parent held at the fork.
    """
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held * (1 if sys.platform == "darwin" else KILOBYTE) / GIGABYTE  # bytes there, kilobytes here


def show(
    chosen: argparse.Namespace, studies: int, seconds: dict[str, float], memory: dict[str, float]
) -> None:
    for name, taken in seconds.items():
        limit = f"limit {LIMITS[name]:.0f} s and {MEMORY_LIMIT:.0f} GB for 600 studies"
        print(f"{name:<12} {taken:7.1f} s  {memory[name]:5.2f} GB  ({limit})", file=sys.stderr)
    result = {
        "studies": studies,
        "threads": chosen.threads,
        "meteor": not chosen.no_meteor,
        "seconds": {name: round(taken, 1) for name, taken in seconds.items()},
        "peak_memory_gb": {name: round(held, 2) for name, held in memory.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Does what was learned on simulated films first learn real ones better? Two starts, same steps, several seeds.

    python benchmarks/simulated_transfer.py --data IU_XRAY

Each run is `rrg pretrain configs/encoder/iu-xray.yaml` with fewer epochs, from ImageNet or from `--start`: a file of weights
that `rrg pretrain` wrote, or the folder of a checkpoint, whose image network is read. What counts is the mean area under the
ROC curve over the findings of val at the last step. A run that is there is not made again: remove `--out` once its start was
made anew.

Generators are trained on these image networks by `rrg study configs/transfer.yaml`. With the folder of its results as
`--generators`, their numbers and what each adds to `from-nothing` are written beside the areas:

    python benchmarks/simulated_transfer.py --data IU_XRAY --generators FOLDER --json results/simulated/transfer.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rrg.commands.shared import check_writable
from rrg.evaluation.ladder import Rung, read_ladder
from rrg.evaluation.measures import HEADLINE
from rrg.evaluation.result_file import look_up, rounded, write_json
from rrg.evaluation.statistics import RESAMPLES, compare
from rrg.training.config import EncoderConfig, read_config
from rrg.training.pretraining import WEIGHTS, pretrain
from rrg.types import RrgError

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "encoder" / "iu-xray.yaml"
START = ROOT / "checkpoints" / "simulated" / "baseline"
REFERENCE = "from-nothing"  # the run of configs/transfer.yaml that others are set beside
SHOWN: Mapping[str, Sequence[str]] = {
    "loss": ("loss",),
    "text": ("text", "r2gen"),
    "distinct": ("variety", "distinct"),
}
FLIPPED = "margins/counterfactual/"  # a measure for each kind of flip: those named beforehand alone are kept

Areas = Sequence[Mapping[str, float]]


def areas_by_epoch(config: EncoderConfig, out: Path) -> Areas:
    """Finding -> area on val, after each epoch of a run, which is made where it is not there."""
    if not (out / WEIGHTS).is_file():
        pretrain(config, out)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line["auc"] for line in lines if "auc" in line]


def image_networks(data: Sequence[str], start: Path, seeds: Sequence[int], out: Path) -> dict[str, Areas]:
    """ "imagenet-0" and so on -> areas by epoch. `data`: changes to the configuration."""
    starts = {"imagenet": "null", "simulated": str(start)}
    return {
        f"{name}-{seed}": areas_by_epoch(
            read_config(CONFIG, [*data, f"seed={seed}", f"start={each}"], EncoderConfig),
            out / f"{name}-{seed}",
        )
        for name, each in starts.items()
        for seed in seeds
    }


def as_table(found: Mapping[str, Areas], seeds: Sequence[int]) -> str:
    """What the two starts reach at the last step, a line a seed."""
    lines = [
        "| seed | findings | from ImageNet | from simulated films | difference |",
        "|---|---|---|---|---|",
    ]
    for seed in seeds:
        plain, first = (found[f"{name}-{seed}"][-1] for name in ("imagenet", "simulated"))
        pairs = np.array([[plain[name], first[name]] for name in plain])
        a, b = pairs.mean(axis=0)
        better = int((pairs[:, 1] > pairs[:, 0]).sum())
        lines.append(
            f"| {seed} | {len(pairs)} | {a:.3f} | {b:.3f} | {b - a:+.3f} ({better} findings better) |"
        )
    return "\n".join(lines)


def means(found: Mapping[str, Areas]) -> dict[str, list[float]]:
    """Run -> mean area over the findings, epoch by epoch."""
    return {name: [float(np.mean(list(each.values()))) for each in areas] for name, areas in found.items()}


def generators(folder: Path, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Results of `rrg study configs/transfer.yaml`: each run's numbers in the order of its seeds, and what it adds.

    RrgError where the folder holds no such results, or none of the run that others are set beside.
    """
    rungs = {rung.name: rung for rung in read_ladder(folder)}
    if REFERENCE not in rungs:
        raise RrgError(
            f"'{folder}' holds no result of '{REFERENCE}', only of {', '.join(rungs)}; run `python -m rrg study "
            f"configs/transfer.yaml --results {folder}` to its end"
        )
    first, others = rungs[REFERENCE], [rung for name, rung in rungs.items() if name != REFERENCE]
    shown = {
        rung.name: [
            {name: look_up(each["metrics"], way) for name, way in SHOWN.items()} for each in rung.results
        ]
        for rung in (first, *others)
    }
    return {
        "generators": shown,
        f"less {REFERENCE}": {each.name: less(each, first, resamples) for each in others},
    }


def less(rung: Rung, first: Rung, resamples: int) -> dict[str, Any]:
    """Measure -> `rung` minus `first`, over studies and seeds."""
    found = compare(first.results, rung.results, np.random.default_rng(0), resamples)["differences"]
    return {name: each for name, each in found.items() if name in HEADLINE or not name.startswith(FLIPPED)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 with a message where something cannot be read or written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="IU X-Ray")
    parser.add_argument("--start", type=Path, default=START, help="weights, or a checkpoint's folder")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/simulated/transfer"), help="folder of the runs"
    )
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only the first N studies of each split")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument(
        "--generators", type=Path, metavar="FOLDER", help="results of rrg study configs/transfer.yaml"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all numbers go")
    chosen = parser.parse_args(arguments)
    if chosen.generators and not chosen.json:
        parser.error("--generators are written, not printed: name a file with --json")
    data = [f"data.folder={chosen.data}", f"epochs={chosen.epochs}"]
    data += [f"data.limit={chosen.limit}"] if chosen.limit else []
    try:
        if chosen.json:
            check_writable(chosen.json)
        written = generators(chosen.generators) if chosen.generators else {}
        found = image_networks(data, chosen.start, chosen.seeds, chosen.out)
        if chosen.json:
            write_json(
                chosen.json, rounded({"image network, mean area by epoch": means(found), **written}, 5)
            )
    except RrgError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(as_table(found, chosen.seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

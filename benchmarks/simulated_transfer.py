"""Does an image network that learned simulated films first learn real ones better? Two starts, same steps, several seeds.

    python benchmarks/simulated_transfer.py --data IU_XRAY --start runs/simulated/encoder/encoder.safetensors

Each run is `rrg pretrain configs/encoder/iu-xray.yaml` with fewer epochs, from ImageNet or from `--start`; what counts is
the mean area under the ROC curve over the findings of val at the last step. A run that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from rrg.training.config import EncoderConfig, read_config
from rrg.training.pretraining import WEIGHTS, pretrain

CONFIG = Path(__file__).parents[1] / "configs" / "encoder" / "iu-xray.yaml"


def areas_after(config: EncoderConfig, out: Path) -> dict[str, float]:
    """Finding -> area on val after the last step of a run, which is made where it is not there."""
    if not (out / WEIGHTS).is_file():
        pretrain(config, out)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    found: dict[str, float] = lines[-1]["auc"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/simulated/transfer"))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    chosen = parser.parse_args()
    given = [f"data.folder={chosen.data}", f"epochs={chosen.epochs}"]
    given += [f"data.limit={chosen.limit}"] if chosen.limit else []
    print("| seed | findings | from ImageNet | from simulated films | difference |\n|---|---|---|---|---|")
    for seed in chosen.seeds:
        plain = areas_after(
            read_config(CONFIG, [*given, f"seed={seed}", "start=null"], EncoderConfig), chosen.out / f"imagenet-{seed}"
        )
        first = areas_after(
            read_config(CONFIG, [*given, f"seed={seed}", f"start={chosen.start}"], EncoderConfig),
            chosen.out / f"simulated-{seed}",
        )
        pairs = np.array([[plain[name], first[name]] for name in plain])
        a, b = pairs.mean(axis=0)
        better = int((pairs[:, 1] > pairs[:, 0]).sum())
        print(
            f"| {seed} | {len(pairs)} | {a:.3f} | {b:.3f} | {b - a:+.3f} ({better} findings better) |",
            flush=True,
        )


if __name__ == "__main__":
    main()

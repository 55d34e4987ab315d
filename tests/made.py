"""A small made cohort and a tiny checkpoint: what tests stand on where no data set is at hand."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

SAID = {
    "effusion": "There is a small {side} pleural effusion. Heart size is normal.",
    "clear": "The lungs are clear. Heart size is normal. No pleural effusion or pneumothorax.",
    "heart": "The heart is enlarged. No {side} pleural effusion. The lungs are clear.",
    "nodule": "There is a nodule in the {side} upper lobe measuring 1.2 cm. No pneumothorax.",
}
TINY = {
    "hidden_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "encoder_layers": 1,
    "embedding_size": 16,
    "max_tokens": 40,
    "dropout": 0.0,
}


def film(kind: str, side: str, seed: int, size: int = 96) -> np.ndarray:
    """(size, size) uint8: two dark lungs, and a bright patch where the finding would be."""
    random = np.random.default_rng(seed)
    picture = np.full((size, size), 170.0)
    for left in (0.15, 0.58):
        picture[size // 6 : -size // 6, int(left * size) : int((left + 0.27) * size)] = 60.0
    column = int((0.28 if side == "right" else 0.72) * size)
    row = {"effusion": 0.75, "nodule": 0.3}.get(kind)
    if row is not None:
        picture[int(row * size) - 8 : int(row * size) + 8, column - 8 : column + 8] = 230.0
    if kind == "heart":
        picture[size // 2 : -size // 6, size // 3 : -size // 4] = 200.0
    return np.clip(picture + random.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def write_cohort(folder: Path, train: int = 24, val: int = 8, seed: int = 0) -> Path:
    """R2Gen's layout of IU X-Ray with `train` + `val` made studies of two views."""
    random = np.random.default_rng(seed)
    annotation: dict[str, list[dict]] = {"train": [], "val": []}
    rows = []
    for number in range(train + val):
        split = "train" if number < train else "val"
        kind, side = list(SAID)[number % len(SAID)], ["left", "right"][int(random.integers(2))]
        name = f"CXR{number + 1}_IM-{number:04d}"
        (folder / "images" / name).mkdir(parents=True)
        for view in range(2):
            Image.fromarray(film(kind, side, 2 * number + view)).save(
                folder / "images" / name / f"{view}.png"
            )
        paths = [f"{name}/0.png", f"{name}/1.png"]
        report = SAID[kind].format(side=side)
        annotation[split].append(
            {
                "id": name,
                "report": report,
                "image_path": paths,
                "split": split,
                "views": ["frontal", "lateral"],
            }
        )
        rows.append([name, number + 1, split, kind, kind, "Made.", "Made."])
    (folder / "annotation.json").write_text(json.dumps(annotation))
    with (folder / "studies.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "uid", "split", "mesh", "problems", "impression", "indication"])
        writer.writerows(rows)
    return folder


def write_config(file: Path, data: Path, **sections: object) -> Path:
    """A configuration that trains in seconds; `sections` replace or add to it."""
    config = {
        "data": {"folder": str(data), "cache": str(file.parent / "cache")},
        "model": {
            "sizes": TINY,
            "image_size": 64,
            "min_frequency": 1,
            "imagenet": False,
            "freeze_backbone": True,
        },
        "objective": {"peers": True, "synthesis": "arc"},
        "optimiser": {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3},
        "save_every": 2,
    }
    file.write_text(json.dumps({**config, **sections}))  # JSON is YAML
    return file

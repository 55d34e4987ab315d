"""The average film of a checkpoint: what its image network sees on average, per view. Holds no patient's film.

Against it a sentence's evidence is measured: how much more probable does this film make the sentence than an average
film does? A blurred or black film is no such reference: networks have never seen one, so any sentence at all gains by
the true film (EXPERIMENTS.md). Knows no sentence and no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rrg.data.batch import load_images
from rrg.data.preprocess import to_pixels
from rrg.models.checkpoint import Checkpoint
from rrg.types import RrgError, Study, View

FILE = "average_film.safetensors"
MOST = 512  # studies; more would not move a mean
BATCH = 16
HINT = "build it with `python -m rrg gallery --checkpoint DIR --data DIR`"


@dataclass(frozen=True, eq=False)
class AverageFilm:
    """frontal and lateral (P, F) float32: mean feature maps over films of that view; a view never seen has the other's."""

    frontal: Tensor
    lateral: Tensor
    studies: int
    revision: str

    def maps(self, views: Tensor) -> Tensor:
        """views (B, V) -> (B, V, P, F) as `RadiographEncoder.feature_maps` gives them, zeros where a view is absent."""
        lateral = (views == View.LATERAL)[..., None, None]
        return torch.where(lateral, self.lateral, self.frontal) * (views != View.ABSENT)[..., None, None]

    def save(self, folder: Path) -> Path:
        """Write it beside the weights, in half precision."""
        path = folder / FILE
        told = {"studies": str(self.studies), "revision": self.revision}
        save_file({"frontal": self.frontal.half(), "lateral": self.lateral.half()}, path, metadata=told)
        return path


def average_film(checkpoint: Checkpoint) -> AverageFilm:
    """The stored one. RrgError where there is none, it is damaged, or it belongs to other weights."""
    return _load(checkpoint.folder, checkpoint.revision)


@lru_cache(maxsize=16)
def _load(folder: Path, revision: str) -> AverageFilm:
    path = folder / FILE
    if not path.is_file():
        raise RrgError(
            f"'{folder.name}' has no average film, so there is nothing to measure against; {HINT}."
        )
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            frontal, lateral = (file.get_tensor(name).float() for name in ("frontal", "lateral"))
    except (SafetensorError, OSError) as error:
        raise RrgError(f"The average film of '{folder.name}' cannot be read ({error}); {HINT}.") from error
    if told.get("revision") != revision:
        raise RrgError(f"The average film of '{folder.name}' belongs to other weights; {HINT}.")
    return AverageFilm(frontal, lateral, int(told.get("studies", 0)), revision)


def build_average_film(checkpoint: Checkpoint, studies: Sequence[Study]) -> AverageFilm:
    """Mean feature maps over at most `MOST` of `studies`, evenly spread; broken images are left out."""
    every = np.unique(np.linspace(0, len(studies) - 1, min(MOST, len(studies))).astype(int))
    images = load_images([studies[i] for i in every], checkpoint.preprocessing, None)
    sums: dict[bool, Tensor] = {}
    counts = {False: 0, True: 0}
    for start in range(0, len(images), BATCH):
        views = torch.from_numpy(images.views[start : start + BATCH])
        with torch.no_grad():
            maps = checkpoint.model.encoder.feature_maps(
                to_pixels(images.squares[start : start + BATCH]), views
            )
        for lateral in counts:
            seen = maps[(views != View.ABSENT) & ((views == View.LATERAL) == lateral)].double()
            sums[lateral] = sums.get(lateral, torch.zeros(maps.shape[2:]).double()) + seen.sum(0)
            counts[lateral] += len(seen)
    means = {lateral: (sums[lateral] / counts[lateral]).float() for lateral in counts if counts[lateral]}
    either = next(iter(means.values()))
    return AverageFilm(means.get(False, either), means.get(True, either), len(images), checkpoint.revision)

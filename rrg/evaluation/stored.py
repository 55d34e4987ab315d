"""What the files of a checkpoint folder say of it: recipe, preprocessing, numbers. Knows no tensor and no page.

Nothing here is computed: a number that is not in a file does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rrg.evaluation.schema import check_version
from rrg.models.checkpoint import PREPROCESSING, RECIPE, revision_of
from rrg.training.config import ModelConfig, ObjectiveConfig, OptimiserConfig
from rrg.types import RrgError

CONFIG, METRICS, DECODED = "config.json", "metrics.json", "metrics-*.json"


@dataclass(frozen=True)
class Rung:
    """Where an objective stands on the ablation ladder, and what that means in words."""

    order: int
    title: str
    words: str


BASELINE = Rung(
    0,
    "baseline",
    "The generator learns from the reports alone (token cross-entropy). Its two alignment heads are "
    "trained by in-batch InfoNCE on detached features, so that it can retrieve and be scored; nothing "
    "flows back into the generator.",
)
ALIGNED = Rung(
    1,
    "+ alignment",
    "Beside the token cross-entropy, image and report embeddings are aligned by symmetric InfoNCE within the "
    "batch, and the gradient reaches the generator. No mined peers, no synthesised negatives.",
)
MINED = Rung(
    2,
    "+ mined peers",
    "As with alignment, and the image-to-report softmax has every peer's report of the batch as a "
    "further column. A peer is the nearest other training report (TF-IDF of 1-2-grams) of another "
    "patient that differs in at least one finding; it enters as text only.",
)
SYNTHESISED = Rung(
    3,
    "+ increasing hardness",
    "As with mined peers, and each image also has a negative of its own, synthesised in the embedding "
    "space between its peer and its report (`{synthesis}`). It grows harder at every step: lambda falls "
    "exponentially from 1, the mined peer, to {lambda_end:g}. It is detached and adds no parameter.",
)


RELEASED = Rung(
    4,
    "the published code's objective",
    "For fidelity: reports are embedded in sight of the image with their padding, the synthesised negative mixes the batch "
    "and is a margin on the diagonal alone, and the images of a study and its peer repel each other.",
)


@dataclass(frozen=True, eq=False)
class Stored:
    """One checkpoint folder as its files tell it."""

    folder: Path
    revision: str
    config: Mapping[str, Any]  # config.json: sizes of the network
    recipe: Mapping[str, Any]  # training.json
    preprocessing: Mapping[str, Any]
    metrics: Mapping[str, Any] | None  # metrics.json; None where it was never evaluated
    decoded: tuple[Mapping[str, Any], ...]  # metrics-*.json: the same weights with other decodings
    objective: ObjectiveConfig
    model: ModelConfig
    optimiser: OptimiserConfig

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def collection(self) -> str:
        """The folder above, e.g. "iu-xray": it says which data the weights come from."""
        return self.folder.parent.name

    @property
    def rung(self) -> Rung:
        return rung_of(self.objective)


def rung_of(objective: ObjectiveConfig) -> Rung:
    """The highest rung whose addition reaches the generator."""
    if objective.detach or objective.alignment == 0:
        return BASELINE
    if not objective.peers:
        return ALIGNED
    if objective.synthesis is None:
        return MINED
    if objective.synthesis == "released":
        return RELEASED
    words = SYNTHESISED.words.format(synthesis=objective.synthesis, lambda_end=objective.lambda_end)
    return Rung(SYNTHESISED.order, SYNTHESISED.title, words)


def read_stored(folder: str | Path) -> Stored:
    """Read a checkpoint folder's own files.

    RrgError where one is missing or broken, or where metrics.json was measured on other weights.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise RrgError(f"there is no checkpoint folder '{folder}'; train one with `python -m rrg train`")
    recipe = _json(folder / RECIPE)
    revision = revision_of(folder)
    try:
        sections = recipe["config"]
        return Stored(
            folder, revision, _json(folder / CONFIG), recipe, _json(folder / PREPROCESSING),
            _metrics(folder / METRICS, revision),
            tuple(found for file in sorted(folder.glob(DECODED)) if (found := _metrics(file, revision))),
            ObjectiveConfig.model_validate(sections["objective"]),
            ModelConfig.model_validate(sections["model"]),
            OptimiserConfig.model_validate(sections["optimiser"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValidationError) as error:
        raise RrgError(
            f"{folder / RECIPE} is not what training writes ({error}); copy the whole checkpoint folder"
        ) from error


def _metrics(file: Path, revision: str) -> Mapping[str, Any] | None:
    """The numbers, only if they are those of the weights beside them."""
    if not file.is_file():
        return None
    metrics = _json(file)
    check_version(metrics, file)
    measured = metrics.get("system", {}).get("revision")
    if measured != revision:
        raise RrgError(
            f"{file} was measured on revision {measured}, but the weights here are {revision}; "
            "run `python -m rrg evaluate` again"
        )
    return metrics


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RrgError(
            f"cannot read {file}: {error.strerror or error}; a checkpoint folder holds it"
        ) from error
    except ValueError as error:
        raise RrgError(f"{file} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise RrgError(f"{file} must hold a JSON object")
    return value

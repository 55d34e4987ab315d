"""What a training run is, from a YAML file. Knows no tensor.

Every field has a range; a wrong one is refused by name. `key=value` overrides use dotted names (`optimiser.epochs=2`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rrg.types import RrgError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Section):
    folder: Path
    train: str = "train"
    val: str = "val"
    cache: Path = Path("runs/cache")
    limit: int | None = Field(None, ge=2)  # studies of each split, for a quick look
    variants: int = Field(0, ge=0)  # of each training study, with other poses and exposures; it or one of them is shown


class ModelConfig(Section):
    family: str = "transformer"
    sizes: dict[str, Any] = Field(default_factory=dict)  # handed to the family's configuration
    image_size: int = Field(160, ge=32, le=1024)
    min_frequency: int = Field(3, ge=1)
    imagenet: bool = True  # start the image network from ImageNet weights, unless it brings its own
    encoder: Path | None = None  # the image network: what `python -m rrg pretrain` wrote, or a checkpoint's folder
    freeze_backbone: bool = False  # keep it so, and keep its features on disk
    start: Path | None = None  # checkpoint whose layers and words the generator begins with; its image network is not read


class PromptConfig(Section):
    """Predicted findings as tokens beside the patches; needs a frozen image network."""

    labels_at_least: int | None = Field(
        None, ge=5
    )  # studies of train with a finding that is to be predicted; none: no prompt
    truth: float = Field(0.5, ge=0, le=1)  # share of training studies whose prompt is what was coded
    ridge: float = Field(1e5, gt=0)  # strength of the linear predictor's penalty
    folds: int = Field(5, ge=2)


class MiningConfig(Section):
    """Which reports are negatives, and which are peers, where objective.peers is true."""

    by: Literal["wording", "findings"] = "wording"
    same: Literal["wording", "findings"] = "wording"  # reports that are alike in it are never pushed apart, peers or not
    among: int = Field(1, ge=1)  # closest true negatives of a study, one of which is drawn at every step


class ObjectiveConfig(Section):
    report: float = Field(1.0, ge=0)
    alignment: float = Field(1.0, ge=0)
    margin: float = Field(0.0, ge=0)  # likelihood margin over the peer
    repulsion: float = Field(
        0.0, ge=0
    )  # |cos| of the images of a study and its peer; of `synthesis: released` alone
    detach: bool = False
    peers: bool = False
    flips: bool = False  # counterfactual reports as further negatives
    synthesis: Literal["arc", "chord", "released"] | None = None  # "released" is a whole objective of its own
    synthesis_weight: float = Field(1.0, gt=0)  # reports of the softmax that a synthesised negative counts as
    lambda_start: float = Field(
        1.0, gt=0, le=1
    )  # unused without synthesis; "released" has its own course of lambda
    lambda_end: float = Field(0.1, gt=0, le=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _synthesis_needs_peers(self) -> ObjectiveConfig:
        if self.synthesis is not None and not self.peers:
            raise ValueError("synthesis needs peers: true (a negative is synthesised from the mined peer)")
        if self.synthesis_weight != 1 and self.synthesis in (None, "released"):
            raise ValueError("synthesis_weight needs synthesis: arc or chord (it weighs their negative)")
        if self.margin and not self.peers:
            raise ValueError("margin needs peers: true (a report must be likelier than its peer's)")
        return self

    @model_validator(mode="after")
    def _released_stands_alone(self) -> ObjectiveConfig:
        if self.synthesis != "released":
            if self.repulsion:
                raise ValueError(
                    "repulsion needs synthesis: released (no other objective sees the peer's image)"
                )
            return self
        foreign = [name for name in ("detach", "flips", "margin", "label_smoothing") if getattr(self, name)]
        if foreign:
            raise ValueError(
                f"synthesis: released has no {' and no '.join(foreign)}; it is the published code's own objective. "
                f"Leave out {', '.join(foreign)}"
            )
        return self


class OptimiserConfig(Section):
    epochs: int = Field(8, ge=1)
    batch_size: int = Field(32, ge=2)  # studies a step, over all processes
    learning_rate: float = Field(5e-4, gt=0)
    backbone_learning_rate: float = Field(5e-5, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    copies: float = Field(0.0, ge=0, le=1)  # a report with m copies counts m ** -copies
    rarity: float = Field(0.0, ge=0, le=1)  # one whose rarest class n reports find counts n ** -rarity
    balance: float = Field(0.0, ge=0, le=1)  # and is drawn in proportion to n ** -balance, in place of once an epoch
    average: float = Field(0.0, ge=0, lt=1)  # momentum of the running mean of the weights, which is kept; 0: the last step
    warmup: float = Field(0.05, ge=0, lt=1)  # fraction of all steps
    clip: float = Field(1.0, gt=0)  # norm of the gradient


class Config(Section):
    data: DataConfig
    model: ModelConfig = ModelConfig.model_validate({})
    prompt: PromptConfig = PromptConfig.model_validate({})
    mining: MiningConfig = MiningConfig.model_validate({})
    objective: ObjectiveConfig = ObjectiveConfig.model_validate({})
    optimiser: OptimiserConfig = OptimiserConfig.model_validate({})
    seed: int = Field(0, ge=0)
    precision: Literal["fp32", "bf16"] = "fp32"
    select: Literal["loss", "recall_at_10", "last"] = "loss"  # the val metric that chooses the kept epoch
    save_every: int = Field(100, ge=1)  # steps between resumable states

    @model_validator(mode="after")
    def _variants_need_kept_features(self) -> Config:
        if self.data.variants and not self.model.freeze_backbone:
            raise ValueError("data.variants needs model.freeze_backbone: true (their features are kept)")
        return self

    @model_validator(mode="after")
    def _prompt_needs_kept_features(self) -> Config:
        if self.prompt.labels_at_least is not None and not self.model.freeze_backbone:
            raise ValueError(
                "prompt.labels_at_least needs model.freeze_backbone: true (findings are predicted from kept features)"
            )
        return self


class EncoderConfig(Section):
    """How the image network is taught the coded findings before any report."""

    data: DataConfig
    backbone: str = "tf_efficientnet_lite0"
    start: Path | None = None  # what `rrg pretrain` wrote for other films, or a checkpoint's folder; none: ImageNet's
    image_size: int = Field(160, ge=32, le=1024)
    labels_at_least: int = Field(20, ge=2)  # studies of train with a finding that is to be learned
    epochs: int = Field(6, ge=1)
    batch_size: int = Field(16, ge=2)
    learning_rate: float = Field(2e-4, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    dropout: float = Field(0.3, ge=0, lt=1)
    view_dropout: float = Field(0.15, ge=0, lt=1)
    clip: float = Field(1.0, gt=0)
    seed: int = Field(0, ge=0)
    save_every: int = Field(100, ge=1)

    @model_validator(mode="after")
    def _varies_by_itself(self) -> EncoderConfig:
        if self.data.variants:
            raise ValueError("data.variants is for generators on kept features; here every film is varied anew at each step")
        return self


Kind = TypeVar("Kind", bound=Section)


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check the configuration of a run; RrgError names each wrong field, what was found and what is accepted."""
    return read_config(path, overrides, Config)


def read_config(path: str | Path, overrides: Sequence[str], kind: type[Kind]) -> Kind:
    """As `load_config`, for a configuration of any kind."""
    path = Path(path)
    if not path.is_file():
        raise RrgError(f"There is no configuration at '{path}'. Those of the results are in configs/.")
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise RrgError(f"'{path}' is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise RrgError(f"'{path}' must hold named sections such as data: and model:.")
    for override in overrides:
        _override(values, override)
    return checked(values, f"'{path}'", kind)


def checked(values: Mapping[str, Any], where: str, kind: type[Kind]) -> Kind:
    """`values` as a configuration; RrgError names each wrong field of `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RrgError(f"{where} cannot be used:\n{_explain(error)}") from error


def _override(values: dict[str, Any], override: str) -> None:
    name, separator, text = override.partition("=")
    if not separator or not name:
        raise RrgError(f"'{override}' is not of the form key=value, e.g. optimiser.epochs=2.")
    *path, last = name.split(".")
    for key in path:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise RrgError(f"'{name}' cannot be set: '{key}' is a single value, not a section.")
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RrgError(f"The value of '{name}' is not valid YAML: {text}") from error


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        field = ".".join(map(str, problem["loc"])) or "the whole"
        found = "" if problem["type"] in {"missing", "extra_forbidden"} else f" (found {problem['input']!r})"
        lines.append(f"- {field}: {problem['msg']}{found}")
    return "\n".join(lines)

"""The families of report generators, by name. The one place that a new family is added to."""

from __future__ import annotations

from typing import Any

from rrg.models.base import GeneratorConfig, GeneratorModel
from rrg.models.transformer import TransformerConfig, TransformerGenerator
from rrg.types import RrgError

FAMILIES: dict[str, tuple[type[GeneratorConfig], type[GeneratorModel]]] = {
    "transformer": (TransformerConfig, TransformerGenerator),
}


def create(family: str, **sizes: Any) -> GeneratorModel:
    """A new, randomly initialised generator of `family`."""
    if family not in FAMILIES:
        raise RrgError(f"There is no generator family '{family}'. Known: {', '.join(FAMILIES)}.")
    config_class, model_class = FAMILIES[family]
    return model_class(config_class(**sizes))


def family_of(model_type: str) -> type[GeneratorModel]:
    """The class that loads a checkpoint whose config.json says `model_type`."""
    for config_class, model_class in FAMILIES.values():
        if config_class.model_type == model_type:
            return model_class
    known = ", ".join(config.model_type for config, _ in FAMILIES.values())
    raise RrgError(
        f"This checkpoint's model type is '{model_type}', which is not known here. Known: {known}."
    )

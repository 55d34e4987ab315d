"""The families of report generators, by name. The one place that a new family is added to."""

from __future__ import annotations

import inspect
from typing import Any

from rrg.models.base import GeneratorConfig, GeneratorModel
from rrg.models.hugging_face import HuggingFaceConfig, HuggingFaceGenerator
from rrg.models.r2gen import R2GenConfig, R2GenGenerator
from rrg.models.r2gen_cmn import R2GenCMNConfig, R2GenCMNGenerator
from rrg.models.transformer import TransformerConfig, TransformerGenerator
from rrg.types import RrgError

FAMILIES: dict[str, tuple[type[GeneratorConfig], type[GeneratorModel]]] = {
    "transformer": (TransformerConfig, TransformerGenerator),
    "r2gen": (R2GenConfig, R2GenGenerator),
    "r2gen_cmn": (R2GenCMNConfig, R2GenCMNGenerator),
    "hugging_face": (HuggingFaceConfig, HuggingFaceGenerator),
}
MAY_BE_ZERO = {
    "min_new_tokens",
    "encoder_layers",
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    "unk_token_id",
}


def create(family: str, **sizes: Any) -> GeneratorModel:
    """A new generator of `family`, untrained here. RrgError names the size that does not fit."""
    if family not in FAMILIES:
        raise RrgError(f"There is no generator family '{family}'. Known: {', '.join(FAMILIES)}.")
    config_class, model_class = FAMILIES[family]
    _check(
        config_class, {k: v for k, v in sizes.items() if k != "finding_names"}
    )  # made from data, not given
    return model_class.new(config_class(**sizes))


def _check(config_class: type[GeneratorConfig], sizes: dict[str, Any]) -> None:
    """transformers keeps any keyword it does not know, so a misspelt size would silently change nothing."""
    defaults = _defaults(config_class)
    for name, value in sizes.items():
        if name not in defaults:
            raise RrgError(f"model.sizes.{name} is not known. Known: {', '.join(defaults)}.")
        problem = _problem(name, value, type(defaults[name]))
        if problem:
            raise RrgError(f"model.sizes.{name} is {value!r}; {problem}.")
    width, heads = ((defaults | sizes)[name] for name in ("hidden_size", "num_attention_heads"))
    if width % heads:
        raise RrgError(
            f"model.sizes.hidden_size is {width}; it must be a multiple of the {heads} attention heads."
        )


def _problem(name: str, value: Any, kind: type) -> str | None:
    """What keeps `value` from being the size `name`; bool is no number here, and a whole number is a float."""
    accepted = (int, float) if kind is float else (kind,)
    fits = isinstance(value, accepted) and not isinstance(value, bool)
    if not fits:
        return f"it must be of type {kind.__name__}"
    least = 0 if name in MAY_BE_ZERO else 1
    if kind is int and value < least:
        return f"it must be at least {least}"
    if name == "dropout" and not 0 <= value < 1:
        return "it must be at least 0 and below 1"
    return None


def _defaults(config_class: type[GeneratorConfig]) -> dict[str, Any]:
    """The sizes of a family: its configuration's own, and those that it hands on to `GeneratorConfig`."""
    return {
        name: parameter.default
        for each in (GeneratorConfig, config_class)
        for name, parameter in inspect.signature(each.__init__).parameters.items()
        if parameter.default is not parameter.empty
    }


def family_of(model_type: str) -> type[GeneratorModel]:
    """The class that loads a checkpoint whose config.json says `model_type`."""
    for config_class, model_class in FAMILIES.values():
        if config_class.model_type == model_type:
            return model_class
    known = ", ".join(config.model_type for config, _ in FAMILIES.values())
    raise RrgError(
        f"This checkpoint's model type is '{model_type}', which is not known here. Known: {known}."
    )

"""What a Hugging Face vision-encoder-decoder in a folder or on the hub is made of, and its weights. Knows no generator.

Read once, when a generator is made; a checkpoint keeps all that it needs. No code of a source is ever run.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, VisionEncoderDecoderConfig, VisionEncoderDecoderModel
from transformers.image_processing_base import ImageProcessingMixin

from rrg.models.base import GeneratorConfig
from rrg.types import RrgError

# What the decoders of transformers call dropout.
DROPOUTS = (
    "dropout",
    "attention_dropout",
    "activation_dropout",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
)
MEAN, STD = [0.5] * 3, [0.5] * 3  # of a source that names none


def read_source(source: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """`sizes` and what the source decides; RrgError where they differ, or where the source is not of the kind.

    Adds "decoder_network", the decoder's configuration, and "image_network": the tower's ("config"), the width F of its
    states ("features"), the side of its map ("grid"), how many states stand before the map ("leading"), the width that
    the decoder looks at ("width"), whether a linear map leads there ("projected"), "mean" and "std" of its pixels.
    """
    config, wanted = _configuration(source), GeneratorConfig(**sizes)
    decoder = config.decoder
    decided = {
        "hidden_size": int(decoder.hidden_size),
        "num_attention_heads": int(decoder.num_attention_heads),
        "num_hidden_layers": int(decoder.num_hidden_layers),
        "encoder_layers": 0,
        "backbone": config.encoder.model_type,
    }
    _refuse_others(source, decided, sizes)
    places = getattr(decoder, "max_position_embeddings", None)
    if places is not None and wanted.max_tokens >= places:
        raise RrgError(
            f"model.sizes.max_tokens is {wanted.max_tokens}; '{source}' has places for {places - 1} tokens."
        )
    return {
        **sizes,
        **decided,
        "image_network": _image_network(source, config, wanted.image_size),
        "decoder_network": decoder.to_dict(),
    }


def load_source(source: str, tower: nn.Module, project: nn.Module, decoder: nn.Module) -> None:
    """Fill the three with the source's weights; what belongs to single words of the decoder keeps its own.

    RrgError where weights are missing or do not fit.
    """
    network: Any = VisionEncoderDecoderModel  # transformers' annotation forgets the second value of this call
    try:
        given, told = network.from_pretrained(source, dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise RrgError(f"The weights of '{source}' cannot be loaded: {error}") from error
    missing = sorted(name for name in told["missing_keys"] if "pooler" not in name)
    if missing:
        raise RrgError(
            f"The weights of '{source}' do not fit its configuration: it lacks {', '.join(missing)}."
        )
    tower.load_state_dict(given.encoder.state_dict())
    words = _weights_of_words(decoder)
    states = {name: value for name, value in given.decoder.state_dict().items() if name not in words}
    decoder.load_state_dict({**states, **words})
    if hasattr(given, "enc_to_dec_proj"):
        project.load_state_dict(given.enc_to_dec_proj.state_dict())


def _weights_of_words(decoder: Any) -> dict[str, torch.Tensor]:
    """Those that have the vocabulary for a dimension, by every name that they go by."""
    ends = (decoder.get_input_embeddings(), decoder.get_output_embeddings())
    own = {id(weight) for end in ends for weight in end.parameters()}
    named = decoder.named_parameters(remove_duplicate=False)
    return {name: weight.detach() for name, weight in named if id(weight) in own}


def set_dropout(network: dict[str, Any], dropout: float) -> None:
    """The generator's own dropout, by whatever names this decoder has for it."""
    network.update({name: dropout for name in DROPOUTS if name in network})


def _configuration(source: str) -> Any:
    try:
        return VisionEncoderDecoderConfig.from_pretrained(source)
    except (OSError, ValueError, KeyError, AssertionError, TypeError) as error:
        raise RrgError(
            f"model.sizes.source is '{source}', which is no vision-encoder-decoder of transformers: neither a folder "
            f"with its config.json nor a name that the hub gave one for ({type(error).__name__})."
        ) from error


def _refuse_others(source: str, decided: dict[str, Any], sizes: dict[str, Any]) -> None:
    for name, value in decided.items():
        if sizes.get(name, value) != value:
            raise RrgError(
                f"model.sizes.{name} is {sizes[name]!r}, but '{source}' decides it: {value!r}. Leave it out."
            )


def _image_network(source: str, config: Any, size: int) -> dict[str, Any]:
    """One look at the tower without memory or arithmetic tells the shape of what it gives."""
    try:
        with torch.device("meta"):
            states = AutoModel.from_config(config.encoder)(torch.zeros(1, 3, size, size)).last_hidden_state
    except (ValueError, RuntimeError) as error:
        raise RrgError(
            f"model.image_size is {size}, which the image network of '{source}' does not take"
            f" (it names {getattr(config.encoder, 'image_size', 'no size')}): {error}"
        ) from error
    positions, features = states.shape[1:]  # a vision-encoder-decoder looks at sequences
    looked_at = getattr(config.decoder, "cross_attention_hidden_size", None)
    return {
        "config": config.encoder.to_dict(),
        "features": features,
        "grid": isqrt(positions),
        "leading": positions - isqrt(positions) ** 2,
        "width": int(looked_at or config.decoder.hidden_size),
        "projected": looked_at is None and features != config.decoder.hidden_size,
        **_normalisation(source),
    }


def _normalisation(source: str) -> dict[str, list[float]]:
    try:
        found, _ = ImageProcessingMixin.get_image_processor_dict(source)
    except OSError:  # none beside the weights
        found = {}
    return {"mean": found.get("image_mean") or MEAN, "std": found.get("image_std") or STD}

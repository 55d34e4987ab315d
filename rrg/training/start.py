"""A generator that begins with what another checkpoint learned. Takes no step, knows no data.

The image network and the predictor of findings are left alone: they belong to the films at hand and are read or fitted
elsewhere. Words are matched by their spelling, for each collection has a vocabulary of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from rrg.models.base import GeneratorModel
from rrg.models.checkpoint import load_checkpoint
from rrg.models.encoder import BACKBONE
from rrg.types import RrgError

NOT_OURS = (BACKBONE, "encoder.prompt.")


@torch.no_grad()
def start_from(model: GeneratorModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> int:
    """Copy into `model` what the checkpoint in `folder` knows; returns how many of the tokenizer's words it knows.

    RrgError where the checkpoint is of another family or has other sizes.
    """
    known = load_checkpoint(folder)
    if type(known.model) is not type(model):
        raise RrgError(
            f"'{folder}' is a {type(known.model).__name__}, this model a {type(model).__name__}; "
            "start from one of its own kind."
        )
    tables = _tables(model)
    given = dict(known.model.named_parameters(remove_duplicate=False))
    for name, value in model.named_parameters(remove_duplicate=False):
        if name.startswith(NOT_OURS) or any(value is table for table in tables):
            continue
        if name not in given or given[name].shape != value.shape:
            raise RrgError(
                f"'{folder}' has other sizes ({name}); give model.sizes those of {folder / 'config.json'}."
            )
        value.copy_(given[name])
    words = known.tokenizer.get_vocab()
    shared = [(place, words[word]) for word, place in tokenizer.get_vocab().items() if word in words]
    mine, theirs = torch.tensor(shared).T
    for table, other in zip(tables, _tables(known.model), strict=True):
        table[mine] = other[theirs]
    return len(shared)


def _tables(model: GeneratorModel) -> tuple[Tensor, ...]:
    """The weights with a row for each word; the output layer's may be the same tensor as the embeddings."""
    layers: tuple[Any, Any] = (model.get_input_embeddings(), model.get_output_embeddings())
    return tuple(layer.weight for layer in layers)

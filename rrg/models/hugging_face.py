"""Any Hugging Face vision-encoder-decoder, by folder or hub name. Knows no loss, no file of a data set and no words.

Its vision tower takes the place of the image network and its causal language model that of the decoder; class tokens are
left out, so that every patch is a place on a film. The vocabulary is the data set's, so word embeddings start anew; all
else starts from the given weights. A tower sees one film as three equal channels: views are folded into the batch, their
patches joined and masked. Without a source: the shared encoder and a GPT-2 decoder of the given sizes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, GPT2Config

from rrg.models.base import GeneratorConfig, GeneratorModel
from rrg.models.encoder import RadiographEncoder
from rrg.models.hugging_face_source import load_source, read_source, set_dropout
from rrg.models.protocol import AlignmentHeads
from rrg.types import View


class HuggingFaceConfig(GeneratorConfig):
    """Both halves' own configurations are kept here, so that a checkpoint needs its source no more.

    `image_network` is empty where the shared encoder is used; else see `rrg.models.hugging_face_source.read_source`.
    Sizes that the source decides are refused where they differ from it.
    """

    model_type = "rrg-hugging-face"

    def __init__(self, source: str = "", **sizes: Any) -> None:
        self.source = source
        made = "decoder_network" in sizes  # read from a checkpoint
        if source and not made:
            sizes = read_source(source, sizes)
        self.image_network: dict[str, Any] = sizes.pop("image_network", {})
        self.decoder_network: dict[str, Any] = sizes.pop("decoder_network", {})
        super().__init__(**sizes)
        if not self.decoder_network:
            self.decoder_network = self._gpt2()
        self.decoder_network |= {
            "vocab_size": self.vocab_size,
            "pad_token_id": self.pad_token_id,
            "bos_token_id": self.bos_token_id,
            "eos_token_id": self.eos_token_id,
        }
        set_dropout(self.decoder_network, self.dropout)

    def _gpt2(self) -> dict[str, Any]:
        made = GPT2Config(
            n_embd=self.hidden_size,
            n_layer=self.num_hidden_layers,
            n_head=self.num_attention_heads,
            n_positions=self.max_tokens + 1,
            initializer_range=self.initializer_range,
            add_cross_attention=True,
        )
        return {**made.to_dict(), "is_decoder": True}


class FoldedTower(nn.Module):
    """A vision network of transformers as the image encoder calls one: films (N, 3, H, W) -> maps (N, F, P, 1)."""

    def __init__(self, network: dict[str, Any]) -> None:
        super().__init__()
        self.tower = AutoModel.from_config(AutoConfig.for_model(**network["config"]))
        self.leading = int(network["leading"])
        if isinstance(pooler := getattr(self.tower, "pooler", None), nn.Module):
            pooler.requires_grad_(False)  # nobody reads it, and processes must agree on what has a gradient

    def forward(self, films: Tensor) -> Tensor:
        states: Tensor = self.tower(pixel_values=films).last_hidden_state
        return states[:, self.leading :].transpose(1, 2)[..., None]


class AsGiven(nn.Module):
    """In the place of the shared encoder's layers: the source's decoder knows the tower's states as they are."""

    def forward(self, patches: Tensor, src_key_padding_mask: Tensor) -> Tensor:  # noqa: ARG002  (their contract)
        return patches


class TowerEncoder(RadiographEncoder):
    """The shared encoder around a tower: the source's own map to the decoder's width, and no layers in between."""

    comes_trained = True

    def __init__(self, config: HuggingFaceConfig) -> None:
        nn.Module.__init__(self)  # of the shared encoder's parts only some are wanted
        network = config.image_network
        self.backbone = FoldedTower(network)
        self.features, self.grid, width = (int(network[name]) for name in ("features", "grid", "width"))
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(network[name]).view(1, 3, 1, 1))
        project = nn.Linear(self.features, width) if network["projected"] else nn.Identity()
        self.project, self.layers = cast(Any, project), cast(Any, AsGiven())
        self.view_embedding = nn.Embedding(len(View), width)
        self.place_embedding = nn.Embedding(self.grid**2, width)
        self.dropout = nn.Dropout(config.dropout)
        self.prompt = None

    def add_nothing(self) -> None:
        """View and place count for nothing at first: the decoder starts from the states that it knows."""
        nn.init.zeros_(self.view_embedding.weight)
        nn.init.zeros_(self.place_embedding.weight)


class HuggingFaceGenerator(GeneratorModel):
    """`TrainableGenerator` on two halves of transformers' own."""

    config_class = HuggingFaceConfig

    def __init__(self, config: HuggingFaceConfig) -> None:
        super().__init__(config)
        if config.image_network.get("width", config.hidden_size) != config.hidden_size:
            width = config.image_network["width"]
            self.heads = AlignmentHeads(config.hidden_size, config.embedding_size, image_width=width)
        self.decoder = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config.decoder_network))
        self.post_init()
        self.generation_config = config.default_decoding()

    @classmethod
    def new(cls, config: Any) -> Self:
        """With the weights of its source, if it has one; what the source was called is kept, not where it lay."""
        model = cls(config)
        if config.source:
            encoder = cast(TowerEncoder, model.encoder)
            load_source(config.source, encoder.backbone.tower, encoder.project, model.decoder)
            encoder.add_nothing()
            if Path(config.source).is_dir():
                config.source = Path(config.source).resolve().name
        return model

    def make_encoder(self, config: Any) -> RadiographEncoder:
        return TowerEncoder(config) if config.image_network else super().make_encoder(config)

    def get_input_embeddings(self) -> nn.Module:
        return cast(nn.Module, self.decoder.get_input_embeddings())

    def get_output_embeddings(self) -> nn.Module:
        return cast(nn.Module, self.decoder.get_output_embeddings())

    def decode(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        patches: Tensor | None = None,
        patch_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Any]:
        """See `GeneratorModel.decode`: the language model but for its last step."""
        seen = _words_of_transformers(tokens, mask, patches, patch_mask, cache, use_cache)
        decoded = self.decoder.base_model(**seen)
        return decoded.last_hidden_state, decoded.cache

    def predict(self, tokens: Tensor, mask: Tensor | None, **seen: Any) -> tuple[Tensor, Any]:
        """See `GeneratorModel.predict`: each language model has its own way from states to words."""
        decoded = self.decoder(**_words_of_transformers(tokens, mask, **seen))
        return decoded.logits, decoded.cache


def _words_of_transformers(
    tokens: Tensor,
    mask: Tensor | None,
    patches: Tensor | None = None,
    patch_mask: Tensor | None = None,
    cache: Any = None,
    use_cache: bool = False,
) -> dict[str, Any]:
    """The arguments of `decode` by the names that language models know. None for the image means: read the text alone."""
    return {
        "input_ids": tokens,
        "attention_mask": mask,
        "encoder_hidden_states": patches,
        "encoder_attention_mask": patch_mask,
        "cache": cache,
        "use_cache": use_cache,
    }

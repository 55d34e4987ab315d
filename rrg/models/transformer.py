"""The plain encoder-decoder Transformer, as a `transformers` model. Knows no loss, no file and no words, only token ids.

The decoder is `transformers`' own pre-norm one (mBART's, randomly initialised): cached keys, beams, sampling and streaming
come with it, and without encoder states it skips cross-attention, which gives the image-free report embedding.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import MBartConfig
from transformers.models.mbart.modeling_mbart import MBartDecoder

from rrg.models.base import GeneratorConfig, GeneratorModel


class TransformerConfig(GeneratorConfig):
    """The shared sizes, and how they read in mBART's words."""

    model_type = "rrg-transformer"

    def __init__(self, **sizes: Any) -> None:  # without one of its own, transformers would generate another
        super().__init__(**sizes)

    def decoder_config(self) -> MBartConfig:
        return MBartConfig(
            vocab_size=self.vocab_size,
            d_model=self.hidden_size,
            decoder_layers=self.num_hidden_layers,
            decoder_attention_heads=self.num_attention_heads,
            decoder_ffn_dim=4 * self.hidden_size,
            max_position_embeddings=self.max_tokens + 1,
            dropout=self.dropout,
            attention_dropout=self.dropout,
            activation_function="gelu",
            scale_embedding=False,  # words and places start at one scale
            init_std=self.initializer_range,
            pad_token_id=self.pad_token_id,
            bos_token_id=self.bos_token_id,
            eos_token_id=self.eos_token_id,
        )


class TransformerGenerator(GeneratorModel):
    """`TrainableGenerator` on a plain Transformer."""

    config_class: type[GeneratorConfig] = TransformerConfig
    _tied_weights_keys = {"lm_head.weight": "decoder.embed_tokens.weight"}  # noqa: RUF012
    _supports_sdpa = True

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.decoder = self.make_decoder(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()
        self.generation_config = config.default_decoding()

    def make_decoder(self, config: TransformerConfig) -> MBartDecoder:
        return MBartDecoder(config.decoder_config())

    def get_input_embeddings(self) -> nn.Module:
        return cast(nn.Module, self.decoder.embed_tokens)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def embed(self, tokens: Tensor, cache: Any = None) -> tuple[Tensor, Tensor]:
        """tokens (B, T) -> words (B, T, D) and places (T, D), which the decoder adds; a cache says where they begin."""
        before = 0 if cache is None else cache.get_seq_length()
        at = torch.arange(before, before + tokens.shape[1], device=tokens.device)
        return self.decoder.embed_tokens(tokens), self.decoder.embed_positions(tokens, position_ids=at)[0]

    def decode(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        patches: Tensor | None = None,
        patch_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Any]:
        """See `GeneratorModel.decode`."""
        decoded = self.decoder(
            input_ids=tokens,
            attention_mask=mask,
            encoder_hidden_states=patches,
            encoder_attention_mask=patch_mask,
            cache=cache,
            use_cache=use_cache,
        )
        return decoded.last_hidden_state, decoded.cache

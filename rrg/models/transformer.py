"""The plain encoder-decoder Transformer, as a `transformers` model. Knows no loss, no file and no words, only token ids.

The decoder is `transformers`' own pre-norm one (mBART's, randomly initialised): cached keys, beams, sampling and streaming
come with it, and without encoder states it skips cross-attention, which gives the image-free report embedding.
"""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn
from transformers import MBartConfig
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput
from transformers.models.mbart.modeling_mbart import MBartDecoder

from rrg.models.base import GeneratorConfig, GeneratorModel
from rrg.models.protocol import Encoded


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
        self.decoder = MBartDecoder(config.decoder_config())
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()
        self.generation_config = config.default_decoding()

    def get_input_embeddings(self) -> nn.Module:
        return cast(nn.Module, self.decoder.embed_tokens)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def report_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T), (B, T) -> (B, D) float32: mean decoder state over real tokens, without any image."""
        hidden = self.decoder(
            input_ids=tokens, attention_mask=mask.long(), use_cache=False
        ).last_hidden_state.float()
        total: Tensor = (hidden * mask[..., None]).sum(1)
        return total / mask.sum(1, keepdim=True).clamp(min=1)

    def report_logits(self, encoded: Encoded, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T) starting with BOS -> (B, T, V); position t predicts token t + 1."""
        hidden = self.decoder(
            input_ids=tokens,
            attention_mask=mask.long(),
            encoder_hidden_states=encoded.patches,
            encoder_attention_mask=encoded.mask.long(),
            use_cache=False,
        ).last_hidden_state
        return cast(Tensor, self.lm_head(hidden))

    def forward(
        self,
        pixels: Tensor | None = None,
        views: Tensor | None = None,
        attention_mask: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        use_cache: bool | None = None,
        return_dict: bool | None = None,  # noqa: ARG002  (part of transformers' contract)
        **kwargs: Any,  # noqa: ARG002
    ) -> Seq2SeqLMOutput:
        """One decoding step as `GenerationMixin` asks for it."""
        if encoder_outputs is None:
            assert views is not None
            encoded = self.encode(pixels, views)
            encoder_outputs, attention_mask = (
                BaseModelOutput(last_hidden_state=encoded.patches),
                encoded.mask.long(),
            )
        decoded = self.decoder(
            input_ids=decoder_input_ids,
            attention_mask=decoder_attention_mask,
            encoder_hidden_states=encoder_outputs.last_hidden_state,
            encoder_attention_mask=attention_mask,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        return Seq2SeqLMOutput(
            logits=self.lm_head(decoded.last_hidden_state),
            past_key_values=decoded.past_key_values,
            encoder_last_hidden_state=encoder_outputs.last_hidden_state,
        )

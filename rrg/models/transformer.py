"""The plain encoder-decoder Transformer, as a `transformers` model. Knows no loss, no file and no words, only token ids.

The decoder is `transformers`' own pre-norm one (mBART's, randomly initialised): cached keys, beams, sampling and streaming
come with it, and without encoder states it skips cross-attention, which gives the image-free report embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, GenerationMixin, MBartConfig, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput
from transformers.models.mbart.modeling_mbart import MBartDecoder

from rrg.models.encoder import LITE0, RadiographEncoder
from rrg.models.protocol import AlignmentHeads, Encoded
from rrg.types import Report


class TransformerConfig(PreTrainedConfig):
    """Sizes of the network. Token ids are those of the tokenizer in the same checkpoint."""

    model_type = "rrg-transformer"
    attribute_map = {"d_model": "hidden_size"}  # noqa: RUF012  (the base class's own form)

    def __init__(
        self,
        vocab_size: int = 1000,
        backbone: str = LITE0,
        image_size: int = 160,
        hidden_size: int = 256,
        num_attention_heads: int = 8,
        num_hidden_layers: int = 3,
        encoder_layers: int = 2,
        embedding_size: int = 256,
        max_tokens: int = 100,
        dropout: float = 0.1,
        pad_token_id: int = 0,
        bos_token_id: int = 1,
        eos_token_id: int = 2,
        unk_token_id: int = 3,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.backbone = backbone
        self.image_size = image_size
        self.hidden_size = hidden_size
        self.num_attention_heads = num_attention_heads
        self.num_hidden_layers = num_hidden_layers
        self.encoder_layers = encoder_layers
        self.embedding_size = embedding_size
        self.max_tokens = max_tokens
        self.dropout = dropout
        self.unk_token_id = unk_token_id
        fixed = {
            "is_encoder_decoder": True,
            "tie_word_embeddings": True,
            "pad_token_id": pad_token_id,
            "bos_token_id": bos_token_id,
            "eos_token_id": eos_token_id,
            "decoder_start_token_id": bos_token_id,
        }
        super().__init__(**{**kwargs, **fixed})

    def decoder_config(self) -> MBartConfig:
        """The same sizes in mBART's words."""
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
            scale_embedding=True,
            pad_token_id=self.pad_token_id,
            bos_token_id=self.bos_token_id,
            eos_token_id=self.eos_token_id,
        )

    def default_decoding(self) -> GenerationConfig:
        """Greedy; a model never writes padding, a second BOS or an unknown word."""
        return GenerationConfig(
            max_new_tokens=self.max_tokens,
            do_sample=False,
            num_beams=1,
            pad_token_id=self.pad_token_id,
            bos_token_id=self.bos_token_id,
            eos_token_id=self.eos_token_id,
            decoder_start_token_id=self.bos_token_id,
            suppress_tokens=[self.pad_token_id, self.bos_token_id, self.unk_token_id],
        )


class TransformerGenerator(PreTrainedModel, GenerationMixin):
    """`TrainableGenerator` on a plain Transformer."""

    config_class = TransformerConfig
    base_model_prefix = "rrg"
    main_input_name = "pixels"
    _tied_weights_keys = {"lm_head.weight": "decoder.embed_tokens.weight"}  # noqa: RUF012
    _supports_sdpa = True

    # Token ids -> text. A checkpoint sets it; without one, reports have ids only.
    words: Callable[[list[int]], str] | None = None

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.encoder = RadiographEncoder(
            config.backbone,
            config.image_size,
            config.hidden_size,
            config.encoder_layers,
            config.num_attention_heads,
            config.dropout,
        )
        self.decoder = MBartDecoder(config.decoder_config())
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.heads = AlignmentHeads(config.hidden_size, config.embedding_size)
        self.post_init()
        self.generation_config = config.default_decoding()

    def _init_weights(self, module: nn.Module) -> None:
        """Only what is ours: the image network keeps timm's initialisation."""
        if isinstance(module, AlignmentHeads):
            module.reset()
        elif not any(module is part for part in self.encoder.backbone.modules()):
            super()._init_weights(module)

    def get_input_embeddings(self) -> nn.Module:
        return cast(nn.Module, self.decoder.embed_tokens)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def encode(self, pixels: Tensor | None, views: Tensor, features: Tensor | None = None) -> Encoded:
        """See `ReportGenerator.encode`; `features` (B, V, G*G, F) stands in for pixels where they were kept."""
        if features is None:
            assert pixels is not None
            features = self.encoder.feature_maps(pixels, views)
        return cast(Encoded, self.encoder(features, views))

    def report_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T), (B, T) -> (B, D) float32: mean decoder state over real tokens, without any image."""
        hidden = self.decoder(input_ids=tokens, attention_mask=mask.long(), use_cache=False).last_hidden_state.float()
        return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

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
            encoder_outputs, attention_mask = BaseModelOutput(last_hidden_state=encoded.patches), encoded.mask.long()
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

    @torch.no_grad()
    def generate_reports(self, encoded: Encoded, **decoding: Any) -> list[Report]:
        """One report per study, greedy unless `decoding` says otherwise; with the log-probability of each token."""
        out = self.generate(
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded.patches.clone()),  # beams expand it in place
            attention_mask=encoded.mask.long(),
            return_dict_in_generate=True,
            output_scores=True,
            **decoding,
        )
        scores = self.compute_transition_scores(
            out.sequences, out.scores, getattr(out, "beam_indices", None), normalize_logits=True
        )
        kept = out.sequences.shape[0] // len(encoded)  # several sequences a study: the first is the best
        return [self._report(out.sequences[i], scores[i]) for i in range(0, out.sequences.shape[0], kept)]

    def _report(self, sequence: Tensor, scores: Tensor) -> Report:
        special = {self.config.pad_token_id, self.config.bos_token_id, self.config.eos_token_id}
        pairs = [(int(t), float(s)) for t, s in zip(sequence[1:], scores, strict=False) if int(t) not in special]
        tokens = [token for token, _ in pairs]
        return Report(self.words(tokens) if self.words else "", tuple(tokens), tuple(score for _, score in pairs))

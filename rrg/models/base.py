"""What all families share: the image encoder, the alignment heads, and generation through `transformers`.

Knows no decoder. A family adds `decode`, and `lm_head` or a `predict` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from rrg.models.encoder import LITE0, RadiographEncoder
from rrg.models.protocol import AlignmentHeads, Encoded
from rrg.types import Report


class GeneratorConfig(PreTrainedConfig):
    """Sizes of the network. Token ids are those of the tokenizer in the same checkpoint."""

    model_type = "rrg-generator"
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
        min_new_tokens: int = 0,
        dropout: float = 0.1,
        pad_token_id: int = 0,
        bos_token_id: int = 1,
        eos_token_id: int = 2,
        unk_token_id: int = 3,
        finding_names: list[str] | None = None,
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
        self.min_new_tokens = min_new_tokens
        self.dropout = dropout
        self.unk_token_id = unk_token_id
        self.finding_names = list(
            finding_names or ()
        )  # what the encoder predicts and hands on as tokens; none = no prompt
        self.initializer_range = hidden_size**-0.5  # 0.02, the usual value, starves a network this narrow
        fixed = {
            "is_encoder_decoder": True,
            "tie_word_embeddings": True,
            "pad_token_id": pad_token_id,
            "bos_token_id": bos_token_id,
            "eos_token_id": eos_token_id,
            "decoder_start_token_id": bos_token_id,
        }
        super().__init__(**{**kwargs, **fixed})

    def default_decoding(self) -> GenerationConfig:
        """Greedy; a model never writes padding, a second BOS or an unknown word.

        `min_new_tokens` keeps the likeliest single report, a short one of many copies, from ending every draft early.
        """
        return GenerationConfig(
            max_new_tokens=self.max_tokens,
            min_new_tokens=self.min_new_tokens or None,
            do_sample=False,
            num_beams=1,
            pad_token_id=self.pad_token_id,
            bos_token_id=self.bos_token_id,
            eos_token_id=self.eos_token_id,
            decoder_start_token_id=self.bos_token_id,
            suppress_tokens=[self.pad_token_id, self.bos_token_id, self.unk_token_id],
        )


class GeneratorModel(PreTrainedModel, GenerationMixin):
    """A `TrainableGenerator` but for its decoder."""

    config_class: type[GeneratorConfig] = GeneratorConfig
    base_model_prefix = "rrg"
    main_input_name = "pixels"

    encoder: RadiographEncoder
    heads: AlignmentHeads
    lm_head: nn.Linear
    # Token ids -> text. A checkpoint sets it; without one, reports have ids only.
    words: Callable[[list[int]], str] | None = None

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        self.encoder = self.make_encoder(config)
        self.heads = AlignmentHeads(config.hidden_size, config.embedding_size)

    @classmethod
    def new(cls, config: GeneratorConfig) -> Self:
        """A generator to be trained: random weights, unless the family starts from others."""
        return cls(config)

    def make_encoder(self, config: GeneratorConfig) -> RadiographEncoder:
        """The shared image encoder, unless the family brings its own."""
        return RadiographEncoder(
            config.backbone,
            config.image_size,
            config.hidden_size,
            config.encoder_layers,
            config.num_attention_heads,
            config.dropout,
            len(config.finding_names),
        )

    def _init_weights(self, module: nn.Module) -> None:
        """Only what is ours: the image network keeps timm's initialisation."""
        if isinstance(module, AlignmentHeads):
            module.reset()
        elif not any(module is part for part in self.encoder.backbone.modules()):
            super()._init_weights(module)

    def encode(
        self,
        pixels: Tensor | None,
        views: Tensor,
        features: Tensor | None = None,
        strengths: Tensor | None = None,
    ) -> Encoded:
        """See `ReportGenerator.encode`; `features` (B, V, G*G, F) stands in for pixels where they were kept.

        `strengths` (B, K): see `RadiographEncoder.forward`.
        """
        if features is None:
            assert pixels is not None
            features = self.encoder.feature_maps(pixels, views)
        return cast(Encoded, self.encoder(features, views, strengths))

    def decode(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        patches: Tensor | None = None,
        patch_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Any]:
        """Tokens (B, T) to hidden states (B, T, D), each position seeing those before it alone, and the cache.

        patches (B, P, D) and patch_mask (B, P) int64 are what `encode` gave; without them the text is read alone. With a
        cache, tokens (B, 1) is the newest one, and mask, if there is one, covers all so far.
        """
        raise NotImplementedError

    def predict(self, tokens: Tensor, mask: Tensor | None, **seen: Any) -> tuple[Tensor, Any]:
        """As `decode`, on to the next token's logits (B, T, V), and the cache."""
        hidden, cache = self.decode(tokens, mask, **seen)
        return self.lm_head(hidden), cache

    def report_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T), (B, T) -> (B, D) float32: mean decoder state over real tokens, without any image."""
        total = (self.report_states(tokens, mask) * mask[..., None]).sum(1)
        return total / mask.sum(1, keepdim=True).clamp(min=1)

    def report_states(self, tokens: Tensor, mask: Tensor, encoded: Encoded | None = None) -> Tensor:
        """(B, T), (B, T) -> (B, T, D) float32; see `rrg.models.protocol.SeeingReader`."""
        seen: dict[str, Any] = {}
        if encoded is not None:
            seen = {"patches": encoded.patches, "patch_mask": encoded.mask.long()}
        return self.decode(tokens, mask.long(), **seen)[0].float()

    def report_logits(self, encoded: Encoded, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T) starting with BOS -> (B, T, V); position t predicts token t + 1."""
        return self.predict(tokens, mask.long(), patches=encoded.patches, patch_mask=encoded.mask.long())[0]

    def forward(
        self,
        pixels: Tensor | None = None,
        views: Tensor | None = None,
        attention_mask: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool | None = None,
        return_dict: bool | None = None,  # noqa: ARG002  (part of transformers' contract)
        **kwargs: Any,  # noqa: ARG002
    ) -> Seq2SeqLMOutput:
        """One decoding step as `GenerationMixin` asks for it."""
        if encoder_outputs is None:
            assert views is not None
            inputs = generation_inputs(self.encode(pixels, views))
            encoder_outputs, attention_mask = inputs["encoder_outputs"], inputs["attention_mask"]
        assert decoder_input_ids is not None
        patches = encoder_outputs.last_hidden_state
        logits, cache = self.predict(
            decoder_input_ids,
            decoder_attention_mask,
            patches=patches,
            patch_mask=attention_mask,
            cache=cache,
            use_cache=bool(use_cache),
        )
        return Seq2SeqLMOutput(logits=logits, cache=cache, encoder_last_hidden_state=patches)

    @torch.no_grad()
    def generate_reports(self, encoded: Encoded, **decoding: Any) -> list[Report]:
        """One report per study, greedy unless `decoding` says otherwise; with the log-probability of each token."""
        return [drafts[0] for drafts in self.generate_candidates(encoded, 1, **decoding)]

    @torch.no_grad()
    def generate_candidates(self, encoded: Encoded, count: int, **decoding: Any) -> list[list[Report]]:
        """`count` reports per study, of one beam search (the likeliest first) or sampled, as `decoding` says."""
        model = cast(Any, self)  # transformers' annotations ask for a decoder-only self
        out = model.generate(
            **generation_inputs(encoded),
            return_dict_in_generate=True,
            output_scores=True,
            num_return_sequences=count,
            **decoding,
        )
        scores = model.compute_transition_scores(
            out.sequences, out.scores, getattr(out, "beam_indices", None), normalize_logits=True
        )
        reports = [self._report(*each) for each in zip(out.sequences, scores, strict=True)]
        return [reports[i : i + count] for i in range(0, len(reports), count)]

    def _report(self, sequence: Tensor, scores: Tensor) -> Report:
        special = {self.config.pad_token_id, self.config.bos_token_id, self.config.eos_token_id}
        pairs = [
            (int(t), float(s)) for t, s in zip(sequence[1:], scores, strict=False) if int(t) not in special
        ]
        tokens = [token for token, _ in pairs]
        return Report(
            self.words(tokens) if self.words else "", tuple(tokens), tuple(score for _, score in pairs)
        )


def generation_inputs(encoded: Encoded) -> dict[str, Any]:
    """What `generate` takes for images that are encoded already; a copy, because beams expand it in place."""
    return {
        "encoder_outputs": BaseModelOutput(last_hidden_state=encoded.patches.clone()),
        "attention_mask": encoded.mask.long(),
    }

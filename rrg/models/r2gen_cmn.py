"""R2GenCMN: a memory that image patches and words both ask (Chen et al., arXiv:2204.13258).

Knows no loss, no file and no words. One matrix of slots. A patch or a word asks it by scaled dot products, the few slots
that answer loudest respond, and the response is added to what asked: to the patches before the encoder's Transformer
layers, to the words before the decoder's. All else is the plain Transformer's. A report that is read without an image asks
the same memory by its words alone.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from rrg.models.encoder import RadiographEncoder
from rrg.models.transformer import TransformerConfig, TransformerGenerator
from rrg.types import RrgError


class R2GenCMNConfig(TransformerConfig):
    """The paper has 2048 slots at width 512; 512 suit width 256. As in the paper, 32 of them respond."""

    model_type = "rrg-r2gen-cmn"

    def __init__(self, memory_slots: int = 512, responding: int = 32, **sizes: Any) -> None:
        if responding > memory_slots:
            raise RrgError(
                f"model.sizes.responding is {responding}; it must be at most the {memory_slots} memory slots."
            )
        self.memory_slots = memory_slots
        self.responding = responding
        super().__init__(**sizes)


class CrossModalMemory(nn.Module):
    """The paper's memory querying and memory responding, with several heads (its "threads")."""

    def __init__(self, slots: int, width: int, heads: int, responding: int) -> None:
        super().__init__()
        self.heads, self.responding = heads, responding
        self.slots = nn.Embedding(slots, width)
        self.query, self.key, self.value, self.join = (nn.Linear(width, width) for _ in range(4))

    def forward(self, asking: Tensor) -> Tensor:
        """(B, S, D) -> responses (B, S, D); no position sees another."""
        queries = self._split(self.query(asking))
        keys, values = (self._split(linear(self.slots.weight)) for linear in (self.key, self.value))
        similarity = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5
        chosen, which = similarity.topk(self.responding, dim=-1)
        # A row of zeros but for the chosen slots: one matrix product then responds, and no slot's value is copied.
        weights = torch.zeros_like(similarity).scatter(-1, which, chosen.softmax(-1))
        responses = (weights @ values).transpose(-3, -2).flatten(-2)
        return cast(Tensor, self.join(responses))

    def _split(self, tensor: Tensor) -> Tensor:
        """(..., S, D) -> (..., heads, S, D / heads)"""
        return tensor.unflatten(-1, (self.heads, -1)).transpose(-3, -2)


class RespondingLayers(nn.Module):
    """The encoder's Transformer layers, over patches that the memory has responded to."""

    def __init__(self, memory: CrossModalMemory, layers: nn.Module) -> None:
        super().__init__()
        self.memory = memory
        self.layers = layers

    def forward(self, patches: Tensor, src_key_padding_mask: Tensor) -> Tensor:
        asked = patches + self.memory(patches)
        return cast(Tensor, self.layers(asked, src_key_padding_mask=src_key_padding_mask))


class R2GenCMNGenerator(TransformerGenerator):
    """`TrainableGenerator` with a cross-modal memory."""

    config_class = R2GenCMNConfig

    def make_encoder(self, config: Any) -> RadiographEncoder:
        encoder = super().make_encoder(config)
        memory = CrossModalMemory(
            config.memory_slots, config.hidden_size, config.num_attention_heads, config.responding
        )
        encoder.layers = cast(Any, RespondingLayers(memory, encoder.layers))
        return encoder

    @property
    def memory(self) -> CrossModalMemory:
        """One memory for both: it is kept with the encoder, so that its weights have one name."""
        return cast(Any, self.encoder.layers).memory

    def decode(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        patches: Tensor | None = None,
        patch_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Any]:
        """See `GeneratorModel.decode`; a word asks with its place, as it enters the decoder."""
        words, places = self.embed(tokens, cache)
        decoded = self.decoder(
            inputs_embeds=words + self.memory(words + places),
            attention_mask=mask,
            encoder_hidden_states=patches,
            encoder_attention_mask=patch_mask,
            cache=cache,
            use_cache=use_cache,
        )
        return decoded.last_hidden_state, decoded.cache

"""R2Gen: a memory of what was written so far, which steers every layer norm of the decoder (Chen et al., arXiv:2010.16056).

Knows no loss, no file and no words. The relational memory is a few slots that each token rewrites through
attention and gates; the memory-driven conditional layer norm shifts its scale and bias by them.
The memory is text alone. It is a recurrent state, so it lives in the cache and follows its beam.
"""

from __future__ import annotations

from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, layer_norm
from transformers import DynamicCache, EncoderDecoderCache, MBartConfig
from transformers.models.mbart.modeling_mbart import MBartDecoder, MBartDecoderLayer

from rrg.models.transformer import TransformerConfig, TransformerGenerator


class R2GenConfig(TransformerConfig):
    """Three slots and a memory as wide as the network, as in the paper."""

    model_type = "rrg-r2gen"

    def __init__(self, memory_slots: int = 3, **sizes: Any) -> None:
        self.memory_slots = memory_slots
        super().__init__(**sizes)


class RelationalMemory(nn.Module):
    """M_t from M_{t-1} and the embedding of the token read at t: self-attention, a perceptron, then gates."""

    def __init__(self, slots: int, width: int, heads: int) -> None:
        super().__init__()
        self.slots, self.width, self.heads = slots, width, heads
        self.query, self.key, self.value, self.join = (nn.Linear(width, width) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.gates_of_token = nn.Linear(width, 2 * width)  # input gate, forget gate
        self.gates_of_memory = nn.Linear(width, 2 * width)

    def start(self, like: Tensor) -> Tensor:
        """M_0 (B, S, D) for embeddings (B, T, D): rows of the identity matrix, so that the slots differ."""
        first = torch.eye(self.slots, self.width, dtype=like.dtype, device=like.device)
        return first.expand(len(like), -1, -1)

    def forward(self, read: Tensor, memory: Tensor | None = None) -> Tensor:
        """read (B, T, D), memory (B, S, D) before them -> the memory after each of them (B, T, S, D)."""
        memory = self.start(read) if memory is None else memory
        of_tokens = (
            self.key(read),
            self.value(read),
            self.gates_of_token(read),
        )  # all at once: these see no memory
        after = []
        for key, value, gates in zip(*(each.unbind(1) for each in of_tokens), strict=True):
            memory = self._step(memory, key[:, None], value[:, None], gates[:, None])
            after.append(memory)
        return torch.stack(after, 1)

    def _step(self, memory: Tensor, key: Tensor, value: Tensor, gates: Tensor) -> Tensor:
        """One token, as its key, value (B, 1, D) and its part of the gates (B, 1, 2 D)."""
        keys = self._split(torch.cat([self.key(memory), key], 1))
        values = self._split(torch.cat([self.value(memory), value], 1))
        similarity = self._split(self.query(memory)) @ keys.transpose(-1, -2) * keys.shape[-1] ** -0.5
        attended = (similarity.softmax(-1) @ values).transpose(1, 2).flatten(2)
        proposed = memory + self.join(attended)
        proposed = proposed + self.mlp(proposed)
        gate_in, gate_forget = (gates + self.gates_of_memory(memory.tanh())).sigmoid().chunk(2, -1)
        return gate_in * proposed.tanh() + gate_forget * memory

    def _split(self, tensor: Tensor) -> Tensor:
        """(B, S, D) -> (B, heads, S, D / heads)"""
        return tensor.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class ConditionalLayerNorm(nn.LayerNorm):
    """Scale and bias, each with a shift that two linear maps read from the memory."""

    def __init__(self, width: int, memory_width: int) -> None:
        super().__init__(width)
        self.scale, self.shift = (
            nn.Sequential(nn.Linear(memory_width, width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(2)
        )

    def forward(self, hidden: Tensor, memory: Tensor) -> Tensor:  # type: ignore[override]
        """hidden (B, T, D), memory (B, T, S * D) -> (B, T, D)"""
        plain = layer_norm(hidden, self.normalized_shape, eps=self.eps)
        return (self.weight + self.scale(memory)) * plain + self.bias + self.shift(memory)


class MemoryDrivenLayer(MBartDecoderLayer):
    """The pre-norm decoder layer, its three norms conditioned on the memory."""

    def __init__(self, config: MBartConfig, index: int, memory_width: int) -> None:
        super().__init__(config, layer_idx=index)
        for name in ("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"):
            setattr(self, name, ConditionalLayerNorm(config.d_model, memory_width))

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        encoder_attention_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool | None = None,  # noqa: ARG002  (part of transformers' contract)
        memory: Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """hidden_states (B, T, D), memory (B, T, S * D); without encoder states, no cross-attention."""
        seen = {"cache": cache, **kwargs}
        normed = self.self_attn_layer_norm(hidden_states, memory)
        attended, _ = self.self_attn(normed, attention_mask=attention_mask, **seen)
        hidden = hidden_states + self._drop(attended)
        if encoder_hidden_states is not None:
            normed = self.encoder_attn_layer_norm(hidden, memory)
            attended, _ = self.encoder_attn(
                normed, encoder_hidden_states, attention_mask=encoder_attention_mask, **seen
            )
            hidden = hidden + self._drop(attended)
        inner = self.activation_fn(self.fc1(self.final_layer_norm(hidden, memory)))
        return hidden + self._drop(self.fc2(inner))

    def _drop(self, tensor: Tensor) -> Tensor:
        return dropout(tensor, self.dropout, self.training)


class MemoryDrivenDecoder(MBartDecoder):
    """mBART's decoder with such layers, and the memory that they read."""

    def __init__(self, config: MBartConfig, slots: int) -> None:
        super().__init__(config)
        width, heads = config.d_model, config.decoder_attention_heads
        self.layers = nn.ModuleList(
            MemoryDrivenLayer(config, index, slots * width) for index in range(config.decoder_layers)
        )
        self.memory = RelationalMemory(slots, width, heads)
        self.post_init()


class MemoryCache(EncoderDecoderCache):
    """Keys and values of the attention, and `memory` (B, S, D) after the newest token."""

    memory: Tensor | None = None

    @classmethod
    def over(cls, cache: EncoderDecoderCache | None) -> Self:
        """The same keys and values, with room for the memory."""
        if isinstance(cache, cls):
            return cache
        if cache is None:
            return cls(DynamicCache(), DynamicCache())
        return cls(cache.self_attention_cache, cache.cross_attention_cache)

    def reorder_cache(self, beam_idx: Any) -> None:
        super().reorder_cache(beam_idx)
        if self.memory is not None:
            self.memory = self.memory.index_select(0, beam_idx.to(self.memory.device))

    def reset(self) -> None:
        super().reset()
        self.memory = None

    @property
    def is_croppable(self) -> bool:
        """A memory cannot forget its last token."""
        return False


class R2GenGenerator(TransformerGenerator):
    """`TrainableGenerator` with a relational memory."""

    config_class = R2GenConfig

    def make_decoder(self, config: Any) -> MBartDecoder:
        return MemoryDrivenDecoder(config.decoder_config(), config.memory_slots)

    def decode(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        patches: Tensor | None = None,
        patch_mask: Tensor | None = None,
        cache: Any = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Any]:
        """See `GeneratorModel.decode`; the memory reads what the first layer reads."""
        decoder = cast(MemoryDrivenDecoder, self.decoder)
        cache = MemoryCache.over(cache) if use_cache else None
        words, places = self.embed(tokens, cache)
        memory = decoder.memory(
            decoder.layernorm_embedding(words + places), None if cache is None else cache.memory
        )
        decoded = decoder(
            inputs_embeds=words,
            attention_mask=mask,
            encoder_hidden_states=patches,
            encoder_attention_mask=patch_mask,
            cache=cache,
            use_cache=use_cache,
            memory=memory.flatten(2),
        )
        if cache is not None:
            cache.memory = memory[:, -1]
        return decoded.last_hidden_state, decoded.cache

"""Tiny, randomly initialised vision-encoder-decoders of transformers, as somebody's folder would hold them."""

from pathlib import Path

import torch
from transformers import (
    BertConfig,
    MBartConfig,
    RobertaConfig,
    SwinConfig,
    TrOCRConfig,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)

ELSEWHERE = 90  # words in the source's own vocabulary
DECIDED = ("hidden_size", "num_attention_heads", "num_hidden_layers", "encoder_layers")  # by the source

TOWERS = {
    "vit": lambda: ViTConfig(
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=64,
        patch_size=16,
    ),
    "swin": lambda: SwinConfig(
        embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4, image_size=64, patch_size=4
    ),
}
DECODERS = {
    "bert": lambda: BertConfig(
        vocab_size=ELSEWHERE,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
        is_decoder=True,
        add_cross_attention=True,
    ),
    "roberta": lambda: RobertaConfig(
        vocab_size=ELSEWHERE,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
        is_decoder=True,
        add_cross_attention=True,
    ),
    "mbart": lambda: MBartConfig(
        vocab_size=ELSEWHERE,
        d_model=32,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=64,
        max_position_embeddings=48,
        is_decoder=True,
        add_cross_attention=True,
    ),
    "trocr": lambda: TrOCRConfig(
        vocab_size=ELSEWHERE,
        d_model=32,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=64,
        max_position_embeddings=48,
        cross_attention_hidden_size=24,
    ),
}


def write_source(folder: Path, tower: str = "vit", decoder: str = "bert") -> Path:
    """A folder as `VisionEncoderDecoderModel.save_pretrained` leaves it, with the pixels' mean and deviation."""
    torch.manual_seed(7)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(TOWERS[tower](), DECODERS[decoder]())
    VisionEncoderDecoderModel(config).save_pretrained(folder)
    ViTImageProcessor(image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.25, 0.3]).save_pretrained(folder)
    return folder

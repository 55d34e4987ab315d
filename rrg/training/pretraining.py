"""The image network taught what people coded of each study, before any report is learned. Knows no decoder.

ImageNet's features hardly tell one chest film from another. Here the network learns the findings of the train split, with
small changes of pose and exposure (never mirrored: reports name sides) and now and then one view less. What is kept is
the running mean of its weights (Polyak and Juditsky, 1992), which generalises better than the last step, after the epoch
with the largest mean area under the ROC curve on val.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from rrg.data.batch import StudyImages, load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import Preprocessing, to_pixels
from rrg.models.checkpoint import as_shipped
from rrg.models.encoder import RadiographEncoder, load_encoder_weights, load_imagenet_weights
from rrg.models.prompt import KINDS, join_views
from rrg.training.averaging import running_mean
from rrg.training.config import EncoderConfig
from rrg.training.prompting import finding_names, findings_of
from rrg.training.state import Stateful, TrainState, forget_after, log_line, resume, save
from rrg.training.variation import drop_views, vary
from rrg.types import RrgError

WEIGHTS = "encoder.safetensors"
MOMENTUM = 0.995  # of the running mean of the weights
HEAD_RATE, HEAD_DECAY = 1e-3, 0.1
SMOOTHING = 0.02  # coders overlook and overcall


class FindingClassifier(nn.Module):
    """pixels (B, V, 1, S, S), views (B, V) -> logits (B, K) from frontal and lateral mean features."""

    def __init__(self, encoder: RadiographEncoder, prior: Tensor, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.encoder.backbone.to(memory_format=torch.channels_last)  # as its films: .6 of the time of a step
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(KINDS * encoder.features, len(prior))
        nn.init.zeros_(self.head.weight)
        self.head.bias.data = torch.logit(prior)

    def forward(self, pixels: Tensor, views: Tensor) -> Tensor:
        joined, _ = join_views(self.encoder.feature_maps(pixels, views).mean(2), views)
        logits: Tensor = self.head(self.dropout(joined))
        return logits


@dataclass(frozen=True, eq=False)
class _Split:
    images: StudyImages
    coded: Tensor  # (N, K) float32, 1 where coded

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        views = torch.from_numpy(self.images.views[indices]).clone()
        return to_pixels(self.images.squares[indices]), views, self.coded[torch.from_numpy(indices)]


def pretrain(config: EncoderConfig, out: Path) -> Path:
    """Teach the image network as `config` says and write its weights to `out`; takes up an interrupted run."""
    out.mkdir(parents=True, exist_ok=True)
    studies = {
        name: load_studies(config.data.folder, getattr(config.data, name))[: config.data.limit]
        for name in ("train", "val")
    }
    names = finding_names(studies["train"], config.labels_at_least)
    if not names:
        raise RrgError(
            f"No finding is coded in {config.labels_at_least} or more of the training studies; nothing can be learned."
        )
    preprocessing = Preprocessing(size=config.image_size)
    splits = {
        name: _split(load_images(each, preprocessing, config.data.cache, True), names)
        for name, each in studies.items()
    }
    torch.manual_seed(config.seed)
    encoder = RadiographEncoder(config.backbone, config.image_size, 8, 1, 1, 0.0)
    if config.start:
        load_encoder_weights(encoder, config.start)
    else:
        load_imagenet_weights(encoder, config.backbone)
    model = FindingClassifier(encoder, splits["train"].coded.mean(0), config.dropout)
    best = _train(config, model, splits, names, out)
    # Rounded before any feature is kept: a model that ships sees what its generator learned on.
    save_file({name: as_shipped(value) for name, value in best.items()}, out / WEIGHTS)
    return out / WEIGHTS


def _split(images: StudyImages, names: Sequence[str]) -> _Split:
    found = [findings_of(study) for study in images.studies]
    return _Split(images, torch.tensor([[float(name in each) for name in names] for each in found]))


def _train(
    config: EncoderConfig,
    model: FindingClassifier,
    splits: dict[str, _Split],
    names: Sequence[str],
    out: Path,
) -> Mapping[str, Tensor]:
    """The image network's weights after the epoch that tells the findings of val best: the last ones overfit."""
    train, per_epoch = splits["train"], len(splits["train"].images) // config.batch_size
    steps = per_epoch * config.epochs
    mean = running_mean(model, MOMENTUM)
    optimiser = AdamW(
        [
            {"params": model.encoder.backbone.parameters(), "weight_decay": config.weight_decay},
            {"params": model.head.parameters(), "weight_decay": HEAD_DECAY},
        ]
    )
    schedule = OneCycleLR(optimiser, [config.learning_rate, HEAD_RATE], total_steps=steps, pct_start=0.15)
    parts: dict[str, Stateful] = {"model": model, "mean": mean, "optimiser": optimiser, "schedule": schedule}
    state = resume(out, parts)
    forget_after(out, state.step)
    for step in tqdm(
        range(state.step, steps), desc="image network", unit="step", initial=state.step, total=steps
    ):
        epoch, position = divmod(step, per_epoch)
        order = np.random.default_rng([config.seed, epoch]).permutation(len(train.images))
        rows = order[position * config.batch_size : (position + 1) * config.batch_size]
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step + 1)
        torch.manual_seed(config.seed * 1_000_003 + step + 1)  # dropout takes no generator of its own
        loss = _step(model, train.batch(rows), config, generator)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        mean.update_parameters(model)
        line: dict[str, Any] = {"step": step, "loss": loss}
        state.step += 1
        if position == per_epoch - 1:
            averaged: Any = mean.module
            line |= {"epoch": epoch, "auc": areas(averaged, splits["val"], names)}
            _keep_best(state, epoch, line["auc"], averaged.encoder.backbone)
        log_line(out, line)
        if position == per_epoch - 1 or state.step % config.save_every == 0:
            save(out, state, parts)
    if state.best_weights is None:
        raise RrgError(f"'{out}' holds a run of an earlier version that kept no best epoch. Remove it or choose another.")
    return state.best_weights


def _keep_best(state: TrainState, epoch: int, found: Mapping[str, float], network: nn.Module) -> None:
    value = float(np.mean(list(found.values()))) if found else 0.0
    if value >= state.best:  # the later one where nothing can be told
        state.best, state.best_epoch = value, epoch
        state.best_weights = {name: each.detach().clone() for name, each in network.state_dict().items()}


def _step(
    model: FindingClassifier,
    batch: tuple[Tensor, Tensor, Tensor],
    config: EncoderConfig,
    generator: torch.Generator,
) -> float:
    """Loss and clipped gradients of one batch. BatchNorm keeps ImageNet's statistics: the batches are small."""
    pixels, views, coded = batch
    model.train()
    model.encoder.backbone.eval()
    views = drop_views(views, config.view_dropout, generator)
    logits = model(vary(pixels, generator), views)
    target = coded * (1 - 2 * SMOOTHING / 2) + SMOOTHING / 2
    loss = binary_cross_entropy_with_logits(logits, target)
    if not torch.isfinite(loss):
        raise RrgError("The loss of the image network is not a number. Lower learning_rate.")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.encoder.backbone.parameters(), config.clip)
    return float(loss.detach())


@torch.no_grad()
def areas(model: nn.Module, split: _Split, names: Sequence[str], batch_size: int = 32) -> dict[str, float]:
    """Area under the ROC curve of each finding that two or more studies of the split have and not all have."""
    model.eval()
    starts = range(0, len(split.images), batch_size)
    parts = [split.batch(np.arange(s, min(s + batch_size, len(split.images)))) for s in starts]
    logits = torch.cat([model(pixels, views) for pixels, views, _ in parts]).numpy()
    coded = split.coded.numpy()
    told = [k for k in range(len(names)) if 2 <= coded[:, k].sum() < len(coded)]
    return {names[k]: round(float(roc_auc_score(coded[:, k], logits[:, k])), 4) for k in told}

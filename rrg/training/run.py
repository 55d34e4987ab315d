"""The parts of a training run, made ready from a configuration. Takes no step itself.

Device, precision and several processes are Hugging Face `accelerate`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from pydantic import ValidationError
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel
from transformers import PreTrainedTokenizerFast, get_cosine_schedule_with_warmup

from rrg.data.batch import StudyImages, load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import Preprocessing
from rrg.data.tokenizer import build_tokenizer
from rrg.models.base import GeneratorModel
from rrg.models.encoder import load_encoder_weights, load_imagenet_weights
from rrg.models.registry import create
from rrg.objective.released import ReleasedTask
from rrg.objective.task import GenerationTask, ObjectiveSettings, identity
from rrg.training.averaging import running_mean
from rrg.training.config import Config
from rrg.training.prompting import finding_names, fit_prompt
from rrg.training.source import Extras, Source, kept_features, make_source
from rrg.training.start import start_from
from rrg.training.state import Stateful
from rrg.types import RrgError

CONFIG = "config.json"
RELEASED = "released"  # the value of objective.synthesis that names a whole objective


@dataclass(frozen=True, eq=False)
class Run:
    """One run, ready to step."""

    config: Config
    out: Path
    accelerator: Accelerator
    model: GeneratorModel
    tokenizer: PreTrainedTokenizerFast
    task: nn.Module
    optimiser: Optimizer
    schedule: LRScheduler
    train: Source
    val: Source
    mean: AveragedModel | None = None

    @property
    def kept(self) -> GeneratorModel:
        """The model that is judged and kept: the running mean, where there is one."""
        return self.model if self.mean is None else cast(GeneratorModel, self.mean.module)

    @property
    def stateful(self) -> dict[str, Stateful]:
        parts: dict[str, Stateful] = {
            "model": self.model,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }
        if self.mean is not None:
            parts["mean"] = self.mean
        task = self.accelerator.unwrap_model(self.task)
        return parts | ({"hard": task.hard} if isinstance(task, ReleasedTask) else {})

    @property
    def steps_per_epoch(self) -> int:
        return len(self.train) // self.config.optimiser.batch_size

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.config.optimiser.epochs


def prepare(config: Config, out: Path) -> Run:
    """Read the data, build tokenizer, model and optimiser. RrgError names what does not fit."""
    precision = "bf16" if config.precision == "bf16" else "no"
    accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision=precision)
    _check_shares(config.optimiser.batch_size, accelerator.num_processes)
    _check_alone(config, accelerator.num_processes)
    _claim(out, config, accelerator)
    with accelerator.main_process_first():  # the first process fills the caches, the others read them
        images = _read_images(config, accelerator.is_local_main_process)
        tokenizer = build_tokenizer((s.report for s in images["train"].studies), config.model.min_frequency)
        names = finding_names(images["train"].studies, config.prompt.labels_at_least)
        model = build_model(config, len(tokenizer), names)
        if config.model.start is not None:
            start_from(model, tokenizer, config.model.start)
        sources = {
            split: _source(config, split, each, model, tokenizer, accelerator.is_local_main_process)
            for split, each in images.items()
        }
    task = make_task(config, model, tokenizer.unk_token_id, accelerator.num_processes)
    optimiser = AdamW(parameter_groups(task, model, config), weight_decay=config.optimiser.weight_decay)
    steps = len(sources["train"]) // config.optimiser.batch_size * config.optimiser.epochs
    schedule = get_cosine_schedule_with_warmup(optimiser, round(steps * config.optimiser.warmup), steps)
    wrapped, optimiser = accelerator.prepare(task, optimiser)
    mean = running_mean(model, config.optimiser.average) if config.optimiser.average else None
    return Run(config, out, accelerator, model, tokenizer, wrapped, optimiser, schedule, **sources, mean=mean)


def build_model(config: Config, vocabulary: int, findings: Sequence[str] = ()) -> GeneratorModel:
    """A new generator of the configured family; the seed alone decides its weights."""
    torch.manual_seed(config.seed)
    sizes = {**config.model.sizes, "image_size": config.model.image_size}
    model = create(config.model.family, vocab_size=vocabulary, finding_names=list(findings), **sizes)
    if findings and model.encoder.prompt is None:
        raise RrgError(
            f"prompt.labels_at_least is {config.prompt.labels_at_least}, but the image network of "
            f"'{model.config.source}' takes no predicted findings. Leave the section prompt out."
        )
    if config.model.encoder is not None:
        load_encoder_weights(model.encoder, config.model.encoder)
    elif config.model.imagenet and not model.encoder.comes_trained:
        load_imagenet_weights(model.encoder, model.config.backbone)
    if config.model.freeze_backbone:
        model.encoder.backbone.requires_grad_(False)
    return model


def make_task(
    config: Config, model: GeneratorModel, unknown: int, processes: int
) -> GenerationTask | ReleasedTask:
    """The losses that the configuration asks for."""
    settings = ObjectiveSettings(**config.objective.model_dump())
    if settings.synthesis == RELEASED:
        return ReleasedTask(model, settings, unknown)
    gather = gather_with_gradients if processes > 1 else identity
    return GenerationTask(model, settings, unknown, gather, processes)


def parameter_groups(task: nn.Module, model: GeneratorModel, config: Config) -> list[dict[str, Any]]:
    """The image network learns at its own rate, or not at all."""
    inside = {id(p) for p in model.encoder.backbone.parameters()}
    rest = [p for p in task.parameters() if id(p) not in inside and p.requires_grad]
    backbone = [p for p in model.encoder.backbone.parameters() if p.requires_grad]
    groups = [{"params": rest, "lr": config.optimiser.learning_rate}]
    return groups + (
        [{"params": backbone, "lr": config.optimiser.backbone_learning_rate}] if backbone else []
    )


def gather_with_gradients(tensor: Tensor) -> Tensor:
    """Join a (B, ...) tensor of every process along the first axis; floats carry gradients back to their owners."""
    import torch.distributed.nn.functional as collective

    if tensor.is_floating_point() and tensor.requires_grad:
        return torch.cat(collective.all_gather(tensor))
    parts = [torch.empty_like(tensor) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


def _same(file: Path, config: Config) -> bool:
    """Whether a run's configuration is this one; a field that came later counts as its default."""
    try:
        return Config.model_validate_json(file.read_text()) == config
    except ValidationError:
        return False


def _claim(out: Path, config: Config, accelerator: Accelerator) -> None:
    """A run folder belongs to one configuration: taking up another's run would mix two experiments.

    Every process compares before the first one writes, so that all refuse and none is left waiting.
    """
    file, text = out / CONFIG, config.model_dump_json(indent=2) + "\n"
    taken = file.is_file() and not _same(file, config)
    accelerator.wait_for_everyone()  # all have looked; only now may the file appear
    if taken:
        raise RrgError(
            f"'{out}' holds a run with another configuration ({file}). Choose another --out or remove it."
        )
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    accelerator.wait_for_everyone()


def _check_shares(batch_size: int, processes: int) -> None:
    """Embeddings are gathered from all processes, which needs shares of one size."""
    if batch_size % processes:
        raise RrgError(
            f"optimiser.batch_size is {batch_size}, which {processes} processes cannot share equally. "
            f"Make it a multiple of {processes}."
        )


def _check_alone(config: Config, processes: int) -> None:
    if config.objective.synthesis == RELEASED and processes > 1:
        raise RrgError(
            f"objective.synthesis: {RELEASED} mixes the batch of one process, and {processes} were started. "
            "Train it without accelerate launch."
        )


def _read_images(config: Config, show: bool) -> dict[str, StudyImages]:
    preprocessing = Preprocessing(size=config.model.image_size)
    images = {}
    for split, name in (("train", config.data.train), ("val", config.data.val)):
        studies = load_studies(config.data.folder, name)[: config.data.limit]
        images[split] = load_images(studies, preprocessing, config.data.cache, show)
    if len(images["train"]) < config.optimiser.batch_size:
        raise RrgError(
            f"optimiser.batch_size is {config.optimiser.batch_size}, but only {len(images['train'])} training "
            "studies can be read. Make it smaller."
        )
    return images


def _source(
    config: Config,
    split: str,
    images: StudyImages,
    model: GeneratorModel,
    tokenizer: PreTrainedTokenizerFast,
    show: bool,
) -> Source:
    features = None
    if config.model.freeze_backbone:
        features = kept_features(model.encoder, images, config.data.cache, show)
    if split != "train":
        return make_source(images, tokenizer, model.config.max_tokens, features)
    objective = config.objective
    extras = Extras(
        peers=config.mining.among if objective.peers else 0,
        near_by=config.mining.by,
        peer_images=objective.synthesis == RELEASED,
        same_by=config.mining.same,
        flips=objective.flips,
        copies=config.optimiser.copies,
        rarity=config.optimiser.rarity,
        balance=config.optimiser.balance,
    )
    variants = [
        kept_features(model.encoder, images, config.data.cache, show, i + 1) for i in range(config.data.variants)
    ]
    prompt = None
    if features is not None and model.encoder.prompt is not None:
        prompt = fit_prompt(model.encoder.prompt, features, images, model.config.finding_names, config.prompt)
    return make_source(images, tokenizer, model.config.max_tokens, features, extras, prompt, variants)

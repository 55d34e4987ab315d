"""From a configuration to a checkpoint, resumable after a kill at any step. Knows no metric of language or clinic.

Every step draws its randomness from (seed, step), so a run that was killed and taken up again ends with the same weights.
Device, precision and several processes are Hugging Face `accelerate`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast, get_cosine_schedule_with_warmup

from rrg.data.batch import load_images
from rrg.data.datasets import load_studies
from rrg.data.preprocess import Preprocessing
from rrg.data.tokenizer import build_tokenizer
from rrg.models.base import GeneratorModel
from rrg.models.checkpoint import save_checkpoint
from rrg.models.encoder import load_imagenet_weights
from rrg.models.registry import create
from rrg.models.screen import Screen, fit_screen
from rrg.objective.synthesis import hardness_at
from rrg.objective.task import GenerationTask, ObjectiveSettings, identity
from rrg.training.config import Config, load_config
from rrg.training.source import Source, kept_features, make_source
from rrg.training.validation import validate
from rrg.types import RrgError, View

STATE, METRICS, CHECKPOINT, CONFIG = "state.pt", "metrics.jsonl", "checkpoint", "config.json"


@dataclass(eq=False)
class TrainState:
    """What is saved. All else (data, caches, the progress bar) lives at run time only."""

    step: int
    best: float
    best_weights: dict[str, Tensor] | None
    best_epoch: int


@dataclass(frozen=True, eq=False)
class Run:
    """The parts of one run, ready to step."""

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
    screen: Screen

    @property
    def steps_per_epoch(self) -> int:
        return len(self.train) // self.config.optimiser.batch_size

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.config.optimiser.epochs


def train(
    config_path: str | Path, overrides: Sequence[str], out: str | Path, *, stop_after: int | None = None
) -> Path:
    """Train as the configuration says and write `out`/checkpoint; resumes from `out` if it was interrupted.

    `stop_after` ends the process's work after that many steps in all, as a kill would (for tests). Returns the folder.
    """
    config = load_config(config_path, overrides)
    run = prepare(config, Path(out))
    state = _resume(run)
    _train_steps(run, state, stop_after)
    if state.step >= run.steps:
        _export(run, state)
    return Path(out) / CHECKPOINT


def prepare(config: Config, out: Path) -> Run:
    """Read the data, build tokenizer, model and optimiser."""
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(), mixed_precision="bf16" if config.precision == "bf16" else "no"
    )
    show = accelerator.is_local_main_process
    _claim(out, config, accelerator)
    preprocessing = Preprocessing(size=config.model.image_size)
    with accelerator.main_process_first():  # the first process fills the caches, the others read them
        images = {
            split: load_images(
                load_studies(config.data.folder, name)[: config.data.limit],
                preprocessing,
                config.data.cache,
                show,
            )
            for split, name in (("train", config.data.train), ("val", config.data.val))
        }
        if len(images["train"]) < config.optimiser.batch_size:
            raise RrgError(
                f"optimiser.batch_size is {config.optimiser.batch_size}, but only {len(images['train'])} training "
                "studies can be read. Make it smaller."
            )
        tokenizer = build_tokenizer((s.report for s in images["train"].studies), config.model.min_frequency)
        model = build_model(config, len(tokenizer))
        features = {split: _features(config, model, each, show) for split, each in images.items()}
    screen = _screen(config, model, images, features, show)
    max_tokens = model.config.max_tokens
    sources = {
        split: make_source(
            each,
            tokenizer,
            max_tokens,
            config.objective.peers and split == "train",
            features[split] if config.model.freeze_backbone else None,
        )
        for split, each in images.items()
    }
    task = GenerationTask(
        model,
        ObjectiveSettings(**config.objective.model_dump()),
        tokenizer.unk_token_id,
        gather_with_gradients if accelerator.num_processes > 1 else identity,
        accelerator.num_processes,
    )
    optimiser = AdamW(_parameter_groups(model, config), weight_decay=config.optimiser.weight_decay)
    steps = len(sources["train"]) // config.optimiser.batch_size * config.optimiser.epochs
    schedule = get_cosine_schedule_with_warmup(optimiser, round(steps * config.optimiser.warmup), steps)
    wrapped, optimiser = accelerator.prepare(task, optimiser)
    return Run(
        config,
        out,
        accelerator,
        model,
        tokenizer,
        wrapped,
        optimiser,
        schedule,
        sources["train"],
        sources["val"],
        screen,
    )


def build_model(config: Config, vocabulary: int) -> GeneratorModel:
    """A new generator of the configured family; the seed alone decides its weights."""
    torch.manual_seed(config.seed)
    sizes = {**config.model.sizes, "image_size": config.model.image_size}
    model = create(config.model.family, vocab_size=vocabulary, **sizes)
    if config.model.imagenet:
        load_imagenet_weights(model.encoder, model.config.backbone)
    if config.model.freeze_backbone:
        model.encoder.backbone.requires_grad_(False)
    return model


def _features(config: Config, model: GeneratorModel, images: Any, show: bool) -> NDArray[np.float16] | None:
    return (
        kept_features(model.encoder, images, config.data.cache, show)
        if config.model.freeze_backbone
        else None
    )


def _screen(
    config: Config, model: GeneratorModel, images: dict[str, Any], features: dict[str, Any], show: bool
) -> Screen:
    """Fitted on the image network as it starts; refitted at export if it learns."""
    pooled = {}
    for split, each in images.items():
        maps = features[split]
        if maps is None:
            maps = kept_features(model.encoder, each, config.data.cache, show)
        pooled[split] = _present(maps, each.views)
    return fit_screen(pooled["train"][0], pooled["train"][1], pooled["val"][0])


def _present(maps: NDArray[np.float16], views: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """(N, V, P, F) maps -> pooled features (M, F) and views (M,) of the films that are there."""
    pooled = np.stack([row.astype(np.float32).mean(1) for row in maps])
    present = views != View.ABSENT
    return torch.from_numpy(pooled[present]), torch.from_numpy(views[present])


def _claim(out: Path, config: Config, accelerator: Accelerator) -> None:
    """A run folder belongs to one configuration: taking up another's run would mix two experiments."""
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        file, text = out / CONFIG, config.model_dump_json(indent=2) + "\n"
        if file.is_file() and file.read_text() != text:
            raise RrgError(
                f"'{out}' holds a run with another configuration ({file}). Choose another --out or remove it."
            )
        file.write_text(text)
    accelerator.wait_for_everyone()


def _parameter_groups(model: GeneratorModel, config: Config) -> list[dict[str, Any]]:
    backbone = [p for p in model.encoder.backbone.parameters() if p.requires_grad]
    inside = {id(p) for p in model.encoder.backbone.parameters()}
    rest = [p for p in model.parameters() if id(p) not in inside]
    groups = [{"params": rest, "lr": config.optimiser.learning_rate}]
    if backbone:
        groups.append({"params": backbone, "lr": config.optimiser.backbone_learning_rate})
    return groups


def _train_steps(run: Run, state: TrainState, stop_after: int | None) -> None:
    main = run.accelerator.is_main_process
    bar = tqdm(total=run.steps, initial=state.step, desc="training", unit="step", disable=not main)
    began, seen = perf_counter(), 0
    while state.step < run.steps and state.step != stop_after:
        epoch, position = divmod(state.step, run.steps_per_epoch)
        line = _step(run, state.step, epoch_order(len(run.train), run.config, epoch), position)
        state.step += 1
        seen += run.config.optimiser.batch_size
        line["studies_per_second"] = round(seen / (perf_counter() - began), 2)
        if state.step % run.steps_per_epoch == 0:
            line |= _end_of_epoch(run, state, epoch)
        if main:
            _log(run.out / METRICS, line)
        if state.step % run.config.save_every == 0 or state.step % run.steps_per_epoch == 0:
            _save(run, state)
        bar.update()
        bar.set_postfix(loss=f"{line['loss']:.3f}", rate=f"{line['studies_per_second']:.1f} studies/s")
    bar.close()


def _step(run: Run, step: int, order: NDArray[np.int64], position: int) -> dict[str, Any]:
    """One optimiser step over the batch at `position`; every process takes its share of it."""
    size, processes = run.config.optimiser.batch_size, run.accelerator.num_processes
    indices = order[position * size : (position + 1) * size][run.accelerator.process_index :: processes]
    torch.manual_seed(run.config.seed * 1_000_003 + step + 1)  # dropout takes no generator of its own
    set_training_mode(run.model)
    batch = run.train.batch(indices, run.config.objective.peers)
    hardness = hardness_at(step, run.steps, run.config.objective.lambda_end)
    with run.accelerator.autocast():
        terms = run.task(batch, hardness)
    values = {name: float(run.accelerator.reduce(term.detach(), "mean")) for name, term in terms.items()}
    if not all(np.isfinite(list(values.values()))):
        names = ", ".join(run.train.images.studies[i].id for i in indices)
        raise RrgError(
            f"The loss is not a number at step {step} ({values}). The batch: {names}. Lower the learning rate."
        )
    run.accelerator.backward(terms["loss"])
    norm = run.accelerator.clip_grad_norm_(run.model.parameters(), run.config.optimiser.clip)
    run.optimiser.step()
    run.schedule.step()
    run.optimiser.zero_grad()
    return {
        "step": step,
        **values,
        "hardness": hardness,
        "gradient": float(norm),
        "rate": run.schedule.get_last_lr()[0],
    }


def set_training_mode(model: GeneratorModel) -> None:
    """Dropout on, the image network's BatchNorm statistics as they came: batches are small, processes must agree."""
    model.train()
    model.encoder.backbone.eval()


def epoch_order(studies: int, config: Config, epoch: int) -> NDArray[np.int64]:
    """Every study once, in an order that (seed, epoch) alone decide."""
    return np.random.default_rng([config.seed, epoch]).permutation(studies)


def _end_of_epoch(run: Run, state: TrainState, epoch: int) -> dict[str, float]:
    scores = validate(run.model, run.val, run.tokenizer.unk_token_id)
    select = run.config.select
    value = {"loss": -scores["val_loss"], "recall_at_10": scores["val_recall_at_10"], "last": float(epoch)}[
        select
    ]
    if value > state.best:
        state.best, state.best_epoch = value, epoch
        state.best_weights = {k: v.detach().cpu().clone() for k, v in run.model.state_dict().items()}
    return {"epoch": epoch, **scores}


def _save(run: Run, state: TrainState) -> None:
    """Written beside and moved into place, so that a kill leaves the old state or the new one."""
    if run.accelerator.is_main_process:
        part = run.out / (STATE + ".part")
        parts: dict[str, Any] = {"model": run.model, "optimiser": run.optimiser, "schedule": run.schedule}
        torch.save({"state": vars(state), **{k: v.state_dict() for k, v in parts.items()}}, part)
        part.replace(run.out / STATE)
    run.accelerator.wait_for_everyone()


def _resume(run: Run) -> TrainState:
    file = run.out / STATE
    if not file.is_file():
        (run.out / METRICS).unlink(missing_ok=True)
        return TrainState(0, float("-inf"), None, -1)
    saved = torch.load(file, map_location="cpu", weights_only=True)
    run.model.load_state_dict(saved["model"])
    run.optimiser.load_state_dict(saved["optimiser"])
    run.schedule.load_state_dict(saved["schedule"])
    state = TrainState(**saved["state"])
    if run.accelerator.is_main_process:
        _forget_after(run.out / METRICS, state.step)
    return state


def _log(file: Path, line: dict[str, Any]) -> None:
    with file.open("a") as stream:
        stream.write(json.dumps(line) + "\n")


def _forget_after(file: Path, step: int) -> None:
    """Drop the lines of steps that will be taken again."""
    lines = [
        line
        for line in file.read_text().splitlines()
        if line.endswith("}") and json.loads(line)["step"] < step
    ]
    file.write_text("".join(line + "\n" for line in lines))


def _export(run: Run, state: TrainState) -> None:
    if not run.accelerator.is_main_process:
        return
    assert state.best_weights is not None
    run.model.load_state_dict(state.best_weights)
    screen = run.screen
    if not run.config.model.freeze_backbone:
        pooled = {
            name: _present(
                kept_features(run.model.encoder, s.images, run.config.data.cache, True), s.images.views
            )
            for name, s in (("train", run.train), ("val", run.val))
        }
        screen = fit_screen(pooled["train"][0], pooled["train"][1], pooled["val"][0])
    config = run.config.model_dump(mode="json")
    config["data"] = {
        "train": run.config.data.train,
        "val": run.config.data.val,
        "limit": run.config.data.limit,
    }
    recipe = {
        "config": config,
        "steps": state.step,
        "kept_epoch": state.best_epoch + 1,
        "train_studies": len(run.train),
    }
    preprocessing = Preprocessing(size=run.config.model.image_size)
    save_checkpoint(run.out / CHECKPOINT, run.model, run.tokenizer, preprocessing, screen, recipe)


def gather_with_gradients(tensor: Tensor) -> Tensor:
    """Join a (B, ...) tensor of every process along the first axis; floats carry gradients back to their owners."""
    import torch.distributed.nn.functional as collective

    if tensor.is_floating_point() and tensor.requires_grad:
        return torch.cat(collective.all_gather(tensor))
    parts = [torch.empty_like(tensor) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)

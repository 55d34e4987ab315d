"""From a configuration to a checkpoint, resumable after a kill at any step. Knows no metric of language or clinic.

Every step draws its randomness from (seed, step), so a run that was killed and taken up again ends with the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from rrg.data.preprocess import Preprocessing
from rrg.models.base import GeneratorModel
from rrg.models.checkpoint import save_checkpoint
from rrg.models.screen import Screen, fit_screen
from rrg.objective.synthesis import hardness_at, hardness_of_epoch
from rrg.training.config import Config, load_config
from rrg.training.run import RELEASED, Run, prepare
from rrg.training.source import Source, kept_features
from rrg.training.state import TrainState, forget_after, log_line, resume, save
from rrg.training.validation import validate
from rrg.types import RrgError, View

CHECKPOINT = "checkpoint"


def train(
    config_path: str | Path, overrides: Sequence[str], out: str | Path, *, stop_after: int | None = None
) -> Path:
    """Train as the configuration says and write `out`/checkpoint; resumes from `out` if it was interrupted.

    `stop_after` ends the work after that many steps in all, as a kill would (for tests). Returns the checkpoint's folder.
    """
    run = prepare(load_config(config_path, overrides), Path(out))
    state = resume(run.out, run.stateful)
    if run.accelerator.is_main_process:
        forget_after(run.out, state.step)
    _train_steps(run, state, stop_after)
    if state.step >= run.steps and run.accelerator.is_main_process:
        _export(run, state)
    return run.out / CHECKPOINT


def _train_steps(run: Run, state: TrainState, stop_after: int | None) -> None:
    main = run.accelerator.is_main_process
    bar = tqdm(total=run.steps, initial=state.step, desc="training", unit="step", disable=not main)
    began, seen = perf_counter(), 0
    while state.step < run.steps and state.step != stop_after:
        epoch, position = divmod(state.step, run.steps_per_epoch)
        line = _step(run, state.step, epoch_order(run.train, run.config, epoch), position)
        state.step += 1
        seen += run.config.optimiser.batch_size
        line["studies_per_second"] = round(seen / (perf_counter() - began), 2)
        end_of_epoch = state.step % run.steps_per_epoch == 0
        if end_of_epoch:
            line |= _judge_epoch(run, state, epoch)
        if main:
            log_line(run.out, line)
        if main and (end_of_epoch or state.step % run.config.save_every == 0):
            save(run.out, state, run.stateful)
        bar.update()
        bar.set_postfix(loss=f"{line['loss']:.3f}", rate=f"{line['studies_per_second']:.1f} studies/s")
    bar.close()
    run.accelerator.wait_for_everyone()


def _step(run: Run, step: int, order: NDArray[np.int64], position: int) -> dict[str, Any]:
    """One optimiser step over the batch at `position`; every process takes its share of it."""
    size, processes = run.config.optimiser.batch_size, run.accelerator.num_processes
    indices = order[position * size : (position + 1) * size]
    share = slice(run.accelerator.process_index, None, processes)
    torch.manual_seed(run.config.seed * 1_000_003 + step + 1)  # dropout takes no generator of its own
    set_training_mode(run.model)
    rng = np.random.default_rng([run.config.seed, step, 0])  # the same in every process: what is drawn is of the whole batch
    batch = run.train.batch(indices, rng, share).to(run.accelerator.device)
    hardness = _hardness(run, step)
    with run.accelerator.autocast():
        terms = run.task(batch, hardness)
    values = {name: float(run.accelerator.reduce(term.detach(), "mean")) for name, term in terms.items()}
    if not all(np.isfinite(list(values.values()))):
        names = ", ".join(run.train.images.studies[i].id for i in indices)
        raise RrgError(
            f"The loss is not a number at step {step} ({values}). The batch: {names}. Lower the learning rate."
        )
    run.accelerator.backward(terms["loss"])
    norm = _clip(run)
    run.optimiser.step()
    run.schedule.step()
    run.optimiser.zero_grad()
    if run.mean is not None:
        run.mean.update_parameters(run.model)
    rate = run.schedule.get_last_lr()[0]
    return {"step": step, **values, "hardness": hardness, "gradient": norm, "rate": rate}


def _hardness(run: Run, step: int) -> float:
    """lambda of this step."""
    settings = run.config.objective
    if settings.synthesis == RELEASED:
        return hardness_of_epoch(step // run.steps_per_epoch + 1)
    return hardness_at(step, run.steps, settings.lambda_end, settings.lambda_start)


def _clip(run: Run) -> float:
    """Clip generator and heads apart: one norm over both would let detached heads shrink the generator's step.

    Returns the generator's norm before clipping.
    """
    heads = list(run.model.heads.parameters())
    own = {id(parameter) for parameter in heads}
    generator = [parameter for parameter in run.model.parameters() if id(parameter) not in own]
    run.accelerator.clip_grad_norm_(heads, run.config.optimiser.clip)
    return float(run.accelerator.clip_grad_norm_(generator, run.config.optimiser.clip))


def set_training_mode(model: GeneratorModel) -> None:
    """Dropout on, the image network's BatchNorm statistics as they came: batches are small, processes must agree."""
    model.train()
    model.encoder.backbone.eval()


def epoch_order(train: Source, config: Config, epoch: int) -> NDArray[np.int64]:
    """Every study once, or as many drawn by their chance, in an order that (seed, epoch) alone decide."""
    rng = np.random.default_rng([config.seed, epoch])
    if train.chance is None:
        return rng.permutation(len(train))
    return rng.choice(len(train), len(train), p=train.chance)


def _judge_epoch(run: Run, state: TrainState, epoch: int) -> dict[str, float]:
    """Score the epoch on val, and keep its weights if they are the best so far by the configured metric."""
    scores = validate(run.kept, run.val, run.tokenizer.unk_token_id)
    by_metric = {
        "loss": -scores["val_loss"],
        "recall_at_10": scores["val_recall_at_10"],
        "last": float(epoch),
    }
    value = by_metric[run.config.select]
    if not np.isfinite(value):
        raise RrgError(
            f"The val metric '{run.config.select}' is not a number after epoch {epoch + 1} ({scores})."
        )
    if value > state.best:
        state.best, state.best_epoch = value, epoch
        state.best_weights = {k: v.detach().cpu().clone() for k, v in run.kept.state_dict().items()}
    return {"epoch": epoch, **scores}


def _export(run: Run, state: TrainState) -> None:
    """Write the kept epoch, with a screen fitted on its image network and the recipe that made it."""
    assert state.best_weights is not None
    run.model.load_state_dict(state.best_weights)
    recipe = {
        "config": run.config.model_dump(mode="json", exclude={"data": {"folder", "cache"}}),
        "steps": state.step,
        "kept_epoch": state.best_epoch + 1,
        "train_studies": len(run.train),
        "processes": run.accelerator.num_processes,
    }
    preprocessing = Preprocessing(size=run.config.model.image_size)
    save_checkpoint(run.out / CHECKPOINT, run.model, run.tokenizer, preprocessing, _screen(run), recipe)


def _screen(run: Run) -> Screen:
    films, views = _films(run, run.train)
    return fit_screen(films, views, _films(run, run.val)[0])


def _films(run: Run, source: Source) -> tuple[Tensor, Tensor]:
    """Pooled backbone features (M, F) and views (M,) of the films that are there."""
    maps = source.features
    if maps is None:
        maps = kept_features(run.model.encoder, source.images, run.config.data.cache, progress=True)
    pooled = np.stack([study.astype(np.float32).mean(1) for study in maps])
    present = source.images.views != View.ABSENT
    return torch.from_numpy(pooled[present]), torch.from_numpy(source.images.views[present])

"""What survives a kill: the state that a run is taken up from, and its log. Knows no data, no loss and no model's kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

STATE, METRICS = "state.pt", "metrics.jsonl"


class Stateful(Protocol):
    """A model, an optimiser, a schedule."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


@dataclass(eq=False)
class TrainState:
    """What is saved beside model, optimiser and schedule. All else lives at run time only."""

    step: int = 0
    best: float = float("-inf")
    best_weights: dict[str, Tensor] | None = None
    best_epoch: int = -1


def save(folder: Path, state: TrainState, parts: Mapping[str, Stateful]) -> None:
    """Written beside and moved into place, so that a kill leaves the old state or the new one."""
    part = folder / (STATE + ".part")
    torch.save({"state": vars(state), **{name: each.state_dict() for name, each in parts.items()}}, part)
    part.replace(folder / STATE)


def resume(folder: Path, parts: Mapping[str, Stateful]) -> TrainState:
    """Load the parts from `folder`, if a run was interrupted there; a new run starts at step 0."""
    file = folder / STATE
    if not file.is_file():
        return TrainState()
    saved = torch.load(file, map_location="cpu", weights_only=True)
    for name, each in parts.items():
        each.load_state_dict(saved[name])
    return TrainState(**saved["state"])


def log_line(folder: Path, line: Mapping[str, Any]) -> None:
    """Append one step's numbers."""
    with (folder / METRICS).open("a") as stream:
        stream.write(json.dumps(line) + "\n")


def forget_after(folder: Path, step: int) -> None:
    """Drop the logged lines of steps that will be taken again, a half-written one among them."""
    file = folder / METRICS
    if not file.is_file():
        return
    whole = [line for line in file.read_text().splitlines() if line.endswith("}")]
    file.write_text("".join(line + "\n" for line in whole if json.loads(line)["step"] < step))

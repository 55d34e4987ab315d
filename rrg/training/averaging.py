"""The running mean of a model's weights, which generalises better than the last step (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def running_mean(model: nn.Module, momentum: float) -> AveragedModel:
    """A copy of `model` that `update_parameters` moves towards it by 1 - `momentum`; by more in the first steps, so that the
    start is soon forgotten. Buffers are the model's.
    """

    def moved(mean: Tensor, value: Tensor, count: Tensor | int) -> Tensor:
        kept = min(momentum, float(count) / (float(count) + 10))
        return mean + (value - mean) * (1 - kept)  # in this form what does not move stays as it is, to the last bit

    return AveragedModel(model, avg_fn=moved)

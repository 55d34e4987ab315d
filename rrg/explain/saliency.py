"""Where in a film a model finds its evidence for one sentence: `grad-cam` behind one function.

The target is the sum of the sentence's token log-probabilities, given the films and the rest of the report (teacher
forcing). Maps are in nats and add up: the default's cells, over both views and with their signs, sum to the log of how
much more probable this film makes the sentence than an average film does (`rrg.explain.average`). So maps of two models
and two views share one scale, and a sentence that owes nothing to the film stays pale.

`grad-cam` itself stretches every map to [0, 1], twice; only its raw `get_cam_image` is used. Its hooks sit on a
module of one call and nothing is written to the weights' `.grad`, so readers share a model without a lock. Knows no page
and no colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import EigenGradCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from rrg.explain.average import average_film
from rrg.explain.field import field_of_view
from rrg.explain.sentence_target import SentenceTarget, sentence_target
from rrg.models.checkpoint import Checkpoint
from rrg.types import Evidence, RrgError, Saliency, View


@dataclass(frozen=True)
class Method:
    """A way to weigh the image network's last map: `cam` of `grad-cam`, gradients taken at `points` places.

    With `against_average` the weights fall on what differs from the average film, and the gradients are means along
    the straight way from there (integrated gradients, arXiv:1703.01365, at midpoints); else on the whole map.
    """

    cam: type[BaseCAM]
    points: int = 1
    against_average: bool = False


METHODS = {
    "path": Method(HiResCAM, points=8, against_average=True),
    "gradcam": Method(GradCAM),
    "gradcam++": Method(GradCAMPlusPlus),
    "layercam": Method(LayerCAM),
    "eigengradcam": Method(EigenGradCAM),
    # No plain HiResCAM: behind a layer norm, activation times gradient sums to zero in every cell (Euler's theorem).
}
DEFAULT = "path"


def check_method(name: str) -> None:
    """RrgError where there is no such method."""
    if name not in METHODS:
        raise RrgError(f"There is no saliency method '{name}'. Known: {', '.join(METHODS)}.")


def saliency(
    checkpoint: Checkpoint, pixels: Tensor, views: Tensor, report: str, sentence: int, method: str = DEFAULT
) -> tuple[Saliency, ...]:
    """The maps of `evidence` alone."""
    return evidence(checkpoint, pixels, views, report, sentence, method).maps


def evidence(
    checkpoint: Checkpoint, pixels: Tensor, views: Tensor, report: str, sentence: int, method: str = DEFAULT
) -> Evidence:
    """Evidence for `sentences(report)[sentence]` in one study: pixels (1, V, 1, H, W) in [0, 1], views (1, V) int64.

    Values are in `rrg.explain.scale.UNIT` where the film speaks for the sentence, 0 where it does not, NaN outside the
    field of view; nothing is stretched to any range. RrgError on an unknown method or sentence, and without an average film.
    """
    target = sentence_target(checkpoint, report, sentence)
    with torch.no_grad():
        features = checkpoint.model.encoder.feature_maps(pixels, views)
    cells = cell_evidence(checkpoint, features, views, target, method)
    spread = torch.from_numpy(np.maximum(cells, 0.0) * (cells[0].size / 100))
    size = pixels.shape[-2:]
    maps = nn.functional.interpolate(spread[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    there = views[0] != View.ABSENT
    shown = tuple(
        Saliency(np.where(field_of_view(square), values, np.float32(np.nan)), View(int(view)), sentence)
        for values, square, view in zip(
            maps.numpy(), pixels[0, there, 0].numpy(), views[0, there], strict=True
        )
    )
    film, average = with_and_without(checkpoint, features, views, target)
    words = zip(target.words(checkpoint), film.exp().tolist(), strict=True)
    return Evidence(shown, float(film.sum() - average.sum()), tuple(words))


@torch.no_grad()
def with_and_without(
    checkpoint: Checkpoint, features: Tensor, views: Tensor, target: SentenceTarget
) -> Tensor:
    """Log-probability of each token of the sentence with this film and with an average one: (2, T) nats."""
    both = torch.cat([features, average_film(checkpoint).maps(views)])
    return target.each(checkpoint.model, checkpoint.model.encode(None, views.expand(2, -1), features=both))


def cell_evidence(
    checkpoint: Checkpoint, features: Tensor, views: Tensor, target: SentenceTarget, method: str = DEFAULT
) -> NDArray[np.float32]:
    """Feature maps (1, V, G * G, F) -> (N, G, G) float32, signed: a map on the network's own grid per view that is there.

    Nats with "path"; other methods give the raw values of `grad-cam`, which share no unit.
    """
    check_method(method)
    how, model = METHODS[method], checkpoint.model
    with torch.no_grad():
        start = average_film(checkpoint).maps(views) if how.against_average else torch.zeros_like(features)
        share = (torch.arange(how.points) + 0.5) / how.points if how.against_average else torch.ones(1)
        points = start + share.view(-1, 1, 1, 1) * (features - start)
    rest = _Rest(model, views, target)
    films = rest.fold(points).requires_grad_()  # the network may be frozen: hooks need a gradient to pass
    cam = how.cam(rest, [rest.tap])
    try:  # not `with`: its exit swallows IndexError
        with torch.enable_grad():
            torch.autograd.grad(cam.activations_and_grads(films).sum(), films)  # leaves `.grad` alone
        gradients = cam.activations_and_grads.gradients[0].numpy()
    finally:
        cam.activations_and_grads.release()
    gradients = gradients.reshape(how.points, -1, *gradients.shape[1:]).mean(0)
    raw = cam.get_cam_image(films, rest.tap, [], rest.fold(features - start).numpy(), gradients, False)
    return np.nan_to_num(np.asarray(raw, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)


class _Rest(nn.Module):
    """The network behind its last map, as `grad-cam` wants it: maps (K * N, F, G, G) of N films -> (K,)."""

    def __init__(self, model: Any, views: Tensor, target: SentenceTarget) -> None:
        super().__init__()
        self.tap = nn.Identity()  # where the hooks go: on nothing that another reader uses
        self.model, self.views, self.target = [model], views, target  # in a list: not a part of this module

    def parameters(self, recurse: bool = True) -> Any:
        """`grad-cam` asks the first one for its device."""
        return self.model[0].parameters(recurse)

    def fold(self, features: Tensor) -> Tensor:
        """(K, V, P, F) -> (K * N, F, G, G), the views that are there."""
        there = features[:, self.views[0] != View.ABSENT].flatten(0, 1)
        side = math.isqrt(there.shape[1])
        if side**2 != there.shape[1]:
            raise RrgError("This image network gives no square map, so no place in the film can be shown.")
        return there.transpose(1, 2).unflatten(2, (side, side)).contiguous()

    def forward(self, films: Tensor) -> Tensor:
        there = self.views[0] != View.ABSENT
        maps = self.tap(films).flatten(2).transpose(1, 2).unflatten(0, (-1, int(there.sum())))
        features = maps.new_zeros(len(maps), len(there), *maps.shape[2:])
        features[:, there] = maps
        views = self.views.expand(len(maps), -1)
        encoded = self.model[0].encode(None, views, features=features)
        return self.target.log_likelihood(self.model[0], encoded)

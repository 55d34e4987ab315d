"""What a model's embeddings and likelihoods say of it: loss, retrieval, margins. Knows no text score and no network.

With the images permuted, too, for the image-shuffle gap. A system of which only texts are known has none of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.evaluation.answers import SCORES, Answers
from rrg.evaluation.discrimination import Discrimination, Similarity, cosines, discriminate
from rrg.evaluation.margins import summarise_margins
from rrg.evaluation.outputs import Embedded, Outputs, Weighed
from rrg.evaluation.references import References

NO_MODEL = "only texts are known of this system, no embeddings and no likelihoods"
MODEL_METRICS = ("loss", "retrieval", "margins")
NONE: Mapping[str, Any] = dict.fromkeys(MODEL_METRICS)

Rng = np.random.Generator


def model_metrics(outputs: Outputs, against: References, rng: Rng) -> dict[str, Any]:
    """`MODEL_METRICS` of N studies, all None where only texts are known."""
    model = outputs.embedded
    if model is None:
        return dict(NONE)
    found = _found(cosines(model.image, model.report), against)
    return _metrics(model, model.weighed, found, rng)


def model_metrics_permuted(
    outputs: Outputs, images: NDArray[np.int64] | None, against: References, rng: Rng
) -> dict[str, Any]:
    """The same where study i comes with the images of study images[i]; None where that was not asked."""
    model = outputs.embedded
    if model is None or model.shuffled is None or images is None:
        return dict(NONE)
    found = _found(cosines(model.image[images], model.report), against)
    return _metrics(model, model.shuffled, found, rng)


def model_rows(outputs: Outputs, against: References) -> Iterator[dict[str, Any]]:
    """Each study's "loss", "tokens", "ranks" and "margins"."""
    model = outputs.embedded
    if model is None:
        yield from ({"loss": None, "tokens": None, "ranks": {}, "margins": None} for _ in outputs.texts)
        return
    found = _found(cosines(model.image, model.report), against)
    for i, answers in enumerate(model.weighed.answers):
        yield {
            "loss": _finite(float(model.weighed.loss[i])),
            "tokens": int(model.tokens[i]),
            "ranks": {name: int(ranks[i]) for name, ranks in found.ranks.items()},
            "margins": _margins(answers),
        }


def _found(similarity: Similarity, against: References) -> Discrimination:
    return discriminate(similarity, against.relevances)


def _metrics(model: Embedded, weighed: Weighed, found: Discrimination, rng: Rng) -> dict[str, Any]:
    return {
        "loss": _loss(weighed.loss, model.tokens),
        "retrieval": found.metrics,
        "margins": summarise_margins(weighed.answers, rng),
    }


def _loss(loss: NDArray[np.float64], tokens: NDArray[np.int64]) -> float | None:
    """Nats a token, over all known tokens of the studies whose loss is finite."""
    told = np.isfinite(loss) & (tokens > 0)
    return float((loss * tokens)[told].sum() / tokens[told].sum()) if told.any() else None


def _margins(answers: Answers) -> dict[str, Any]:
    """True minus false, above 0 where the true report fits better, by every score.

    "facts" is a row for each edit: fact, label, its margins in the order of `SCORES`, direction.
    """
    return {
        **{f"peer {score}": _finite(answers.peer(score)) for score in SCORES},
        "hardness": {str(hardness): _finite(margin) for hardness, margin in answers.hardness.items()},
        "facts": [
            [fact.fact, fact.label, *(_finite(fact.margin(score)) for score in SCORES), fact.direction]
            for fact in answers.facts
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

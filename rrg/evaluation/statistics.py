"""Is the difference between two evaluations more than chance? Paired bootstrap over studies.

Knows the files that `evaluate` writes, no model and no text. Both values of a study are drawn together, so
what makes a study hard for everyone cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.evaluation.discrimination import DEPTHS
from rrg.types import RrgError

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK = 2_000_000  # numbers held at once
NO_DIFFERENCE = "no difference found"


@dataclass(frozen=True)
class Difference:
    """Means over the shared studies, B minus A, and the percentile interval of the difference."""

    a: float
    b: float
    difference: float
    low: float
    high: float
    studies: int
    left_out: int  # studies without a value in either file
    finding: str  # "B is higher", "B is lower" or "no difference found"


def paired_bootstrap(
    a: NDArray[np.floating], b: NDArray[np.floating], rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """a (N,), b (N,) of the same studies -> the 95 % percentile interval of mean(b - a) (Efron, 1979)."""
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise RrgError(
            f"a paired interval needs two equally long lists of at least 2 values; got {a.shape}, {b.shape}"
        )
    gain = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    per_chunk = max(1, CHUNK // len(gain))
    means = [
        gain[rng.integers(0, len(gain), (min(per_chunk, resamples - done), len(gain)))].mean(axis=1)
        for done in range(0, resamples, per_chunk)
    ]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def difference(
    a: Sequence[float | None],
    b: Sequence[float | None],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Difference | None:
    """Difference of two columns, incomplete pairs left out; None where fewer than two pairs remain."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    if len(pairs) < 2:
        return None
    first, second = np.array(pairs, dtype=np.float64).T
    low, high = paired_bootstrap(first, second, rng, resamples)
    finding = NO_DIFFERENCE if low <= 0 <= high else f"B is {'higher' if low > 0 else 'lower'}"
    means = float(first.mean()), float(second.mean())
    return Difference(*means, means[1] - means[0], low, high, len(pairs), len(a) - len(pairs), finding)


def compare(
    a: Mapping[str, Any], b: Mapping[str, Any], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Every per-study number of two results of `evaluate`, paired by study id.

    RrgError where they share fewer than two studies or come from different splits.
    """
    if a["data"]["split"] != b["data"]["split"]:
        raise RrgError(
            f"A is of split {a['data']['split']!r}, B of {b['data']['split']!r}; compare one split"
        )
    first, second = ({study["id"]: study for study in result["studies"]} for result in (a, b))
    shared = [study for study in first if study in second]
    if len(shared) < 2:
        raise RrgError(
            f"A has {len(first)} studies, B {len(second)}, and they share {len(shared)}; at least 2 needed"
        )
    columns = (
        [dict(_columns(first[study])) for study in shared],
        [dict(_columns(second[study])) for study in shared],
    )
    names = [name for name in columns[0][0] if name in columns[1][0]]
    found = {
        name: difference(
            [row.get(name) for row in columns[0]], [row.get(name) for row in columns[1]], rng, resamples
        )
        for name in names
    }
    return {
        "schema": 1,
        "a": a["system"],
        "b": b["system"],
        "split": a["data"]["split"],
        "studies": {
            "shared": len(shared),
            "only in a": len(first) - len(shared),
            "only in b": len(second) - len(shared),
        },
        "resamples": resamples,
        "level": LEVEL,
        "note": "B minus A, means over studies (not corpus scores); lower is better for loss and rank",
        "differences": {name: asdict(value) for name, value in found.items() if value is not None},
    }


def _columns(study: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    yield "loss", study.get("loss")
    for protocol, scores in study.get("scores", {}).items():
        for metric, value in scores.items():
            yield f"{protocol}/{metric}", value
    for name, rank in study.get("ranks", {}).items():
        yield f"{name}/rank", rank
        for depth in DEPTHS:
            yield f"{name}/recall@{depth}", float(rank <= depth)


def as_table(result: Mapping[str, Any]) -> str:
    """The result of `compare`, a line for each number."""
    lines = [f"{result['studies']['shared']} studies of {result['split']}; {result['note']}"]
    for name, d in result["differences"].items():
        interval = f"{d['difference']:+.4f} [{d['low']:+.4f}, {d['high']:+.4f}]"
        lines.append(f"{name:<34} {d['a']:9.4f} {d['b']:9.4f}  {interval}  {d['finding']}")
    return "\n".join(lines)

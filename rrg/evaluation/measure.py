"""A measure as sums: what each study adds, and the score of any selection. Knows no metric by name and no file.

The columns add up over studies, and the score is a function of the sums. So a resample is a weighted sum, and a score
of a whole corpus is recomputed on it and not averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Better = Literal["higher", "lower"]
Score = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Values = Sequence[float | None]


@dataclass(frozen=True, eq=False)
class Measure:
    """columns (N, K): what each study adds; present (N,) bool: has it a value at all; score: (..., K) -> (...)."""

    columns: NDArray[np.float64]
    present: NDArray[np.bool_]
    score: Score
    better: Better | None

    def of(self, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The columns, with studies that are not `kept` adding nothing."""
        return np.where(kept[:, None], self.columns, 0.0)


def mean_of(values: Values, better: Better | None = "higher") -> Measure:
    """One number a study, None where it has none; scored by their mean."""
    return ratio_of(values, [None if value is None else 1.0 for value in values], better)


def ratio_of(values: Values, counts: Values, better: Better | None = "higher") -> Measure:
    """Sum of values over sum of counts, e.g. right answers over questions; None where a study has none."""
    present = np.array(
        [value is not None and bool(count) for value, count in zip(values, counts, strict=True)]
    )
    columns = np.array(
        [(v, c) if there else (0.0, 0.0) for v, c, there in zip(values, counts, present, strict=True)],
        np.float64,
    ).reshape(-1, 2)
    return Measure(columns, present, ratio, better)


def ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """sums (..., 2) -> (...): the first over the second; NaN where that is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])

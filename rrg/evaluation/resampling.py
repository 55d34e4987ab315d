"""Is the difference between two systems more than chance? Paired bootstrap over studies, and over training runs.

Knows sums over studies and random numbers, no metric by name and no text. All values of a study are drawn together
and for both systems at once, so what makes a study hard for everyone cancels.

Where a system was trained several times, its score is the mean of its runs' scores, and runs are drawn before
studies (a hierarchical bootstrap: Field and Welsh 2007; for benchmarks Agarwal et al. 2021, arXiv:2108.13264, and
Bouthillier et al. 2021, arXiv:2103.03098). The mean of the runs alone, resampled over studies only, would answer for
these very runs; what is asked is whether training again would show it. Of S runs S - 1 are drawn: drawing S would
make the spread between runs too small by (S - 1) / S, a third of its variance at 3 (Rao and Wu 1988). The runs of
A and B are drawn apart, although some may share a seed: that can only widen an interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rrg.evaluation.measure import Better, Measure, Score
from rrg.types import RrgError

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK = 2_000_000  # numbers held at once
FEWEST = 20  # studies; an interval of fewer is too narrow to be believed, so nothing is said
NO_DIFFERENCE, TOO_FEW = "no difference found", "too few studies"

Scores = NDArray[np.float64]
Part = slice | Sequence[int]  # which of the runs


@dataclass(frozen=True)
class Runs:
    """A score of each run of one system, their mean, and their standard deviation: None for a single run."""

    values: tuple[float, ...]
    mean: float
    sd: float | None

    @classmethod
    def of(cls, values: Scores) -> Runs:
        """values (S,)."""
        sd = float(values.std(ddof=1)) if len(values) > 1 else None
        return cls(tuple(values.tolist()), float(values.mean()), sd)


@dataclass(frozen=True)
class Level:
    """The score of one system, and its 95 % percentile interval over studies and, where there are several, its runs."""

    runs: Runs
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Drawn:
    """One measure of S runs: of all studies (S,), and of each of R resamples of them (S, R).

    kept (N,): the studies that have a value in every run. The same resamples for all runs and all measures.
    """

    whole: Scores
    resampled: Scores
    kept: NDArray[np.bool_]
    better: Better | None


@dataclass(frozen=True)
class Difference:
    """B minus A, and its 95 % percentile interval (Efron, 1979)."""

    a: Runs
    b: Runs
    difference: float
    low: float
    high: float
    studies: int
    left_out: int  # studies without a value in at least one of the runs
    undefined: int  # resamples in which the score is 0/0, not counted in the interval
    better: Better | None
    finding: str  # "B is higher", "B is lower", "no difference found" or "too few studies"

    @property
    def outside(self) -> bool:
        """Does the interval leave zero out, and is it worth believing?"""
        return self.finding not in (NO_DIFFERENCE, TOO_FEW)

    @property
    def favours(self) -> str | None:
        """ "A" or "B"; None where no difference is found or neither direction is better."""
        if self.better is None or not self.outside:
            return None
        return "B" if self.finding.endswith(self.better) else "A"

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"favours": self.favours}


def differences(
    a: Sequence[Mapping[str, Measure]],
    b: Sequence[Mapping[str, Measure]],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> dict[str, Difference]:
    """Runs of A and runs of B, each name -> measure of the same N studies, row by row.

    Names that not all runs have, and measures that fewer than 2 studies have in all runs, are not in the answer.
    The same resamples serve every measure. RrgError where there are fewer than 2 studies or no run.
    """
    _check(a, b, resamples)
    drawn = resample_runs([*a, *b], rng, resamples)
    sides = slice(len(a)), slice(len(a), None)
    weights = draw_runs(len(a), rng, resamples), draw_runs(len(b), rng, resamples)
    found = {name: difference(each, sides, weights) for name, each in drawn.items()}
    return {name: value for name, value in found.items() if value is not None}


def resample_runs(
    runs: Sequence[Mapping[str, Measure]], rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Drawn]:
    """Measures of the same N studies, row by row -> those that all runs have, of at least 2 studies."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    kept = {name: np.logical_and.reduce([run[name].present for run in runs]) for name in names}
    kept = {name: rows for name, rows in kept.items() if rows.sum() > 1}
    columns = {name: [run[name].of(rows) for run in runs] for name, rows in kept.items()}
    scores = {name: runs[0][name].score for name in kept}
    resampled = _resampled(columns, scores, rng, resamples)
    return {
        name: Drawn(
            np.array([scores[name](each.sum(axis=0)) for each in columns[name]]),
            resampled[name],
            rows,
            runs[0][name].better,
        )
        for name, rows in kept.items()
    }


def level(drawn: Drawn, runs: Part, weights: Scores) -> Level | None:
    """The score of the system whose runs are `runs`, drawn as `weights` (R, S) say; None where it has none."""
    whole, means = drawn.whole[runs], _mean_of_runs(drawn, runs, weights)
    means = means[np.isfinite(means)]
    if not np.isfinite(whole).all() or not len(means):
        return None
    return Level(Runs.of(whole), *interval(means))


def difference(drawn: Drawn, sides: tuple[Part, Part], weights: tuple[Scores, Scores]) -> Difference | None:
    """Runs `sides[1]` less runs `sides[0]`, drawn as `weights` (R, S) say; None where a score is undefined."""
    a, b = (drawn.whole[side] for side in sides)
    means = [_mean_of_runs(drawn, side, each) for side, each in zip(sides, weights, strict=True)]
    gain = means[1] - means[0]
    if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(gain).any()):
        return None
    return _difference(a, b, gain, drawn.kept, drawn.better)


def _mean_of_runs(drawn: Drawn, runs: Part, weights: Scores) -> Scores:
    return np.asarray((weights.T * drawn.resampled[runs]).sum(axis=0))


def _resampled(
    columns: Mapping[str, Sequence[Scores]],
    scores: Mapping[str, Score],
    rng: np.random.Generator,
    resamples: int,
) -> dict[str, Scores]:
    """Name -> (runs, resamples): every run's score on every resample of the studies."""
    if not columns:
        return {}
    studies = len(next(iter(columns.values()))[0])
    parts: dict[str, list[Scores]] = {name: [] for name in columns}
    for weights in resample(studies, rng, resamples):
        for name, each in columns.items():
            parts[name].append(np.stack([scores[name](weights @ run) for run in each]))
    return {name: np.concatenate(part, axis=1) for name, part in parts.items()}


def resample(studies: int, rng: np.random.Generator, resamples: int) -> Iterator[NDArray[np.float64]]:
    """Weights (r, N), how often each of N studies was drawn, N drawn a row; `resamples` rows in all, in chunks."""
    per_chunk = max(1, CHUNK // studies)
    for done in range(0, resamples, per_chunk):
        rows = min(per_chunk, resamples - done)
        drawn = rng.integers(0, studies, (rows, studies)) + studies * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * studies).reshape(rows, studies).astype(np.float64)


def draw_runs(runs: int, rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """(resamples, S) weights of the runs, each row summing to 1: S - 1 of S are drawn; a single run stands."""
    if runs == 1:
        return np.ones((resamples, 1))
    return rng.multinomial(runs - 1, np.full(runs, 1 / runs), resamples) / (runs - 1)


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """a (N,), b (N,) of the same studies -> the 95 % percentile interval of mean(b - a)."""
    gain = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    if gain.ndim != 1 or len(gain) < 2:
        raise RrgError(
            f"a paired interval needs two equally long lists of at least 2 values; got {gain.shape}"
        )
    means = [weights @ gain / len(gain) for weights in resample(len(gain), rng, resamples)]
    low, high = interval(np.concatenate(means))
    return low, high


def interval(values: Scores) -> tuple[float, float]:
    """The middle 95 % of the values (R,)."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _difference(
    a: Scores, b: Scores, gain: Scores, kept: NDArray[np.bool_], better: Better | None
) -> Difference:
    defined = gain[np.isfinite(gain)]
    low, high = interval(defined)
    first, second = Runs.of(a), Runs.of(b)
    return Difference(
        first, second, second.mean - first.mean, low, high,
        int(kept.sum()), int((~kept).sum()), len(gain) - len(defined), better, _verdict(low, high, int(kept.sum())),
    )  # fmt: skip


def _verdict(low: float, high: float, studies: int) -> str:
    if studies < FEWEST:
        return TOO_FEW
    if low <= 0 <= high:
        return NO_DIFFERENCE
    return f"B is {'higher' if low > 0 else 'lower'}"


def _check(a: Sequence[Mapping[str, Measure]], b: Sequence[Mapping[str, Measure]], resamples: int) -> None:
    lengths = {len(measure.present) for run in (*a, *b) for measure in run.values()}
    if not a or not b or len(lengths) > 1 or min(lengths, default=2) < 2 or resamples < 1:
        raise RrgError(
            f"{len(a)} runs of A and {len(b)} of B over {sorted(lengths)} studies, {resamples} resamples: "
            "a comparison needs a run of each, at least 2 studies that all share, and a resample"
        )

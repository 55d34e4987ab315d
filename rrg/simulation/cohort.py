"""A cohort of simulated studies on disk, in the layout of IU X-Ray. Knows files, seeds and processes, no anatomy, no words.

Each study comes from a seed of its own, so it is the same whatever else is made and however many processes make it. A study
is whole when its `truth/<id>.json` is there, which is written last: an interrupted cohort is taken up by the same call.
`rrg.data.simulated` says what the files hold.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from rrg.data.simulated import COHORT, PAIR_SPLIT
from rrg.simulation.sampling import sample_truth
from rrg.simulation.study_files import write_study
from rrg.simulation.tables import NOTICE, write_tables, write_whole
from rrg.simulation.truth import Simulated, Truth
from rrg.simulation.twins import sample_twins
from rrg.types import RrgError

FORMAT = 1
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
STUDY, PAIR, SPLIT = 0, 1, 4  # uses of the cohort's and of a study's seed
BITS = 48  # of a study's seed: JSON numbers of that size are read exactly everywhere
Simulator = Callable[[Truth], Simulated]


def packaged_simulator() -> Simulator:
    """The simulator of this package with its anatomy: some seconds and half a gigabyte."""
    import cv2

    from rrg.simulation.anatomy import load_anatomy
    from rrg.simulation.simulate import simulate

    cv2.setNumThreads(1)  # the processes are the parallelism
    return partial(simulate, anatomy=load_anatomy())


@dataclass(frozen=True)
class Settings:
    """What a cohort holds. More studies or pairs may be asked for later: those that are there stay as they are."""

    studies: int
    pairs: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.studies, self.pairs, self.seed) < 0 or not self.studies + self.pairs:
            raise RrgError(
                f"{self.studies} studies, {self.pairs} pairs, seed {self.seed}: none may be negative, and one study or pair "
                "is the least"
            )


@dataclass(frozen=True)
class _Task:
    """A study, or the two of a pair."""

    number: int
    seed: int
    pair: bool
    ids: tuple[str, ...]


def make_cohort(
    out: Path,
    settings: Settings,
    *,
    processes: int = 1,
    simulator: Callable[[], Simulator] | None = None,
    progress: bool = False,
) -> dict[str, int]:
    """Make what is missing, then write the tables; answers how many studies each split has.

    `simulator` (`packaged_simulator` if none is given) is called once in each process and must be importable there, as
    processes are spawned. RrgError where `out` holds something else, or a cohort of another seed or another version of
    the simulation.
    """
    _claim(out, settings)
    tasks = _tasks(settings)
    left = [task for task in tasks if not all(_is_done(out, each) for each in task.ids)]
    bar = tqdm(total=len(tasks), initial=len(tasks) - len(left), unit="study", disable=not progress)
    with bar:
        for _ in _worked(out, left, processes, simulator or packaged_simulator):
            bar.update()
    return write_tables(out, [task.ids for task in tasks])


# --- Seeds and names ---


def study_seed(seed: int, use: int, number: int) -> int:
    """The seed of one study of a cohort."""
    drawn = int(np.random.SeedSequence([seed, use, number]).generate_state(1, np.uint64)[0])
    return drawn >> (64 - BITS)


def _tasks(settings: Settings) -> list[_Task]:
    name = f"sim{settings.seed}"
    studies = [
        _Task(at, study_seed(settings.seed, STUDY, at), False, (f"{name}-{at:06d}",))
        for at in range(settings.studies)
    ]
    pairs = [
        _Task(at, study_seed(settings.seed, PAIR, at), True, (f"{name}-p{at:05d}a", f"{name}-p{at:05d}b"))
        for at in range(settings.pairs)
    ]
    return studies + pairs


def split_of(seed: int) -> str:
    """Of a study by its own seed, so that it stays where it is when the cohort grows."""
    drawn, edge = np.random.default_rng([seed, SPLIT]).random(), 0.0
    for name, share in SHARES.items():
        edge += share
        if drawn < edge:
            return name
    return "test"


# --- Work ---


def _worked(
    out: Path, tasks: Sequence[_Task], processes: int, simulator: Callable[[], Simulator]
) -> Iterator[None]:
    """Once for each task that is done."""
    if processes <= 1 or len(tasks) <= 1:
        run = simulator() if tasks else None
        for task in tasks:
            _work(out, task, run)
            yield
        return
    with _one_thread_each():
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start, (simulator,))
        try:
            yield from pool.map(partial(_work, out), tasks)
        except BrokenProcessPool as error:
            raise RrgError(
                "a process of the simulation was killed, most likely for want of memory; what is made is kept: run the "
                "same command again with fewer --processes"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started in here compute with one thread: they are the parallelism."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_simulator: Simulator | None = None  # of a worker process


def _start(simulator: Callable[[], Simulator]) -> None:
    global _simulator
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    _simulator = simulator()


def _work(out: Path, task: _Task, simulator: Simulator | None = None) -> None:
    run = simulator or _simulator
    assert run is not None
    if not task.pair:
        truth = sample_truth(task.seed)
        write_study(out, task.ids[0], truth, run(truth), split=split_of(task.seed))
        return
    twins = sample_twins(task.seed, task.number)
    for own, truth in zip(task.ids, (twins.first, twins.second), strict=True):
        write_study(out, own, truth, run(truth), split=PAIR_SPLIT, twins=twins)


def _is_done(out: Path, study_id: str) -> bool:
    return (out / "truth" / f"{study_id}.json").is_file()


# --- The folder ---


def _claim(out: Path, settings: Settings) -> None:
    """The folder is empty, new, or holds this very cohort."""
    if out.exists() and not out.is_dir():
        raise RrgError(f"{out} is a file; name a folder for the cohort")
    marker = out / COHORT
    own = {"format": FORMAT, "seed": settings.seed, "version": version(), "notice": NOTICE}
    if marker.is_file():
        _check_same(marker, own)
    elif out.is_dir() and any(out.iterdir()):
        raise RrgError(f"{out} holds something else than a simulated cohort; name a new or an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    write_whole(marker, json.dumps(own, indent=1))


def _check_same(marker: Path, own: dict[str, Any]) -> None:
    try:
        there = json.loads(marker.read_text(encoding="utf-8"))
        different = [name for name in ("format", "seed", "version") if there.get(name) != own[name]]
    except (OSError, ValueError, AttributeError) as error:
        raise RrgError(f"{marker} cannot be read ({error}); delete the folder and begin again") from error
    if different:
        raise RrgError(
            f"{marker.parent} holds a cohort of another {' and '.join(different)}: its studies and new ones would not "
            "belong together. Name another folder, or delete it and begin again"
        )


def version() -> str:
    """Changes with any file of the simulation: code, words."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.suffix in {".py", ".yaml"}:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]

"""A collection with a sample of a tiny simulated cohort beside its checkpoints, and doubles that find its studies."""

from dataclasses import replace
from pathlib import Path

from rrg.app.examples import shipped_examples
from rrg.app.library import Key, Library
from rrg.app.reading_room import ReadingRoom
from rrg.data.datasets import load_studies
from rrg.data.sample import write_sample
from rrg.simulation.cohort import Settings, make_cohort
from tests.app.doubles import TEXTS, Double
from tests.simulation.doubles import make_squares

COLLECTION = "simulated"
SIMULATED = (Key(COLLECTION, "baseline"), Key(COLLECTION, "hard-negative"))
EXAMPLES, GALLERY = 4, 3


class Finding(Double):
    """Finds the training studies of the sample."""

    found: tuple = ()

    def read(self, *args, **more):
        reading = super().read(*args, **more)
        near = zip(reading.neighbours, self.found, strict=True)
        told = tuple(
            replace(n, study_id=study.id, text=study.report, labels=study.labels) for n, study in near
        )
        return replace(reading, neighbours=told)


def make_sample(folder: Path) -> Path:
    """A sample in `folder`/simulated/cohort; every finding is a bright square, its mask that square."""
    whole = folder / "whole"
    make_cohort(whole, Settings(10, 16, seed=6), simulator=make_squares)
    sample = folder / COLLECTION / "cohort"
    sample.parent.mkdir(parents=True, exist_ok=True)
    write_sample(whole, sample, EXAMPLES, GALLERY)
    return sample


def simulated_room(root: Path) -> ReadingRoom:
    """Two collections: "made", whose models know nothing of the sample, and "simulated"."""
    trained = load_studies(make_sample(root), "train")
    made = {}
    for collection in ("made", COLLECTION):
        for name in ("baseline", "hard-negative"):
            folder = root / collection / name
            folder.mkdir(parents=True)
            (folder / "config.json").write_text("{}")
            made[folder] = (Finding if collection == COLLECTION else Double)(name, TEXTS[name])
            made[folder].found = tuple(trained)
    library = Library(root, made.__getitem__)
    simulated = shipped_examples(library.cohorts())
    return ReadingRoom(library, data_file=lambda name: None, simulated=simulated)

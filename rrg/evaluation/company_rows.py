"""The rows beside a system, scored by the code that scores the system. Knows galleries and texts, no generator.

Company: reports that were written without looking, and the nearest neighbour's. Adversaries: the references themselves
and the references with their negations flipped, by which one sees what each score is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rrg.evaluation.adversarial import adversarial_rows
from rrg.evaluation.cohort import Cohort
from rrg.evaluation.company import BEST_CONSTANT, NEAREST, chosen_on, company
from rrg.evaluation.meteor import Meteor
from rrg.evaluation.references import References
from rrg.evaluation.scoring import OF_PAIRS, Scored, score, score_permuted
from rrg.evaluation.shuffle import gaps
from rrg.models.checkpoint import Checkpoint
from rrg.retrieval.gallery import Gallery, check_revision
from rrg.types import RrgError, Study

NO_TRAIN = "no train reports at hand, from which the rows of company are made"
NO_NEIGHBOUR = (
    "the gallery holds no study of the train split whose report is at hand and whose patient is another"
)


@dataclass(frozen=True, eq=False)
class Row:
    """One system of texts beside others: how it scores, and how with the images permuted."""

    scored: Scored
    permuted: Mapping[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        metrics = {key: value for key, value in self.scored.metrics.items() if key != "per finding"}
        return metrics | {"shuffle": gaps(of_pairs(metrics), self.permuted)}


@dataclass(frozen=True, eq=False)
class Judge:
    """How texts are scored in this evaluation: one set of references, one permutation of images, one METEOR.

    Every system gets a random generator of the same `seed`.
    """

    against: References
    images: NDArray[np.int64] | None
    seed: Sequence[int]
    meteor: Meteor
    progress: bool = False

    def row(self, texts: Sequence[str]) -> Row:
        scored = score(texts, self.against, np.random.default_rng(self.seed), self.meteor)
        return Row(scored, score_permuted(texts, self.images, self.against, self.meteor))


def beside(
    judge: Judge, cohort: Cohort, neighbours: Sequence[int] | None, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """ "company" and "adversarial": row name -> its metrics; no company where there is no train split."""
    studies = judge.against.studies
    written = company(cohort.train, studies, rng, neighbours, cohort.val) if cohort.train else {}
    groups = {"company": written, "adversarial": adversarial_rows(judge.against.texts)}
    found: dict[str, dict[str, Any]] = {group: {} for group in groups}
    names = [(group, name) for group, texts in groups.items() for name in texts]
    for group, name in tqdm(names, desc="scoring the company", unit="row", disable=not judge.progress):
        found[group][name] = judge.row(groups[group][name]).as_json()
    if written:
        found["company"][BEST_CONSTANT]["note"] = f"chosen on {chosen_on(studies, cohort.val)}"
    return found


def of_pairs(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics that change when images are permuted."""
    return {key: metrics[key] for key in OF_PAIRS}


# --- The nearest neighbour ---


def gallery_of(checkpoint: Checkpoint) -> tuple[Gallery | None, str]:
    """The gallery beside a checkpoint, or why there is none that fits."""
    try:
        gallery = Gallery.load(checkpoint.folder)
    except RrgError as error:
        return None, str(error)
    amiss = check_revision(gallery, checkpoint.revision)
    return (None, amiss) if amiss else (gallery, "")


def nearest(
    gallery: Gallery, image: NDArray[np.float32], studies: Sequence[Study], train: Sequence[Study]
) -> list[int] | None:
    """For each of N studies, image (N, E), the row in `train` of its nearest by image; None where one has none.

    Its own patient is left out, as is what the gallery holds beyond `train`. An image without a direction (not finite)
    gets the first study: there is no nearest one.
    """
    places = {study.id: row for row, study in enumerate(train) if study.report.strip()}
    kept = [row for row, study in enumerate(gallery.study_ids) if study in places]
    if not kept:
        return None
    rows = np.array([places[gallery.study_ids[row]] for row in kept])
    patients = np.array([gallery.patients[row] for row in kept])
    cosine = np.nan_to_num(image.astype(np.float64) @ gallery.image[kept].T.astype(np.float64), nan=-2.0)
    for i, study in enumerate(studies):
        cosine[i, patients == study.patient] = -np.inf
    return rows[cosine.argmax(1)].tolist() if np.isfinite(cosine).any(1).all() else None


def absent_rows(cohort: Cohort, reason: str) -> dict[str, str]:
    """Why rows of company are not there."""
    if not cohort.train:
        return {"company": NO_TRAIN}
    return {f"company/{NEAREST}": reason} if reason else {}

"""What a simulated cohort holds beside the layout of IU X-Ray: every study's facts and masks, and counterfactual pairs.

Knows the files, not how they were made:

* `cohort.json`: seed, version and notice; its presence says that everything here is simulated. In a sample
  (`rrg.data.sample`) also `examples`, the ids of the studies to show.
* `truth/<id>.json`: the study's truth, and in `facts` each finding with the sentence of the report that tells it.
* `masks/<id>/0.png`, `1.png`: a byte for every pixel of `images/<id>/0.jpg`, `1.jpg`; bit k is set where fact k changes the
  film.
* `pairs.json`: the pairs; their studies are the split "pairs" of `annotation.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from rrg.data.datasets import load_studies
from rrg.types import RrgError, Side, Study, View

EXAMPLES = "examples"  # in cohort.json
SHIPPED = "cohort"  # the folder of a sample, beside the checkpoints that were trained on its cohort
COHORT, PAIRS, PAIR_SPLIT = "cohort.json", "pairs.json", "pairs"
MOST_FACTS = 8  # bits of a mask's byte
VIEWS = (View.FRONTAL, View.LATERAL)  # in the order of the images
MADE_ANEW = "Make the cohort again with `python -m rrg simulate`."


@dataclass(frozen=True)
class SimulatedFact:
    """One finding of a study's truth; `label` is its class of the 14, None where it has none, and `sentence` the sentence of
    the report that tells it.
    """

    kind: str
    label: str | None
    side: Side | None
    severity: str | None
    place: str | None
    sentence: int


@dataclass(frozen=True)
class Pair:
    """Two studies of one body that differ in one fact; `change` is "presence", "side", "severity" or "place".

    `fact` is the changed fact's place among those of each study, None where it is not there.
    """

    id: str
    first: Study
    second: Study
    change: str
    kind: str
    description: str
    fact: tuple[int | None, int | None]

    def told(self, study_id: str) -> tuple[str, str]:
        """The changed finding in words, in this study and in the other one; "none" where it is not there."""
        first, _, second = self.description.partition(" | ")
        return (first, second) if study_id == self.first.id else (second, first)

    def twin(self, study_id: str) -> Study:
        """The other one."""
        return self.second if study_id == self.first.id else self.first


def is_simulated(folder: Path) -> bool:
    """Whether a data folder is a simulated cohort."""
    return (folder / COHORT).is_file()


def shipped_beside(checkpoint: Path) -> Path | None:
    """The sample of simulated studies that lies beside a checkpoint, or None."""
    folder = checkpoint.parent / SHIPPED
    return folder if is_simulated(folder) else None


def load_notice(folder: Path) -> str:
    """What goes with every picture of a cohort: that it is simulated, and whose CT it was made from."""
    return str(_read(folder / COHORT).get("notice", ""))


def load_examples(folder: Path) -> tuple[tuple[Pair, Study], ...]:
    """The pairs of a cohort, each with the one of its studies that is to be shown, in the order of the sample.

    RrgError where they cannot be read.
    """
    order = {name: place for place, name in enumerate(_read(folder / COHORT).get(EXAMPLES, ()))}
    found = [(pair, pair.second if pair.second.id in order else pair.first) for pair in load_pairs(folder)]
    return tuple(sorted(found, key=lambda each: order.get(each[1].id, len(order))))


def load_pairs(folder: Path) -> list[Pair]:
    """The pairs of a cohort, none where it has none. RrgError where they cannot be read."""
    if not (folder / PAIRS).is_file():
        return []
    studies = {study.id: study for study in load_studies(folder, PAIR_SPLIT)}
    try:
        return [_pair(row, studies) for row in _read(folder / PAIRS)["pairs"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RrgError(f"{folder / PAIRS} is broken ({error!r}). {MADE_ANEW}") from error


def _pair(row: Mapping[str, Any], studies: Mapping[str, Study]) -> Pair:
    first, second = row["fact"]
    return Pair(
        row["id"], studies[row["first"]], studies[row["second"]], row["change"], row["kind"], row["description"],
        (first, second),
    )  # fmt: skip


def load_facts(folder: Path, study_id: str) -> tuple[SimulatedFact, ...]:
    """The findings of one study, in the order of its masks. RrgError where they cannot be read."""
    path = folder / "truth" / f"{study_id}.json"
    try:
        return tuple(_fact(row) for row in _read(path)["facts"])
    except (KeyError, TypeError, ValueError) as error:
        raise RrgError(f"{path} is broken ({error!r}). {MADE_ANEW}") from error


def _fact(row: Mapping[str, Any]) -> SimulatedFact:
    side = None if row["side"] is None else Side(row["side"])
    return SimulatedFact(row["kind"], row["label"], side, row["severity"], row["place"], int(row["sentence"]))


def in_words(fact: SimulatedFact) -> str:
    """ "left pleural effusion, mild"."""
    head = " ".join(str(part) for part in (fact.side, fact.kind) if part)
    return ", ".join(str(part) for part in (head, fact.severity, fact.place) if part)


def load_masks(folder: Path, study_id: str) -> dict[View, NDArray[np.bool_]]:
    """View -> (F, H, W) bool, True where fact f changes the film. RrgError where the masks cannot be read."""
    facts = len(load_facts(folder, study_id))
    found = {}
    for number, view in enumerate(VIEWS):
        path = folder / "masks" / study_id / f"{number}.png"
        try:
            with Image.open(path) as image:
                coded = np.asarray(image.convert("L"))
        except (OSError, UnidentifiedImageError) as error:
            raise RrgError(f"cannot read the masks {path} ({error}). {MADE_ANEW}") from error
        found[view] = np.stack([(coded >> bit) & 1 == 1 for bit in range(facts)]) if facts else _none(coded)
    return found


def _none(coded: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.zeros((0, *coded.shape), bool)


def encode_masks(masks: tuple[NDArray[np.bool_], ...], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """F masks (H, W) -> one (H, W) uint8, bit f for mask f. RrgError for more than eight."""
    if len(masks) > MOST_FACTS:
        raise RrgError(f"{len(masks)} findings in one study; masks are kept for {MOST_FACTS} at most")
    coded = np.zeros(shape, np.uint8)
    for bit, mask in enumerate(masks):
        coded |= mask.astype(np.uint8) << bit
    return coded


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RrgError(f"{path} is not readable JSON ({error}). {MADE_ANEW}") from error

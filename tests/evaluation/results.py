"""Made results of schema 2, complete and small: what comparison and page stand on where no model has been run.

Texts are made up and scored by the evaluation's own code; ranks, losses and margins are drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from rrg.evaluation.adversarial import adversarial_rows
from rrg.evaluation.answers import HARDNESS, SCORES, Answers, FactAnswer
from rrg.evaluation.company import company
from rrg.evaluation.margin_summary import summarise_margins
from rrg.evaluation.meteor import Meteor
from rrg.evaluation.references import References, references
from rrg.evaluation.schema import SCHEMA
from rrg.evaluation.scoring import score, score_permuted
from rrg.evaluation.shuffle import derangement, gaps
from rrg.types import Study

FLIPS = (
    ("presence", "added"), ("presence", "removed"), ("side", "to the left"), ("side", "to the right"),
    ("severity", "heavier"), ("severity", "lighter"),
)  # fmt: skip
NO_METEOR = "METEOR is not asked for in tests"
OPENINGS = (
    "Heart size is normal.",
    "The heart is mildly enlarged.",
    "Mediastinal contours are unremarkable.",
)
LUNGS = (
    "The lungs are clear.",
    "There is a small left pleural effusion.",
    "There is a moderate right pleural effusion with atelectasis at the right base.",
    "Patchy opacity in the left upper lobe.",
    "There is a nodule in the right upper lobe measuring 1.2 cm.",
)
ENDINGS = ("No pneumothorax.", "No pleural effusion or pneumothorax.", "There is no acute fracture.")


def made_studies(count: int, split: str = "val", seed: int = 0) -> list[Study]:
    """Studies without an image; half of their reports are normal."""
    random = np.random.default_rng([seed, len(split)])
    found = []
    for number in range(count):
        lungs = LUNGS[0] if random.random() < 0.5 else str(random.choice(LUNGS))
        parts = [random.choice(OPENINGS), lungs, random.choice(ENDINGS)]
        coded = ("normal",) if lungs == LUNGS[0] else ("Pleural Effusion/left",)
        name = f"{split}-{number:03d}"
        found.append(Study(name, name, split, (), (), " ".join(map(str, parts)), labels=coded))
    return found


@lru_cache
def made_references(count: int = 40) -> tuple[References, tuple[Study, ...]]:
    """The references of `count` val studies, and the train studies."""
    train = tuple(made_studies(60, "train"))
    return references(made_studies(count), [], train), train


@lru_cache
def _beside(count: int) -> dict[str, dict[str, Any]]:
    """The groups "company" and "adversarial"."""
    against, train = made_references(count)
    rows = company(train, against.studies, np.random.default_rng(1), np.arange(count) % len(train))
    return {
        group: {name: _scored(list(texts), against)[0] for name, texts in each.items()}
        for group, each in (("company", rows), ("adversarial", adversarial_rows(against.texts)))
    }


def made_result(name: str = "made", right: float = 0.3, seed: int = 0, count: int = 40) -> dict[str, Any]:
    """A checkpoint's result; its report is the reference with probability `right`, else another study's."""
    against, _ = made_references(count)
    random = np.random.default_rng(seed)
    other = random.permutation(count)
    texts = [against.texts[i if random.random() < right else other[i]] for i in range(count)]
    metrics, rows = _scored(texts, against)
    drawn = [_drawn(random, right, count) for _ in rows]
    studies = [
        row | more | {"ranks": row["ranks"] | more["ranks"]}
        for row, (more, _) in zip(rows, drawn, strict=True)
    ]
    tokens = np.array([study["tokens"] for study in studies])
    return {
        "schema": SCHEMA,
        "command": f"python -m rrg evaluate --checkpoint {name} --data DATA --split val --out {name}.json",
        "system": {"kind": "checkpoint", "name": name, "revision": f"{seed:012x}"},
        "data": {
            "split": "val", "studies": count, "limit": None,
            "faults": {"missing": [], "unknown": [], "empty": [], "unreadable images": [], "without a report": 0},
        },
        "decoding": {"do_sample": False, "num_beams": 1},
        "metrics": metrics
        | {
            "loss": float(np.array([study["loss"] for study in studies]) @ tokens / tokens.sum()),
            "retrieval": _retrieval(studies),
            "margins": summarise_margins([answers for _, answers in drawn], np.random.default_rng(0), 200),
        },
        **_beside(count),
        "studies": studies,
    }  # fmt: skip


def _scored(texts: list[str], against: References) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    meteor = Meteor(NO_METEOR)
    scored = score(texts, against, np.random.default_rng(0), meteor)
    images = derangement(against.texts, np.random.default_rng(0))
    permuted = score_permuted(texts, images, against, meteor)
    return scored.metrics | {"shuffle": gaps(scored.metrics, permuted)}, scored.rows


def _drawn(random: np.random.Generator, right: float, count: int) -> tuple[dict[str, Any], Answers]:
    """Loss, ranks and margins of one study."""

    def margins(*names: str) -> dict[str, float]:
        return {name: float(random.normal(right, 1)) for name in names}

    directions = ("image-to-report", "report-to-image")
    names = [f"{way}/{same}" for way in directions for same in ("same text", "same findings")]
    scores = [score.replace(" ", "_") for score in SCORES]
    edits = [FLIPS[int(i)] for i in random.integers(0, len(FLIPS), random.integers(0, 5))]
    facts = tuple(
        FactAnswer(fact, "Pleural Effusion", **margins(*scores), direction=way) for fact, way in edits
    )
    peers = {f"peer_{name}": margin for name, margin in margins(*scores).items()}
    hardness = {step: float(random.normal(right, 1)) for step in HARDNESS}
    answers = Answers(**peers, hardness=hardness, facts=facts, true=margins(*SCORES))
    row = {
        "loss": float(random.gamma(4, 0.5) - right),
        "tokens": int(random.integers(20, 60)),
        "ranks": {name: int(random.integers(1, count + 1)) for name in names},
        "margins": {
            **{f"peer {score}": answers.peer(score) for score in SCORES},
            "hardness": {str(step): margin for step, margin in hardness.items()},
            "facts": [[f.fact, f.label, *(f.margin(score) for score in SCORES), f.direction] for f in facts],
        },
    }
    return row, answers


def _retrieval(studies: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in studies[0]["ranks"]:
        if name.startswith("by text/"):
            continue
        way, same = name.split("/")
        ranks = np.array([study["ranks"][name] for study in studies])
        recalls = {f"recall@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)}
        chance = {f"chance@{k}": k / len(studies) for k in (1, 5, 10)}
        found.setdefault(way, {})[same] = (
            recalls | chance | {"median rank": float(np.median(ranks)), "candidates": 40.0}
        )
    return found

"""A checkpoint's gallery and texts as they can be shown on this machine. Knows no model and no page.

Beside checkpoints of a simulated cohort lies a sample of it (`rrg.data.sample`): the search is kept to its training
studies, so that every neighbour has its report and its films. Other checkpoints have the texts of `TextSource.best`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rrg.data.datasets import load_studies
from rrg.data.simulated import shipped_beside
from rrg.retrieval.gallery import Gallery
from rrg.retrieval.texts import TextSource


@dataclass(frozen=True, eq=False)
class AtHand:
    """`note` says in words what a search leaves out, or nothing."""

    gallery: Gallery
    texts: TextSource
    note: str = ""


def at_hand(checkpoint: Path) -> AtHand:
    """Gallery and texts of a checkpoint folder. RrgError where it has no gallery, or its sample cannot be read."""
    whole, sample = Gallery.load(checkpoint), shipped_beside(checkpoint)
    if sample is None:
        return AtHand(whole, _openi())
    texts, kept = _shipped(sample.resolve())
    near = whole.among(kept)
    if len(near) == len(whole):
        return AtHand(whole, texts)
    if not len(near):
        return AtHand(
            whole, texts, "None of the gallery's studies is in the shipped sample: they have no texts here."
        )
    return AtHand(
        near, texts, f"Searched are the {len(near):,} training studies that are shipped, of {len(whole):,}."
    )


@cache
def _openi() -> TextSource:
    """One source for all checkpoints, so that mining is done once for equal galleries' texts."""
    return TextSource.best()


@cache
def _shipped(sample: Path) -> tuple[TextSource, frozenset[str]]:
    """The texts of a sample, and the ids of its training studies."""
    return TextSource.folder(sample), frozenset(study.id for study in load_studies(sample, "train"))

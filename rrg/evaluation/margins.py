"""Which of two reports fits this image better: the true one, or one that differs in a fact? Knows texts and a
checkpoint, no file and no screen. `answers.py` says what the scores mean, `margin_summary.py` sums them up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from rrg.data.counterfactuals import Counterfactual, counterfactuals
from rrg.data.findings import label_report
from rrg.evaluation.answers import DECIMALS, HARDNESS, SCORES, Answers, FactAnswer, Questions
from rrg.evaluation.margin_summary import summarise_margins
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded
from rrg.objective.mining import PeerIndex
from rrg.objective.synthesis import arc
from rrg.types import Study

__all__ = ["Answers", "FactAnswer", "Questions", "make_questions", "most_edits", "summarise_margins"]

MOST_EDITS = 12  # of one report; on IU X-Ray none has more
CHUNK = 64  # texts weighed at once


# --- Questions ---


def make_questions(studies: Sequence[Study], train: Sequence[Study]) -> list[Questions]:
    """One a study; peers are the nearest true negatives (TF-IDF) of other patients among `train`."""
    told = [study for study in train if study.report.strip()]
    index = None
    if told:
        findings = [label_report(study.report) for study in told]
        index = PeerIndex([study.report for study in told], [study.patient for study in told], findings)
    return [
        Questions(_peer(index, study, told), most_edits(counterfactuals(study.report))) for study in studies
    ]


def _peer(index: PeerIndex | None, study: Study, train: Sequence[Study]) -> str | None:
    found = index.nearest(study.report, study.patient, label_report(study.report)) if index else None
    return train[found.index].report if found else None


def most_edits(edits: Sequence[Counterfactual], most: int = MOST_EDITS) -> tuple[Counterfactual, ...]:
    """At most `most` edits: the first of every direction, then the second of each, ...; in their old order."""
    seen: dict[str, int] = {}
    ranked = []
    for place, edit in enumerate(edits):
        seen[edit.direction] = seen.get(edit.direction, 0) + 1
        ranked.append((seen[edit.direction], place))
    return tuple(edits[place] for place in sorted(place for _, place in sorted(ranked)[:most]))


# --- What a model makes of the texts ---


def texts_of(reference: str, asked: Questions) -> list[str]:
    """All texts of one study: its true report, its peer's if it has one, its edits."""
    peer = [] if asked.peer is None else [asked.peer]
    return [reference, *peer, *(edit.text for edit in asked.counterfactuals)]


@torch.no_grad()
def likelihoods(
    checkpoint: Checkpoint, encoded: Encoded, texts: Sequence[Sequence[str]]
) -> list[list[float]]:
    """`encoded` of B images, the texts asked of each -> the mean log-likelihood in nats per known token of each text."""
    asked = sorted({(row, text) for row, each in enumerate(texts) for text in each}, key=_by_length)
    found: dict[tuple[int, str], float] = {}
    for at in range(0, len(asked), CHUNK):
        rows, chunk = zip(*asked[at : at + CHUNK], strict=True)
        seen = Encoded(*(getattr(encoded, part.name)[list(rows)] for part in fields(encoded)))
        means = checkpoint.log_likelihood(seen, chunk).double().tolist()
        found |= dict(zip(asked[at : at + CHUNK], means, strict=True))
    return [[found[row, text] for text in each] for row, each in enumerate(texts)]


def _by_length(pair: tuple[int, str]) -> tuple[int, int, str]:
    return len(pair[1]), *pair  # long texts together, so that little is padded


@dataclass(frozen=True)
class Words:
    """How many words of a text the model knows, the end included, and how many it does not."""

    known: int
    unknown: int


def words_of(checkpoint: Checkpoint, texts: Sequence[str]) -> list[Words]:
    """One for each text; the likelihood is a mean over the known ones."""
    tokens, mask = checkpoint.tokenise(texts)
    hidden = (mask[:, 1:] & (tokens[:, 1:] == checkpoint.tokenizer.unk_token_id)).sum(1)
    counts = zip(mask[:, 1:].sum(1).tolist(), hidden.tolist(), strict=True)
    return [Words(all_ - unknown, unknown) for all_, unknown in counts]


@dataclass(frozen=True)
class Placed:
    """Where a study's texts lie around one image: the cosine of each, and lambda -> cos(z, u) - cos(z, h_lambda)."""

    cosines: tuple[float, ...]
    hardness: Mapping[float, float | None]


@torch.no_grad()
def embed(checkpoint: Checkpoint, texts: Iterable[str]) -> dict[str, Tensor]:
    """Distinct text -> (E,); long texts together, so that little is padded."""
    distinct = sorted(dict.fromkeys(texts), key=len)
    chunks = [distinct[at : at + CHUNK] for at in range(0, len(distinct), CHUNK)]
    return {
        text: row
        for chunk in chunks
        for text, row in zip(chunk, checkpoint.embed_reports(chunk), strict=True)
    }


def placed(image: Tensor, vectors: Mapping[str, Tensor], reference: str, asked: Questions) -> Placed:
    """image (E,); `vectors` of all texts of the study."""
    cosines = tuple(float(image @ vectors[text]) for text in texts_of(reference, asked))
    return Placed(cosines, _hardness(image, vectors, reference, asked.peer))


def _hardness(
    image: Tensor, vectors: Mapping[str, Tensor], reference: str, peer: str | None
) -> dict[float, float | None]:
    """Empty where there is no peer."""
    if peer is None:
        return {}
    z, u, n = (each[None] for each in (image, vectors[reference], vectors[peer]))
    return {
        step: _finite(float((z * u).sum() - (z * arc(z, u, n, step)).sum()), "embedding") for step in HARDNESS
    }


# --- Answers ---


def answers_of(
    asked: Questions,
    words: Sequence[Words],
    place: Placed,
    own: Sequence[float],
    others: Sequence[Sequence[float]] = (),
) -> Answers:
    """Margins of one study beside one image.

    words, own and each of `others` have an entry for each of `texts_of`: `own` the mean log-likelihoods under that image,
    `others` those under further images, without which there is no image gain.
    """
    scores = [
        _scores(cosine, told.known, [mean, *prior])
        for cosine, told, mean, *prior in zip(place.cosines, words, own, *others, strict=True)
    ]
    true, edits = scores[0], scores[len(scores) - len(asked.counterfactuals) :]
    unknown = [told.unknown for told in words][len(scores) - len(asked.counterfactuals) :]
    facts = []
    for edit, false, hidden in zip(asked.counterfactuals, edits, unknown, strict=True):
        # A word that the model does not know costs nothing: an edit that brings one in would win by it.
        comparable = SCORES if hidden == words[0].unknown else ("embedding",)
        found = _margins(true, false, comparable)
        facts.append(FactAnswer(edit.fact.value, edit.label, direction=edit.direction, **found))
    peer = {} if asked.peer is None else {f"peer_{k}": v for k, v in _margins(true, scores[1]).items()}
    told = {score: _finite(value, score) for score, value in true.items()}
    return Answers(**peer, hardness=place.hardness, facts=tuple(facts), true=told)


def _scores(cosine: float, known: int, means: Sequence[float]) -> dict[str, float]:
    """Of one text: `means` under its own image first, then under the others. NaN where there is no other."""
    own, *others = means
    prior = float(np.mean(others)) if others else math.nan
    values = (cosine, own * known, own, (own - prior) * known)
    return dict(zip(SCORES, values, strict=True))


def _margins(
    true: Mapping[str, float], false: Mapping[str, float], comparable: Iterable[str] = SCORES
) -> dict[str, float | None]:
    return {
        score.replace(" ", "_"): _finite(true[score] - false[score], score) if score in comparable else None
        for score in SCORES
    }


def _finite(value: float, score: str) -> float | None:
    return round(value, DECIMALS[score]) if math.isfinite(value) else None

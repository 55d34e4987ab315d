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

__all__ = ["Answers", "FactAnswer", "Questions", "ask", "make_questions", "most_edits", "summarise_margins"]

MOST_EDITS = 12  # of one report; on IU X-Ray none has more
OTHERS = 2  # other images of the batch that a text is weighed with, for the image gain
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


# --- Answers ---


@dataclass(frozen=True)
class _Weight:
    """Likelihood of one text under one image, and how many of its words the model does not know."""

    total: float
    per_token: float
    unknown: int


@torch.no_grad()
def ask(
    checkpoint: Checkpoint,
    encoded: Encoded,
    references: Sequence[str],
    questions: Sequence[Questions],
    others: int = OTHERS,
) -> list[Answers]:
    """A batch of studies: `encoded` of B studies, their true reports and what is asked of them.

    Every distinct text is embedded once. With `others` = 0, or in a batch of one, there is no image gain.
    """
    asked = [
        [
            reference,
            *([] if each.peer is None else [each.peer]),
            *(edit.text for edit in each.counterfactuals),
        ]
        for reference, each in zip(references, questions, strict=True)
    ]
    vectors = _embed(checkpoint, (text for texts in asked for text in texts))
    images = checkpoint.embed_images(encoded)
    alone = min(others, len(asked) - 1)
    rows = [[(i + step) % len(asked) for step in range(alone + 1)] for i in range(len(asked))]
    weights = _weigh(
        checkpoint,
        encoded,
        {(row, text) for i, texts in enumerate(asked) for text in texts for row in rows[i]},
    )
    found = []
    for i, each in enumerate(questions):
        scores = {
            text: _scores(images[i] @ vectors[text], [weights[row, text] for row in rows[i]])
            for text in asked[i]
        }
        unknown = {text: weights[i, text].unknown for text in asked[i]}
        hardness = _hardness(images[i], vectors, references[i], each.peer)
        found.append(_answers(references[i], each, scores, unknown, hardness))
    return found


def _embed(checkpoint: Checkpoint, texts: Iterable[str]) -> dict[str, Tensor]:
    """Distinct text -> (E,); long texts together, so that little is padded."""
    distinct = sorted(dict.fromkeys(texts), key=len)
    chunks = [distinct[at : at + CHUNK] for at in range(0, len(distinct), CHUNK)]
    return {
        text: row
        for chunk in chunks
        for text, row in zip(chunk, checkpoint.embed_reports(chunk), strict=True)
    }


def _weigh(
    checkpoint: Checkpoint, encoded: Encoded, pairs: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], _Weight]:
    """(row of `encoded`, text) -> its likelihood."""
    ordered = sorted(pairs, key=lambda pair: (len(pair[1]), pair))
    found = {}
    for at in range(0, len(ordered), CHUNK):
        chunk = ordered[at : at + CHUNK]
        rows, texts = [row for row, _ in chunk], [text for _, text in chunk]
        seen = Encoded(*(getattr(encoded, part.name)[rows] for part in fields(encoded)))
        means = checkpoint.log_likelihood(seen, texts).double().tolist()
        tokens, mask = checkpoint.tokenise(texts)
        unknown = (mask[:, 1:] & (tokens[:, 1:] == checkpoint.tokenizer.unk_token_id)).sum(1)
        known = (mask[:, 1:].sum(1) - unknown).tolist()
        for pair, mean, words, hidden in zip(chunk, means, known, unknown.tolist(), strict=True):
            found[pair] = _Weight(mean * words, mean, hidden)
    return found


def _scores(cosine: Tensor, weights: Sequence[_Weight]) -> dict[str, float]:
    """Of one text: `weights` under its own image first, then under the others. NaN where there is no other."""
    own, *others = weights
    prior = float(np.mean([each.total for each in others])) if others else math.nan
    values = (float(cosine), own.total, own.per_token, own.total - prior)
    return dict(zip(SCORES, values, strict=True))


def _answers(
    reference: str,
    asked: Questions,
    scores: Mapping[str, Mapping[str, float]],
    unknown: Mapping[str, int],
    hardness: Mapping[float, float | None],
) -> Answers:
    def margins(text: str, comparable: Iterable[str] = SCORES) -> dict[str, float | None]:
        true, false = scores[reference], scores[text]
        return {
            score.replace(" ", "_"): _finite(true[score] - false[score], score)
            if score in comparable
            else None
            for score in SCORES
        }

    facts = []
    for edit in asked.counterfactuals:
        # A word that the model does not know costs nothing: an edit that brings one in would win by it.
        fair = unknown[edit.text] == unknown[reference]
        found = margins(edit.text, SCORES if fair else ("embedding",))
        facts.append(FactAnswer(edit.fact.value, edit.label, direction=edit.direction, **found))
    peer = {} if asked.peer is None else {f"peer_{k}": margin for k, margin in margins(asked.peer).items()}
    true = {score: _finite(value, score) for score, value in scores[reference].items()}
    return Answers(**peer, hardness=hardness, facts=tuple(facts), true=true)


def _finite(value: float, score: str) -> float | None:
    return round(value, DECIMALS[score]) if math.isfinite(value) else None


def _hardness(
    image: Tensor, vectors: Mapping[str, Tensor], reference: str, peer: str | None
) -> dict[float, float | None]:
    """lambda -> cos(z, u) - cos(z, h_lambda); empty where there is no peer."""
    if peer is None:
        return {}
    z, u, n = (each[None] for each in (image, vectors[reference], vectors[peer]))
    return {
        step: _finite(float((z * u).sum() - (z * arc(z, u, n, step)).sum()), "embedding") for step in HARDNESS
    }

"""One text for each study -> every metric of texts, and each study's own numbers. Knows no model.

Models, files of reports and the rows of company all pass through here, so that their numbers mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrg.data.findings import encode_findings, label_report
from rrg.evaluation.clinical import (
    clinical_scores,
    coded_scores,
    per_finding,
    per_study_clinical,
    positive_labels,
    positives,
)  # fmt: skip
from rrg.evaluation.corpus import bleu_statistics
from rrg.evaluation.discrimination import Discrimination, discriminate
from rrg.evaluation.meteor import Meteor
from rrg.evaluation.nlg import TextScores, score_texts
from rrg.evaluation.references import POSITIVE, References, tokens
from rrg.evaluation.variety import rare_recall, variety
from rrg.types import Finding

NOT_CODED = "no study of the split has labels coded by people"
OF_PAIRS = ("text", "clinical", "retrieval by text", "rare findings")  # what changes when images are permuted


@dataclass(frozen=True, eq=False)
class Scored:
    """`metrics`: "text", "clinical", "retrieval by text", "rare findings", "per finding", "variety"."""

    metrics: dict[str, Any]
    texts: Sequence[str]
    scores: Mapping[str, TextScores]  # by protocol
    findings: Sequence[Sequence[Finding]]
    found: Discrimination
    against: References

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each study's own numbers; worked out when asked for, which no row of company is."""
        return list(_rows(self))


def score(texts: Sequence[str], against: References, rng: np.random.Generator, meteor: Meteor) -> Scored:
    """Every number of N texts, text i of study i. Each system gets a generator of the same state."""
    findings = [label_report(text) for text in texts]
    scores = _text(texts, against, meteor)
    found = discriminate(against.similarity(texts), against.relevances)
    metrics = _of_pairs(scores, findings, found, against) | {
        "per finding": per_finding(_present(against.findings), _present(findings)),
        "variety": variety(texts, rng),
    }
    return Scored(metrics, texts, scores, findings, found, against)


def score_permuted(
    texts: Sequence[str], images: NDArray[np.int64] | None, against: References, meteor: Meteor
) -> dict[str, Any] | None:
    """The metrics named in `OF_PAIRS` where study i gets the text of study images[i]; None without a permutation."""
    if images is None:
        return None
    moved = [texts[i] for i in images]
    findings = [label_report(text) for text in moved]
    found = discriminate(against.similarity(moved), against.relevances)
    return _of_pairs(_text(moved, against, meteor), findings, found, against)


def _text(texts: Sequence[str], against: References, meteor: Meteor) -> dict[str, TextScores]:
    """Scores by protocol."""
    return {
        protocol: score_texts(
            tokens(tokenise, against.texts),
            tokens(tokenise, texts),
            tokens(tokenise, against.further),
            meteor,
        )
        for protocol, tokenise in against.tokenisers.items()
    }


def _of_pairs(
    scores: Mapping[str, TextScores],
    findings: Sequence[Sequence[Finding]],
    found: Discrimination,
    against: References,
) -> dict[str, Any]:
    absent = dict(against.absent)
    for protocol, each in scores.items():
        absent |= {f"{protocol}/{metric}": why for metric, why in each.absent.items()}
    coded = coded_scores(against.coded, findings)
    return {
        "text": {
            **dict.fromkeys(against.absent),
            **{protocol: dict(each.corpus) for protocol, each in scores.items()},
            "absent": absent,
        },
        "clinical": {
            "reference": clinical_scores(against.findings, findings),
            "coded": coded,
            "absent": {} if coded else {"coded": NOT_CODED},
        },
        "retrieval by text": found.metrics,
        "rare findings": rare_recall(_positive(against.findings), _positive(findings), against.rare),
    }


def _rows(scored: Scored) -> Iterator[dict[str, Any]]:
    against, texts = scored.against, scored.texts
    clinical = per_study_clinical(against.findings, scored.findings, against.coded)
    sums = _bleu_sums(texts, against)
    for i, study in enumerate(against.studies):
        coded = against.coded[i]
        yield {
            "id": study.id,
            "text": texts[i],
            "reference findings": encode_findings(against.findings[i]),
            "findings": encode_findings(scored.findings[i]),
            "coded": None if coded is None else sorted(coded),
            "scores": {protocol: dict(each.studies[i]) for protocol, each in scored.scores.items()},
            "statistics": {protocol: {"BLEU": rows[i]} for protocol, rows in sums.items()},
            "clinical": clinical[i],
            "ranks": {f"by text/{name}": int(ranks[i]) for name, ranks in scored.found.ranks.items()},
        }


def _bleu_sums(texts: Sequence[str], against: References) -> dict[str, list[list[int]]]:
    """protocol -> what each study adds to corpus BLEU, by which `compare` resamples it without the references."""
    return {
        protocol: [
            bleu_statistics(written, gold)
            for written, gold in zip(tokens(tokenise, texts), tokens(tokenise, against.texts), strict=True)
        ]
        for protocol, tokenise in against.tokenisers.items()
    }


def _positive(findings: Sequence[Sequence[Finding]]) -> list[frozenset[str]]:
    return [positive_labels(each, POSITIVE) for each in findings]


def _present(findings: Sequence[Sequence[Finding]]) -> NDArray[np.bool_]:
    """(N, 14): what is called present without doubt, which is what the app shows."""
    return positives([positive_labels(each, "uncertain as negative") for each in findings])

"""BLEU, ROUGE-L, CIDEr and METEOR of token lists, by pycocoevalcap. Knows no study, no model and no
cleaning.

What cannot be computed is None with a reason, never 0. Similar words are not similar findings: these
numbers mean something only beside the constant and nearest-neighbour rows of the scoreboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rrg.evaluation.meteor import Meteor, UnavailableError
from rrg.types import RrgError

Tokens = Sequence[str]
Texts = dict[int, list[str]]
Columns = dict[str, tuple[float, list[float]]]  # metric -> corpus score, one score for each study

BLEU = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4")
METRICS = (*BLEU, "ROUGE-L", "CIDEr", "METEOR")


@dataclass(frozen=True)
class TextScores:
    """`corpus`: metric -> score; `studies`: the same for each study; `absent`: metric -> why it is None.

    BLEU, ROUGE-L and METEOR lie in [0, 1], CIDEr in [0, 10]. A corpus BLEU or METEOR is not the
    mean of its studies.
    """

    corpus: Mapping[str, float | None]
    studies: tuple[Mapping[str, float | None], ...]
    absent: Mapping[str, str]


def score_texts(
    references: Sequence[Tokens],
    hypotheses: Sequence[Tokens],
    further_references: Sequence[Tokens] = (),
    meteor: Meteor | None = None,
) -> TextScores:
    """Score each hypothesis against its one reference.

    `further_references` are those of studies that are not scored here (`--limit`): CIDEr takes its document
    frequencies from all, since they would otherwise change with the subset. `meteor` is a process to share; without
    one, a process is started for this call.
    """
    if not references or len(references) != len(hypotheses):
        raise RrgError(f"{len(hypotheses)} texts to score against {len(references)} references")
    gold, found = _texts(references), _texts(hypotheses)
    columns: Columns = _bleu(gold, found) | _rouge(gold, found)
    absent: dict[str, str] = {}
    attempts: tuple[tuple[str, Callable[[], tuple[float, list[float]]]], ...] = (
        ("CIDEr", lambda: _cider(references, hypotheses, further_references)),
        ("METEOR", lambda: _meteor(gold, found, meteor)),
    )
    for metric, attempt in attempts:
        try:
            columns[metric] = attempt()
        except UnavailableError as reason:
            absent[metric] = str(reason)
    return _collect(columns, absent, len(references))


def _texts(tokens: Sequence[Tokens]) -> Texts:
    # METEOR's protocol is lines with "|||" between fields: neither may be part of a text.
    return {i: [" ".join(" ".join(t).replace("|||", " ").split())] for i, t in enumerate(tokens)}


def _collect(columns: Columns, absent: Mapping[str, str], n: int) -> TextScores:
    corpus = {metric: columns[metric][0] if metric in columns else None for metric in METRICS}
    studies = tuple(
        {metric: columns[metric][1][i] if metric in columns else None for metric in METRICS} for i in range(n)
    )
    return TextScores(corpus, studies, absent)


def _bleu(gold: Texts, found: Texts) -> Columns:
    from pycocoevalcap.bleu.bleu import Bleu  # where it is used: who only shows results need not have it

    corpus, studies = Bleu(4).compute_score(gold, found, verbose=0)
    return {name: (float(c), _floats(s)) for name, c, s in zip(BLEU, corpus, studies, strict=True)}


def _rouge(gold: Texts, found: Texts) -> Columns:
    from pycocoevalcap.rouge.rouge import Rouge

    corpus, studies = Rouge().compute_score(gold, found)
    return {"ROUGE-L": (float(corpus), _floats(studies))}


def _cider(
    references: Sequence[Tokens], hypotheses: Sequence[Tokens], further: Sequence[Tokens]
) -> tuple[float, list[float]]:
    from pycocoevalcap.cider.cider import Cider

    if len(references) + len(further) < 2 or not any(references):
        raise UnavailableError(
            "CIDEr weighs words by how few references hold them: two, not empty, are needed"
        )
    padding: list[Tokens] = [
        [] for _ in further
    ]  # the further references count as documents; their own scores are dropped
    gold, found = _texts([*references, *further]), _texts([*hypotheses, *padding])
    studies = _floats(Cider().compute_score(gold, found)[1])[: len(references)]
    return sum(studies) / len(studies), studies


def _meteor(gold: Texts, found: Texts, shared: Meteor | None) -> tuple[float, list[float]]:
    if shared is not None:
        return shared.score(gold, found)
    with Meteor() as own:
        return own.score(gold, found)


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]

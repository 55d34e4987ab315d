"""The five numbers of the scoreboard that are read first, with what each means in plain words. Computes no score.

Reads metrics as files hold them; knows no page. An interval stands where the file has one, or where a share of studies
gives it (exact binomial).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rrg.app.benchmark import Result
from rrg.app.blind import interval
from rrg.evaluation.page_tables import F1_WAYS
from rrg.evaluation.page_words import company_of, names_of
from rrg.evaluation.result_file import look_up

COMPANY = ("best constant", "nearest train report")  # rows that no model wrote, by how their names begin


@dataclass(frozen=True)
class Value:
    """A score in [0, 1] with its 95 % limits; None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Question:
    """What one number answers: a short title, the explanation, and the value of one who cannot see, if there is one."""

    title: str
    words: str
    blind: str = ""


@dataclass(frozen=True)
class Line:
    name: str
    values: tuple[Value, ...]
    company: bool = False


def questions(results: Sequence[Result]) -> tuple[Question, ...]:
    """The five, in the order of a line's values."""
    own = look_up(results[0]["metrics"], _RECALL[:-1]) or {}
    chance, order = own.get("chance@10"), own.get("blind@10")
    told = "" if chance is None else f"drawing: {chance:.3f}"
    told += "" if order is None else f"; one order for all films: {order:.3f}"
    return (
        Question(
            "Its closest wrong report",
            "Of a study’s own report and the most similar one that differs in a finding, how often the model places the own "
            "one closer to the film.",
            "a coin: 0.5",
        ),
        Question(
            "One fact flipped",
            "The same for the own report and itself with one fact changed (presence, side, severity or place), mean over "
            "opposite changes, so that a liking for one of them gains nothing.",
            "a coin: 0.5",
        ),
        Question(
            "Found among ten",
            "How often the own report is among the ten that the model places closest to the film, of all of the split.",
            told,
        ),
        Question(
            "Findings (F1)",
            "Findings of the draft against those of the reference, by the labeller: 14 classes together. “No finding” is "
            "one of them, so a report that calls every film normal does well.",
            "see the constant",
        ),
        Question(
            "Words (BLEU-4)",
            "Runs of up to four words that draft and reference share. A constant sentence reaches as much: no evidence that "
            "a film was looked at.",
            "see the constant",
        ),
    )


_RECALL = ("retrieval", "image-to-report", "same text", "recall@10")


def lines(results: Sequence[Result]) -> list[Line]:
    """Every model, then who never saw a film or only looked up the nearest one."""
    models = [
        Line(name, _values(result["metrics"], result["data"].get("studies")))
        for name, result in zip(names_of(results), results, strict=True)
    ]
    company = company_of(results).items()
    return models + [
        Line(name, _values(row, None), True) for name, row in company if name.startswith(COMPANY)
    ]


def _values(metrics: Mapping[str, Any], studies: int | None) -> tuple[Value, ...]:
    peer = look_up(metrics, ("margins", "peer", "embedding")) or {}
    flipped = look_up(metrics, ("margins", "counterfactual", "embedding", "all")) or {}
    return (
        Value(peer.get("accuracy"), peer.get("low"), peer.get("high")),
        Value(flipped.get("balanced"), flipped.get("balanced low"), flipped.get("balanced high")),
        _share(look_up(metrics, _RECALL), studies),
        Value(look_up(metrics, ("clinical", "reference", *F1_WAYS["micro 14"]))),
        Value(look_up(metrics, ("text", "r2gen", "BLEU-4"))),
    )


def _share(value: float | None, of: int | None) -> Value:
    if value is None or not of:
        return Value(value)
    _, low, high = interval(round(value * of), of)
    return Value(value, low, high)

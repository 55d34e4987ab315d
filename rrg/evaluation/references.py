"""What every system is scored against, prepared once: references as tokens, findings and classes. Knows no system.

CIDEr's document frequencies and the vocabulary of `r2gen` are those of the whole split and of train, whatever the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rrg.data.coded_labels import coded_labels
from rrg.data.findings import label_report
from rrg.evaluation.clinical import positive_labels
from rrg.evaluation.discrimination import Relevant, TextSimilarity, relevances
from rrg.evaluation.protocols import Protocol, R2GenTokens, full_tokens
from rrg.evaluation.variety import rare_labels
from rrg.types import Finding, Study

POSITIVE = "uncertain as positive"  # where one convention must do
NO_TRAIN = "no train reports at hand, from which this protocol takes its vocabulary"

Tokenise = Callable[[str], list[str]]


@dataclass(frozen=True, eq=False)
class References:
    """N studies to be scored; every sequence has N entries, in one order."""

    studies: tuple[Study, ...]
    findings: tuple[Sequence[Finding], ...]
    coded: tuple[frozenset[str] | None, ...]  # what people coded, where they did
    tokenisers: Mapping[str, Tokenise]  # by protocol
    further: tuple[str, ...]  # reports of the split that are not scored: documents of CIDEr
    absent: Mapping[str, str]  # protocol -> why it is not among `tokenisers`
    rare: tuple[str, ...]  # classes that few train reports are positive for
    relevances: Mapping[str, Relevant]
    similarity: TextSimilarity

    @property
    def texts(self) -> list[str]:
        return [study.report for study in self.studies]


def references(studies: Sequence[Study], further: Sequence[Study], train: Sequence[Study]) -> References:
    """`studies` to score, the `further` ones of their split, and the train split, empty where there is none."""
    texts = [study.report for study in studies]
    findings = tuple(label_report(text) for text in texts)
    reports = [study.report for study in train if study.report.strip()]
    tokenisers: dict[str, Tokenise] = {Protocol.FULL.value: full_tokens}
    if reports:
        tokenisers[Protocol.R2GEN.value] = R2GenTokens.from_train(reports)
    return References(
        tuple(studies), findings, tuple(map(coded_labels, studies)),
        tokenisers, tuple(study.report for study in further),
        {} if reports else {Protocol.R2GEN.value: NO_TRAIN},
        rare_labels([positive_labels(label_report(report), POSITIVE) for report in reports]),
        relevances(texts, findings), TextSimilarity(texts),
    )  # fmt: skip


def tokens(tokenise: Tokenise, texts: Sequence[str]) -> list[list[str]]:
    """A text of nothing has no token, also where cleaning would give it a full stop."""
    return [tokenise(text) if text.strip() else [] for text in texts]

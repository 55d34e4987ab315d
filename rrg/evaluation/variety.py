"""Reading or reciting: how varied reports are, what is rare in them, and what nobody could have seen.

Knows texts and sets of labels, no image and no model. None of these numbers alone says that a model reads images; a
constant report shows at once in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from pycocoevalcap.bleu.bleu import Bleu

from rrg.data.comparisons import comparisons
from rrg.data.findings import LABELS, NO_FINDING, label_report
from rrg.data.reports import normalise
from rrg.evaluation.clinical import positives, wilson
from rrg.evaluation.protocols import full_tokens
from rrg.types import RrgError, Status

HELD, OTHERS = 200, 10  # self-BLEU holds that many reports against that many of the others: bounded cost
RARE = 0.05  # a class is rare if fewer of the train reports than this share are positive for it


def variety(texts: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """Every number of N texts that needs the texts alone, JSON values. RrgError where there is no text."""
    if not texts:
        raise RrgError("there are no reports, so nothing can be said of their variety; give at least one")
    counts = [len(comparisons(text)) for text in texts]
    return {
        "reports": len(texts),
        "distinct": distinct(texts),
        "all-normal share": all_normal_share(texts),
        "self-BLEU": self_bleu(texts, rng),
        "longest constant prefix": constant_prefix(texts),
        "comparisons with a prior": {
            "per report": sum(counts) / len(texts),
            "reports with one": sum(count > 0 for count in counts),
        },
    }


def distinct(texts: Sequence[str]) -> int:
    """Number of different normalised texts."""
    return len({normalise(text) for text in texts})


def is_all_normal(text: str) -> bool:
    """True where the labeller says "No Finding": nothing present but devices; not of empty text."""
    return any(f.label == NO_FINDING and f.status is Status.PRESENT for f in label_report(text))


def all_normal_share(texts: Sequence[str]) -> float:
    """Share of reports that name no abnormality, [0, 1]."""
    return sum(map(is_all_normal, texts)) / len(texts)


def self_bleu(texts: Sequence[str], rng: np.random.Generator) -> float | None:
    """Mean BLEU-4 of at most `HELD` reports, each against `OTHERS` of the other reports, both drawn by `rng`.

    [0, 1], 1 = all the same. After Zhu et al. 2018 (arXiv:1802.01886), whose references are all other texts: a fixed
    number bounds the cost and keeps sets of different size comparable. None for one text, which has no others.
    """
    count = len(texts)
    if count < 2:
        return None
    tokens = [" ".join(full_tokens(text)) for text in texts]
    held = rng.choice(count, min(HELD, count), replace=False).tolist()
    references = {}
    for i in held:
        drawn = rng.choice(count - 1, min(OTHERS, count - 1), replace=False)
        references[i] = [tokens[j + (j >= i)] for j in drawn.tolist()]
    _, studies = Bleu(4).compute_score(references, {i: [tokens[i]] for i in held}, verbose=0)
    return float(np.mean(studies[3]))


def constant_prefix(texts: Sequence[str]) -> dict[str, int]:
    """How many tokens all reports begin with, and how many at least half of them share ("all", "half")."""
    tokens = [full_tokens(text) for text in texts]
    return {"all": _shared_prefix(tokens, len(texts)), "half": _shared_prefix(tokens, (len(texts) + 1) // 2)}


def _shared_prefix(tokens: Sequence[Sequence[str]], least: int) -> int:
    """Length of the longest prefix that at least `least` of the token lists have; more than half of them, or half."""
    kept, length = list(tokens), 0
    while True:
        kept = [each for each in kept if len(each) > length]
        begun = Counter(each[length] for each in kept).most_common(1)
        if not begun or begun[0][1] < least:
            return length
        kept = [each for each in kept if each[length] == begun[0][0]]
        length += 1


# --- What is rare ---


def rare_labels(train: Sequence[Collection[str]], share: float = RARE) -> tuple[str, ...]:
    """The classes that fewer than `share` of the train reports are positive for, and at least one is."""
    shares = positives(train).mean(axis=0) if len(train) else np.zeros(len(LABELS))
    return tuple(label for label, found in zip(LABELS, shares, strict=True) if 0 < found < share)


def rare_recall(
    reference: Sequence[Collection[str]],
    generated: Sequence[Collection[str]],
    rare: Sequence[str],
    share: float = RARE,
) -> dict[str, Any]:
    """Of the rare classes that the references are positive for, how many the generated reports name, pooled.

    "studies" have at least one; "recall" is None where none has.
    """
    pairs = [(set(a) & set(rare), set(b) & set(rare)) for a, b in zip(reference, generated, strict=True)]
    there, found = (sum(len(a) for a, _ in pairs), sum(len(a & b) for a, b in pairs))
    return {
        "rare below": share,
        "classes": list(rare),
        "studies": sum(bool(a) for a, _ in pairs),
        "held-out positives": there,
        "found": found,
        "named": sum(len(b) for _, b in pairs),
        "recall": wilson(found, there),
    }

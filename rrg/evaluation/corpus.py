"""Corpus BLEU from sums: what each study adds to it, and the score of any selection. Knows no study and no text file.

A corpus score is not the mean of its studies' scores, so it cannot be resampled from them. It can from the
counts that it is made of, which add up over studies, and which, unlike the reference, may be published.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

ORDERS = 4
COUNTS = 2 * ORDERS + 2  # numbers of `bleu_statistics`
_SMALL, _TINY = 1e-9, 1e-15  # pycocoevalcap's guards against a division by zero; kept, to equal its scores


def bleu_statistics(tokens: Sequence[str], reference: Sequence[str]) -> list[int]:
    """What one study adds to corpus BLEU: 10 integers that sum over studies.

    Matching 1- to 4-grams (each at most as often as in the reference), 1- to 4-grams written, tokens written,
    tokens of the reference (Papineni et al. 2002, section 2; counted by pycocoevalcap).
    """
    from pycocoevalcap.bleu.bleu_scorer import (  # not at hand where results are only shown
        cook_refs,
        cook_test,
    )

    counts = cook_test(_line(tokens), cook_refs([_line(reference)], n=ORDERS), n=ORDERS)
    return [*counts["correct"], *counts["guess"], counts["testlen"], counts["reflen"][0]]


def corpus_bleu(sums: ArrayLike) -> NDArray[np.float64]:
    """sums (..., 10) of `bleu_statistics` over the studies of a selection -> (..., 4): BLEU-1 to BLEU-4.

    Equals pycocoevalcap's corpus score of the same selection; of no study at all it is 0.
    """
    sums = np.asarray(sums, np.float64)
    matches, written = sums[..., :ORDERS], sums[..., ORDERS : 2 * ORDERS]
    precision = np.cumprod((matches + _TINY) / (written + _SMALL), axis=-1) ** (1 / np.arange(1, ORDERS + 1))
    ratio = (sums[..., -2] + _TINY) / (sums[..., -1] + _SMALL)
    brevity = np.exp(np.minimum(0.0, 1 - 1 / ratio))  # shorter than the references: a penalty
    return np.asarray(precision * brevity[..., None])


def _line(tokens: Sequence[str]) -> str:
    # As `nlg` hands texts to the scorers: "|||" parts METEOR's fields and is no part of a text.
    return " ".join(" ".join(tokens).replace("|||", " ").split())

"""Every training report with one fact flipped, as token rows to draw from. Knows no loss and no image.

Nearly all presence edits add a finding, for reports mostly deny; a model that is shown them alike learns to prefer "no".
So the direction is drawn first, then one of its edits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast

from rrg.data.counterfactuals import counterfactuals
from rrg.data.tokenizer import tokenise

Row = tuple[Tensor, Tensor]  # tokens (T,), mask (T,)


@dataclass(frozen=True, eq=False)
class Flips:
    """For every study: direction -> its edited reports; empty where no fact can be flipped."""

    edits: tuple[dict[str, list[Row]], ...]

    def draw(
        self,
        indices: NDArray[np.int64],
        tokens: Tensor,
        mask: Tensor,
        rng: np.random.Generator,
        share: slice = slice(None),
    ) -> dict[str, Tensor]:
        """One edited report for each study at `indices`; where there is none, its own row of tokens, marked as invalid.

        tokens, mask (N, T): the true reports of all studies. Drawn for all of `indices`; a `share` of them is given.
        """
        drawn = [self._one(int(i), rng) for i in indices][share]
        rows = [
            (tokens[i], mask[i]) if row is None else row for i, row in zip(indices[share], drawn, strict=True)
        ]
        stacked = [pad_sequence(list(part), batch_first=True) for part in zip(*rows, strict=True)]
        length = int(stacked[1].sum(1).max())
        return {
            "flip_tokens": stacked[0][:, :length],
            "flip_mask": stacked[1][:, :length],
            "flip_valid": torch.tensor([row is not None for row in drawn]),
        }

    def _one(self, study: int, rng: np.random.Generator) -> Row | None:
        directions = list(self.edits[study].values())
        if not directions:
            return None
        rows = directions[int(rng.integers(len(directions)))]
        return rows[int(rng.integers(len(rows)))]


def make_flips(tokenizer: PreTrainedTokenizerFast, reports: Sequence[str], max_tokens: int) -> Flips:
    """All counterfactuals of all reports, those alone that differ within the tokens that are kept."""
    return Flips(tuple(_of_report(tokenizer, report, max_tokens) for report in reports))


def _of_report(tokenizer: PreTrainedTokenizerFast, report: str, max_tokens: int) -> dict[str, list[Row]]:
    edits = counterfactuals(report)
    tokens, mask = tokenise(tokenizer, [report, *(edit.text for edit in edits)], max_tokens)
    found: dict[str, list[Row]] = {}
    for edit, row, real in zip(edits, tokens[1:], mask[1:], strict=True):
        if not torch.equal(row, tokens[0]):
            found.setdefault(edit.direction, []).append((row, real))
    return found

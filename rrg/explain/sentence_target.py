"""One sentence of a report as a number that a network can be asked for. Knows no film and no map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from rrg.data.reports import sentences
from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded
from rrg.types import RrgError


@dataclass(frozen=True, eq=False)
class SentenceTarget:
    """tokens and mask (1, T) of the whole report; `chosen` (T - 1,) bool marks where the sentence's tokens are predicted.

    `chosen[t]` belongs to token t + 1. Unknown words are not chosen.
    """

    tokens: Tensor
    mask: Tensor
    chosen: Tensor

    def log_likelihood(self, model: Any, encoded: Encoded) -> Tensor:
        """Nats for the sentence, given each of B studies and the rest of the report: (B,) float32, with its gradient."""
        return self.each(model, encoded).sum(1)

    def each(self, model: Any, encoded: Encoded) -> Tensor:
        """The same for every chosen token: (B, chosen)."""
        tokens, mask = (t.expand(len(encoded), -1) for t in (self.tokens, self.mask))
        logits = model.report_logits(encoded, tokens, mask)[:, :-1].float()
        each = logits.log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)
        return cast(Tensor, each[:, self.chosen])

    def words(self, checkpoint: Checkpoint) -> list[str]:
        """The chosen tokens, as the vocabulary writes them."""
        ids = self.tokens[0, 1:][self.chosen].tolist()
        return [str(word) for word in checkpoint.tokenizer.convert_ids_to_tokens(ids)]


def sentence_target(checkpoint: Checkpoint, report: str, sentence: int) -> SentenceTarget:
    """Find `sentences(report)[sentence]` among the tokens of the whole report.

    RrgError where there is no such sentence, it lies beyond what the model reads, or no word of it is known.
    """
    pieces = sentences(report)
    if not 0 <= sentence < len(pieces):
        raise RrgError(f"There is no sentence {sentence + 1}; the report has {len(pieces)}.")
    tokens, mask = checkpoint.tokenise([report])
    start, end = _span(checkpoint, tokens[0].tolist(), pieces[: sentence + 1])
    chosen = torch.zeros(tokens.shape[1] - 1, dtype=torch.bool)
    chosen[start - 1 : end - 1] = True
    chosen &= (mask & (tokens != checkpoint.tokenizer.unk_token_id))[0, 1:]
    target = SentenceTarget(tokens, mask, chosen)
    if not any(character.isalnum() for word in target.words(checkpoint) for character in word):
        raise RrgError(f"The model knows no word of sentence {sentence + 1}, so it has no evidence for it.")
    return target


def _span(checkpoint: Checkpoint, tokens: Sequence[int], pieces: Sequence[str]) -> tuple[int, int]:
    """First token of the last piece, and the one after it; each piece is looked for behind the one before."""
    start = end = 1  # behind BOS
    for number, piece in enumerate(pieces, start=1):
        own = checkpoint.tokenise([piece])[0][0].tolist()[1:-1]
        start = next((i for i in range(end, len(tokens)) if tokens[i : i + len(own)] == own), -1)
        if start < 0:  # a piece without any token of ours is found at once, and is empty
            most = checkpoint.model.config.max_tokens
            raise RrgError(f"Sentence {number} is not among the {most} tokens that this model reads.")
        end = start + len(own)
    return start, end

"""How a report is written: greedily, by beams, or as the candidate closest to its image. Knows no metric and no file.

Reranking draws several candidates and keeps the one whose embedding the model itself places nearest to the image's. The
draws of a study depend on the seed and its number alone, so batches change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import torch

from rrg.models.checkpoint import Checkpoint
from rrg.models.protocol import Encoded, ReportGenerator
from rrg.types import Report, RrgError

Way = Literal["greedy", "beam", "rerank", "rerank-beams"]
WAYS: tuple[Way, ...] = get_args(Way)
CANDIDATES: Mapping[Way, int] = {
    "greedy": 1,
    "beam": 3,
    "rerank": 4,
    "rerank-beams": 8,
}  # unless asked otherwise
TOP_P = 0.9  # sampled words come from the likeliest that make up this share (arXiv:1904.09751)
TEMPERATURE = 0.5  # of the logits: at 1 the drafts stray further than an embedding can tell


@dataclass(frozen=True)
class Decoding:
    """candidates: how many beams, or how many drafts are drawn to choose from; the greedy one is the first of "rerank"."""

    way: Way = "greedy"
    candidates: int = 1
    seed: int = 0

    @classmethod
    def of(cls, name: str, candidates: int | None = None, seed: int = 0) -> Decoding:
        """As asked for by words. RrgError where they ask for what there is not."""
        if name not in CANDIDATES:
            raise RrgError(f"there is no decoding '{name}'; choose one of {', '.join(WAYS)}")
        way = cast(Way, name)
        count = CANDIDATES[way] if candidates is None else candidates
        if (count == 1) != (way == "greedy") or count < 1:
            raise RrgError(
                f"{count} candidates do not go with the decoding '{way}': greedy has 1, the others 2 or more"
            )
        return cls(way, count, seed)

    @property
    def reranks(self) -> bool:
        return self.way.startswith("rerank")

    @property
    def words(self) -> str:
        """What it adds to a model's name; "" for the default."""
        return {
            "greedy": "",
            "beam": f"{self.candidates} beams",
            "rerank": f"reranked, {self.candidates} drafts",
            "rerank-beams": f"reranked, {self.candidates} beams",
        }[self.way]

    def settings(self) -> dict[str, Any]:
        """What `generate` is told."""
        if self.way == "rerank":
            return {"do_sample": True, "num_beams": 1, "top_p": TOP_P, "temperature": TEMPERATURE}
        return {"do_sample": False, "num_beams": self.candidates}

    def as_json(self) -> dict[str, Any]:
        """What a result says of it."""
        further = {"candidates": self.candidates, "chosen by": "alignment", "seed": self.seed}
        return self.settings() | (further if self.reranks else {})

    def write(
        self,
        generator: ReportGenerator,
        checkpoint: Checkpoint | None,
        encoded: Encoded,
        numbers: Sequence[int],
    ) -> list[Report]:
        """One report per study; numbers are the studies', which the draws depend on.

        RrgError where reranking is asked of a generator without heads, tokenizer or candidates.
        """
        if not self.reranks:
            return generator.generate_reports(encoded, **self.settings())
        if checkpoint is None or not hasattr(checkpoint.model, "generate_candidates"):
            raise RrgError(
                "reranking needs a model with alignment heads, a tokenizer and generate_candidates; "
                "write its reports greedily or with beams"
            )
        return [self._closest(checkpoint, encoded[i : i + 1], number) for i, number in enumerate(numbers)]

    def _closest(self, checkpoint: Checkpoint, study: Encoded, number: int) -> Report:
        """The first of those whose alignment is highest."""
        drafts = self._drafts(checkpoint, study, number)
        reports = checkpoint.embed_reports([draft.text for draft in drafts])
        alignment = (checkpoint.embed_images(study) @ reports.T)[0]
        return drafts[int(alignment.argmax())]

    def _drafts(self, checkpoint: Checkpoint, study: Encoded, number: int) -> list[Report]:
        model = checkpoint.model
        if self.way == "rerank-beams":
            found: list[list[Report]] = model.generate_candidates(study, self.candidates, **self.settings())
            return found[0]
        greedy: list[Report] = model.generate_reports(study, do_sample=False, num_beams=1)
        with torch.random.fork_rng(devices=[]):  # `generate` takes no random source of its own
            torch.manual_seed(self.seed * 1_000_003 + number)
            sampled: list[list[Report]] = model.generate_candidates(
                study, self.candidates - 1, **self.settings()
            )
        return [*greedy, *sampled[0]]


GREEDY = Decoding()

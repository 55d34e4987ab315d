"""The way of one reading over the page: what every part shows at each step. Knows the parts by their hooks only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rrg.app import present
from rrg.app.library import Key
from rrg.app.study import OpenStudy, Progress
from rrg.app.view.desk import Desk, Updates, gather, pair_of
from rrg.types import RrgError

# Seconds between two looks at a growing report: for each one gradio goes through every output, some 50 ms.
PACE = 0.25


class Flow:
    """Reads a study step by step and asks every part what to show. Holds no study."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def outputs(self) -> list[Any]:
        """All that a reading changes."""
        desk = self.desk
        return [desk.study, desk.notice, *(c for part in desk.parts for c in part.outputs())]

    def open(
        self,
        opening: Callable[[], OpenStudy],
        choice: Sequence[str],
        held: OpenStudy | None,
    ) -> Iterator[Updates]:
        """Open films and read them; a refusal leaves `held` on the screen."""
        try:
            opened = opening()
        except RrgError as error:
            yield self.desk.refused(error, held)
            return
        fresh = gather(part.fresh() for part in self.desk.parts)
        for i, shown in enumerate(self.read(opened, choice, False, held)):
            yield fresh | shown if i == 0 else shown

    def read(
        self, study: OpenStudy, choice: Sequence[str], override: bool, held: OpenStudy | None
    ) -> Iterator[Updates]:
        """`choice`: first model, second model, collection."""
        first, second, collection = choice
        pair = pair_of(collection, first, second)
        try:
            if pair is None:
                raise RrgError("Two checkpoints are needed; choose both above.")
            for i, progress in enumerate(paced(self.desk.room.read(study, pair, override=override))):
                yield self._step(progress, pair, i == 0)
        except RrgError as error:
            yield {**self.desk.back(held), **self.desk.refused(error, held)}

    def whole(self, study: OpenStudy) -> Updates:
        """Everything on the page that depends on the study."""
        shown = {self.desk.study: study, self.desk.notice: present.notices(study)}
        return shown | gather(part.show(study) for part in self.desk.parts)

    def _step(self, progress: Progress, pair: Sequence[Key], begins: bool) -> Updates:
        if progress.done:
            return self.whole(progress.study)
        names, parts = [key.name for key in pair], self.desk.parts
        shown: Updates = {self.desk.notice: present.working(progress.step)}
        if begins:
            shown |= gather(part.begin(progress.study) for part in parts)
        return shown | gather(part.drafting(names, progress.drafts) for part in parts)


def paced(steps: Iterable[Progress], clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Of all steps the first, the last, the first whole sentence and otherwise one every `PACE` seconds."""
    shown, told = float("-inf"), False
    for step in steps:
        sentence = not told and any("." in draft for draft in step.drafts)
        if step.done or sentence or clock() - shown >= PACE:
            yield step
            shown, told = clock(), told or sentence

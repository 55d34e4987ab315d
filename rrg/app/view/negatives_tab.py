"""Tab 3: the mined peer and the synthesised negative as lambda falls; the positive may be edited."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app import present, present_negatives
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates
from rrg.types import RrgError

BEGIN = 0.5  # lambda: half way, where there is something to see that is not the peer
# A number may be empty for a moment, while it is typed or before it is first shown; gradio would take that for a fault.
NEVER_EMPTY = f"(hardness, ...rest) => [hardness ?? {BEGIN}, ...rest]"


class NegativesTab(Part):
    title = "Hard negatives"

    def __init__(self, room: ReadingRoom) -> None:
        self.room = room
        self.negatives = gr.HTML(present.nothing_yet("Mined and synthesised negatives appear here."))
        self.hardness = gr.Slider(
            0.0, 1.0, value=BEGIN, step=0.05, visible=False, elem_id="hardness", buttons=[],
            label="λ: how hard the negative is, from the peer (1, left) to the hardest (0, right)",
        )  # fmt: skip
        self.negative = gr.HTML("", elem_id="negative")
        with gr.Accordion("Edit the positive", open=False, visible=False) as self.edit:
            self.positive = gr.Textbox(
                label="The text that stands for the truth, for both models", lines=4, max_length=2000
            )
            self.recompute = gr.Button("Recompute with this text", size="sm")

    def outputs(self) -> list[Any]:
        return [self.negatives, self.hardness, self.negative, self.edit, self.positive]

    def wire(self, desk: Desk) -> None:
        self.desk = desk
        desk.job(
            self.recompute.click, self.on_positive, [self.hardness, self.positive, desk.study],
            [desk.study, desk.notice, *self.outputs()], js=NEVER_EMPTY,
        )  # fmt: skip
        desk.quick(
            self.hardness.change, self.on_hardness, [self.hardness, desk.study], [self.negative],
            trigger_mode="always_last", js=NEVER_EMPTY,
        )  # fmt: skip

    def begin(self, study: OpenStudy) -> Updates:
        return {self.negatives: "", self.negative: "", self.hardness: gr.update(visible=False)}

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is not None:
            return self._at(study, BEGIN)
        return {
            self.negatives: present.nothing_yet("No report was drafted."),
            self.negative: "",
            self.hardness: gr.update(visible=False),
            self.edit: gr.update(visible=False),
        }

    def on_positive(self, hardness: float, text: str, held: OpenStudy | None) -> Updates:
        try:
            study = self.room.with_positive(held or OpenStudy((), ""), text)
        except RrgError as error:
            return self.desk.refused(error, held)
        return {self.desk.study: study, self.desk.notice: "", **self._at(study, hardness)}

    def on_hardness(self, hardness: float, held: OpenStudy | None) -> str:
        return present_negatives.negative_at(held.reading, hardness) if held and held.reading else ""

    def _at(self, study: OpenStudy, hardness: float) -> Updates:
        reading = study.reading
        assert reading is not None
        mined = any(model.hard_negatives for model in reading.models)
        return {
            self.negatives: present_negatives.negatives(reading, referenced=bool(study.reference)),
            self.negative: present_negatives.negative_at(reading, hardness),
            self.hardness: gr.update(visible=mined, value=hardness),
            self.edit: gr.update(visible=True),
            self.positive: reading.positive,
        }

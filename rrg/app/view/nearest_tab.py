"""Tab 2: for each model the training reports nearest to the film."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app import present, present_neighbours
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates


class NearestTab(Part):
    title = "Nearest reports"

    def __init__(self) -> None:
        self.neighbours = gr.HTML(present.nothing_yet("Each model’s nearest training reports appear here."))

    def outputs(self) -> list[Any]:
        return [self.neighbours]

    def wire(self, desk: Desk) -> None:
        self.desk = desk

    def begin(self, study: OpenStudy) -> Updates:
        return {self.neighbours: ""}

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is None:
            return {self.neighbours: present.nothing_yet("No report was drafted.")}
        found = (neighbour.study_id for model in study.reading.models for neighbour in model.neighbours)
        collection = study.pair[1].collection if study.pair else ""
        pictures = self.desk.room.pictures_of(collection).of(found)
        notice = self.desk.room.notice_of(collection)
        return {self.neighbours: present_neighbours.neighbours(study.reading, pictures, notice)}

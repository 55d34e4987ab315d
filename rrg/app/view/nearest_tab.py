"""Tab 2: for each model the training reports nearest to the film."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app import present, present_reports
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Part, Updates


class NearestTab(Part):
    title = "Nearest reports"

    def __init__(self) -> None:
        self.neighbours = gr.HTML(present.nothing_yet("Each model’s nearest training reports appear here."))

    def outputs(self) -> list[Any]:
        return [self.neighbours]

    def begin(self, study: OpenStudy) -> Updates:
        return {self.neighbours: ""}

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is None:
            return {self.neighbours: present.nothing_yet("No report was drafted.")}
        return {self.neighbours: present_reports.neighbours(study.reading)}

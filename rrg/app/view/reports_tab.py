"""Tab 1: both reports as they are written, their sentences compared, and the table of findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from rrg.app import present, present_reports
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Part, Updates


class ReportsTab(Part):
    title = "Reports"

    def __init__(self) -> None:
        self.reports = gr.HTML(present.nothing_yet("The two reports appear here."))
        self.findings = gr.HTML("")

    def outputs(self) -> list[Any]:
        return [self.reports, self.findings]

    def begin(self, study: OpenStudy) -> Updates:
        return {self.findings: ""}

    def drafting(self, names: Sequence[str], texts: Sequence[str]) -> Updates:
        return {self.reports: present_reports.drafts(names, texts)}

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is None:
            return {self.reports: present.nothing_yet("No report was drafted."), self.findings: ""}
        return {
            self.reports: present_reports.reports(study.reading),
            self.findings: present_reports.findings(study.reading),
        }

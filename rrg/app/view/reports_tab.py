"""Tab 1: the table of findings, and both reports as they are written, their sentences compared and asked for evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from rrg.app import evidence, present, present_evidence, present_reports
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates
from rrg.app.view.viewer_panel import SHOW_FILM
from rrg.types import RrgError

# A chosen sentence stays pressed without a re-render, so that the keyboard's place is kept; a second press lets it go.
CHOOSE = (
    SHOW_FILM
    + """
element.addEventListener("click", (event) => {
  const pick = event.target.closest("button.pick");
  if (!pick) return;
  const chosen = pick.getAttribute("aria-pressed") !== "true";
  for (const other of element.querySelectorAll("button.pick")) other.setAttribute("aria-pressed", "false");
  pick.setAttribute("aria-pressed", String(chosen));
  const stage = document.querySelector("#viewer .viewer-stage"), seen = stage.getBoundingClientRect();
  if (chosen && (seen.bottom < 80 || seen.top > innerHeight - 80)) showFilm("start"); // one column: it is out of sight
  const { report, sentence } = pick.dataset;
  trigger("click", chosen ? { report: Number(report), sentence: Number(sentence) } : {});
});
"""
)

EMPTY = (
    "Open a film on the left, or take an example: both models’ reports appear here, sentence by sentence. Choose a "
    "sentence, and the film shows where each model finds its evidence for it."
)


class ReportsTab(Part):
    title = "Reports"

    def __init__(self) -> None:
        self.findings = gr.HTML("", elem_id="findings")
        self.reports = gr.HTML(present.nothing_yet(EMPTY), js_on_load=CHOOSE, elem_id="reports")
        self.evidence = gr.HTML("", elem_id="evidence")

    def outputs(self) -> list[Any]:
        return [self.reports, self.evidence, self.findings]

    def wire(self, desk: Desk) -> None:
        self.desk = desk
        shown = [desk.notice, self.evidence, desk.viewer.marks]
        desk.job(self.reports.click, self.on_choose, [desk.study], shown)

    def begin(self, study: OpenStudy) -> Updates:
        return {self.findings: "", self.evidence: ""}

    def drafting(self, names: Sequence[str], texts: Sequence[str]) -> Updates:
        return {self.reports: present_reports.drafts(names, texts)}

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is None:
            return {self.reports: present.nothing_yet("No report was drafted."), **self.begin(study)}
        return {
            self.reports: present_reports.reports(study),
            self.evidence: present_evidence.hint(),
            self.findings: present_reports.findings(study),
        }

    def on_choose(self, study: OpenStudy | None, event: gr.EventData) -> Updates:
        """A sentence was chosen, or let go."""
        report, sentence = (getattr(event, name, None) for name in ("report", "sentence"))
        if not isinstance(report, int) or not isinstance(sentence, int):
            return {
                self.desk.notice: "",
                self.evidence: present_evidence.hint(),
                **self.desk.viewer.lay(None),
            }
        try:
            found = evidence.sentence_evidence(self.desk.room, study, report, sentence)
        except RrgError as error:
            return {**self.desk.refused(error, study), self.evidence: present_evidence.hint()}
        assert study is not None
        said = present_evidence.evidence(found, evidence.pointing(study, found))
        laid = self.desk.viewer.lay(evidence.heat(study, found))
        return {self.desk.notice: "", self.evidence: said, **laid}

"""Tab 4: edit a report or flip one fact: what each model makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from rrg.app import present, present_probe, probe
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates
from rrg.types import RrgError

EMPTY = "Edit a report or flip one fact: what each model makes of it."
LEAD = (
    "Does a model see what the words say? Take a report, change one fact, and ask both models which text fits this "
    "film better."
)


class ProbeTab(Part):
    title = "Probe"

    def __init__(self) -> None:
        self.body = gr.HTML(present.nothing_yet(EMPTY))
        with gr.Column(visible=False, elem_id="probe") as self.bench:
            self.source = gr.Radio([], label="Start from", elem_id="probe-source")
            self.original = gr.Textbox(
                label="The report", lines=4, max_length=probe.MAX_REPORT, elem_id="probe-original"
            )
            self.flips = gr.Radio([], label="Flip one fact", elem_id="probe-flips")
            self.withheld = gr.HTML("")
            self.edited = gr.Textbox(
                label="The edited report: flip a fact above, or change the words here", lines=4,
                max_length=probe.MAX_REPORT, elem_id="probe-edited",
            )  # fmt: skip
            with gr.Row():
                self.compare = gr.Button(
                    "Compare report and edit", variant="primary", elem_id="probe-compare"
                )
                self.survey = gr.Button("Ask about every flip", elem_id="probe-all")
            self.result = gr.HTML("", elem_id="probe-result")

    def outputs(self) -> list[Any]:
        return [self.body, self.bench, self.source, *self._texts]

    @property
    def _texts(self) -> list[Any]:
        return [self.original, self.flips, self.withheld, self.edited, self.result]

    def wire(self, desk: Desk) -> None:
        self.desk = desk
        shown = [desk.notice, self.edited, self.result]
        desk.quick(self.source.input, self.on_source, [self.source, desk.study], self._texts)
        desk.quick(
            self.original.input, self.on_original, [self.original, desk.study],
            [self.flips, self.withheld], trigger_mode="always_last",
        )  # fmt: skip
        flipped = [self.flips, self.original, desk.study]
        desk.job(self.flips.input, self.on_flip, flipped, shown)
        edited = [self.original, self.edited, desk.study]
        desk.job(self.compare.click, self.on_compare, edited, shown)
        desk.job(self.survey.click, self.on_survey, [self.original, desk.study], shown, once=True)

    def begin(self, study: OpenStudy) -> Updates:
        return {self.body: present.nothing_yet(EMPTY), self.bench: gr.update(visible=False), self.result: ""}

    def show(self, study: OpenStudy) -> Updates:
        told = probe.sources(study)
        if not told:
            return self.begin(study) | {self.body: present.nothing_yet("No report was drafted.")}
        first = next(iter(told))
        return {
            self.body: f'<p class="lead">{LEAD}</p>',
            self.bench: gr.update(visible=True),
            self.source: gr.update(choices=list(told), value=first),
            **self.on_source(first, study),
        }

    # -- handlers

    def on_source(self, name: str | None, study: OpenStudy | None) -> Updates:
        text = probe.sources(study).get(name or "", "")
        return {self.original: text, self.edited: text, self.result: "", **self.on_original(text, study)}

    def on_original(self, text: str, study: OpenStudy | None) -> Updates:
        """The flips of what stands in the box; an empty box has none."""
        try:
            offered = probe.offers(self.desk.room, study, text)
            told = present_probe.left_out(probe.left_out(text))
            told = told if offered else '<p class="quiet">No fact of this report can be flipped by itself.</p>'
        except RrgError as error:
            offered, told = (), present.banner("note", str(error)) if text.strip() else ""
        choices = [(f"{flip.fact}: {flip.description}", str(i)) for i, flip in enumerate(offered)]
        return {self.flips: gr.update(choices=choices, value=None), self.withheld: told}

    def on_flip(self, number: str | None, original: str, study: OpenStudy | None) -> Updates:
        if number is None:  # the choice went with its text
            return {}
        return self._answered(study, lambda: probe.probe_flip(self.desk.room, study, original, int(number)))

    def on_compare(self, original: str, edited: str, study: OpenStudy | None) -> Updates:
        return self._answered(study, lambda: probe.probe(self.desk.room, study, original, edited))

    def on_survey(self, original: str, study: OpenStudy | None) -> Updates:
        try:
            found = probe.probe_all(self.desk.room, study, original)
        except RrgError as error:
            return self.desk.refused(error, study)
        return {self.desk.notice: "", self.result: present_probe.survey(found, probe.left_out(original))}

    def _answered(self, study: OpenStudy | None, ask: Callable[[], probe.Probe]) -> Updates:
        try:
            found = ask()
        except RrgError as error:
            return self.desk.refused(error, study)
        return {
            self.desk.notice: "",
            self.edited: found.edited,
            self.result: present_probe.probed(found),
        }

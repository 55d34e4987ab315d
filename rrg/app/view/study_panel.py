"""The left column: open films, see them and what was read of them, correct it. Runs no model itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from rrg.app import present
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import VIEWS, Correction, OpenStudy
from rrg.app.view.desk import Desk, Part, Updates, discard, pair_of
from rrg.app.view.flow import Flow
from rrg.app.view.simulated_panel import SimulatedStudies
from rrg.app.view.viewer_panel import Viewer


class StudyPanel(Part):
    """Upload, examples, notices, the films, their record and the corrections."""

    def __init__(self, room: ReadingRoom) -> None:
        self.room = room
        gr.HTML("<h2>The study</h2>")
        self.upload = gr.File(
            file_count="multiple", file_types=None, type="filepath", height=96, elem_id="upload",
            label="Open one or two views: DICOM, PNG, JPEG or TIFF",
        )  # fmt: skip
        with gr.Row(elem_id="examples"):
            self.examples = {
                e.id: gr.Button(e.title, size="sm", interactive=bool(e.files)) for e in room.examples()
            }
        self.simulated = SimulatedStudies(room)
        self.studies = gr.Dropdown(
            [(study.title, study.id) for study in room.studies if study.listed], value=None, visible=bool(room.studies),
            label="Or a study of the data folder, with its reference report", elem_id="studies",
        )  # fmt: skip
        self.notice = gr.HTML("", elem_id="notice")
        self.cancel = gr.Button("Cancel", size="sm", visible=False, elem_id="cancel")
        self.asked = gr.Number(0, visible=False)
        self.override = gr.Checkbox(
            False,
            label="Read it nevertheless (the reading will be marked)",
            visible=False,
            elem_id="override",
        )
        with gr.Column(elem_id="sight"):
            self.viewer = Viewer()
            self.record = gr.HTML("", elem_id="record")
            with gr.Accordion("Correct what was read", open=False):
                self._build_corrections()

    def _build_corrections(self) -> None:
        with gr.Row():
            self.views = [gr.Radio(list(VIEWS), value="as read", label=f"View of film {i}") for i in (1, 2)]
        with gr.Row():
            self.inverts = [gr.Checkbox(False, label=f"Film {i} is shown inverted: turn it") for i in (1, 2)]
        self.again = gr.Button("Read again", size="sm")

    def uploads(self) -> list[Any]:
        return [self.upload]

    def outputs(self) -> list[Any]:
        return [self.upload, self.override, self.record, *self.views, *self.inverts]

    def fresh(self) -> Updates:
        """The corrections belong to the films before."""
        return {**dict.fromkeys(self.views, "as read"), **dict.fromkeys(self.inverts, False)}

    def begin(self, study: OpenStudy) -> Updates:
        return {self.record: ""}

    def show(self, study: OpenStudy) -> Updates:
        refused = study.screening is not None and not study.screening.chest
        return {
            self.override: gr.update(visible=refused, value=study.overridden),
            self.record: present.record(study),
        }

    def wire(self, desk: Desk) -> None:
        self.desk, self.flow = desk, Flow(desk)
        choice, shown = list(desk.choice), self.flow.outputs
        desk.job(self.upload.upload, self.on_upload, [self.upload, *choice, desk.study], shown, unread=discard)
        for name, button in self.examples.items():
            desk.job(button.click, self._on_example(name), [*choice, desk.study], shown, once=True)
        listed, overridden = [self.studies, *choice, desk.study], [*choice, self.override, desk.study]
        desk.job(self.studies.input, self.on_study, listed, shown)
        desk.job(self.override.input, self.on_read, overridden, shown)
        said = [*self.views, *self.inverts]
        desk.job(self.again.click, self.on_correct, [*choice, desk.study, *said], shown)
        self.waiting = [component for part in desk.parts for component in part.uploads()]
        outputs = [self.notice, self.cancel, *self.waiting]
        inputs = [self.asked, *self.waiting]
        desk.quick(self.cancel.click, self.on_cancel, inputs, outputs, js="(_, ...files) => [Date.now(), ...files]")

    def on_cancel(self, request: gr.Request, at: float, *waiting: list[str] | None) -> Updates:
        """What runs ends at its next step, which puts back what was on the screen; what still waited to be read is deleted
        unread.
        """
        self.desk.jobs.stop(str(request.session_hash), at)
        for files in waiting:
            discard(files)
        told = {self.notice: present.banner("note", "Stopped."), self.cancel: gr.update(visible=False)}
        return told | dict.fromkeys(self.waiting)

    # -- handlers: each takes what a browser holds and yields what it shows

    def on_upload(
        self, files: list[str] | None, first: str, second: str, collection: str, held: OpenStudy | None
    ) -> Iterator[Updates]:
        if not files:
            return
        steps = self.flow.open(
            lambda: self.room.open_files(files, discard=True), (first, second, collection), held
        )
        for i, shown in enumerate(steps):
            yield shown | ({self.upload: None} if i == 0 else {})

    def on_study(
        self, name: str | None, first: str, second: str, collection: str, held: OpenStudy | None
    ) -> Iterator[Updates]:
        if name:
            yield from self.flow.open(lambda: self.room.open_example(name), (first, second, collection), held)

    def _on_example(self, name: str) -> Any:
        def on_example(first: str, second: str, collection: str, held: OpenStudy | None) -> Iterator[Updates]:
            yield from self.flow.open(lambda: self.room.open_example(name), (first, second, collection), held)

        return on_example

    def on_read(
        self, first: str, second: str, collection: str, override: bool, held: OpenStudy | None
    ) -> Iterator[Updates]:
        """Read what is open, with the models chosen now."""
        if held is not None:
            yield from self.flow.read(held, (first, second, collection), override, held)

    def on_chosen(
        self, first: str, second: str, collection: str, override: bool, held: OpenStudy | None
    ) -> Iterator[Updates]:
        """Read what is open with another pair; a list that was only passed with the Tab key says the same again."""
        if held is not None and held.pair != pair_of(collection, first, second):
            yield from self.on_read(first, second, collection, override, held)

    def on_correct(
        self, first: str, second: str, collection: str, held: OpenStudy | None, *said: Any
    ) -> Iterator[Updates]:
        if held is None:
            yield {self.notice: present.refusal("No film is open yet.", False)}
            return
        views, inverts = said[:2], said[2:]
        corrections = [Correction(VIEWS.get(v), bool(i)) for v, i in zip(views, inverts, strict=True)]
        corrected = self.room.correct(held, corrections)
        yield from self.flow.read(corrected, (first, second, collection), held.overridden, held)

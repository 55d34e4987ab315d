"""The foot of the page: the reading as a file to keep. The file travels in a link and is written nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from rrg.app import present
from rrg.app.export_files import FORMATS, export_file
from rrg.app.study import NOTICE, OpenStudy
from rrg.app.view.desk import Desk, Part, Updates
from rrg.types import RrgError

NAMES = {"json": "JSON", "txt": "Plain text", "pdf": "PDF with the films"}
SAVE = "() => document.querySelector('#export-link a')?.click()"


NOTHING = "Nothing has been read yet: open a film first, then it can be kept."
UNFINISHED = "The reading is not finished yet."
UNREAD = "There is no reading with names on the page to keep: no report was drafted, or a blind ballot is open."


def _quiet(text: str) -> str:
    return f'<p class="quiet">{text}</p>'


class ExportPanel(Part):
    """Three buttons, for as long as a reading is on the page; the link that they make saves itself, and stays."""

    def __init__(self) -> None:
        with gr.Column(elem_id="export"):
            gr.HTML(
                f'<h3>Keep this reading</h3><p class="quiet">{NOTICE} No name, date or file name is in it.</p>'
            )
            with gr.Row():
                self.buttons = {
                    form: gr.Button(NAMES[form], size="sm", interactive=False, elem_id=f"export-{form}")
                    for form in FORMATS
                }
            self.why = gr.HTML(_quiet(NOTHING), elem_id="export-why")
            self.link = gr.HTML("", elem_id="export-link")

    def outputs(self) -> list[Any]:
        return [self.link, self.why, *self.buttons.values()]

    def wire(self, desk: Desk) -> None:
        self.desk = desk
        for form, button in self.buttons.items():
            made = desk.quick(button.click, self._on_export(form), [desk.study], [desk.notice, self.link])
            made.success(None, js=SAVE, queue=False, api_visibility="private")

    def begin(self, study: OpenStudy) -> Updates:
        return self._offered(UNFINISHED if study.films else NOTHING)

    def show(self, study: OpenStudy) -> Updates:
        if study.reading is not None:
            return self._offered("")
        return self._offered(UNREAD if study.films else NOTHING)

    def _offered(self, why_not: str) -> Updates:
        """The buttons can be pressed where nothing speaks against it; else they stand there with the reason."""
        pressed = gr.update(interactive=not why_not)
        told = _quiet(why_not) if why_not else ""
        return {self.link: "", self.why: told, **dict.fromkeys(self.buttons.values(), pressed)}

    def _on_export(self, form: str) -> Callable[[OpenStudy | None], Updates]:
        def on_export(study: OpenStudy | None) -> Updates:
            try:
                made = export_file(study, form)
            except RrgError as error:
                return self.desk.refused(error, study) | {self.link: ""}
            return {self.link: present.download(made.name, made.media, made.content)}

        return on_export

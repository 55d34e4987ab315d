"""Simulated studies: the strip to choose one from, and above the reading what is true of it and the way to its twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from rrg.app import present_simulated
from rrg.app.pictures import small_film
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates
from rrg.app.view.flow import Flow
from rrg.app.view.viewer_panel import SHOW_FILM

PICK = (
    SHOW_FILM
    + """
const foldInOneColumn = () => { // there it stands between the film and its reading
  const fold = element.querySelector("details");
  if (fold && matchMedia("(max-width: 1200px)").matches) fold.open = false;
};
foldInOneColumn();
element.addEventListener("click", (event) => {
  const pick = event.target.closest("button.study");
  if (!pick) return;
  trigger("click", { study: pick.dataset.study });
  foldInOneColumn();
  showFilm("nearest");
});
"""
)


class SimulatedStudies(Part):
    """The strip; a study that is chosen is read by the models that were trained on its like."""

    def __init__(self, room: ReadingRoom) -> None:
        listed = [example for example in room.simulated if example.listed]
        pictures = {example.id: small_film(example.files[0]) for example in listed if example.files}
        said = present_simulated.strip(listed, pictures) if listed else ""
        self.strip = gr.HTML(said, js_on_load=PICK, visible=bool(listed), elem_id="simulated")

    def wire(self, desk: Desk) -> None:
        self.desk, self.flow = desk, Flow(desk)
        shown = list(dict.fromkeys([*self.flow.outputs, *desk.header.switched]))
        desk.job(self.strip.click, self.on_pick, [*desk.choice, desk.study], shown)

    def on_pick(
        self, first: str, second: str, collection: str, held: OpenStudy | None, event: gr.EventData
    ) -> Iterator[Updates]:
        name = str(getattr(event, "study", ""))
        wanted = next((each.collection for each in self.desk.room.simulated if each.id == name), "")
        choice, switched = self.desk.header.follow(wanted, (first, second, collection))
        if switched:
            yield switched
        yield from self.flow.open(lambda: self.desk.room.open_example(name), choice, held)


class TruthPanel(Part):
    """What is true of the study on the screen, and the button to its twin."""

    def __init__(self) -> None:
        with gr.Row(visible=False, elem_id="known", equal_height=False) as self.row:
            self.truth = gr.HTML("", elem_id="truth")
            self.twin = gr.Button(present_simulated.OPEN_TWIN, size="sm", visible=False, elem_id="twin")

    def outputs(self) -> list[Any]:
        return [self.row, self.truth, self.twin]

    def wire(self, desk: Desk) -> None:
        self.desk, self.flow = desk, Flow(desk)
        desk.job(self.twin.click, self.on_twin, [*desk.choice, desk.study], self.flow.outputs, once=True)

    def begin(self, study: OpenStudy) -> Updates:
        button = present_simulated.twin_button(study)
        return {
            self.row: gr.update(visible=bool(study.simulated)),
            self.truth: present_simulated.truth(study),
            self.twin: gr.update(visible=bool(button), value=button or present_simulated.OPEN_TWIN),
        }

    def on_twin(self, first: str, second: str, collection: str, held: OpenStudy | None) -> Iterator[Updates]:
        twin = held.truth.twin if held is not None and held.truth is not None else None
        if twin is not None:
            choice = (first, second, collection)
            yield from self.flow.open(lambda: self.desk.room.open_example(twin.id), choice, held)

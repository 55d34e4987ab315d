"""Tab 4: edit a report or flip one fact: what each model makes of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app import present
from rrg.app.view.desk import Part


class ProbeTab(Part):
    title = "Probe"

    def __init__(self) -> None:
        self.body = gr.HTML(
            present.nothing_yet("Edit a report or flip one fact: what each model makes of it.")
        )

    def outputs(self) -> list[Any]:
        return [self.body]

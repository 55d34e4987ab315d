"""Tab 6: two reports without names: which reads better."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app import present
from rrg.app.view.desk import Part


class BlindTab(Part):
    title = "Blind reading"

    def __init__(self) -> None:
        self.body = gr.HTML(present.nothing_yet("Two reports without names: which reads better."))

    def outputs(self) -> list[Any]:
        return [self.body]

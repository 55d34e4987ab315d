"""Tab 5: the scoreboard, from the checkpoints' metrics.json. Depends on no study."""

from __future__ import annotations

import gradio as gr

from rrg.app import present
from rrg.app.view.desk import Part


class BenchmarkTab(Part):
    title = "Benchmark"

    def __init__(self) -> None:
        self.body = gr.HTML(present.nothing_yet("The scores of the chosen models appear here."))

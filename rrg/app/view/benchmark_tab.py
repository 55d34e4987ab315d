"""Tab 5: the scoreboard, from the checkpoints' metrics.json. Depends on no study and runs no model."""

from __future__ import annotations

import gradio as gr

from rrg.app import benchmark, present, present_benchmark
from rrg.app.view.desk import Desk, Part


class BenchmarkTab(Part):
    """Drawn when the tab is opened: nobody waits for plots that they do not look at."""

    title = "Benchmark"

    def __init__(self, tab: gr.Tab) -> None:
        self.tab = tab
        self.body = gr.HTML(present.working("The scores of the collection are being drawn"))

    def wire(self, desk: Desk) -> None:
        self.desk = desk
        collection = desk.choice[2]
        for event in (self.tab.select, collection.change):
            desk.quick(event, self.on_show, [collection], [self.body])

    def on_show(self, collection: str | None) -> str:
        room = self.desk.room
        shown = benchmark.board(room.library, collection or "")
        return present_benchmark.scoreboard(shown, benchmark.references(room.studies))

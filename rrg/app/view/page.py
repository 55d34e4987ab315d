"""The frame: puts head, gate, study, tabs and foot together and lets each wire itself. Knows no tab's inside."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rrg.app.asked import Intake
from rrg.app.reading_room import ReadingRoom
from rrg.app.view.api import Api
from rrg.app.view.benchmark_tab import BenchmarkTab
from rrg.app.view.blind_tab import BlindTab
from rrg.app.view.desk import Desk, Part
from rrg.app.view.export_panel import ExportPanel
from rrg.app.view.flow import Flow
from rrg.app.view.header import Header
from rrg.app.view.nearest_tab import NearestTab
from rrg.app.view.negatives_tab import NegativesTab
from rrg.app.view.probe_tab import ProbeTab
from rrg.app.view.reports_tab import ReportsTab
from rrg.app.view.simulated_panel import TruthPanel
from rrg.app.view.study_panel import StudyPanel

# Seconds: look every minute, delete what is older than five: an upload that no reading followed, an exported file that was
# long since fetched. Shorter, and an upload could be gone before its turn in a full queue, at some nine seconds a reading.
KEEP_UPLOADS = (60, 300)
KEEP_STUDY = 3600  # seconds that a browser's study outlives its last request
WAITING = 30  # jobs of all browsers together; whoever comes later is told that the queue is full

GATE = """## Before you begin
This is a **research demonstration, not for clinical use**. It compares two experimental models; both make
mistakes, and neither has been evaluated for patient care. Do not open films of patients that you may not use
for research.

What you open is read in this process, kept for this browser tab only and deleted afterwards; file names and
patient data are never shown or stored."""
# In the browser alone: the room opens at once, whatever the server is loading.
OPENED = '[{ __type__: "update", visible: false }, { __type__: "update", visible: true }]'
ACCEPTED = f"""() => {{
  try {{ sessionStorage.setItem("rrg-accepted", "yes"); }} catch {{ /* no storage: it will be asked again */ }}
  return {OPENED};
}}"""
# A reload is the same session of the browser; nothing of it is sent or outlives the tab.
AGAIN = f"""() => {{
  try {{ if (sessionStorage.getItem("rrg-accepted")) return {OPENED}; }} catch {{ /* no storage */ }}
  return [{{ __type__: "update" }}, {{ __type__: "update" }}];
}}"""

# Gradio's lists take the Tab that leaves them for an answer and stay open, over what stands below.
TAB_LEAVES = """() => { document.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && event.target.closest("#choice, #studies")) event.stopPropagation();
}, true); }"""


class Page:
    """Builds the page over one reading room. Its attributes are components; no study is ever kept on it."""

    def __init__(self, room: ReadingRoom) -> None:
        self.room = room
        with gr.Blocks(
            analytics_enabled=False,
            title="Reading room: two models, one film",
            fill_width=True,
            delete_cache=KEEP_UPLOADS,
        ) as self.demo:
            self._build()
            self._wire()
            self.api = Api(Intake(room, self.header.pair))
            self.api.wire()
        self.demo.queue(max_size=WAITING, default_concurrency_limit=1)

    def _build(self) -> None:
        self.study = gr.State(None, time_to_live=KEEP_STUDY)
        self.header = Header(self.room)
        with gr.Column(elem_id="gate") as self.gate:
            gr.Markdown(GATE)
            self.accept = gr.Button(
                "I understand: open the reading room", variant="primary", elem_id="accept"
            )
        self.header.build_status()
        with gr.Row(visible=False, elem_id="desk", equal_height=False) as self.desk_row:
            with gr.Column(scale=5, min_width=340, elem_id="left"):
                self.panel = StudyPanel(self.room)
            with gr.Column(scale=8, min_width=420, elem_id="right"):
                self.truth = TruthPanel()
                self._build_tabs()
                self.export = ExportPanel()
        self.header.build_cards()

    def _build_tabs(self) -> None:
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(ReportsTab.title):
                self.reports = ReportsTab()
            with gr.Tab(NearestTab.title):
                self.nearest = NearestTab()
            with gr.Tab(NegativesTab.title):
                self.negatives = NegativesTab(self.room)
            with gr.Tab(ProbeTab.title):
                self.probe = ProbeTab()
            with gr.Tab(BenchmarkTab.title) as tab:
                self.benchmark = BenchmarkTab(tab)
            with gr.Tab(BlindTab.title):
                self.blind = BlindTab()

    @property
    def parts(self) -> tuple[Part, ...]:
        tabs = (self.reports, self.nearest, self.negatives, self.probe, self.benchmark, self.blind)
        left = (self.panel, self.panel.simulated, self.panel.viewer)
        return self.header, *left, self.truth, *tabs, self.export

    def _wire(self) -> None:
        self.desk = Desk(
            room=self.room, study=self.study, header=self.header, notice=self.panel.notice, cancel=self.panel.cancel,
            asked=self.panel.asked, busy=self.header.queue, viewer=self.panel.viewer, parts=self.parts,
        )  # fmt: skip
        self.flow = Flow(self.desk)
        opened: dict[str, Any] = {
            "outputs": [self.gate, self.desk_row],
            "queue": False,
            "api_visibility": "private",
        }
        self.accept.click(None, None, js=ACCEPTED, **opened)
        self.demo.load(None, None, js=AGAIN, **opened)
        self.demo.load(None, None, None, js=TAB_LEAVES, queue=False, api_visibility="private")
        for part in self.parts:
            part.wire(self.desk)
        again = [*self.header.choice, self.panel.override, self.study]
        for chosen in self.header.changes():
            self.desk.job(chosen, self.panel.on_chosen, again, self.flow.outputs)

"""The viewer as a component: a static frame around `viewer.js`, fed by values. Draws nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from rrg.app import viewer
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Part, Updates

SCRIPT = Path(__file__).parents[1] / "viewer.js"
# For other parts' scripts: brings the film into sight; `block` says where, as of `scrollIntoView`.
SHOW_FILM = """
const showFilm = (block) => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector("#viewer .viewer-stage").scrollIntoView({ block, behavior: still ? "auto" : "smooth" });
};
"""
HELP = (
    "Drag: window (↔) and level (↕); with Shift or the right button: pan. Wheel or two fingers: zoom. Keys on the "
    "film: arrows pan, + and − zoom, [ and ] window, comma and full stop level, i inverts, v switches the film, "
    "r resets."
)
# Static: gradio's templates would run what stands in a text. `viewer.js` sets every text as text.
FRAME = f"""
<div class="viewer">
  <div class="viewer-tools" data-part="tools" role="toolbar" aria-label="Viewer" hidden>
    <button type="button" data-part="windowing" aria-pressed="true">Window</button>
    <button type="button" data-part="panning" aria-pressed="false">Pan</button>
    <button type="button" data-part="farther" aria-label="Zoom out">−</button>
    <button type="button" data-part="closer" aria-label="Zoom in">+</button>
    <button type="button" data-part="invert" aria-pressed="false">Invert</button>
    <button type="button" data-part="reset">Reset</button>
    <button type="button" data-part="view" hidden></button>
  </div>
  <div class="viewer-stage" data-part="stage" tabindex="0" role="application" aria-label="Film viewer, no film is open"
    aria-describedby="viewer-help">
    <canvas data-part="canvas" aria-hidden="true"></canvas>
    <p class="viewer-empty" data-part="empty">No film is open. Choose a file or an example.</p>
    <div class="viewer-names" data-part="names"></div>
    <p class="viewer-simulated" data-part="simulated" hidden></p>
    <p class="viewer-window" data-part="window" aria-hidden="true"></p>
  </div>
  <p class="quiet" data-part="shown"></p>
  <div class="viewer-truth" data-part="truth" hidden>
    <button type="button" data-part="outlines" aria-pressed="false">Outline the true findings (t)</button>
    <span class="quiet" data-part="untold">This body has no finding: there is nothing to outline.</span>
    <ul data-part="legend" aria-label="Outlined findings, by their number on the film" hidden></ul>
  </div>
  <div class="viewer-heat" data-part="heat" hidden>
    <p>Evidence for: <q data-part="sentence"></q></p>
    <label>Heat map <select data-part="map"></select></label>
    <label>Opacity <input type="range" data-part="opacity" min="0" max="100" value="60"></label>
    <p class="viewer-scale">0 <canvas data-part="bar" width="160" height="12" aria-hidden="true"></canvas>
      <span data-part="end"></span> <span data-part="unit"></span>, one scale for both models. Hatched: outside the
      field of view, not judged.</p>
  </div>
  <details class="viewer-help"><summary>Drag sets the window, the wheel zooms: all gestures and keys</summary>
    <p class="quiet" id="viewer-help">{HELP}</p></details>
  <div class="viewer-spoken" data-part="spoken" role="status" aria-live="polite"></div>
</div>
"""


NO_TRUTH: dict[str, Any] = {}
NO_HEAT: dict[str, Any] = {}  # gradio hands no None on to the browser: what was there would stay


class Viewer(Part):
    """`marks` is the component: films as its value, titles and heat maps as properties that change without them."""

    def __init__(self) -> None:
        script = SCRIPT.read_text(encoding="utf-8")
        self.marks = gr.HTML(
            None, html_template=FRAME, js_on_load=f"{script}\nmountViewer(element, props, watch);",
            apply_default_css=False, elem_id="viewer", titles=[], heat=NO_HEAT, truth=NO_TRUTH,
        )  # fmt: skip

    def outputs(self) -> list[Any]:
        return [self.marks]

    def begin(self, study: OpenStudy) -> Updates:
        films, known = study.films, viewer.truth(study)
        return {
            self.marks: gr.update(
                value=viewer.pictures(films), titles=viewer.titles(films), heat=NO_HEAT, truth=known
            )
        }

    def show(self, study: OpenStudy) -> Updates:
        """The screen may have told which view a film is; the pictures are there already."""
        return {self.marks: gr.update(titles=viewer.titles(study.films))}

    def back(self, study: OpenStudy) -> Updates:
        return self.begin(study)

    def lay(self, heat: dict[str, Any] | None) -> Updates:
        """Lay heat maps (`rrg.app.viewer.heat`) over the films, or take them away."""
        return {self.marks: gr.update(heat=heat or NO_HEAT)}

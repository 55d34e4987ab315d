"""The page: components, their wiring and nothing else. The only file that knows gradio.

What is done lives in `reading_room`, what is shown in `present*`, a browser's study in its own `gr.State`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from rrg.app import present, present_negatives, present_reports
from rrg.app.endpoints import Endpoints
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import NOTICE, Correction, OpenStudy, Progress
from rrg.types import RrgError, View

SLOT = "models"  # every job that runs a model waits in this one queue
MAX_FILE_SIZE = "100mb"
KEEP_UPLOADS = (300, 900)  # seconds: look every five minutes, delete what is older than fifteen
KEEP_STUDY = 3600  # seconds that a browser's study outlives its last request
SESSIONS = 40
VIEWS = {"as read": None, "frontal": View.FRONTAL, "lateral": View.LATERAL}
STYLE = Path(__file__).parent / "style.css"
Updates = dict[Any, Any]

GATE = """## Before you begin
This is a **research demonstration, not for clinical use**. It compares two experimental models; both make
mistakes, and neither has been evaluated for patient care. Do not open films of patients that you may not use
for research.

What you open is read in this process, kept for this browser tab only and deleted afterwards; file names and
patient data are never shown or stored."""


class Page:
    """Builds the page over one reading room. Its attributes are components; no study is ever kept on it."""

    def __init__(self, room: ReadingRoom) -> None:
        self.room = room
        self.collections = room.library.collections()
        self.collection = next((c for c, names in self.collections.items() if len(names) > 1), "")
        self.pair = room.default_pair(self.collection)
        self.endpoints = Endpoints(room, self.pair)
        if self.pair:
            room.library.request(*self.pair)
        with gr.Blocks(
            analytics_enabled=False,
            title="Reading room: two models, one film",
            fill_width=True,
            delete_cache=KEEP_UPLOADS,
        ) as self.demo:
            self._build()
            self._wire()
            self._wire_api()
        self.demo.queue(max_size=20, default_concurrency_limit=1)

    # -- components

    def _build(self) -> None:
        self.study = gr.State(None, time_to_live=KEEP_STUDY)
        with gr.Row(elem_id="head"):
            gr.HTML(
                f"<h1>Reading room</h1><p>Two report generators on one chest film. <b>{NOTICE}</b></p>",
                elem_id="title",
            )
            self._build_choice()
        with gr.Column(elem_id="gate") as self.gate:
            gr.Markdown(GATE)
            self.accept = gr.Button(
                "I understand: open the reading room", variant="primary", elem_id="accept"
            )
        self.loading = gr.HTML(present.loading(self.room.library.loading(), self.pair), elem_id="loading")
        self.timer = gr.Timer(1.0, active=self.pair is not None)
        with gr.Row(visible=False, elem_id="desk", equal_height=False) as self.desk:
            with gr.Column(scale=5, min_width=340, elem_id="left"):
                self._build_left()
            with gr.Column(scale=8, min_width=420, elem_id="right"):
                self._build_right()

    def _build_choice(self) -> None:
        names = list(self.collections.get(self.collection, ()))
        first, second = (key.name for key in self.pair) if self.pair else (None, None)
        with gr.Row(elem_id="choice"):
            self.choose_collection = gr.Dropdown(
                list(self.collections), value=self.collection or None, label="Collection", min_width=130
            )
            self.choose_first = gr.Dropdown(names, value=first, label="First model", min_width=130)
            self.choose_second = gr.Dropdown(names, value=second, label="Second model", min_width=130)

    def _build_left(self) -> None:
        gr.HTML("<h2>The study</h2>")
        self.upload = gr.File(
            file_count="multiple", file_types=None, type="filepath", height=120, elem_id="upload",
            label="Open one or two views: DICOM, PNG, JPEG or TIFF",
        )  # fmt: skip
        with gr.Row(elem_id="examples"):
            self.examples = {
                e.id: gr.Button(e.title, size="sm", interactive=bool(e.files)) for e in self.room.examples()
            }
        self.notice = gr.HTML("", elem_id="notice")
        self.override = gr.Checkbox(
            False,
            label="Read it nevertheless (the reading will be marked)",
            visible=False,
            elem_id="override",
        )
        self.films = gr.HTML(present.films(None), elem_id="films")
        self.record = gr.HTML("", elem_id="record")
        with gr.Accordion("Correct what was read", open=False):
            with gr.Row():
                self.views = [
                    gr.Radio(list(VIEWS), value="as read", label=f"View of film {i}") for i in (1, 2)
                ]
            with gr.Row():
                self.inverts = [
                    gr.Checkbox(False, label=f"Film {i} is shown inverted: turn it") for i in (1, 2)
                ]
            self.again = gr.Button("Read again", size="sm")

    def _build_right(self) -> None:
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Reports"):
                self.reports = gr.HTML(present.nothing_yet("The two reports appear here."))
                self.findings = gr.HTML("")
            with gr.Tab("Nearest reports"):
                self.neighbours = gr.HTML(
                    present.nothing_yet("Each model’s nearest training reports appear here.")
                )
            with gr.Tab("Hard negatives"):
                self._build_negatives()
        with gr.Accordion("Model cards", open=False, elem_id="cards"):
            self.cards = gr.Markdown("The models are loading.")

    def _build_negatives(self) -> None:
        self.negatives = gr.HTML(present.nothing_yet("Mined and synthesised negatives appear here."))
        self.hardness = gr.Slider(
            0.0, 1.0, value=1.0, step=0.05, visible=False, elem_id="hardness", buttons=[],
            label="λ: from the mined peer (1) to the hardest negative (0)",
        )  # fmt: skip
        self.negative = gr.HTML("")
        with gr.Accordion("Edit the positive", open=False, visible=False) as self.edit:
            self.positive = gr.Textbox(
                label="The text that stands for the truth, for both models", lines=4, max_length=2000
            )
            self.recompute = gr.Button("Recompute with this text", size="sm")

    # -- wiring

    def _wire(self) -> None:
        choice = [self.choose_first, self.choose_second, self.choose_collection]
        shown = self._shown()
        model: dict[str, Any] = {"concurrency_id": SLOT, "concurrency_limit": 1, "show_progress": "minimal"}
        model["show_progress_on"] = self.loading  # says where one stands in the queue
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        self.accept.click(self.on_accept, None, [self.gate, self.desk], **quick)
        self.timer.tick(self.on_tick, choice, [self.loading, self.timer, self.cards], **quick)
        asked = [self.loading, self.timer]
        self.choose_collection.input(
            self.on_collection, [self.choose_collection], [self.choose_first, self.choose_second], **quick
        ).then(self.on_choice, choice, asked, **quick).then(
            self.on_read, [*choice, self.override, self.study], shown, api_visibility="private", **model
        )
        for dropdown in choice[:2]:
            dropdown.input(self.on_choice, choice, asked, **quick).then(
                self.on_read, [*choice, self.override, self.study], shown, api_visibility="private", **model
            )
        self.upload.upload(
            self.on_upload, [self.upload, *choice, self.study], shown, api_visibility="private", **model
        )
        for name, button in self.examples.items():
            button.click(
                self._on_example(name), [*choice, self.study], shown, api_visibility="private", **model
            )
        self.override.input(
            self.on_read, [*choice, self.override, self.study], shown, api_visibility="private", **model
        )
        self.again.click(
            self.on_correct,
            [*choice, self.study, *self.views, *self.inverts],
            shown,
            api_visibility="private",
            **model,
        )
        self.recompute.click(
            self.on_positive,
            [self.positive, self.hardness, self.study],
            shown,
            api_visibility="private",
            **model,
        )
        self.hardness.change(
            self.on_hardness,
            [self.hardness, self.study],
            [self.negative],
            trigger_mode="always_last",
            **quick,
        )

    def _shown(self) -> list[Any]:
        return [
            self.study, self.upload, self.notice, self.override, self.films, self.record, self.reports,
            self.findings, self.neighbours, self.negatives, self.hardness, self.negative, self.edit,
            self.positive, *self.views, *self.inverts,
        ]  # fmt: skip

    def _wire_api(self) -> None:
        """Endpoints for other programs. The file component checks that a path was uploaded by the caller."""
        with gr.Row(visible=False):
            files = gr.File(file_count="multiple", type="filepath", label="One or two films of one study")
            first = gr.Textbox(label="First checkpoint, collection/name; empty for the default")
            second = gr.Textbox(label="Second checkpoint, collection/name; empty for the default")
            override = gr.Checkbox(label="Read although the picture does not look like a chest film")
            result = gr.JSON(label="The reading")
            button = gr.Button()
        button.click(
            self.api_read, [files, first, second, override], result, api_name="read", concurrency_id=SLOT,
            concurrency_limit=1,
            api_description="Read one or two films (DICOM, PNG, JPEG, TIFF) with two checkpoints: reports, "
            f"findings, nearest reports, hard negatives, as JSON. {NOTICE}",
        )  # fmt: skip
        gr.api(self.api_examples, api_name="examples", queue=False)
        gr.api(self.api_read_example, api_name="read_example", concurrency_id=SLOT, concurrency_limit=1)

    # -- handlers: each takes what a browser holds and returns what it shows

    def on_accept(self) -> tuple[Any, Any]:
        return gr.update(visible=False), gr.update(visible=True)

    def on_tick(self, first: str, second: str, collection: str) -> tuple[Any, Any, Any]:
        state = self.room.library.loading()
        pair = _pair(collection, first, second)
        cards = gr.skip() if not state.done else self._cards(pair)
        return present.loading(state, pair), gr.Timer(active=not state.done), cards

    def on_choice(self, first: str, second: str, collection: str) -> tuple[Any, Any]:
        """Ask for the models chosen now, and watch them load."""
        pair = _pair(collection, first, second)
        if pair is not None:
            self.room.library.request(*pair)
        return present.loading(self.room.library.loading(), pair), gr.Timer(active=pair is not None)

    def on_collection(self, collection: str) -> tuple[Any, Any]:
        names = list(self.room.library.collections().get(collection, ()))
        pair = self.room.default_pair(collection)
        first, second = (key.name for key in pair) if pair else (None, None)
        return gr.update(choices=names, value=first), gr.update(choices=names, value=second)

    def on_upload(
        self, files: list[str] | None, first: str, second: str, collection: str, held: OpenStudy | None
    ) -> Iterator[Updates]:
        if not files:
            return
        try:
            opened = self.room.open_files(files, discard=True)
        except RrgError as error:
            yield {self.upload: None, **self._refused(error, held)}
            return
        yield {self.upload: None, **self._fresh()}
        yield from self._read(opened, _pair(collection, first, second), False, held)

    def _on_example(self, name: str) -> Any:
        def on_example(first: str, second: str, collection: str, held: OpenStudy | None) -> Iterator[Updates]:
            try:
                opened = self.room.open_example(name)
            except RrgError as error:
                yield self._refused(error, held)
                return
            yield self._fresh()
            yield from self._read(opened, _pair(collection, first, second), False, held)

        return on_example

    def on_read(
        self, first: str, second: str, collection: str, override: bool, held: OpenStudy | None
    ) -> Iterator[Updates]:
        """Read what is open, with the models chosen now."""
        if held is not None:
            yield from self._read(held, _pair(collection, first, second), override, held)

    def on_correct(
        self, first: str, second: str, collection: str, held: OpenStudy | None, *said: Any
    ) -> Iterator[Updates]:
        if held is None:
            yield {self.notice: present.refusal("No film is open yet.", False)}
            return
        views, inverts = said[:2], said[2:]
        corrections = [Correction(VIEWS.get(v), bool(i)) for v, i in zip(views, inverts, strict=True)]
        yield from self._read(
            self.room.correct(held, corrections), _pair(collection, first, second), held.overridden, held
        )

    def on_positive(self, text: str, hardness: float, held: OpenStudy | None) -> Updates:
        try:
            study = self.room.with_positive(held or OpenStudy((), ""), text)
        except RrgError as error:
            return self._refused(error, held)
        return {self.study: study, self.notice: "", **self._negatives(study, hardness)}

    def on_hardness(self, hardness: float, held: OpenStudy | None) -> str:
        return present_negatives.negative_at(held.reading, hardness) if held and held.reading else ""

    # -- what a step of a reading shows

    def _read(
        self, study: OpenStudy, pair: tuple[Key, Key] | None, override: bool, held: OpenStudy | None
    ) -> Iterator[Updates]:
        try:
            if pair is None:
                raise RrgError("Two checkpoints are needed; choose both above.")
            for i, progress in enumerate(self.room.read(study, pair, override=override)):
                yield self._step(progress, pair, i == 0)
        except RrgError as error:
            yield {**(self._whole(held) if held else {}), **self._refused(error, held)}

    def _step(self, progress: Progress, pair: Sequence[Key], begins: bool) -> Updates:
        if progress.done:
            return self._whole(progress.study)
        shown: Updates = {
            self.notice: present.working(progress.step),
            self.reports: present_reports.drafts([key.name for key in pair], progress.drafts),
        }
        if begins:
            shown |= {self.films: present.films(progress.study), self.findings: "", self.record: ""}
            shown |= {
                self.neighbours: "",
                self.negatives: "",
                self.negative: "",
                self.hardness: gr.update(visible=False),
            }
        return shown

    def _whole(self, study: OpenStudy) -> Updates:
        """Everything on the page that depends on the study."""
        refused = study.screening is not None and not study.screening.chest
        shown: Updates = {
            self.study: study,
            self.notice: present.screening(study),
            self.override: gr.update(visible=refused, value=study.overridden),
            self.films: present.films(study),
            self.record: present.record(study),
        }
        if study.reading is None:
            none = present.nothing_yet("No report was drafted.")
            return shown | {
                **dict.fromkeys((self.reports, self.neighbours, self.negatives), none),
                **dict.fromkeys((self.findings, self.negative), ""),
                self.hardness: gr.update(visible=False),
                self.edit: gr.update(visible=False),
            }
        shown |= {
            self.reports: present_reports.reports(study.reading),
            self.findings: present_reports.findings(study.reading),
            self.neighbours: present_reports.neighbours(study.reading),
        }
        return shown | self._negatives(study, 1.0)

    def _negatives(self, study: OpenStudy, hardness: float) -> Updates:
        reading = study.reading
        assert reading is not None
        mined = any(model.hard_negatives for model in reading.models)
        return {
            self.negatives: present_negatives.negatives(reading),
            self.negative: present_negatives.negative_at(reading, hardness),
            self.hardness: gr.update(visible=mined, value=hardness),
            self.edit: gr.update(visible=True),
            self.positive: reading.positive,
        }

    def _fresh(self) -> Updates:
        """The corrections belong to the films before."""
        return {**dict.fromkeys(self.views, "as read"), **dict.fromkeys(self.inverts, False)}

    def _refused(self, error: RrgError, held: OpenStudy | None) -> Updates:
        return {self.notice: present.refusal(str(error), held is not None)}

    def _cards(self, pair: tuple[Key, Key] | None) -> Any:
        if pair is None:
            return gr.skip()
        try:
            return "\n\n---\n\n".join(self.room.library.get(key).card for key in pair)
        except RrgError:
            return gr.skip()

    # -- endpoints

    def api_read(self, files: list[str] | None, first: str, second: str, override: bool) -> dict[str, Any]:
        with _told():
            return self.endpoints.read(files or [], first or "", second or "", override)

    def api_read_example(self, name: str, first: str = "", second: str = "") -> dict[str, Any]:
        """Read an example (see /examples) with two checkpoints, "collection/name"; empty for the default."""
        with _told():
            return self.endpoints.read_example(name, first, second)

    def api_examples(self) -> list[dict[str, Any]]:
        """The examples: id, title, source, and whether each is installed here."""
        return self.endpoints.examples()


@contextmanager
def _told() -> Iterator[None]:
    """A refusal reaches the caller in its own words."""
    try:
        yield
    except RrgError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _pair(collection: str | None, first: str | None, second: str | None) -> tuple[Key, Key] | None:
    return (Key(collection, first), Key(collection, second)) if collection and first and second else None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RrgError(f"PORT is {text!r}; give a number from 1 to 65535, e.g. PORT=7860.")
    return int(text)


def theme() -> gr.themes.Base:
    """System fonts only: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.sky,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "Segoe UI", "Helvetica Neue", "Arial", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )


def launch(room: ReadingRoom, *, block: bool = True, port: int | None = None) -> tuple[Page, str]:
    """Serve the page on `$PORT` (7860), on loopback unless this is a Space; its address."""
    page = Page(room)
    host = "0.0.0.0" if os.environ.get("SPACE_ID") else os.environ.get("RRG_HOST", "127.0.0.1")
    port = port if port is not None else _port(os.environ.get("PORT", "7860"))
    print(f"Reading room: http://{host}:{port}", flush=True)
    _, url, _ = page.demo.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=not block,
        quiet=True,
        share=False,
        inbrowser=False,
        theme=theme(),
        css_paths=STYLE,
        footer_links=["api"],
        max_file_size=MAX_FILE_SIZE,
        state_session_capacity=SESSIONS,
        enable_monitoring=False,
        ssr_mode=False,
        run_history=False,
        pwa=False,
    )
    return page, url

"""The head of the page: title, the collection and the two models that are compared, and how far they are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from rrg.app import present
from rrg.app.library import title_of
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import NOTICE, OpenStudy
from rrg.app.view.desk import Choice, Part, Updates, pair_of

# An accordion builds its inside when it is opened, so the link has to press its button.
OPEN_CARDS = """
element.querySelector("a").addEventListener("click", () => {
  const button = document.querySelector("#cards > button");
  if (button && !button.classList.contains("open")) button.click();
});
"""


class Header(Part):
    """Choice of models; `loading` is the line that says how far they have come, `queue` the place of the job that waits."""

    def __init__(self, room: ReadingRoom) -> None:
        self.room = room
        collections = room.library.collections()
        collection = next((c for c, names in collections.items() if len(names) > 1), "")
        self.pair = room.default_pair(collection)
        with gr.Row(elem_id="head"):
            gr.HTML(
                f"<h1>Reading room</h1><p>Two report generators on one chest film. <b>{NOTICE}</b> "
                '<a href="#cards">Model cards</a></p>',
                js_on_load=OPEN_CARDS,
                elem_id="title",
            )
            self._build_choice(list(collections), collection, list(collections.get(collection, ())))

    def _build_choice(self, collections: list[str], collection: str, names: list[str]) -> None:
        first, second = (key.name for key in self.pair) if self.pair else (None, None)
        with gr.Row(elem_id="choice"):
            self.collection = gr.Dropdown(
                [(title_of(name), name) for name in collections],
                value=collection or None,
                label="Collection",
                min_width=130,
            )
            self.first = gr.Dropdown(names, value=first, label="First model", min_width=130)
            self.second = gr.Dropdown(names, value=second, label="Second model", min_width=130)

    @property
    def choice(self) -> tuple[gr.Dropdown, gr.Dropdown, gr.Dropdown]:
        """First model, second model, collection: the order in which handlers take them."""
        return self.first, self.second, self.collection

    def build_status(self) -> None:
        """The line on the models, and the clock that keeps it; stands below the gate."""
        with gr.Row(elem_id="status"):
            self.loading = gr.HTML(present.loading(self.room.library.loading(), self.pair), elem_id="loading")
            # A component that no event fills: an answer to any other would wipe the place in the queue off it.
            self.queue = gr.HTML("<span></span>", elem_id="queue")
        self.timer = gr.Timer(1.0, active=self.pair is not None)

    def build_cards(self) -> None:
        with gr.Accordion("Model cards", open=False, elem_id="cards"):
            self.cards = gr.Markdown("The models are loading.")

    def changes(self) -> Iterator[Any]:
        """One dependency for each way to choose another pair; a reading follows on each."""
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        choice, asked = list(self.choice), [self.loading, self.timer]
        self.timer.tick(self.on_tick, choice, self.outputs(), **quick)
        names = self.collection.input(
            self.on_collection, [self.collection], [self.first, self.second], **quick
        )
        yield names.then(self.on_choice, choice, asked, **quick)
        for dropdown in (self.first, self.second):
            yield dropdown.input(self.on_choice, choice, asked, **quick)

    @property
    def switched(self) -> list[Any]:
        """What `follow` changes."""
        return [*self.choice, self.loading, self.timer]

    def follow(self, collection: str, choice: Choice) -> tuple[Choice, Updates]:
        """As the desk says (`Models`)."""
        pair = self.room.default_pair(collection)
        if pair is None or collection == choice[2]:
            return choice, {}
        first, second = self.on_collection(collection)
        chosen = (pair[0].name, pair[1].name, collection)
        loading, timer = self.on_choice(*chosen)
        shown = (first, second, collection, loading, timer)
        return chosen, dict(zip(self.switched, shown, strict=True))

    def outputs(self) -> list[Any]:
        return [self.loading, self.timer, self.cards]

    def show(self, study: OpenStudy) -> Updates:
        """The models that read `study`: a tick asked for before they were chosen may have been answered after."""
        if study.pair is None:
            return {}
        first, second = study.pair
        return dict(
            zip(self.outputs(), self.on_tick(first.name, second.name, first.collection), strict=True)
        )

    # -- handlers

    def on_tick(self, first: str, second: str, collection: str) -> tuple[Any, Any, Any]:
        state = self.room.library.loading()
        pair = pair_of(collection, first, second)
        settled = pair is None or state.knows(*pair)
        cards = self.room.cards(pair) or gr.skip() if pair and settled else gr.skip()
        return present.loading(state, pair), gr.Timer(active=not settled), cards

    def on_choice(self, first: str, second: str, collection: str) -> tuple[Any, Any]:
        """Ask for the models chosen now, and watch them load."""
        pair = pair_of(collection, first, second)
        if pair is not None:
            self.room.library.request(*pair)
        return present.loading(self.room.library.loading(), pair), gr.Timer(active=pair is not None)

    def on_collection(self, collection: str) -> tuple[Any, Any]:
        names = list(self.room.library.collections().get(collection, ()))
        pair = self.room.default_pair(collection)
        first, second = (key.name for key in pair) if pair else (None, None)
        return gr.update(choices=names, value=first), gr.update(choices=names, value=second)

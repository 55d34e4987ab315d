"""What the parts of the page share: the study's state, the queue of the models, and how to wire an event.

Knows no tab. Holds components and the reading room, never a study.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import gradio as gr

from rrg.app import present
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import OpenStudy
from rrg.types import RrgError

SLOT = "models"  # every job that runs a model waits in this one queue
Updates = dict[Any, Any]
# What becomes of a choice made while the one before is being worked on: the last is done afterwards, with what the page
# holds then but the data of the *first* event; or each is done in its turn, which an event with data of its own needs.
LATEST = "always_last"
EACH = "multiple"
Choice = tuple[str, str, str]  # first model, second model, collection


class Part:
    """A tab or a panel. The constructor builds its components; see the package's docstring for the hooks."""

    def outputs(self) -> list[Any]:
        """The components that a reading changes."""
        return []

    def uploads(self) -> list[Any]:
        """The components that hold files which may still wait to be read."""
        return []

    def wire(self, desk: Desk) -> None:
        """Connect this part's own events."""

    def fresh(self) -> Updates:
        """Other films were opened."""
        return {}

    def begin(self, study: OpenStudy) -> Updates:
        """A reading of `study` begins: what was shown of the one before goes."""
        return {}

    def drafting(self, names: Sequence[str], texts: Sequence[str]) -> Updates:
        """Both reports as far as they are written."""
        return {}

    def show(self, study: OpenStudy) -> Updates:
        """Everything here that depends on the study; its reading is None where no report was drafted."""
        return {}

    def back(self, study: OpenStudy) -> Updates:
        """`study` is put on the screen from nothing: a reading that had begun failed, or a ballot is opened."""
        return {**self.begin(study), **self.show(study)}


class Overlay(Protocol):
    """The films on the page, over which heat maps can be laid."""

    marks: gr.HTML

    def lay(self, heat: dict[str, Any] | None) -> Updates:
        """Lay heat maps (`rrg.app.viewer.heat`) over the films, or take them away."""
        ...


class Models(Protocol):
    """The choice of models on the page."""

    @property
    def choice(self) -> tuple[gr.Dropdown, gr.Dropdown, gr.Dropdown]: ...

    @property
    def switched(self) -> list[Any]:
        """What `follow` changes."""
        ...

    def follow(self, collection: str, choice: Choice) -> tuple[Choice, Updates]:
        """The models of a study's own collection, and what shows them; `choice` and nothing where they are chosen already
        or not here.
        """
        ...


@dataclass(frozen=True, eq=False)
class Desk:
    """`notice` tells refusals and what is being done, `busy` shows the place in the queue, `cancel` stops every job."""

    room: ReadingRoom
    study: gr.State
    header: Models
    notice: gr.HTML
    cancel: gr.Button
    busy: gr.HTML
    viewer: Overlay
    parts: tuple[Part, ...]
    jobs: list[Any] = field(default_factory=list)  # what the button Cancel stops

    @property
    def choice(self) -> tuple[gr.Dropdown, gr.Dropdown, gr.Dropdown]:
        """The dropdowns of first model, second model and collection, in this order."""
        return self.header.choice

    def job(
        self, event: Callable[..., Any], fn: Callable[..., Any], inputs: Any, outputs: Any, **more: Any
    ) -> Any:
        """Wire an event that runs a model: `event` is e.g. `button.click`. Returns gradio's dependency.

        The button Cancel stands on the page from the event to its end, in the queue too. gradio forgets an event that comes
        while the same one runs; where a reader chooses, `trigger_mode` has to say otherwise (`LATEST`, `EACH`).
        """
        self.quick(event, lambda: gr.update(visible=True), None, [self.cancel])
        made = event(
            fn, inputs, outputs, concurrency_id=SLOT, concurrency_limit=1, show_progress="minimal",
            show_progress_on=self.busy, api_visibility="private", **more,
        )  # fmt: skip
        self.jobs.append(made)
        self.quick(made.then, lambda: gr.update(visible=False), None, [self.cancel])
        return made

    def quick(
        self, event: Callable[..., Any], fn: Callable[..., Any], inputs: Any, outputs: Any, **more: Any
    ) -> Any:
        """Wire an event that runs no model and need not wait."""
        return event(
            fn, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private", **more
        )

    def refused(self, error: RrgError, held: OpenStudy | None) -> Updates:
        """Why a request was refused; what was on the screen stays there."""
        return {self.notice: present.refusal(str(error), held is not None)}


def pair_of(collection: str | None, first: str | None, second: str | None) -> tuple[Key, Key] | None:
    """The chosen pair, None until both are chosen."""
    return (Key(collection, first), Key(collection, second)) if collection and first and second else None

"""What the parts of the page share: the study's state, the queue of the models, and how to wire an event.

Knows no tab. Holds components and the reading room, never a study.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from inspect import isgeneratorfunction, signature
from pathlib import Path
from traceback import format_tb
from typing import Any, Protocol

import gradio as gr

from rrg.app import present
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import OpenStudy
from rrg.app.view.jobs import Jobs
from rrg.types import RrgError

SLOT = "models"  # every job that runs a model waits in this one queue
log = logging.getLogger(__name__)

Updates = dict[Any, Any]
# Seconds between two jobs of one browser: when a film follows another within some 50 ms, gradio's HTML component hands the
# first one back as if the reader had set it, and the page keeps it.
SETTLE = 0.3
# The last input but one is the moment of the event.
TIMED = """(...given) => {{
  const values = ({js})(...given);
  return [...values.slice(0, -2), Date.now(), ...values.slice(-1)];
}}"""
EACH = "multiple"  # gradio forgets an event that comes while the same one runs, unless it is told to take each
FAULT = "This could not be done: a fault of the program, told in its log. Try it again, or another film."
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
    """`notice` tells refusals and what is being done, `busy` shows the place in the queue, `cancel` stops every job of its
    browser; `asked` is unseen and lends its place among the inputs to the time of an event.
    """

    room: ReadingRoom
    study: gr.State
    header: Models
    notice: gr.HTML
    cancel: gr.Button
    asked: gr.Number
    busy: gr.HTML
    viewer: Overlay
    parts: tuple[Part, ...]
    jobs: Jobs = field(default_factory=Jobs)

    @property
    def choice(self) -> tuple[gr.Dropdown, gr.Dropdown, gr.Dropdown]:
        """The dropdowns of first model, second model and collection, in this order."""
        return self.header.choice

    def job(
        self, event: Callable[..., Any], fn: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], *,
        once: bool = False, unread: Callable[..., None] | None = None, js: str | None = None,
    ) -> None:  # fmt: skip
        """Wire an event that runs a model: `event` is e.g. `button.click`, or an event of gradio's that it follows.

        `fn` takes `inputs`, and `event: gr.EventData` after them if it has such an argument, and returns or yields updates.
        Each event is taken in its turn; with `once` none while the one before lasts, as where a button is pressed twice. The
        button Cancel stands on the page from the event to its end, in the queue too. A job that is stopped before its turn
        hands its inputs to `unread`.
        """
        follows, kind = hasattr(event, "then"), fn if once else None
        asked = self._count(getattr(event, "then", event), self.jobs.ask, kind)
        made = (asked.then if follows else event)(
            self._counted(fn, outputs, unread), [*inputs, self.asked, self.study], outputs, concurrency_id=SLOT,
            concurrency_limit=1, show_progress="minimal", show_progress_on=self.busy, api_visibility="private",
            js=TIMED.format(js=js or "(...given) => given"), trigger_mode="once" if once else EACH,
        )  # fmt: skip
        for ended in (made.then, made.failure):
            self._count(ended, self.jobs.end, kind)

    def _count(self, event: Callable[..., Any], count: Callable[[str, Any], None], kind: Any) -> Any:
        def counted(request: gr.Request) -> Any:
            session = str(request.session_hash)
            count(session, kind)
            return gr.update(visible=self.jobs.any_open(session))

        return self.quick(event, counted, None, [self.cancel], trigger_mode=EACH)

    def _counted(
        self, fn: Callable[..., Any], outputs: Sequence[Any], unread: Callable[..., None] | None
    ) -> Callable[..., Iterator[Updates]]:
        """`fn` for as long as it counts; then what was there before, in the order in which its steps arrive."""

        def steps(request: gr.Request, given: Sequence[Any], **more: Any) -> Iterator[Updates]:
            session = str(request.session_hash)
            shown = self._worked(session, fn, given, more, outputs, unread)
            yield next(shown, gr.skip())  # a generator that never yields would empty every output
            yield from shown
            if self.jobs.any_left(session):
                time.sleep(SETTLE)

        def run(request: gr.Request, *given: Any) -> Iterator[Updates]:
            yield from steps(request, given)

        def run_with_event(request: gr.Request, event: gr.EventData, *given: Any) -> Iterator[Updates]:
            yield from steps(request, given, event=event)

        counted = run_with_event if "event" in signature(fn).parameters else run
        counted.__name__ = fn.__name__
        return counted

    def _worked(
        self, session: str, fn: Callable[..., Any], given: Sequence[Any], more: dict[str, Any], outputs: Sequence[Any],
        unread: Callable[..., None] | None,
    ) -> Iterator[Updates]:  # fmt: skip
        *inputs, asked, held = given
        if not self.jobs.counts(session, asked):
            if unread is not None:
                unread(*inputs)
            return
        try:
            for shown in _values(fn, inputs, more):
                if not self.jobs.counts(session, asked):
                    yield _among(outputs, self.stopped(held))
                    return
                yield shown
        except Exception as error:
            # Where it happened, and no message: that may name a file.
            log.error("%s in a job of the page\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
            yield _among(outputs, {**self.back(held), **self.refused(RrgError(FAULT), held)})

    def back(self, held: OpenStudy | None) -> Updates:
        """What was on the screen before a reading began: `held`, or nothing."""
        return {self.study: held} | gather(part.back(held or OpenStudy((), "")) for part in self.parts)

    def stopped(self, held: OpenStudy | None) -> Updates:
        """What was running was stopped by the reader."""
        return {**self.back(held), self.notice: present.banner("note", "Stopped.")}

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


def gather(updates: Iterable[Updates]) -> Updates:
    """The updates of several parts as one."""
    return {component: value for update in updates for component, value in update.items()}


def discard(files: Sequence[str] | None, *_: Any) -> None:
    """Delete uploads that nobody is going to read."""
    for file in files or ():
        Path(file).unlink(missing_ok=True)


def _values(fn: Callable[..., Any], inputs: Sequence[Any], more: dict[str, Any]) -> Iterator[Updates]:
    """What a handler yields, or the one value that it returns."""
    if isgeneratorfunction(fn):
        yield from fn(*inputs, **more)
    else:
        yield fn(*inputs, **more)


def _among(outputs: Sequence[Any], shown: Updates) -> Updates:
    return {component: value for component, value in shown.items() if component in outputs}

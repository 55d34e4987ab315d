"""Tab 6: two reports without names: which reads better. Nothing that it sends tells who wrote which."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from rrg.app import blind, present, present_blind
from rrg.app.blind import Session
from rrg.app.study import OpenStudy
from rrg.app.view.desk import Desk, Part, Updates, discard, pair_of
from rrg.app.view.flow import Flow
from rrg.types import RrgError

KEEP_SESSION = 4 * 3600  # seconds that votes outlive the last request
HIDDEN = "A blind ballot is open: the other tabs stay empty until you have voted and asked who wrote which."
NAMED = "Reports with names are on the page now, so no ballot is open. Draw a film to read blind."
ORIGIN = "A film for a blind reading."


class BlindTab(Part):
    title = "Blind reading"

    def __init__(self) -> None:
        self.session = gr.State(None, time_to_live=KEEP_SESSION)
        gr.HTML(present_blind.rules())
        with gr.Row():
            self.draw = gr.Button("Draw a film", variant="primary", elem_id="blind-draw")
            self.own = gr.UploadButton(
                "Open a film of mine, blind", file_count="multiple", elem_id="blind-own"
            )
            self.here = gr.Button("The film that is open", elem_id="blind-here")
        self.body = gr.HTML(present.nothing_yet("No ballot is open."), elem_id="blind-ballot")
        with gr.Column(visible=False, elem_id="blind-vote") as self.booth:
            self.choice = gr.Radio(list(blind.Choice), label="Which reads better?", elem_id="blind-choice")
            self.confidence = gr.Radio(
                list(blind.CONFIDENCE), label="How sure are you?", elem_id="blind-sure"
            )
            self.vote = gr.Button("Cast the vote", variant="primary", elem_id="blind-cast")
        with gr.Row():
            self.reveal = gr.Button("Who wrote which", interactive=False, elem_id="blind-reveal")
            self.count = gr.Button("Count the votes", elem_id="blind-count")
            self.save = gr.Button("Votes as CSV", elem_id="blind-save")
        self.told = gr.HTML("", elem_id="blind-told")

    def uploads(self) -> list[Any]:
        return [self.own]

    def outputs(self) -> list[Any]:
        return [self.body, self.booth]

    @property
    def _own(self) -> list[Any]:
        return [self.session, self.body, self.booth, self.choice, self.confidence, self.reveal, self.told]

    def wire(self, desk: Desk) -> None:
        self.desk, self.flow = desk, Flow(desk)
        everything = list(dict.fromkeys([*self.flow.outputs, *self._own]))
        choice, mine = list(desk.choice), [self.session, desk.study]
        desk.job(self.draw.click, self.on_draw, [*choice, *mine], everything, once=True)
        opened = [self.own, *choice, *mine]
        desk.job(self.own.upload, self.on_own, opened, [self.own, *everything], unread=discard)
        desk.quick(self.here.click, self.on_here, mine, everything)
        voted = [self.choice, self.confidence, self.session, desk.study]
        desk.quick(self.vote.click, self.on_vote, voted, [desk.notice, *self._own])
        desk.quick(self.reveal.click, self.on_reveal, [self.session], everything)
        desk.quick(self.count.click, self.on_count, [self.session], [self.session, self.told])
        desk.quick(self.save.click, self.on_save, [self.session], [self.session, self.told])

    def begin(self, study: OpenStudy) -> Updates:
        return {self.body: present.nothing_yet("No ballot is open."), self.booth: gr.update(visible=False)}

    def show(self, study: OpenStudy) -> Updates:
        """A reading with names ends the open ballot: `on_vote` finds no booth to vote in."""
        told = NAMED if study.reading else "No ballot is open."
        return {self.body: present.nothing_yet(told), self.booth: gr.update(visible=False)}

    # -- handlers

    def on_draw(
        self, first: str, second: str, collection: str, session: Session | None, held: OpenStudy | None
    ) -> Iterator[Updates]:
        """A film by chance from those at hand."""
        room, session = self.desk.room, session or Session(secrets.randbits(64))
        try:
            session, example = blind.draw(session, room.drawn_from(collection))
        except RrgError as error:
            yield self.desk.refused(error, held)
            return
        yield from self._read(
            lambda: room.open_example(example.id), (first, second, collection), session, held
        )

    def on_own(
        self, files: list[str] | None, first: str, second: str, collection: str, session: Session | None,
        held: OpenStudy | None,
    ) -> Iterator[Updates]:  # fmt: skip
        """Films of the reader's own, never shown with names."""
        session = session or Session(secrets.randbits(64))
        opening = lambda: self.desk.room.open_files(files or [], discard=True)  # noqa: E731
        for shown in self._read(opening, (first, second, collection), session, held):
            yield {self.own: None} | shown

    def _read(
        self, opening: Callable[[], OpenStudy], choice: tuple[str, str, str], session: Session,
        held: OpenStudy | None,
    ) -> Iterator[Updates]:  # fmt: skip
        """Both models read it, and only the ballot is shown."""
        first, second, collection = choice
        pair = pair_of(collection, first, second)
        try:
            study = opening()  # first of all: an upload is gone once it was opened, whatever is refused after
            if pair is None:
                raise RrgError("Two checkpoints are needed; choose both above.")
            for progress in self.desk.room.read(study, pair):
                study = progress.study
                yield {self.desk.notice: present.working("Both models read the film")}
            if study.reading is None and study.screening is not None:
                raise RrgError(f"{study.screening.reason}. No report was drafted, so there is no ballot.")
            session = blind.deal(session, study, time.monotonic(), named=False)
        except RrgError as error:
            yield {self.session: session, **self.desk.refused(error, held)}
            return
        yield self._opened(session, study)

    def on_here(self, session: Session | None, held: OpenStudy | None) -> Updates:
        """The study on the page, whose names the reader may have seen."""
        session = session or Session(secrets.randbits(64))
        try:
            session = blind.deal(session, held, time.monotonic(), named=True)
        except RrgError as error:
            return self.desk.refused(error, held)
        assert held is not None
        return self._opened(session, held)

    def _opened(self, session: Session, study: OpenStudy) -> Updates:
        """The film, the ballot, and nothing with a name."""
        assert session.ballot is not None
        blank = replace(study, reading=None, encoded=(), reference="", truth=None, origin=ORIGIN)
        shown: Updates = {self.desk.study: blank}
        for part in self.desk.parts:
            shown |= part.back(blank)
        warned = present_blind.warned(session)
        return shown | {
            self.session: session,
            self.desk.notice: present.banner("note", HIDDEN),
            self.body: warned + present_blind.ballot(session.ballot),
            self.booth: gr.update(visible=True),
            self.choice: None,
            self.confidence: None,
            self.reveal: gr.update(interactive=False),
            self.told: "",
        }

    def on_vote(
        self, choice: str | None, confidence: str | None, session: Session | None, held: OpenStudy | None
    ) -> Updates:
        try:
            if held is not None and held.reading is not None:
                raise RrgError(NAMED)
            voted = blind.cast(session or Session(0), choice or "", confidence or "", time.monotonic())
        except RrgError as error:
            return self.desk.refused(error, held)
        return {
            self.session: voted,
            self.desk.notice: "",
            self.body: present_blind.thanks(voted.votes),
            self.booth: gr.update(visible=False),
            self.reveal: gr.update(interactive=True),
        }

    def on_reveal(self, session: Session | None) -> Updates:
        """The film of the last vote, with all that belongs to it."""
        if session is None or session.last is None:
            return self.desk.refused(RrgError("No vote has been cast yet."), None)
        told = present_blind.revealed(session.votes[-1])
        return {
            **self.flow.whole(session.last),
            self.session: replace(session, unblinded=True),
            self.told: told,
        }

    def on_count(self, session: Session | None) -> Updates:
        session = session or Session(secrets.randbits(64))
        told = present_blind.summary(blind.count(session.votes), session.votes)
        return {self.session: replace(session, unblinded=bool(session.votes)), self.told: told}

    def on_save(self, session: Session | None) -> Updates:
        """The file has names, so votes after it are no longer blind."""
        session = session or Session(secrets.randbits(64))
        if not session.votes:
            return {self.told: present.banner("note", "No vote has been cast yet.")}
        link = present.download("votes.csv", "text/csv", blind.to_csv(session.votes).encode())
        return {self.session: replace(session, unblinded=True), self.told: link}

"""Blind readings for other programs: a ballot, a vote, the count. Knows no gradio.

The session goes in and comes back with each answer and stays on the server; who wrote which leaves it with the result only.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from typing import cast

from rrg.app import answers, blind
from rrg.app.asked import Asked, Intake
from rrg.app.blind import Session


@dataclass(frozen=True)
class BlindEndpoints:
    intake: Intake

    def ballot(self, asked: Asked, session: Session | None, now: float) -> tuple[answers.Ballot, Session]:
        """Two reports without names, of the films or the example, else of one drawn by chance; `now` in seconds."""
        session = session or Session(secrets.randbits(64))
        if not (asked.files or asked.example):
            collection = self.intake.pair(asked.first, asked.second)[1].collection
            session, drawn = blind.draw(session, self.intake.room.drawn_from(collection))
            asked = replace(asked, example=drawn.id)
        session = blind.deal(session, self.intake.drafted(asked), now, named=False)
        assert session.ballot is not None
        assert session.study is not None
        open_ballot = session.ballot
        told: answers.Ballot = {
            "case": open_ballot.case,
            "films": len(session.study.films),
            "left": open_ballot.left,
            "right": open_ballot.right,
        }
        return told, session

    def vote(
        self, choice: str, confidence: str, session: Session | None, now: float
    ) -> tuple[answers.VoteCast, Session]:
        """On the open ballot."""
        voted = replace(blind.cast(session or Session(0), choice, confidence, now), last=None)
        return {"case": voted.votes[-1].case, "votes": len(voted.votes)}, voted

    def result(self, session: Session | None) -> tuple[answers.BlindResult, Session]:
        """Who was preferred; names are told, so later votes are marked as not blind."""
        session = session or Session(secrets.randbits(64))
        told: answers.BlindResult = {
            "counts": [cast(answers.Count, asdict(each)) for each in blind.count(session.votes)],
            "votes": [cast(answers.Vote, asdict(each)) for each in session.votes],
            "csv": blind.to_csv(session.votes),
        }
        return told, replace(session, unblinded=session.unblinded or bool(session.votes))

"""Two reports without names: which reads better? Ballots, votes and their count, as frozen values of one browser.

Knows no gradio, no HTML and no file. Who wrote which stands in the `Session` only, which never leaves the server;
`Ballot` is all that a page may be given. Sides are drawn by a generator that the session's seed determines.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from enum import StrEnum

import numpy as np

from rrg.app.examples import Example
from rrg.app.study import OpenStudy
from rrg.types import RrgError

LEVEL = 0.95
CONFIDENCE = ("sure", "fairly sure", "guessing")


class Choice(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    UNUSABLE = "both unusable"


class Blinding(StrEnum):
    """What the reader could have known when the vote was cast."""

    BLIND = "yes"
    NAMED = "no: these reports stood on the page with names before"
    UNBLINDED = "no: who wrote which, or the count, had been shown before"


@dataclass(frozen=True)
class Ballot:
    """Two reports to choose between, and nothing that tells who wrote them."""

    case: int  # from 1
    left: str
    right: str


@dataclass(frozen=True)
class Vote:
    """One line of the CSV file. Names no file, no patient and no study."""

    case: int
    left: str  # the models' names, collection/name@revision
    right: str
    choice: Choice
    preferred: str  # a model's name, or the choice where it is neither
    confidence: str
    seconds: float  # from showing the reports to the vote
    blind: Blinding
    films: int
    overridden: bool  # read although it did not look like a chest film


@dataclass(frozen=True, eq=False)
class Session:
    """What one browser has voted; `pending` is the open ballot with who wrote its left and right report."""

    seed: int
    votes: tuple[Vote, ...] = ()
    dealt: int = 0
    drawn: tuple[str, ...] = ()  # examples that have had their turn
    unblinded: bool = False  # names, or the count, have been shown
    ballot: Ballot | None = None
    sides: tuple[str, str] = ("", "")
    since: float = 0.0
    study: OpenStudy | None = None  # what the ballot is about, with its names
    named: bool = False  # its reports have been shown with names
    last: OpenStudy | None = None  # the study of the vote before


def deal(session: Session, study: OpenStudy | None, now: float, *, named: bool) -> Session:
    """A new ballot on a study that both models have read; `now` in seconds of any steady clock.

    `named`: its reports have stood on the page with names. RrgError where there are not two reports.
    """
    if study is None or study.reading is None or study.pair is None or len(study.reading.models) != 2:
        raise RrgError("Nothing has been read yet; open a film first, or draw one.")
    pairs = zip(study.pair, study.reading.models, strict=True)
    reports = [(f"{key}@{model.revision}", model.report.text) for key, model in pairs]
    if np.random.default_rng([session.seed, session.dealt]).random() < 0.5:
        reports.reverse()
    (left, left_text), (right, right_text) = reports
    ballot = Ballot(len(session.votes) + 1, left_text, right_text)
    return replace(
        session,
        dealt=session.dealt + 1,
        ballot=ballot,
        sides=(left, right),
        since=now,
        study=study,
        named=named,
    )


def cast(session: Session, choice: str, confidence: str, now: float) -> Session:
    """Vote on the open ballot. RrgError where there is none, or the choice is no choice."""
    if session.ballot is None or session.study is None:
        raise RrgError("There is no open ballot; draw the next film first.")
    if choice not in list(Choice) or confidence not in CONFIDENCE:
        choices = ", ".join(Choice)
        raise RrgError(f"Choose one of {choices}, and how sure you are ({', '.join(CONFIDENCE)}).")
    left, right = session.sides
    preferred = {Choice.LEFT: left, Choice.RIGHT: right}.get(Choice(choice), choice)
    study = session.study
    vote = Vote(
        session.ballot.case, left, right, Choice(choice), preferred, confidence,
        round(max(0.0, now - session.since), 1), blinding_of(session), len(study.films), study.overridden,
    )  # fmt: skip
    return replace(withdraw(session), votes=(*session.votes, vote), last=study)


def blinding_of(session: Session) -> Blinding:
    """How blind a vote on the open ballot is."""
    return Blinding.NAMED if session.named else Blinding.UNBLINDED if session.unblinded else Blinding.BLIND


def withdraw(session: Session) -> Session:
    """No ballot is open."""
    return replace(session, ballot=None, sides=("", ""), study=None, named=False, last=None)


def draw(session: Session, examples: Sequence[Example]) -> tuple[Session, Example]:
    """An example that has not had its turn, by chance. RrgError where there is none left."""
    left = [each for each in examples if each.files and each.id not in session.drawn]
    if not left:
        raise RrgError(
            f"Every film at hand ({len(session.drawn)}) has been drawn in this session. Open films of your own, or start "
            "with a data folder (RRG_DATA)."
        )
    place = np.random.default_rng([session.seed, len(session.drawn), 1]).integers(len(left))
    return replace(session, drawn=(*session.drawn, left[place].id)), left[place]


# -- counting


@dataclass(frozen=True)
class Count:
    """Votes on one pair of models. `share` of `first` among the wins, with its interval; None without a win."""

    first: str
    second: str
    first_wins: int
    second_wins: int
    ties: int
    unusable: int
    share: float | None
    low: float | None
    high: float | None
    seconds: float  # median of the votes


def count(votes: Sequence[Vote]) -> tuple[Count, ...]:
    """One count for each pair of models, in the order of the votes."""
    pairs: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        first, second = sorted((vote.left, vote.right))
        pairs.setdefault((first, second), []).append(vote)
    return tuple(_count(first, second, cast) for (first, second), cast in pairs.items())


def _count(first: str, second: str, votes: Sequence[Vote]) -> Count:
    found = Counter(vote.preferred for vote in votes)
    won, decided = found[first], found[first] + found[second]
    share, low, high = interval(won, decided)
    return Count(
        first, second, won, found[second], found[Choice.TIE], found[Choice.UNUSABLE], share, low, high,
        float(np.median([vote.seconds for vote in votes])),
    )  # fmt: skip


def interval(won: int, of: int) -> tuple[float | None, float | None, float | None]:
    """Share and its exact binomial limits (Clopper and Pearson, 1934), 95 %; None of nothing."""
    if of == 0:
        return None, None, None
    from scipy.stats import binomtest  # comes with scikit-learn; the page opens without it

    limits = binomtest(won, of).proportion_ci(LEVEL, method="exact")
    return won / of, float(limits.low), float(limits.high)


def to_csv(votes: Sequence[Vote]) -> str:
    """One line a vote under a head of the fields' names; ASCII line ends, no report text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(field.name for field in fields(Vote))
    writer.writerows(astuple(vote) for vote in votes)
    return stream.getvalue()

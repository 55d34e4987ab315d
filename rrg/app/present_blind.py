"""The blind reading as HTML: a ballot without names, and the count once it is asked for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rrg.app.blind import Ballot, Blinding, Count, Session, Vote, blinding_of
from rrg.app.present import banner, card, esc, pair, scroll
from rrg.data.reports import sentences

RULES = (
    "Two reports of the film on the left, in random order. While a ballot is open the other tabs are empty, and nothing on "
    "this page says which model wrote which. Votes stay in this browser’s session."
)


def rules() -> str:
    return f'<p class="lead">{RULES}</p>'


def ballot(open_ballot: Ballot) -> str:
    """Both reports, equal in all but their words."""
    same = open_ballot.left == open_ballot.right
    told = banner("note", "Both reports have the same words.") if same else ""
    cards = [card("Left", _report(open_ballot.left)), card("Right", _report(open_ballot.right))]
    return f'<h3 class="case">Film {open_ballot.case}</h3>{told}{pair(cards)}'


def _report(text: str) -> str:
    lines = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences(text))
    return f'<ul class="plain">{lines}</ul>' if lines else '<p class="quiet">(an empty report)</p>'


def thanks(votes: Sequence[Vote]) -> str:
    """After a vote: how many there are, and still nothing of who wrote which."""
    many = f"{len(votes)} votes" if len(votes) != 1 else "1 vote"
    return (
        f'<p class="computed" role="status">✓ Vote recorded; {many} in this session. Draw the next film, or ask who wrote '
        "which: the other tabs come back with it.</p>"
    )


def warned(session: Session) -> str:
    """Why a vote would not count as blind."""
    blinding = blinding_of(session)
    if blinding is Blinding.BLIND:
        return ""
    reason = blinding.removeprefix("no: ")
    return banner("warning", f"This vote will not count as blind: {reason}. It is marked so.")


def revealed(vote: Vote) -> str:
    """Who wrote the reports of one vote."""
    said = f"Film {vote.case}: left was {_name(vote.left)}, right was {_name(vote.right)}. You chose: {vote.choice}."
    return f'<p class="computed">{esc(said)}</p>' + banner(
        "note", "Votes from now on are marked as not blind."
    )


def summary(counts: Sequence[Count], votes: Sequence[Vote]) -> str:
    """Wins with their interval; which votes were not blind is said."""
    if not votes:
        return banner("note", "No vote has been cast yet.")
    head = "".join(
        f'<th scope="col">{title}</th>'
        for title in ("Models", "Wins", "Ties", "Both unusable", "Share of wins (95 %)", "Median time")
    )
    body = "".join(_row(each) for each in counts)
    seen = sum(vote.blind is not Blinding.BLIND for vote in votes)
    told = (
        banner("warning", f"{seen} of {len(votes)} votes were not blind; the CSV says which.") if seen else ""
    )
    table = f'<table class="findings"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return (
        f'<section class="survey"><h3>Who was preferred</h3>{scroll(table, "Who was preferred")}'
        '<p class="lead">Exact binomial interval over the votes with a preference (Clopper and Pearson). Where it covers '
        f"50 % the votes do not tell the models apart.</p>{told}</section>"
    )


def _row(each: Count) -> str:
    share = "no preference yet"
    if each.share is not None and each.low is not None and each.high is not None:
        share = f"<b>{each.share:.0%}</b> [{each.low:.0%}, {each.high:.0%}] for {esc(_name(each.first))}{_whisker(each)}"
    return (
        f'<tr><th scope="row">{esc(_name(each.first))}<br>{esc(_name(each.second))}</th>'
        f"<td>{each.first_wins}<br>{each.second_wins}</td><td>{each.ties}</td><td>{each.unusable}</td><td>{share}</td>"
        f"<td>{each.seconds:.0f} s</td></tr>"
    )


def _name(model: str) -> str:
    """Without the revision, which the CSV has."""
    return model.split("@")[0]


def _whisker(each: Count) -> str:
    low, width = 100 * (each.low or 0.0), 100 * ((each.high or 0.0) - (each.low or 0.0))
    return (
        '<span class="whisker" aria-hidden="true">'
        f'<span class="range" style="left:{low:.1f}%;width:{width:.1f}%"></span>'
        f'<span class="point" style="left:{100 * (each.share or 0.0):.1f}%"></span></span>'
    )

"""Blind reading: random sides, nothing that names a model before the vote, honest counts."""

import csv
import io
from dataclasses import fields, replace

import pytest

from rrg.app import blind, present_blind
from rrg.app.blind import Ballot, Blinding, Choice, Session, Vote
from rrg.app.examples import Example
from rrg.app.view import Page
from rrg.types import RrgError
from tests.app.doubles import PAIR, TEXTS, film, room
from tests.app.test_present import NASTY, Tags

NAMES = ("baseline", "hard-negative", "0123456789ab")
ONE, TWO = (f"{key}@0123456789ab" for key in PAIR)


@pytest.fixture
def read(tmp_path):
    desk, _ = room(tmp_path / "read")
    return desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)


def vote(preferred: str, case: int = 1, **changes) -> Vote:
    made = Vote(case, ONE, TWO, Choice.LEFT, preferred, "sure", 12.0, Blinding.BLIND, 1, False)
    return replace(made, **changes)


def test_sides_are_drawn_by_the_seed_and_both_come_up(read):
    sides = [blind.deal(Session(seed), read, 0.0, named=False).sides for seed in range(40)]
    assert set(sides) == {(ONE, TWO), (TWO, ONE)}
    assert 8 < sides.count((ONE, TWO)) < 32
    assert blind.deal(Session(7), read, 0.0, named=False).sides == sides[7]
    session, within = Session(3), []
    for _ in range(40):
        session = blind.deal(session, read, 0.0, named=False)
        within.append(session.sides)
    assert set(within) == {(ONE, TWO), (TWO, ONE)}


def test_a_ballot_holds_texts_and_a_number_and_no_name(read):
    session = blind.deal(Session(1), read, 0.0, named=False)
    assert {field.name for field in fields(Ballot)} == {"case", "left", "right"}
    assert {session.ballot.left, session.ballot.right} == {TEXTS["baseline"], TEXTS["hard-negative"]}
    html = present_blind.ballot(session.ballot)
    assert not [name for name in NAMES if name in html]


def test_a_vote_goes_to_who_wrote_that_side_and_counts_its_time(read):
    dealt = blind.deal(Session(1), read, 100.0, named=False)
    for choice, expected in (("left", dealt.sides[0]), ("right", dealt.sides[1]), ("tie", "tie")):
        (made,) = blind.cast(dealt, choice, "sure", 107.25).votes
        assert (made.preferred, made.seconds, made.blind) == (expected, 7.2, Blinding.BLIND)
    voted = blind.cast(dealt, "left", "sure", 107.0)
    assert voted.ballot is voted.study is None
    assert voted.last is read
    with pytest.raises(RrgError, match="no open ballot"):
        blind.cast(voted, "left", "sure", 108.0)
    for choice, sure in (("", "sure"), ("left", ""), ("middle", "sure")):
        with pytest.raises(RrgError, match="Choose one of"):
            blind.cast(dealt, choice, sure, 108.0)


def test_a_vote_says_why_it_was_not_blind(read):
    named = blind.cast(blind.deal(Session(1), read, 0.0, named=True), "tie", "sure", 1.0).votes[0]
    assert named.blind is Blinding.NAMED
    later = replace(Session(1), unblinded=True)
    assert blind.cast(blind.deal(later, read, 0.0, named=False), "tie", "sure", 1.0).votes[0].blind is (
        Blinding.UNBLINDED
    )


def test_nothing_unread_is_dealt(read):
    for study in (None, replace(read, reading=None)):
        with pytest.raises(RrgError, match="Nothing has been read"):
            blind.deal(Session(1), study, 0.0, named=False)


def test_every_film_is_drawn_once_then_the_reader_is_told(tmp_path):
    shelf = [Example(str(i), "", "", (tmp_path,), (None,)) for i in range(5)]
    shelf.append(Example("absent", "", "", (), ()))
    session, drawn = Session(4), []
    for _ in range(5):
        session, each = blind.draw(session, shelf)
        drawn.append(each.id)
    assert sorted(drawn) == ["0", "1", "2", "3", "4"]
    with pytest.raises(RrgError, match="has been drawn"):
        blind.draw(session, shelf)
    orders = {tuple(blind.draw(Session(seed), shelf)[1].id for _ in "x") for seed in range(20)}
    assert len(orders) > 1


def test_wins_come_with_an_exact_interval():
    votes = (
        [vote(ONE)] * 7
        + [vote(TWO)] * 3
        + [vote(Choice.TIE)] * 2
        + [vote(Choice.UNUSABLE, left=TWO, right=ONE)]
    )
    (found,) = blind.count(votes)
    assert (found.first_wins, found.second_wins, found.ties, found.unusable) == (7, 3, 2, 1)
    assert found.share == 0.7
    # Clopper and Pearson's limits of 7 of 10, as tables give them
    assert (found.low, found.high) == (pytest.approx(0.3475, abs=5e-4), pytest.approx(0.9333, abs=5e-4))
    assert blind.interval(0, 0) == (None, None, None)
    (undecided,) = blind.count([vote(Choice.TIE)])
    assert undecided.share is None
    assert "no preference yet" in present_blind.summary([undecided], [vote(Choice.TIE)])
    assert "70%" in present_blind.summary([found], votes)


def test_other_pairs_are_counted_apart():
    other = vote("made/x@1", left="made/x@1", right="made/y@1")
    assert [each.first for each in blind.count([vote(ONE), other, vote(TWO)])] == [ONE, "made/x@1"]


def test_the_csv_names_models_and_nothing_of_the_film(read):
    session = blind.cast(blind.deal(Session(1), read, 0.0, named=False), "left", "guessing", 3.0)
    text = blind.to_csv(session.votes)
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["preferred"] in (ONE, TWO)
    assert (row["choice"], row["confidence"], row["seconds"], row["blind"]) == (
        "left",
        "guessing",
        "3.0",
        "yes",
    )
    assert not [word for word in ("png", "effusion", "your files") if word in text]


def test_hostile_reports_stay_text():
    html = present_blind.ballot(Ballot(1, NASTY, NASTY))
    assert not {"script", "img"} & set(Tags(html).tags)
    assert "the same words" in html
    assert not {"$", "{", "}", "`"} & set(html)


# -- the tab


@pytest.fixture
def page(tmp_path):
    source = film(tmp_path / "drawn.png", 30)
    study = Example(
        "S1", "S1 · Nodule/left", "a made data folder", (source,), (None,), reference="The lungs are clear."
    )
    desk, _ = room(tmp_path / "checkpoints", studies=(study,))
    return Page(desk)


CHOICE = ("baseline", "hard-negative", "made")


def everything(update) -> str:
    """All that an update sends to a browser but the line on the pair that is loaded, which stands above every ballot;
    states stay on the server.
    """
    sent = ((part, value) for part, value in update.items() if type(part).__name__ != "State")
    return " ".join(str(value) for part, value in sent if part.elem_id != "loading")


def test_an_open_ballot_sends_nothing_that_names_a_model(page):
    updates = list(page.blind.on_draw(*CHOICE, None, None))
    session = updates[-1][page.blind.session]
    assert session.ballot is not None
    for update in updates:
        sent = everything(update)
        assert not [name for name in (*NAMES, "Nodule", "lungs are clear") if name in sent]
    assert updates[-1][page.blind.booth]["visible"] is True
    assert updates[-1][page.study].reading is None
    assert page.reports.reports in updates[-1]
    voted = page.blind.on_vote("left", "sure", session, updates[-1][page.study])
    assert not [name for name in NAMES if name in everything(voted)]
    assert "1 vote" in voted[page.blind.body]


def test_the_film_that_is_open_may_be_used_but_the_vote_is_marked(page, read):
    opened = page.blind.on_here(None, read)
    assert "marked so" in opened[page.blind.body]
    assert not [name for name in NAMES if name in everything(opened)]
    voted = page.blind.on_vote("tie", "sure", opened[page.blind.session], opened[page.study])
    assert voted[page.blind.session].votes[0].blind is Blinding.NAMED


def test_a_reading_with_names_ends_the_ballot(page, read):
    opened = page.blind.on_here(None, read)
    assert page.blind.show(read)[page.blind.booth]["visible"] is False
    refused = page.blind.on_vote("left", "sure", opened[page.blind.session], read)
    assert set(refused) == {page.panel.notice}
    assert set(page.blind.on_here(None, None)) == {page.panel.notice}


def test_names_counts_and_files_come_only_when_asked_for_and_unblind(page, read):
    opened = page.blind.on_here(None, read)
    session = page.blind.on_vote("left", "sure", opened[page.blind.session], None)[page.blind.session]
    assert session.unblinded is False
    revealed = page.blind.on_reveal(session)
    assert "left was made/" in revealed[page.blind.told]
    assert revealed[page.study] is read
    assert revealed[page.blind.session].unblinded
    counted = page.blind.on_count(session)
    assert "made/baseline" in counted[page.blind.told]
    assert counted[page.blind.session].unblinded
    saved = page.blind.on_save(session)
    assert 'download="votes.csv" href="data:text/csv;base64,' in saved[page.blind.told]
    assert saved[page.blind.session].unblinded
    assert "No vote" in page.blind.on_save(None)[page.blind.told]


def test_a_refused_film_leaves_the_screen_and_its_turn_is_over(tmp_path):
    study = Example("S1", "", "", (film(tmp_path / "leg.png"),), (None,))
    desk, _ = room(tmp_path / "checkpoints", studies=(study,), chest=False)
    page = Page(desk)
    (*_, last) = page.blind.on_draw(*CHOICE, Session(0, drawn=("ct",)), None)
    assert "leg" in last[page.panel.notice]
    assert last[page.blind.session].drawn == ("ct", "S1")
    assert last[page.blind.session].ballot is None

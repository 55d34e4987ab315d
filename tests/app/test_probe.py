"""The probe: what both models make of a report and of its edits, and how that is said."""

from dataclasses import replace

import pytest

from rrg.app import present_probe, probe
from rrg.app.library import Key
from rrg.app.terms import Terms
from rrg.app.view import Page
from rrg.types import Fit, RrgError
from tests.app.doubles import PAIR, TEXTS, film, room
from tests.app.test_present import NASTY, Tags

DRAFT = TEXTS["hard-negative"]
FLIPPED = DRAFT.replace("Small right", "Small left")


@pytest.fixture
def opened(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    return desk, made, desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)


def with_reference(study, text="No pneumothorax. Small right pleural effusion."):
    return replace(study, reference=text)


def test_both_models_weigh_both_texts_without_looking_at_the_film_again(opened):
    desk, made, study = opened
    found = probe.probe(desk, study, DRAFT, FLIPPED)
    assert [each.model for each in found.models] == ["baseline", "hard-negative"]
    own = found.models[1]
    assert own.original.alignment == pytest.approx(0.6)
    assert own.alignment == pytest.approx(0.05)
    assert own.likelihood == pytest.approx(2.0)
    assert own.prefers("alignment") is own.prefers("likelihood") is True
    assert made["baseline"].weighed == made["hard-negative"].weighed == [(DRAFT, FLIPPED)]
    assert made["baseline"].encodings == [1]
    assert found.source == "draft of hard-negative"
    assert found.changed == ("Pleural Effusion: small right present → small left present",)


def test_every_finding_of_a_label_counts_as_changed_and_their_order_does_not():
    both = "Left pleural effusion. Right pleural effusion."
    assert probe.changes(both, "Right pleural effusion.") == (
        "Pleural Effusion: left present, right present → right present",
    )
    assert probe.changes(both, "Right pleural effusion. Left pleural effusion.") == ()


def test_every_flip_is_weighed_at_once_and_keeps_its_place(opened):
    desk, made, study = opened
    found = probe.probe_all(desk, study, DRAFT)
    assert [each.flip for each in found] == list(probe.offers(desk, study, DRAFT))
    assert {str(each.flip.fact) for each in found} == {"presence", "side", "severity", "place"}
    assert len(made["baseline"].weighed) == 1
    for number, each in enumerate(found):
        again = probe.probe_flip(desk, study, DRAFT, number)
        assert again == each


def test_a_word_that_a_model_does_not_know_makes_likelihoods_incomparable(opened):
    desk, _, study = opened
    found = probe.probe(desk, study, DRAFT, DRAFT + " zyx")
    assert all(each.likelihood is None and each.alignment is not None for each in found.models)
    assert "Not comparable" in present_probe.probed(found)


def test_equal_scores_prefer_nothing(opened):
    desk, _, study = opened
    found = probe.probe(desk, study, DRAFT, DRAFT)
    assert {each.prefers(m) for each in found.models for m in present_probe.MEASURES} == {None}
    assert "no preference" in present_probe.probed(found)


@pytest.mark.parametrize(("original", "edited"), [("", "x"), ("x", " "), ("x", "word " * probe.MAX_REPORT)])
def test_empty_and_endless_texts_are_refused(opened, original, edited):
    desk, _, study = opened
    with pytest.raises(RrgError, match="characters; give one of 1 to"):
        probe.probe(desk, study, original, edited)


def test_nothing_is_asked_before_a_reading(opened):
    desk, _, study = opened
    for unread in (None, replace(study, reading=None)):
        for ask in (lambda s: probe.probe(desk, s, "a", "b"), lambda s: probe.probe_all(desk, s, DRAFT)):
            with pytest.raises(RrgError, match="Nothing has been read"):
                ask(unread)
    with pytest.raises(RrgError, match="no flip 100"):
        probe.probe_flip(desk, study, DRAFT, 99)
    with pytest.raises(RrgError, match="No fact of this report"):
        probe.probe_all(desk, study, "Nothing that a labeller knows.")


def test_a_public_page_flips_no_fact_of_a_licensed_reference(opened):
    desk, _, study = opened
    study = with_reference(study)
    public = replace(desk, terms=Terms(public=True))
    assert probe.offers(desk, study, study.reference)
    with pytest.raises(RrgError, match="CC BY-NC-ND"):
        probe.offers(public, study, study.reference)
    assert probe.offers(public, study, DRAFT)
    assert probe.offers(public, study, "Large left pneumothorax.")
    ours = replace(study, pair=tuple(Key("simulated", key.name) for key in PAIR))
    assert probe.offers(public, ours, study.reference)


# -- what is shown


def test_a_preference_is_right_only_where_a_radiologist_wrote_the_original(opened):
    desk, _, study = opened
    told = present_probe.survey(probe.probe_all(desk, study, DRAFT))
    assert "nobody has said that it is true" in told
    assert "leans to its own draft" in told
    known = with_reference(study)
    told = present_probe.survey(probe.probe_all(desk, known, known.reference))
    assert "can tell apart" in told
    assert "false by construction" in told


def test_counts_and_bars_are_those_of_the_answers(opened):
    desk, _, study = opened
    found = probe.probe_all(desk, study, DRAFT)
    text = Tags(present_probe.survey(found)).text
    for place in (0, 1):
        won = sum(each.models[place].prefers("likelihood") is True for each in found)
        assert f"{won} of {len(found)}" in text
    assert text.count("✓ original") == sum(
        each.prefers(measure) is True
        for one in found
        for each in one.models
        for measure in present_probe.MEASURES
    )
    bars = present_probe.probed(probe.probe(desk, study, DRAFT, FLIPPED))
    assert "+0.600" in bars
    assert "7.4 times as likely" in bars  # 2 nats


def test_a_negative_cosine_is_no_long_bar():
    one = probe.Weighed("m", Fit(0.2, -1.0, -1.0), Fit(-0.4, -1.0, -1.0))
    drawn = present_probe.probed(probe.Probe("a", "b", probe.OWN_WORDS, (), (one,)))
    assert 'class="original" style="width:100.0%"' in drawn
    assert 'class="edit" style="width:0.0%"' in drawn
    assert "−0.400" in drawn


def test_hostile_text_stays_text(opened):
    desk, _, study = opened
    found = probe.probe(desk, study, NASTY + " Small right pleural effusion.", "`${alert(1)}` <b>{{x}}</b>")
    named = replace(found, source=NASTY, models=tuple(replace(each, model=NASTY) for each in found.models))
    html = present_probe.probed(named)
    assert not {"script", "img"} & set(Tags(html).tags)
    assert not {"$", "{", "}", "`"} & set(html)


# -- the tab


def test_the_tab_offers_flips_as_they_are_typed_and_answers(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    page = Page(desk)
    study = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
    tab = page.probe
    shown = tab.show(study)
    assert shown[tab.bench]["visible"] is True
    assert shown[tab.source]["choices"] == ["draft of baseline", "draft of hard-negative"]
    assert shown[tab.original] == shown[tab.edited] == TEXTS["baseline"]
    offered = tab.on_original(DRAFT, study)[tab.flips]["choices"]
    (side,) = (value for name, value in offered if name == "side: Pleural Effusion: right → left")
    answer = tab.on_flip(side, DRAFT, study)
    assert answer[tab.edited] == FLIPPED
    assert "<del>right</del> <ins>left</ins>" in answer[tab.result]
    assert set(tab.on_compare("", "", study)) == {page.panel.notice}
    assert "Every flip" in tab.on_survey(DRAFT, study)[tab.result]
    assert "No fact" in tab.on_original("Nothing.", study)[tab.withheld]
    assert tab.show(replace(study, reading=None))[tab.bench]["visible"] is False


def test_the_page_says_how_many_flips_are_left_out(tmp_path, monkeypatch):
    desk, _ = room(tmp_path / "checkpoints")
    tab = Page(desk).probe
    study = desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)
    total = len(probe.flips(DRAFT))
    assert tab.on_original(DRAFT, study)[tab.withheld] == ""
    assert "left out" not in tab.on_survey(DRAFT, study)[tab.result]
    monkeypatch.setattr(probe, "MOST_FLIPS", 2)
    monkeypatch.setattr(present_probe, "MOST_FLIPS", 2)
    said = f"Only the first 2 flips of this report are offered and asked about; {total - 2} more are left out."
    assert said in tab.on_original(DRAFT, study)[tab.withheld]
    surveyed = tab.on_survey(DRAFT, study)[tab.result]
    assert said in surveyed
    assert "Every flip" not in surveyed


def test_a_public_page_says_why_it_offers_no_flips(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    page = Page(replace(desk, terms=Terms(public=True)))
    study = with_reference(desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR))
    told = page.probe.on_original(study.reference, study)
    assert told[page.probe.flips]["choices"] == []
    assert "CC BY-NC-ND" in told[page.probe.withheld]

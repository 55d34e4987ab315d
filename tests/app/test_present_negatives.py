"""What the tab of hard negatives says: computed and never claimed, false things named, all of it in words."""

import math
import re
from dataclasses import replace

import pytest

from rrg.app.figure import LEAST, Film, arc, curve, extents
from rrg.app.present_negatives import at, computed, negative_at, negatives
from rrg.app.terms import WITHHELD
from rrg.retrieval.texts import OPENI
from rrg.types import HardNegatives, Origin
from tests.app import doubles
from tests.app.doubles import FALSE, MIXED, PAIR, PEER, film, neighbour, room
from tests.app.test_present import Tags


@pytest.fixture
def reading(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    return desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR).reading


def changed(reading, change):
    """The same reading with every model's negatives put through `change`."""
    models = tuple(replace(m, hard_negatives=change(m.hard_negatives)) for m in reading.models)
    return replace(reading, models=models)


def without_texts(negatives: HardNegatives) -> HardNegatives:
    return replace(negatives, path=tuple(replace(point, readable=None) for point in negatives.path))


def words(html: str) -> str:
    return " ".join(Tags(html).text.split())


def test_positive_and_peer_are_shared_and_labelled(reading):
    html = negatives(reading)
    assert html.count("<h3>") == 2
    text = words(html)
    assert "Synthetic, false by construction" in text
    assert "the draft of hard-negative, since there is no reference" in text
    assert "≠ large left Pleural Effusion in the peer, small right Pleural Effusion in the positive" in text
    own = replace(reading, positive_source="the reader's own text")
    assert "your own text, since there is no reference" in words(negatives(own))
    assert "the reference report" in words(negatives(replace(reading, positive_source="reference")))


def test_an_edited_positive_does_not_deny_the_reference(reading):
    own = replace(reading, positive_source="the reader's own text")
    assert "your own text, in place of the reference" in words(negatives(own, referenced=True))
    assert "no reference" not in words(negatives(reading, referenced=True))


def test_reports_of_the_archive_bear_their_attribution(reading):
    assert OPENI not in negative_at(reading, 0.5)
    told = f"Peer and nearest report: {OPENI}."
    assert told in words(negative_at(changed(reading, lambda n: replace(n, peer=neighbour(uid="7"))), 0.5))
    nearest = lambda n: replace(n, path=tuple(replace(p, nearest=neighbour(uid="7")) for p in n.path))  # noqa: E731
    assert told in words(negative_at(changed(reading, nearest), 0.5))


def test_a_peer_without_text_still_says_how_it_differs(reading):
    bare = changed(reading, lambda n: replace(without_texts(n), peer=neighbour(None)))
    text = words(negatives(bare))
    assert "not at hand" in text
    assert "left side instead of right" in text
    assert "cannot be recombined" in words(negative_at(bare, 0.5))


def test_no_negatives_is_a_message(reading):
    bare = changed(reading, lambda _: None)
    assert "No hard negative could be mined" in negatives(bare)
    assert negative_at(bare, 0.5) == ""


def test_the_sentence_is_computed_from_the_paths_and_from_the_same_text(reading):
    reading = changed(reading, lambda n: replace(n, positive_alignment=0.51))
    cosines = {PEER: (0.54, 0.39), MIXED: (0.51, 0.63)}
    told = words(computed(replace(reading, readable=cosines), 0.75))
    assert "baseline keeps its margin down to λ = 0.40" in told
    assert "hard-negative keeps its margin all the way to λ = 0; each in its own space." in told
    assert (
        "On the readable negative at λ = 0.75, the same text for both: baseline −0.030, hard-negative +0.120."
        in told
    )
    told = words(computed(replace(reading, readable=cosines), 0.2))
    assert "baseline 0.000 (a tie), hard-negative −0.120." in told


def test_without_a_margin_or_a_text_the_sentence_says_so(reading):
    bare = changed(reading, lambda n: replace(without_texts(n), positive_alignment=0.1))
    told = words(computed(bare, 0.5))
    assert "baseline and hard-negative each has no margin to lose: the peer, at λ = 1, is already as close" in told
    assert "in its own space: no difference seen." in told
    assert "readable" not in told


@pytest.mark.parametrize(
    ("positive", "said"),
    [
        (0.9, "baseline and hard-negative each keeps its margin all the way to λ = 0, in its own space: no difference"),
        (0.205, "baseline and hard-negative each loses its margin at once, as soon as the negative leaves the peer"),
        (0.3, "baseline keeps its margin down to λ = 0.85; hard-negative keeps its margin down to λ = 0.65; each in"),
    ],
)
def test_how_far_a_margin_is_kept_reads_well_at_both_ends(reading, positive, said):
    assert said in words(computed(changed(reading, lambda n: replace(n, positive_alignment=positive)), 0.5))


def test_two_readable_texts_are_both_shown_and_both_weighed(reading):
    first, second = reading.models
    other = replace(
        at(first.hard_negatives, 0.5).readable, text="Old rib fracture.", sentences=("Old rib fracture.",)
    )
    other = replace(other, origins=other.origins[:1])
    path = tuple(replace(point, readable=other) for point in first.hard_negatives.path)
    both = replace(
        reading,
        models=(replace(first, hard_negatives=replace(first.hard_negatives, path=path)), second),
        readable={"Old rib fracture.": (0.1, 0.2), PEER: (0.3, 0.4)},
    )
    text = words(negative_at(both, 0.5))
    assert "Closest for baseline" in text
    assert "Closest for hard-negative" in text
    assert (
        "readable negative of baseline at λ = 0.50, the same text for both: baseline +0.400, hard-negative +0.300"
        in text
    )
    assert "readable negative of hard-negative at λ = 0.50, the same text for both: baseline +0.200" in text


def test_the_negative_in_words_names_what_is_false_and_where_each_sentence_is_from(reading):
    html = negative_at(reading, 0.2)
    text = words(html)
    assert f"False in it:≠ {FALSE}" in text
    assert "≠ contradictsLarge left pleural effusion. from the peer" in text
    assert "✓ matchesOld rib fracture. from the positive" in text
    assert "✓ matchesThe heart size is normal. in both" in text
    assert "synthetic, false by construction" in text
    assert "left out of the positive No pneumothorax." in re.sub(r"− ", "", text)
    assert "the closest to the same text" not in text
    assert "come closest to the same text" in text
    nothing = changed(
        reading,
        lambda n: replace(
            n, path=tuple(replace(p, readable=replace(p.readable, differences=())) for p in n.path)
        ),
    )
    assert "False in it: nothing that the labeller finds" in words(negative_at(nothing, 0.2))


def test_a_negative_false_in_severity_alone_is_not_marked_as_a_match(reading):
    false = replace(
        at(reading.models[0].hard_negatives, 0.5).readable, text="Large right pleural effusion.",
        sentences=("Large right pleural effusion.",), origins=(Origin.PEER,),
    )  # fmt: skip
    severe = changed(reading, lambda n: replace(n, path=tuple(replace(p, readable=false) for p in n.path)))
    text = words(negative_at(replace(severe, readable={false.text: (0.1, 0.2)}), 0.5))
    assert "~ differsLarge right pleural effusion. from the peer" in text
    assert "(differs in severity: large / small)" in text
    assert "matchesLarge" not in text


def test_where_texts_may_not_be_adapted_pictures_and_sentence_remain(reading):
    public = replace(changed(reading, without_texts), readable={})
    html = negative_at(public, 0.2)
    assert WITHHELD in words(html)
    assert MIXED not in html
    assert html.count("<svg") == 4
    assert "keeps its margin" in html


def test_the_slider_moves_marker_numbers_and_text(reading):
    high, low = (negative_at(reading, hardness) for hardness in (1.0, 0.0))
    assert "baseline, cosine with the film. At lambda 1.00: 0.200 for the negative against 0.500" in high
    assert "baseline, cosine with the film. At lambda 0.00: 0.700 for the negative against 0.500" in low
    markers = [re.findall(r'class="marker" points="([^"]+)"', html) for html in (high, low)]
    assert len(markers[0]) == 8  # marker and key, of curve and arc, of two models
    assert markers[0] != markers[1]
    assert "Old rib fracture. from the positive" in words(low)
    assert "Old rib fracture. from the positive" not in words(high)


def made(positive: float, peer: float, span: float) -> HardNegatives:
    return replace(doubles.negatives(positive, peer, 0.9), span=span)


def test_the_film_s_direction_by_hand():
    # Film at 60 degrees from the peer in the plane, 0.5 long there; the positive at 90.
    seen = Film.of(made(0.5 * math.cos(math.radians(30)), 0.25, math.pi / 2))
    assert seen.angle == pytest.approx(math.radians(60))
    assert seen.length == pytest.approx(0.5)
    assert Film.of(made(0.5, 0.5, 0.0)) is None
    assert arc(made(0.5, 0.5, 0.0), doubles.negatives(0.5, 0.2, 0.4).path[0], "") == ""


def test_a_flat_curve_and_a_film_behind_the_arc_are_drawn_within_their_frame():
    flat = made(0.3, 0.3, 0.2)
    flat = replace(flat, path=tuple(replace(p, alignment=0.3) for p in flat.path))
    ((low, high),) = extents([flat])
    assert high - low == pytest.approx(LEAST)
    assert low < 0.3 < high
    behind = made(-0.9, -0.8, 1.0)
    for svg in (curve(flat, flat.path[0], low, high, "flat"), arc(behind, behind.path[3], "behind")):
        width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
        pairs = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'points="([^"]+)"', svg)))
        assert pairs
        assert all(-1 <= float(x) <= width + 1 and -1 <= float(y) <= height + 1 for x, y in pairs)
        assert "nan" not in svg


def test_a_step_is_as_long_in_one_model_s_picture_as_in_the_other_s(reading):
    drawn = [m.hard_negatives for m in reading.models]
    ranges = extents(drawn)
    assert len({round(high - low, 9) for low, high in ranges}) == 1
    for (low, high), curve_of in zip(ranges, drawn, strict=True):
        values = [curve_of.positive_alignment, *(p.alignment for p in curve_of.path)]
        assert low < min(values)
        assert high > max(values)

"""Hard negatives as HTML: positive and peer, and for one lambda the curves, the arcs and the negative in words.

Pure, like `present`. Whether the peer's text may be adapted was decided before (`terms`): a reading that may not show
recombined texts holds none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from rrg.app.compare import LabelledText, Verdict, compare_sentences
from rrg.app.export import keeps_margin_to, readable_margins
from rrg.app.figure import Film, arc, curve, extents
from rrg.app.present import banner, card, esc, nothing_yet, pair
from rrg.app.present_neighbours import attribution, held_against, lines, source, verbatim
from rrg.app.present_reports import tag
from rrg.app.reading_room import REFERENCE
from rrg.app.terms import WITHHELD
from rrg.data.findings import differing_facts, label_report
from rrg.data.reports import normalise, sentences
from rrg.types import HardNegative, HardNegatives, Neighbour, Origin, Reading, Recombination

Known = Sequence[tuple[str, HardNegatives]]
TIE = 0.0005  # a margin that is written 0.000
FALSE = (
    '<p class="false"><b>Synthetic, false by construction.</b> A hard negative is a report that this film should '
    "<em>not</em> have, and that is hard to tell from the one it should. A model that sees the film keeps the positive "
    "closer to it than the negative. Move λ: at 1 the negative is the peer itself, towards 0 it is turned into the film’s "
    "direction as far as it can go without becoming the positive.</p>"
)
HOW_TO_READ = (
    '<p class="lead">Cosines are those of each model’s own space: compare where a curve crosses its dashed line, not '
    "its height. The arc is a cut through that space along peer and positive; the arrow is the film’s direction, as long as "
    "its share in that cut. The harder the negative, the further it moves along the arc towards the film.</p>"
)
_FROM = {Origin.PEER: "from the peer", Origin.POSITIVE: "from the positive", Origin.BOTH: "in both"}


# -- what does not depend on lambda


def negatives(reading: Reading, *, referenced: bool = False) -> str:
    """Positive and peer, which both models share. `referenced`: the study came with a reference report."""
    known = _known(reading)
    if not known:
        why = "; ".join(reading.warnings) or "no training report differs from the positive in a finding"
        return FALSE + nothing_yet(f"No hard negative could be mined: {why}")
    positive = card("Positive: stands for the truth", verbatim(reading.positive), esc(_source(reading, referenced)))
    return FALSE + pair([positive, *_peers(reading, known)])


def _known(reading: Reading) -> list[tuple[str, HardNegatives]]:
    return [
        (model.model, model.hard_negatives) for model in reading.models if model.hard_negatives is not None
    ]


def _source(reading: Reading, referenced: bool) -> str:
    if reading.positive_source == REFERENCE:
        return "the reference report"
    own = "own text" in reading.positive_source
    stands_in = "your own text" if own else f"the draft of {reading.positive_source}"
    return f"{stands_in}, in place of the reference" if referenced else f"{stands_in}, since there is no reference"


def _peers(reading: Reading, known: Known) -> list[str]:
    """One card where the models share the peer, as they do wherever texts are at hand."""
    peers = {negative.peer.study_id: negative for _, negative in known}
    return [
        card(
            "Peer: the closest true negative",
            _peer(reading.positive, each.peer, each.reason),
            source(each.peer),
        )
        for each in peers.values()
    ]


def _peer(positive: str, peer: Neighbour, reason: str) -> str:
    """The peer word for word, and every fact in which it differs."""
    if peer.text is None:
        return f'{verbatim(None)}<p class="quiet">Differs from the positive: {esc(reason)}</p>'
    facts = differing_facts(label_report(peer.text), label_report(positive), "in the peer", "in the positive")
    return verbatim(peer.text) + _false_in_it("Differs from the positive", list(facts) or [reason])


def _false_in_it(title: str, facts: Iterable[str]) -> str:
    items = "".join(f'<li><i aria-hidden="true">≠</i> {esc(fact)}</li>' for fact in facts)
    if not items:
        return f'<p class="quiet">{title}: nothing that the labeller finds.</p>'
    return f'<p class="differs">{title}:</p><ul class="differs">{items}</ul>'


# -- at one lambda


def negative_at(reading: Reading, hardness: float) -> str:
    """What is computed, both models' pictures with their markers, and the negative in words, at `hardness`."""
    known = _known(reading)
    if not known:
        return ""
    drawn = extents([negatives for _, negatives in known])
    pictures = [
        card(name, _pictures(name, negatives, hardness, *between))
        for (name, negatives), between in zip(known, drawn, strict=True)
    ]
    shown = [each for _, negatives in known for each in (negatives.peer, at(negatives, hardness).nearest)]
    credit = attribution("Peer and nearest report", shown)
    told = _in_words(reading, known, hardness)
    return computed(reading, hardness) + pair(pictures) + HOW_TO_READ + told + credit


def at(negatives: HardNegatives, hardness: float) -> HardNegative:
    """The point of the path nearest to `hardness`."""
    return min(negatives.path, key=lambda point: abs(point.hardness - hardness))


def computed(reading: Reading, hardness: float) -> str:
    """What is seen, in numbers: how far each model keeps its margin, and both on the same text."""
    said = [f"{_margins_kept(_known(reading))}."]
    texts = _texts(reading, hardness)
    for names, found in texts:
        which = "" if len(texts) == 1 else f" of {' and '.join(names)}"
        margins = ", ".join(
            f"{name} {_signed(value)}" for name, value in readable_margins(reading, found.text)
        )
        said.append(
            f"On the readable negative{which} at λ = {hardness:.2f}, the same text for both: {margins}."
        )
    return f'<p class="computed"><b>Computed:</b> {esc(" ".join(said))}</p>'


def _margins_kept(known: Known) -> str:
    """How far each model keeps its margin; models that keep it equally far are not told apart by it."""
    told = {name: _kept(negatives) for name, negatives in known}
    if len(told) > 1 and len(set(told.values())) == 1:
        return f"{' and '.join(told)} each {next(iter(told.values()))}, in its own space: no difference seen"
    return f"{'; '.join(f'{name} {kept}' for name, kept in told.items())}; each in its own space"


def _kept(negatives: HardNegatives) -> str:
    kept = keeps_margin_to(negatives)
    if kept is None:
        return "has no margin to lose: the peer, at λ = 1, is already as close to the film as the positive"
    if kept == min(point.hardness for point in negatives.path):
        return f"keeps its margin all the way to λ = {kept:g}"
    if kept == max(point.hardness for point in negatives.path):
        return "loses its margin at once, as soon as the negative leaves the peer"
    return f"keeps its margin down to λ = {kept:.2f}"


def _signed(value: float) -> str:
    return "0.000 (a tie)" if abs(value) < TIE else f"{value:+.3f}".replace("-", "−")


def _preferred(margin: float) -> str:
    if abs(margin) < TIE:
        return tag("alone", "=", "neither is closer")
    if margin > 0:
        return tag("agrees", "✓", "the positive is closer")
    return tag("contradicts", "≠", "the negative is closer")


def _pictures(name: str, negatives: HardNegatives, hardness: float, low: float, high: float) -> str:
    point = at(negatives, hardness)
    margin = negatives.positive_alignment - point.alignment
    told = (
        f"{name}, cosine with the film. At lambda {point.hardness:.2f}: {point.alignment:.3f} for the negative against "
        f"{negatives.positive_alignment:.3f} for the positive."
    )
    numbers = (
        f'<p class="margin-line">positive <b>{_plain(negatives.positive_alignment)}</b>, negative '
        f"<b>{_plain(point.alignment)}</b>: margin <b>{_signed(margin)}</b> {_preferred(margin)}</p>"
    )
    return (
        f"<h4>Cosine with the film</h4>{curve(negatives, point, low, high, esc(told))}{numbers}"
        f"<h4>The way from peer to positive</h4>{_arc(name, negatives, point)}"
    )


def _arc(name: str, negatives: HardNegatives, point: HardNegative) -> str:
    film = Film.of(negatives)
    if film is None:
        return '<p class="quiet">Peer and positive lie at the same place: there is no way between them.</p>'
    span, reach, moved, towards = (
        f"{np.degrees(angle):.0f}°" for angle in (negatives.span, negatives.reach, point.angle, film.angle)
    )
    told = f"Peer and positive lie {span} apart; the film points {towards} from the peer towards the positive"
    gone = (
        f"the negative has moved {moved} of the {reach} that bring it closer to the film"
        if negatives.reach > 0
        else "the peer is already the closest point to the film, so the negative does not move"
    )
    drawn = arc(negatives, point, esc(f"{name}. {told}; {gone}."))
    return f'{drawn}<p class="quiet">{esc(told.replace("-", "−"))}; {gone}.</p>'


def _plain(value: float) -> str:
    return f"{value + 0.0:.3f}".replace("-", "−")


# -- the negative in words


def _texts(reading: Reading, hardness: float) -> list[tuple[list[str], Recombination]]:
    """The readable negatives at a lambda, equal ones of both models once: names of the models, the text."""
    found: dict[str, tuple[list[str], Recombination]] = {}
    for name, negatives in _known(reading):
        readable = at(negatives, hardness).readable
        if readable is not None:
            found.setdefault(readable.text, ([], readable))[0].append(name)
    return list(found.values())


def _in_words(reading: Reading, known: Known, hardness: float) -> str:
    texts = _texts(reading, hardness)
    cards = [_readable(reading, names, found) for names, found in texts]
    same = "" if len(cards) != 1 else " Both models’ synthesised points come closest to the same text."
    lead = (
        f'<h3 class="section">The negative at λ = {hardness:.2f} in words</h3><p class="lead">Sentences of peer and '
        f"positive, put together so that the text lies closest to the synthesised point. Nobody wrote it.{same}</p>"
    )
    made = pair(cards) if len(cards) > 1 else "".join(cards)
    return f"{lead}{made or _why_not(known)}{_nearest(reading, known, hardness)}"


def _why_not(known: Known) -> str:
    absent = all(negatives.peer.text is None for _, negatives in known)
    told = (
        "The peer’s text is not at hand on this machine, so it cannot be recombined." if absent else WITHHELD
    )
    return banner("note", told)


def _readable(reading: Reading, names: Sequence[str], found: Recombination) -> str:
    """The text sentence by sentence, what is false in it, and what both models make of it."""
    positive = LabelledText.of(reading.positive)
    mine = LabelledText(found.sentences, tuple(label_report(found.text)))
    chips = lines(compare_sentences(mine, positive, POSITIVE), [_FROM[origin] for origin in found.origins])
    title = "Closest for " + " and ".join(names)
    small = f"{FALSE_TAG} cosine with the point {found.similarity:.2f}"
    told = _false_in_it("False in it", found.differences)
    return card(title, f"{chips}{_left_out(mine, positive)}{told}{_margins(reading, found.text)}", small)


POSITIVE = "the positive"  # as reasons call it
FALSE_TAG = '<span class="tag contradicts">synthetic, false by construction</span>'


def _left_out(mine: LabelledText, positive: LabelledText) -> str:
    """Sentences of the positive that the negative neither has nor says otherwise."""
    held = {normalise(text) for text in mine.sentences}
    lost = [
        each.text
        for each in compare_sentences(positive, mine)
        if each.verdict is Verdict.ALONE and normalise(each.text) not in held
    ]
    if not lost:
        return ""
    gone = " ".join(f"<del>{esc(text)}</del>" for text in lost)
    return f'<p class="left-out">{tag("alone", "−", "left out of the positive")} {gone}</p>'


def _margins(reading: Reading, text: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{esc(name)}</th><td><b>{_signed(margin)}</b></td><td>{_preferred(margin)}</td></tr>'
        for name, margin in readable_margins(reading, text)
    )
    caption = "Margin of the positive over this text, the same for both models"
    return f'<table class="margins"><caption>{caption}</caption><tbody>{rows}</tbody></table>'


def _nearest(reading: Reading, known: Known, hardness: float) -> str:
    """The training report nearest to each model's point, word for word; one that both share once."""
    found: dict[str, tuple[list[str], Neighbour]] = {}
    for name, negatives in known:
        nearest = at(negatives, hardness).nearest
        found.setdefault(nearest.study_id, ([], nearest))[0].append(name)
    peers = {negatives.peer.study_id for _, negatives in known}
    cards = [
        card(
            f"Nearest for {' and '.join(names)}{', the peer itself' if near.study_id in peers else ''}",
            _held(reading, near), source(near),
        )
        for names, near in found.values()
    ]  # fmt: skip
    made = pair(cards) if len(cards) > 1 else "".join(cards)
    return (
        '<h3 class="section">The training report nearest to it</h3><p class="lead">A real report of another patient, '
        f"unchanged.</p>{made}"
    )


def _held(reading: Reading, near: Neighbour) -> str:
    told = f'<p class="quiet">cosine with the synthesised point {near.similarity:.2f}</p>'
    if near.text is None or not sentences(near.text):
        return verbatim(near.text) + told
    return lines(held_against(near.text, LabelledText.of(reading.positive), POSITIVE)) + told

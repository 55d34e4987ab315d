"""Hard negatives as HTML: positive, peer, the plot and the negative at one lambda. Pure, like `present`."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from rrg.app.export import keeps_margin_to
from rrg.app.figure import DARK, LIGHT, alignment_figure, to_svg
from rrg.app.present import card, esc, nothing_yet, pair
from rrg.app.present_reports import source, tag, verbatim
from rrg.types import HardNegative, HardNegatives, Reading

Known = Sequence[tuple[str, HardNegatives]]
FALSE = (
    '<p class="false"><b>Synthetic, false by construction.</b> '
    "A hard negative is a report that this film should <em>not</em> have.</p>"
)


def negatives(reading: Reading) -> str:
    """Positive, peer, and what is computed of both."""
    known = _known(reading)
    if not known:
        why = "; ".join(reading.warnings) or "no training report differs from the positive in a finding"
        return FALSE + nothing_yet(f"No hard negative could be mined: {why}")
    positive = card("Positive", verbatim(reading.positive), esc(_positive_source(reading)))
    return FALSE + pair([positive, *_peers(known)]) + margins(known)


def margins(known: Known) -> str:
    """One computed line: down to which lambda each model keeps the positive above the negative."""
    said = "; ".join(_margin(name, negative) for name, negative in known)
    caution = "Each in its own space; cosines of two models are not comparable."
    return f'<p class="computed">Computed: {esc(said)}. {caution}</p>'


def negative_at(reading: Reading, hardness: float) -> str:
    """The plot with its marker and, for both models, the negative at `hardness`."""
    known = _known(reading)
    if not known:
        return ""
    return plot(known, hardness) + pair([_negative(name, negative, hardness) for name, negative in known])


def plot(known: Known, hardness: float) -> str:
    """The figure twice, for the light and the dark page; the style sheet shows one."""
    points = [
        (name, at(negative, hardness).alignment, negative.positive_alignment) for name, negative in known
    ]
    said = "; ".join(f"{name}: {low:.2f} against {high:.2f} for the positive" for name, low, high in points)
    alt = esc(f"Alignment with the film against lambda. At lambda {hardness:.2f}: {said}.")
    pictures = []
    for theme, inks in (("for-light", LIGHT), ("for-dark", DARK)):
        svg = base64.b64encode(to_svg(alignment_figure(known, hardness, inks)).encode()).decode()
        pictures.append(f'<img class="plot {theme}" alt="{alt}" src="data:image/svg+xml;base64,{svg}">')
    return f'<figure class="chart">{"".join(pictures)}</figure>'


def at(negatives: HardNegatives, hardness: float) -> HardNegative:
    """The point of the path nearest to `hardness`."""
    return min(negatives.path, key=lambda point: abs(point.hardness - hardness))


def _known(reading: Reading) -> list[tuple[str, HardNegatives]]:
    return [
        (model.model, model.hard_negatives) for model in reading.models if model.hard_negatives is not None
    ]


def _positive_source(reading: Reading) -> str:
    if reading.positive_source == "reference":
        return "the reference report"
    own = "own text" in reading.positive_source
    stands_in = "your own text" if own else f"the draft of {reading.positive_source}"
    return f"{stands_in}, since there is no reference"


def _margin(name: str, negative: HardNegatives) -> str:
    kept = keeps_margin_to(negative)
    if kept is None:
        return f"{name} has no margin: the mined peer is already closer to the film than the positive"
    return f"{name} keeps its margin down to λ = {kept:.2f}"


def _peers(known: Known) -> list[str]:
    """One card where the models share the peer, as they do wherever texts are at hand."""
    peers = {negative.peer.study_id: (negative.peer, negative.reason) for _, negative in known}
    return [
        card(
            "Mined peer",
            f'{verbatim(peer.text)}<p class="quiet">A true negative: {esc(reason)}</p>',
            source(peer),
        )
        for peer, reason in peers.values()
    ]


def _negative(name: str, negatives: HardNegatives, hardness: float) -> str:
    point = at(negatives, hardness)
    margin = negatives.positive_alignment - point.alignment
    closer = (
        tag("agrees", "✓", "the positive is closer")
        if margin > 0
        else tag("contradicts", "≠", "the negative is closer")
    )
    moved = 0.0 if negatives.span == 0 else point.angle / negatives.span
    rows = {
        "cos(film, negative)": f"{point.alignment:+.3f}",
        "cos(film, positive)": f"{negatives.positive_alignment:+.3f}",
        "margin": f"{margin:+.3f} {closer}",
        "moved from the peer": f"{moved:.0%} of the arc ({np.degrees(point.angle):.0f}°)",
    }
    numbers = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items())
    readable = (
        '<p class="quiet">Made readable: the training report nearest to it '
        f"(cosine {point.nearest.similarity:.2f}), "
        f"{source(point.nearest)}</p>{verbatim(point.nearest.text)}"
    )
    return card(name, f'<dl class="numbers">{numbers}</dl>{readable}')

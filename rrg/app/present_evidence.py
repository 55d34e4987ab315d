"""A sentence's evidence in words: how much the film has to do with it, and how sure each model is of each word.

Pure, like `present`. The maps themselves are drawn by the viewer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rrg.app.evidence import SentenceEvidence, at_rim
from rrg.app.present import esc
from rrg.app.present_reports import tag
from rrg.app.reading_room import REFERENCE
from rrg.explain.scale import UNIT, WEAK, is_weak
from rrg.types import Evidence, View

HINT = (
    "Choose a sentence: the viewer shows where each model finds its evidence for it, and what the film has to do with it "
    "stands here."
)
RIM_MEANS = "not evidence of anything in the chest."
MOST = 1000  # times as probable; beyond that the number says no more


def hint() -> str:
    return f'<p class="quiet">{HINT}</p>'


def evidence(
    found: SentenceEvidence, pointing: Mapping[str, Sequence[tuple[View, bool]]] | None = None
) -> str:
    """One line per model, what the maps can and cannot tell, and the words' probabilities on demand.

    `pointing`: model -> for each view, whether its strongest point lies in the true finding; only of simulated films.
    """
    who = "the reference" if found.source == REFERENCE else f"the draft of {found.source}"
    head = f"<p>Evidence for <q>{esc(found.sentence)}</q> <small>from {esc(who)}</small></p>"
    hits = pointing or {}
    rims = at_rim(found)
    lines = "".join(
        f"<li>{_line(name, each)}{_rim(rims.get(name, ()))}{_hits(hits.get(name, ()))}</li>"
        for name, each in found.models
    )
    return (
        f'<section class="evidence" aria-label="Evidence for the chosen sentence">{head}<ul>{lines}</ul>'
        f"{_scale(found)}{_words(found)}</section>"
    )


def _line(name: str, each: Evidence) -> str:
    """Says by how much, and plainly where it is next to nothing."""
    nats = f"{each.gain:+.1f} nats"
    times = f"{_times(each.gain)} as probable as an average film does ({nats})"
    if not is_weak(each):
        said = f'<span class="tag agrees"><i aria-hidden="true">●</i> evidence</span> this film makes the sentence {times}.'
    elif each.gain >= -WEAK:
        said = (
            '<span class="tag alone"><i aria-hidden="true">○</i> weak evidence</span> the model would say this of an '
            f"average film nearly as readily: this film makes it {times}. Do not read the map."
        )
    else:
        said = (
            '<span class="tag contradicts"><i aria-hidden="true">−</i> evidence against</span> this film makes the sentence '
            f"{times}. The map shows only what speaks for it all the same."
        )
    return f"<b>{esc(name)}</b> {said}"


def _rim(views: Sequence[View]) -> str:
    """A map that is strongest where there is no chest."""
    if not views:
        return ""
    which = " and ".join(view.name.lower() for view in views)
    return "<br>" + tag("contradicts", "!", f"strongest at the edge of the film ({which}):") + f" {RIM_MEANS}"


def _hits(views: Sequence[tuple[View, bool]]) -> str:
    """Where the strongest point of each map lies, for a finding whose place is known."""
    if not views:
        return ""
    said = " ".join(
        tag("agrees", "✓", f"in the true finding, {view.name.lower()}")
        if hit
        else tag("contradicts", "✗", f"outside the true finding, {view.name.lower()}")
        for view, hit in views
    )
    return f'<br><span class="pointing">Strongest point of its map: {said}</span>'


def _times(gain: float) -> str:
    ratio = math.exp(min(max(gain, -math.log(MOST)), math.log(MOST)))
    if abs(gain) >= math.log(MOST):
        return f"more than {MOST} times" if gain > 0 else f"less than 1/{MOST}"
    return f"{ratio:.2f} times" if ratio < 2 else f"{ratio:.1f} times" if ratio < 10 else f"{ratio:.0f} times"


def _scale(found: SentenceEvidence) -> str:
    said = (
        f"Maps: {UNIT}, one scale for both models and all views, up to {found.scale:.2g}. They point to a region and never "
        "outline a finding: the image network looks in coarse cells."
    )
    return f'<p class="quiet">{esc(said)}</p>'


def _words(found: SentenceEvidence) -> str:
    rows = "".join(
        f"<p><b>{esc(name)}</b> {' '.join(_word(*word) for word in each.words)}</p>"
        for name, each in found.models
    )
    note = "Probability that the model gives each word after all the words before it, with this film."
    return f'<details class="words"><summary>How sure of each word</summary><p class="quiet">{note}</p>{rows}</details>'


def _word(word: str, probability: float) -> str:
    kind = "sure" if probability >= 0.5 else "unsure"
    mark = "" if kind == "sure" else "?"
    return f'<span class="word {kind}">{esc(word)}{mark} <small>{100 * probability:.0f} %</small></span>'

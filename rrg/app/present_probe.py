"""The probe as HTML: an edit marked in its report, both models' fits as paired bars, every flip as a table. Pure.

Words and signs carry the meaning, bars and colours support it. A preference is called right only where the original
is a radiologist's report: of two texts that nobody has checked, nobody knows the true one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from rrg.app.present import banner, card, esc, pair, scroll
from rrg.app.present_reports import tag
from rrg.app.probe import MOST_FLIPS, Probe, Weighed
from rrg.app.reading_room import REFERENCE
from rrg.data.counterfactuals import Fact
from rrg.types import Fit

MEASURES = {"alignment": "Alignment", "likelihood": "Likelihood"}
OWN_SPACE = (
    "Alignment is a cosine in each model’s own space: compare its signs between models, not its sizes. Likelihood is "
    "that of the whole text, in nats; a difference of 1 nat makes one text 2.7 times as likely as the other."
)


def probed(probe: Probe) -> str:
    """The edit, and both models' fits of original and edit."""
    cards = [card(each.model, _fits(each)) for each in probe.models]
    return edit(probe) + pair(cards) + f'<p class="lead">{OWN_SPACE}</p>' + _cautions([probe])


def edit(probe: Probe) -> str:
    """The report with what was taken out and what was put in, and what the labeller makes of it."""
    told = probe.flip.description if probe.flip else "; ".join(probe.changed) or "no finding changes"
    by = "One fact flipped" if probe.flip else "Changed, by the labeller"
    return (
        f'<p class="computed"><b>{by}:</b> {esc(told)}</p>'
        f'<p class="verbatim edit">{" ".join(_marked(probe.original, probe.edited))}</p>'
    )


def _marked(before: str, after: str) -> Iterator[str]:
    old, new = before.split(), after.split()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield esc(" ".join(old[a:b]))
            continue
        if b > a:
            yield f"<del>{esc(' '.join(old[a:b]))}</del>"
        if d > c:
            yield f"<ins>{esc(' '.join(new[c:d]))}</ins>"


def _fits(each: Weighed) -> str:
    return _alignment(each) + _likelihood(each)


def _alignment(each: Weighed) -> str:
    values = (each.original.alignment, each.edited.alignment)
    low, high = (end((0.0, *(value for value in values if value is not None))) for end in (min, max))
    widths = [None if value is None else (value - low) / ((high - low) or 1.0) for value in values]
    told = [None if value is None else _minus(f"{value:+.3f}") for value in values]
    rows = map(_bar, ("original", "edit"), widths, told)
    return _measure("Alignment with the film", "cosine, longer is closer", rows, _aligned(each))


def _likelihood(each: Weighed) -> str:
    fits = (each.original, each.edited)
    most = max((abs(fit.total) for fit in fits if fit.total is not None), default=0.0) or 1.0
    widths = [None if fit.total is None else abs(fit.total) / most for fit in fits]
    rows = map(_bar, ("original", "edit"), widths, map(_nats, fits))
    return _measure("Likelihood given the film", "nats, shorter is likelier", rows, _likely(each))


def _measure(title: str, how: str, rows: Iterable[str], verdict: str) -> str:
    return (
        f'<section class="measure"><h4>{title} <small>{how}</small></h4>'
        f'<div class="bars">{"".join(rows)}</div><p>{verdict}</p></section>'
    )


def _bar(name: str, width: float | None, told: str | None) -> str:
    """`width` in [0, 1] on the scale of its pair; `told` is the number in words."""
    drawn = f'<span class="{name}" style="width:{100 * (width or 0.0):.1f}%"></span>'
    return (
        f'<span class="which">{name}</span><span class="track" aria-hidden="true">{drawn}</span>'
        f'<span class="value">{told or "none"}</span>'
    )


def _nats(fit: Fit) -> str | None:
    if fit.total is None or fit.per_token is None:
        return None
    return _minus(f"{fit.total:+.1f} <small>({fit.per_token:+.2f} per token)</small>")


def _aligned(each: Weighed) -> str:
    if each.alignment is None:
        return "There is no text to align."
    return f"Difference {_signed(each.alignment, 4)} {_preference(each.prefers('alignment'))}"


def _likely(each: Weighed) -> str:
    if not each.comparable:
        return "Not comparable: one of the texts has a word that this model does not know, which costs it nothing."
    margin = each.likelihood
    if margin is None:
        return "This model knows no word of one of the texts."
    times = math.exp(min(abs(margin), 20.0))
    more = "more than 1000" if times > 1000 else f"{times:.0f}" if times >= 10 else f"{times:.1f}"
    prefers = each.prefers("likelihood")
    said = "" if prefers is None else f"{'the original' if prefers else 'the edit'} is {more} times as likely"
    return f"Difference {_signed(margin, 2)} {_preference(prefers)} <span>{said}</span>"


def _signed(value: float, digits: int) -> str:
    return _minus(f"<b>{value:+.{digits}f}</b>")


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _preference(prefers: bool | None) -> str:
    if prefers is None:
        return tag("alone", "=", "no preference")
    return (
        tag("agrees", "✓", "prefers the original") if prefers else tag("contradicts", "≠", "prefers the edit")
    )


# -- every flip


def left_out(number: int) -> str:
    """That a report has more flips than are asked about; empty where it has not."""
    if not number:
        return ""
    return banner(
        "note", f"Only the first {MOST_FLIPS} flips of this report are offered and asked about; {number} more are left out."
    )


def survey(probes: Sequence[Probe], more: int = 0) -> str:
    """Which facts each model can tell apart: counts by kind of fact, then every flip with its margins. `more`: left out."""
    true = probes[0].source == REFERENCE
    title = "Which facts each model can tell apart" if true else "Where each model keeps to the original"
    return (
        f'<section class="survey"><h3>{title}</h3>{_counts(probes)}'
        f"<h4>{'The first flips' if more else 'Every flip'}</h4>{_flips(probes)}{left_out(more)}"
        f'<p class="lead">Cells are original minus edit: above 0 the original fits better. {OWN_SPACE} A coin would be '
        f"right in half of them; one film’s flips are too few for more than a look.</p>{_cautions(probes)}</section>"
    )


def _columns(probes: Sequence[Probe]) -> list[tuple[int, str]]:
    return [(place, measure) for place in range(len(probes[0].models)) for measure in MEASURES]


def _head(probes: Sequence[Probe], first: str) -> str:
    names = "".join(
        f'<th scope="colgroup" colspan="{len(MEASURES)}">{esc(each.model)}</th>' for each in probes[0].models
    )
    measures = "".join(f'<th scope="col">{word}</th>' for _ in probes[0].models for word in MEASURES.values())
    return f'<thead><tr><th scope="col" rowspan="2">{first}</th>{names}</tr><tr>{measures}</tr></thead>'


def _counts(probes: Sequence[Probe]) -> str:
    rows = []
    for kind in ("all", *Fact):
        asked = [probe for probe in probes if probe.flip and kind in ("all", probe.flip.fact)]
        if asked:
            cells = "".join(f"<td>{_count(asked, *column)}</td>" for column in _columns(probes))
            name = "all flips" if kind == "all" else kind
            rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return _table("Flips by kind of fact", _head(probes, "Fact"), rows)


def _count(probes: Sequence[Probe], place: int, measure: str) -> str:
    answers = [
        probe.models[place].prefers(measure)
        for probe in probes
        if measure == "alignment" or probe.models[place].likelihood is not None
    ]
    won, ties = sum(each is True for each in answers), sum(each is None for each in answers)
    if not answers:
        return '<span class="quiet">not comparable</span>'
    tied = f' <span class="quiet">({ties} without preference)</span>' if ties else ""
    width = 100 * won / len(answers)
    share = f'<span class="bar" aria-hidden="true"><span style="width:{width:.0f}%"></span></span>'
    return f"<b>{won} of {len(answers)}</b> {share}{tied}"


def _flips(probes: Sequence[Probe]) -> str:
    rows = []
    for probe in probes:
        assert probe.flip is not None
        cells = "".join(f"<td>{_cell(probe.models[p], measure)}</td>" for p, measure in _columns(probes))
        name = f'{esc(probe.flip.description)}<br><span class="quiet">{esc(probe.flip.edited)}</span>'
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return _table("Flips", _head(probes, "Flip"), rows)


def _cell(each: Weighed, measure: str) -> str:
    margin = each.alignment if measure == "alignment" else each.likelihood
    if margin is None:
        return '<span class="quiet">not comparable</span>'
    prefers, digits = each.prefers(measure), 3 if measure == "alignment" else 1
    kind, sign, word = {
        True: ("agrees", "✓", "original"), False: ("contradicts", "≠", "edit"), None: ("alone", "=", "neither"),
    }[prefers]  # fmt: skip
    return f"{tag(kind, sign, word)}<br>{_signed(margin, digits)}"


def _table(title: str, head: str, rows: Sequence[str]) -> str:
    return scroll(f'<table class="findings">{head}<tbody>{"".join(rows)}</tbody></table>', title)


def _cautions(probes: Sequence[Probe]) -> str:
    """What must be known to read the numbers, once each."""
    source = probes[0].source
    told = []
    if source == REFERENCE:
        told.append(
            "The original is the reference report, so an edit that flips a fact is false by construction."
        )
    else:
        told.append(f"The original is {_whose(source)}: nobody has said that it is true of this film.")
    if source.startswith("draft of"):
        told.append(
            "A model writes the words that it finds likeliest, so its likelihood leans to its own draft whatever the "
            "film shows; alignment is the fairer question here."
        )
    if any(each.cut for probe in probes for each in probe.models):
        told.append("A text is longer than the models read; what stands behind the cut counts for nothing.")
    return "".join(banner("note", text) for text in told)


def _whose(source: str) -> str:
    return f"the {source}" if source.startswith("draft of") else source

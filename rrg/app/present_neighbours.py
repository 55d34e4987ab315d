"""Training reports as HTML: each model's nearest ones, held against its own report. Pure, like `present`.

Reports of the collection stand here word for word, with their source. What a sentence is to the other report was decided by
the labeller (`compare`); it is told by a sign and a word, which a colour only supports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rrg.app.compare import OTHERWISE, LabelledText, Sentence, Verdict, compare_sentences
from rrg.app.present import card, esc, pair
from rrg.app.present_reports import KIND, tag, verdict_tag
from rrg.retrieval.texts import OPENI, openi_link
from rrg.types import ModelReading, Neighbour, Reading

ABSENT = '<p class="verbatim quiet">The text is not at hand on this machine.</p>'
LEAD = (
    "The training reports that lie closest to this film in each model’s own space. A model that sees the film should find "
    "reports that say what it says itself. Compare similarities within a model, not between the two. Every sentence is "
    "held against that model’s own report, by the findings named: "
)
OWN = "its own report"
_WORDS = {
    Verdict.AGREES: "matches",
    Verdict.DIFFERS: "differs",
    Verdict.CONTRADICTS: "contradicts",
    Verdict.ALONE: "only here",
}


def neighbours(
    reading: Reading, pictures: Mapping[str, Sequence[str]] | None = None, simulated: str = ""
) -> str:
    """Each model's nearest reports. `pictures`: study id -> its films as addresses that an <img> can show. `simulated`: the
    notice that goes with simulated studies; empty for others.
    """
    shared = [{n.study_id for n in model.neighbours} for model in reading.models]
    both = set.intersection(*shared) if shared else set()
    cards = [_model(model, both, pictures or {}, bool(simulated)) for model in reading.models]
    key = "".join(verdict_tag(verdict, word) for verdict, word in _WORDS.items())
    credit = attribution("Training reports", [n for model in reading.models for n in model.neighbours])
    credit += _simulated(simulated) if simulated else ""
    return f'<p class="lead">{LEAD}{key}</p>{pair(cards)}{credit}'


def held_against(text: str, other: LabelledText | ModelReading, called: str) -> tuple[Sentence, ...]:
    """The sentences of a text, each with what it is to the other report, which reasons call `called`."""
    return compare_sentences(LabelledText.of(text), other, called)


def lines(sentences: Sequence[Sentence], notes: Sequence[str] | None = None) -> str:
    """Sentence by sentence: sign and word, the text, what decided it; `notes` (escaped) follow the texts."""
    notes = notes or [""] * len(sentences)
    rows = (_line(sentence, note) for sentence, note in zip(sentences, notes, strict=True))
    return f'<ul class="lines">{"".join(rows)}</ul>'


def _line(sentence: Sentence, note: str) -> str:
    kind, tagged = KIND[sentence.verdict], verdict_tag(sentence.verdict, _WORDS[sentence.verdict])
    because = f'<span class="because">{esc(sentence.reason)}</span>' if sentence.verdict in OTHERWISE else ""
    small = f" <small>{note}</small>" if note else ""
    said = f"{tagged}<span>{esc(sentence.text)}{small}{because}</span>"
    return f'<li class="line {kind}" title="{esc(sentence.reason)}">{said}</li>'


def verbatim(text: str | None) -> str:
    """A report word for word, or that it is not at hand."""
    return ABSENT if text is None else f'<p class="verbatim">{esc(text)}</p>'


def attribution(what: str, shown: Iterable[Neighbour]) -> str:
    """Whose reports stand there word for word and under which licence; empty where none of them is Open-i's."""
    return f'<p class="settings">{what}: {OPENI}.</p>' if any(each.uid for each in shown) else ""


def source(neighbour: Neighbour) -> str:
    """The study's name, with its Open-i page where that is known."""
    name = f"Open-i report {neighbour.uid}" if neighbour.uid else f"study {neighbour.study_id}"
    link = openi_link(neighbour.uid)
    if link is None:
        return f'<span class="source">{esc(name)}</span>'
    return f'<a class="source" href="{esc(link)}" target="_blank" rel="noopener noreferrer">{esc(name)} ↗</a>'


def _model(
    model: ModelReading, both: set[str], pictures: Mapping[str, Sequence[str]], simulated: bool
) -> str:
    held = [held_against(n.text, model, OWN) if n.text is not None else None for n in model.neighbours]
    items = "".join(
        _neighbour(n, sentences, n.study_id in both, pictures.get(n.study_id, ()), simulated)
        for n, sentences in zip(model.neighbours, held, strict=True)
    )
    draft = f'<p class="verbatim own"><b>Its own report:</b> {esc(model.report.text) or "(empty)"}</p>'
    told = _tally([sentence for sentences in held for sentence in sentences or ()])
    listed = f'<ol class="neighbours">{items or "<li>none</li>"}</ol>'
    return card(model.model, f"{draft}{told}{listed}")


def _tally(sentences: Sequence[Sentence]) -> str:
    """How the sentences of all neighbours stand to the report, in numbers."""
    if not sentences:
        return ""
    counts = Counter(sentence.verdict for sentence in sentences)
    said = "".join(verdict_tag(v, f"{counts[v]} {word}") for v, word in _WORDS.items())
    return f'<p class="tally">Of {len(sentences)} neighbouring sentences: {said}</p>'


def _neighbour(
    neighbour: Neighbour,
    sentences: Sequence[Sentence] | None,
    shared: bool,
    pictures: Sequence[str],
    simulated: bool,
) -> str:
    width = max(0.0, neighbour.similarity) * 100
    bar = f'<span class="bar" aria-hidden="true"><span style="width:{width:.0f}%"></span></span>'
    near = f'<span><b>{neighbour.similarity:.3f}</b> <span class="quiet">cosine</span></span>'
    also = tag("agrees", "=", "found by both models") if shared else ""
    head = f'<div class="neighbour">{near}{bar}{_made(simulated)}{source(neighbour)}{also}</div>'
    body = ABSENT if sentences is None else lines(sentences)
    return f'<li>{head}<div class="beside">{_films(neighbour, pictures)}{body}</div>{_labels(neighbour, simulated)}</li>'


def _films(neighbour: Neighbour, pictures: Sequence[str]) -> str:
    if not pictures:
        return ""
    of = f"{len(pictures)} of training study {neighbour.uid or neighbour.study_id}"
    films = (
        f'<img src="{esc(address)}" alt="Film {i} of {esc(of)}" loading="lazy">'
        for i, address in enumerate(pictures, 1)
    )
    return f'<div class="films">{"".join(films)}</div>'


def _made(simulated: bool) -> str:
    return tag("alone", "◇", "simulated") if simulated else ""


def _simulated(notice: str) -> str:
    return f'<p class="settings">{esc(notice)}</p>'


def _labels(neighbour: Neighbour, simulated: bool) -> str:
    if not neighbour.labels:
        return ""
    coded = "Coded from what is true of it:" if simulated else "Coded by the archive:"
    labels = "".join(f'<span class="label">{esc(label)}</span>' for label in neighbour.labels)
    return f'<div class="labels"><span class="quiet">{coded}</span>{labels}</div>'

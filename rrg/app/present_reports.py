"""Two reports, their findings and their nearest training reports as HTML. Pure, like `present`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rrg.app.compare import FindingRow, LabelledText, Sentence, Verdict, compare_sentences, findings_table
from rrg.app.present import banner, card, esc, nothing_yet, pair
from rrg.retrieval.texts import openi_link
from rrg.types import Finding, ModelReading, Neighbour, Reading

_SIGN = {Verdict.AGREES: "✓", Verdict.ALONE: "+", Verdict.CONTRADICTS: "≠"}
_KIND = {Verdict.AGREES: "agrees", Verdict.ALONE: "alone", Verdict.CONTRADICTS: "contradicts"}
_STATUS = {"present": "●", "uncertain": "◐", "absent": "○"}


def tag(kind: str, sign: str, word: str) -> str:
    """A sign and a word; `kind` (agrees, alone, contradicts) only adds a colour."""
    return f'<span class="tag {kind}"><i aria-hidden="true">{sign}</i> {esc(word)}</span>'


def drafts(names: Sequence[str], texts: Sequence[str]) -> str:
    """Both reports while they are being written."""
    bodies = (f'<p class="draft" aria-busy="true">{esc(text) or "…"}</p>' for text in texts)
    return pair([card(name, body) for name, body in zip(names, bodies, strict=True)])


# -- tab 1: reports


def reports(reading: Reading) -> str:
    """Both reports, sentence by sentence, with the key to the signs and the settings."""
    first, second = reading.models
    cards = [
        _report(mine, compare_sentences(mine, other)) for mine, other in ((first, second), (second, first))
    ]
    key = "".join(_verdict(verdict) for verdict in Verdict)
    legend = f'<p class="key">Against the other report, by the findings named: {key}</p>'
    return pair(cards) + legend + _settings(reading)


def findings(reading: Reading) -> str:
    """The table of findings of both reports."""
    first, second = reading.models
    rows = findings_table(first, second)
    if not rows:
        return nothing_yet("Neither report names a finding that the labeller knows.")
    titles = ("Finding", first.model, second.model, "Together")
    head = "".join(f'<th scope="col">{esc(title)}</th>' for title in titles)
    body = "".join(_finding_row(row) for row in rows)
    table = f'<table class="findings"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll">{table}</div>'


def _verdict(verdict: Verdict) -> str:
    return tag(_KIND[verdict], _SIGN[verdict], verdict.value)


def _report(mine: ModelReading, sentences: Iterable[Sentence]) -> str:
    chips = "".join(_chip(sentence) for sentence in sentences) or "<li>(an empty report)</li>"
    return card(mine.model, f'<ul class="chips">{chips}</ul>', f"{mine.seconds:.1f} s")


def _chip(sentence: Sentence) -> str:
    verdict = sentence.verdict
    because = f'<span class="because">{esc(sentence.reason)}</span>' if verdict is Verdict.CONTRADICTS else ""
    said = f"{_verdict(verdict)} {esc(sentence.text)}{because}"
    return f'<li class="chip {_KIND[verdict]}" title="{esc(sentence.reason)}">{said}</li>'


def _finding_row(row: FindingRow) -> str:
    together = _verdict(row.verdict)
    if row.verdict is Verdict.ALONE:
        both = row.first is not None and row.second is not None
        together = tag("alone", "~", "differs in certainty") if both else tag("alone", "+", "in one only")
    cells = "".join(f"<td>{_stated(finding)}</td>" for finding in (row.first, row.second))
    return f'<tr><th scope="row">{esc(row.label)}</th>{cells}<td>{together}</td></tr>'


def _stated(finding: Finding | None) -> str:
    if finding is None:
        return '<span class="quiet">not mentioned</span>'
    detail = ", ".join(str(part) for part in (finding.side, finding.severity, finding.place) if part)
    status = finding.status.value
    word = f'<span class="stated {status}"><i aria-hidden="true">{_STATUS[status]}</i> {status}</span>'
    return word + (f'<br><span class="quiet">{esc(detail)}</span>' if detail else "")


def _settings(reading: Reading) -> str:
    revisions = ", ".join(f"{model.model} {model.revision}" for model in reading.models)
    decoding, seed = reading.settings.get("decoding", "?"), reading.settings.get("seed", "?")
    said = (
        f"Decoding {decoding} · seed {seed} · revision {revisions}. The same picture gives the same report."
    )
    return f'<p class="settings">{esc(said)}</p>' + "".join(banner("note", text) for text in reading.warnings)


# -- tab 2: nearest reports


def neighbours(reading: Reading) -> str:
    """Each model's nearest training reports, their sentences marked against the report it drafted."""
    cards = []
    for model in reading.models:
        items = "".join(_neighbour(neighbour, model) for neighbour in model.neighbours) or "<li>none</li>"
        cards.append(card(model.model, f'<ol class="neighbours">{items}</ol>'))
    lead = (
        "Training reports closest to the film in each model’s own space (cosine). Sentences are marked where "
        "they agree with (✓) or contradict (≠) that model’s draft. Open-i reports: Indiana University, "
        "CC BY-NC-ND 4.0, shown unchanged."
    )
    return f'<p class="lead">{lead}</p>{pair(cards)}'


def verbatim(text: str | None, model: ModelReading | None = None) -> str:
    """A training report unchanged, or that it is not at hand; marked against `model`'s draft if given."""
    if text is None:
        return '<p class="verbatim quiet">The text is not at hand on this machine.</p>'
    if model is None:
        return f'<p class="verbatim">{esc(text)}</p>'
    marked = (_marked(sentence) for sentence in compare_sentences(LabelledText.of(text), model))
    return f'<p class="verbatim">{" ".join(marked)}</p>'


def source(neighbour: Neighbour) -> str:
    """The study's name, with its Open-i page where that is known."""
    name = f"Open-i report {neighbour.uid}" if neighbour.uid else f"study {neighbour.study_id}"
    link = openi_link(neighbour.uid)
    if link is None:
        return f'<span class="source">{esc(name)}</span>'
    return f'<a class="source" href="{esc(link)}" target="_blank" rel="noopener noreferrer">{esc(name)} ↗</a>'


def _neighbour(neighbour: Neighbour, model: ModelReading) -> str:
    width = max(0.0, neighbour.similarity) * 100
    bar = f'<span class="bar" aria-hidden="true"><span style="width:{width:.0f}%"></span></span>'
    labels = "".join(f'<span class="label">{esc(label)}</span>' for label in neighbour.labels)
    head = f'<div class="neighbour"><b>{neighbour.similarity:.3f}</b>{bar}{source(neighbour)}</div>'
    return f'<li>{head}{verbatim(neighbour.text, model)}<div class="labels">{labels}</div></li>'


def _marked(sentence: Sentence) -> str:
    verdict = sentence.verdict
    if verdict is Verdict.ALONE:
        return esc(sentence.text)
    sign = f'<i role="img" aria-label="{verdict.value}">{_SIGN[verdict]}</i>'
    title = esc(f"{verdict.value}: {sentence.reason}")
    return f'<span class="mark {_KIND[verdict]}" title="{title}">{sign} {esc(sentence.text)}</span>'

"""Two reports and their findings as HTML. Pure, like `present`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rrg.app.compare import (
    OTHERWISE,
    FindingRow,
    Labelled,
    LabelledText,
    Sentence,
    Verdict,
    compare_sentences,
    contradicted,
    findings_table,
)
from rrg.app.present import banner, card, esc, nothing_yet, pair, scroll
from rrg.app.reading_room import REFERENCE
from rrg.app.study import OpenStudy
from rrg.types import Finding, ModelReading, Reading, Status

_SIGN = {Verdict.AGREES: "✓", Verdict.ALONE: "+", Verdict.DIFFERS: "~", Verdict.CONTRADICTS: "≠"}
KIND = {verdict: verdict.name.lower() for verdict in Verdict}
_STATUS = {"present": "●", "uncertain": "◐", "absent": "○"}


def tag(kind: str, sign: str, word: str) -> str:
    """A sign and a word; `kind` (agrees, alone, differs, contradicts) only adds a colour."""
    return f'<span class="tag {kind}"><i aria-hidden="true">{sign}</i> {esc(word)}</span>'


def drafts(names: Sequence[str], texts: Sequence[str]) -> str:
    """Both reports while they are being written."""
    bodies = (f'<p class="draft" aria-busy="true">{esc(text) or "…"}</p>' for text in texts)
    return pair([card(name, body) for name, body in zip(names, bodies, strict=True)])


# -- tab 1: reports


def reports(study: OpenStudy) -> str:
    """Both reports and the reference, sentence by sentence, with the key to the signs and the settings.

    A sentence is a button: `data-report` counts the models and then the reference, `data-sentence` its sentences, from 0.
    """
    reading = study.reading
    assert reading is not None
    first, second = reading.models
    truth = _reference(study)
    cards = [
        _report(mine, i, _verdicts(mine, {"": other, **truth}))
        for i, (mine, other) in enumerate(((first, second), (second, first)))
    ]
    key = "".join(verdict_tag(verdict) for verdict in Verdict)
    told = f"Against the other report, by the findings named: {key}. That two models agree does not make it true."
    legend = f'<p class="key">{told}</p>'
    return pair(cards) + _reference_card(truth, study) + legend + _settings(study, reading)


def findings(study: OpenStudy) -> str:
    """The table of findings of both reports, and of the reference where there is one."""
    assert study.reading is not None
    first, second = study.reading.models
    truth = _reference(study).get(REFERENCE)
    rows = findings_table(first, second, truth)
    if not rows:
        return nothing_yet("Neither report names a finding that the labeller knows.")
    titles = ("Finding", first.model, second.model, *([REFERENCE] if truth else []), "Together")
    head = "".join(f'<th scope="col">{esc(title)}</th>' for title in titles)
    denied = [row for row in rows if _denied(row, truth is not None)]
    body = "".join(_finding_row(row, truth is not None) for row in rows if row not in denied)
    body += _denied_row([row.label for row in denied], len(titles) - 1, truth is not None)
    table = f'<table class="findings"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return scroll(table, "Findings of both reports")


def _reference(study: OpenStudy) -> dict[str, Labelled]:
    """The reference by its name, or nothing."""
    return {REFERENCE: LabelledText.of(study.reference)} if study.reference else {}


def verdict_tag(verdict: Verdict, word: str | None = None) -> str:
    return tag(KIND[verdict], _SIGN[verdict], word or verdict.value)


def _verdicts(mine: Labelled, others: Mapping[str, Labelled]) -> list[dict[str, Sentence]]:
    """For each sentence of `mine` how it stands to every other text; "" is the other report."""
    each = {
        name: compare_sentences(
            mine,
            other,
            (name and (name if name == REFERENCE else f"the report of {name}")) or "the other report",
        )
        for name, other in others.items()
    }
    return [{name: told[i] for name, told in each.items()} for i in range(len(mine.sentences))]


def _report(mine: ModelReading, number: int, sentences: Sequence[Mapping[str, Sentence]]) -> str:
    return card(mine.model, _chips(number, sentences), f"{mine.seconds:.1f} s")


def _reference_card(truth: Mapping[str, Labelled], study: OpenStudy) -> str:
    """What a radiologist wrote, or was composed from a known truth; each sentence against both reports."""
    if not truth or study.reading is None:
        return ""
    models = study.reading.models
    chips = _chips(len(models), _verdicts(truth[REFERENCE], {model.model: model for model in models}))
    written = (
        "simulated: composed from what is true of this study"
        if study.simulated
        else "written by a radiologist"
    )
    return card("Reference", chips, f"{written}; no model saw it")


def _chips(number: int, sentences: Sequence[Mapping[str, Sentence]]) -> str:
    chips = "".join(_chip(number, i, against) for i, against in enumerate(sentences))
    return f'<ul class="chips">{chips or "<li>(an empty report)</li>"}</ul>'


def _chip(number: int, place: int, against: Mapping[str, Sentence]) -> str:
    """A sentence to choose. Its colour follows the first text that it is compared with."""
    first = next(iter(against.values()))
    tags = "".join(_against(name, sentence) for name, sentence in against.items())
    reasons = [sentence.reason for sentence in against.values() if sentence.verdict in OTHERWISE]
    because = "".join(f'<span class="because">{esc(reason)}</span>' for reason in reasons)
    chosen = f'data-report="{number}" data-sentence="{place}" aria-pressed="false"'
    button = f'<button type="button" class="pick" {chosen}>{tags} {esc(first.text)}{because}</button>'
    return f'<li class="chip {KIND[first.verdict]}" title="{esc(first.reason)}">{button}</li>'


def _against(name: str, sentence: Sentence) -> str:
    verdict = sentence.verdict
    if not name:
        return verdict_tag(verdict)
    words = {
        Verdict.AGREES: f"{name} agrees",
        Verdict.DIFFERS: f"{name} differs",
        Verdict.CONTRADICTS: f"{name} contradicts",
        Verdict.ALONE: f"not in {name}",
    }
    return verdict_tag(verdict, words[verdict])


def _finding_row(row: FindingRow, referenced: bool) -> str:
    cells = [_stated(found) + _refuted(found, row.reference) for found in (row.first, row.second)]
    cells += [_stated(row.reference)] if referenced else []
    told = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{esc(row.label)}</th>{told}<td>{_together(row)}</td></tr>'


def _together(row: FindingRow) -> str:
    if row.verdict is Verdict.DIFFERS:
        return verdict_tag(Verdict.DIFFERS, f"differs in {' and '.join(row.differing)}")
    if row.verdict is not Verdict.ALONE:
        return verdict_tag(row.verdict)
    if not row.first and not row.second:
        return tag("alone", "−", "in neither report")
    if not row.first or not row.second:
        return tag("alone", "+", "in one only")
    in_part = row.first[0].status is row.second[0].status
    return tag("alone", "~", "agrees in part" if in_part else "differs in certainty")


def _denied(row: FindingRow, referenced: bool) -> bool:
    """Whether all that are compared say that it is absent: there is nothing to weigh."""
    said = [row.first, row.second, *([row.reference] if referenced else [])]
    denied = all(found and found[0].status is Status.ABSENT for found in said)
    return denied and row.verdict is Verdict.AGREES


def _denied_row(labels: Sequence[str], columns: int, referenced: bool) -> str:
    """One row for all of them, so that the table stays short."""
    if not labels:
        return ""
    who = "both reports and the reference" if referenced else "both reports"
    word = f'<span class="stated absent"><i aria-hidden="true">{_STATUS["absent"]}</i> absent in {who}</span>'
    return f'<tr><th scope="row">{esc(", ".join(labels))}</th><td colspan="{columns}">{word}</td></tr>'


def _refuted(found: Sequence[Finding], reference: Sequence[Finding]) -> str:
    against = contradicted(found, reference)
    return "<br>" + verdict_tag(Verdict.CONTRADICTS, REFERENCE) if against else ""


def _stated(found: Sequence[Finding]) -> str:
    return "<br>".join(map(_one, found)) or '<span class="quiet">not mentioned</span>'


def _one(finding: Finding) -> str:
    detail = ", ".join(str(part) for part in (finding.side, finding.severity, finding.place) if part)
    status = finding.status.value
    word = f'<span class="stated {status}"><i aria-hidden="true">{_STATUS[status]}</i> {status}</span>'
    return word + (f' <span class="quiet">{esc(detail)}</span>' if detail else "")


def _settings(study: OpenStudy, reading: Reading) -> str:
    """What it takes to repeat the reading, and what no model can see at the size it looks at."""
    revisions = ", ".join(f"{model.model} {model.revision}" for model in reading.models)
    decoding, seed = reading.settings.get("decoding", "?"), reading.settings.get("seed", "?")
    said = (
        f"Decoding {decoding} · seed {seed} · revision {revisions}. The same picture gives the same report."
    )
    seen = (
        f"The models see {study.size} × {study.size} px: small nodules, a thin pneumothorax, fine lines and fractures "
        "cannot be judged at this size, whatever a report says of them."
    )
    lines = "".join(f'<p class="settings">{esc(line)}</p>' for line in (said, seen))
    return lines + "".join(banner("note", text) for text in reading.warnings)

"""Values to HTML. Pure: no gradio, no models, no files, nothing remembered.

Every text that was not written here goes through `esc`, which also disarms the characters of template languages.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from rrg.app.compare import FindingRow, LabelledText, Sentence, Verdict, compare_sentences, findings_table
from rrg.app.figure import DARK, LIGHT, alignment_figure, to_svg
from rrg.app.library import Key, Loading
from rrg.app.reading_room import OpenStudy, keeps_margin_to, openi_link
from rrg.data.preprocess import to_square
from rrg.types import Finding, HardNegative, HardNegatives, ModelReading, Neighbour, Radiograph, Reading

SHOWN_PIXELS = 900  # longest side of the picture on the page
_DISARM = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})
_MARK = {Verdict.AGREES: "✓", Verdict.ALONE: "+", Verdict.CONTRADICTS: "≠"}
_CLASS = {Verdict.AGREES: "agrees", Verdict.ALONE: "alone", Verdict.CONTRADICTS: "contradicts"}
_STATUS = {"present": "●", "uncertain": "◐", "absent": "○"}
Tone = Literal["note", "warning", "refusal"]
_TONE = {"note": ("i", "Note"), "warning": ("!", "Attention"), "refusal": ("×", "Not read")}


def esc(text: object) -> str:
    """Text as text: no HTML, and none of the characters that Handlebars or a JavaScript template would act on."""
    return html.escape(str(text), quote=True).translate(_DISARM)


# -- banners and status


def banner(tone: Tone, text: str) -> str:
    mark, word = _TONE[tone]
    return (
        f'<div class="banner {tone}" role="{"alert" if tone == "refusal" else "status"}">'
        f'<span class="sign" aria-hidden="true">{mark}</span><div><b>{word}.</b> {esc(text)}</div></div>'
    )


def refusal(message: str, kept: bool) -> str:
    """Why a request was refused, and that nothing was lost."""
    return banner("refusal", message + (" What was on the screen stays." if kept else ""))


def loading(state: Loading, pair: tuple[Key, Key] | None) -> str:
    """One line on the models."""
    if pair is None:
        return banner(
            "warning", "Fewer than two checkpoints were found, so nothing can be compared. See the README."
        )
    if state.failed:
        return "".join(
            banner("refusal", f"{name} cannot be loaded: {reason}") for name, reason in state.failed
        )
    if state.waiting:
        names = " and ".join(state.waiting)
        return f'<p class="status busy" role="status">Models loading: {esc(names)} …</p>'
    return f'<p class="status ready" role="status">✓ Models ready: {esc(" and ".join(map(str, pair)))}</p>'


def working(step: str) -> str:
    return f'<p class="status busy" role="status">{esc(step)} …</p>'


# -- the films


def films(study: OpenStudy | None) -> str:
    """The pictures as read, with alternative text."""
    if study is None:
        return '<div class="empty film">No film is open. Choose a file or an example.</div>'
    return f'<div class="films n{len(study.films)}">{"".join(_film(f, i) for i, f in enumerate(study.films, 1))}</div>'


def record(study: OpenStudy | None) -> str:
    """What was read of each file, and what was done to it; then what the models see."""
    if study is None:
        return ""
    warnings = "".join(banner("warning", w) for film in study.films for w in film.warnings)
    parts = "".join(_film_record(film, i) for i, film in enumerate(study.films, 1))
    return f'{warnings}<p class="quiet">{esc(study.origin)}</p>{parts}{_seen(study)}'


def screening(study: OpenStudy) -> str:
    """Named before any report: not a chest film; or read nevertheless."""
    if study.screening is None or study.screening.chest:
        return ""
    more = "It was read nevertheless, as you asked; the reports mean nothing unless you are sure."
    stop = "No report was drafted. If you know better, tick “Read it nevertheless” below the pictures."
    reason = study.screening.reason[:1].upper() + study.screening.reason[1:]
    if study.overridden:
        return banner("warning", f"{reason}. {more}")
    return banner("refusal", f"{reason}. {stop}")


def _film(film: Radiograph, number: int) -> str:
    view = film.view.name.lower()
    alt = f"Radiograph {number}, {view} view, as read"
    return f'<figure><img src="{_png(_shown(film))}" alt="{esc(alt)}"><figcaption>{number} · {esc(view)}</figcaption></figure>'


def _shown(film: Radiograph) -> Image.Image:
    image = Image.fromarray(np.rint(np.clip(film.pixels, 0, 1) * 255).astype(np.uint8))
    image.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS), Image.Resampling.LANCZOS)
    return image


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _film_record(film: Radiograph, number: int) -> str:
    height, width = film.pixels.shape
    polarity = "inverted on reading, dense is bright" if film.inverted else "as stored, dense is bright"
    rows = [
        ("Format", f"{film.source_format}, {film.bits} bits"),
        ("Size", f"{width} × {height} px"),
        ("Polarity", polarity),
        ("View", film.view.name.lower()),
        ("Steps", "; ".join(film.steps) or "none"),
    ]
    cells = "".join(f"<dt>{esc(name)}</dt><dd>{esc(value)}</dd>" for name, value in rows)
    return f'<section class="record"><h4>Film {number}</h4><dl>{cells}</dl></section>'


def _seen(study: OpenStudy) -> str:
    if not study.size:
        return ""
    pictures = "".join(
        f'<img src="{_png(Image.fromarray(to_square(film, study.size)))}" alt="Film {i} at {study.size} by {study.size} pixels">'
        for i, film in enumerate(study.films, 1)
    )
    return (
        f'<div class="seen">{pictures}<p><b>The models see {study.size} × {study.size} px.</b> '
        "Small nodules and a thin pneumothorax cannot be judged at this size.</p></div>"
    )


# -- tab 1: reports


def drafts(names: Sequence[str], texts: Sequence[str]) -> str:
    """Both reports while they are being written."""
    cards = "".join(
        f'<article class="card"><h3>{esc(name)}</h3><p class="draft" aria-busy="true">{esc(text) or "…"}</p></article>'
        for name, text in zip(names, texts, strict=True)
    )
    return f'<div class="pair">{cards}</div>'


def nothing_yet(what: str) -> str:
    return f'<div class="empty">{esc(what)}</div>'


def reports(reading: Reading) -> str:
    """Both reports, sentence by sentence, with the key to the marks."""
    first, second = reading.models
    both = ((first, second), (second, first))
    cards = "".join(_report(mine, compare_sentences(mine, other)) for mine, other in both)
    key = "".join(
        f'<span class="tag {_CLASS[v]}"><i aria-hidden="true">{_MARK[v]}</i> {v.value}</span>'
        for v in Verdict
    )
    return (
        f'<div class="pair">{cards}</div><p class="key">Against the other report, by the findings named: {key}</p>'
        f"{_settings(reading)}"
    )


def findings(reading: Reading) -> str:
    """The table of findings of both reports."""
    first, second = reading.models
    rows = findings_table(first, second)
    if not rows:
        return nothing_yet("Neither report names a finding that the labeller knows.")
    head = "".join(
        f'<th scope="col">{esc(h)}</th>' for h in ("Finding", first.model, second.model, "Together")
    )
    body = "".join(_finding_row(row) for row in rows)
    return f'<div class="scroll"><table class="findings"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _report(mine: ModelReading, sentences: Iterable[Sentence]) -> str:
    chips = "".join(_chip(sentence) for sentence in sentences) or "<li>(an empty report)</li>"
    return (
        f'<article class="card"><h3>{esc(mine.model)} <small>{mine.seconds:.1f} s</small></h3>'
        f'<ul class="chips">{chips}</ul></article>'
    )


def _chip(sentence: Sentence) -> str:
    verdict = sentence.verdict
    because = f'<span class="because">{esc(sentence.reason)}</span>' if verdict is Verdict.CONTRADICTS else ""
    return (
        f'<li class="chip {_CLASS[verdict]}" title="{esc(sentence.reason)}"><span class="tag {_CLASS[verdict]}">'
        f'<i aria-hidden="true">{_MARK[verdict]}</i> {verdict.value}</span> {esc(sentence.text)}{because}</li>'
    )


def _finding_row(row: FindingRow) -> str:
    tag = f'<span class="tag {_CLASS[row.verdict]}"><i aria-hidden="true">{_MARK[row.verdict]}</i> {row.verdict.value}</span>'
    if row.verdict is Verdict.ALONE and row.first and row.second:
        tag = '<span class="tag alone"><i aria-hidden="true">~</i> differs in certainty</span>'
    elif row.verdict is Verdict.ALONE:
        tag = '<span class="tag alone"><i aria-hidden="true">+</i> in one only</span>'
    cells = "".join(f"<td>{_stated(f)}</td>" for f in (row.first, row.second))
    return f'<tr><th scope="row">{esc(row.label)}</th>{cells}<td>{tag}</td></tr>'


def _stated(finding: Finding | None) -> str:
    if finding is None:
        return '<span class="quiet">not mentioned</span>'
    detail = ", ".join(str(part) for part in (finding.side, finding.severity, finding.place) if part)
    status = finding.status.value
    return f'<span class="stated {status}"><i aria-hidden="true">{_STATUS[status]}</i> {status}</span>' + (
        f'<br><span class="quiet">{esc(detail)}</span>' if detail else ""
    )


def _settings(reading: Reading) -> str:
    revision = ", ".join(f"{m.model} {m.revision}" for m in reading.models)
    decoding, seed = reading.settings.get("decoding", "?"), reading.settings.get("seed", "?")
    warnings = "".join(banner("note", w) for w in reading.warnings)
    line = f"Decoding {esc(decoding)} · seed {esc(seed)} · revision {esc(revision)}. The same picture gives the same report."
    return f'<p class="settings">{line}</p>{warnings}'


# -- tab 2: nearest reports


def neighbours(reading: Reading) -> str:
    """Each model's nearest training reports, their sentences marked against the report it drafted."""
    cards = "".join(
        f'<article class="card"><h3>{esc(m.model)}</h3><ol class="neighbours">'
        + ("".join(_neighbour(n, m) for n in m.neighbours) or "<li>none</li>")
        + "</ol></article>"
        for m in reading.models
    )
    return (
        '<p class="lead">Training reports closest to the film in each model’s own space (cosine). Their sentences are marked '
        f'where they agree with or contradict that model’s draft.</p><div class="pair">{cards}</div>'
    )


def _neighbour(neighbour: Neighbour, model: ModelReading) -> str:
    bar = f'<span class="bar" aria-hidden="true"><span style="width:{max(0.0, neighbour.similarity) * 100:.0f}%"></span></span>'
    labels = "".join(f'<span class="label">{esc(label)}</span>' for label in neighbour.labels)
    return (
        f'<li><div class="neighbour"><b>{neighbour.similarity:.3f}</b>{bar}{_source(neighbour)}</div>'
        f'<p class="verbatim">{_verbatim(neighbour.text, model)}</p><div class="labels">{labels}</div></li>'
    )


def _verbatim(text: str | None, model: ModelReading | None) -> str:
    if text is None:
        return '<span class="quiet">The text is not at hand on this machine.</span>'
    if model is None:
        return esc(text)
    return " ".join(_marked(sentence) for sentence in compare_sentences(LabelledText.of(text), model))


def _marked(sentence: Sentence) -> str:
    if sentence.verdict is Verdict.ALONE:
        return esc(sentence.text)
    kind, mark = _CLASS[sentence.verdict], _MARK[sentence.verdict]
    return (
        f'<span class="mark {kind}" title="{esc(sentence.verdict.value)}: {esc(sentence.reason)}">'
        f'<i role="img" aria-label="{esc(sentence.verdict.value)}">{mark}</i> {esc(sentence.text)}</span>'
    )


def _source(neighbour: Neighbour) -> str:
    link = openi_link(neighbour.uid)
    name = f"Open-i report {esc(neighbour.uid)}" if neighbour.uid else f"study {esc(neighbour.study_id)}"
    if link is None:
        return f'<span class="source">{name}</span>'
    return f'<a class="source" href="{esc(link)}" target="_blank" rel="noopener noreferrer">{name} ↗</a>'


# -- tab 3: hard negatives

FALSE = '<p class="false"><b>Synthetic, false by construction.</b> A hard negative is a report that this film should <em>not</em> have.</p>'


def negatives(reading: Reading) -> str:
    """Positive, peer, and what is computed of both."""
    known = [(m.model, m.hard_negatives) for m in reading.models if m.hard_negatives is not None]
    if not known:
        return FALSE + nothing_yet(
            "No hard negative could be mined: " + ("; ".join(reading.warnings) or "no reason was given.")
        )
    own = (
        "your own text"
        if "own text" in reading.positive_source
        else f"the draft of {reading.positive_source}"
    )
    source = (
        "the reference report"
        if reading.positive_source == "reference"
        else own + ", since there is no reference"
    )
    return (
        f'{FALSE}<div class="pair"><article class="card"><h3>Positive <small>{esc(source)}</small></h3>'
        f'<p class="verbatim">{esc(reading.positive)}</p></article>{_peers(known)}</div>{margins(known)}'
    )


def margins(known: Sequence[tuple[str, HardNegatives]]) -> str:
    """One computed line: down to which lambda each model keeps positive above negative."""
    parts = []
    for name, negative in known:
        kept = keeps_margin_to(negative)
        parts.append(
            f"{name} keeps its margin down to λ = {kept:.2f}" if kept is not None
            else f"{name} has no margin: the mined peer is already closer to the film than the positive"
        )  # fmt: skip
    return f'<p class="computed">Computed: {esc("; ".join(parts))}. Each in its own space; cosines of two models are not comparable.</p>'


def negative_at(reading: Reading, hardness: float) -> str:
    """The plot with its marker and, for both models, the negative at `hardness`."""
    known = [(m.model, m.hard_negatives) for m in reading.models if m.hard_negatives is not None]
    if not known:
        return ""
    cards = "".join(_negative(name, negative, hardness) for name, negative in known)
    return f'{plot(known, hardness)}<div class="pair">{cards}</div>'


def plot(known: Sequence[tuple[str, HardNegatives]], hardness: float) -> str:
    """The figure twice, for the light and the dark page; the style sheet shows one."""
    points = [(name, at(negative, hardness), negative) for name, negative in known]
    said = "; ".join(
        f"{n}: {p.alignment:.2f} against {h.positive_alignment:.2f} for the positive" for n, p, h in points
    )
    alt = esc(f"Alignment with the film against lambda. At lambda {hardness:.2f}: {said}.")
    pictures = "".join(
        f'<img class="plot {theme}" alt="{alt}" src="data:image/svg+xml;base64,{_base64(to_svg(alignment_figure(known, hardness, inks)))}">'
        for theme, inks in (("for-light", LIGHT), ("for-dark", DARK))
    )
    return f'<figure class="chart">{pictures}</figure>'


def at(negatives: HardNegatives, hardness: float) -> HardNegative:
    """The point of the path nearest to `hardness`."""
    return min(negatives.path, key=lambda point: abs(point.hardness - hardness))


def _peers(known: Sequence[tuple[str, HardNegatives]]) -> str:
    peers = {negative.peer.study_id: (negative.peer, negative.reason) for _, negative in known}
    cards = []
    for peer, reason in peers.values():
        cards.append(
            f'<article class="card"><h3>Mined peer <small>{_source(peer)}</small></h3>'
            f'<p class="verbatim">{_verbatim(peer.text, None)}</p><p class="quiet">A true negative: {esc(reason)}</p></article>'
        )
    return "".join(cards)


def _negative(name: str, negatives: HardNegatives, hardness: float) -> str:
    point = at(negatives, hardness)
    margin = negatives.positive_alignment - point.alignment
    sign, word = ("✓", "the positive is closer") if margin > 0 else ("≠", "the negative is closer")
    moved = 0.0 if negatives.span == 0 else point.angle / negatives.span
    return (
        f'<article class="card"><h3>{esc(name)}</h3><dl class="numbers">'
        f"<dt>cos(film, negative)</dt><dd>{point.alignment:+.3f}</dd>"
        f"<dt>cos(film, positive)</dt><dd>{negatives.positive_alignment:+.3f}</dd>"
        f'<dt>margin</dt><dd>{margin:+.3f} <span class="tag {"agrees" if margin > 0 else "contradicts"}">'
        f'<i aria-hidden="true">{sign}</i> {word}</span></dd>'
        f"<dt>moved from the peer</dt><dd>{moved:.0%} of the arc ({np.degrees(point.angle):.0f}°)</dd></dl>"
        f'<p class="quiet">Made readable: the training report nearest to it (cosine {point.nearest.similarity:.2f}), {_source(point.nearest)}</p>'
        f'<p class="verbatim">{_verbatim(point.nearest.text, None)}</p></article>'
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

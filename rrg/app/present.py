"""Banners, what was read and the state of the models as HTML. Pure: no gradio, no models, no files, no memory.

Every text that was not written here goes through `esc`, which also disarms what template languages act on.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Literal

from PIL import Image

from rrg.app.library import Key, Loading
from rrg.app.study import OpenStudy
from rrg.app.terms import simulated
from rrg.types import Radiograph

_DISARM = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})
Tone = Literal["note", "warning", "refusal"]
_TONE = {"note": ("i", "Note"), "warning": ("!", "Attention"), "refusal": ("×", "Not read")}


def esc(text: object) -> str:
    """Text as text: no HTML, and nothing that Handlebars or a JavaScript template would act on."""
    return html.escape(str(text), quote=True).translate(_DISARM)


def card(title: str, body: str, small: str = "") -> str:
    """A box with a heading; `title` is escaped, `small` and `body` are HTML."""
    note = f" <small>{small}</small>" if small else ""
    return f'<article class="card"><h3>{esc(title)}{note}</h3>{body}</article>'


def pair(cards: Sequence[str]) -> str:
    return f'<div class="pair">{"".join(cards)}</div>'


def scroll(table: str, title: str) -> str:
    """A table in a box that scrolls where the page is narrower, by keyboard too; `title` is said by screen readers."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(title)}, table">{table}</div>'


def nothing_yet(what: str) -> str:
    return f'<div class="empty">{esc(what)}</div>'


def download(name: str, kind: str, content: bytes) -> str:
    """A link that carries its file, so that none is written anywhere; `kind` is a media type."""
    data = base64.b64encode(content).decode()
    size = f"{max(1, round(len(content) / 1024))} kB"
    return (
        f'<p class="download"><a download="{esc(name)}" href="data:{esc(kind)};base64,{data}">Save {esc(name)}</a> '
        f"<small>({size})</small></p>"
    )


# -- banners and status


def banner(tone: Tone, text: str) -> str:
    """A message with a sign and a word, not a colour alone."""
    sign, word = _TONE[tone]
    role = "alert" if tone == "refusal" else "status"
    said = f"<div><b>{word}.</b> {esc(text)}</div>"
    signed = f'<span class="sign" aria-hidden="true">{sign}</span>'
    return f'<div class="banner {tone}" role="{role}">{signed}{said}</div>'


def refusal(message: str, kept: bool) -> str:
    """Why a request was refused, and that nothing was lost."""
    return banner("refusal", message + (" What was on the screen stays." if kept else ""))


def loading(state: Loading, chosen: tuple[Key, Key] | None) -> str:
    """One line on the models."""
    if chosen is None:
        return banner("warning", "Fewer than two checkpoints were found: nothing to compare. See the README.")
    if chosen[0] == chosen[1]:
        return banner("warning", f"{chosen[0]} is chosen twice: choose two different models.")
    names = list(map(str, chosen))
    failed = [(name, reason) for name, reason in state.failed if name in names]
    if failed:
        return "".join(banner("refusal", f"{name} cannot be loaded: {reason}") for name, reason in failed)
    waiting = [name for name in names if name not in state.ready]
    if waiting:
        return working(f"Models loading: {' and '.join(waiting)}")
    return f'<p class="status ready" role="status">✓ Models ready: {esc(" and ".join(names))}</p>'


def working(step: str) -> str:
    return f'<p class="status busy" role="status">{esc(step)} …</p>'


# -- what was read


INVERTED = "shown inverted from how it is stored: dense is bright."


def record(study: OpenStudy | None) -> str:
    """What must be known of each film; in a line what was read, and behind it every step and what the models see."""
    if study is None:
        return ""
    several = len(study.films) > 1
    named = [(f"Film {i}: " if several else "", film) for i, film in enumerate(study.films, 1)]
    told = [banner("warning", name + " ".join(film.warnings)) for name, film in named if film.warnings]
    told += [banner("note", name + INVERTED) for name, film in named if film.inverted]
    parts = [_record(film, i) for i, film in enumerate(study.films, 1)]
    short = "; ".join(f"{name}{_in_short(film)}" for name, film in named)
    return (
        f'{"".join(told)}<details class="facts"><summary>What was read: <span>{esc(short)}</span></summary>'
        f'<p class="quiet">{esc(study.origin)}</p>{"".join(parts)}{_seen(study)}</details>'
    )


def _in_short(film: Radiograph) -> str:
    height, width = film.pixels.shape
    turned = ", inverted" if film.inverted else ""
    return f"{film.source_format}, {film.bits} bits, {width} × {height} px, {film.view.name.lower()}{turned}"


def notices(study: OpenStudy) -> str:
    """What must be known before the reports are looked at: the screening, and films unlike those the models learned from."""
    return screening(study) + _unlike(study)


def _unlike(study: OpenStudy) -> str:
    if (
        study.pair is None
        or study.reading is None
        or simulated(study.pair[1].collection) == bool(study.simulated)
    ):
        return ""
    learned, film = ("real", "simulated") if study.simulated else ("simulated", "real")
    return banner(
        "warning",
        f"These models learned from {learned} films and this one is {film}: expect less of what they write.",
    )


def screening(study: OpenStudy) -> str:
    """Named before any report: not a chest film; or read nevertheless."""
    if study.screening is None or study.screening.chest:
        return ""
    reason = study.screening.reason[:1].upper() + study.screening.reason[1:]
    if study.overridden:
        said = "It was read nevertheless, as you asked; the reports mean nothing unless you are sure."
        return banner("warning", f"{reason}. {said}")
    said = "No report was drafted. If you know better, tick “Read it nevertheless” below."
    return banner("refusal", f"{reason}. {said}")


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _record(film: Radiograph, number: int) -> str:
    height, width = film.pixels.shape
    rows = {
        "Format": f"{film.source_format}, {film.bits} bits",
        "Size": f"{width} × {height} px",
        "Polarity": "inverted on reading, dense is bright" if film.inverted else "as stored, dense is bright",
        "View": film.view.name.lower(),
        "Steps": "; ".join(film.steps) or "none",
    }
    cells = "".join(f"<dt>{esc(name)}</dt><dd>{esc(value)}</dd>" for name, value in rows.items())
    return f'<section class="record"><h3>Film {number}</h3><dl>{cells}</dl></section>'


def _seen(study: OpenStudy) -> str:
    size = study.size
    if not size:
        return ""
    from rrg.data.preprocess import to_square  # torch comes with it; the page opens without

    squares = [_png(Image.fromarray(to_square(film, size))) for film in study.films]
    pictures = (
        f'<img src="{s}" alt="Film {i} at {size} by {size} pixels">' for i, s in enumerate(squares, 1)
    )
    limits = "Small nodules and a thin pneumothorax cannot be judged at this size."
    said = f"<p><b>The models see {size} × {size} px.</b> {limits}</p>"
    return f'<div class="seen">{"".join(pictures)}{said}</div>'

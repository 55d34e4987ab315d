"""Simulated studies as HTML: the strip to choose from, and what is true of the one that is open. Pure, like `present`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rrg.app.examples import Example
from rrg.app.present import esc
from rrg.app.study import OpenStudy
from rrg.app.truth import SIMULATED, Twin, named

OPEN_TWIN = "Open its twin: one fact changed"
BACK = "Back to its twin"


def strip(examples: Sequence[Example], pictures: Mapping[str, str]) -> str:
    """Buttons to choose a study by its film; `pictures`: id -> the address of a small frontal film."""
    items = "".join(_item(example, pictures.get(example.id, "")) for example in examples)
    head = f"<b>{len(examples)} simulated studies</b> with report, truth and a twin"
    more = '<span class="more" aria-hidden="true">more →</span>'
    row = f'<ul aria-label="Simulated studies">{items}</ul>'
    return f'<details class="strip" open><summary>{head}{more}</summary>{row}</details>'


def _item(example: Example, picture: str) -> str:
    film = f'<img src="{esc(picture)}" alt="">' if picture else ""
    name, title = esc(example.id), esc(example.title)
    first, *others = (esc(part) for part in example.title.split("; "))
    more = f"+ {len(others)} more" if others else ""
    # A name read aloud has to hold the words that are seen; the rest follows them.
    label = f"{first} {more}: {'; '.join(others)}" if others else first
    button = f'<button type="button" class="study" data-study="{name}" title="{title}" aria-label="{label}">'
    small = f" <small>{more}</small>" if more else ""
    return f"<li>{button}{film}<span>{first}{small}</span></button></li>"


def truth(study: OpenStudy) -> str:
    """That the films are simulated, what is true of them, how the twin differs, and whose CT it was; empty for others."""
    if not study.simulated:
        return ""
    known = ""
    if study.truth is not None:
        facts = "".join(f"<li>{esc(name)}</li>" for name in named(study.truth))
        known = "<h3>What is true of this study</h3>" + (
            f"<ol>{facts}</ol>" if facts else "<p>No finding.</p>"
        )
        known += "" if study.truth.twin is None else f"<p>{_differs(study.truth.twin)}</p>"
    source = f"<details><summary>Whose CT it was</summary><p>{esc(study.simulated)}</p></details>"
    return f'<section class="truth"><p><b>{esc(SIMULATED)}</b></p>{known}{source}</section>'


def _differs(twin: Twin) -> str:
    return f"Its twin is the same body, filmed and reported the same way, <b>{esc(twin.difference)}</b>."


def twin_button(study: OpenStudy) -> str:
    """What the button says; empty where there is no twin."""
    twin = study.truth.twin if study.truth else None
    return "" if twin is None else BACK if twin.listed else OPEN_TWIN

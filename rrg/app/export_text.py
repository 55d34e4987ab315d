"""An exported reading as lines to read: plain text, and what the PDF sets. Pure: knows values, no page and no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rrg.app.compare import OTHERWISE
from rrg.app.truth import SIMULATED

Kind = Literal["title", "warning", "heading", "text", "item", "small"]
RULE = {"title": "=", "heading": "-"}
OVERRIDDEN = "READ AGAINST THE SCREENING: this does not look like a chest film, and it was read all the same."
CORRECTED = "CORRECTED BY THE READER: view or polarity of a film was given by hand."
SYNTHETIC = "Hard negatives are synthetic and false by construction: reports that this film should not have."


@dataclass(frozen=True)
class Line:
    kind: Kind
    text: str


def as_text(value: Mapping[str, Any]) -> str:
    """The whole reading as plain text; `value` is what `rrg.app.export.export` made."""
    parts = []
    for line in lines(value):
        rule = RULE.get(line.kind)
        parts.append(f"\n{line.text}\n{rule * len(line.text)}" if rule else line.text)
    return "\n".join(parts).strip() + "\n"


def lines(value: Mapping[str, Any]) -> Iterator[Line]:
    """Everything in reading order, marks of simulated, forced and corrected readings first."""
    yield Line("title", "Reading of a chest film by two models")
    yield Line("warning", value["notice"])
    yield from (Line("warning", mark) for mark in marks(value))
    yield from _films(value)
    if not value["models"]:
        yield Line("heading", "No report was drafted")
        screening = value["screening"] or {}
        yield Line("text", screening.get("reason") or "Nothing has been read yet.")
        return
    for model in value["models"]:
        yield from _report(model)
    yield from _truth(value)
    yield from _settings(value)
    if value["attribution"]:
        yield Line("small", f"Reports of the archive: {value['attribution']}.")


def marks(value: Mapping[str, Any]) -> list[str]:
    """What must stand on every page of a simulated, a forced or a corrected reading; empty for others."""
    turned = any("by the reader" in step for film in value["films"] for step in film["steps"])
    told = {SIMULATED: value["simulated"], OVERRIDDEN: value["read_against_screening"], CORRECTED: turned}
    return [mark for mark, holds in told.items() if holds]


def _films(value: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("heading", "Films")
    for number, film in enumerate(value["films"], 1):
        size = f"{film['width']} x {film['height']} px, {film['bits']} bits"
        yield Line("text", f"Film {number}: {film['format']}, {size}, view {film['view']}")
        yield from (Line("small", step) for step in film["steps"])
        yield from (Line("small", f"Attention: {warning}") for warning in film["warnings"])
    if value["simulated"]:
        yield Line("small", value["simulated"])
    if value["model_input_pixels"]:
        size = value["model_input_pixels"]
        yield Line(
            "small",
            f"The models see {size} x {size} px: no small nodule and no thin pneumothorax can be judged at this size.",
        )


def _report(model: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("heading", f"Report of {model['model']} (revision {model['revision']})")
    for sentence in model["sentences"]:
        reason = f": {sentence['reason']}" if sentence["verdict"] in OTHERWISE else ""
        yield Line("text", f"{sentence['text']}  [{sentence['verdict']}{reason}]")
    if not model["sentences"]:
        yield Line("text", "(an empty report)")
    named = "; ".join(_finding(each) for each in model["findings"]) or "none that the labeller knows"
    yield Line("small", f"Findings, by the labeller: {named}")
    if model["neighbours"]:
        yield Line("small", "Nearest training reports (cosine):")
    for each in model["neighbours"]:
        link = f", {each['link']}" if each["link"] else ""
        yield Line("item", f"{each['similarity']:.3f}  study {each['study']}{link}")
        yield Line("small", each["text"] or "the text is not at hand")
    yield from _negatives(model["hard_negatives"])


def _finding(each: Mapping[str, Any], name: str = "label") -> str:
    place = each["place"] and f"({each['place']})"
    parts = (each["severity"], each["side"], each[name], place, each.get("status"))
    return " ".join(str(part) for part in parts if part)


def _negatives(negatives: Mapping[str, Any] | None) -> Iterator[Line]:
    if negatives is None:
        return
    kept = negatives["keeps_margin_to"]
    said = (
        "no margin even over the mined peer" if kept is None else f"margin kept down to lambda = {kept:.2f}"
    )
    peer = negatives["peer"]
    yield Line(
        "small",
        f"Hard negatives ({negatives['note']}): cosine {negatives['positive_alignment']:+.3f} with the positive, "
        f"{peer['alignment']:+.3f} with the mined peer "
        f"(study {peer['study']}, {peer['reason']}); {said}.",
    )


def _truth(value: Mapping[str, Any]) -> Iterator[Line]:
    if value["truth"]:
        yield Line("heading", "What is true of this simulated study")
        facts = value["truth"]["findings"]
        yield from (Line("text", _finding(each, "finding")) for each in facts)
        if not facts:
            yield Line("text", "No finding.")
    if value["reference"]:
        yield Line("heading", "Reference report")
        yield Line("text", value["reference"])
    yield Line("heading", "What stood for the truth in the hard negatives")
    yield Line("text", f"{value['positive']['text']}  [{value['positive']['source']}]")
    yield Line("small", SYNTHETIC)


def _settings(value: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("heading", "Settings")
    told: Sequence[str] = [f"{name}: {_plain(each)}" for name, each in value["settings"].items()]
    yield from (Line("small", each) for each in told)
    yield from (Line("small", f"Attention: {warning}") for warning in value["warnings"])


def _plain(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)

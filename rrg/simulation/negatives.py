"""What is not there as sentences: normal statements and denials, none that the findings contradict. Knows the findings by
what they forbid only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rrg.simulation.grammar import Rng, draw
from rrg.simulation.truth import DEVICES, LOW_VOLUMES, Kind, Severity, Truth
from rrg.simulation.voice import Said, Voice, load_grammar
from rrg.types import Finding, Status

LEAST = 0.6  # how often heart and lungs of a normal study are told, whoever reports
CLEAR_BESIDE = {Kind.NODULE, Kind.MASS}  # "the lungs are otherwise clear"
DENIED_BY = {  # normal statements that say that a kind without a class is not there
    "heart": {Kind.CARDIOMEGALY}, "expansion": {Kind.HYPERINFLATION, Kind.ELEVATED_HEMIDIAPHRAGM},
}  # fmt: skip
RARER = {"expansion": 0.2, "pleura": 0.25, "bones": 0.6, "vessels": 0.5}  # than other normal statements


def may_not_deny(truth: Truth) -> set[str]:
    """Classes that no report of this truth may deny."""
    findings = load_grammar()["findings"]
    told = (findings[str(fact.kind)] for fact in truth.facts)
    return {label for each in told for label in (each.get("label"), *each.get("also", ())) if label}


def _hidden(voice: Voice) -> set[str]:
    """Topics whose normal statements are false here."""
    hidden = {"expansion"} if voice.truth.body["inspiration"] < LOW_VOLUMES + 0.1 else set()
    for fact in voice.truth.facts:
        entry = voice.entry(fact.kind)
        hidden |= set(entry.get("hides", ()))
        if fact.severity is not Severity.MILD:
            hidden |= set(entry.get("hides_above_mild", ()))
        hidden |= {"heart"} if fact.kind is Kind.CARDIOMEGALY else set()
    return hidden


def tell_normals(voice: Voice) -> Iterator[tuple[str, Said]]:
    """(topic, statement) of what is normal here."""
    hidden, deny = _hidden(voice), set(voice.deny)
    for topic in ("heart", "vessels", "lungs", "expansion", "pleura", "bones"):
        rng = voice.rng("normal", topic)
        name = _normal_name(voice, topic, hidden)
        told = rng.random() < voice.style["normals"] * RARER.get(topic, 1)
        least = topic in ("heart", "lungs") and voice.truth.normal and rng.random() < LEAST
        wanted = bool(DENIED_BY.get(topic, set()) & deny)
        if name and (told or least or wanted):
            yield ("lungs" if topic == "expansion" else topic), normal(voice, name, rng, hidden)


def _normal_name(voice: Voice, topic: str, hidden: Collection[str]) -> str:
    """Which of the grammar's normal statements are true of a topic; empty where none is."""
    if topic not in hidden:
        return topic
    if topic == "heart":
        return "mediastinum"
    lung = {fact.kind for fact in voice.truth.facts if "lungs" in voice.entry(fact.kind).get("hides", ())}
    return "rest" if topic == "lungs" and lung <= CLEAR_BESIDE and not _much_fluid(voice) else ""


def _much_fluid(voice: Voice) -> bool:
    return any(
        fact.kind is Kind.EFFUSION and fact.severity is not Severity.MILD for fact in voice.truth.facts
    )


def normal(voice: Voice, name: str, rng: Rng, hidden: Collection[str] = ()) -> Said:
    """One normal statement; `hidden` are topics of which nothing normal may be said."""
    short = voice.form(rng) == "short"
    known = [
        each
        for each in voice.grammar["normals"][name]
        if not (each.get("expanded") and "expansion" in hidden)
    ]
    fitting = [each for each in known if bool(each.get("short")) == short] or known
    entry = draw(fitting, rng, voice.taste)
    told = tuple(Finding(label, Status(value)) for label, value in entry["says"].items())
    return Said(voice.plain(entry["text"], rng), told)


def tell_negatives(voice: Voice) -> Iterator[tuple[str, Said]]:
    """(topic, denial) of classes that are not there; several in one sentence, or each in its own."""
    labels = _denied(voice)
    together = voice.rng("negatives").random() < voice.style["together"]
    for group in [labels] if together else [[label] for label in labels]:
        if group:
            topic = "pleura" if {"Pneumothorax", "Pleural Effusion"} & set(group) else "lungs"
            yield ("bones" if group == ["Fracture"] else topic), _denial(voice, group)


def _denied(voice: Voice) -> list[str]:
    """Labels in an order of this report's own, which stays where one of them goes or comes."""
    forbidden, terms = may_not_deny(voice.truth), voice.grammar["negatives"]["terms"]
    wanted = {_term(voice, kind) for kind in voice.deny if kind not in DEVICES}
    draws = {label: voice.rng("negative", label).random(2).tolist() for label in terms}
    habit = voice.style["negatives"]
    told = [label for label in terms if label in wanted or draws[label][0] < habit.get(label, 0)]
    return sorted(set(told) - forbidden, key=lambda label: float(draws[label][1]))


def _term(voice: Voice, kind: Kind) -> str | None:
    """The class under which a kind can be denied."""
    entry, terms = voice.entry(kind), voice.grammar["negatives"]["terms"]
    return next((label for label in (entry.get("label"), *entry.get("also", ())) if label in terms), None)


def _denial(voice: Voice, labels: Sequence[str]) -> Said:
    rng = voice.rng("denial", *labels[:1])
    entry = voice.grammar["negatives"]
    terms = [str(draw(entry["terms"][label], voice.rng("term", label), voice.taste)) for label in labels]
    template = draw(entry["one"][voice.form(rng)], rng, voice.taste)
    join = " or " if "not" in template else str(draw(entry["joins"], rng, voice.taste))
    comma = "," if len(terms) > 2 and voice.taste < "E" else ""
    listed = terms[-1] if len(terms) == 1 else f"{', '.join(terms[:-1])}{comma}{join}{terms[-1]}"
    text = voice.plain(template, rng, {"list": listed})
    return Said(text, tuple(Finding(label, Status.ABSENT) for label in labels))

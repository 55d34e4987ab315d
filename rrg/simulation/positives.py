"""The findings of a truth as sentences, each with what it tells. Knows nothing of what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rrg.simulation.grammar import Expansion, draw, sentence
from rrg.simulation.truth import DEVICES, Fact, Kind, Severity
from rrg.simulation.voice import Said, Voice
from rrg.types import Finding, Side, Status

JOINED = 0.45  # how often two findings that belong together share a sentence


def tell_facts(voice: Voice) -> Iterator[tuple[str, Said]]:
    """(topic, sentence) of every finding."""
    left = list(voice.truth.facts)
    while left:
        fact = left.pop(0)
        partner = next((other for other in left if _joined(voice, fact, other)), None)
        if partner is not None:
            left.remove(partner)
        yield str(voice.entry(fact.kind)["topic"]), _sentence(voice, fact, partner)


def _joined(voice: Voice, fact: Fact, other: Fact) -> Mapping[str, Any] | None:
    """The entry of the grammar that tells both in one sentence, where this radiologist does so."""
    if fact.kind is other.kind is Kind.EFFUSION:
        unequal: Mapping[str, Any] = voice.entry(fact.kind)["unequal"]
        return unequal
    if {fact.kind, other.kind} & set(voice.precise):
        return None
    for entry in voice.grammar["compounds"]:
        fits = entry["kinds"] == [str(fact.kind), str(other.kind)]
        beside = not entry.get("same_side") or fact.side is other.side
        if fits and beside and (not entry.get("base") or other.place == "base"):
            return entry if voice.rng("join", str(fact.kind)).random() < JOINED else None
    return None


def _sentence(voice: Voice, fact: Fact, partner: Fact | None) -> Said:
    rng = voice.rng(str(fact.kind), *_which(voice, fact))
    entry = voice.entry(fact.kind)
    joined = _joined(voice, fact, partner) if partner else None
    templates = joined or _merged(entry, fact)
    template = draw(_fitting(voice, fact, templates[voice.form(rng)]), rng, voice.taste)
    options = {} if isinstance(template, str) else template
    slots, canonical, doubt = _slots(voice, fact)
    if partner:
        more, canonical2, _ = _slots(voice, partner)
        slots |= {f"{name}2": value for name, value in more.items()}
        canonical |= {f"{name}2": value for name, value in canonical2.items()}
    expand = Expansion(voice.grammar["words"], slots, _keys(fact), rng)
    written = expand(options.get("text", template))
    doubt = doubt and "hedge" in expand.used
    status = Status.UNCERTAIN if doubt else Status.PRESENT
    if doubt:
        voice.doubted.append(fact)
    told = _told(voice, fact, options, status, _grade(expand, canonical, ""))
    if partner:
        told += _told(voice, partner, {}, Status.PRESENT, _grade(expand, canonical, "2"))
    return Said(written, tuple(told), (fact, partner) if partner else (fact,))


def _fitting(voice: Voice, fact: Fact, templates: Sequence[Any]) -> Sequence[Any]:
    """All templates, or of a kind that must be told precisely those that have its grade or its size."""
    slots = ("{sever",) if fact.severity else ("{measur", "{mm}", "{cm}") if fact.size_mm else ()
    if fact.kind not in voice.precise or not slots:
        return templates
    texts = [each if isinstance(each, str) else each["text"] for each in templates]
    known = [each for each, text in zip(templates, texts, strict=True) if any(slot in text for slot in slots)]
    return [each for each in known if isinstance(each, str) or "says" not in each] or templates


def _told(
    voice: Voice, fact: Fact, options: Mapping[str, Any], status: Status, grade: str | None
) -> list[Finding]:
    """What a sentence tells of a fact; `options` are those of its template, `grade` the labeller's word."""
    label = voice.entry(fact.kind).get("label")
    says = {name: Status(value) for name, value in options.get("says", {}).items()}
    sides, graded = options.get("sides", {}), options.get("graded", label)
    return [
        Finding(
            name, each, Side(sides[name]) if name in sides else fact.side, grade if name == graded else None, fact.place
        )
        for name, each in (says or ({label: status} if label else {})).items()
    ]  # fmt: skip


def _slots(voice: Voice, fact: Fact) -> tuple[dict[str, str], dict[str, str], bool]:
    """Slots of a fact, what its grade counts as, and whether the finding is put in doubt; the same for every mention."""
    rng = voice.rng("slots", str(fact.kind), *_which(voice, fact))
    entry = voice.entry(fact.kind)
    slots, canonical = {"hedge": "", "severity": "", "severely": "", "measure": ""}, {}
    if fact.side:
        slots["side"] = str(fact.side)
    if fact.place:
        slots["place"] = fact.place
    precise = fact.kind in voice.precise
    unequal = fact.kind is Kind.EFFUSION and len(voice.same_kind(fact)) > 1
    graded = rng.random() < voice.style["severity"] or precise or unequal
    if fact.severity and entry.get("severity") and graded:
        for slot, name in (("severity", entry["severity"]), ("severely", "degrees")):
            word = str(draw(voice.grammar["severities"][name][str(fact.severity)], rng, voice.taste))
            slots[slot], _, counts_as = word.partition("=")
            canonical[slot] = counts_as or slots[slot]
    doubt = rng.random() < voice.style["hedge"] and fact.severity in (None, Severity.MILD) and not precise
    if doubt:
        slots["hedge"] = str(draw(voice.grammar["hedges"], rng, voice.taste))
    slots |= _numbers(fact)
    if fact.size_mm and (rng.random() < voice.style["measure"] or precise):
        slots["measure"] = "{measuring}"
    return slots, canonical, doubt


def _which(voice: Voice, fact: Fact) -> tuple[str, ...]:
    """Tells one of several facts of a kind from the others."""
    at = voice.same_kind(fact).index(fact)
    return (str(at),) if at else ()


def impression(voice: Voice) -> str:
    """The findings once more, in brief; ask after `tell_facts`, which knows what was put in doubt."""
    if voice.truth.normal:
        rng = voice.rng("impression")
        told = "normal" if not voice.truth.facts else "body_only"
        return voice.spelled(sentence(str(draw(voice.grammar["impressions"][told], rng, voice.taste))))
    parts = []
    for fact in [fact for fact in voice.truth.facts if fact.kind not in DEVICES][:4]:
        rng = voice.rng("impression", str(fact.kind), *_which(voice, fact))
        templates = voice.entry(fact.kind)["impression"]
        template = draw(templates, rng, voice.taste)
        slots, _, _ = _slots(voice, fact)
        expand = Expansion(voice.grammar["words"], slots, _keys(fact), rng)
        text = expand(template if isinstance(template, str) else template["text"])
        parts.append(sentence(f"{slots['hedge']} {text}" if fact in voice.doubted else text))
    return voice.spelled(" ".join(dict.fromkeys(parts)))


# --- Facts as slots and keys ---


def _merged(entry: Mapping[str, Any], fact: Fact) -> dict[str, list[Any]]:
    """The templates of a kind, with those for this side, grade, place and calcification."""
    found = {form: list(entry.get(form, ())) for form in ("full", "short")}
    for by, value in (
        ("by_side", fact.side), ("by_severity", fact.severity), ("by_place", fact.place),
        ("by_calcified", "yes" if fact.calcified else "no"),
    ):  # fmt: skip
        more = entry.get(by, {}).get(str(value), {})
        for form, templates in found.items():
            templates += more.get(form, ())
    return found


def _keys(fact: Fact) -> list[str]:
    """By what the words of a finding are chosen, the fullest first."""
    keys = [f"{fact.side} {fact.place}", *(str(each) for each in (fact.side, fact.place) if each)]
    keys += ["yes" if fact.calcified else "no"]
    if fact.kind is Kind.PACEMAKER:
        keys.append("two" if fact.parameters["leads"] == 2 else "one")
    if fact.kind is Kind.CENTRAL_LINE:
        tip = fact.parameters["tip_mm"]
        keys.append("vena cava" if tip <= 35 else "junction" if tip <= 55 else "atrium")
    return keys


def _numbers(fact: Fact) -> dict[str, str]:
    found = {}
    if fact.size_mm:
        found = {"mm": f"{fact.size_mm:.0f}", "cm": f"{fact.size_mm / 10:.1f}"}
    if fact.kind is Kind.PNEUMOTHORAX:
        found["percent"] = f"{5 * round(fact.parameters['fraction'] * 20):d}"
    if fact.kind is Kind.STERNAL_WIRES:
        found["wires"] = ("four", "five", "six", "seven")[int(fact.parameters["wires"]) - 4]
    return found


def _grade(expand: Expansion, canonical: Mapping[str, str], end: str) -> str | None:
    """What the text says of the grade: the word that was used, if one was."""
    used = (slot + end for slot in ("severity", "severely") if slot + end in expand.used)
    return next((canonical[slot] for slot in used if slot in canonical), None)
